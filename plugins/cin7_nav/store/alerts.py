"""Causes that people are told of: once when they arise, once when they are over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from cin7_nav.store.database import Database, values


@dataclass(frozen=True, slots=True)
class Alert:
    id: int
    cause: str
    message: str
    raised_at: dt.datetime
    is_over: bool


def arise(database: Database, found: Mapping[str, str]) -> None:
    """These causes are there, each with its message; one that is known already is not raised again."""
    with database.transaction() as cursor:
        values(
            cursor,
            """
            INSERT INTO alert (company, cause, message) VALUES %s
            ON CONFLICT (company, cause) WHERE ended_at IS NULL DO UPDATE SET message = excluded.message
            """,
            [(cursor.company, cause, message) for cause, message in sorted(found.items())],
        )


def end(database: Database, cause: str) -> None:
    """This cause is over, where it was there."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE alert SET ended_at = clock_timestamp() WHERE company = %s AND cause = %s AND "
            "ended_at IS NULL",
            (cursor.company, cause),
        )


def settle(database: Database, prefix: str, found: Mapping[str, str]) -> None:
    """Of the causes that begin like this, exactly these are there."""
    arise(database, found)
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE alert SET ended_at = clock_timestamp()
            WHERE company = %s AND starts_with(cause, %s) AND ended_at IS NULL AND NOT cause = ANY (%s)
            """,
            (cursor.company, prefix, list(found)),
        )


def untold(database: Database) -> list[Alert]:
    """What people do not know yet, oldest first. One that came and went untold is told as over alone."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT id, cause, message, raised_at, ended_at IS NOT NULL FROM alert
            WHERE company = %s AND (told_at IS NULL AND ended_at IS NULL
                OR ended_at IS NOT NULL AND end_told_at IS NULL AND told_at IS NOT NULL)
            ORDER BY id
            """,
            (cursor.company,),
        )
        return [Alert(*row) for row in cursor.fetchall()]


def told(database: Database, alert: Alert) -> None:
    column = "end_told_at" if alert.is_over else "told_at"
    with database.transaction() as cursor:
        cursor.execute(f"UPDATE alert SET {column} = clock_timestamp() WHERE id = %s", (alert.id,))


def standing(database: Database) -> list[Alert]:
    """Causes that are not over."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT id, cause, message, raised_at, false FROM alert
            WHERE company = %s AND ended_at IS NULL ORDER BY id
            """,
            (cursor.company,),
        )
        return [Alert(*row) for row in cursor.fetchall()]
