"""How far Cin7 and NAV have been read: cursors, and the newest list row of each order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cin7_nav.store.database import Cursor, Database, values


@dataclass(frozen=True, slots=True)
class Header:
    """A row of `saleList` or `purchaseList`, as far as it tells whether the details must be read."""

    side: str
    """`sale`, `purchase`, or `ledger` for a day of Cin7's ledger that could not be read."""
    order_id: str
    order_number: str
    invoice_number: str
    invoice_date: dt.date | None
    updated: str
    """Cin7's change stamp as ISO 8601 in UTC with microseconds: its text order is its time order."""
    invoiced: bool
    """Whether the row leaves open or says that there is an invoice or a credit note."""


Listed = tuple[str, str]
"""An order's id and the newest change stamp that is known of it; empty where it was never listed."""


def cursor_value(database: Database, name: str) -> str | None:
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT value FROM read_cursor WHERE company = %s AND name = %s", (cursor.company, name)
        )
        row = cursor.fetchone()
        return row[0] if row else None


def move_cursor(database: Database, name: str, value: str) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO read_cursor (company, name, value) VALUES (%s, %s, %s)
            ON CONFLICT (company, name) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()
            """,
            (cursor.company, name, value),
        )


def remember_headers(database: Database, headers: Sequence[Header]) -> None:
    """Take in list rows; the one place where a changed order becomes one whose details must be read."""
    newest = {(header.side, header.order_id): header for header in headers}
    with database.transaction() as cursor:
        values(
            cursor,
            """
            INSERT INTO order_header (company, side, order_id, order_number, invoice_number, invoice_date,
                                      updated, invoiced)
            VALUES %s
            ON CONFLICT (company, side, order_id) DO UPDATE SET
                order_number = excluded.order_number, invoice_number = excluded.invoice_number,
                invoice_date = excluded.invoice_date, updated = excluded.updated,
                invoiced = excluded.invoiced OR EXISTS (SELECT FROM document d
                    WHERE d.company = excluded.company AND d.order_id = excluded.order_id)
            """,
            [(cursor.company, *_values_of(header)) for header in newest.values()],
        )


def _values_of(header: Header) -> tuple[Any, ...]:
    return (
        header.side,
        header.order_id,
        header.order_number,
        header.invoice_number,
        header.invoice_date,
        header.updated,
        header.invoiced,
    )


def unread(
    database: Database,
    side: str,
    limit: int,
    *,
    skip: Collection[str] = (),
    day: tuple[dt.date, dt.date] | None = None,
) -> list[Listed]:
    """Orders that changed after their details were read.

    `skip` leaves out orders that this run has dealt with; `day` keeps to invoice dates in a range,
    both ends included.
    """
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT order_id, updated FROM order_header
            WHERE company = %s AND side = %s AND invoiced AND read_updated IS DISTINCT FROM updated
              AND NOT order_id = ANY (%s) AND (%s OR invoice_date BETWEEN %s AND %s)
            ORDER BY invoice_date, order_id LIMIT %s
            """,
            (cursor.company, side, list(skip), day is None, *(day or (None, None)), limit),
        )
        return list(cursor.fetchall())


def orders_named(database: Database, side: str, ids: Collection[str], numbers: Collection[str]) -> set[str]:
    """The orders that these ids (of an order or of one of its documents) or numbers (likewise) belong to."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT order_id FROM order_header
            WHERE company = %(company)s AND side = %(side)s
              AND (order_id = ANY (%(ids)s) OR order_number = ANY (%(numbers)s)
                   OR invoice_number = ANY (%(numbers)s))
            UNION
            SELECT order_id FROM document
            WHERE company = %(company)s AND kind LIKE %(side)s || '%%'
              AND (order_id = ANY (%(ids)s) OR task_id = ANY (%(ids)s) OR number = ANY (%(numbers)s)
                   OR order_number = ANY (%(numbers)s))
            """,
            {"company": cursor.company, "side": side, "ids": list(ids), "numbers": list(numbers)},
        )
        return {row[0] for row in cursor.fetchall()}


def unknown_ids(database: Database, side: str, ids: Collection[str]) -> set[str]:
    """Those of these ids that are neither an order's nor that of a document that was read."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT asked.id FROM unnest(%(ids)s::text[]) AS asked (id)
            WHERE NOT EXISTS (SELECT FROM order_header h WHERE h.company = %(company)s AND h.side = %(side)s
                              AND h.order_id = asked.id)
              AND NOT EXISTS (SELECT FROM document d WHERE d.company = %(company)s
                              AND d.task_id = asked.id)
            """,
            {"company": cursor.company, "side": side, "ids": list(ids)},
        )
        return {row[0] for row in cursor.fetchall()}


def still_unread(database: Database, side: str, ids: Collection[str]) -> list[Listed]:
    """Those of these orders whose details were not read in the newest state known."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT asked.order_id, coalesce(h.updated, '')
            FROM unnest(%s::text[]) AS asked (order_id)
            LEFT JOIN order_header h ON h.company = %s AND h.side = %s AND h.order_id = asked.order_id
            WHERE h.read_updated IS DISTINCT FROM h.updated OR h.order_id IS NULL
            ORDER BY asked.order_id
            """,
            (list(ids), cursor.company, side),
        )
        return list(cursor.fetchall())


def details_read(cursor: Cursor, headers: Iterable[Header]) -> None:
    """The details of these orders were read, each in the state that its header's change stamp names.

    Their rows are locked in one order: runs that read the same orders go one after the other from here on.
    """
    newest = {(header.side, header.order_id): header for header in headers}
    values(
        cursor,
        """
        INSERT INTO order_header (company, side, order_id, order_number, invoice_number, invoice_date,
                                  updated, invoiced, read_updated)
        VALUES %s
        ON CONFLICT (company, side, order_id) DO UPDATE SET
            updated = greatest(order_header.updated, excluded.updated),
            read_updated = excluded.read_updated, problem = NULL, problem_since = NULL
        """,
        [(cursor.company, *_values_of(newest[key]), newest[key].updated) for key in sorted(newest)],
    )


def unreadable(database: Database, side: str, order_id: str, problem: str) -> None:
    """The details of this order could not be read; it stays unread and is tried again."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO order_header (company, side, order_id, order_number, invoice_number, updated,
                                      invoiced, problem, problem_since)
            VALUES (%s, %s, %s, '', '', '', true, %s, clock_timestamp())
            ON CONFLICT (company, side, order_id) DO UPDATE SET problem = excluded.problem,
                problem_since = coalesce(order_header.problem_since, excluded.problem_since)
            """,
            (cursor.company, side, order_id, problem),
        )


def problems(database: Database) -> list[tuple[str, str, str, str, dt.datetime]]:
    """`(side, order id, order number, problem, since)` of the orders that can't be read."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT side, order_id, order_number, problem, problem_since FROM order_header
            WHERE company = %s AND problem IS NOT NULL ORDER BY problem_since
            """,
            (cursor.company,),
        )
        return list(cursor.fetchall())


def cursor_moved_at(database: Database, name: str) -> dt.datetime | None:
    """When a list was read to its end last."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT updated_at FROM read_cursor WHERE company = %s AND name = %s", (cursor.company, name)
        )
        row = cursor.fetchone()
        return row[0] if row else None
