"""PostgreSQL and the sandbox for the rows without Airflow, and tasks run in child processes."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
from cin7_nav.store.migrate import migrate

from stack import connections, processes
from stack import sandbox as sandbox_stack
from stack.postgres import Postgres, Role, wait_until_ready
from stack.sandbox import Sandbox
from stack.settings import ROOT, Settings

STEPS = ("collect", "translate", "deliver")
DAYS = 20
"""The business dates of filled invoices end today and begin so many days before."""
CHUNK = 1000

SANDBOX = {"vendors' delay": "0 s", "Airflow": "none, the steps run in a child process"}
"""What holds for every row that is measured here."""


class Failed(Exception):
    """A measured process did not do its work; the text has its last words."""


@dataclass(frozen=True)
class Lab:
    """A sandbox in a process of its own, and a PostgreSQL that writes through to the disk."""

    folder: Path
    postgres: Postgres
    sandbox: Sandbox
    settings: Settings

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The DSN of a fresh, migrated database."""
        name = f"bench_{uuid4().hex}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE cin7_nav OWNER cin7_nav STRATEGY file_copy")
        try:
            yield self.postgres.dsn("cin7_nav", "cin7_nav", name)
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def fill(self, documents: int) -> None:
        """Reset both sides and let Cin7 have so many authorised invoices, seven in ten of them sales."""
        self.sandbox.reset()
        self.sandbox.cin7.patch("settings", {"rate_limit": False})
        first, last = days()
        for seed, start in enumerate(range(0, documents, CHUNK), start=1):
            count = min(CHUNK, documents - start)
            sales = count * 7 // 10
            dates = {"from": first.isoformat(), "to": last.isoformat(), "updated": "date"}
            self.sandbox.cin7.post(
                "bulk", {"sales": sales, "purchases": count - sales, "seed": seed, **dates}
            )

    def task(
        self,
        dsn: str,
        steps: Sequence[str] = STEPS,
        *,
        keys: int = 2,
        calls_per_minute: int = 0,
        **job: Any,
    ) -> dict[str, Any]:
        """Run steps of the flow in a child process; see `bench.task` for `job` and the answer."""
        named = self.named(dsn, keys=keys, calls_per_minute=calls_per_minute)
        return self.child("bench.task", {"steps": list(steps), **job}, named)

    def named(self, dsn: str, *, keys: int = 2, calls_per_minute: int = 0) -> dict[str, str]:
        """The connections as an environment."""
        known = connections.sandbox(self.settings) | connections.database(dsn)
        cin7 = json.loads(known["cin7_default"])
        cin7["extra"] |= {
            "application_keys": list(connections.CIN7_KEYS[1:keys]),
            "calls_per_minute": calls_per_minute,
        }
        known["cin7_default"] = json.dumps(cin7)
        return {f"AIRFLOW_CONN_{name.upper()}": text for name, text in known.items()}

    def child(self, module: str, job: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
        """Run `python -m module` on `job`; its answer. Raises Failed."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", module, str(answer)],
            cwd=ROOT,
            env={**plain, "AIRFLOW_HOME": str(self.folder / "airflow"), **environment},
            input=json.dumps(job),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise Failed(f"{module} ended with code {done.returncode}:\n{done.stdout[-3000:]}")
        found: dict[str, Any] = json.loads(answer.read_text())
        return found

    def _administer(self, statement: str) -> None:
        connection = psycopg2.connect(self.postgres.dsn())
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)


def days() -> tuple[dt.date, dt.date]:
    """The first and last business date of filled invoices."""
    today = dt.datetime.now(dt.UTC).date()
    return today - dt.timedelta(days=DAYS), today


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    """A running lab in a temporary folder."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="cin7-nav-bench-"))
        folder.chmod(0o755)
        stack.callback(shutil.rmtree, folder)
        postgres = _postgres(folder, stack)
        ports = {name: processes.free_port() for name in ("SANDBOX_CIN7_PORT", "SANDBOX_NAV_PORT")}
        settings = Settings(folder, True, {name: str(port) for name, port in ports.items()})
        yield Lab(folder, postgres, _sandbox(folder, settings, stack), settings)


def _postgres(folder: Path, stack: contextlib.ExitStack) -> Postgres:
    server = Postgres(folder / "postgres", processes.free_port(), "postgres")
    server.prepare()
    stack.callback(server.destroy)
    process = processes.spawn(
        server.command, folder / "postgres.log", user=server.user, last_signal=server.stop_signal
    )
    stack.callback(processes.stop, process, with_signal=server.stop_signal)
    wait_until_ready(server, process, 30)
    server.ensure(Role("cin7_nav", "cin7_nav", "CREATEROLE"))
    migrate(server.dsn("cin7_nav", "cin7_nav"), "receiver")
    return server


def _sandbox(folder: Path, settings: Settings, stack: contextlib.ExitStack) -> Sandbox:
    cin7, nav = settings.port("SANDBOX_CIN7_PORT"), settings.port("SANDBOX_NAV_PORT")
    state = folder / "sandbox"
    process = processes.spawn(
        sandbox_stack.command(cin7, nav, state, "http://127.0.0.1:9"), folder / "sandbox.log"
    )
    stack.callback(processes.stop, process)
    running = Sandbox.at(cin7, nav, state)
    processes.wait_until(
        lambda: process.poll() is not None or running.is_up(), 30, "no answer of the sandbox"
    )
    if process.poll() is not None:
        raise Failed((folder / "sandbox.log").read_text())
    return running
