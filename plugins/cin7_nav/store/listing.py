"""Lists of documents for people, however many there are: newest first, a page at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.store.database import Database
from cin7_nav.store.replay import Filter


@dataclass(frozen=True, slots=True)
class Line:
    id: int
    kind: str
    number: str
    order_number: str
    day: dt.date
    currency: str
    total: Decimal
    state: str
    cause: str
    """Code of the first problem."""
    nav_document_no: str


def page(database: Database, wanted: Filter, limit: int, after: Line | None = None) -> list[Line]:
    """The documents that a filter finds, newest first; `after`: the last line of the page before."""
    condition, parameters = wanted.where(database.company)
    if after:
        condition += " AND (document_date, id) < (%s, %s)"
        parameters += [after.day, after.id]
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT d.id, d.kind, d.number, d.order_number, d.document_date, d.currency, d.total, d.state,
                coalesce(d.problems->0->>'code', ''), coalesce(v.nav_document_no, '')
            FROM (SELECT * FROM document WHERE {condition} ORDER BY document_date DESC, id DESC LIMIT %s) d
            LEFT JOIN LATERAL (SELECT nav_document_no FROM delivery WHERE document_id = d.id
                ORDER BY revision DESC LIMIT 1) v ON true
            ORDER BY d.document_date DESC, d.id DESC
            """,
            (*parameters, limit),
        )
        return [Line(*row) for row in cursor.fetchall()]
