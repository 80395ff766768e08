"""Documents: what Cin7 said of each, and where it is on its way."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cin7_nav.model import DocumentKey, Fixer, Journal, Posting, Problem, SourceDocument, State
from cin7_nav.store import audit, codec
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Cursor, Database, values
from cin7_nav.store.reading import Header, details_read

LEASE = dt.timedelta(minutes=10)
"""How long a document stays with the run that works on it, unless the run says otherwise."""


@dataclass(frozen=True, slots=True)
class Run:
    """Who works: goes into the audit and owns leases."""

    name: str
    """Dag id and run id; a retried task has the same."""
    found_by: str = "manual"
    """`webhook`, `poll`, `sweep` or `manual`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which documents a step is about. Empty: all."""

    numbers: tuple[str, ...] = ()
    """Document or order numbers."""
    since: dt.date | None = None
    until: dt.date | None = None
    """Business dates, both included."""
    run: str | None = None
    """Only what this run collected."""
    asked_for: bool = False
    """Whether somebody asked for these very documents: then what NAV refused is sent again at once."""

    def where(self, company: str) -> tuple[str, list[Any]]:
        """An SQL condition on `document` and its parameters."""
        parts, parameters = ["company = %s"], [company]  # type: tuple[list[str], list[Any]]
        if self.numbers:
            parts.append("(number = ANY (%s) OR order_number = ANY (%s))")
            parameters += [list(self.numbers)] * 2
        for operator, value in ((">=", self.since), ("<=", self.until)):
            if value:
                parts.append(f"document_date {operator} %s")
                parameters.append(value)
        if self.run:
            parts.append("run = %s")
            parameters.append(self.run)
        return " AND ".join(parts), parameters


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it lies in the database."""

    id: int
    document: SourceDocument
    state: State
    revision: int
    raw_sha256: str
    content_hash: str
    problems: tuple[Problem, ...] = ()
    journal: Journal | None = None
    posting: Posting = Posting.POST
    """What is to happen to the journal."""
    refused_as: str = ""
    """What NAV's reference data looked like when NAV refused the journal; empty where it did not."""
    tried_at: dt.datetime | None = None
    """When NAV refused it last."""
    shown_hash: str = ""
    """Hash of what people see of it: the content in Cin7, and what would be posted where."""

    @property
    def key(self) -> DocumentKey:
        return self.document.key


_COLUMNS = (
    "id, source, state, revision, raw_sha256, content_hash, problems, journal, posting, refused_as, tried_at,"
    " shown_hash"
)


def _stored(row: Sequence[Any]) -> Stored:
    identity, source, state, revision, raw, content, problems, journal, posting, refused, tried, shown = row
    return Stored(
        identity,
        codec.DOCUMENT.validate_python(source),
        State(state),
        revision,
        raw,
        content,
        codec.PROBLEMS.validate_python(problems),
        codec.JOURNAL.validate_python(journal) if journal else None,
        Posting(posting),
        refused,
        tried,
        shown,
    )


@dataclass(frozen=True, slots=True)
class Read:
    """One order as just read."""

    raw: Any
    """The JSON that Cin7 sent."""
    documents: Sequence[SourceDocument]
    header: Header | None = None


def record(database: Database, orders: Sequence[Read], run: Run) -> Counter[str]:
    """Take in the documents of orders, all or none of them.

    Only what alters the journal counts as a change. Counts by what became of each document. The commit
    does not wait for the disk: what a crash could take back is read from Cin7 again, and whatever is
    committed after it with the usual care, such as the end of an event, makes it safe too.
    """
    bodies = [codec.canonical(order.raw) for order in orders]
    payloads = {codec.sha256(body): body for body in bodies}
    by_key = {
        document.key: (document, codec.sha256(body))
        for order, body in zip(orders, bodies, strict=True)
        for document in order.documents
    }
    outcome: Counter[str] = Counter()
    fresh: list[tuple[SourceDocument, str]] = []
    changes: list[Change] = []
    with database.transaction() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        details_read(cursor, [order.header for order in orders if order.header])
        values(
            cursor,
            "INSERT INTO payload (sha256, body) VALUES %s ON CONFLICT DO NOTHING",
            sorted(payloads.items()),
        )
        known = _known(cursor, by_key)
        for key, (document, raw_sha256) in by_key.items():
            old = known.get(key)
            if old is None:
                if document.status.is_authorised:
                    fresh.append((document, raw_sha256))
                    why = f"found by {run.found_by}"
                    changes.append(_change(key, None, State.RECEIVED, why, run, raw_sha256))
                    outcome["new"] += 1
                continue
            stored, sent = old
            state, why, problems = _after_reading(stored, document, sent)
            _update(cursor, stored, document, raw_sha256, state, problems, run)
            if state != stored.state or problems != stored.problems:
                changes.append(_change(key, stored.state, state, why, run, raw_sha256))
            outcome[why or "unchanged"] += 1
        _insert(cursor, fresh, run)
        audit.append(cursor, changes)
    return outcome


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent last for a document and may be in NAV."""

    state: str
    """`sending`, `unknown`, `staged` or `posted`."""
    content_hash: str
    is_reversal: bool


def _after_reading(
    stored: Stored, document: SourceDocument, sent: Sent | None
) -> tuple[State, str, tuple[Problem, ...]]:
    """The state that a known document has after it was read again, why, and what is wrong with it."""
    unchanged = stored.state, "", stored.problems
    if sent is None or (sent.is_reversal and sent.state == State.POSTED):
        return _nothing_stands(stored, document, reversed_before=sent is not None) or unchanged
    if sent.state in (State.SENDING, State.UNKNOWN) or sent.is_reversal:
        return unchanged
    content = document.content_hash()
    departed = departs(document, content, sent.content_hash)
    if sent.state == State.STAGED:
        if departed:
            problem = staged_otherwise(document)
            return State.NEEDS_ATTENTION, problem.message, (problem,)
        if any(problem.code == STAGED_OTHERWISE for problem in stored.problems):
            return State.STAGED, "agrees again with what was sent", ()
        return unchanged
    if not departed:
        if stored.state is State.POSTED or any(one.code in IN_THE_LEDGER for one in stored.problems):
            return unchanged
        return State.POSTED, "agrees again with what was posted", ()
    again = content != stored.content_hash or document.status.is_authorised != (
        stored.document.status.is_authorised
    )
    if stored.state is State.POSTED or again:
        return State.RECEIVED, f"{_departure(document)} after it was posted", ()
    return unchanged


def _nothing_stands(
    stored: Stored, document: SourceDocument, *, reversed_before: bool
) -> tuple[State, str, tuple[Problem, ...]] | None:
    """None where a document of which nothing stands in NAV goes on as before."""
    ended = State.REVERSED if reversed_before else State.SKIPPED
    if not document.status.is_authorised:
        if stored.state is ended:
            return None
        return ended, f"{document.status.lower()} in Cin7 before it was sent", ()
    again = stored.state in (State.SKIPPED, State.REVERSED) and not stored.document.status.is_authorised
    if document.content_hash() != stored.content_hash or again:
        return State.RECEIVED, "changed in Cin7 before it was sent", ()
    return None


STAGED_OTHERWISE = "changed_after_staging"
IN_THE_LEDGER = frozenset({"posted_differently"})
"""Problems of entries that NAV has posted: reading Cin7 again does not solve them."""


def departs(document: SourceDocument, content: str, sent_content: str) -> bool:
    """Whether Cin7 says something else by now than what was sent."""
    return not document.status.is_authorised or content != sent_content


def _departure(document: SourceDocument) -> str:
    if document.status.is_authorised:
        return "authorised again in Cin7 with other content"
    return f"{document.status.lower()} in Cin7"


def staged_otherwise(document: SourceDocument) -> Problem:
    """A document that lies in NAV for people to post and is no longer what Cin7 says."""
    return Problem(
        STAGED_OTHERWISE,
        f"{document.number} lies in NAV to be posted and was {_departure(document)}: delete its journal "
        "batch, then it goes on with the new content; or post it, then it is corrected by a reversal",
        f"Cin7 {document.order_number}",
        Fixer.ACCOUNTANT,
    )


def claim(
    database: Database,
    states: Sequence[State],
    scope: Scope,
    run: Run,
    limit: int,
    *,
    after: int = 0,
    not_under_way: bool = False,
) -> list[Stored]:
    """Lease up to `limit` documents in these states to the run, in the order of their ids from `after` on.

    `not_under_way` leaves out those of which something was sent that is neither posted nor refused.

    Free are those that nobody holds, whose lease has ended, or that this very run holds.
    """
    condition, parameters = scope.where(database.company)
    if not_under_way:
        condition += (
            " AND NOT EXISTS (SELECT FROM delivery v WHERE v.document_id = document.id"
            " AND v.state IN ('sending', 'unknown', 'staged'))"
        )
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            WITH free AS (
                SELECT id FROM document
                WHERE {condition} AND state = ANY (%s) AND id > %s
                  AND (lease_owner IS NULL OR lease_owner = %s OR lease_until <= clock_timestamp())
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            )
            UPDATE document SET lease_owner = %s, lease_until = clock_timestamp() + %s
            FROM free WHERE document.id = free.id
            RETURNING {", ".join("document." + name for name in _COLUMNS.split(", "))}
            """,
            (*parameters, list(states), after, run.name, limit, run.name, LEASE),
        )
        return sorted((_stored(row) for row in cursor.fetchall()), key=lambda stored: stored.id)


def select(database: Database, states: Sequence[State], scope: Scope, limit: int = 1000) -> list[Stored]:
    """Documents in these states, without taking hold of them."""
    condition, parameters = scope.where(database.company)
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM document WHERE {condition} AND state = ANY (%s) ORDER BY id LIMIT %s",
            (*parameters, list(states), limit),
        )
        return [_stored(row) for row in cursor.fetchall()]


def find(database: Database, number: str) -> list[Stored]:
    """The documents with this document, order or NAV document number."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT {_COLUMNS} FROM document WHERE company = %s AND (number = %s OR order_number = %s
                OR id IN (SELECT document_id FROM delivery WHERE company = %s AND nav_document_no = %s))
            ORDER BY id
            """,
            (cursor.company, number, number, cursor.company, number.upper()),
        )
        return [_stored(row) for row in cursor.fetchall()]


def by_key(database: Database, keys: Sequence[DocumentKey]) -> dict[DocumentKey, Stored]:
    """Those of these documents that are known."""
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM document WHERE company = %s AND order_id = ANY (%s)",
            (cursor.company, list({key.order_id for key in keys})),
        )
        found = [_stored(row) for row in cursor.fetchall()]
    return {stored.key: stored for stored in found if stored.key in set(keys)}


def locked(cursor: Cursor, ids: Sequence[int]) -> dict[int, Stored]:
    """These documents as they stand; nobody else changes them until the end of the transaction."""
    cursor.execute(
        f"SELECT {_COLUMNS} FROM document WHERE id = ANY (%s) ORDER BY id FOR UPDATE", (list(ids),)
    )
    return {stored.id: stored for stored in map(_stored, cursor.fetchall())}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a step decided on a document."""

    stored: Stored
    state: State
    why: str
    problems: tuple[Problem, ...] = ()
    journal: Journal | None = None
    rule: str = ""
    request_sha256: str = ""
    posting: Posting = Posting.POST
    """With a journal: what is to happen to it."""
    refused_as: str = ""
    """Where NAV refused it: what NAV's reference data looked like then."""


def decide(cursor: Cursor, verdicts: Sequence[Verdict], run: Run) -> None:
    """Write what a step decided and let go of the documents.

    A problem that repeats is counted, not audited. While a document waits the first cause is kept, also
    while it is tried again.
    """
    values(
        cursor,
        """
        UPDATE document SET state = new.state,
            state_since = CASE WHEN document.state = new.state THEN state_since ELSE clock_timestamp() END,
            problems = new.problems::jsonb,
            first_problems = CASE WHEN new.problems <> '[]' THEN coalesce(first_problems, new.problems::jsonb)
                WHEN new.state = 'ready' THEN first_problems END,
            problem_since = CASE WHEN new.problems <> '[]' THEN coalesce(problem_since, clock_timestamp())
                WHEN new.state = 'ready' THEN problem_since END,
            problem_repeats = CASE WHEN problem_since IS NULL THEN 0
                WHEN new.problems <> '[]' THEN problem_repeats + 1
                WHEN new.state = 'ready' THEN problem_repeats ELSE 0 END,
            journal = coalesce(new.journal::jsonb, document.journal),
            posting = CASE WHEN new.journal IS NULL THEN document.posting ELSE new.posting END,
            refused_as = new.refused_as,
            tried_at = CASE WHEN new.refused_as = '' THEN NULL
                WHEN new.refused_as = document.refused_as THEN tried_at ELSE clock_timestamp() END,
            lease_owner = NULL, lease_until = NULL
        FROM (VALUES %s) AS new (id, state, problems, journal, posting, refused_as)
        WHERE document.id = new.id
        """,
        [
            (
                verdict.stored.id,
                verdict.state,
                codec.PROBLEMS.dump_json(verdict.problems).decode(),
                codec.JOURNAL.dump_json(verdict.journal).decode() if verdict.journal else None,
                verdict.posting,
                verdict.refused_as,
            )
            for verdict in verdicts
        ],
    )
    audit.append(
        cursor,
        [
            Change(
                str(verdict.stored.key),
                verdict.stored.state,
                verdict.state,
                verdict.why,
                run.name,
                verdict.rule,
                verdict.stored.raw_sha256,
                verdict.request_sha256,
            )
            for verdict in verdicts
            if (verdict.state, verdict.problems) != (verdict.stored.state, verdict.stored.problems)
        ],
    )


def release(database: Database, ids: Sequence[int], run: Run) -> None:
    """Let go of those of these documents that the run still holds."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE document SET lease_owner = NULL, lease_until = NULL
            WHERE id = ANY (%s) AND lease_owner = %s
            """,
            (list(ids), run.name),
        )


def first_ones(database: Database, stored: Sequence[Stored]) -> set[int]:
    """Those of these documents whose party has nothing posted or on its way yet, by id."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT d.id FROM document d WHERE d.id = ANY (%s) AND NOT EXISTS (
                SELECT FROM document other JOIN delivery v ON v.document_id = other.id
                WHERE other.company = d.company AND other.party_id = d.party_id AND other.id <> d.id
                  AND v.state <> 'refused'
                  AND split_part(other.kind, '_', 1) = split_part(d.kind, '_', 1))
            """,
            ([one.id for one in stored],),
        )
        return {row[0] for row in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a document has waited for somebody, and what for at first."""

    since: dt.datetime
    tried: int
    """How often it was tried since, in vain."""
    first: tuple[Problem, ...]


def waits(database: Database, ids: Sequence[int]) -> dict[int, Wait]:
    """The waits of those of these documents that have one, by id."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT id, problem_since, problem_repeats, coalesce(first_problems, problems) FROM document
            WHERE id = ANY (%s) AND problem_since IS NOT NULL
            """,
            (list(ids),),
        )
        return {
            row[0]: Wait(row[1], row[2], codec.PROBLEMS.validate_python(row[3])) for row in cursor.fetchall()
        }


def counts(database: Database, scope: Scope) -> dict[str, int]:
    """How many documents of the scope are in which state."""
    condition, parameters = scope.where(database.company)
    with database.transaction() as cursor:
        cursor.execute(f"SELECT state, count(*) FROM document WHERE {condition} GROUP BY state", parameters)
        return dict(cursor.fetchall())


def _known(cursor: Cursor, keys: Iterable[DocumentKey]) -> dict[DocumentKey, tuple[Stored, Sent | None]]:
    orders = list({key.order_id for key in keys})
    cursor.execute(
        f"SELECT {_COLUMNS} FROM document WHERE company = %s AND order_id = ANY (%s) ORDER BY id FOR UPDATE",
        (cursor.company, orders),
    )
    known = {stored.key: stored for stored in map(_stored, cursor.fetchall())}
    if not known:
        return {}
    cursor.execute(
        """
        SELECT DISTINCT ON (document_id) document_id, state, content_hash, reverses IS NOT NULL FROM delivery
        WHERE document_id = ANY (%s) AND state IN ('sending', 'unknown', 'staged', 'posted')
        ORDER BY document_id, revision DESC
        """,
        ([stored.id for stored in known.values()],),
    )
    sent = {row[0]: Sent(*row[1:]) for row in cursor.fetchall()}
    return {key: (stored, sent.get(stored.id)) for key, stored in known.items()}


def _values_of(document: SourceDocument, raw_sha256: str) -> dict[str, Any]:
    return {
        "kind": document.key.kind,
        "order_id": document.key.order_id,
        "task_id": document.key.task_id,
        "number": document.number,
        "order_number": document.order_number,
        "party_id": document.party_id,
        "party_name": document.party_name,
        "document_date": document.date,
        "currency": document.currency,
        "total": document.total,
        "source_status": document.status,
        "source": codec.DOCUMENT.dump_json(document).decode(),
        "content_hash": document.content_hash(),
        "raw_sha256": raw_sha256,
    }


def _insert(cursor: Cursor, fresh: Sequence[tuple[SourceDocument, str]], run: Run) -> None:
    added = {"company": cursor.company, "state": State.RECEIVED, "found_by": run.found_by, "run": run.name}
    rows = [_values_of(document, raw_sha256) | added for document, raw_sha256 in fresh]
    if rows:
        names = ", ".join(rows[0])
        values(cursor, f"INSERT INTO document ({names}) VALUES %s", [tuple(row.values()) for row in rows])


def _update(
    cursor: Cursor,
    stored: Stored,
    document: SourceDocument,
    raw_sha256: str,
    state: State,
    problems: tuple[Problem, ...],
    run: Run,
) -> None:
    row = _values_of(document, raw_sha256) | {"run": run.name, "state": state}
    row["problems"] = codec.PROBLEMS.dump_json(problems).decode()
    if not problems:
        row |= {"first_problems": None, "problem_since": None, "problem_repeats": 0}
    cursor.execute(
        f"""
        UPDATE document SET {", ".join(f"{name} = %s" for name in row)},
            state_since = CASE WHEN document.state = %s THEN state_since ELSE clock_timestamp() END
        WHERE id = %s
        """,
        (*row.values(), state, stored.id),
    )


def _change(key: DocumentKey, old: State | None, new: State, why: str, run: Run, raw_sha256: str) -> Change:
    return Change(str(key), old, new, why, run.name, raw_sha256=raw_sha256)
