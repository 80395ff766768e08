"""What our own records know of the documents behind NAV's clearing account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.model import SourceDocument
from cin7_nav.store import codec
from cin7_nav.store.database import Database


@dataclass(frozen=True, slots=True)
class PostedPurchase:
    """A posted delivery of a purchase invoice or credit note."""

    document_no: str
    """NAV document number."""
    document: SourceDocument
    undone: bool
    """Whether it is a reversal, or was reversed: the two leave nothing together."""
    returned: Decimal | None
    """Of a credit note: pieces in NAV's base unit that its unstock moved, negative for what went back to the
    supplier; zero where the purchase's goods are carried and none went back; None: not known."""


def posted_purchases(database: Database, document_nos: Sequence[str]) -> list[PostedPurchase]:
    """Those of these NAV document numbers under which we posted for a purchase."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT v.nav_document_no, d.source,
                v.reverses IS NOT NULL OR EXISTS (SELECT FROM delivery r
                    WHERE r.reverses = v.id AND r.state = 'posted'),
                (SELECT coalesce(sum((m.nav ->> 'quantity')::numeric)
                            FILTER (WHERE s.kind = 'unstock' AND s.task_id = d.task_id), 0)
                    FROM stock_document s JOIN movement m ON m.document_id = s.id
                    WHERE s.company = d.company AND s.order_id = d.order_id AND m.state = 'posted'
                    HAVING count(*) > 0)
            FROM delivery v JOIN document d ON d.id = v.document_id
            WHERE v.company = %s AND v.nav_document_no = ANY (%s) AND d.kind LIKE 'purchase%%'
            """,
            (cursor.company, list(document_nos)),
        )
        return [
            PostedPurchase(number, codec.DOCUMENT.validate_python(source), undone, returned)
            for number, source, undone, returned in cursor.fetchall()
        ]


def purchases_of_movements(database: Database, document_nos: Sequence[str]) -> dict[str, str]:
    """Cin7's order number of each of these NAV document numbers under which we moved goods of a purchase."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT m.document_no, d.order_number
            FROM movement m JOIN stock_document d ON d.id = m.document_id
            WHERE m.company = %s AND m.document_no = ANY (%s) AND m.kind IN ('receipt', 'unstock')
            """,
            (cursor.company, list(document_nos)),
        )
        return dict(cursor.fetchall())


def purchase_order_numbers(database: Database) -> set[str]:
    """The order numbers of all purchases that Cin7's lists or details ever showed us."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT order_number FROM order_header WHERE company = %s AND side = 'purchase'
            UNION SELECT order_number FROM document WHERE company = %s AND kind LIKE 'purchase%%'
            """,
            (cursor.company, cursor.company),
        )
        return {number for (number,) in cursor.fetchall() if number}
