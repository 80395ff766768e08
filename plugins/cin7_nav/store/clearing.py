"""What our own records know of the documents behind NAV's clearing account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cin7_nav.model import SourceDocument
from cin7_nav.store import codec
from cin7_nav.store.database import COMPANY, Database


@dataclass(frozen=True, slots=True)
class PostedPurchase:
    """A posted delivery of a purchase invoice or credit note."""

    document_no: str
    """NAV document number."""
    document: SourceDocument
    undone: bool
    """Whether it is a reversal, or was reversed: the two leave nothing together."""


def posted_purchases(database: Database, document_nos: Sequence[str]) -> list[PostedPurchase]:
    """Those of these NAV document numbers under which we posted for a purchase."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT v.nav_document_no, d.source,
                v.reverses IS NOT NULL OR EXISTS (SELECT FROM delivery r
                    WHERE r.reverses = v.id AND r.state = 'posted')
            FROM delivery v JOIN document d ON d.id = v.document_id
            WHERE v.company = %s AND v.nav_document_no = ANY (%s) AND d.kind LIKE 'purchase%%'
            """,
            (COMPANY, list(document_nos)),
        )
        return [
            PostedPurchase(number, codec.DOCUMENT.validate_python(source), undone)
            for number, source, undone in cursor.fetchall()
        ]


def purchase_order_numbers(database: Database) -> set[str]:
    """The order numbers of all purchases that Cin7's lists or details ever showed us."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT order_number FROM order_header WHERE company = %s AND side = 'purchase'
            UNION SELECT order_number FROM document WHERE company = %s AND kind LIKE 'purchase%%'
            """,
            (COMPANY, COMPANY),
        )
        return {number for (number,) in cursor.fetchall() if number}
