"""What the watch says of events that stay away."""

from __future__ import annotations

import datetime as dt

import pytest
from cin7_nav.flows.subscriptions.watch import watch
from cin7_nav.store.database import Database

NOW = dt.datetime.now(dt.UTC)
WANTED = {"cin7": ["Sale/Undo"], "nav": ["vendors"]}


def land(database: Database, source: str, type_: str, state: str = "done", sha256: str = "x") -> None:
    """An event every four hours for twelve days, the last one twelve hours ago."""
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state, landed_at) "
            "SELECT 'default', %s, %s, 'invoices', n::text, '', %s, %s, %s - n * interval '4 hours' "
            "FROM generate_series(3, 75) AS n",
            (source, type_, sha256, state, NOW),
        )


@pytest.mark.parametrize(
    ("source", "type_", "name"), [("cin7", "Sale/Undo", "Sale/Undo"), ("nav", "vendors/updated", "vendors")]
)
def test_events_that_stay_away_are_told_with_what_was_usual(
    database: Database, source: str, type_: str, name: str
) -> None:
    land(database, source, type_)
    (trouble,) = watch(database, WANTED, [], NOW)
    assert (trouble.source, trouble.name, trouble.code) == (source, name, "silent")
    assert "the longest pause before was 4.0 h" in trouble.message
    assert watch(database, WANTED, [], NOW - dt.timedelta(hours=5)) == []


def test_what_nobody_wants_may_be_silent(database: Database) -> None:
    land(database, "cin7", "Sale/Voided")
    assert watch(database, WANTED, [], NOW) == []


def test_what_we_sent_ourselves_is_no_traffic(database: Database) -> None:
    land(database, "nav", "vendors/collection", sha256="")
    assert watch(database, WANTED, [], NOW) == []


def test_what_lies_in_quarantine_is_told(database: Database) -> None:
    land(database, "nav", "unreadable", state="quarantined")
    (trouble,) = watch(database, WANTED, [], NOW)
    assert (trouble.code, trouble.message[:18]) == ("quarantined", "4 events from NAV ")
