"""### Alerts

Tells people what they should know, by the rules of `include/alerts.yaml`: documents that wait too long,
events that nobody claims, silence, differences between the two systems; and tasks that failed or runs that
are late, which the other DAGs note. One message for each cause, not for each document, and one when it is
over.

**Steps.** `watch` looks which causes are there, `tell` sends what people do not know yet, by mail and to a
webhook. Both go every ten minutes. Without anybody to tell, `cin7-nav status` still shows the causes.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import CronTriggerTimetable, dag, get_current_context, task
from cin7_nav.flows.alerts import tasks
from cin7_nav.flows.assets import with_warnings
from cin7_nav.flows.companies import Company, served

_, WARNINGS = tasks.load()


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("alerts"),
        schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": "cin7-nav", "retries": 2, "retry_delay": dt.timedelta(seconds=30)},
        tags=["cin7-nav", *company.tags, "alerts"],
        doc_md=with_warnings(__doc__ or "", WARNINGS),
    )
    def alerts() -> None:
        @task
        def watch() -> int:
            return tasks.watch(get_current_context())

        @task
        def tell() -> int:
            return tasks.tell(get_current_context())

        watch() >> tell()

    alerts()


for each in served():
    make(each)
