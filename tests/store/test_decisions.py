"""Each question is asked once, each answer is kept once and holds only for what it was given for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.model import Fixer, Problem, State
from cin7_nav.store import decisions
from cin7_nav.store.database import Database
from cin7_nav.store.decisions import Answer, Decision
from cin7_nav.store.documents import Run, Stored

from tests.samples import PROBLEM, document

INVOICE = document()
OTHER_CONTENT = replace(INVOICE, total=Decimal("121.00"), tax=Decimal("21.00"))
HELD = Problem("held_by_rule", "is held for a yes", "posting.yaml:3", Fixer.ACCOUNTANT)
TWIN = Problem("twin_in_nav", "is in NAV already", "NAV 108001", Fixer.ACCOUNTANT)
CODES = ("held_by_rule", "twin_in_nav")
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
RUN, LATER_RUN = Run("invoices_to_journal/run-1"), Run("invoices_to_journal/run-2")


def held(desk: Any, of: Any = INVOICE, problem: Problem = HELD) -> Stored:
    stored: Stored = desk.decide(desk.ready(of), State.HELD, problems=(problem,))
    return stored


def ask(database: Database, run: Run = RUN, limit: int = 9, again_after: dt.timedelta = DAY) -> list[str]:
    found = decisions.ask(database, CODES, run, limit, again_after)
    return [stored.document.number for stored, _ in found]


def withdrawn(database: Database, limit: int = 9) -> list[str]:
    return [one.stored.document.number for one in decisions.withdraw(database, limit)]


def decision(stored: Stored, answer: Answer = Answer.POST, **changes: Any) -> Decision:
    plain = Decision(
        stored.id,
        "held_by_rule",
        stored.shown_hash,
        answer,
        "agreed by phone",
        "anna",
        "decisions/run-1",
        NOON,
    )
    return replace(plain, **changes)


# --- asking ---


def test_a_held_document_is_asked_about_once(database: Database, desk: Any) -> None:
    held(desk)
    assert ask(database) == ["INV-1"]
    assert ask(database, LATER_RUN) == []


def test_a_run_that_is_repeated_asks_the_same_again(database: Database, desk: Any) -> None:
    held(desk)
    assert [ask(database), ask(database)] == [["INV-1"], ["INV-1"]]


def test_what_was_asked_long_ago_and_has_no_answer_is_asked_again(database: Database, desk: Any) -> None:
    held(desk)
    ask(database)
    assert ask(database, LATER_RUN, again_after=dt.timedelta(0)) == ["INV-1"]


def test_what_is_asked_again_because_time_passed_need_not_start_anew(database: Database, desk: Any) -> None:
    held(desk)
    flags = [
        [anew for _, anew in decisions.ask(database, CODES, run, 9, after)]
        for run, after in ((RUN, DAY), (RUN, DAY), (LATER_RUN, dt.timedelta(0)))
    ]
    assert flags == [[True], [True], [False]]


def test_a_question_is_withdrawn_once_when_its_document_is_held_no_more(
    database: Database, desk: Any
) -> None:
    stored = held(desk)
    ask(database)
    assert withdrawn(database) == []
    desk.decide(stored, State.READY)
    assert withdrawn(database) == ["INV-1"]
    assert withdrawn(database) == []


def test_a_question_is_withdrawn_when_what_was_shown_has_changed(database: Database, desk: Any) -> None:
    before = held(desk)
    ask(database)
    held(desk, OTHER_CONTENT)
    (gone,) = decisions.withdraw(database, 9)
    assert (gone.question, gone.shown_hash) == ("held_by_rule", before.shown_hash)
    assert ask(database, LATER_RUN) == ["INV-1"]
    assert withdrawn(database) == []


@pytest.mark.parametrize(("run", "told"), [("decisions/decision__1", []), ("cin7-nav decide", ["INV-1"])])
def test_an_answer_withdraws_the_question_where_it_was_given_elsewhere(
    database: Database, desk: Any, run: str, told: list[str]
) -> None:
    stored = held(desk)
    ask(database)
    assert decisions.record(database, decision(stored, run=run)) is None
    assert withdrawn(database) == told
    assert withdrawn(database) == []


def test_a_document_that_is_held_again_as_it_was_is_asked_about_anew(database: Database, desk: Any) -> None:
    stored = held(desk)
    ask(database)
    held(desk, problem=TWIN)
    assert withdrawn(database) == ["INV-1"]
    held(desk)
    ((again, anew),) = decisions.ask(database, CODES, LATER_RUN, 9, DAY)
    assert (again.shown_hash, anew) == (stored.shown_hash, True)


def test_only_held_documents_with_a_question_are_asked_about(database: Database, desk: Any) -> None:
    desk.ready(document("INV-2"))
    desk.decide(desk.ready(document("INV-3")), State.NEEDS_ATTENTION, problems=(HELD,))
    held(desk, document("INV-4"), PROBLEM)
    assert ask(database) == []


def test_changed_content_and_another_question_are_asked_anew(database: Database, desk: Any) -> None:
    held(desk)
    ask(database)
    held(desk, OTHER_CONTENT)
    assert ask(database, LATER_RUN) == ["INV-1"]
    desk.decide(desk.stored(INVOICE.key), State.HELD, problems=(TWIN,))
    assert ask(database, Run("run-3")) == ["INV-1"]


def test_no_more_are_asked_at_once_than_wanted_and_the_rest_later(database: Database, desk: Any) -> None:
    for number in ("INV-1", "INV-2", "INV-3"):
        held(desk, document(number))
    assert ask(database, limit=2) == ["INV-1", "INV-2"]
    assert ask(database, LATER_RUN, limit=2) == ["INV-3"]


def test_what_has_an_answer_is_not_asked(database: Database, desk: Any) -> None:
    stored = held(desk)
    decisions.record(database, decision(stored))
    assert ask(database) == []


# --- answering ---


def test_an_answer_is_kept_with_who_why_and_for_what(database: Database, desk: Any) -> None:
    given = decision(held(desk), Answer.LINK, nav_number="108001")
    assert decisions.record(database, given) is None
    assert decisions.history(database, given.document_id) == [given]
    assert decisions.answers(database, [given.document_id]) == {given.document_id: {"held_by_rule": given}}


def test_recording_again_changes_nothing_even_after_the_flow_has_gone_on(
    database: Database, desk: Any
) -> None:
    given = decision(stored := held(desk))
    decisions.record(database, given)
    desk.decide(stored, State.READY)
    assert decisions.record(database, given) is None
    assert len(decisions.history(database, stored.id)) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda desk: held(desk, OTHER_CONTENT),
            "INV-1, or what would be posted for it, has changed since it was asked about",
        ),
        (
            lambda desk: desk.decide(desk.stored(INVOICE.key), State.POSTED),
            "INV-1 is no longer held: it is posted",
        ),
        (
            lambda desk: desk.decide(desk.stored(INVOICE.key), State.HELD, problems=(TWIN,)),
            "INV-1 is no longer held for held_by_rule",
        ),
    ],
    ids=["changed", "gone on", "held for something else"],
)
def test_an_answer_that_comes_too_late_is_not_kept(
    database: Database, desk: Any, change: Any, why: str
) -> None:
    stored = held(desk)
    change(desk)
    assert decisions.record(database, decision(stored)) == why
    assert decisions.history(database, stored.id) == []


def test_an_answer_about_nothing_is_not_kept(database: Database, desk: Any) -> None:
    stored = replace(held(desk), id=999)
    assert decisions.record(database, decision(stored)) == "there is no document with the id 999"


def test_the_newest_answer_to_each_question_counts(database: Database, desk: Any) -> None:
    stored = held(desk)
    first = decision(stored)
    second = decision(stored, Answer.SKIP, decided_at=NOON + DAY)
    decisions.record(database, first)
    decisions.record(database, second)
    desk.decide(stored, State.HELD, problems=(TWIN,))
    about_twin = decision(stored, question="twin_in_nav", decided_at=NOON + 2 * DAY)
    decisions.record(database, about_twin)
    assert decisions.answers(database, [stored.id])[stored.id] == {
        "held_by_rule": second,
        "twin_in_nav": about_twin,
    }
    assert decisions.history(database, stored.id) == [first, second, about_twin]


def test_an_answer_does_not_hold_for_other_content(database: Database, desk: Any) -> None:
    stored = held(desk)
    decisions.record(database, decision(stored))
    desk.record(OTHER_CONTENT)
    assert decisions.answers(database, [stored.id]) == {}
    desk.record(INVOICE)
    assert set(decisions.answers(database, [stored.id])[stored.id]) == {"held_by_rule"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer.POST, "approved by anna: agreed by phone"),
        (Answer.LINK, "is NAV 108001, keyed by hand: linked by anna: agreed by phone"),
        (Answer.SKIP, "skipped by anna: agreed by phone"),
    ],
)
def test_the_trail_says_who_and_why(desk: Any, answer: Answer, why: str) -> None:
    assert decisions.told(decision(held(desk), answer, nav_number="108001")) == why
