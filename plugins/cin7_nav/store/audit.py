"""The audit trail: one append-only row per change of state, chained by hash in commit order."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cin7_nav.store.database import Cursor, Database


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state that goes into the trail."""

    record: str
    """What changed, e.g. `sale_invoice/<SaleID>/<TaskID>`."""
    from_state: str | None
    to_state: str
    why: str
    run: str
    """Dag id and run id, or the command and the person."""
    rule: str = ""
    """The mapping rules that decided, `file:line`, comma separated."""
    raw_sha256: str = ""
    """Hash of what was received."""
    request_sha256: str = ""
    """Hash of what was sent."""


@dataclass(frozen=True, slots=True)
class Entry(Change):
    """A change as it stands in the trail."""

    id: int = 0
    at: dt.datetime = dt.datetime.min
    hash: str = ""


def append(cursor: Cursor, changes: Sequence[Change]) -> None:
    """Add rows to the trail. Call it last in a transaction: the chain is locked from here to its end."""
    if changes:
        cursor.execute(
            "SELECT append_audit(%s, %s)",
            (cursor.company, json.dumps([asdict(change) for change in changes])),
        )


def trail(database: Database, record: str) -> list[Entry]:
    """All changes of one record, oldest first."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT record, from_state, to_state, why, run, rule, raw_sha256, request_sha256, id, at,
                   encode(hash, 'hex')
            FROM audit WHERE company = %s AND record = %s ORDER BY id
            """,
            (cursor.company, record),
        )
        return [Entry(*row) for row in cursor.fetchall()]


def first_broken_link(database: Database) -> int | None:
    """The id of the first row whose content or predecessor is not what its hash says; None: all is whole."""
    return verify(database).broken


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk along the chain of hashes found."""

    rows: int
    broken: int | None
    """The first row that is not what its hash says, or does not follow the row before it."""
    last_hash: str


_WALKED_AT_ONCE = 100_000

_WALK = """
    SELECT count(*), min(id) FILTER (WHERE broken), (SELECT encode(hash, 'hex') FROM audit
        WHERE company = %(company)s AND id <= %(last)s ORDER BY id DESC LIMIT 1)
    FROM (
        SELECT id, hash IS DISTINCT FROM audit_hash(audit) OR previous_hash IS DISTINCT FROM
               coalesce(lag(hash) OVER (ORDER BY id), %(before)s) AS broken
        FROM audit WHERE company = %(company)s AND id > %(after)s AND id <= %(last)s) AS link
"""


def verify(database: Database) -> Walked:
    """Recompute the whole chain, a part at a time, in short transactions."""
    after, before, rows, last_hash = 0, b"", 0, ""
    with database.transaction() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM audit WHERE company = %s", (cursor.company,))
        (end,) = cursor.fetchone() or (0,)
    while after < end:
        last = min(after + _WALKED_AT_ONCE, end)
        with database.transaction() as cursor:
            bounds = {"company": cursor.company, "after": after, "last": last, "before": before}
            cursor.execute(_WALK, bounds)
            count, broken, found = cursor.fetchone() or (0, None, None)
        rows += count
        if broken is not None:
            return Walked(rows, broken, "")
        last_hash = found or last_hash
        before, after = bytes.fromhex(last_hash), last
    return Walked(rows, None, last_hash)
