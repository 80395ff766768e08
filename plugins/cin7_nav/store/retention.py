"""What may expire: payloads, the bodies of landed events, written reports. The audit trail never does."""

from __future__ import annotations

import datetime as dt

from cin7_nav.store.database import Database

AT_ONCE = 10_000
"""Rows that one transaction deletes: others wait for none of them long."""

_PAYLOADS = """
    DELETE FROM payload WHERE sha256 IN (
        SELECT sha256 FROM payload WHERE stored_at < clock_timestamp() - %(age)s AND sha256 NOT IN (
            SELECT raw_sha256 FROM document WHERE state NOT IN ('posted', 'skipped', 'reversed'))
        ORDER BY stored_at LIMIT %(limit)s)
"""
_EVENTS = """
    UPDATE inbox SET payload = NULL WHERE id IN (
        SELECT id FROM inbox WHERE company = %(company)s AND landed_at < clock_timestamp() - %(age)s
          AND state IN ('done', 'quarantined') AND payload IS NOT NULL
        ORDER BY landed_at LIMIT %(limit)s)
"""
_REPORTS = """
    DELETE FROM reconciliation_report WHERE company = %(company)s AND reconciliation_id IN (
        SELECT id FROM reconciliation WHERE company = %(company)s AND finished_at < clock_timestamp() -
            %(age)s
        ORDER BY id LIMIT %(limit)s)
"""


def expire(database: Database, age: dt.timedelta) -> dict[str, int]:
    """Delete what is older; what a document that is still on its way came from is kept. How many of each."""
    statements = {"payloads": _PAYLOADS, "bodies of events": _EVENTS, "reports": _REPORTS}
    return {name: _all(database, statement, age) for name, statement in statements.items()}


def _all(database: Database, statement: str, age: dt.timedelta) -> int:
    gone = 0
    while True:
        with database.transaction() as cursor:
            cursor.execute(statement, {"company": cursor.company, "age": age, "limit": AT_ONCE})
            gone += cursor.rowcount
            if cursor.rowcount < AT_ONCE:
                return gone
