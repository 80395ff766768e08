"""### Parties both ways

Suppliers and customers of Cin7 Core and vendors and customers of NAV are kept the same, in both directions:
they are matched, created where one side lacks them, and what changes on one side is written to the other.

| run | started by | what it reads |
|---|---|---|
| asset-triggered | an event of either system that landed | the records that the events point at |
| asset-triggered | `polling`, or an answer in `decisions` | what changed since the last look |
| scheduled, backfill | the daily sweep | everything, for what was deleted and what filters missed |
| manual | the trigger form | the parties named, or the same as polling |

**Nothing is written** as long as `parties.yaml` does not name *customers* or *suppliers* under `synchronise`.
Start with a **dry run**: it reads both systems and writes a report, as CSV and HTML, of every link, creation,
question and difference that a run would bring. `cin7-nav parties report` prints it as a table.

**Steps.** `landed` looks for events, and skips a run whose events another one has taken; `collect` reads;
`carry` carries out what people answered, links, creates, merges field by field, writes and reads back;
`settle` ends the events and collects questions; `go_on` rings all flows where parties were linked, because
documents may have waited for them, and where more is to be written than one run writes; `ask` starts a run of
the DAG `decisions` for each question. Any task can be killed and run again: nothing is created twice.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable, Param, dag, get_current_context, task
from cin7_nav.flows.alerts.notifiers import deadline
from cin7_nav.flows.assets import landed, load_schedule, poll_due, with_warnings
from cin7_nav.flows.companies import Company, served
from cin7_nav.flows.decisions import asking
from cin7_nav.flows.defaults import TASKS
from cin7_nav.flows.parties import tasks
from cin7_nav.sensors.webhook_landed import WebhookLandedSensor

FLOW = "parties"
SCHEDULE, WARNINGS = load_schedule()


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("parties_both_ways"),
        schedule=AssetOrTimeSchedule(
            timetable=CronDataIntervalTimetable(SCHEDULE.sweep, timezone="UTC"),
            assets=landed(FLOW, company) | poll_due(company),
        ),
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        max_active_runs=1,
        deadline=deadline(company.dag_id("parties_both_ways"), dt.timedelta(hours=2)),
        default_args=TASKS,
        tags=["cin7-nav", *company.tags, "cin7", "nav", "parties"],
        doc_md=with_warnings(__doc__ or "", WARNINGS),
        params={
            "parties": Param(
                [],
                type="array",
                items={"type": "string"},
                title="Parties",
                description="NAV numbers, Cin7 names or IDs, one a line. Empty: everything that changed.",
            ),
            "dry_run": Param(
                False,
                type="boolean",
                title="Dry run",
                description="Read both systems and write a report of what would be done; do nothing.",
            ),
            "listen": Param(
                False,
                type="boolean",
                title="Listen",
                description="Wait some seconds for an event before starting.",
            ),
        },
    )
    def parties_both_ways() -> None:
        wait = WebhookLandedSensor(task_id="landed", flow=FLOW, company=company.key)

        @task
        def collect() -> dict[str, Any]:
            return tasks.collect(get_current_context())

        @task
        def carry() -> list[int]:
            done = tasks.carry(get_current_context())
            return [done["linked"]] if done["linked"] or done["more"] else []

        @task
        def settle(collected: dict[str, Any]) -> list[dict[str, Any]]:
            tasks.settle(get_current_context(), collected["events"])
            return asking.open_reviews(get_current_context())

        @task(outlets=[poll_due(company)])
        def go_on(linked: int) -> None:
            """Skipped where nothing was linked and nothing is left."""

        collected = collect()
        wait >> collected
        carried = carry()
        collected >> carried
        settled = settle(collected)
        carried >> settled
        go_on.expand(linked=carried)
        asking.ask(settled, company)

    parties_both_ways()


for each in served():
    make(each)
