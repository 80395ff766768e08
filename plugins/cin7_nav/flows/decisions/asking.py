"""Asking: one run of the DAG `decisions` per question, started by the flow that holds the document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

from cin7_nav.flows import companies
from cin7_nav.flows.companies import at_work
from cin7_nav.flows.decisions.party_question import PartyQuestion
from cin7_nav.flows.decisions.question import ON_PARTIES, OPTIONS, Question, conf, run_id
from cin7_nav.mappings.companies import Company
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
    """What a run of a flow has to ask and to withdraw, as the task `ask` wants it; a dry run does neither."""
    if context["params"].get("dry_run"):
        return []
    with companies.database(at_work(context)) as database:
        return to_ask(database, Run(owner(context))) + to_withdraw(database)


def open_reviews(context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same for questions on parties."""
    if context["params"].get("dry_run"):
        return []
    with companies.database(at_work(context)) as database:
        asked = reviews.ask(database, Run(owner(context)), AT_ONCE, AGAIN_AFTER)
        over = reviews.withdrawn(database, AT_ONCE)
    found = [(PartyQuestion(one), False) for one in asked] + [(PartyQuestion(one), True) for one in over]
    return [_run(one.run_id, one.conf, anew=anew) for one, anew in found]


def to_ask(database: Database, run: Run) -> list[dict[str, Any]]:
    """What is held and was not asked yet, as what `ask` starts runs with; it counts as asked by this run.

    A document can come to be held again as it was: the run that asked then starts anew.
    """
    codes = list(OPTIONS.keys() - ON_PARTIES)
    found = [
        (Question(stored), anew) for stored, anew in decisions.ask(database, codes, run, AT_ONCE, AGAIN_AFTER)
    ]
    return [_run(one.run_id, one.conf, anew=anew) for one, anew in found]


def to_withdraw(database: Database) -> list[dict[str, Any]]:
    """What people are asked for nothing: a run that starts anew sees that, and skips its question."""
    found = [(one.stored, one.shown_hash, one.question) for one in decisions.withdraw(database, AT_ONCE)]
    return [_run(run_id(*one), conf(*one), anew=True) for one in found]


def _run(name: str, params: dict[str, Any], *, anew: bool) -> dict[str, Any]:
    """What starts a run; `anew`: also where it exists."""
    return {"trigger_run_id": name, "conf": params, "reset_dag_run": anew}


def ask(asked: Any, company: Company) -> Any:
    """The task `ask` of a flow: starts a run for each of `open_questions`, which a task before it returns.

    Where there is nothing to ask Airflow skips it without a process.
    """
    return TriggerDagRunOperator.partial(
        task_id="ask",
        trigger_dag_id=company.dag_id(DAG_ID),
        logical_date=None,
        skip_when_already_exists=True,
        map_index_template="{{ task.trigger_run_id }}",
    ).expand_kwargs(asked)
