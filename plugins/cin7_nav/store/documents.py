"""Documents: what Cin7 said of each, and where it is on its way."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cin7_nav.model import DocumentKey, Fixer, Journal, Problem, SourceDocument, State
from cin7_nav.store import audit, codec
from cin7_nav.store.audit import Change
from cin7_nav.store.database import COMPANY, Cursor, Database, values
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

    def where(self) -> tuple[str, list[Any]]:
        """An SQL condition on `document` and its parameters."""
        parts, parameters = ["company = %s"], [COMPANY]  # type: tuple[list[str], list[Any]]
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

    @property
    def key(self) -> DocumentKey:
        return self.document.key


_COLUMNS = "id, source, state, revision, raw_sha256, content_hash, problems, journal"


def _stored(row: Sequence[Any]) -> Stored:
    identity, source, state, revision, raw, content, problems, journal = row
    return Stored(
        identity,
        codec.DOCUMENT.validate_python(source),
        State(state),
        revision,
        raw,
        content,
        codec.PROBLEMS.validate_python(problems),
        codec.JOURNAL.validate_python(journal) if journal else None,
    )


def record(
    database: Database,
    raw: Any,
    documents: Iterable[SourceDocument],
    run: Run,
    header: Header | None = None,
) -> Counter[str]:
    """Take in the documents of one order as just read, with the order's `raw` JSON and its `header`.

    Only what alters the journal counts as a change. Counts by what became of each document. The commit
    does not wait for the disk: what a crash could take back is read from Cin7 again, and whatever is
    committed after it with the usual care, such as the end of an event, makes it safe too.
    """
    by_key = {document.key: document for document in documents}
    body = codec.canonical(raw)
    raw_sha256 = codec.sha256(body)
    outcome: Counter[str] = Counter()
    changes: list[Change] = []
    with database.transaction() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(
            "INSERT INTO payload (sha256, body) VALUES (%s, %s) ON CONFLICT DO NOTHING", (raw_sha256, body)
        )
        if header:
            details_read(cursor, header)
        known = _known(cursor, by_key)
        for key, document in by_key.items():
            old = known.get(key)
            if old is None:
                if document.status.is_authorised:
                    _insert(cursor, document, raw_sha256, run)
                    changes.append(
                        _change(key, None, State.RECEIVED, f"found by {run.found_by}", run, raw_sha256)
                    )
                    outcome["new"] += 1
                continue
            stored, live = old
            state, why, problems = _after_reading(stored, document, live)
            _update(cursor, stored, document, raw_sha256, state, problems, run)
            if state != stored.state or problems != stored.problems:
                changes.append(_change(key, stored.state, state, why, run, raw_sha256))
            outcome[why or "unchanged"] += 1
        audit.append(cursor, changes)
    return outcome


def _after_reading(
    stored: Stored, document: SourceDocument, live: tuple[str, str] | None
) -> tuple[State, str, tuple[Problem, ...]]:
    """The state that a known document has after it was read again, why, and what is wrong with it.

    `live` is state and content hash of what was sent, where something was.
    """
    content = document.content_hash()
    if live is None:
        if not document.status.is_authorised:
            if stored.state is State.SKIPPED:
                return State.SKIPPED, "", stored.problems
            return State.SKIPPED, f"{document.status.lower()} in Cin7 before it was sent", ()
        again = stored.state is State.SKIPPED and not stored.document.status.is_authorised
        if content != stored.content_hash or again:
            return State.RECEIVED, "changed in Cin7 before it was sent", ()
        return stored.state, "", stored.problems
    sent_state, sent_content = live
    if sent_state in (State.SENDING, State.UNKNOWN):
        return stored.state, "", stored.problems
    problem = departure(document, content, sent_content)
    if problem is None:
        if (
            stored.state is State.NEEDS_ATTENTION
            and stored.problems
            and stored.problems[0].code in DEPARTURES
        ):
            return State(sent_state), "agrees again with what was sent", ()
        return stored.state, "", stored.problems
    return State.NEEDS_ATTENTION, problem.message, (problem,)


DEPARTURES = ("changed_after_sending", "withdrawn_after_sending")


def departure(document: SourceDocument, content: str, sent_content: str) -> Problem | None:
    """How a document that was sent differs by now from what was sent; None where it does not."""
    if not document.status.is_authorised:
        return Problem(
            "withdrawn_after_sending",
            f"{document.number} was sent to NAV and is now {document.status.lower()} in Cin7: "
            "reverse it in NAV by hand",
            f"Cin7 {document.order_number}",
            Fixer.ACCOUNTANT,
        )
    if content != sent_content:
        return Problem(
            "changed_after_sending",
            f"{document.number} was authorised again in Cin7 with other content after it was sent to NAV: "
            "correct it in NAV by hand",
            f"Cin7 {document.order_number}",
            Fixer.ACCOUNTANT,
        )
    return None


def claim(
    database: Database,
    states: Sequence[State],
    scope: Scope,
    run: Run,
    limit: int,
    *,
    after: int = 0,
    unsent_only: bool = False,
) -> list[Stored]:
    """Lease up to `limit` documents in these states to the run, in the order of their ids from `after` on.

    Free are those that nobody holds, whose lease has ended, or that this very run holds.
    """
    condition, parameters = scope.where()
    if unsent_only:
        condition += f" AND NOT EXISTS (SELECT FROM delivery v WHERE v.document_id = document.id AND {_LIVE})"
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
    condition, parameters = scope.where()
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
            (COMPANY, number, number, COMPANY, number.upper()),
        )
        return [_stored(row) for row in cursor.fetchall()]


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


def decide(cursor: Cursor, verdicts: Sequence[Verdict], run: Run) -> None:
    """Write what a step decided and let go of the documents.

    A problem that repeats is counted, not audited.
    """
    values(
        cursor,
        """
        UPDATE document SET state = new.state,
            state_since = CASE WHEN document.state = new.state THEN state_since ELSE clock_timestamp() END,
            problems = new.problems::jsonb,
            problem_since = CASE WHEN new.problems = '[]' THEN NULL
                WHEN document.problems = new.problems::jsonb THEN problem_since ELSE clock_timestamp() END,
            problem_repeats = CASE WHEN document.problems = new.problems::jsonb AND new.problems <> '[]'
                THEN problem_repeats + 1 ELSE 0 END,
            journal = coalesce(new.journal::jsonb, document.journal),
            lease_owner = NULL, lease_until = NULL
        FROM (VALUES %s) AS new (id, state, problems, journal) WHERE document.id = new.id
        """,
        [
            (
                verdict.stored.id,
                verdict.state,
                codec.PROBLEMS.dump_json(verdict.problems).decode(),
                codec.JOURNAL.dump_json(verdict.journal).decode() if verdict.journal else None,
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


def counts(database: Database, scope: Scope) -> dict[str, int]:
    """How many documents of the scope are in which state."""
    condition, parameters = scope.where()
    with database.transaction() as cursor:
        cursor.execute(f"SELECT state, count(*) FROM document WHERE {condition} GROUP BY state", parameters)
        return dict(cursor.fetchall())


_LIVE = "v.state IN ('sending', 'unknown', 'staged', 'posted')"


def _known(
    cursor: Cursor, keys: Iterable[DocumentKey]
) -> dict[DocumentKey, tuple[Stored, tuple[str, str] | None]]:
    orders = list({key.order_id for key in keys})
    cursor.execute(
        f"SELECT {_COLUMNS} FROM document WHERE company = %s AND order_id = ANY (%s) ORDER BY id FOR UPDATE",
        (COMPANY, orders),
    )
    known = {stored.key: stored for stored in map(_stored, cursor.fetchall())}
    if not known:
        return {}
    cursor.execute(
        f"""
        SELECT DISTINCT ON (document_id) document_id, state, content_hash FROM delivery v
        WHERE document_id = ANY (%s) AND {_LIVE} ORDER BY document_id, revision DESC
        """,
        ([stored.id for stored in known.values()],),
    )
    live = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
    return {key: (stored, live.get(stored.id)) for key, stored in known.items()}


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


def _insert(cursor: Cursor, document: SourceDocument, raw_sha256: str, run: Run) -> None:
    row = _values_of(document, raw_sha256) | {
        "company": COMPANY,
        "state": State.RECEIVED,
        "found_by": run.found_by,
        "run": run.name,
    }
    cursor.execute(
        f"INSERT INTO document ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
    )


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
