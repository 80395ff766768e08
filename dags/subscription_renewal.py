"""### Subscriptions and webhooks never go quiet

NAV ends a subscription after three days, or at once after one wrong answer; Cin7 switches a webhook off after
six failed attempts, without a word; both lose what happened meanwhile. This DAG keeps alive on both sides
what `include/mappings/subscriptions.yaml` wants: it makes what is missing, renews what is about to end,
repairs what differs, switches on what Cin7 switched off, and removes what it made itself and nobody wants any
more. What others made it leaves alone.

**Runs** by the cron `renewal` of `include/schedule.yaml` (every hour), soon after the DAG is first switched
on, and at once when the receiver meets a wrong secret or something that it can't read.

**Steps.** `renew` compares wanted with existing, acts, and catches up: after every gap NAV's flows get an
event that says since when to read, and `poll` lets the flows read Cin7's lists. The audit trail says for each
gap: silent from … to …, how many records were found by polling. `alarm` turns red where something needs a
person, once, and again after twelve hours; the DAG `alerts` passes it on.

What is there and what is wrong shows `cin7-nav subscriptions`.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, get_current_context, task
from cin7_nav.flows.alerts.notifiers import deadline
from cin7_nav.flows.assets import landed, load_schedule, poll_due, with_warnings
from cin7_nav.flows.companies import Company, served
from cin7_nav.flows.defaults import TASKS
from cin7_nav.flows.subscriptions import tasks

SCHEDULE, WARNINGS = load_schedule()


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("subscription_renewal"),
        schedule=AssetOrTimeSchedule(
            timetable=CronTriggerTimetable(
                SCHEDULE.renewal, timezone="UTC", run_immediately=dt.timedelta(hours=1)
            ),
            assets=landed("subscriptions", company),
        ),
        catchup=False,
        max_active_runs=1,
        deadline=deadline(company.dag_id("subscription_renewal"), dt.timedelta(hours=2)),
        default_args=TASKS,
        tags=["cin7-nav", *company.tags, "cin7", "nav", "webhooks"],
        doc_md=with_warnings(__doc__ or "", WARNINGS),
    )
    def subscription_renewal() -> None:
        @task
        def renew() -> list[bool]:
            return [True] if tasks.renew(get_current_context()) else []

        @task(outlets=[poll_due(company)])
        def poll(due: bool) -> None:
            """Lets the flows read what changed in Cin7 while it was silent; skipped where it was not."""

        @task(trigger_rule="all_done", on_failure_callback=None, on_success_callback=None)
        def alarm() -> int:
            return tasks.alarm(get_current_context())

        renewed = renew()
        poll.expand(due=renewed)
        renewed >> alarm()

    subscription_renewal()


for each in served():
    make(each)
