"""When the sensor waits, and that it never fails for want of events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from cin7_nav.sensors.webhook_landed import WebhookLandedSensor
from cin7_nav.store import inbox
from cin7_nav.store.database import Database
from cin7_nav.triggers.webhook_landed import WebhookLandedTrigger

RING = {"from_trigger": True, "payload": {"flow": "invoices", "waiting": 1}}


pytestmark = pytest.mark.usefixtures("airflow_connection")


@pytest.fixture
def sensor() -> WebhookLandedSensor:
    return WebhookLandedSensor(task_id="wait", flow="invoices", timeout=7)


def land(database: Database, flow: str = "invoices") -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state) "
            "VALUES ('default', 'cin7', 'Sale/Voided', %s, '', 'SO-1', 'hash', 'waiting')",
            (flow,),
        )


def context(*extras: dict[str, Any] | None, **params: Any) -> Any:
    events = {"asset": [SimpleNamespace(extra=extra) for extra in extras]} if extras else {}
    run = SimpleNamespace(dag_id="invoices_to_journal", run_id="this run")
    return {"params": params, "triggering_asset_events": events, "dag_run": run}


def test_it_succeeds_at_once_where_events_wait(database: Database, sensor: WebhookLandedSensor) -> None:
    land(database)
    assert sensor.execute(context(RING)) == 1
    assert inbox.waiting(database, "invoices") == 1


@pytest.mark.parametrize(
    "started_by",
    [
        context(),
        context({}),
        context(None),
        context({"from_trigger": True, "payload": {"flow": "stock", "waiting": 1}}),
        context({"payload": {"flow": "invoices"}}),
        context(RING, {"poll": "due"}),
        context(listen=False),
    ],
    ids=[
        "schedule or hand",
        "poll",
        "poll without extra",
        "other flow",
        "by hand",
        "ring and poll",
        "no listen",
    ],
)
def test_a_run_about_something_else_does_not_wait(sensor: WebhookLandedSensor, started_by: Any) -> None:
    assert sensor.execute(started_by) == 0


@pytest.mark.parametrize("started_by", [context(RING), context(RING, RING)])
def test_a_run_whose_events_another_run_has_taken_is_skipped(
    database: Database, sensor: WebhookLandedSensor, started_by: Any
) -> None:
    land(database)
    inbox.claim(database, "invoices", "invoices_to_journal/another run", limit=10)
    with pytest.raises(AirflowSkipException):
        sensor.execute(started_by)


def test_a_run_that_is_run_again_finds_the_events_it_holds(
    database: Database, sensor: WebhookLandedSensor
) -> None:
    land(database)
    inbox.claim(database, "invoices", "invoices_to_journal/this run", limit=10)
    assert sensor.execute(context(RING)) == 1


def test_a_run_that_is_to_listen_waits(database: Database, sensor: WebhookLandedSensor) -> None:
    land(database, "stock")
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context(listen=True))
    assert deferred.value.trigger.serialize() == WebhookLandedTrigger("invoices", wait=7).serialize()
    assert deferred.value.timeout.total_seconds() > 7
    assert hasattr(sensor, deferred.value.method_name)


@pytest.mark.parametrize("waiting", [0, 3])
def test_it_goes_on_when_the_trigger_answers(sensor: WebhookLandedSensor, waiting: int) -> None:
    event = {"flow": "invoices", "waiting": waiting}
    assert sensor.resume_execution("landed", {"event": event}, context(RING)) == waiting


def test_it_goes_on_when_no_triggerer_answers(sensor: WebhookLandedSensor) -> None:
    assert sensor.resume_execution("__fail__", {"error": "Trigger timeout"}, context(RING)) == 0


def test_a_broken_trigger_is_a_failure(sensor: WebhookLandedSensor) -> None:
    with pytest.raises(Exception, match="Trigger failure"):
        sensor.resume_execution("__fail__", {"error": "Trigger failure", "traceback": None}, context(RING))
