"""### Replay

Sends again what failed, was skipped, or lies in a range: reads the chosen documents anew from Cin7 and
carries what is due. What is in NAV's ledger and still is what Cin7 says stays as it is.

**Steps.** `plan` writes into its log how many documents are meant, which calls that costs, how long it
takes at the pace allowed, and what would be sent. `act` is skipped in a dry run, which is the default. It
reads no more orders than *Cap* and takes no more than *Share* of Cin7's calls, so that live documents
pass. Cleared or repeated it goes on where it stopped. A replay beyond its cap is refused before anything
is read.

What a person left out stays left out while Cin7 has it unchanged. Whole days, also those of which nothing
was ever read, are a backfill of `invoices_to_journal`. At the keyboard: `cin7-nav replay`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from cin7_nav.flows.alerts.notifiers import deadline
from cin7_nav.flows.companies import Company, served
from cin7_nav.flows.defaults import TASKS
from cin7_nav.flows.replay import selection, tasks


def _several(title: str, description: str) -> Param:
    return Param([], type="array", items={"type": "string"}, title=title, description=description)


def _day(title: str, description: str) -> Param:
    return Param(None, type=["null", "string"], format="date", title=title, description=description)


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("replay"),
        schedule=None,
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        deadline=deadline(company.dag_id("replay"), dt.timedelta(days=1)),
        max_active_runs=1,
        default_args=TASKS,
        tags=["cin7-nav", *company.tags, "cin7", "nav", "replay"],
        doc_md=__doc__,
        params={
            "flow": Param(
                "invoices",
                type="string",
                enum=list(selection.FLOWS),
                title="Flow",
                description="Whose records are meant",
            ),
            "states": Param(
                [],
                type="array",
                items={"type": "string", "enum": list(selection.State)},
                examples=[str(state) for state in selection.State],
                title="States",
                description="Any of these. Empty: whatever state they are in",
            ),
            "documents": _several("Documents", "Document, order or NAV document numbers, one a line"),
            "from": _day("From", "First business date"),
            "to": _day("To", "Last business date"),
            "parties": _several("Parties", "Customers and suppliers, by Cin7's name or id, one a line"),
            "accounts": _several("Accounts", "Account codes of Cin7 or of NAV, one a line"),
            "text": Param(
                "", type="string", title="Text", description="Beginnings of words of number and party's name"
            ),
            "cap": Param(
                selection.CAP,
                type="integer",
                minimum=1,
                maximum=1_000_000,
                title="Cap",
                description="Orders that may be read; a replay of more is refused",
            ),
            "share": Param(
                selection.SHARE,
                type="integer",
                minimum=1,
                maximum=100,
                title="Share",
                description="Percent of Cin7's calls that it may take",
            ),
            "dry_run": Param(
                True, type="boolean", title="Dry run", description="Only write the plan; send nothing"
            ),
        },
    )
    def replay() -> None:
        @task
        def plan() -> dict[str, Any]:
            return tasks.write_plan(get_current_context())

        @task(execution_timeout=dt.timedelta(days=1))
        def act() -> dict[str, int]:
            return tasks.carry_out(get_current_context())

        plan() >> act()

    replay()


for each in served():
    make(each)
