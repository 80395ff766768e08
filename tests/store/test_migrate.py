"""Bringing a database up to date, again and from several places at once."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from alembic import command
from alembic.config import Config
from cin7_nav.model import State
from cin7_nav.store import audit, listing, schema
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Database
from cin7_nav.store.migrate import RECEIVER_ROLE, migrate
from cin7_nav.store.replay import Filter

from tests.samples import PROBLEM, document
from tests.store.conftest import Desk


@pytest.fixture
def empty(postgres: Any) -> Iterator[str]:
    """The DSN of a database without any table of ours."""
    name = f"test_{uuid4().hex}"
    with contextlib.closing(psycopg2.connect(postgres.dsn())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} OWNER cin7_nav")
            yield postgres.dsn("cin7_nav", "cin7_nav", name)
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tables(dsn: str) -> list[str]:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def test_an_empty_database_gets_the_whole_schema(empty: str, database: Database) -> None:
    migrate(empty)
    assert tables(empty) == tables(database.dsn)


def test_a_second_time_changes_nothing(database: Database) -> None:
    with database.transaction() as cursor:
        audit.append(cursor, [Change("record", None, "received", "found", "dag/run")])
    migrate(database.dsn)
    assert len(audit.trail(database, "record")) == 1


def test_several_at_once_do_it_once(empty: str) -> None:
    code = "import sys; from cin7_nav.store.migrate import migrate; migrate(sys.argv[1])"
    migrations = [subprocess.Popen([sys.executable, "-c", code, empty]) for _ in range(3)]
    assert [migration.wait(60) for migration in migrations] == [0, 0, 0]
    with contextlib.closing(psycopg2.connect(empty)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM alembic_version")
        assert cursor.fetchone() == (1,)


def test_every_table_carries_the_company(database: Database) -> None:
    shared = {"alembic_version", "payload", "api_slot"}
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'company'"
            " AND table_schema = 'public'"
        )
        with_company = {row[0] for row in cursor.fetchall()}
    assert set(tables(database.dsn)) - shared <= with_company


def test_the_receivers_password_is_set_where_one_is_given(database: Database, receiver_dsn: str) -> None:
    migrate(database.dsn, "receiver")
    with contextlib.closing(psycopg2.connect(receiver_dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (RECEIVER_ROLE,)


def test_an_older_schema_with_data_in_it_is_brought_up_to_date(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents that were posted and held by an earlier version go on as they are."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.attributes["dsn"] = empty
    command.upgrade(config, "0003")
    newest = schema.HEAD
    monkeypatch.setattr(schema, "HEAD", "0003")
    old = Desk(Database(empty))
    old.posted(document("INV-1"))
    held = old.decide(old.ready(document("INV-2")), State.HELD, problems=(PROBLEM,))
    old.sql(
        "UPDATE document SET journal = jsonb_set(journal, '{lines}', (SELECT jsonb_agg(line - "
        "'cin7_accounts')"
        " FROM jsonb_array_elements(journal->'lines') line))"
    )
    held = old.stored(held.key)
    before = old.sql("SELECT number, state, shown_hash FROM document ORDER BY id")
    monkeypatch.setattr(schema, "HEAD", newest)
    old.database.close()

    migrate(empty)

    assert old.sql("SELECT number, state, shown_hash FROM document ORDER BY id") == before
    assert audit.verify(old.database).broken is None
    assert [one.number for one in listing.page(old.database, Filter(text="inv-2"), 10)] == ["INV-2"]
    assert old.decide(held, State.READY, journal=held.journal).shown_hash == held.shown_hash
    old.database.close()
