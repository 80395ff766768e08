"""When a person is asked, what the form offers, and which answers are taken."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput
from cin7_nav.flows.decisions.operator import LOOKS_AGAIN, DecisionOperator
from cin7_nav.model import State
from cin7_nav.store.documents import Stored

from tests.flows.decisions.conftest import Put
from tests.samples import document

pytestmark = pytest.mark.usefixtures("airflow_connection")

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ANNA = {"id": "3", "name": "anna"}


@pytest.fixture
def form(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Airflow was told to show last."""
    shown: dict[str, Any] = {}
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **detail: shown.update(detail))
    return shown


def context(stored: Stored, **changes: Any) -> Any:
    params = {
        "document": stored.id,
        "shown_hash": stored.shown_hash,
        "question": stored.problems[0].code,
    }
    run = SimpleNamespace(dag_id="decisions", run_id="run-1")
    return {"params": params | changes, "task_instance": SimpleNamespace(id="ti"), "dag_run": run}


def ask(stored: Stored, **changes: Any) -> TaskAwaitingInput:
    with pytest.raises(TaskAwaitingInput) as waiting:
        DecisionOperator(task_id="ask").execute(context(stored, **changes))
    return waiting.value


def answered(option: str, **params: Any) -> dict[str, Any]:
    """The event with which Airflow resumes the task."""
    return {
        "chosen_options": [option],
        "params_input": params,
        "responded_at": NOON,
        "responded_by_user": ANNA,
        "timedout": False,
    }


def resume(stored: Stored, event: dict[str, Any]) -> Any:
    """In a process of its own, as Airflow does."""
    return DecisionOperator(task_id="ask").execute_complete(context(stored), event)


def test_a_held_document_is_asked_about(form: dict[str, Any], put: Put) -> None:
    waiting = ask(put())
    assert form["subject"].startswith("sale invoice INV-1, 120.00 GBP")
    assert "| Customer C00010 | 120.00 |" in form["body"]
    assert form["options"] == ["Post", "Skip"]
    assert not form["multiple"]
    assert form["defaults"] is None
    assert list(form["params"]) == ["reason"]
    assert form["params"]["reason"]["schema"]["minLength"] == 3
    assert waiting.timeout == LOOKS_AGAIN


def test_a_twin_can_be_linked_by_its_number(form: dict[str, Any], put: Put) -> None:
    ask(put(question="twin_in_nav"))
    assert form["options"] == ["Link", "Post anyway", "Skip"]
    assert {name: param["value"] for name, param in form["params"].items()} == {
        "reason": "",
        "nav_number": "108001",
    }


@pytest.mark.parametrize("state", [State.READY, State.POSTED, State.SKIPPED])
def test_nobody_is_asked_about_what_is_no_longer_held(form: dict[str, Any], put: Put, state: State) -> None:
    stored = put()
    put(state=state)
    with pytest.raises(AirflowSkipException, match=f"it is {state}"):
        DecisionOperator(task_id="ask").execute(context(stored))
    assert not form


def test_nobody_is_asked_about_old_content(form: dict[str, Any], put: Put) -> None:
    stored = put()
    put(replace(document(), total=Decimal(121)))
    with pytest.raises(AirflowSkipException, match="has changed since"):
        DecisionOperator(task_id="ask").execute(context(stored))
    assert not form


@pytest.mark.parametrize("changes", [{"document": None}, {"question": None}, {"document": 0}])
def test_a_run_that_no_flow_started_fails(put: Put, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Flows start these runs"):
        DecisionOperator(task_id="ask").execute(context(put(), **changes))


def test_an_answer_is_handed_on_with_who_gave_it(put: Put) -> None:
    event = answered("Post", reason=" agreed by phone ")
    assert resume(put(), event) == {
        "chosen_options": ["Post"],
        "params_input": {"reason": "agreed by phone"},
        "responded_at": NOON,
        "responded_by_user": ANNA,
    }


def test_what_the_form_left_empty_is_empty(put: Put) -> None:
    event = answered("Skip", reason="never ordered", nav_number=None)
    taken = resume(put(question="twin_in_nav"), event)
    assert taken["params_input"] == {"reason": "never ordered", "nav_number": ""}


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (answered("Skip"), "it needs a reason of at least 3 characters"),
        (answered("Skip", reason="  -  "), "it needs a reason of at least 3 characters"),
        (answered("Link", reason="by hand"), "it needs the number of the NAV document to link to"),
    ],
    ids=["no form", "no reason", "no number"],
)
def test_an_answer_that_lacks_something_is_asked_for_again(
    form: dict[str, Any],
    put: Put,
    capsys: pytest.CaptureFixture[str],
    event: dict[str, Any],
    told: str,
) -> None:
    stored = put(question="twin_in_nav")
    with pytest.raises(TaskAwaitingInput):
        resume(stored, event)
    assert form["options"] == ["Link", "Post anyway", "Skip"]
    assert f"The answer is not taken: {told}" in capsys.readouterr().out


def test_an_open_question_looks_whether_it_still_is_one(form: dict[str, Any], put: Put) -> None:
    stored = put()
    timeout = {"error": "the time is over", "error_type": "timeout"}
    with pytest.raises(TaskAwaitingInput):
        resume(stored, timeout)
    assert form["options"] == ["Post", "Skip"]
    put(state=State.POSTED)
    with pytest.raises(AirflowSkipException):
        resume(stored, timeout)


def test_another_error_is_one(put: Put) -> None:
    with pytest.raises(hitl.HITLTriggerEventError):
        resume(put(), {"error": "no idea", "error_type": "unknown"})
