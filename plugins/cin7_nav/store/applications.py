"""What is to be applied in NAV, where no journal of ours did it: open entries invite payment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from cin7_nav.store.database import Cursor, Database


@dataclass(frozen=True, slots=True)
class Application:
    """An entry of a customer or vendor that is to be applied to another one of the same."""

    nav_document_no: str
    applies_to: str
    """NAV document number; where we did not post that document, its number in Cin7."""
    why: str
    amount: str
    """Of the entry to apply: local currency, debit positive."""
    noted_at: dt.datetime


_CREDITED = """
    SELECT iv.nav_document_no FROM document i JOIN delivery iv ON iv.document_id = i.id
    WHERE i.company = d.company AND i.order_id = d.order_id
      AND i.number = d.source->>'credits' AND i.kind = replace(d.kind, 'credit_note', 'invoice')
      AND iv.reverses IS NULL AND iv.state <> 'refused'
    ORDER BY iv.revision DESC LIMIT 1
"""
"""What a credit note `d` credits."""

_NOTE = f"""
    INSERT INTO application (delivery_id, company, applies_to, why, done_at, done_by)
    SELECT v.id, v.company,
           CASE WHEN v.reverses IS NOT NULL THEN r.nav_document_no
                ELSE coalesce(credited.nav_document_no, d.source->>'credits') END,
           CASE WHEN v.reverses IS NULL THEN 'credits it'
                WHEN d.kind LIKE 'purchase%%' THEN 'takes it back: do not pay either'
                ELSE 'takes it back' END,
           CASE WHEN applied THEN clock_timestamp() END,
           CASE WHEN applied THEN 'applied by NAV on posting' END
    FROM delivery v
    CROSS JOIN LATERAL (SELECT v.posting = 'post' AND v.journal->>'applies_to' <> '' AS applied) by_itself
    JOIN document d ON d.id = v.document_id
    LEFT JOIN delivery r ON r.id = v.reverses
    LEFT JOIN LATERAL ({_CREDITED}) credited ON v.reverses IS NULL
    WHERE v.id = ANY (%s) AND d.kind <> 'cost_journal'
      AND (v.reverses IS NOT NULL OR d.source->>'credits' <> '')
    ON CONFLICT DO NOTHING
"""

_SETTLE = """
    UPDATE application SET done_at = clock_timestamp(), done_by = 'taken back'
    FROM delivery v
    WHERE v.id = ANY (%s) AND v.reverses = application.delivery_id AND application.done_at IS NULL
"""


def note(cursor: Cursor, posted: Sequence[int]) -> None:
    """Note what is to be applied after these deliveries were posted: reversals to what they take back,
    credit notes to the invoice that they credit. What a reversal takes back need not be applied itself.

    What went out applied and was posted as it was is done. People may change what they post themselves: that
    is done when `reconciliation` sees it.
    """
    if posted:
        cursor.execute(_NOTE, (list(posted),))
        cursor.execute(_SETTLE, (list(posted),))


def credited(database: Database, documents: Sequence[int]) -> dict[int, str]:
    """NAV document number of the invoice that each of these credit notes credits, where we posted it."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT d.id, credited.nav_document_no FROM document d
            CROSS JOIN LATERAL ({_CREDITED}) credited WHERE d.id = ANY (%s)
            """,
            (list(documents),),
        )
        return dict(cursor.fetchall())


def still_open(database: Database) -> list[Application]:
    """What nobody said is done, oldest first."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT v.nav_document_no, a.applies_to, a.why, v.amount::text, a.noted_at
            FROM application a JOIN delivery v ON v.id = a.delivery_id
            WHERE a.company = %s AND a.done_at IS NULL ORDER BY a.noted_at, v.id
            """,
            (cursor.company,),
        )
        return [Application(*row) for row in cursor.fetchall()]


def done(database: Database, nav_document_no: str, person: str) -> bool:
    """A person applied this document in NAV; whether it was open."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE application SET done_at = clock_timestamp(), done_by = %s FROM delivery v
            WHERE v.id = application.delivery_id AND v.company = %s AND v.nav_document_no = %s
              AND application.done_at IS NULL
            """,
            (person, cursor.company, nav_document_no.upper()),
        )
        return cursor.rowcount > 0
