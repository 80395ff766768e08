"""The one file that Airflow's plugin loader sees.

The scheduler loads plugins before the LocalExecutor forks its workers. What is imported here need not be
imported again by every task: that takes more than a second off each of them.
"""

from __future__ import annotations

import cin7_nav.flows.invoices.tasks
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
