"""What a question is called, and what it tells whom."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from cin7_nav.flows.decisions.question import OPTIONS, Question, wrong_with
from cin7_nav.model import DocumentKey, Fixer, Kind, Problem, SourceDocument, State
from cin7_nav.store.decisions import Answer
from cin7_nav.store.documents import Stored
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import document, gl, journal

HELD = Problem("held_by_rule", "a *first* sale | of <b>many</b>", "posting.yaml:3", Fixer.ACCOUNTANT)
LEGAL = re.compile(r"^[A-Za-z0-9_.~:+-]+$")
"""Airflow's default for run ids."""


def question(of: SourceDocument | None = None, problem: Problem = HELD) -> Question:
    found = of or document()
    return Question(
        Stored(
            7,
            found,
            State.HELD,
            0,
            "raw",
            found.content_hash(),
            (problem,),
            journal("C7S-INV-1"),
            shown_hash=f"shown {found.content_hash()}",
        )
    )


def test_the_same_question_has_one_run() -> None:
    assert question().run_id == question().run_id
    assert re.fullmatch(r"decision__INV-1__[0-9a-f]{8}", question().run_id)


@pytest.mark.parametrize(
    "other",
    [
        question(replace(document(), total=Decimal(121))),
        question(replace(document(), key=DocumentKey(Kind.SALE_CREDIT_NOTE, "order-INV-1", "task-INV-1"))),
        question(problem=replace(HELD, code="twin_in_nav")),
    ],
    ids=["other content", "other document", "other question"],
)
def test_another_question_has_another_run(other: Question) -> None:
    assert other.run_id != question().run_id


@given(st.text(min_size=1))
def test_every_number_makes_a_run_id_that_airflow_takes(number: str) -> None:
    run_id = question(document(number)).run_id
    assert LEGAL.match(run_id)
    assert len(run_id) <= 60


def test_the_run_is_told_ids_and_codes_only() -> None:
    assert question().conf == {
        "document": 7,
        "shown_hash": f"shown {document().content_hash()}",
        "question": "held_by_rule",
    }


def test_the_subject_names_the_document_and_nobody() -> None:
    expected = "sale invoice INV-1, 120.00 GBP, customer C00010, NAV document C7S-INV-1"
    assert question().subject == expected
    assert "Abbey" not in question().subject + question().body


def test_the_body_shows_cause_and_journal() -> None:
    assert question().body.splitlines() == [
        r"a \*first\* sale \| of \<b\>many\</b\> (posting.yaml:3)",
        "",
        "Posting date 2026-11-20, external document INV-1",
        "",
        "| Account | Debit | Credit | Dimensions | Rules |",
        "|---|---:|---:|---|---|",
        "| Customer C00010 | 120.00 |  |  |  |",
        "| G/L Account 6110 |  | 100.00 |  | accounts.yaml:12 |",
        "| G/L Account 5650 |  | 20.00 |  | tax.yaml:11 |",
    ]


def test_dimensions_are_shown_as_code_and_value() -> None:
    line = replace(gl("6110", "-1234.50"), dimensions=(("CHANNEL", "SHOP"), ("REGION", "A_B")))
    shown = Question(replace(question().stored, journal=journal("C7S-INV-1", line))).body
    assert shown.endswith(r"| G/L Account 6110 |  | 1,234.50 | CHANNEL SHOP, REGION A\_B |  |")


def test_without_a_journal_the_cause_is_shown() -> None:
    bare = Question(replace(question().stored, journal=None))
    assert bare.subject == "sale invoice INV-1, 120.00 GBP"
    assert bare.body == r"a \*first\* sale \| of \<b\>many\</b\> (posting.yaml:3)"


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("NAV sales invoice 108001", "108001"),
        ("NAV purchase credit memo 109-A", "109-A"),
        ("NAV batch C700000001 of template CIN7", ""),
        ("posting.yaml:3", ""),
    ],
)
def test_the_twin_is_the_nav_document_that_it_is_held_for(where: str, number: str) -> None:
    assert question(problem=replace(HELD, where=where)).twin == number


@pytest.mark.parametrize(
    ("code", "answer", "reason", "nav_number", "wrong"),
    [
        ("held_by_rule", Answer.POST, "yes", "", None),
        ("twin_in_nav", Answer.LINK, "yes", "108001", None),
        ("twin_in_nav", Answer.SKIP, "yes", "", None),
        ("held_by_rule", Answer.LINK, "yes", "1", "link is no answer to held_by_rule: post, skip can be"),
        ("account_unmapped", Answer.POST, "yes", "", "post is no answer to account_unmapped: skip can be"),
        ("held_by_rule", Answer.POST, "ok", "", "it needs a reason of at least 3 characters"),
        ("twin_in_nav", Answer.LINK, "yes", "", "it needs the number of the NAV document to link to"),
        ("twin_in_nav", Answer.LINK, "yes", "1" * 21, "a NAV document number has at most 20 characters"),
    ],
)
def test_an_answer_has_what_it_needs(
    code: str, answer: Answer, reason: str, nav_number: str, wrong: str | None
) -> None:
    assert wrong_with(code, answer, reason, nav_number) == wrong


def test_only_a_twin_and_a_party_can_be_linked() -> None:
    linked = [code for code, options in OPTIONS.items() if Answer.LINK in options.values()]
    assert linked == ["twin_in_nav", "party_match"]
