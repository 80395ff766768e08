"""Which documents a replay is about, and how far it got."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cin7_nav.model import State
from cin7_nav.store import documents
from cin7_nav.store.database import Database, values
from cin7_nav.store.documents import Run, Stored, Verdict

_BY_NUMBER = """id IN (
    SELECT id FROM document WHERE company = %s AND number = ANY (%s)
    UNION ALL SELECT id FROM document WHERE company = %s AND order_number = ANY (%s)
    UNION ALL SELECT document_id FROM delivery WHERE company = %s AND nav_document_no = ANY (%s))"""
_BY_PARTY = """id IN (
    SELECT id FROM document WHERE company = %s AND party_name = ANY (%s)
    UNION ALL SELECT id FROM document WHERE company = %s AND party_id = ANY (%s))"""
"""Each half by its own index: an OR over both reads every document."""


@dataclass(frozen=True, slots=True)
class Filter:
    """All that is given must hold; of several values, any."""

    states: tuple[State, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None
    """Business dates, both included."""
    numbers: tuple[str, ...] = ()
    """Document, order or NAV document numbers."""
    parties: tuple[str, ...] = ()
    """Cin7's names or ids of customers and suppliers."""
    accounts: tuple[str, ...] = ()
    """Account codes of Cin7 on its lines, or of NAV on its journal."""
    text: str = ""
    """Beginnings of words of its numbers and of its party's name."""

    def where(self, company: str) -> tuple[str, list[Any]]:
        """An SQL condition on `document` and its parameters."""
        parts, parameters = ["company = %s"], [company]  # type: tuple[list[str], list[Any]]

        def add(part: str, *given: Any) -> None:
            parts.append(part)
            parameters.extend(given)

        if self.states:
            add("state = ANY (%s)", list(self.states))
        if self.since:
            add("document_date >= %s", self.since)
        if self.until:
            add("document_date <= %s", self.until)
        if self.numbers:
            numbers, upper = list(self.numbers), [number.upper() for number in self.numbers]
            add(_BY_NUMBER, company, numbers, company, numbers, company, upper)
        if self.parties:
            parties, lower = list(self.parties), [one.lower() for one in self.parties]
            add(_BY_PARTY, company, parties, company, lower)
        if self.accounts:
            add("accounts && %s", list(self.accounts))
        if words := words_of(self.text):
            add("document_words(number, order_number, party_name) @@ to_tsquery('simple', %s)", words)
        return " AND ".join(parts), parameters


def words_of(text: str) -> str:
    """The query that finds what has a word that begins like each of these; empty where there is none."""
    return " & ".join(f"{word}:*" for word in re.findall(r"\w+", text.replace("_", " ")))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a filter found."""

    states: Counter[str]
    orders: list[tuple[str, str]]
    """Side and id of the orders to read anew."""
    unknown: tuple[str, ...]
    """Numbers that were asked for and that nobody has read yet."""
    cost_days: tuple[str, ...]
    """Numbers of cost journals: days of Cin7's ledger."""
    left_out: int
    """Documents that a person has left out: the answer holds."""

    @property
    def documents(self) -> int:
        return sum(self.states.values())


def choose(database: Database, wanted: Filter) -> Chosen:
    condition, parameters = wanted.where(database.company)
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT split_part(kind, '_', 1), order_id, state, number, order_number,
                state = 'skipped' AND EXISTS (SELECT FROM decision WHERE document_id = document.id)
            FROM document WHERE {condition} ORDER BY document_date, id
            """,
            parameters,
        )
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT nav_document_no FROM delivery WHERE company = %s AND nav_document_no = ANY (%s)",
            (cursor.company, [number.upper() for number in wanted.numbers]),
        )
        known = {number for (number,) in cursor.fetchall()}
    known |= {text for row in rows for text in (row[3], row[4])}
    orders = {(row[0], row[1]): None for row in rows if row[0] in ("sale", "purchase")}
    return Chosen(
        Counter(row[2] for row in rows),
        list(orders),
        tuple(one for one in wanted.numbers if one not in known and one.upper() not in known),
        tuple(row[3] for row in rows if row[0] == "cost"),
        sum(row[5] for row in rows),
    )


def sample(database: Database, wanted: Filter, limit: int) -> list[Stored]:
    """The first of these documents that are not in the ledger, whole."""
    condition, parameters = wanted.where(database.company)
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT id FROM document WHERE {condition} AND state NOT IN ('posted', 'reversed', 'staged')
            ORDER BY document_date, id LIMIT %s
            """,
            (*parameters, limit),
        )
        ids = [identity for (identity,) in cursor.fetchall()]
        return list(documents.locked(cursor, ids).values()) if ids else []


def begin(database: Database, run: Run, wanted: Filter, orders: Sequence[tuple[str, str]]) -> int:
    """Take these orders upon a run, once: repeated, what it took before stays. The replay's id."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO replay (company, run, selection) VALUES (%s, %s, %s)
            ON CONFLICT (company, run) DO NOTHING RETURNING id
            """,
            (cursor.company, run.name, json.dumps(asdict(wanted), default=str)),
        )
        made = cursor.fetchone()
        if made is None:
            cursor.execute(
                "SELECT id FROM replay WHERE company = %s AND run = %s", (cursor.company, run.name)
            )
            made = cursor.fetchone()
            assert made is not None
            return int(made[0])
        rows = [(made[0], cursor.company, side, order_id) for side, order_id in orders]
        values(cursor, "INSERT INTO replay_order (replay_id, company, side, order_id) VALUES %s", rows)
        return int(made[0])


def left(database: Database, identity: int, limit: int) -> list[tuple[str, str]]:
    """Orders that the replay has not dealt with."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT side, order_id FROM replay_order WHERE replay_id = %s AND done_at IS NULL
            ORDER BY side, order_id LIMIT %s
            """,
            (identity, limit),
        )
        return list(cursor.fetchall())


def done(database: Database, identity: int, orders: Sequence[tuple[str, str]]) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE replay_order SET done_at = clock_timestamp()
            WHERE replay_id = %s AND (side, order_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
            """,
            (identity, [side for side, _ in orders], [order for _, order in orders]),
        )


def finish(database: Database, identity: int) -> None:
    with database.transaction() as cursor:
        cursor.execute("UPDATE replay SET finished_at = clock_timestamp() WHERE id = %s", (identity,))


def unfinished(database: Database, run: Run) -> list[tuple[str, int, int]]:
    """`(run, done, taken)` of other replays that began within a week and did not come to their end."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT r.run, count(o.done_at), count(*) FROM replay r JOIN replay_order o ON o.replay_id = r.id
            WHERE r.company = %s AND r.finished_at IS NULL AND r.run <> %s
              AND r.planned_at > clock_timestamp() - interval '7 days'
            GROUP BY r.id ORDER BY r.id DESC
            """,
            (cursor.company, run.name),
        )
        return list(cursor.fetchall())


def take_up(database: Database, orders: Sequence[tuple[str, str]], run: Run) -> int:
    """Skipped documents of these orders are looked at once more; what a person left out stays left out by the
    answer, which holds for the same content. How many."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT id FROM document WHERE company = %s AND order_id = ANY (%s) AND state = 'skipped'
              AND source_status IN ('AUTHORISED', 'PAID')
              AND NOT EXISTS (SELECT FROM decision WHERE document_id = document.id)
            """,
            (cursor.company, [order for _, order in orders]),
        )
        ids = [identity for (identity,) in cursor.fetchall()]
        found = documents.locked(cursor, ids).values() if ids else ()
        verdicts = [Verdict(stored, State.RECEIVED, "replayed") for stored in found]
        documents.decide(cursor, verdicts, run)
        return len(verdicts)
