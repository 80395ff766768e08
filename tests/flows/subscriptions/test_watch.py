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


class Webhook:
    """One webhook that is in order for a week, what polling found, and what landed; in hours before now."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.add(
            "INSERT INTO subscription (company, source, name, external_id, active_since) "
            "VALUES ('default', 'cin7', 'Sale/InvoiceAuthorised', 'x', %s)",
            dt.timedelta(days=7),
        )

    def add(self, statement: str, ago: dt.timedelta) -> None:
        with self.database.transaction() as cursor:
            cursor.execute(statement, (NOW - ago,))

    def found(self, number: str, *, hours: int, by: str = "poll", state: str = "posted") -> None:
        self.add(
            "INSERT INTO document (company, kind, order_id, task_id, number, order_number, party_id, "
            "party_name, document_date, currency, total, source_status, source, content_hash, raw_sha256, "
            f"state, found_by, run, first_seen_at) VALUES ('default', 'sale_invoice', '{number}', "
            f"'{number}', '{number}', '', '', '', '2026-01-01', 'GBP', 1, 'AUTHORISED', '{{}}', '', '', "
            f"'{state}', '{by}', '', %s)",
            dt.timedelta(hours=hours),
        )

    def landed(self, *, hours: int) -> None:
        self.add(
            "INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state, landed_at) "
            "VALUES ('default', 'cin7', 'Sale/InvoiceAuthorised', 'invoices', '1', '', 'x', 'done', %s)",
            dt.timedelta(hours=hours),
        )

    def told(self) -> list[str]:
        wanted = {"cin7": ["Sale/InvoiceAuthorised"], "nav": []}
        return [f"{one.code}: {one.message}" for one in watch(self.database, wanted, [], NOW)]


@pytest.fixture
def webhook(database: Database) -> Webhook:
    return Webhook(database)


def test_documents_that_polling_finds_and_no_webhook_tells_of_are_told(webhook: Webhook) -> None:
    webhook.landed(hours=50)
    webhook.found("INV-0", hours=60)
    for number in (1, 2, 3):
        webhook.found(f"INV-{number}", hours=40 - number)
    (told,) = webhook.told()
    assert told.startswith("unannounced: polling found 3 documents since ")
    assert "INV-1 first, and no Sale/InvoiceAuthorised told of any" in told


def test_what_another_event_followed_or_nothing_had_to_announce_is_not_told(webhook: Webhook) -> None:
    for number in (1, 2, 3):
        webhook.found(f"INV-{number}", hours=40)
        webhook.found(f"BACK-{number}", hours=3, by="backfill")
        webhook.found(f"DRAFT-{number}", hours=3, state="skipped")
        webhook.found(f"NEW-{number}", hours=1)
    webhook.landed(hours=39)
    assert webhook.told() == []
