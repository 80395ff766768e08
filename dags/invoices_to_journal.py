"""### Cin7 invoices become posted NAV journals

Invoices and credit notes of sales and purchases that are authorised in Cin7 Core become balanced general
journal documents in NAV, on the G/L accounts and dimensions of `include/mappings`, checked before anything is
sent. What Cin7 changes after that is reversed, and posted anew where due. Where Cin7 owns the value of stock,
each day's inventory movements become a journal too.

| run | started by | what it is about |
|---|---|---|
| asset-triggered | a webhook that landed | the documents that the events point at |
| asset-triggered | `polling`, or an answer in `decisions` | what changed since the last look; what waits |
| scheduled, backfill | the daily sweep | all documents with that business date |
| manual | the trigger form | the documents named, a range of dates, or the same as polling |

**Steps.** `landed` looks for events, and skips a run whose events another one has taken; `collect` reads
Cin7; `deliver` makes journals or says what stands in the way, stores the key, inserts, posts and
reads back; `settle` finds what NAV posted later, ends the events and removes empty batches; `read_on` asks
for another run where more was found than one run reads; `staged` starts the DAG `journals_posted` where
documents lie in NAV to be posted; `ask` starts a run of the DAG `decisions` for each document that is held
for a person.

Any task can be killed and run again: a document is posted once or not at all. What waits, and who can fix it,
shows `cin7-nav status`; one document's life shows `cin7-nav trail <number>`.
Backfilling days that were already swept needs `--reprocess-behavior completed`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from cin7_nav.flows.alerts.notifiers import deadline
from cin7_nav.flows.assets import landed, load_schedule, poll_due, with_warnings
from cin7_nav.flows.assets import staged as lies_in_nav
from cin7_nav.flows.companies import Company, served
from cin7_nav.flows.decisions import asking
from cin7_nav.flows.defaults import TASKS
from cin7_nav.flows.invoices import tasks
from cin7_nav.sensors.webhook_landed import WebhookLandedSensor

FLOW = "invoices"
SCHEDULE, WARNINGS = load_schedule()


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("invoices_to_journal"),
        schedule=AssetOrTimeSchedule(
            timetable=CronDataIntervalTimetable(SCHEDULE.sweep, timezone="UTC"),
            assets=landed(FLOW, company) | poll_due(company),
        ),
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        deadline=deadline(company.dag_id("invoices_to_journal"), dt.timedelta(hours=2)),
        max_active_runs=4,
        default_args=TASKS,
        tags=["cin7-nav", *company.tags, "cin7", "nav", "invoices"],
        doc_md=with_warnings(__doc__ or "", WARNINGS),
        params={
            "documents": Param(
                [],
                type="array",
                items={"type": "string"},
                title="Documents",
                description="Order or document numbers, one a line. Empty: everything that changed.",
            ),
            "from": Param(
                None, type=["null", "string"], format="date", title="From", description="First business date"
            ),
            "to": Param(
                None, type=["null", "string"], format="date", title="To", description="Last business date"
            ),
            "dry_run": Param(
                False,
                type="boolean",
                title="Dry run",
                description="Read and show in the log what would be sent; send nothing.",
            ),
            "listen": Param(
                False,
                type="boolean",
                title="Listen",
                description="Wait some seconds for a webhook before starting.",
            ),
        },
    )
    def invoices_to_journal() -> None:
        wait = WebhookLandedSensor(task_id="landed", flow=FLOW, company=company.key)

        @task
        def collect() -> dict[str, Any]:
            return tasks.collect(get_current_context())

        @task
        def deliver() -> list[int]:
            tasks.translate(get_current_context())
            staged = tasks.deliver(get_current_context()).get("staged")
            return [staged] if staged else []

        @task(outlets=[lies_in_nav(company)])
        def staged(documents: int) -> None:
            """Says to the DAG `journals_posted` that there is something to wait for; else skipped."""

        @task
        def settle(collected: dict[str, Any]) -> list[dict[str, Any]]:
            tasks.settle(get_current_context(), collected["events"], collected["told_by_nav"])
            return asking.open_questions(get_current_context())

        @task(outlets=[poll_due(company)])
        def read_on(collected: dict[str, Any]) -> None:
            if not collected["more"]:
                raise AirflowSkipException("Everything that was found has been read")

        collected = collect()
        wait >> collected
        collected >> (delivered := deliver())
        delivered >> (settled := settle(collected)) >> read_on(collected)
        staged.expand(documents=delivered)
        asking.ask(settled, company)

    invoices_to_journal()


for each in served():
    make(each)
