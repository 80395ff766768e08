"""What somebody can do who has taken over the receiver: its process, its role and its password.

He can land events and ask whether a handshake is expected. He reads nothing, changes nothing, fills no disk
with tables, and what he lands makes a flow look at the vendor, whose answer is what counts.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator

import psycopg2
import psycopg2.extensions
import pytest
from cin7_nav.store import webhook_secrets
from cin7_nav.store.database import Database
from cin7_nav.store.migrate import migrate

from stack.postgres import Postgres, Role

SECRET = "a-long-random-secret-for-tests"
LAND = "SELECT landed FROM land_event('default', %s, %s, %s, %s, %s, '{}'::jsonb, %s::jsonb, false)"
RECORD = '[{"record_id": "11111111-1111-4111-8111-111111111112", "number": "SO-1", "path": []}]'


@pytest.fixture
def fresh(postgres: Postgres) -> Iterator[str]:
    """The DSN of a database of its own that was made and migrated as an installation's is."""
    postgres.ensure(Role("intruded", "intruded", "CREATEROLE"))
    with contextlib.closing(psycopg2.connect(postgres.dsn())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            # One server has the role already; there, its first owner is another one.
            cursor.execute("GRANT cin7_nav_receiver TO intruded WITH ADMIN OPTION")
            dsn = postgres.dsn("intruded", "intruded")
            migrate(dsn)
            postgres.admit("cin7_nav_receiver", "intruded")
            yield dsn
            cursor.execute("DROP DATABASE intruded WITH (FORCE)")
            cursor.execute("DROP ROLE intruded")


@pytest.fixture
def intruder(fresh: str, receiver_dsn: str) -> Iterator[psycopg2.extensions.cursor]:
    """A session of the receiver's role."""
    password = psycopg2.extensions.parse_dsn(receiver_dsn)["password"]
    given = psycopg2.extensions.parse_dsn(fresh) | {"user": "cin7_nav_receiver", "password": password}
    with contextlib.closing(psycopg2.connect(**given)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM webhook_secret",
        "SELECT payload FROM inbox",
        "UPDATE document SET state = 'posted'",
        "DELETE FROM audit",
        "CREATE TABLE mine (text text)",
        "CREATE TEMPORARY TABLE mine (text text)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT append_audit('default', '[]')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SET ROLE intruded",
    ],
)
def test_he_reads_and_changes_nothing(intruder: psycopg2.extensions.cursor, statement: str) -> None:
    with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.UndefinedFunction)):
        intruder.execute(statement)


def test_he_reaches_no_other_database(fresh: str, receiver_dsn: str, postgres: Postgres) -> None:
    postgres.ensure(Role("airflow_of_others", "other"))
    given = psycopg2.extensions.parse_dsn(receiver_dsn) | {"dbname": "airflow_of_others"}
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(**given)


def test_without_a_secret_he_lands_nothing_of_cin7(intruder: psycopg2.extensions.cursor) -> None:
    guess = hashlib.sha256(b"a guess").digest()
    intruder.execute(LAND, ("cin7", guess, "Sale/InvoiceAuthorised", "invoices", "0" * 64, RECORD))
    assert intruder.fetchall() in ([(0,)], [(None,)])


def test_with_a_secret_what_he_lands_only_makes_a_flow_look(
    fresh: str, intruder: psycopg2.extensions.cursor
) -> None:
    """He may know the secret, since the receiver is shown it: an event carries no amount and no account."""
    with contextlib.closing(Database(fresh)) as database:
        webhook_secrets.admit(database, "cin7", SECRET)
        known = webhook_secrets.fingerprint(SECRET)
        for _ in range(5):
            intruder.execute(LAND, ("cin7", known, "Sale/InvoiceAuthorised", "invoices", "1" * 64, RECORD))
        with database.transaction() as cursor:
            cursor.execute("SELECT count(*), max(repeats) FROM inbox")
            assert cursor.fetchone() == (1, 4)
            cursor.execute("SELECT count(*) FROM document")
            assert cursor.fetchone() == (0,)
