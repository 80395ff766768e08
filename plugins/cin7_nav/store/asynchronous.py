"""The way into our database for the two places that run on an event loop: the receiver and the trigger."""

from __future__ import annotations

from typing import Any

import asyncpg
from psycopg2.extensions import parse_dsn

LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a failing connection or statement raises, a timeout among it."""

TIMEOUT_S = 10.0


def arguments(dsn: str) -> dict[str, Any]:
    """`asyncpg.connect`'s arguments for a DSN in either of libpq's two forms (asyncpg itself reads one)."""
    given = parse_dsn(dsn)
    named = {"host": "host", "port": "port", "user": "user", "password": "password",
             "dbname": "database", "sslmode": "ssl"}  # fmt: skip
    found: dict[str, Any] = {ours: given[libpq] for libpq, ours in named.items() if libpq in given}
    if "port" in found:
        found["port"] = int(found["port"])
    return found | {"timeout": TIMEOUT_S, "command_timeout": TIMEOUT_S}
