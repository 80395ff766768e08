"""### Poll due

Says to every flow that it is time to look for what no webhook announced. The cron is `poll` in
`include/schedule.yaml`, by default every 15 minutes. Polling alone loses nothing: it only takes longer.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import CronTriggerTimetable, dag, task
from cin7_nav.flows.alerts.notifiers import TOLD, deadline
from cin7_nav.flows.assets import load_schedule, with_warnings
from cin7_nav.flows.assets import poll_due as due
from cin7_nav.flows.companies import Company, served

SCHEDULE, WARNINGS = load_schedule()


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("polling"),
        schedule=CronTriggerTimetable(SCHEDULE.poll, timezone="UTC"),
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        deadline=deadline(company.dag_id("polling"), dt.timedelta(minutes=30)),
        max_active_runs=1,
        default_args={**TOLD, "owner": "cin7-nav", "retries": 2, "retry_delay": dt.timedelta(seconds=10)},
        tags=["cin7-nav", *company.tags, "cin7", "nav"],
        doc_md=with_warnings(__doc__ or "", WARNINGS),
    )
    def polling() -> None:
        @task(outlets=[due(company)])
        def poll_due() -> None:
            """Updates the asset that the flows are scheduled on."""

        poll_due()

    polling()


for each in served():
    make(each)
