"""When the sensor waits for what is staged, and that it never holds a run for ever."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from cin7_nav.hooks.errors import Unavailable
from cin7_nav.sensors import journal_posted
from cin7_nav.sensors.journal_posted import JournalPostedSensor
from cin7_nav.triggers.journal_posted import JournalPostedTrigger, Look

CONTEXT: Any = {}


@pytest.fixture
def sensor(monkeypatch: pytest.MonkeyPatch) -> JournalPostedSensor:
    for name in ("CIN7_NAV_DB", "NAV_DEFAULT"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps({"conn_type": "generic", "login": name}))
    return JournalPostedSensor(task_id="posted", timeout=70)


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets a look at NAV find this."""

    def finds(found: Look) -> None:
        def look_over(ours: Any, navs: Any, company: str) -> Look:
            assert (ours.login, navs.login) == ("CIN7_NAV_DB", "NAV_DEFAULT")
            return found

        monkeypatch.setattr(journal_posted, "look_over", look_over)

    return finds


def test_it_succeeds_at_once_where_something_was_posted(sensor: JournalPostedSensor, finds: Any) -> None:
    finds(Look(staged=3, moved=2))
    assert sensor.execute(CONTEXT) == 2


def test_it_is_skipped_where_nothing_is_staged(sensor: JournalPostedSensor, finds: Any) -> None:
    finds(Look(staged=0, moved=0))
    with pytest.raises(AirflowSkipException):
        sensor.execute(CONTEXT)


def test_it_waits_without_a_worker_and_not_for_ever(sensor: JournalPostedSensor, finds: Any) -> None:
    finds(Look(staged=3, moved=0))
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(CONTEXT)
    assert deferred.value.trigger.serialize() == JournalPostedTrigger().serialize()
    assert deferred.value.timeout.total_seconds() == 70
    assert hasattr(sensor, deferred.value.method_name)


def test_it_goes_on_when_the_trigger_rings(sensor: JournalPostedSensor) -> None:
    assert sensor.resume_execution("moved", {"event": {"moved": 1}}, CONTEXT) == 1


def test_it_is_skipped_when_nothing_happens_in_time(sensor: JournalPostedSensor) -> None:
    with pytest.raises(AirflowSkipException):
        sensor.resume_execution("__fail__", {"error": "Trigger timeout"}, CONTEXT)


def test_a_broken_trigger_is_a_failure(sensor: JournalPostedSensor) -> None:
    with pytest.raises(Exception, match="Trigger failure"):
        sensor.resume_execution("__fail__", {"error": "Trigger failure", "traceback": None}, CONTEXT)


def test_a_vendor_that_does_not_answer_is_a_failure_that_is_tried_again(
    sensor: JournalPostedSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_over(*_: Any) -> Look:
        raise Unavailable("down")

    monkeypatch.setattr(journal_posted, "look_over", look_over)
    with pytest.raises(Unavailable):
        sensor.execute(CONTEXT)
