"""The one file that Airflow's plugin loader sees.

What is imported here need not be imported again by every task, which takes a second and more off each of
them: the scheduler loads plugins before the LocalExecutor forks its workers, the DAG processor before it
forks what reads a DAG file, and a worker of Celery where its setting `imports` names this file.
"""

from __future__ import annotations

import cin7_nav.flows.alerts.notifiers
import cin7_nav.flows.alerts.tasks
import cin7_nav.flows.decisions.answering
import cin7_nav.flows.decisions.asking
import cin7_nav.flows.decisions.operator
import cin7_nav.flows.defaults
import cin7_nav.flows.invoices.tasks
import cin7_nav.flows.parties.tasks
import cin7_nav.flows.replay.selection
import cin7_nav.flows.replay.tasks
import cin7_nav.flows.stock.tasks
import cin7_nav.flows.subscriptions.tasks
import cin7_nav.sensors.journal_posted
import cin7_nav.sensors.webhook_landed  # noqa: F401
from airflow.plugins_manager import AirflowPlugin
from cin7_nav.flows.reconciliation.tasks import PAGES, CertificatePage, CsvFile, ReportPage
from cin7_nav.pages import reconciliations


class Cin7NavPlugin(AirflowPlugin):
    name = "cin7_nav"
    fastapi_apps = [  # noqa: RUF012
        {"app": reconciliations.app(), "url_prefix": PAGES, "name": "cin7-nav reconciliations"}
    ]
    operator_extra_links = [ReportPage(), CertificatePage(), CsvFile()]  # noqa: RUF012
