"""Deliveries: the key and the journal that were stored before the first byte left, and what came of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cin7_nav.model import AccountType, Journal, State
from cin7_nav.rules.numbers import batch_code
from cin7_nav.store import audit, codec
from cin7_nav.store.audit import Change
from cin7_nav.store.database import COMPANY, Cursor, Database, values
from cin7_nav.store.documents import LEASE, Run, Stored


class Outcome(StrEnum):
    """What is known of a delivery."""

    SENDING = "sending"
    UNKNOWN = "unknown"
    STAGED = "staged"
    POSTED = "posted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document's way into NAV under one document number."""

    id: int
    document_id: int
    nav_document_no: str
    template: str
    batch_code: str
    journal: Journal
    request_sha256: str
    content_hash: str
    state: Outcome
    journal_id: str | None


_COLUMNS = (
    "id, document_id, nav_document_no, template, batch_code, journal, request_sha256, content_hash, state,"
    " journal_id"
)


def _delivery(row: Sequence[Any]) -> Delivery:
    identity, document, number, template, code, journal, request, content, state, journal_id = row
    return Delivery(
        identity,
        document,
        number,
        template,
        code,
        codec.JOURNAL.validate_python(journal),
        request,
        content,
        Outcome(state),
        journal_id,
    )


def store_keys(
    database: Database, ready: Sequence[tuple[Stored, Journal]], template: str, run: Run
) -> list[Delivery]:
    """Fix number, batch code and journal of each document before anything is sent; state becomes `sending`.

    A document that changed since it was claimed is left out. One that NAV refused before keeps its number
    and its batch code: nothing of it was left behind in NAV.
    """
    if not ready:
        return []
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT id, nextval('delivery_id') FROM document
            WHERE id = ANY (%s) AND state = 'ready' AND (id, content_hash) IN (SELECT * FROM unnest(%s, %s))
            ORDER BY id FOR UPDATE
            """,
            (
                [stored.id for stored, _ in ready],
                [stored.id for stored, _ in ready],
                [stored.content_hash for stored, _ in ready],
            ),
        )
        fresh = dict(cursor.fetchall())
        sent = [(stored, journal) for stored, journal in ready if stored.id in fresh]
        rows = []
        for stored, journal in sent:
            body = codec.JOURNAL.dump_json(journal).decode()
            rows.append(
                (
                    fresh[stored.id],
                    COMPANY,
                    stored.id,
                    stored.revision,
                    journal.document_no,
                    journal.external_document_no,
                    template,
                    batch_code(fresh[stored.id]),
                    journal.posting_date,
                    party_amount(journal),
                    body,
                    codec.sha256(body),
                    stored.content_hash,
                    Outcome.SENDING,
                )
            )
        deliveries = [
            _delivery(row)
            for row in values(
                cursor,
                f"""
                INSERT INTO delivery (id, company, document_id, revision, nav_document_no,
                    external_document_no, template, batch_code, posting_date, amount, journal,
                    request_sha256, content_hash, state)
                VALUES %s
                ON CONFLICT (document_id, revision) DO UPDATE SET
                    nav_document_no = excluded.nav_document_no,
                    external_document_no = excluded.external_document_no, template = excluded.template,
                    posting_date = excluded.posting_date, amount = excluded.amount,
                    journal = excluded.journal, request_sha256 = excluded.request_sha256,
                    content_hash = excluded.content_hash, state = excluded.state, journal_id = NULL
                WHERE delivery.state = 'refused'
                RETURNING {_COLUMNS}
                """,
                rows,
            )
        ]
        cursor.execute(
            """
            UPDATE document SET state = 'sending', state_since = clock_timestamp(), lease_owner = %s,
                lease_until = clock_timestamp() + %s
            WHERE id = ANY (%s)
            """,
            (run.name, LEASE, [delivery.document_id for delivery in deliveries]),
        )
        by_document = {delivery.document_id: delivery for delivery in deliveries}
        audit.append(
            cursor,
            [
                Change(
                    str(stored.key),
                    stored.state,
                    State.SENDING,
                    f"key {by_document[stored.id].nav_document_no} stored before sending",
                    run.name,
                    ", ".join(sorted({str(rule) for line in journal.lines for rule in line.rules})),
                    stored.raw_sha256,
                    by_document[stored.id].request_sha256,
                )
                for stored, journal in sent
                if stored.id in by_document
            ],
        )
    return deliveries


def holders(database: Database, numbers: Sequence[str]) -> dict[str, int]:
    """The document that holds each of these NAV document numbers; numbers not given yet are left out."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT nav_document_no, document_id FROM delivery
            WHERE company = %s AND nav_document_no = ANY (%s)
            """,
            (COMPANY, list(numbers)),
        )
        return dict(cursor.fetchall())


def party_amount(journal: Journal) -> Decimal:
    """The amount of the customer or vendor line: local currency, debit positive."""
    return sum((line.amount for line in journal.lines if line.account_type is not AccountType.GL), Decimal(0))


@dataclass(frozen=True, slots=True)
class Result:
    """What was learnt of a delivery."""

    delivery: Delivery
    outcome: Outcome
    journal_id: str | None = None
    entry_nos: tuple[int, ...] = ()


def write_results(cursor: Cursor, results: Sequence[Result]) -> None:
    """Store what was learnt; the documents' own states are decided beside it, in the same transaction."""
    values(
        cursor,
        """
        UPDATE delivery SET state = new.state,
            journal_id = coalesce(new.journal_id, delivery.journal_id),
            first_entry_no = coalesce(new.first_entry_no::bigint, delivery.first_entry_no),
            last_entry_no = coalesce(new.last_entry_no::bigint, delivery.last_entry_no),
            posted_at = CASE WHEN new.state = 'posted' THEN coalesce(posted_at, clock_timestamp())
                        ELSE posted_at END
        FROM (VALUES %s) AS new (id, state, journal_id, first_entry_no, last_entry_no)
        WHERE delivery.id = new.id
        """,
        [
            (
                result.delivery.id,
                result.outcome,
                result.journal_id,
                min(result.entry_nos, default=None),
                max(result.entry_nos, default=None),
            )
            for result in results
        ],
    )


def of_documents(database: Database, ids: Sequence[int]) -> dict[int, Delivery]:
    """The newest delivery of each document that has one, by document id."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT ON (document_id) {_COLUMNS} FROM delivery WHERE document_id = ANY (%s)
            ORDER BY document_id, revision DESC
            """,
            (list(ids),),
        )
        return {delivery.document_id: delivery for delivery in map(_delivery, cursor.fetchall())}


def awaiting_entries(database: Database, numbers: Sequence[str]) -> dict[str, Delivery]:
    """Those of these NAV document numbers that are ours and staged, by number."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT {_COLUMNS} FROM delivery
            WHERE company = %s AND nav_document_no = ANY (%s) AND state = 'staged'
            """,
            (COMPANY, list(numbers)),
        )
        return {delivery.nav_document_no: delivery for delivery in map(_delivery, cursor.fetchall())}


def staged_before(database: Database, age: dt.timedelta, limit: int) -> list[Delivery]:
    """Deliveries that have been staged for longer than `age`, oldest first."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT {_COLUMNS} FROM delivery
            WHERE company = %s AND state = 'staged' AND created_at < clock_timestamp() - %s::interval
            ORDER BY id LIMIT %s
            """,
            (COMPANY, age, limit),
        )
        return [_delivery(row) for row in cursor.fetchall()]


def batches_left(database: Database, limit: int) -> list[tuple[str, str]]:
    """`(template, batch code)` of posted deliveries whose empty batch still stands in NAV."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT template, batch_code FROM delivery
            WHERE company = %s AND state = 'posted' AND NOT batch_removed ORDER BY id LIMIT %s
            """,
            (COMPANY, limit),
        )
        return list(cursor.fetchall())


def batches_removed(database: Database, codes: Sequence[str]) -> None:
    """These batches are gone from NAV."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE delivery SET batch_removed = true WHERE company = %s AND batch_code = ANY (%s)",
            (COMPANY, list(codes)),
        )


def first_entry_no(database: Database) -> int | None:
    """The lowest G/L entry number that is known to be ours."""
    with database.transaction() as cursor:
        cursor.execute("SELECT min(first_entry_no) FROM delivery WHERE company = %s", (COMPANY,))
        row = cursor.fetchone()
        return row[0] if row else None
