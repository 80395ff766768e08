"""Reviews: questions on parties, what people were shown, and what they answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cin7_nav.model import PartyKind, Side
from cin7_nav.store import audit, codec
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Cursor, Database
from cin7_nav.store.decisions import ANSWERED_THERE, Answer
from cin7_nav.store.documents import Run

MATCH = "party_match"
"""The question which record of the other side a record is."""
CONFLICT = "party_conflict"
"""The question whose values are to be taken."""


@dataclass(frozen=True, slots=True)
class Review:
    """One question on one record, with what a person is shown."""

    id: int
    kind: PartyKind
    side: Side
    record_id: str
    question: str
    shown: Mapping[str, Any]
    shown_hash: str
    opened_at: dt.datetime
    answer: Answer | None = None
    target: str = ""
    """Answer link: the NAV number, or the Cin7 name or id, of the record to link with."""
    reason: str = ""
    person: str = ""

    @property
    def told(self) -> str:
        """The answer as a sentence for the audit trail."""
        to = f" with {self.target}" if self.target else ""
        return f"{self.answer}{to} by {self.person}: {self.reason}"


_COLUMNS = (
    "id, kind, side, record_id, question, shown, shown_hash, opened_at, answer, target,"
    " coalesce(reason, ''), coalesce(person, '')"
)


def _review(row: Sequence[Any]) -> Review:
    id_, kind, side, record_id, question, shown, hash_, opened, answer, target, reason, person = row
    said = Answer(answer) if answer else None
    return Review(
        id_,
        PartyKind(kind),
        Side(side),
        record_id,
        question,
        shown,
        hash_,
        opened,
        said,
        target,
        reason,
        person,
    )


@dataclass(frozen=True, slots=True)
class Open:
    """A question as it is to be put."""

    side: Side
    record_id: str
    question: str
    shown: Mapping[str, Any]


def put(database: Database, kind: PartyKind, question: str, wanted: Sequence[Open]) -> int:
    """Make these the open questions of their sort; how many are new. What is as it was stays, the rest is
    closed.

    An answer that was not carried out yet is left alone.
    """
    bodies = {(one.side, one.record_id): codec.canonical(one.shown) for one in wanted}
    hashes = {key: codec.sha256(body) for key, body in bodies.items()}
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM party_review WHERE company = %s AND kind = %s AND question = %s"
            " AND closed_at IS NULL FOR UPDATE",
            (cursor.company, kind, question),
        )
        now = {(one.side, one.record_id): one for one in map(_review, cursor.fetchall())}
        stale = [
            one.id for key, one in now.items() if one.answer is None and hashes.get(key) != one.shown_hash
        ]
        cursor.execute("UPDATE party_review SET closed_at = clock_timestamp() WHERE id = ANY (%s)", (stale,))
        fresh = [key for key in bodies if key not in now or now[key].id in stale]
        for side, record_id in fresh:
            cursor.execute(
                "INSERT INTO party_review (company, kind, side, record_id, question, shown, shown_hash)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
                (
                    cursor.company,
                    kind,
                    side,
                    record_id,
                    question,
                    bodies[side, record_id],
                    hashes[side, record_id],
                ),
            )
    return len(fresh)


def put_one(cursor: Cursor, kind: PartyKind, wanted: Open) -> None:
    """Put one question; one on the same record that shows something else is closed."""
    body = codec.canonical(wanted.shown)
    cursor.execute(
        """
        UPDATE party_review SET closed_at = clock_timestamp()
        WHERE company = %s AND kind = %s AND side = %s AND record_id = %s AND question = %s
          AND closed_at IS NULL AND answer IS NULL AND shown_hash <> %s
        """,
        (cursor.company, kind, wanted.side, wanted.record_id, wanted.question, codec.sha256(body)),
    )
    cursor.execute(
        "INSERT INTO party_review (company, kind, side, record_id, question, shown, shown_hash)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (cursor.company, kind, wanted.side, wanted.record_id, wanted.question, body, codec.sha256(body)),
    )


def withdraw(cursor: Cursor, kind: PartyKind, side: Side, record_id: str, question: str) -> None:
    """The question needs no answer any more."""
    cursor.execute(
        """
        UPDATE party_review SET closed_at = clock_timestamp()
        WHERE company = %s AND kind = %s AND side = %s AND record_id = %s AND question = %s
          AND closed_at IS NULL AND answer IS NULL
        """,
        (cursor.company, kind, side, record_id, question),
    )


def ask(database: Database, run: Run, limit: int, again_after: dt.timedelta) -> list[Review]:
    """Take up to `limit` open questions that nobody was asked yet; now they count as asked by the run.

    The run gets the same ones again when it is repeated; what was asked longer than `again_after` ago is
    taken once more.
    """
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            WITH unasked AS (
                SELECT id FROM party_review
                WHERE company = %s AND closed_at IS NULL AND answer IS NULL
                  AND (asked_at IS NULL OR asked_by = %s OR asked_at < clock_timestamp() - %s)
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            )
            UPDATE party_review r SET asked_by = %s, asked_at = clock_timestamp()
            FROM unasked WHERE r.id = unasked.id
            RETURNING {", ".join("r." + name for name in _COLUMNS.split(", ")[:10])}, '', ''
            """,
            (cursor.company, run.name, again_after, limit, run.name),
        )
        return sorted(map(_review, cursor.fetchall()), key=lambda review: review.id)


def withdrawn(database: Database, limit: int) -> list[Review]:
    """Take up to `limit` questions that people are asked for nothing: the records have changed, or somebody
    answered elsewhere. Each is told once."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            WITH given AS (
                SELECT id FROM party_review
                WHERE company = %s AND asked_at IS NOT NULL AND withdrawn_at IS NULL
                  AND (closed_at IS NOT NULL OR answer IS NOT NULL)
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            ), noted AS (
                UPDATE party_review r SET withdrawn_at = clock_timestamp() FROM given WHERE r.id = given.id
            )
            SELECT {_COLUMNS} FROM party_review
            WHERE id IN (SELECT id FROM given) AND coalesce(run NOT LIKE %s, true) ORDER BY id
            """,
            (cursor.company, limit, ANSWERED_THERE),
        )
        return [_review(row) for row in cursor.fetchall()]


def get(database: Database, review_id: int) -> Review | None:
    with database.transaction() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM party_review WHERE id = %s", (review_id,))
        row = cursor.fetchone()
        return _review(row) if row else None


def still_open(database: Database) -> list[Review]:
    """What waits for a person, oldest first."""
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM party_review WHERE company = %s AND closed_at IS NULL AND answer IS NULL"
            " ORDER BY id",
            (cursor.company,),
        )
        return [_review(row) for row in cursor.fetchall()]


def outdated(database: Database, review_id: int) -> str | None:
    """Why a question is no longer one; None where it still waits for an answer."""
    with database.transaction() as cursor:
        cursor.execute("SELECT closed_at, answer FROM party_review WHERE id = %s", (review_id,))
        row = cursor.fetchone()
    if row is None:
        return f"there is no review with the id {review_id}"
    if row[1]:
        return "it has been answered"
    return "the records have changed since it was asked about" if row[0] else None


@dataclass(frozen=True, slots=True)
class Said:
    """What a person answered."""

    answer: Answer
    reason: str
    person: str
    run: str
    decided_at: dt.datetime
    target: str = ""


def record(database: Database, review_id: int, said: Said) -> str | None:
    """Store an answer; the reason why not where the question no longer is one. Safe to repeat."""
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS}, closed_at, run, decided_at FROM party_review WHERE id = %s FOR UPDATE",
            (review_id,),
        )
        row = cursor.fetchone()
        if row is None:
            return f"there is no review with the id {review_id}"
        *columns, closed, run, decided = row
        if (run, decided) == (said.run, said.decided_at):
            return None
        review = _review(columns)
        if review.answer:
            return "it has been answered"
        if closed:
            return "the records have changed since it was asked about"
        cursor.execute(
            """
            UPDATE party_review SET answer = %s, target = %s, reason = %s, person = %s, run = %s,
                decided_at = %s
            WHERE id = %s
            """,
            (said.answer, said.target, said.reason, said.person, said.run, said.decided_at, review_id),
        )
        why = f"{said.answer} by {said.person}: {said.reason}"
        name = f"party/{review.kind}/{review.side}/{review.record_id}"
        audit.append(cursor, [Change(name, "in_review", "answered", why, said.run)])
        return None


def answered(database: Database, kind: PartyKind) -> list[Review]:
    """Answers that were not carried out yet, in the order in which they were given."""
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM party_review WHERE company = %s AND kind = %s AND closed_at IS NULL"
            " AND answer IS NOT NULL ORDER BY decided_at, id",
            (cursor.company, kind),
        )
        return [_review(row) for row in cursor.fetchall()]


def carried_out(cursor: Cursor, review: Review) -> None:
    cursor.execute("UPDATE party_review SET closed_at = clock_timestamp() WHERE id = %s", (review.id,))
