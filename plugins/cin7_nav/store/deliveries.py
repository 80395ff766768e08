"""Deliveries: the key and the journal that were stored before the first byte left, and what came of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cin7_nav.model import AccountType, Journal, Posting, State
from cin7_nav.rules.numbers import batch_code
from cin7_nav.store import audit, codec
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Cursor, Database, values
from cin7_nav.store.documents import LEASE, Run, Scope, Stored


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
    revision: int = 0
    """Counts everything sent for the document, postings and reversals."""
    reverses: int | None = None
    """Id of the posted delivery that this one takes back; None: a posting."""
    posting: Posting = Posting.POST
    """Whether NAV is asked to post it, or people are."""


_COLUMNS = (
    "id, document_id, nav_document_no, template, batch_code, journal, request_sha256, content_hash, state,"
    " journal_id, revision, reverses, posting"
)


def _delivery(row: Sequence[Any]) -> Delivery:
    (identity, document, number, template, code, journal, request, content, state, journal_id, revision,
     reverses, posting) = row  # fmt: skip
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
        revision,
        reverses,
        Posting(posting),
    )


def store_keys(
    database: Database, ready: Sequence[tuple[Stored, Journal]], template: str, run: Run
) -> list[Delivery]:
    """Fix number, batch code and journal of each document before anything is sent; state becomes `sending`.

    A document that changed since it was claimed, or is under way already, is left out. One that NAV refused
    before keeps its number and so its batch code: nothing of it was left behind in NAV. Where a posting of
    the document stands in the ledger, the journal is the one that takes it back.
    """
    if not ready:
        return []
    standing = history(database, [stored.id for stored, _ in ready])
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
        sent = [
            (stored, journal)
            for stored, journal in ready
            if stored.id in fresh and not standing.get(stored.id, NOTHING).is_under_way
        ]
        rows = []
        for stored, journal in sent:
            past = standing.get(stored.id, NOTHING)
            body = codec.JOURNAL.dump_json(journal).decode()
            rows.append(
                (
                    fresh[stored.id],
                    cursor.company,
                    stored.id,
                    past.next_revision,
                    journal.document_no,
                    journal.external_document_no,
                    template,
                    batch_code(journal.document_no),
                    journal.posting_date,
                    party_amount(journal),
                    body,
                    codec.sha256(body),
                    stored.content_hash,
                    Outcome.SENDING,
                    past.standing.id if past.standing else None,
                    Posting.STAGE if stored.posting is Posting.STAGE else Posting.POST,
                )
            )
        deliveries = [
            _delivery(row)
            for row in values(
                cursor,
                f"""
                INSERT INTO delivery (id, company, document_id, revision, nav_document_no,
                    external_document_no, template, batch_code, posting_date, amount, journal,
                    request_sha256, content_hash, state, reverses, posting)
                VALUES %s
                ON CONFLICT (document_id, revision) DO UPDATE SET
                    nav_document_no = excluded.nav_document_no,
                    external_document_no = excluded.external_document_no, template = excluded.template,
                    batch_code = excluded.batch_code,
                    posting_date = excluded.posting_date, amount = excluded.amount,
                    journal = excluded.journal, request_sha256 = excluded.request_sha256,
                    content_hash = excluded.content_hash, state = excluded.state, journal_id = NULL,
                    posting = excluded.posting
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


@dataclass(frozen=True, slots=True)
class History:
    """What was sent for one document, refusals left out."""

    last: Delivery | None = None
    postings: int = 0
    reversals: int = 0

    @property
    def standing(self) -> Delivery | None:
        """The posting that is in the ledger and was not taken back."""
        last = self.last
        return last if last and last.state is Outcome.POSTED and last.reverses is None else None

    @property
    def is_under_way(self) -> bool:
        """Whether something was sent of which it is not known that it is in the ledger."""
        return self.last is not None and self.last.state is not Outcome.POSTED

    @property
    def next_revision(self) -> int:
        return self.last.revision + 1 if self.last else 0


NOTHING = History()


def history(database: Database, ids: Sequence[int]) -> dict[int, History]:
    """What was sent for each of these documents; those of which nothing was are left out."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT ON (document_id) count(*) FILTER (WHERE reverses IS NULL) OVER every,
                   count(reverses) OVER every, {_COLUMNS}
            FROM delivery WHERE document_id = ANY (%s) AND state <> 'refused'
            WINDOW every AS (PARTITION BY document_id) ORDER BY document_id, revision DESC
            """,
            (list(ids),),
        )
        rows = cursor.fetchall()
    return {
        last.document_id: History(last, postings, reversals)
        for postings, reversals, last in ((row[0], row[1], _delivery(row[2:])) for row in rows)
    }


@dataclass(frozen=True, slots=True)
class Link:
    """One of the journals that were sent for a document, in the order in which they were."""

    nav_document_no: str
    external_document_no: str
    state: Outcome
    reverses: str | None
    """NAV document number of what it takes back."""
    posting_date: dt.date
    first_entry_no: int | None
    last_entry_no: int | None

    @property
    def told(self) -> str:
        what = f"takes back {self.reverses}" if self.reverses else "posting"
        entries = f", entries {self.first_entry_no} to {self.last_entry_no}" if self.first_entry_no else ""
        return (
            f"{self.nav_document_no} (external {self.external_document_no}, {self.posting_date}): {what}, "
            f"{self.state}{entries}"
        )


def chains(database: Database, ids: Sequence[int]) -> dict[int, list[Link]]:
    """Everything that was sent for each of these documents: postings and what takes them back."""
    found: dict[int, list[Link]] = {}
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT v.document_id, v.nav_document_no, v.external_document_no, v.state, r.nav_document_no,
                   v.posting_date, v.first_entry_no, v.last_entry_no
            FROM delivery v LEFT JOIN delivery r ON r.id = v.reverses
            WHERE v.document_id = ANY (%s) ORDER BY v.document_id, v.revision
            """,
            (list(ids),),
        )
        for document, number, external, state, *rest in cursor.fetchall():
            found.setdefault(document, []).append(Link(number, external, Outcome(state), *rest))
    return found


def content_agrees(cursor: Cursor, agreeing: Mapping[int, str]) -> None:
    """These deliveries are what Cin7 says now, too, whose content hash is another one by now."""
    values(
        cursor,
        """
        UPDATE delivery SET content_hash = new.content_hash
        FROM (VALUES %s) AS new (id, content_hash) WHERE delivery.id = new.id
        """,
        list(agreeing.items()),
    )


def holders(database: Database, numbers: Sequence[str]) -> dict[str, int]:
    """The document that holds each of these NAV document numbers; numbers not given yet are left out."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT nav_document_no, document_id FROM delivery
            WHERE company = %s AND nav_document_no = ANY (%s)
            """,
            (cursor.company, list(numbers)),
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
            (cursor.company, list(numbers)),
        )
        return {delivery.nav_document_no: delivery for delivery in map(_delivery, cursor.fetchall())}


def batches_removed(database: Database, codes: Sequence[str]) -> None:
    """These batches are gone from NAV."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE delivery SET batch_removed = true WHERE company = %s AND batch_code = ANY (%s)",
            (cursor.company, list(codes)),
        )


def first_entry_no(database: Database) -> int | None:
    """The lowest G/L entry number that is known to be ours."""
    with database.transaction() as cursor:
        cursor.execute("SELECT min(first_entry_no) FROM delivery WHERE company = %s", (cursor.company,))
        row = cursor.fetchone()
        return row[0] if row else None


# --- what lies in NAV to be posted ---

STAGED_PAGE = 200

_OF_DELIVERY = ", ".join(f"v.{name.strip()}" for name in _COLUMNS.split(","))


@dataclass(frozen=True, slots=True)
class Staged:
    """A delivery that lies in NAV to be posted, and what is known of its document."""

    delivery: Delivery
    state: State
    problems: frozenset[str]
    """Codes."""


def staged_pages(database: Database, scope: Scope) -> Iterator[list[Staged]]:
    """All that lies in NAV to be posted of these documents, `STAGED_PAGE` at a time."""
    after = 0
    while page := _staged(database, scope, STAGED_PAGE, after):
        after = page[-1].delivery.id
        yield page


def _staged(database: Database, scope: Scope, limit: int, after: int) -> list[Staged]:
    condition, parameters = scope.where(database.company)
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT d.state, d.problems, {_OF_DELIVERY}
            FROM (SELECT * FROM document WHERE {condition}) d JOIN delivery v ON v.document_id = d.id
            WHERE v.company = %s AND v.state = 'staged' AND v.id > %s ORDER BY v.id LIMIT %s
            """,
            (*parameters, cursor.company, after, limit),
        )
        return [
            Staged(
                _delivery(columns),
                State(state),
                frozenset(problem.code for problem in codec.PROBLEMS.validate_python(problems)),
            )
            for state, problems, *columns in cursor.fetchall()
        ]


def still_staged(cursor: Cursor, ids: Sequence[int]) -> set[int]:
    """Those of these deliveries of which nothing else is known by now."""
    cursor.execute("SELECT id FROM delivery WHERE id = ANY (%s) AND state = 'staged'", (list(ids),))
    return {row[0] for row in cursor.fetchall()}


def scheduled_before(database: Database, age: dt.timedelta, limit: int) -> list[Delivery]:
    """Deliveries that NAV agreed to post longer than `age` ago and of which nothing is known since."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT {_OF_DELIVERY} FROM delivery v JOIN document d ON d.id = v.document_id
            WHERE v.company = %s AND v.state = 'staged' AND v.posting = 'post' AND d.state = 'staged'
              AND d.state_since < clock_timestamp() - %s::interval
            ORDER BY v.id LIMIT %s
            """,
            (cursor.company, age, limit),
        )
        return [_delivery(row) for row in cursor.fetchall()]


def batches_left(
    database: Database, age: dt.timedelta, limit: int, *, after: int = 0
) -> list[tuple[int, str, str, str]]:
    """Id, template, batch code and number of what was posted within `age` and whose batch stands in NAV.

    In the order of the delivery ids from `after` on.
    """
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT id, template, batch_code, nav_document_no FROM delivery
            WHERE company = %s AND state = 'posted' AND NOT batch_removed
              AND posted_at > clock_timestamp() - %s::interval AND id > %s ORDER BY id LIMIT %s
            """,
            (cursor.company, age, after, limit),
        )
        return list(cursor.fetchall())
