"""### Stock that agrees in both systems, movement by movement

Receipts, shipments, returns, adjustments, stock takes and transfers in Cin7 become item journal lines in NAV;
what NAV moves by itself becomes stock adjustments in Cin7. `include/mappings/stock.yaml` says what flows in
which direction. What this flow has written on either side comes back from there and goes no further.

| run | started by | what it is about |
|---|---|---|
| asset-triggered | a webhook that landed | the records that the events point at |
| asset-triggered | `polling` | what changed in both systems since the last look; what waits |
| scheduled | the daily sweep | the same, and the levels of both systems are compared |
| manual | the trigger form | the documents named, or the same as polling |

**Steps.** `landed` looks for events; `collect` reads Cin7 and NAV's item ledger; `deliver` says each movement
in the words of the other side, stores the key, sends, and reads back; `settle` finds what people posted of
staged lines and ends the events; `levels` compares what is on hand; `read_on` asks for another run where more
was found than one run reads.

Movements of one item and location go in their order: one that waits holds back those behind it, and no other.
Any task can be killed and run again: a movement is delivered once or not at all. Only one run works at once.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from cin7_nav.flows.alerts.notifiers import deadline
from cin7_nav.flows.assets import landed, load_schedule, poll_due, with_warnings
from cin7_nav.flows.companies import Company, served
from cin7_nav.flows.defaults import TASKS
from cin7_nav.flows.stock import tasks
from cin7_nav.sensors.webhook_landed import WebhookLandedSensor

FLOW = "stock"
SCHEDULE, WARNINGS = load_schedule()


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("stock_both_ways"),
        schedule=AssetOrTimeSchedule(
            timetable=CronDataIntervalTimetable(SCHEDULE.sweep, timezone="UTC"),
            assets=landed(FLOW, company) | poll_due(company),
        ),
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        max_active_runs=1,
        deadline=deadline(company.dag_id("stock_both_ways"), dt.timedelta(hours=2)),
        default_args=TASKS,
        tags=["cin7-nav", *company.tags, "cin7", "nav", "stock"],
        doc_md=with_warnings(__doc__ or "", WARNINGS),
        params={
            "documents": Param(
                [],
                type="array",
                items={"type": "string"},
                title="Documents",
                description="Numbers of orders, adjustments, stock takes or transfers, one a line. "
                "Empty: everything that changed.",
            ),
            "levels": Param(
                False,
                type="boolean",
                title="Compare levels",
                description="Also compare what both systems say is on hand, as every night.",
            ),
            "adjust_levels": Param(
                False,
                type="boolean",
                title="Adjust levels",
                description="Also adjust the levels that differ, more than the cap in stock.yaml too: "
                "your yes. Needs `owner` under `levels` there.",
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
    def stock_both_ways() -> None:
        wait = WebhookLandedSensor(task_id="landed", flow=FLOW, company=company.key)

        @task
        def collect() -> dict[str, Any]:
            return tasks.collect(get_current_context())

        @task
        def deliver(collected: dict[str, Any]) -> dict[str, int]:
            return tasks.deliver(get_current_context(), told_by_nav=collected["told_by_nav"])

        @task
        def settle(collected: dict[str, Any]) -> dict[str, int]:
            return tasks.settle(get_current_context(), collected["events"])

        @task
        def levels() -> dict[str, int]:
            return tasks.levels(get_current_context())

        @task(outlets=[poll_due(company)])
        def read_on(collected: dict[str, Any]) -> None:
            if not collected["more"]:
                raise AirflowSkipException("Everything that was found has been read")

        collected = collect()
        wait >> collected
        deliver(collected) >> (settled := settle(collected))
        settled >> levels()
        settled >> read_on(collected)

    stock_both_ways()


for each in served():
    make(each)
