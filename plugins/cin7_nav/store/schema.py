"""A program works on the schema that it was written for, and no other while it does.

Every session of ours holds a shared lock for as long as it lives; a migration takes the same lock alone.
So a program of the version before ends its transactions or loses them, and is refused when it comes again.
"""

from __future__ import annotations

from pathlib import Path

import psycopg2.errors
import psycopg2.extensions

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
"""The revision that this program was written for."""

LOCK = 3095
"""The advisory lock of this database that stands for its schema."""

_HOLD = f"SELECT pg_advisory_lock_shared({LOCK}); SELECT version_num FROM alembic_version"
_END_OTHERS = f"""
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND objid = {LOCK} AND classid = 0 AND mode = 'ShareLock'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
GRACE_S = 20
"""Seconds that programs at work get to end by themselves before a migration ends their sessions."""


class SchemaMismatch(RuntimeError):
    """The database is of another version than this program; the text says which, and what to do."""

    def __init__(self, found: str | None) -> None:
        if found is None:
            text = f"The database has no schema yet and this program needs {HEAD}: `make upgrade` makes it."
        elif found > HEAD:
            text = (
                f"The database has schema {found} and this program knows {HEAD}: the program is older than "
                "the database. Run the version that upgraded it; migrations go forwards only."
            )
        else:
            text = (
                f"The database has schema {found} and this program needs {HEAD}: `make upgrade` brings it "
                "up to date (in containers: `docker compose up init`)."
            )
        super().__init__(text)


def hold(connection: psycopg2.extensions.connection) -> None:
    """Keep the schema as it is while this session lives. Raises SchemaMismatch where it is not ours.

    Waits for a migration that is under way. Both statements go in one call: the second one sees what the
    migration has done that the first one waited for.
    """
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(_HOLD)
            found = cursor.fetchone()
    except psycopg2.errors.UndefinedTable:
        found = None
    revision = found[0] if found else None
    if revision != HEAD:
        connection.close()
        raise SchemaMismatch(revision)


def take(connection: psycopg2.extensions.connection) -> None:
    """Have the schema alone until this transaction ends; who has not let go of it after GRACE_S loses it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SAVEPOINT before; SET LOCAL lock_timeout = '{GRACE_S}s'")
        try:
            cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        except psycopg2.errors.LockNotAvailable:
            cursor.execute("ROLLBACK TO before")
            while not _taken(cursor):
                cursor.execute(_END_OTHERS)
                cursor.execute("SELECT pg_sleep(0.05)")
        cursor.execute("SET LOCAL lock_timeout = 0")


def _taken(cursor: psycopg2.extensions.cursor) -> bool:
    cursor.execute(f"SELECT pg_try_advisory_xact_lock({LOCK})")
    row = cursor.fetchone()
    return bool(row and row[0])


def revision(connection: psycopg2.extensions.connection) -> str | None:
    """What the database has; None where it was never migrated."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('alembic_version')")
        row = cursor.fetchone()
        if not row or row[0] is None:
            return None
        cursor.execute("SELECT version_num FROM alembic_version")
        row = cursor.fetchone()
        return str(row[0]) if row else None
