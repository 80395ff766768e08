"""Sums of NAV's item ledger by item and location, and which levels differ since when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.store.database import Cursor, Database, values

Row = tuple[int, str, str, Decimal, Decimal]
"""Entry number, item, location, pieces, cost."""

_TAIL = "tail:"
"""What the newest entries add lies in rows of its own, which are replaced with every reading."""


def add(database: Database, rows: Sequence[Row], cursor_name: str, mark: int) -> None:
    """Add entries to the sums, and remember up to which entry they hold, in one transaction."""
    with database.transaction() as cursor:
        _add(cursor, cursor.company, rows)
        cursor.execute(
            """
            INSERT INTO read_cursor (company, name, value) VALUES (%s, %s, %s)
            ON CONFLICT (company, name) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()
            """,
            (cursor.company, cursor_name, str(mark)),
        )


def set_tail(database: Database, rows: Sequence[Row]) -> None:
    """Entries that are read again next time."""
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM nav_level WHERE company = %s", (_TAIL + cursor.company,))
        _add(cursor, _TAIL + cursor.company, rows)


def _add(cursor: Cursor, company: str, rows: Iterable[Row]) -> None:
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for _, item_no, location, pieces, cost in rows:
        before = sums.get((item_no, location), (Decimal(0), Decimal(0)))
        sums[item_no, location] = (before[0] + pieces, before[1] + cost)
    values(
        cursor,
        """
        INSERT INTO nav_level (company, item_no, location_code, quantity, cost) VALUES %s
        ON CONFLICT (company, item_no, location_code) DO UPDATE SET
            quantity = nav_level.quantity + excluded.quantity, cost = nav_level.cost + excluded.cost
        """,
        [(company, *key, *amounts) for key, amounts in sums.items()],
    )


def nav_levels(database: Database) -> Iterator[tuple[str, str, Decimal]]:
    """Item, location and pieces, of the sums and of the tail."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT item_no, location_code, sum(quantity) FROM nav_level WHERE company = ANY (%s)"
            " GROUP BY item_no, location_code HAVING sum(quantity) <> 0",
            ([cursor.company, _TAIL + cursor.company],),
        )
        yield from cursor.fetchall()


def unit_costs(database: Database) -> dict[str, Decimal]:
    """Item → what a piece of it costs on average; items of which there are none are left out."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT item_no, sum(cost) / sum(quantity) FROM nav_level WHERE company = ANY (%s)"
            " GROUP BY item_no HAVING sum(quantity) > 0",
            ([cursor.company, _TAIL + cursor.company],),
        )
        return dict(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Kept:
    """A difference as last compared."""

    item_no: str
    location_code: str
    cin7: Decimal
    nav: Decimal
    value: Decimal
    cause: str
    first_seen: dt.datetime
    agreed_at: dt.datetime | None


def drifts(database: Database) -> dict[tuple[str, str], Kept]:
    """What differed in the last comparison, by item and location."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT item_no, location_code, cin7, nav, value, cause, first_seen, agreed_at FROM level_drift"
            " WHERE company = %s ORDER BY abs(value) DESC, item_no, location_code",
            (cursor.company,),
        )
        return {(row[0], row[1]): Kept(*row) for row in cursor.fetchall()}


def keep(database: Database, found: Sequence[Kept], now: dt.datetime) -> None:
    """Replace what differs by what was found now."""
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM level_drift WHERE company = %s", (cursor.company,))
        values(
            cursor,
            """
            INSERT INTO level_drift (company, item_no, location_code, cin7, nav, value, cause, first_seen,
                                     agreed_at, seen_at)
            VALUES %s
            """,
            [
                (
                    cursor.company,
                    one.item_no,
                    one.location_code,
                    one.cin7,
                    one.nav,
                    one.value,
                    one.cause,
                    one.first_seen,
                    one.agreed_at,
                    now,
                )
                for one in found
            ],
        )


def arrived_since(database: Database, sku: str, moment: dt.datetime) -> list[tuple[str, str]]:
    """`(direction, NAV document number)` of an item's movements that arrived since then."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT direction, document_no FROM movement WHERE company = %s AND sku = %s"
            " AND state = 'posted' AND done_at >= %s ORDER BY id",
            (cursor.company, sku, moment),
        )
        return list(cursor.fetchall())
