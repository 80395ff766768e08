"""A person is asked in Airflow about a document that a rule holds, and what is answered happens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from cin7_nav.flows.decisions import answering
from cin7_nav.store import audit, documents
from cin7_nav.store.database import Database
from cin7_nav.store.decisions import Answer

from tests.end_to_end.installation import FLOW, UNFINISHED, Installation, eventually

pytestmark = pytest.mark.long

HOLD = """\
rules:
  - when: { kind: sale_invoice, amount_from: 50000 }
    posting: hold
"""


@pytest.fixture
def holding(installation: Installation) -> Iterator[Installation]:
    """The installation with a rule that holds large sales; at its end nobody is asked any more."""
    path = installation.mappings / "posting.yaml"
    before = path.read_text()
    path.write_text(HOLD)
    yield installation
    path.write_text(before)
    installation.wait_until_quiet()


def large_sale(installation: Installation, price: int) -> dict[str, Any]:
    return installation.sale(announce=True, lines=[{"sku": "HV-0001", "quantity": 1, "price": price}])


def asked(installation: Installation, sale: dict[str, Any]) -> dict[str, Any]:
    """The one question about a sale, as soon as it waits for an answer."""

    def waiting() -> list[dict[str, Any]]:
        found = installation.airflow.questions(sale["number"])
        return found if all(one["task_instance"]["state"] == "awaiting_input" for one in found) else []

    (question,) = eventually(waiting)
    return question


def why(installation: Installation, sale: dict[str, Any]) -> list[str]:
    """What the audit trail says of a sale."""
    with contextlib.closing(Database(installation.dsn)) as books:
        (stored,) = documents.find(books, sale["number"])
        return [entry.why for entry in audit.trail(books, str(stored.key))]


def test_a_held_sale_is_asked_about_once_and_posted_after_a_yes(holding: Installation) -> None:
    sale = large_sale(holding, 60_100)
    question = asked(holding, sale)
    assert question["subject"].startswith(f"sale invoice {sale['number']}, 72,120.00 GBP, customer ")
    assert f"NAV document C7S-{sale['number']}" in question["subject"]
    assert sale["party"] not in question["subject"] + question["body"]
    assert question["options"] == ["Post", "Skip"]
    holding.poll()
    assert asked(holding, sale)["created_at"] == question["created_at"]
    assert holding.postings(sale) == [0]

    holding.airflow.answer(question, "Post", reason="agreed by phone")
    eventually(lambda: holding.is_posted(sale))
    assert any("approved by admin: agreed by phone" in text for text in why(holding, sale))
    holding.poll()
    assert holding.postings(sale) == [1]


def test_a_held_sale_is_skipped_where_a_person_says_so(holding: Installation) -> None:
    sale = large_sale(holding, 60_200)
    holding.airflow.answer(asked(holding, sale), "Skip", reason="is settled in cash")
    eventually(lambda: "skipped by admin: is settled in cash" in why(holding, sale))
    holding.poll()
    assert holding.postings(sale) == [0]
    assert len(holding.airflow.questions(sale["number"])) == 1
    # Else it were missing in NAV for every test after this one, each of which would poll for it.
    holding.sandbox.cin7.post(f"invoice/{sale['task_id']}/void", {"announce": False})


def test_an_answer_at_the_keyboard_ends_the_question_in_airflow(holding: Installation) -> None:
    sale = large_sale(holding, 60_250)
    question = asked(holding, sale)
    with contextlib.closing(Database(holding.dsn)) as books:
        assert answering.decide(books, sale["number"], Answer.POST, "agreed by phone", "anna") is None
    holding.poll()
    eventually(lambda: holding.is_posted(sale))
    run = question["task_instance"]["dag_run_id"]
    eventually(lambda: holding.airflow.tasks(run, "decisions")["ask"]["state"] == "skipped")
    eventually(lambda: holding.airflow.run_state("decisions", run) == "success")


def test_an_answer_without_a_reason_is_asked_for_again(holding: Installation) -> None:
    sale = large_sale(holding, 60_300)
    holding.airflow.answer(asked(holding, sale), "Post")
    assert holding.postings(sale) == [0]
    holding.airflow.answer(asked(holding, sale), "Post", reason="agreed by phone")
    eventually(lambda: holding.is_posted(sale))


def test_nothing_is_asked_where_nothing_is_held(holding: Installation) -> None:
    sale = holding.sale(announce=True)
    eventually(lambda: holding.is_posted(sale))
    holding.wait_until_quiet()
    (run, *_) = holding.airflow.runs(state="success")
    assert holding.airflow.run_state(FLOW, run["dag_run_id"]) not in UNFINISHED
    ask = holding.airflow.tasks(run["dag_run_id"])["ask"]
    assert (ask["state"], ask["pid"]) == ("skipped", None)
    assert holding.airflow.questions(sale["number"]) == []
