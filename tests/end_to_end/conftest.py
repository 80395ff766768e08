"""Real stacks for the tests of this folder: database, receiver, Airflow and sandbox, on free ports."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stack.processes import free_port
from stack.settings import PORTS, ROOT, Settings
from stack.startup import Stack
from stack.supervisor import Supervisor
from stack.verdict import Ledger
from tests.end_to_end.installation import FLOW, Airflow, Installation, eventually
from tests.end_to_end.leaks import leaks

SCHEDULE = 'poll: "0 0 29 2 *"\nsweep: "30 2 * * *"\nrenewal: "0 0 29 2 *"\n'
"""Polls and renewals happen when a test asks for one; the sweep is daily, as backfills are by day."""


@contextlib.contextmanager
def started(folder: Path, **variables: str) -> Iterator[Installation]:
    """A stack below `folder`, with these variables besides its own; its logs must be free of secrets."""
    var = Path(tempfile.mkdtemp(prefix="end_to_end-", dir=folder))
    var.chmod(0o755)
    mappings, schedule = var / "mappings", var / "schedule.yaml"
    shutil.copytree(ROOT / "include" / "mappings", mappings)
    schedule.write_text(SCHEDULE)
    settings = Settings.read(demo=True)
    environment = {
        **settings.environment,
        **{name: str(free_port()) for name in PORTS},
        "CIN7_NAV_SCHEDULE": str(schedule),
        "CIN7_NAV_MAPPINGS": str(mappings),
        **variables,
    }
    settings = replace(settings, var=var, environment=environment)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    said: list[str] = []
    try:
        with Supervisor(settings, said.append) as supervisor:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            stack = Stack(settings, supervisor)
            stack.start()
            stack.wait_for_dags(60)
            stack.sandbox.cin7.patch("settings", {"webhook_first_delay": 0.1})
            receiver = f"http://127.0.0.1:{settings.port('RECEIVER_PORT')}"
            installation = Installation(
                Airflow(settings), stack.sandbox, Ledger(stack.sandbox.nav), receiver, mappings, supervisor,
                stack.dsn,
            )  # fmt: skip
            # Airflow makes up for the last sweep as soon as it knows the DAG.
            eventually(lambda: installation.airflow.runs(FLOW, run_type="scheduled"))
            installation.wait_until_quiet(300)
            yield installation
        assert leaks(var) == []
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)


@pytest.fixture
def installation(running: Installation) -> Iterator[Installation]:
    """The installation at rest, with nothing left to post. Afterwards the ledger must be in order."""
    running.wait_until_quiet()
    if running.verdict().missing:
        running.poll()
    for side in (running.sandbox.cin7, running.sandbox.nav):
        side.delete("calls")
    yield running
    for side in (running.sandbox.cin7, running.sandbox.nav):
        side.delete("faults")
    verdict = running.verdict()
    assert not verdict.surplus
    assert not verdict.unbalanced


@pytest.fixture
def accounts(installation: Installation) -> Iterator[Path]:
    """The installation's accounts.yaml, which is as it was after the test."""
    path = installation.mappings / "accounts.yaml"
    before = path.read_text()
    yield path
    path.write_text(before)
