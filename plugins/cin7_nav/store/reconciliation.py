"""What comparisons of both systems found: each run, and the differences until they are gone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.model import Kind, State
from cin7_nav.rules.cases import Finding, Known, Sent
from cin7_nav.store import codec
from cin7_nav.store.database import Cursor, Database, values


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding and what it is about."""

    area: str
    """The comparison that found it."""
    record: str
    number: str
    day: dt.date
    finding: Finding


@dataclass(frozen=True, slots=True)
class Open:
    """A difference as it stands, with its age."""

    area: str
    sort: str
    cause: str
    number: str
    record: str
    detail: str
    day: dt.date
    cin7_amount: Decimal
    nav_amount: Decimal
    amount: Decimal
    message: str
    next_step: str
    fixer: str
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime
    age: dt.timedelta


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One run over a range of business dates, both ends included."""

    run: str
    first: dt.date
    last: dt.date
    started_at: dt.datetime
    documents: int
    agreed: int
    proved: Mapping[str, str]
    accounts: Sequence[Mapping[str, Any]]
    lists: Mapping[str, Sequence[Mapping[str, Any]]]
    calls: Mapping[str, int]
    differences: int = 0
    amount: Decimal = Decimal(0)
    id: int = 0
    finished_at: dt.datetime | None = None
    audit_id: int | None = None
    audit_hash: str = ""


def finish(
    database: Database, done: Reconciliation, areas: Collection[str], found: Sequence[Difference]
) -> tuple[int, int]:
    """Keep a run that came to its end, and what it found. What these areas found before in this range and did
    not find any more is closed. The answer: the run's id, and how many were closed."""
    unique = {(one.area, one.record, one.finding.sort, one.finding.detail): one for one in found}
    amount = sum((abs(one.finding.amount) for one in unique.values()), Decimal(0))
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT id, encode(hash, 'hex') FROM audit WHERE company = %s ORDER BY id DESC LIMIT 1",
            (cursor.company,),
        )
        audit_id, audit_hash = cursor.fetchone() or (None, "")
        cursor.execute(
            """
            INSERT INTO reconciliation (company, run, first_day, last_day, started_at, documents, agreed,
                differences,
                amount, proved, accounts, lists, calls, audit_id, audit_hash)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
            """,
            (
                cursor.company, done.run, done.first, done.last, done.started_at, done.documents, done.agreed,
                len(unique), amount, _json(done.proved), _json(done.accounts), _json(done.lists),
                _json(done.calls), audit_id, audit_hash,
            ),
        )  # fmt: skip
        (identity,) = cursor.fetchone() or (0,)
        _save(cursor, identity, list(unique.values()))
        cursor.execute(
            """
            UPDATE difference SET closed_at = clock_timestamp()
            WHERE company = %s AND area = ANY (%s) AND closed_at IS NULL AND day BETWEEN %s AND %s
              AND reconciliation_id <> %s
            """,
            (cursor.company, list(areas), done.first, done.last, identity),
        )
        return identity, cursor.rowcount


def _save(cursor: Cursor, identity: int, found: Sequence[Difference]) -> None:
    values(
        cursor,
        """
        INSERT INTO difference (company, reconciliation_id, area, record, sort, detail, cause, message,
            next_step,
            fixer, number, day, cin7_amount, nav_amount)
        VALUES %s
        ON CONFLICT (company, area, record, sort, detail) WHERE closed_at IS NULL DO UPDATE SET
            reconciliation_id = excluded.reconciliation_id, last_seen_at = clock_timestamp(),
            cause = excluded.cause, message = excluded.message, next_step = excluded.next_step,
            fixer = excluded.fixer, number = excluded.number, day = excluded.day,
            cin7_amount = excluded.cin7_amount, nav_amount = excluded.nav_amount
        """,
        [
            (
                cursor.company, identity, one.area, one.record, one.finding.sort, one.finding.detail,
                one.finding.cause, one.finding.message, one.finding.next_step, one.finding.fixer,
                one.number, one.day, one.finding.cin7_amount, one.finding.nav_amount,
            )
            for one in found
        ],
    )  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, default=str)


_OPEN = (
    "area, sort, cause, number, record, detail, day, cin7_amount, nav_amount, amount, message, "
    "next_step, fixer,"
    " first_seen_at, last_seen_at, age"
)


def still_open(
    database: Database, first: dt.date | None = None, last: dt.date | None = None, limit: int = 10_000
) -> list[Open]:
    """Differences that no later run has closed, the largest first."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT {_OPEN} FROM difference_open WHERE company = %s AND day BETWEEN %s AND %s
            ORDER BY abs(amount) DESC, day, number, sort, detail LIMIT %s
            """,
            (cursor.company, first or dt.date.min, last or dt.date.max, limit),
        )
        return [Open(*row) for row in cursor.fetchall()]


def newest(database: Database, identity: int | None = None) -> Reconciliation | None:
    """The last run, or the one with this id."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT run, first_day, last_day, started_at, documents, agreed, proved, accounts, lists, calls,
                   differences, amount, id, finished_at, audit_id, audit_hash
            FROM reconciliation WHERE company = %s AND (%s::bigint IS NULL OR id = %s) ORDER BY id DESC
                LIMIT 1
            """,
            (cursor.company, identity, identity),
        )
        row = cursor.fetchone()
        return Reconciliation(*row) if row else None


# --- what our own records say of documents ---


@dataclass(frozen=True, slots=True)
class Record:
    """A document of ours, without its amounts."""

    id: int
    kind: Kind
    order_id: str
    task_id: str
    number: str
    order_number: str
    day: dt.date
    party_id: str
    known: Known
    numbers: tuple[str, ...]
    """All its NAV numbers."""
    party_no: str
    """NAV's customer or vendor that it goes to; empty where that is not known."""

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.order_id}/{self.task_id}"


_RECORDS = """
    SELECT d.id, d.kind, d.order_id, d.task_id, d.number, d.order_number, d.document_date, d.party_id,
        d.source_status IN ('AUTHORISED', 'PAID'), d.state, d.problems,
        h.updated IS NOT NULL AND h.read_updated IS DISTINCT FROM h.updated,
        CASE WHEN d.state = 'skipped' AND last.answer IN ('skip', 'link')
             THEN last.answer || ' ' || last.nav_number || ' ' || last.person || ': ' || last.reason END,
        (SELECT jsonb_agg(jsonb_build_array(v.nav_document_no, v.journal, v.reverses IS NOT NULL, v.state,
            v.first_entry_no, v.last_entry_no) ORDER BY v.revision)
         FROM delivery v WHERE v.document_id = d.id AND v.state <> 'refused'),
        (SELECT a.applies_to FROM application a JOIN delivery v ON v.id = a.delivery_id
         WHERE v.document_id = d.id AND a.done_at IS NULL ORDER BY v.revision DESC LIMIT 1),
        (SELECT line->>'account_no' FROM jsonb_array_elements(d.journal->'lines') AS line
         WHERE line->>'account_type' <> 'G/L Account' LIMIT 1)
    FROM document d
    LEFT JOIN order_header h ON h.company = d.company AND h.order_id = d.order_id
        AND h.side = split_part(d.kind, '_', 1)
    LEFT JOIN LATERAL (SELECT answer, nav_number, person, reason FROM decision
        WHERE document_id = d.id ORDER BY id DESC LIMIT 1) last ON true
    WHERE d.id = ANY (%s)
    ORDER BY d.id
"""


def concerned(
    database: Database, first: dt.date, last: dt.date, ids: Collection[str], nav_numbers: Collection[str]
) -> list[int]:
    """The documents that a comparison of these days is about: by their date, by ids that Cin7's ledger
    names (of
    documents or of orders), by NAV numbers that are theirs."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT id FROM document WHERE company = %(company)s AND document_date BETWEEN %(first)s AND
                %(last)s
            UNION SELECT id FROM document WHERE company = %(company)s AND order_id = ANY (%(ids)s)
            UNION SELECT id FROM document WHERE company = %(company)s AND task_id = ANY (%(ids)s)
            UNION SELECT document_id FROM delivery
                  WHERE company = %(company)s AND nav_document_no = ANY (%(numbers)s)
            """,
            {
                "company": cursor.company, "first": first, "last": last, "ids": list(ids),
                "numbers": list(nav_numbers),
            },
        )  # fmt: skip
        return sorted(row[0] for row in cursor.fetchall())


def records(database: Database, ids: Sequence[int]) -> list[Record]:
    with database.transaction() as cursor:
        cursor.execute(_RECORDS, (list(ids),))
        return [_record(row) for row in cursor]


def _record(row: Sequence[Any]) -> Record:
    (identity, kind, order_id, task_id, number, order_number, day, party, authorised, state, problems, unread,
     left_out, sent, to_apply, party_no) = row  # fmt: skip
    chain = tuple(
        Sent(no, codec.JOURNAL.validate_python(journal), reverses, at, first, last)
        for no, journal, reverses, at, first, last in sent or ()
    )
    known = Known(
        State(state),
        codec.PROBLEMS.validate_python(problems),
        chain,
        unread,
        left_out or "",
        authorised,
        to_apply or "",
    )
    return Record(
        identity, Kind(kind), order_id, task_id, number, order_number, day, party, known,
        tuple(one.number for one in chain), party_no or "",
    )  # fmt: skip


def unread_orders(database: Database, first: dt.date, last: dt.date) -> list[tuple[str, str, str]]:
    """`(side, order id, invoice number)` of orders whose list row names an invoice of these days that was
    never
    read."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT side, order_id, invoice_number FROM order_header h
            WHERE company = %s AND side <> 'ledger' AND invoiced AND invoice_date BETWEEN %s AND %s
              AND NOT EXISTS (SELECT FROM document d WHERE d.company = h.company AND d.order_id = h.order_id)
            ORDER BY side, order_id
            """,
            (cursor.company, first, last),
        )
        return list(cursor.fetchall())


# --- what people read ---


@dataclass(frozen=True, slots=True)
class Report:
    page: str
    certificate: str
    csv: str


def keep_report(database: Database, identity: int, report: Report) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO reconciliation_report (reconciliation_id, company, page, certificate, csv)
            VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (reconciliation_id) DO UPDATE SET page = excluded.page,
                certificate = excluded.certificate, csv = excluded.csv
            """,
            (identity, cursor.company, report.page, report.certificate, report.csv),
        )


def report(database: Database, identity: int) -> Report | None:
    """None where there is none, or it has expired."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT page, certificate, csv FROM reconciliation_report
            WHERE company = %s AND reconciliation_id = %s
            """,
            (cursor.company, identity),
        )
        row = cursor.fetchone()
        return Report(*row) if row else None
