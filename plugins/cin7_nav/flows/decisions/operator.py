"""The task that puts a question and waits for a person, without a process meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowSkipException

from cin7_nav.flows import companies
from cin7_nav.flows.companies import at_work
from cin7_nav.flows.decisions.answering import Asked, no_target
from cin7_nav.flows.decisions.party_question import TARGET_LENGTH, PartyQuestion
from cin7_nav.flows.decisions.question import (
    NUMBER_LENGTH,
    ON_PARTIES,
    OPTIONS,
    REASON_LENGTH,
    Question,
    wrong_with,
)
from cin7_nav.mappings.companies import Company
from cin7_nav.store import decisions, documents, reviews
from cin7_nav.store.decisions import Answer

LOOKS_AGAIN = dt.timedelta(days=1)
"""How often an open question looks whether it still is one."""


class DecisionOperator(HITLOperator):
    """Asks about the held document, or the party, that the run's parameters name. Returns what was answered.

    It is skipped where the document no longer is what the question is about: at its start, and once a day
    while it waits. An answer that lacks what it needs is not taken: the question is open again.
    """

    def __init__(self, **kwargs: Any) -> None:
        every = list(dict.fromkeys(option for options in OPTIONS.values() for option in options))
        super().__init__(subject="", options=every, response_timeout=LOOKS_AGAIN, **kwargs)

    def execute(self, context: Context) -> Any:
        question = _question(Asked.of(context), at_work(context))
        self._offer(question.code, question.suggestion)
        self.subject = question.subject
        self.body = question.body
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        if event.get("error_type") == "timeout":
            return self.execute(context)
        if "error" in event:
            return super().execute_complete(context, event)
        question = Asked.of(context).question
        self._offer(question)
        given = {name: str(event["params_input"].get(name) or "").strip() for name in self.params}
        answer = OPTIONS[question][event["chosen_options"][0]]
        number = given.get("target" if question in ON_PARTIES else "nav_number", "")
        wrong = wrong_with(question, answer, given["reason"], number)
        if not wrong and question in ON_PARTIES and answer is Answer.LINK:
            wrong = _no_target(Asked.of(context), number, at_work(context))
        if wrong:
            self.log.warning("The answer is not taken: %s", wrong)
            return self.execute(context)
        return super().execute_complete(context, {**event, "params_input": given})

    def _offer(self, question: str, suggestion: str = "") -> None:
        """The answers to this question and the form that goes with them, in which `suggestion` stands."""
        self.options = list(OPTIONS[question])
        self.params = ParamsDict({"reason": _reason()})
        if Answer.LINK in OPTIONS[question].values():
            if question in ON_PARTIES:
                self.params["target"] = _target(suggestion)
            else:
                self.params["nav_number"] = _nav_number(suggestion)


def _question(asked: Asked, company: Company) -> Question | PartyQuestion:
    """Raises AirflowSkipException where it is no longer one."""
    if asked.review:
        return _party_question(asked.review, company)
    assert asked.document is not None
    with companies.database(company) as database, database.transaction() as cursor:
        stored = documents.locked(cursor, [asked.document]).get(asked.document)
    if stored is None:
        raise AirflowSkipException(f"There is no document with the id {asked.document}")
    if reason := decisions.outdated(stored, asked.question, asked.shown_hash):
        raise AirflowSkipException(f"Nothing to ask: {reason}")
    return Question(stored)


def _party_question(review_id: int, company: Company) -> PartyQuestion:
    with companies.database(company) as database:
        reason, review = reviews.outdated(database, review_id), reviews.get(database, review_id)
    if reason or review is None:
        raise AirflowSkipException(f"Nothing to ask: {reason}")
    return PartyQuestion(review)


def _no_target(asked: Asked, target: str, company: Company) -> str | None:
    with companies.database(company) as database:
        review = reviews.get(database, asked.review or 0)
        return no_target(database, review, target) if review else None


def _reason() -> Param:
    return Param(
        "",
        type="string",
        minLength=REASON_LENGTH,
        title="Reason",
        description="Goes into the audit trail with your name",
    )


def _nav_number(twin: str) -> Param:
    return Param(
        twin,
        type=["null", "string"],
        maxLength=NUMBER_LENGTH,
        title="NAV document number",
        description="For Link: the NAV document that already is this one",
    )


def _target(suggestion: str) -> Param:
    return Param(
        suggestion,
        type=["null", "string"],
        maxLength=TARGET_LENGTH,
        title="Record",
        description="For Link: NAV's number, or Cin7's name or ID, of the record to link with",
    )
