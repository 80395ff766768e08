"""Reference data of both vendors, cached: accounts, dimensions, parties, products."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cin7_nav.store.database import Database, values


@dataclass(frozen=True, slots=True)
class Row:
    """One cached record."""

    key: str
    body: Mapping[str, Any]
    lookup: str = ""
    """A second key that several may share, e.g. a normalised tax number."""


def fetched_at(database: Database, source: str, entity: str) -> dt.datetime | None:
    """When the vendor was last asked for this entity; None: never."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT fetched_at FROM reference_set WHERE company = %s AND source = %s AND entity = %s",
            (cursor.company, source, entity),
        )
        row = cursor.fetchone()
        return row[0] if row else None


def store(
    database: Database, source: str, entity: str, rows: Iterable[Row], asked_at: dt.datetime, *, whole: bool
) -> None:
    """Take in records as the vendor had them at `asked_at`; `whole`: what is not among them is gone."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('cin7_nav.reference'), hashtext(%s))",
            (f"{cursor.company} {source} {entity}",),
        )
        if whole:
            cursor.execute(
                "DELETE FROM reference WHERE company = %s AND source = %s AND entity = %s",
                (cursor.company, source, entity),
            )
        for chunk in _chunks(rows, 1000):
            newest = {row.key: row for row in chunk}
            values(
                cursor,
                """
                INSERT INTO reference (company, source, entity, key, lookup, body) VALUES %s
                ON CONFLICT (company, source, entity, key)
                DO UPDATE SET lookup = excluded.lookup, body = excluded.body
                """,
                [
                    (cursor.company, source, entity, row.key, row.lookup, json.dumps(row.body, default=str))
                    for row in newest.values()
                ],
            )
        cursor.execute(
            """
            INSERT INTO reference_set (company, source, entity, fetched_at) VALUES (%s, %s, %s, %s)
            ON CONFLICT (company, source, entity) DO UPDATE SET fetched_at = excluded.fetched_at
            """,
            (cursor.company, source, entity, asked_at),
        )


def expire(database: Database, source: str, entity: str) -> None:
    """What changed within the last hour is read again before it is relied on."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE reference_set SET fetched_at = fetched_at - interval '1 hour'
            WHERE company = %s AND source = %s AND entity = %s
            """,
            (cursor.company, source, entity),
        )


def rows(
    database: Database,
    source: str,
    entity: str,
    *,
    keys: Collection[str] | None = None,
    lookups: Collection[str] | None = None,
) -> list[Row]:
    """Cached records: all, or those with one of these keys or one of these second keys."""
    condition, parameters = "", []  # type: tuple[str, list[Any]]
    if keys is not None or lookups is not None:
        condition = "AND (key = ANY (%s) OR lookup <> '' AND lookup = ANY (%s))"
        parameters = [list(keys or ()), list(lookups or ())]
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT key, body, lookup FROM reference
            WHERE company = %s AND source = %s AND entity = %s {condition} ORDER BY key
            """,
            (cursor.company, source, entity, *parameters),
        )
        return [Row(*row) for row in cursor.fetchall()]


def _chunks(rows: Iterable[Row], size: int) -> Iterable[tuple[Row, ...]]:
    iterator = iter(rows)
    while chunk := tuple(islice(iterator, size)):
        yield chunk
