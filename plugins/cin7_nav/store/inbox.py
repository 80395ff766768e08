"""The inbox: events that landed and wait for their flow.

An event is claimed under a lease, never taken away: whatever dies with it in hand, it comes back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from cin7_nav.store.database import Database

CHANNEL = "cin7_nav_landed"
"""The NOTIFY channel that rings for each landed event; its payload is the flow."""

LEASE = dt.timedelta(minutes=15)
"""How long a claimed event stays with its owner who neither finishes nor claims again."""


@dataclass(frozen=True, slots=True)
class Event:
    """A landed event: which record to look at. Its payload is a hint and never the truth."""

    id: int
    source: str
    """`cin7` or `nav`."""
    type: str
    """The sender's name of the event, e.g. `Sale/InvoiceAuthorised`."""
    record_id: str
    """The id that the event carries, in lower case; empty where it carries none."""
    number: str
    """The order number (or SKU) that the event carries: the fallback where the id leads nowhere."""
    payload: Any
    """None once it has expired."""
    sha256: str
    landed_at: dt.datetime
    repeats: int
    """How many identical events were merged into this one while it waited."""


def claim(
    database: Database, flow: str, owner: str, limit: int, *, held: Collection[int] = ()
) -> list[Event]:
    """Take up to `limit` events of the flow, oldest first, and lease them to `owner` (dag id + run id).

    Free are waiting events and expired leases of others. A retried task claims under the same owner and
    gets its own unfinished events again at once; `held` are the ids it got in this very attempt, so that
    a loop ends when nothing new is left. Claiming renews the lease only of what it returns.
    """
    with database.transaction() as cursor:
        cursor.execute(
            """
            WITH free AS (
                SELECT id FROM inbox
                WHERE company = %(company)s AND flow = %(flow)s AND NOT id = ANY (%(held)s::bigint[])
                  AND (state = 'waiting'
                       OR state = 'claimed' AND (owner = %(owner)s OR lease_until <= clock_timestamp()))
                ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            )
            UPDATE inbox SET state = 'claimed', owner = %(owner)s, claimed_at = clock_timestamp(),
                             lease_until = clock_timestamp() + %(lease)s
            FROM free WHERE inbox.id = free.id
            RETURNING inbox.id, source, type, record_id, number, payload, sha256, landed_at, repeats
            """,
            {
                "company": cursor.company,
                "flow": flow,
                "owner": owner,
                "limit": limit,
                "lease": LEASE,
                "held": [*held],
            },
        )
        return sorted((Event(*row) for row in cursor.fetchall()), key=lambda event: event.id)


def done(database: Database, ids: Sequence[int]) -> None:
    """These claimed events are dealt with."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE inbox SET state = 'done', done_at = clock_timestamp(), lease_until = NULL
            WHERE company = %s AND id = ANY (%s::bigint[]) AND state = 'claimed'
            """,
            (cursor.company, [*ids]),
        )


def release(database: Database, ids: Sequence[int]) -> None:
    """Give claimed events back unfinished: anyone may claim them at once, and their flow is told.

    They end their lease instead of waiting anew, because processing began: a later identical event
    stays an event of its own.
    """
    with database.transaction() as cursor:
        cursor.execute(
            """
            WITH given_back AS (
                UPDATE inbox SET owner = NULL, lease_until = clock_timestamp()
                WHERE company = %s AND id = ANY (%s::bigint[]) AND state = 'claimed'
                RETURNING flow
            )
            SELECT pg_notify(%s, flow) FROM given_back GROUP BY flow
            """,
            (cursor.company, [*ids], CHANNEL),
        )


def waiting(database: Database, flow: str) -> int:
    """How many events of the flow may be claimed now."""
    return _waiting(database, flow)[0]


def claimable(database: Database, flow: str, owner: str) -> int:
    """How many events of the flow this owner may claim now: the waiting ones, and its own unfinished ones."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT count(*) FROM inbox WHERE company = %s AND flow = %s AND state = 'claimed' AND owner = %s"
            " AND lease_until > clock_timestamp()",
            (cursor.company, flow, owner),
        )
        row = cursor.fetchone()
    return waiting(database, flow) + (row[0] if row else 0)


def oldest_age(database: Database, flow: str) -> dt.timedelta | None:
    """How long ago the oldest claimable event of the flow landed; None where there is none."""
    return _waiting(database, flow)[1]


def _waiting(database: Database, flow: str) -> tuple[int, dt.timedelta | None]:
    with database.transaction() as cursor:
        cursor.execute("SELECT waiting, oldest_age FROM inbox_waiting(%s, %s)", (cursor.company, flow))
        count, age = cursor.fetchone() or (0, None)
        return count, age
