"""Answering: what a person said, in Airflow or at the keyboard, is recorded; the flow goes on with it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from cin7_nav.flows import companies
from cin7_nav.flows.companies import at_work
from cin7_nav.flows.decisions.party_question import PartyQuestion
from cin7_nav.flows.decisions.question import AS_POSTED, ON_PARTIES, OPTIONS, Question, wrong_with
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store import decisions, deliveries, documents, parties, reviews
from cin7_nav.store.database import Database
from cin7_nav.store.decisions import Answer, Decision
from cin7_nav.store.reviews import Review, Said

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run of the DAG `decisions` is about."""

    document: int | None
    shown_hash: str
    question: str
    review: int | None = None
    """Of a question on a party, which has no document."""

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> Asked:
        """Read it from the run's parameters. Raises ValueError where somebody started the run without."""
        params = context["params"]
        review = params.get("review")
        about = review if params["question"] in ON_PARTIES else params.get("document")
        if not about or params["question"] not in OPTIONS:
            raise ValueError("Flows start these runs: without a held document there is nothing to ask.")
        return cls(params.get("document"), params["shown_hash"], params["question"], review)


def record(context: Mapping[str, Any], answered: Mapping[str, Any]) -> None:
    """Record what a person answered in Airflow. The names of people stay out of the log.

    Raises AirflowSkipException where the document meanwhile is something else than what was asked about.
    """
    asked = Asked.of(context)
    given = answered["params_input"]
    answer = OPTIONS[asked.question][answered["chosen_options"][0]]
    if asked.review:
        said = Said(
            answer,
            given["reason"],
            answered["responded_by_user"]["name"],
            owner(context),
            answered["responded_at"],
            given["target"] if answer is Answer.LINK else "",
        )
        with companies.database(at_work(context)) as database:
            _use(reviews.record(database, asked.review, said), answer)
        return
    assert asked.document is not None
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
    with companies.database(at_work(context)) as database:
        _use(decisions.record(database, decision), answer)


def _use(refusal: str | None, answer: Answer) -> None:
    if refusal:
        raise AirflowSkipException(f"The answer is not used: {refusal}")
    log.info("Recorded: %s", answer)


def decide_party(
    database: Database, reference: str, answer: Answer, reason: str, person: str, target: str = ""
) -> str | None:
    """Record what a person answered at the keyboard on a party; the reason why not where it can't be taken.

    `reference`: the id of the review, or the NAV number, name or id of the record that it is about.
    """
    reason, target = reason.strip(), target.strip()
    named = {one.id for one in parties.find(database, reference)}
    found = [
        one
        for one in reviews.still_open(database)
        if reference in (str(one.id), one.shown.get("nav_number")) or one.record_id in named
    ]
    if len(found) > 1:
        found = [one for one in found if answer in OPTIONS[one.question].values()]
    if not found:
        return f"nothing is asked about {reference}"
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found)
        return f"several questions are about {reference}: name one of {ids}"
    review = found[0]
    if answer is Answer.LINK:
        target = target or PartyQuestion(review).suggestion
    if wrong := wrong_with(review.question, answer, reason, target):
        return wrong
    if answer is Answer.LINK and (wrong := no_target(database, review, target)):
        return wrong
    now = dt.datetime.now(dt.UTC)
    linked = target if answer is Answer.LINK else ""
    said = Said(answer, reason, person, "cin7-nav parties decide", now, linked)
    return reviews.record(database, review.id, said)


def no_target(database: Database, review: Review, target: str) -> str | None:
    """Why a record can't be linked with; None where it can."""
    other = review.side.other
    found = [one for one in parties.find(database, target) if one.kind is review.kind and one.side is other]
    if len(found) != 1:
        return f"{other.told} has {len(found) or 'no'} {review.kind.named(other)} {target}"
    link = parties.link_of(database, review.kind, other, found[0].id)
    if link and link.of(review.side) not in (None, review.record_id):
        return f"{target} is linked with another {review.kind.named(review.side)}"
    return None


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
