"""### Reconciliation

Compares Cin7's ledger and NAV's over a range of business dates: every authorised invoice and credit note
against the entries under its NAV numbers, every Cin7 account against the NAV lines that were made of it,
and NAV's entries with numbers like ours against Cin7. Amounts are read from the two systems, never from
our own tables.

| run | range |
|---|---|
| scheduled, by `reconcile` in `schedule.yaml` | from the first day of the last month until yesterday |
| manual | *From* to *To* |

**Steps.** `compare` reads both, keeps what it found and writes the report; its extra links lead to the
*Report*, the *Certificate* for the accountant and a *CSV*. `judge` fails where more differs than is
tolerated; `expire` deletes payloads and reports that are older than `schedule.yaml` says.

A difference has a cause, an age, an amount and a next step, and closes itself once a later run does not
find it. A month costs one call to Cin7 for 1,000 ledger rows, one to NAV for 20,000 entries, and at most
300 more where documents are in doubt. At the keyboard: `cin7-nav reconcile`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task
from cin7_nav.flows.alerts.notifiers import deadline
from cin7_nav.flows.assets import load_schedule, with_warnings
from cin7_nav.flows.companies import Company, served
from cin7_nav.flows.defaults import TASKS
from cin7_nav.flows.reconciliation import tasks

SCHEDULE, WARNINGS = load_schedule()


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("reconciliation"),
        schedule=CronTriggerTimetable(SCHEDULE.reconcile, timezone="UTC"),
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        deadline=deadline(company.dag_id("reconciliation"), dt.timedelta(hours=2)),
        max_active_runs=1,
        default_args=TASKS,
        tags=["cin7-nav", *company.tags, "cin7", "nav", "reconciliation"],
        doc_md=with_warnings(__doc__ or "", WARNINGS),
        params={
            "from": Param(
                None, type=["null", "string"], format="date", title="From", description="First business date"
            ),
            "to": Param(
                None, type=["null", "string"], format="date", title="To", description="Last business date"
            ),
            "max_differences": Param(
                None,
                type=["null", "integer"],
                minimum=0,
                title="Tolerated differences",
                description="The run fails where there are more. Empty: it never fails for that.",
            ),
            "max_amount": Param(
                None,
                type=["null", "string"],
                pattern=r"^\d+(\.\d{1,2})?$",
                title="Tolerated amount",
                description="The run fails where the differences come to more, in local currency.",
            ),
        },
    )
    def reconciliation() -> None:
        @task
        def judge(found: dict[str, Any]) -> None:
            tasks.check_threshold(get_current_context()["params"], found)

        @task
        def expire() -> dict[str, int]:
            return tasks.expire(get_current_context(), SCHEDULE.payload_days)

        compared = tasks.ReconcileOperator(task_id="compare")
        judge(compared.output)
        compared >> expire()

    reconciliation()


for each in served():
    make(each)
