"""What was answered in Airflow and at the keyboard is recorded with who and why."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from cin7_nav.flows.decisions import answering
from cin7_nav.model import State
from cin7_nav.store import decisions
from cin7_nav.store.database import Database
from cin7_nav.store.decisions import Answer, Decision
from cin7_nav.store.documents import Stored

from tests.flows.decisions.conftest import Put
from tests.samples import document

pytestmark = pytest.mark.usefixtures("airflow_connection")

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def record(stored: Stored, option: str, **params: Any) -> None:
    """As the task does with what the task before it returned."""
    context = {
        "params": {
            "document": stored.id,
            "shown_hash": stored.shown_hash,
            "question": stored.problems[0].code,
        },
        "dag_run": SimpleNamespace(dag_id="decisions", run_id="decision__INV-1__0"),
    }
    answering.record(
        context,
        {
            "chosen_options": [option],
            "params_input": params,
            "responded_at": NOON,
            "responded_by_user": {"id": "3", "name": "anna"},
        },
    )


@pytest.mark.parametrize(
    ("question", "option", "answer"),
    [
        ("held_by_rule", "Post", Answer.POST),
        ("held_by_rule", "Skip", Answer.SKIP),
        ("twin_in_nav", "Post anyway", Answer.POST),
        ("twin_in_nav", "Link", Answer.LINK),
        ("twin_in_nav", "Skip", Answer.SKIP),
    ],
)
def test_an_answer_is_recorded(
    database: Database, put: Put, question: str, option: str, answer: Answer
) -> None:
    stored = put(question=question)
    number = "108001" if answer is Answer.LINK else ""
    record(stored, option, reason="agreed by phone", nav_number="108001")
    assert decisions.history(database, stored.id) == [
        Decision(
            stored.id, question, stored.shown_hash, answer, "agreed by phone", "anna",
            "decisions/decision__INV-1__0", NOON, number,
        )
    ]  # fmt: skip


def test_recording_can_be_repeated(database: Database, put: Put) -> None:
    stored = put()
    record(stored, "Post", reason="agreed by phone")
    put(state=State.POSTED)
    record(stored, "Post", reason="agreed by phone")
    assert len(decisions.history(database, stored.id)) == 1


def test_an_answer_that_comes_too_late_is_said_and_not_used(database: Database, put: Put) -> None:
    stored = put()
    put(replace(document(), total=Decimal(121)))
    with pytest.raises(
        AirflowSkipException, match="not used: INV-1, or what would be posted for it, has changed"
    ):
        record(stored, "Post", reason="agreed by phone")
    assert decisions.history(database, stored.id) == []


def test_nobody_is_named_in_the_log(put: Put, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    record(put(), "Post", reason="agreed by phone")
    assert "Recorded: post" in caplog.text
    assert "anna" not in caplog.text
    assert "phone" not in caplog.text


# --- at the keyboard ---


def test_it_can_be_decided_at_the_keyboard(database: Database, put: Put) -> None:
    stored = put(question="twin_in_nav")
    assert answering.decide(database, "INV-1", Answer.LINK, " by hand ", "ben", " 108002 ") is None
    (decision,) = decisions.history(database, stored.id)
    assert decisions.told(decision) == "is NAV 108002, keyed by hand: linked by ben: by hand"
    assert (decision.run, decision.question) == ("cin7-nav decide", "twin_in_nav")


@pytest.mark.parametrize(("answer", "number"), [(Answer.LINK, "108001"), (Answer.POST, "")])
def test_a_link_leads_to_what_it_is_held_for_unless_said_otherwise(
    database: Database, put: Put, answer: Answer, number: str
) -> None:
    stored = put(question="twin_in_nav")
    assert answering.decide(database, "INV-1", answer, "by hand", "ben") is None
    assert [one.nav_number for one in decisions.history(database, stored.id)] == [number]


@pytest.mark.parametrize(
    ("number", "answer", "reason", "why"),
    [
        ("INV-9", Answer.POST, "agreed", "no document with the number INV-9 is held or needs attention"),
        ("INV-2", Answer.POST, "agreed", "no document with the number INV-2 is held or needs attention"),
        ("INV-1", Answer.LINK, "agreed", "link is no answer to held_by_rule: post, skip can be"),
        ("INV-1", Answer.POST, " no ", "it needs a reason of at least 3 characters"),
        ("SO-1", Answer.POST, "agreed", "SO-1 are several documents: INV-1, INV-1/2"),
    ],
)
def test_what_can_not_be_decided_is_said(
    database: Database, put: Put, number: str, answer: Answer, reason: str, why: str
) -> None:
    put()
    put(document("INV-2"), state=State.READY)
    put(document("INV-1/2", order_number="SO-1"))
    assert answering.decide(database, number, answer, reason, "ben") == why
