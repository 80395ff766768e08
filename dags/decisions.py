"""### Decisions

One run per held document or party in review: a person answers, the answer is recorded, and the flow goes on
with it. Flows never wait for people: they put the question, start a run of this DAG for it, and end.

| held because | answers |
|---|---|
| a rule of `posting.yaml` wants a yes (`held_by_rule`) | **Post**, **Skip** |
| NAV has it already, keyed by hand (`twin_in_nav`) | **Link** to that, **Post anyway**, **Skip** |

| a party is asked about because | answers |
|---|---|
| it resembles others (`party_match`) | **Link**, **Create**, **Never match these**, **Leave alone** |
| both systems changed the same fields (`party_conflict`) | **Take Cin7's**, **Take NAV's** |

Open questions are under *Required Actions*, with the journal that would be posted or the records side by
side. Every answer needs a reason, which goes into the audit trail with who gave it. An answer holds
for what was shown: when that changes, the question is put anew in a run of its own. At the keyboard:
`cin7-nav decide <number> post|link|skip --reason "…"`, and `cin7-nav parties decide` for parties.

**Steps.** `ask` puts the question and waits without a process; `record` keeps the answer and rings the flow.
Both are skipped where the document meanwhile is no longer what the question was about, or was answered at the
keyboard: the flow that notices starts the run anew, and an open question looks once a day by itself. Clearing
`ask` puts the question again.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from cin7_nav.flows.assets import poll_due
from cin7_nav.flows.companies import Company, served
from cin7_nav.flows.decisions import answering
from cin7_nav.flows.decisions.operator import DecisionOperator
from cin7_nav.flows.decisions.question import OPTIONS
from cin7_nav.flows.defaults import TASKS


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("decisions"),
        schedule=None,
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        max_active_runs=200,
        default_args=TASKS,
        tags=["cin7-nav", *company.tags, "cin7", "nav", "decisions"],
        doc_md=__doc__,
        params={
            "document": Param(
                None, type=["null", "integer"], title="Document", description="Id of the held document"
            ),
            "review": Param(
                None, type=["null", "integer"], title="Review", description="Id of the question on a party"
            ),
            "shown_hash": Param(
                None, type=["null", "string"], title="Content", description="Hash of what is asked about"
            ),
            "question": Param(
                None,
                type=["null", "string"],
                enum=[None, *OPTIONS],
                title="Question",
                description="Code of the problem that it is held for",
            ),
        },
    )
    def decisions() -> None:
        @task(outlets=[poll_due(company)])
        def record(answered: dict[str, Any]) -> None:
            answering.record(get_current_context(), answered)

        record(DecisionOperator(task_id="ask").output)

    decisions()


for each in served():
    make(each)
