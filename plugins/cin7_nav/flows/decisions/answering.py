"""Answering: what a person said, in Airflow or at the keyboard, is recorded; the flow goes on with it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowSkipException

from cin7_nav.flows.decisions.question import AS_POSTED, OPTIONS, Question, wrong_with
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store import decisions, deliveries, documents
from cin7_nav.store.database import Database
from cin7_nav.store.decisions import Answer, Decision

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run of the DAG `decisions` is about."""

    document: int
    shown_hash: str
    question: str

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> Asked:
        """Read it from the run's parameters. Raises ValueError where somebody started the run without."""
        params = context["params"]
        if not params["document"] or params["question"] not in OPTIONS:
            raise ValueError("Flows start these runs: without a held document there is nothing to ask.")
        return cls(params["document"], params["shown_hash"], params["question"])


@contextmanager
def connected() -> Iterator[Database]:
    """Our database, as the Airflow connection names it."""
    database = Database.from_connection(BaseHook.get_connection("cin7_nav_db"))
    try:
        yield database
    finally:
        database.close()


def record(context: Mapping[str, Any], answered: Mapping[str, Any]) -> None:
    """Record what a person answered in Airflow. The names of people stay out of the log.

    Raises AirflowSkipException where the document meanwhile is something else than what was asked about.
    """
    asked = Asked.of(context)
    given = answered["params_input"]
    answer = OPTIONS[asked.question][answered["chosen_options"][0]]
    decision = Decision(
        document_id=asked.document,
        question=asked.question,
        shown_hash=asked.shown_hash,
        answer=answer,
        reason=given["reason"],
        person=answered["responded_by_user"]["name"],
        run=owner(context),
        decided_at=answered["responded_at"],
        nav_number=given["nav_number"] if answer is Answer.LINK else "",
    )
    with connected() as database:
        refusal = decisions.record(database, decision)
    if refusal:
        raise AirflowSkipException(f"The answer is not used: {refusal}")
    log.info("Recorded: %s", decision.answer)


def decide(
    database: Database, number: str, answer: Answer, reason: str, person: str, nav_number: str = ""
) -> str | None:
    """Record what a person answered at the keyboard; the reason why not where it can't be taken.

    Beside what is held, what needs attention can be skipped as long as nothing of it is in NAV's ledger; and
    what NAV posted otherwise than it was sent can be left as it is (`post`).
    `number` is a document, order or NAV document number; `nav_number` is that of the NAV document to link to,
    where it is not the one that the document is held for.
    """
    reason, nav_number = reason.strip(), nav_number.strip()
    found = [stored for stored in documents.find(database, number) if stored.state in decisions.DECIDABLE]
    if not found:
        return f"no document with the number {number} is held or needs attention"
    if len(found) > 1:
        return f"{number} are several documents: {', '.join(one.document.number for one in found)}"
    question = Question(found[0])
    past = deliveries.history(database, [found[0].id]).get(found[0].id, deliveries.NOTHING)
    if past.standing and question.problem.code != AS_POSTED:
        return f"{past.standing.nav_document_no} stands in NAV's ledger: it can't be put aside here"
    if answer is Answer.LINK:
        nav_number = nav_number or question.twin
    if wrong := wrong_with(question.problem.code, answer, reason, nav_number):
        return wrong
    decision = Decision(
        document_id=question.stored.id,
        question=question.problem.code,
        shown_hash=question.stored.shown_hash,
        answer=answer,
        reason=reason,
        person=person,
        run="cin7-nav decide",
        decided_at=dt.datetime.now(dt.UTC),
        nav_number=nav_number if answer is Answer.LINK else "",
    )
    return decisions.record(database, decision)
