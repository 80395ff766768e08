"""Asking: one run of the DAG `decisions` per question, started by the flow that holds the document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

from cin7_nav.flows.decisions.answering import connected
from cin7_nav.flows.decisions.party_question import PartyQuestion
from cin7_nav.flows.decisions.question import ON_PARTIES, OPTIONS, Question
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store import decisions, reviews
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run

DAG_ID = "decisions"

AT_ONCE = 100
"""Questions that one run of a flow asks; the next one goes on. Airflow maps a task over 1024 at most."""

AGAIN_AFTER = dt.timedelta(days=1)
"""An open question is put again after so long, in case its run was deleted. Where the run is there, nothing
happens."""


def open_questions(context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a run of a flow has to ask, as the task `ask` wants it; a dry run asks nothing."""
    if context["params"].get("dry_run"):
        return []
    with connected() as database:
        return to_ask(database, Run(owner(context)))


def open_reviews(context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same for questions on parties."""
    if context["params"].get("dry_run"):
        return []
    with connected() as database:
        found = reviews.ask(database, Run(owner(context)), AT_ONCE, AGAIN_AFTER)
    return _runs(map(PartyQuestion, found))


def questions(database: Database, run: Run) -> list[Question]:
    """What is held and was not asked yet; from now on it counts as asked by this run."""
    return [
        Question(stored)
        for stored in decisions.ask(database, list(OPTIONS.keys() - ON_PARTIES), run, AT_ONCE, AGAIN_AFTER)
    ]


def to_ask(database: Database, run: Run) -> list[dict[str, Any]]:
    """The questions as what `ask` starts runs with."""
    return _runs(questions(database, run))


def _runs(questions: Iterable[Question | PartyQuestion]) -> list[dict[str, Any]]:
    return [{"trigger_run_id": question.run_id, "conf": question.conf} for question in questions]


def ask(asked: Any) -> Any:
    """The task `ask` of a flow: starts a run for each of `open_questions`, which a task before it returns.

    Where there is nothing to ask Airflow skips it without a process; a run that exists is left alone.
    """
    return TriggerDagRunOperator.partial(
        task_id="ask",
        trigger_dag_id=DAG_ID,
        logical_date=None,
        skip_when_already_exists=True,
        map_index_template="{{ task.trigger_run_id }}",
    ).expand_kwargs(asked)
