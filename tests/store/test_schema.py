"""A program and the database are of one version, also while one of them is being upgraded."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import psycopg2
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from cin7_nav.cli.console import database as command_database
from cin7_nav.store import schema
from cin7_nav.store.database import Database
from cin7_nav.store.migrate import migrate
from cin7_nav.store.schema import SchemaMismatch

import stack.processes


def mark(dsn: str, revision: str) -> None:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = %s", (revision,))


@pytest.fixture
def newer(database: Database) -> str:
    """The DSN of a database that a later version has upgraded."""
    mark(database.dsn, "9999")
    return database.dsn


def test_the_newest_migration_is_what_this_program_was_written_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_an_older_program_is_refused(newer: str) -> None:
    with pytest.raises(SchemaMismatch, match=f"schema 9999 and this program knows {schema.HEAD}.*is older"):
        Database(newer).connect()


def test_an_older_program_does_not_migrate(newer: str) -> None:
    with pytest.raises(SchemaMismatch, match="Run the version that upgraded it"):
        migrate(newer)
    with contextlib.closing(psycopg2.connect(newer)) as connection:
        assert schema.revision(connection) == "9999"


def test_a_newer_program_waits_for_the_upgrade(database: Database) -> None:
    mark(database.dsn, "0009")
    with pytest.raises(SchemaMismatch, match="`make upgrade` brings it up to date"), database.transaction():
        pass


def test_a_database_that_was_never_migrated_is_named(postgres: stack.postgres.Postgres) -> None:
    with pytest.raises(SchemaMismatch, match="has no schema yet"):
        Database(postgres.dsn()).connect()


def test_a_command_of_an_older_program_ends_with_a_sentence(
    newer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CIN7_NAV_DB", f"postgres://{newer_uri(newer)}")
    with pytest.raises(BaseException, match="1"), command_database() as database, database.transaction():
        pass
    assert "is older than the database" in capsys.readouterr().err


def newer_uri(dsn: str) -> str:
    parts = psycopg2.extensions.parse_dsn(dsn)
    return f"{parts['user']}:{parts['password']}@{parts['host']}:{parts['port']}/{parts['dbname']}"


def upgrading(dsn: str, then: Callable[[], object]) -> tuple[threading.Thread, list[str]]:
    """A migration to 9999 by another thread, which first gets the schema alone and then does `then`."""
    said: list[str] = []

    def run() -> None:
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection:
            schema.take(connection)
            said.append("alone")
            then()
            with connection.cursor() as cursor:
                cursor.execute("UPDATE alembic_version SET version_num = '9999'")

    thread = threading.Thread(target=run)
    thread.start()
    return thread, said


def test_a_migration_waits_for_a_program_that_ends_in_time(database: Database) -> None:
    ours = database.connect()
    thread, said = upgrading(database.dsn, lambda: None)
    stack.processes.wait_until(lambda: waiting(database.dsn) == 1, 10, "nobody waits")
    assert not said
    with ours, ours.cursor() as cursor:
        cursor.execute("SELECT 1")
    ours.close()
    thread.join(10)
    assert said


def test_a_migration_ends_the_sessions_of_a_program_that_does_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "GRACE_S", 0.1)
    lost = database.connect()
    thread, said = upgrading(database.dsn, lambda: None)
    thread.join(10)
    assert said
    with lost.cursor() as cursor, pytest.raises(psycopg2.OperationalError):
        cursor.execute("SELECT 1")
    with pytest.raises(SchemaMismatch), database.transaction():
        pass


def test_a_program_that_comes_during_a_migration_waits_and_is_refused(database: Database) -> None:
    proceed = threading.Event()
    thread, said = upgrading(database.dsn, lambda: proceed.wait(10))
    stack.processes.wait_until(lambda: bool(said), 10, "the migration does not begin")
    refused: list[Exception] = []

    def come() -> None:
        try:
            database.connect()
        except SchemaMismatch as error:
            refused.append(error)

    comer = threading.Thread(target=come)
    comer.start()
    stack.processes.wait_until(lambda: waiting(database.dsn) == 1, 10, "the comer does not wait")
    assert not refused
    proceed.set()
    thread.join(10)
    comer.join(10)
    assert "schema 9999" in str(refused[0])


def waiting(dsn: str) -> int:
    """How many sessions wait for the schema's lock."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (schema.LOCK,),
        )
        row = cursor.fetchone()
        assert row is not None
        count: int = row[0]
        return count
