"""Parties: the cards of both systems as last read, which of them belong together, and which never do."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cin7_nav.model import Party, PartyField, PartyKind, Problem, Side
from cin7_nav.rules.party_merging import Chosen, Snapshot
from cin7_nav.store import audit, codec
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Cursor, Database, values
from cin7_nav.store.documents import Run

REFUSED_AGAIN_AFTER = dt.timedelta(hours=1)
"""What a vendor refused is tried again when one of the records changed, and otherwise this rarely."""


class Busy(Exception):
    """Another run writes parties at this moment."""


@contextmanager
def exclusive(database: Database) -> Iterator[None]:
    """Nobody else carries parties meanwhile. Raises Busy where somebody does."""
    connection = database.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_lock(hashtext('cin7_nav.parties'), hashtext(%s))", (database.company,)
            )
            if cursor.fetchone() != (True,):
                raise Busy("another run carries parties at this moment")
        yield
    finally:
        connection.close()


def now(database: Database) -> dt.datetime:
    """The database's time, by which links are tried again."""
    with database.transaction() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
        assert row is not None
        moment: dt.datetime = row[0]
        return moment


# --- cards ---

_CARD = 'kind, side, id, number, "values", modified, version'


def _party(row: Sequence[Any]) -> Party:
    kind, side, id_, number, held, modified, version = row
    return Party(
        PartyKind(kind),
        Side(side),
        id_,
        number,
        {PartyField(name): value for name, value in held.items()},
        modified,
        version,
    )


def record(database: Database, parties: Sequence[Party], *, settled: bool = False) -> int:
    """Take in cards as just read; how many of them say something new. What is as it was is not written.

    `settled`: what is read back after our own write needs nothing done.
    """
    newest = {(one.kind, one.side, one.id): one for one in parties}
    with database.transaction() as cursor:
        changed = values(
            cursor,
            """
            INSERT INTO party_card AS known
                (company, kind, side, id, number, "values", modified, version, due)
            VALUES %s
            ON CONFLICT (company, kind, side, id) DO UPDATE SET
                number = excluded.number, "values" = excluded."values", modified = excluded.modified,
                version = excluded.version, gone_at = NULL, seen_at = clock_timestamp(),
                due = known.due AND excluded.due OR excluded.due AND (known.gone_at IS NOT NULL
                    OR (known."values", known.number) IS DISTINCT FROM (excluded."values", excluded.number))
            WHERE (known."values", known.number, known.version, known.modified, known.gone_at)
                IS DISTINCT FROM
                (excluded."values", excluded.number, excluded.version, excluded.modified, NULL)
            RETURNING due
            """,
            [
                (
                    cursor.company,
                    one.kind,
                    one.side,
                    one.id,
                    one.number,
                    codec.canonical(dict(one.values)),
                    one.modified,
                    one.version,
                    not settled,
                )
                for one in newest.values()
            ],
        )
    return sum(due for (due,) in changed)


def cards(
    database: Database, kind: PartyKind, side: Side, ids: Collection[str] | None = None
) -> dict[str, Party]:
    """The cards that the side still has: all, or those with these ids."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT {_CARD} FROM party_card
            WHERE company = %s AND kind = %s AND side = %s AND gone_at IS NULL AND (%s OR id = ANY (%s))
            ORDER BY id
            """,
            (cursor.company, kind, side, ids is None, list(ids or ())),
        )
        return {one.id: one for one in map(_party, cursor.fetchall())}


def ids(database: Database, kind: PartyKind, side: Side) -> set[str]:
    """The ids of the cards that the side still has."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT id FROM party_card WHERE company = %s AND kind = %s AND side = %s AND gone_at IS NULL",
            (cursor.company, kind, side),
        )
        return {id_ for (id_,) in cursor.fetchall()}


def find(database: Database, text: str) -> list[Party]:
    """The cards with this id, NAV number or name, gone or not."""
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT {_CARD} FROM party_card
            WHERE company = %s
              AND (id = lower(%s) OR number = upper(%s) OR lower("values"->>'name') = lower(%s))
            ORDER BY kind, side, id
            """,
            (cursor.company, text, text, text),
        )
        return [_party(row) for row in cursor.fetchall()]


def gone(database: Database, kind: PartyKind, side: Side, gone_ids: Collection[str]) -> None:
    """The side does not have these any more."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE party_card SET gone_at = clock_timestamp(), due = true
            WHERE company = %s AND kind = %s AND side = %s AND id = ANY (%s) AND gone_at IS NULL
            """,
            (cursor.company, kind, side, list(gone_ids)),
        )


def mark_due(database: Database, kind: PartyKind, side: Side, due_ids: Collection[str]) -> None:
    """Look at these again, whether they changed or not."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE party_card SET due = true
            WHERE company = %s AND kind = %s AND side = %s AND id = ANY (%s) AND NOT due
            """,
            (cursor.company, kind, side, list(due_ids)),
        )


def has_new(database: Database, kind: PartyKind) -> bool:
    """Whether a record that is not linked is new or changed."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM party_card c WHERE c.company = %s AND c.kind = %s AND c.due
                AND c.gone_at IS NULL AND NOT EXISTS (
                    SELECT FROM party_link l WHERE (l.company, l.kind) = (c.company, c.kind)
                      AND l.ended_at IS NULL
                      AND (c.side = 'cin7' AND l.cin7_id = c.id OR c.side = 'nav' AND l.nav_id = c.id)))
            """,
            (cursor.company, kind),
        )
        return cursor.fetchone() == (True,)


# --- links ---


@dataclass(frozen=True, slots=True)
class Link:
    """Two records that are one party, or one record whose other half is being created."""

    id: int
    kind: PartyKind
    cin7_id: str | None
    nav_id: str | None
    how: str
    why: str
    snapshot: Snapshot = field(default_factory=dict)
    chosen: Chosen = field(default_factory=dict)
    intent: Mapping[PartyField, str] | None = None
    intended_at: dt.datetime | None = None
    problems: tuple[Problem, ...] = ()
    problem_since: dt.datetime | None = None
    tried_at: dt.datetime | None = None

    @property
    def record(self) -> str:
        """Its name in the audit trail."""
        return f"party/{self.kind}/{self.id}"

    def of(self, side: Side) -> str | None:
        return self.cin7_id if side is Side.CIN7 else self.nav_id

    @property
    def missing(self) -> Side | None:
        """The side on which it is being created."""
        return Side.NAV if self.nav_id is None else Side.CIN7 if self.cin7_id is None else None


_LINK = (
    "id, kind, cin7_id, nav_id, how, why, snapshot, chosen, intent, intended_at, problems, problem_since,"
    " tried_at"
)


def _link(row: Sequence[Any]) -> Link:
    id_, kind, cin7_id, nav_id, how, why, snapshot, chosen, intent, intended, problems, since, tried = row
    return Link(
        id_,
        PartyKind(kind),
        cin7_id,
        nav_id,
        how,
        why,
        {PartyField(name): (pair[0], pair[1]) for name, pair in snapshot.items()},
        {PartyField(name): (Side(one[0]), one[1], one[2]) for name, one in chosen.items()},
        {PartyField(name): value for name, value in intent.items()} if intent is not None else None,
        intended,
        codec.PROBLEMS.validate_python(problems),
        since,
        tried,
    )


def links(database: Database, kind: PartyKind | None = None) -> list[Link]:
    """All links that stand."""
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_LINK} FROM party_link WHERE company = %s AND ended_at IS NULL"
            " AND (%s::text IS NULL OR kind = %s) ORDER BY id",
            (cursor.company, kind, kind),
        )
        return [_link(row) for row in cursor.fetchall()]


def link_of(database: Database, kind: PartyKind, side: Side, id_: str) -> Link | None:
    column = "cin7_id" if side is Side.CIN7 else "nav_id"
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_LINK} FROM party_link WHERE company = %s AND kind = %s AND {column} = %s"
            " AND ended_at IS NULL",
            (cursor.company, kind, id_),
        )
        row = cursor.fetchone()
        return _link(row) if row else None


def due_links(database: Database, kind: PartyKind, limit: int, started: dt.datetime) -> list[Link]:
    """Links of which a record changed, or that wait and are worth another try; longest untried first.

    What was tried since `started` is left out: a run looks at each link once.
    """
    with database.transaction() as cursor:
        cursor.execute(
            f"""
            SELECT {", ".join("l." + name.strip() for name in _LINK.split(","))} FROM party_link l
            WHERE l.company = %(company)s AND l.kind = %(kind)s AND l.ended_at IS NULL
              AND (l.tried_at IS NULL OR l.tried_at < %(started)s) AND (
                EXISTS (SELECT FROM party_card c WHERE (c.company, c.kind) = (l.company, l.kind) AND c.due
                        AND (c.side = 'cin7' AND c.id = l.cin7_id OR c.side = 'nav' AND c.id = l.nav_id))
                OR l.problems <> '[]' AND NOT EXISTS (
                    SELECT FROM jsonb_array_elements(l.problems) AS p
                    WHERE p->>'code' ~ 'refused' AND l.tried_at > clock_timestamp() - %(again_after)s)
                OR l.tried_at IS NULL OR l.nav_id IS NULL AND l.problems = '[]'
                OR l.cin7_id IS NULL AND l.problems = '[]')
            ORDER BY l.tried_at NULLS FIRST, l.id LIMIT %(limit)s
            """,
            {
                "company": cursor.company,
                "kind": kind,
                "limit": limit,
                "again_after": REFUSED_AGAIN_AFTER,
                "started": started,
            },
        )
        return [_link(row) for row in cursor.fetchall()]


def add_link(
    cursor: Cursor, kind: PartyKind, cin7_id: str | None, nav_id: str | None, how: str, why: str, run: Run
) -> int | None:
    """Link two records, or begin to create the missing one; None where one of them is linked already."""
    cursor.execute(
        """
        INSERT INTO party_link (company, kind, cin7_id, nav_id, how, why, linked_at)
        VALUES (%s, %s, %s, %s, %s, %s, CASE WHEN %s THEN clock_timestamp() END)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        (cursor.company, kind, cin7_id, nav_id, how, why, bool(cin7_id and nav_id)),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    state = "linked" if cin7_id and nav_id else "creating"
    record_ = f"party/{kind}/{row[0]}"
    told = f"{how}: {why}" if why else how
    audit.append(cursor, [Change(record_, None, state, f"{told} (Cin7 {cin7_id}, NAV {nav_id})", run.name)])
    return int(row[0])


def complete_link(cursor: Cursor, link: Link, side: Side, id_: str, why: str, run: Run) -> None:
    """The missing record is there."""
    column = "cin7_id" if side is Side.CIN7 else "nav_id"
    cursor.execute(
        f"""
        UPDATE party_link SET {column} = %s, intent = NULL, linked_at = clock_timestamp(), problems = '[]',
            problem_since = NULL, tried_at = NULL WHERE id = %s
        """,
        (id_, link.id),
    )
    audit.append(cursor, [Change(link.record, "creating", "linked", f"{why} ({side.told} {id_})", run.name)])


def intend(cursor: Cursor, link: Link, sent: Mapping[PartyField, str]) -> None:
    """What is about to be sent to create the missing record. The time of the first attempt is kept."""
    cursor.execute(
        "UPDATE party_link SET intent = %s, intended_at = coalesce(intended_at, clock_timestamp())"
        " WHERE id = %s",
        (codec.canonical(dict(sent)), link.id),
    )


def give_up(cursor: Cursor, link: Link) -> None:
    """What was sent to create the missing record was refused: it is not there."""
    cursor.execute("UPDATE party_link SET intent = NULL, intended_at = NULL WHERE id = %s", (link.id,))


def end_link(cursor: Cursor, link: Link, why: str, run: Run) -> None:
    """The two are no longer one party, or what was to be created is not needed."""
    cursor.execute("UPDATE party_link SET ended_at = clock_timestamp() WHERE id = %s", (link.id,))
    audit.append(cursor, [Change(link.record, _state(link), "ended", why, run.name)])


def _state(link: Link) -> str:
    if link.problems:
        return "needs_attention"
    return "creating" if link.missing else "linked"


def settle_link(
    cursor: Cursor,
    link: Link,
    snapshot: Snapshot,
    problems: Sequence[Problem],
    told: Sequence[str],
    run: Run,
    *,
    request: str = "",
) -> None:
    """Store what was learnt of a link; a row of the trail for what was written, and for a change of state."""
    cursor.execute(
        """
        UPDATE party_link SET snapshot = %s, problems = %s, tried_at = clock_timestamp(), chosen = '{}',
            problem_since = CASE WHEN %s THEN coalesce(problem_since, clock_timestamp()) END WHERE id = %s
        """,
        (
            json.dumps({name: list(pair) for name, pair in snapshot.items()}),
            codec.PROBLEMS.dump_json(tuple(problems)).decode(),
            bool(problems),
            link.id,
        ),
    )
    state = "needs_attention" if problems else "creating" if link.missing else "linked"
    codes = ", ".join(dict.fromkeys(problem.code for problem in problems))
    changed = [problem.code for problem in problems] != [problem.code for problem in link.problems]
    if told or changed:
        why = "; ".join([*told, *([f"waits: {codes}"] if codes else [])]) or "nothing is in the way any more"
        audit.append(
            cursor,
            [
                Change(
                    link.record,
                    _state(link),
                    state,
                    why,
                    run.name,
                    request_sha256=codec.sha256(request) if request else "",
                )
            ],
        )


def settled(cursor: Cursor, kind: PartyKind, read: Sequence[Party]) -> None:
    """What follows from these records as they were read has been done; those that changed since stay due."""
    values(
        cursor,
        """
        UPDATE party_card c SET due = false FROM (VALUES %s) AS done (company, kind, side, id, held, number)
        WHERE (c.company, c.kind, c.side, c.id) = (done.company, done.kind, done.side, done.id)
          AND c."values" = done.held::jsonb AND c.number = done.number AND c.due
        """,
        [
            (cursor.company, kind, one.side, one.id, codec.canonical(dict(one.values)), one.number)
            for one in read
        ],
    )


def choose(cursor: Cursor, link_id: int, chosen: Chosen) -> None:
    """A person chose whose values are to be taken."""
    cursor.execute(
        "UPDATE party_link SET chosen = %s, tried_at = NULL WHERE id = %s",
        (json.dumps({name: [str(part) for part in one] for name, one in chosen.items()}), link_id),
    )


# --- never the same ---


def keep_apart(cursor: Cursor, kind: PartyKind, one_id: str, other_id: str, why: str) -> None:
    """These two are never the same; without the other one: leave the record alone."""
    cursor.execute(
        "INSERT INTO party_apart VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (cursor.company, kind, one_id, other_id, why),
    )


def forget_apart(cursor: Cursor, kind: PartyKind, ids_: Collection[str | None]) -> None:
    """A person linked these: what was said of them before does not hold any more."""
    cursor.execute(
        """
        DELETE FROM party_apart WHERE company = %s AND kind = %s AND one_id = ANY (%s)
            AND (other_id = '' OR other_id = ANY (%s))
        """,
        (cursor.company, kind, list(ids_), list(ids_)),
    )


def reconsider(database: Database, kind: PartyKind, id_: str, person: str) -> int:
    """Forget what people said this record never is; how much of that there was."""
    with database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM party_apart WHERE company = %s AND kind = %s AND (one_id = %s OR other_id = %s)"
            " RETURNING one_id",
            (cursor.company, kind, id_, id_),
        )
        forgotten = len(cursor.fetchall())
        if forgotten:
            why = f"to be considered anew, by {person}"
            audit.append(
                cursor, [Change(f"party/{kind}/{id_}", "decided", "open", why, "cin7-nav parties reconsider")]
            )
        return forgotten


def apart(database: Database, kind: PartyKind) -> list[tuple[str, str]]:
    """Pairs of ids; the second is empty for a record to be left alone."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT one_id, other_id FROM party_apart WHERE company = %s AND kind = %s",
            (cursor.company, kind),
        )
        return list(cursor.fetchall())


# --- what invoices ask ---


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a Cin7 party for those who look for its NAV number."""

    link_id: int | None = None
    number: str = ""
    """NAV's number of the record that it is linked with; empty where it is not, or that is gone."""
    never: frozenset[str] = frozenset()
    """NAV numbers that a person said it never is."""


def known(database: Database, kind: PartyKind, cin7_ids: Collection[str]) -> dict[str, Known]:
    """By Cin7 id; those of which nothing is known are left out."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT asked.id, l.id, c.number,
                   (SELECT array_agg(n.number) FROM party_apart a JOIN party_card n
                    ON (n.company, n.kind, n.side, n.id) = (a.company, a.kind, 'nav', a.other_id)
                    WHERE a.company = %(company)s AND a.kind = %(kind)s AND a.one_id = asked.id)
            FROM unnest(%(ids)s::text[]) AS asked (id)
            LEFT JOIN party_link l ON l.company = %(company)s AND l.kind = %(kind)s AND l.cin7_id = asked.id
                AND l.ended_at IS NULL AND l.nav_id IS NOT NULL
            LEFT JOIN party_card c ON (c.company, c.kind, c.side, c.id) = (l.company, l.kind, 'nav', l.nav_id)
                AND c.gone_at IS NULL
            """,
            {"company": cursor.company, "kind": kind, "ids": list(cin7_ids)},
        )
        rows = cursor.fetchall()
    return {
        id_: Known(link_id if number else None, number or "", frozenset(never or ()))
        for id_, link_id, number, never in rows
        if number or never
    }
