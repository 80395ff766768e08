"""What is subscribed to in both systems, its gaps, and the secrets of NAV's notifications."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cin7_nav.model import Kind
from cin7_nav.store import audit
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Database
from cin7_nav.store.inbox import CHANNEL
from cin7_nav.store.webhook_secrets import fingerprint

FORMER_STATE_LASTS = dt.timedelta(hours=40)
"""How long a replaced clientState stays good: NAV repeats a notification for up to 36 hours (Microsoft)."""

HANDSHAKE_LASTS = dt.timedelta(minutes=2)
"""How long a handshake is expected. NAV asks while it answers our own call."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One of ours, wanted or not any more."""

    source: str
    """`cin7` or `nav`."""
    name: str
    """NAV's entity set, or Cin7's type of webhook."""
    external_id: str
    """Its id over there; empty while it is not there."""
    active_since: dt.datetime | None
    expires_at: dt.datetime | None
    looked_at: dt.datetime | None
    silent_from: dt.datetime | None
    """Start of a gap that was not caught up with yet."""
    silent_why: str


_COLUMNS = "source, name, external_id, active_since, expires_at, looked_at, silent_from, silent_why"


def known(database: Database, source: str | None = None) -> list[Subscription]:
    """Those that we know of, by name; of both sides unless one is given."""
    with database.transaction() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM subscription WHERE company = %s AND source LIKE %s "
            "ORDER BY source, name",
            (cursor.company, source or "%"),
        )
        return [Subscription(*row) for row in cursor.fetchall()]


def seen(
    database: Database,
    source: str,
    name: str,
    external_id: str,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
) -> None:
    """It is over there, in order."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO subscription (company, source, name, external_id, active_since, expires_at, looked_at)
            VALUES (%(company)s, %(source)s, %(name)s, %(id)s, %(now)s, %(expires)s, %(now)s)
            ON CONFLICT (company, source, name) DO UPDATE SET
                external_id = excluded.external_id, expires_at = excluded.expires_at,
                looked_at = excluded.looked_at,
                active_since = coalesce(subscription.active_since, excluded.active_since)
            """,
            {"company": cursor.company, "source": source, "name": name, "id": external_id, "now": now,
             "expires": expires_at},
        )  # fmt: skip


def lost(database: Database, source: str, name: str, silent_from: dt.datetime, why: str) -> None:
    """It does not tell us what it should, or did not until now: there is a gap to catch up with. Of several
    gaps the earliest begin counts."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO subscription (company, source, name, silent_from, silent_why)
            VALUES (%(company)s, %(source)s, %(name)s, %(from)s, %(why)s)
            ON CONFLICT (company, source, name) DO UPDATE SET active_since = NULL,
                silent_why = CASE WHEN subscription.silent_from IS NULL THEN excluded.silent_why
                                  ELSE subscription.silent_why END,
                silent_from = least(subscription.silent_from, excluded.silent_from)
            """,
            {"company": cursor.company, "source": source, "name": name, "from": silent_from, "why": why},
        )


def forget(database: Database, source: str, name: str) -> None:
    """It is not wanted any more, and not over there any more."""
    with database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM subscription WHERE company = %s AND source = %s AND name = %s",
            (cursor.company, source, name),
        )


def caught_up(database: Database, gap: Subscription, why: str, run: str, *, event: str, flow: str,
              since: str) -> None:  # fmt: skip
    """The gap is over: note it in the audit trail and, with an `event`, let its flow read what changed
    `since`. All or nothing."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE subscription SET silent_from = NULL, silent_why = '' "
            "WHERE company = %s AND source = %s AND name = %s",
            (cursor.company, gap.source, gap.name),
        )
        if event:
            cursor.execute(
                """
                INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state)
                VALUES (%s, %s, %s, %s, '', %s, '', 'waiting')
                ON CONFLICT (company, source, type, flow, record_id, number, sha256)
                    WHERE state IN ('waiting', 'quarantined')
                DO UPDATE SET repeats = inbox.repeats + 1
                """,
                (cursor.company, gap.source, event, flow, since),
            )
            cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, flow))
        audit.append(cursor, [Change(f"subscription/{gap.source}/{gap.name}", "silent", "active", why, run)])


# --- what was delivered ---


def deliveries(database: Database, source: str) -> dict[str, dt.datetime]:
    """When the newest event of each subscription landed. For NAV it is the time of the change that it told
    of, by NAV's clock; events of our own making are none."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (name) name, landed_at, payload ->> 'lastModifiedDateTime'
            FROM (SELECT CASE source WHEN 'nav' THEN split_part(type, '/', 1) ELSE type END AS name, *
                  FROM inbox WHERE company = %s AND source = %s AND state <> 'quarantined' AND sha256 <> ''
                 ) AS event
            ORDER BY name, landed_at DESC
            """,
            (cursor.company, source),
        )
        return {name: _moment(told) or landed for name, landed, told in cursor.fetchall()}


def _moment(text: str | None) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What landed of one subscription lately."""

    source: str
    name: str
    events: int
    first: dt.datetime
    last: dt.datetime
    longest_pause: dt.timedelta


def traffic(database: Database, since: dt.datetime) -> list[Traffic]:
    """What landed since then, of each subscription that anything landed of."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT source, name, count(*) / count(DISTINCT flow), min(landed_at), max(landed_at),
                   coalesce(max(pause), '0')
            FROM (SELECT source, name, flow, landed_at, landed_at
                         - lag(landed_at) OVER (PARTITION BY source, name ORDER BY landed_at) AS pause
                  FROM (SELECT CASE source WHEN 'nav' THEN split_part(type, '/', 1) ELSE type END AS name, *
                        FROM inbox WHERE company = %s AND landed_at >= %s AND state <> 'quarantined'
                            AND flow <> 'subscriptions' AND sha256 <> '') AS event) AS paused
            GROUP BY source, name
            """,
            (cursor.company, since),
        )
        return [Traffic(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Unannounced:
    """What polling found of one webhook's documents since anything last told of them."""

    name: str
    since: dt.datetime
    documents: int
    first: str
    """Cin7's number of the first."""


def unannounced(database: Database, kinds: Mapping[str, Kind], before: dt.datetime) -> list[Unannounced]:
    """For each of these Cin7 webhooks that is in order: authorised documents of its kind that polling found
    first, since the newest event of that type (without one: since the webhook is there) and `before`."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT s.name, e.since, count(*), (array_agg(d.number ORDER BY d.first_seen_at))[1]
            FROM subscription s
            JOIN unnest(%(names)s::text[], %(kinds)s::text[]) AS of (name, kind) ON of.name = s.name
            CROSS JOIN LATERAL (
                SELECT greatest(s.active_since, max(i.landed_at)) AS since FROM inbox i
                WHERE i.company = s.company AND i.source = 'cin7' AND i.type = s.name
                    AND i.state <> 'quarantined') e
            JOIN document d ON d.company = s.company AND d.kind = of.kind AND d.found_by = 'poll'
                AND d.state <> 'skipped' AND d.first_seen_at > e.since AND d.first_seen_at < %(before)s
            WHERE s.company = %(company)s AND s.source = 'cin7' AND s.active_since IS NOT NULL
                AND s.silent_from IS NULL
            GROUP BY s.name, e.since
            """,
            {
                "company": cursor.company,
                "names": list(kinds),
                "kinds": [str(kind) for kind in kinds.values()],
                "before": before,
            },
        )
        return [Unannounced(*row) for row in cursor.fetchall()]


def quarantined(database: Database, since: dt.datetime) -> dict[str, int]:
    """How many bodies were kept aside since then, by sender."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT source, sum(repeats + 1)::int FROM inbox "
            "WHERE company = %s AND state = 'quarantined' AND landed_at >= %s GROUP BY source",
            (cursor.company, since),
        )
        return dict(cursor.fetchall())


# --- NAV's secrets ---


def admit(database: Database, entity: str, token: str, state: str) -> None:
    """Accept notifications of an entity set at the URL with this token and with this clientState."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO notification_secret (company, entity, url_sha256, state_sha256)
            VALUES (%s, %s, %s, %s)
            ON CONFLICT (company, url_sha256, state_sha256) DO UPDATE SET ends_at = NULL
            """,
            (cursor.company, entity, fingerprint(token), fingerprint(state)),
        )


def is_admitted(database: Database, entity: str, token: str, state: str) -> bool:
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT FROM notification_secret WHERE company = %s AND entity = %s AND url_sha256 = %s "
            "AND state_sha256 = %s AND (ends_at IS NULL OR ends_at > clock_timestamp())",
            (cursor.company, entity, fingerprint(token), fingerprint(state)),
        )
        return cursor.rowcount > 0


def end_others(database: Database, entity: str, token: str, state: str) -> None:
    """Every other secret of the entity set ends after a while, and those that ended are removed."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE notification_secret SET ends_at = clock_timestamp() + %s "
            "WHERE company = %s AND entity = %s AND ends_at IS NULL "
            "AND (url_sha256, state_sha256) <> (%s, %s)",
            (FORMER_STATE_LASTS, cursor.company, entity, fingerprint(token), fingerprint(state)),
        )
        cursor.execute("DELETE FROM notification_secret WHERE ends_at <= clock_timestamp()")


def expect_handshake(database: Database, token: str) -> None:
    """NAV is about to ask for a handshake at the URL with this token."""
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM expected_handshake WHERE expires_at <= clock_timestamp()")
        cursor.execute(
            """
            INSERT INTO expected_handshake (company, token_sha256, expires_at)
            VALUES (%s, %s, clock_timestamp() + %s)
            ON CONFLICT (company, token_sha256)
            DO UPDATE SET expires_at = excluded.expires_at, answered_at = NULL
            """,
            (cursor.company, fingerprint(token), HANDSHAKE_LASTS),
        )


def end_handshake(database: Database, token: str) -> bool:
    """It is over; whether the receiver has answered it."""
    with database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM expected_handshake WHERE company = %s AND token_sha256 = %s RETURNING answered_at",
            (cursor.company, fingerprint(token)),
        )
        row = cursor.fetchone()
        return bool(row and row[0])


# --- alarms ---


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong with a subscription, with a whole side (`name` empty), or with the receiver."""

    source: str
    name: str
    code: str
    message: str
    fixer: str
    once: bool = False
    """Nothing that anybody must act on: said once and never again."""


def note(database: Database, troubles: Iterable[Trouble], now: dt.datetime) -> None:
    """All that is wrong now; what was and is no more ends."""
    found: list[tuple[Any, ...]] = [
        (database.company, one.source, one.name, one.code, one.message, one.fixer, one.once, now)
        for one in troubles
    ]
    with database.transaction() as cursor:
        cursor.execute("UPDATE alarm SET is_open = false WHERE company = %s", (cursor.company,))
        for row in found:
            cursor.execute(
                """
                INSERT INTO alarm (company, source, name, code, message, fixer, once, since, is_open)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, true)
                ON CONFLICT (company, source, name, code) DO UPDATE SET is_open = true,
                    message = excluded.message, fixer = excluded.fixer, once = excluded.once
                """,
                row,
            )


def to_tell(database: Database, now: dt.datetime, again: dt.timedelta) -> list[Trouble]:
    """What is wrong and was not told yet, or is still wrong so long after it was told last. From now on it
    counts as told."""
    with database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM alarm WHERE company = %s AND NOT is_open AND NOT once AND "
            "(told_at IS NULL OR told_at <= %s)",
            (cursor.company, now - again),
        )
        cursor.execute(
            """
            UPDATE alarm SET told_at = %s
            WHERE company = %s AND is_open AND (told_at IS NULL OR NOT once AND told_at <= %s)
            RETURNING source, name, code, message, fixer, once
            """,
            (now, cursor.company, now - again),
        )
        return sorted((Trouble(*row) for row in cursor.fetchall()), key=lambda one: (one.source, one.name))


def open_troubles(database: Database) -> list[tuple[Trouble, dt.datetime]]:
    """All that is wrong, and since when."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT source, name, code, message, fixer, once, since FROM alarm "
            "WHERE company = %s AND is_open ORDER BY source, name, code",
            (cursor.company,),
        )
        return [(Trouble(*row[:-1]), row[-1]) for row in cursor.fetchall()]
