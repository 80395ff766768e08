"""Questions on parties in the DAG `decisions`: what is shown, and which answers are taken."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput
from cin7_nav.flows.decisions import answering
from cin7_nav.flows.decisions.operator import DecisionOperator
from cin7_nav.store.reviews import Review

pytestmark = pytest.mark.usefixtures("airflow_connection")

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.fixture
def form(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Airflow was told to show last."""
    shown: dict[str, Any] = {}
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **detail: shown.update(detail))
    return shown


@pytest.fixture
def review(linked: Any) -> Review:
    linked.vendor("Kite | Cord", email="sales@other.example")
    linked.supplier("Kite | Cord Ltd", Contacts=[{"Name": "Kim", "Email": "kim@kite.example"}])
    linked.poll()
    (found,) = linked.reviews()
    assert isinstance(found, Review)
    return found


def context(review: Review) -> Any:
    params = {"review": review.id, "shown_hash": review.shown_hash, "question": review.question}
    return {
        "params": params,
        "task_instance": SimpleNamespace(id="ti"),
        "dag_run": SimpleNamespace(dag_id="decisions", run_id="decision__1"),
    }


def answered(option: str, **params: Any) -> dict[str, Any]:
    return {
        "chosen_options": [option],
        "params_input": params,
        "responded_at": NOON,
        "responded_by_user": {"id": "3", "name": "anna"},
        "timedout": False,
    }


def test_the_records_are_shown_side_by_side_and_the_subject_names_nobody(
    form: dict[str, Any], linked: Any, review: Review
) -> None:
    with pytest.raises(TaskAwaitingInput):
        DecisionOperator(task_id="ask").execute(context(review))
    (candidate,) = review.shown["candidates"]
    assert form["subject"] == f"Cin7 supplier {review.record_id}: which vendor is it?"
    assert form["options"] == ["Link", "Create", "Never match these", "Leave alone"]
    assert "| name | Kite \\| Cord Ltd | Kite \\| Cord |" in form["body"]
    assert "sales@other.example" in form["body"]
    assert "another e-mail" in form["body"]
    assert form["params"]["target"]["value"] == candidate["number"]


def test_an_answer_is_recorded_with_who_and_why_and_carried_out(
    form: dict[str, Any], linked: Any, review: Review
) -> None:
    (candidate,) = review.shown["candidates"]
    event = answered("Link", reason="asked them", target=candidate["number"])
    taken = DecisionOperator(task_id="ask").execute_complete(context(review), event)
    answering.record(context(review), taken)
    answering.record(context(review), taken)  # a task that is repeated
    linked.poll()
    link = linked.link(review.record_id)
    assert link.nav_id == candidate["id"]
    assert "by anna: asked them" in link.why


@pytest.mark.parametrize(
    "event",
    [
        answered("Create", reason=" "),
        answered("Link", reason="asked them", target=""),
        answered("Link", reason="asked them", target="V99999"),
        answered("Link", reason="asked them", target="V00010"),
    ],
)
def test_an_answer_that_lacks_something_is_asked_for_again(
    form: dict[str, Any], linked: Any, review: Review, event: dict[str, Any]
) -> None:
    with pytest.raises(TaskAwaitingInput):
        DecisionOperator(task_id="ask").execute_complete(context(review), event)
    assert [one.id for one in linked.reviews()] == [review.id]


def test_a_question_that_is_none_any_more_is_skipped(
    form: dict[str, Any], linked: Any, review: Review
) -> None:
    linked.change(review.record_id, Name="Something else", TaxNumber="GB123123123")
    linked.poll()
    with pytest.raises(AirflowSkipException, match="changed since"):
        DecisionOperator(task_id="ask").execute(context(review))
    taken = answered("Create", reason="asked them")
    with pytest.raises(AirflowSkipException, match="not used"):
        answering.record(context(review), taken)


def test_a_conflict_shows_both_values_and_when_they_changed(form: dict[str, Any], linked: Any) -> None:
    cin7_id, nav_id = linked.seeded("V00010")
    linked.change(cin7_id, Name="Albion in Cin7")
    linked.change_vendor(nav_id, displayName="Albion in NAV")
    linked.poll()
    (review,) = linked.reviews()
    with pytest.raises(TaskAwaitingInput):
        DecisionOperator(task_id="ask").execute(context(review))
    assert form["options"] == ["Take Cin7's", "Take NAV's"]
    assert "| name | Albion in Cin7 | Albion in NAV |" in form["body"]
    assert "NAV V00010, changed 20" in form["body"]
    assert list(form["params"]) == ["reason"]
    answering.record(context(review), answered("Take NAV's", reason="as on paper"))
    linked.poll()
    assert linked.supplier_row(cin7_id)["Name"] == "Albion in NAV"
