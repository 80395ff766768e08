"""One way into our database: short transactions on pooled psycopg2 connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Protocol

import msgspec
import psycopg2
import psycopg2.extensions
import psycopg2.extras

from cin7_nav.store import schema

ONLY_COMPANY = "default"
"""The company key of an installation for one company; every table carries the key."""

_loads = msgspec.json.Decoder(float_hook=Decimal).decode


class AirflowConnection(Protocol):
    """The part of an Airflow connection that names a PostgreSQL database."""

    host: str | None
    port: int | None
    login: str | None
    password: str | None
    schema: str | None


class Cursor(psycopg2.extensions.cursor):
    """Statements about one company."""

    company: str
    """The key by which its rows are known; every statement of ours names it."""


class Database:
    """Our database, as one company sees it.

    Thread-safe: each thread that asks gets a connection of its own for the transaction.
    """

    def __init__(self, dsn: str, company: str = ONLY_COMPANY) -> None:
        self.dsn = dsn
        self.company = company
        self._idle: list[psycopg2.extensions.connection] = []
        self._lock = threading.Lock()

    @classmethod
    def from_connection(cls, connection: AirflowConnection, company: str = ONLY_COMPANY) -> Database:
        """The database that the Airflow connection (`cin7_nav_db`) names."""
        return cls(
            psycopg2.extensions.make_dsn(
                host=connection.host,
                port=connection.port,
                user=connection.login,
                password=connection.password,
                dbname=connection.schema,
                application_name="cin7-nav",
            ),
            company,
        )

    def connect(self) -> psycopg2.extensions.connection:
        """A connection of its own that the caller closes, e.g. to hold a session-level lock.

        Raises SchemaMismatch where the database is of another version than this program.
        """
        connection = psycopg2.connect(self.dsn, cursor_factory=Cursor)
        schema.hold(connection)
        # Of this connection only: Airflow's own connections in this process must go on to read floats.
        psycopg2.extras.register_default_jsonb(connection, loads=_loads)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """A cursor in one transaction: committed at the end, rolled back on an exception."""
        connection = self._take()
        try:
            with connection.cursor() as cursor:
                assert isinstance(cursor, Cursor)
                cursor.company = self.company
                yield cursor
            connection.commit()
        except BaseException:
            if not connection.closed:
                connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Close every idle connection. The object stays usable: the next transaction connects anew."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> psycopg2.extensions.connection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        return connection or self.connect()


def values(cursor: Cursor, sql: str, rows: list[tuple[Any, ...]], template: str | None = None) -> list[Any]:
    """Run `sql` with its `VALUES %s` filled with all rows at once; the rows of RETURNING, if any."""
    if not rows:
        return []
    psycopg2.extras.execute_values(cursor, sql, rows, template=template, page_size=len(rows))
    return cursor.fetchall() if cursor.description else []
