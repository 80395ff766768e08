"""Several workers share one budget and one order, whichever of them dies; Redis passes the tasks on."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from cin7_nav.store import schema

from stack import processes
from stack.verdict import booked, expected
from tests.end_to_end.conftest import started
from tests.end_to_end.installation import FLOW, INSERT, POST, Installation, Json, eventually

pytestmark = pytest.mark.celery

WORKERS = ("worker-1", "worker-2")
VARIABLES = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "CELERY_WORKERS": str(len(WORKERS)),
    # A dead worker's tasks are missed soon, and what it had been handed is handed out again.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
}


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Installation]:
    with started(folder, **VARIABLES) as installation:
        yield installation


def pids(installation: Installation) -> dict[str, int]:
    state = json.loads((installation.supervisor.settings.run / "state.json").read_text())
    return {name: service["pid"] for name, service in state.items()}


def tended(installation: Installation, condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait as the stack does, which starts again what has ended."""

    def ask() -> bool:
        installation.supervisor.tend()
        return bool(condition())

    eventually(ask, seconds)


def begun(installation: Installation, worker: str) -> int:
    """How many tasks a worker was handed so far."""
    return installation.supervisor.log(worker).read_text(errors="replace").count("] received")


def invoices(installation: Installation, number: int) -> list[Json]:
    """Sales and purchases by turns, all of them announced."""
    makers = (installation.sale, installation.purchase)
    return [makers[place % 2](announce=True) for place in range(number)]


def test_both_workers_work_on_one_budget(installation: Installation) -> None:
    before = {worker: begun(installation, worker) for worker in WORKERS}
    made = invoices(installation, 16)
    tended(installation, lambda: installation.is_posted(*made), 180)
    assert installation.postings(*made) == [1] * 16
    for worker in WORKERS:
        assert begun(installation, worker) > before[worker]
    calls = installation.sandbox.cin7.get("calls")
    assert calls["refused"] == 0
    assert len([key for key, count in calls["by_key"].items() if count]) >= 1


@pytest.mark.parametrize("moment", [INSERT, POST])
def test_a_worker_killed_in_mid_delivery_posts_once(installation: Installation, moment: str) -> None:
    route = {INSERT: "/journals$", POST: "nav.post$"}[moment]
    installation.sandbox.nav.fault("delay", route, "POST", seconds=5)
    sale = installation.sale(announce=True)
    run = installation.run_with("deliver", "running")
    eventually(lambda: installation.nav_calls(moment))
    pid = installation.airflow.tasks(run)["deliver"]["pid"]
    worker = next(name for name in WORKERS if os.getsid(pid) == pids(installation)[name])

    processes.kill_session(pids(installation)[worker])

    tended(installation, lambda: installation.airflow.run_state(FLOW, run) == "success", 180)
    assert installation.airflow.tasks(run)["deliver"]["try_number"] == 2
    assert installation.postings(sale) == [1]
    assert installation.nav_calls(POST) <= 2


def test_whichever_worker_dies_every_document_is_posted_once(installation: Installation) -> None:
    """Each round one of the workers dies at the moment when so many of the round's documents are posted."""
    chance = random.Random(20261125)
    everything: list[Json] = []
    for victim in (*WORKERS, *WORKERS):
        made = invoices(installation, 6)
        everything += made
        posted = chance.randrange(4)
        tended(installation, lambda m=made, p=posted: sum(installation.postings(*m)) >= p)  # type: ignore[misc]
        processes.kill_session(pids(installation)[victim])
        tended(installation, lambda m=made: installation.is_posted(*m), 240)  # type: ignore[misc]
    assert installation.postings(*everything) == [1] * len(everything)
    assert not installation.verdict().missing


def test_a_rolling_restart_and_a_migration_lose_and_double_nothing(installation: Installation) -> None:
    """Worker by worker, then the scheduler; in between a migration ends every session of ours."""
    made: list[Json] = []
    for service in (*WORKERS, "scheduler", "triggerer"):
        made += invoices(installation, 4)
        os.kill(before := pids(installation)[service], signal.SIGTERM)
        tended(installation, lambda s=service, b=before: pids(installation)[s] != b)  # type: ignore[misc]
        migrated(installation.dsn)
    tended(installation, lambda: installation.is_posted(*made), 240)
    assert installation.postings(*made) == [1] * len(made)


def migrated(dsn: str) -> None:
    """A migration that changes nothing: it has the schema alone for a moment, by force after 20 s."""
    connection = psycopg2.connect(dsn)
    with connection:
        schema.take(connection)
    connection.close()


def test_what_happens_to_one_document_keeps_its_order(running: Installation) -> None:
    """Authorised, undone and authorised anew while others compete: posted, reversed and posted again."""
    running.wait_until_quiet()
    sale = running.sale(announce=True)
    invoices(running, 4)
    tended(running, lambda: running.is_posted(sale))
    for action, body in (
        ("undo", {}),
        ("reauthorise", {"lines": [{"sku": "HV-0001", "quantity": 1, "price": "77.31"}]}),
    ):
        running.sandbox.cin7.post(f"invoice/{sale['task_id']}/{action}", {"announce": True, **body})
        invoices(running, 4)
    after = next(one for one in running.truth() if one["task_id"] == sale["task_id"])
    assert expected(after) != expected(sale)
    tended(running, lambda: running.is_posted(after), 180)

    ours = [entry for entry in running.ledger.entries() if str(sale["number"]) in entry["documentNumber"]]
    in_order = sorted(ours, key=lambda entry: entry["entryNumber"])
    numbers = list(dict.fromkeys(entry["documentNumber"] for entry in in_order))
    bookings = booked(ours)
    first, reversal, last = (bookings[number] for number in numbers)
    assert first == expected(sale)
    assert {account: -amount for account, amount in first.sums} == dict(reversal.sums)
    assert last == expected(after)
