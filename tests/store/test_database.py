"""Our connections read exact numbers; those of others in the same process are left as they are."""

from __future__ import annotations

import contextlib

import psycopg2
from cin7_nav.store.database import Database

STATEMENT = """SELECT '{"seconds": 15.0}'::jsonb"""


def test_numbers_in_jsonb_are_exact(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute(STATEMENT)
        assert repr(cursor.fetchall()) == "[({'seconds': Decimal('15.0')},)]"


def test_connections_of_others_in_this_process_go_on_to_read_floats(database: Database) -> None:
    """Airflow reads its serialized DAGs on such connections; a Decimal there stops the scheduler."""
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(STATEMENT)
        seconds = cursor.fetchall()[0][0]["seconds"]
    assert isinstance(seconds, float)
