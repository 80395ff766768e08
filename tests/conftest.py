"""Real servers for the tests: one PostgreSQL and one sandbox per session, a fresh state for each test."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from cin7_nav.store.database import Database
from cin7_nav.store.migrate import RECEIVER_ROLE, migrate

from stack import processes
from stack import sandbox as sandbox_stack
from stack.postgres import Postgres, Role, wait_until_ready
from stack.sandbox import Sandbox, Side

RECEIVER_PASSWORD = "receiver"


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder of this session that other users can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="cin7-nav-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def postgres(folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL server with the role `cin7_nav`, which owns the migrated database `cin7_nav`."""
    server = Postgres(folder / "postgres", processes.free_port(), "postgres", durable=False)
    server.prepare()
    process = processes.spawn(
        server.command, folder / "postgres.log", user=server.user, last_signal=server.stop_signal
    )
    try:
        wait_until_ready(server, process, 30)
        server.ensure(Role("cin7_nav", "cin7_nav", "CREATEROLE"))
        migrate(server.dsn("cin7_nav", "cin7_nav"), RECEIVER_PASSWORD)
        yield server
    finally:
        processes.stop(process, with_signal=server.stop_signal)


@pytest.fixture(scope="session")
def new_database(postgres: Postgres) -> Callable[[], contextlib.AbstractContextManager[str]]:
    """Makes copies of the migrated, empty database; each is a context manager that gives its DSN."""

    def execute(statement: str) -> None:
        connection = psycopg2.connect(postgres.dsn())
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)

    @contextlib.contextmanager
    def fresh() -> Iterator[str]:
        name = f"test_{uuid4().hex}"
        execute(f"CREATE DATABASE {name} TEMPLATE cin7_nav OWNER cin7_nav STRATEGY file_copy")
        try:
            yield postgres.dsn("cin7_nav", "cin7_nav", name)
        finally:
            execute(f"DROP DATABASE {name} WITH (FORCE)")

    return fresh


@pytest.fixture
def database(new_database: Callable[[], contextlib.AbstractContextManager[str]]) -> Iterator[Database]:
    """A fresh migrated database of our own."""
    with new_database() as dsn:
        fresh = Database(dsn)
        yield fresh
        fresh.close()


@pytest.fixture
def receiver_dsn(database: Database) -> str:
    """The DSN of `database` for the webhook receiver's role, which may do little."""
    parameters: dict[str, Any] = psycopg2.extensions.parse_dsn(database.dsn)
    return psycopg2.extensions.make_dsn(**parameters | {"user": RECEIVER_ROLE, "password": RECEIVER_PASSWORD})


@pytest.fixture(scope="session")
def sandbox_process(folder: Path) -> Iterator[Sandbox]:
    """A running sandbox; tests take `sandbox`, `cin7_sandbox` or `nav_sandbox`, which reset it first."""
    cin7_port, nav_port = processes.free_port(), processes.free_port()
    state, log = folder / "sandbox", folder / "sandbox.log"
    command = sandbox_stack.command(cin7_port, nav_port, state, "http://127.0.0.1:9")
    process = processes.spawn(command, log)
    running = Sandbox.at(cin7_port, nav_port, state)
    try:
        processes.wait_until(
            lambda: process.poll() is not None or running.is_up(), 30, "the sandbox does not answer"
        )
        assert process.poll() is None, log.read_text()
        yield running
    finally:
        processes.stop(process)


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The sandbox in its seeded state."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def cin7_sandbox(sandbox: Sandbox) -> Side:
    return sandbox.cin7


@pytest.fixture
def nav_sandbox(sandbox: Sandbox) -> Side:
    return sandbox.nav


@pytest.fixture(scope="session")
def on_premises_processes(folder: Path) -> Iterator[Callable[..., Side]]:
    """Starts the NAV side in a flavour, once each."""
    running: dict[str, tuple[Any, Side]] = {}

    def start(flavour: str, *options: str) -> Side:
        name = "".join((flavour, *options))
        if name not in running:
            port, log, state = processes.free_port(), folder / f"nav-{name}.log", folder / name
            command = [sys.executable, "-m", "sandbox", "--only", "nav", "--flavour", flavour,
                       "--nav-port", str(port), "--state-dir", str(state), *options]  # fmt: skip
            process = processes.spawn(command, log)
            secure = "--tls" in options
            side = Side(f"https://127.0.0.1:{port}" if secure else f"http://127.0.0.1:{port}",
                        state / "ca.pem" if secure else None)  # fmt: skip
            running[name] = (process, side)
            processes.wait_until(lambda: process.poll() is not None or side.is_up(), 30, "no answer")
            assert process.poll() is None, log.read_text()
        return running[name][1]

    yield start
    for process, _ in running.values():
        processes.stop(process)


@pytest.fixture
def on_premises(on_premises_processes: Callable[..., Side]) -> Callable[..., Side]:
    """A NAV on-premises of a flavour in its seeded state."""

    def fresh(flavour: str, *options: str) -> Side:
        side = on_premises_processes(flavour, *options)
        side.reset()
        return side

    return fresh


@pytest.fixture
def airflow_connection(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Airflow connection `cin7_nav_db` points at `database`."""
    named: dict[str, Any] = psycopg2.extensions.parse_dsn(database.dsn)
    connection = {
        "conn_type": "postgres",
        "host": named["host"],
        "port": int(named["port"]),
        "login": named["user"],
        "password": named["password"],
        "schema": named["dbname"],
    }
    monkeypatch.setenv("AIRFLOW_CONN_CIN7_NAV_DB", json.dumps(connection))


@pytest.fixture
def end_sessions(database: Database, postgres: Postgres) -> Callable[[str], int]:
    """Ends every session of a role in `database`, as a restart of the server does; how many there were."""

    def end(role: str) -> int:
        connection = psycopg2.connect(postgres.dsn())
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE usename = %s AND datname = %s",
                (role, psycopg2.extensions.parse_dsn(database.dsn)["dbname"]),
            )
            return len(cursor.fetchall())

    return end
