"""Figures of the running installation: what was posted when, what waits and why, how much may still be
asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.store.database import Database


@dataclass(frozen=True, slots=True)
class Day:
    """What was posted on a day, by the database's clock in UTC."""

    day: dt.date
    posted: int
    median_s: float
    """Seconds from when a document was seen first to its proof in the ledger: half took no longer."""
    slow_s: float
    """The same of all but the slowest twentieth."""


def posted_by_day(database: Database, days: int) -> list[Day]:
    """The last days on which anything was posted, oldest first."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT (v.posted_at AT TIME ZONE 'UTC')::date, count(*),
                percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM v.posted_at -
                    d.first_seen_at)),
                percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM v.posted_at -
                    d.first_seen_at))
            FROM delivery v JOIN document d ON d.id = v.document_id
            WHERE v.company = %s AND v.posted_at > clock_timestamp() - make_interval(days => %s)
            GROUP BY 1 ORDER BY 1
            """,
            (cursor.company, days),
        )
        return [
            Day(day, posted, float(median), float(slow)) for day, posted, median, slow in cursor.fetchall()
        ]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has not reached the other system, by why."""

    what: str
    """`documents`, `movements` or `parties`."""
    state: str
    cause: str
    """Code of the first problem; the state itself where there is none."""
    fixer: str
    records: int
    oldest: dt.timedelta


def waiting(database: Database) -> list[Waiting]:
    """The most first."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT what, state, coalesce(problems->0->>'code', state), coalesce(problems->0->>'fixer', ''),
                count(*), clock_timestamp() - min(since)
            FROM (
                SELECT 'documents' AS what, state, problems, coalesce(problem_since, state_since) AS since
                FROM document WHERE company = %(c)s AND state NOT IN ('posted', 'skipped', 'reversed')
                UNION ALL
                SELECT 'movements', state, problems, coalesce(problem_since, state_since)
                FROM movement WHERE company = %(c)s AND state NOT IN ('posted', 'skipped', 'reversed')
                UNION ALL
                SELECT 'parties', 'needs_attention', problems, problem_since
                FROM party_link WHERE company = %(c)s AND ended_at IS NULL AND problems <> '[]'
            ) AS waiting
            GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 3
            """,
            {"c": cursor.company},
        )
        return [Waiting(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the levels of one NAV location are apart, as last compared; plus and minus do not cancel."""

    location_code: str
    items: int
    pieces: Decimal
    value: Decimal
    """Local currency."""


def drift(database: Database) -> list[Drift]:
    """By location."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT location_code, count(*), sum(abs(cin7 - nav)), sum(abs(value)) FROM level_drift"
            " WHERE company = %s GROUP BY location_code ORDER BY location_code",
            (cursor.company,),
        )
        return [Drift(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many calls one Cin7 key (or account) may make in a minute, and how many of them are free now."""

    bucket: str
    """What stands for the key; not the key."""
    allowed: int
    free: int


def budget(database: Database) -> list[Budget]:
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT bucket, count(*), count(*) FILTER (WHERE free_at <= clock_timestamp())
            FROM api_slot GROUP BY bucket ORDER BY bucket
            """
        )
        return [Budget(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow's events and documents."""

    flow: str
    events: int
    """Landed and not dealt with."""
    oldest_event: dt.timedelta | None
    last_landed: dt.datetime | None
    last_posted: dt.datetime | None
    unread: int
    """Orders that changed after their details were read."""
    posted_last_hour: int
    to_do: int
    """Documents that go on by themselves."""

    @property
    def catches_up_in(self) -> dt.timedelta | None:
        """At the pace of the last hour; None where nothing moved, though something should."""
        left = self.events + self.unread + self.to_do
        if not left:
            return dt.timedelta(0)
        return dt.timedelta(hours=left / self.posted_last_hour) if self.posted_last_hour else None


def flow(database: Database, name: str) -> Flow:
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT w.waiting, w.oldest_age, (SELECT max(landed_at) FROM inbox WHERE company = %(c)s AND
                flow = %(f)s),
                (SELECT max(posted_at) FROM delivery WHERE company = %(c)s),
                (SELECT count(*) FROM order_header WHERE company = %(c)s AND side <> 'ledger' AND invoiced
                    AND read_updated IS DISTINCT FROM updated),
                (SELECT count(*) FROM delivery WHERE company = %(c)s
                    AND posted_at > clock_timestamp() - interval '1 hour'),
                (SELECT count(*) FROM document WHERE company = %(c)s
                    AND state IN ('received', 'ready', 'sending', 'unknown'))
            FROM inbox_waiting(%(c)s, %(f)s) w
            """,
            {"c": cursor.company, "f": name},
        )
        row = cursor.fetchone()
        assert row is not None
        return Flow(name, *row)
