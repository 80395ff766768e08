"""Questions on held documents, and what people answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cin7_nav.model import State
from cin7_nav.store import documents
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run, Stored


class Answer(StrEnum):
    """What a person wants of a held document, or of a party in review."""

    POST = "post"
    LINK = "link"
    """It already is in NAV, keyed by hand; of a party: it is the one named."""
    SKIP = "skip"
    CREATE = "create"
    """A party is none of those shown: make a record of it on the other side."""
    IGNORE = "ignore"
    """Leave the party alone."""
    NEVER = "never"
    """The party is never one of those shown."""
    CIN7 = "cin7"
    """Take the values that Cin7 has."""
    NAV = "nav"
    """Take the values that NAV has."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of one person. It holds for the document as it was when it was asked about."""

    document_id: int
    question: str
    """Code of the problem that the document was held for."""
    shown_hash: str
    answer: Answer
    reason: str
    person: str
    run: str
    """Dag id and run id, or the command."""
    decided_at: dt.datetime
    nav_number: str = ""
    """With `link`: the NAV document that already is this one."""


DECIDABLE = (State.HELD, State.NEEDS_ATTENTION)
"""States of documents on which people decide."""


def told(decision: Decision) -> str:
    """An answer as a sentence for the audit trail: what, who and for what reason."""
    match decision.answer:
        case Answer.POST:
            said = "approved"
        case Answer.LINK:
            said = f"is NAV {decision.nav_number}, keyed by hand: linked"
        case Answer.SKIP:
            said = "skipped"
        case _:
            said = f"answered with {decision.answer}"
    return f"{said} by {decision.person}: {decision.reason}"


_COLUMNS = "document_id, question, shown_hash, answer, reason, person, run, decided_at, nav_number"


ANSWERED_THERE = "decisions/%"
"""The runs in which people answer: where one of them took the answer, it is over by itself."""


def ask(
    database: Database, questions: Sequence[str], run: Run, limit: int, again_after: dt.timedelta
) -> list[tuple[Stored, bool]]:
    """Take up to `limit` held documents whose first problem is one of `questions` and is unasked.

    Each is noted as asked by the run, which gets the same ones again when it is repeated; the flag is set.
    What was asked longer than `again_after` ago and has no answer is taken once more, without the flag:
    whoever took it may have died, or it still is before people.
    """
    with database.transaction() as cursor:
        cursor.execute(
            """
            WITH held AS (
                SELECT id, problems -> 0 ->> 'code' AS code, shown_hash AS hash FROM document
                WHERE company = %(company)s AND state = %(held)s
                  AND problems -> 0 ->> 'code' = ANY (%(questions)s)
            ), unasked AS (
                SELECT id, code, hash, coalesce(q.run, %(run)s) = %(run)s AS anew
                FROM held LEFT JOIN question q ON (q.document_id, q.question, q.shown_hash) = (id, code, hash)
                WHERE NOT EXISTS (
                    SELECT FROM decision d
                    WHERE (d.document_id, d.question, d.shown_hash) = (id, code, hash))
                  AND (q.run IS NULL OR q.run = %(run)s
                       OR q.asked_at <= clock_timestamp() - %(again_after)s)
                ORDER BY id LIMIT %(limit)s
            ), noted AS (
                INSERT INTO question (document_id, question, shown_hash, company, run)
                SELECT id, code, hash, %(company)s, %(run)s FROM unasked
                ON CONFLICT (document_id, question, shown_hash)
                DO UPDATE SET run = excluded.run, asked_at = clock_timestamp()
            )
            SELECT id, anew FROM unasked
            """,
            {
                "company": cursor.company,
                "held": State.HELD,
                "questions": list(questions),
                "run": run.name,
                "again_after": again_after,
                "limit": limit,
            },
        )
        anew = dict(cursor.fetchall())
        return [(stored, anew[id_]) for id_, stored in documents.locked(cursor, list(anew)).items()]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A question that people were asked and that is none any more."""

    stored: Stored
    question: str
    shown_hash: str


def withdraw(database: Database, limit: int) -> list[Withdrawn]:
    """Take up to `limit` questions that people are asked for nothing: the document is held for it no more,
    or somebody answered elsewhere. Each is told once."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            WITH given AS (
                SELECT q.document_id AS id, q.question, q.shown_hash, d.run FROM question q
                LEFT JOIN LATERAL (
                    SELECT run FROM decision
                    WHERE (document_id, question, shown_hash) = (q.document_id, q.question, q.shown_hash)
                    ORDER BY run NOT LIKE %(there)s LIMIT 1) d ON true
                JOIN document ON document.id = q.document_id
                WHERE q.company = %(company)s
                  AND (d.run IS NOT NULL OR document.shown_hash <> q.shown_hash
                       OR document.state <> ALL (%(decidable)s)
                       OR document.problems -> 0 ->> 'code' IS DISTINCT FROM q.question)
                ORDER BY q.document_id LIMIT %(limit)s
            ), gone AS (
                DELETE FROM question q USING given g
                WHERE (q.document_id, q.question, q.shown_hash) = (g.id, g.question, g.shown_hash)
            )
            SELECT id, question, shown_hash FROM given WHERE run IS NULL OR run NOT LIKE %(there)s
            """,
            {
                "company": cursor.company,
                "there": ANSWERED_THERE,
                "decidable": list(DECIDABLE),
                "limit": limit,
            },
        )
        rows = cursor.fetchall()
        found = documents.locked(cursor, [id_ for id_, *_ in rows])
        return [Withdrawn(found[id_], question, hash_) for id_, question, hash_ in rows]


def record(database: Database, decision: Decision) -> str | None:
    """Store an answer; the reason why not where the document no longer is what the question was about.

    Safe to repeat: an answer that is there already is not stored twice and counts as stored.
    """
    with database.transaction() as cursor:
        stored = documents.locked(cursor, [decision.document_id]).get(decision.document_id)
        if stored is None:
            return f"there is no document with the id {decision.document_id}"
        cursor.execute(
            "SELECT FROM decision WHERE (document_id, run, decided_at) = (%s, %s, %s)",
            (decision.document_id, decision.run, decision.decided_at),
        )
        if cursor.fetchone() is not None:
            return None
        if reason := outdated(stored, decision.question, decision.shown_hash):
            return reason
        cursor.execute(
            f"INSERT INTO decision (company, revision, {_COLUMNS})"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                cursor.company,
                stored.revision,
                decision.document_id,
                decision.question,
                decision.shown_hash,
                decision.answer,
                decision.reason,
                decision.person,
                decision.run,
                decision.decided_at,
                decision.nav_number,
            ),
        )
        return None


def outdated(stored: Stored, question: str, shown_hash: str) -> str | None:
    """Why a question is no longer one; None where the document still is held for it as it was."""
    number = stored.document.number
    if stored.shown_hash != shown_hash:
        return f"{number}, or what would be posted for it, has changed since it was asked about"
    if stored.state not in DECIDABLE:
        return f"{number} is no longer held: it is {stored.state}"
    if not stored.problems or stored.problems[0].code != question:
        return f"{number} is no longer held for {question}"
    return None


def answers(database: Database, document_ids: Sequence[int]) -> dict[int, dict[str, Decision]]:
    """By document id and question: the newest answer that holds for the document as it is now."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT ON (document_id, question) {_COLUMNS} FROM decision
            WHERE document_id = ANY (%s)
              AND shown_hash = (SELECT shown_hash FROM document WHERE id = document_id)
            ORDER BY document_id, question, decision.id DESC
            """,
            (list(document_ids),),
        )
        found: dict[int, dict[str, Decision]] = {}
        for decision in map(_decision, cursor.fetchall()):
            found.setdefault(decision.document_id, {})[decision.question] = decision
        return found


def valid(answers: Mapping[int, Mapping[str, Decision]], stored: Stored, question: str) -> Decision | None:
    """The answer to a question about a document, where it was given for the document as it is now."""
    found = answers.get(stored.id, {}).get(question)
    return found if found and found.shown_hash == stored.shown_hash else None


def history(database: Database, document_id: int) -> list[Decision]:
    """Everything that people ever decided on a document, oldest first."""
    with database.transaction() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM decision WHERE document_id = %s ORDER BY id", (document_id,))
        return [_decision(row) for row in cursor.fetchall()]


def _decision(row: Sequence[Any]) -> Decision:
    document_id, question, shown_hash, answer, *rest = row
    return Decision(document_id, question, shown_hash, Answer(answer), *rest)
