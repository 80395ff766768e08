"""Several companies in one database see nothing of each other, though their records have the same names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cin7_nav.model import State
from cin7_nav.store import (
    alerts,
    audit,
    deliveries,
    documents,
    figures,
    inbox,
    listing,
    reading,
    reference,
    webhook_secrets,
)
from cin7_nav.store import parties as party_store
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Scope
from cin7_nav.store.reading import Header
from cin7_nav.store.replay import Filter

from tests.samples import DAY, PROBLEM, document
from tests.store.conftest import Desk

SECRET = "a-long-random-secret-for-tests"
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """Another company in the database of the fixture `database`."""
    found = Database(database.dsn, "acme")
    yield found
    found.close()


def land(company: Database) -> bool:
    webhook_secrets.admit(company, "cin7", f"{SECRET}-{company.company}")
    fingerprint = webhook_secrets.fingerprint(f"{SECRET}-{company.company}")
    with company.transaction() as cursor:
        cursor.execute(
            "SELECT landed FROM land_event(%s, 'cin7', %s, 'Sale/Voided', 'invoices', 'hash', '{}',"
            """ '[{"record_id": "", "number": "SO-1", "path": []}]', false)""",
            (cursor.company, fingerprint),
        )
        return bool((cursor.fetchone() or (0,))[0])


DOINGS: dict[str, tuple[Callable[[Database], Any], Callable[[Database], Any]]] = {
    "documents": (
        lambda company: Desk(company).record(document("INV-1")),
        lambda company: documents.counts(company, Scope()),
    ),
    "documents that wait": (
        lambda company: Desk(company).decide(
            (Desk(company).record(document("INV-1")), Desk(company).stored(document("INV-1").key))[1],
            State.NEEDS_ATTENTION,
            problems=(PROBLEM,),
        ),
        lambda company: [one.records for one in figures.waiting(company)],
    ),
    "documents that were posted": (
        lambda company: Desk(company).posted(document("INV-1")),
        lambda company: (deliveries.first_entry_no(company), listing.page(company, Filter(text="inv-1"), 10)),
    ),
    "leases": (
        lambda company: Desk(company).record(document("INV-1")),
        lambda company: documents.claim(company, [State.RECEIVED], Scope(), Desk(company).run, 10),
    ),
    "the audit trail": (
        lambda company: Desk(company).record(document("INV-1")),
        lambda company: audit.trail(company, str(document("INV-1").key)),
    ),
    "events": (land, lambda company: inbox.claim(company, "invoices", "a run", 10)),
    "cursors": (
        lambda company: reading.move_cursor(company, "sale_list", "1"),
        lambda company: reading.cursor_value(company, "sale_list"),
    ),
    "orders to read": (
        lambda company: reading.remember_headers(
            company, [Header("sale", "order-1", "SO-1", "INV-1", DAY, "2026-11-20T10:00:00+00:00", True)]
        ),
        lambda company: reading.unread(company, "sale", 10),
    ),
    "orders that can't be read": (
        lambda company: reading.unreadable(company, "sale", "order-1", "no date"),
        lambda company: reading.problems(company),
    ),
    "reference data": (
        lambda company: reference.store(
            company, "nav", "accounts", [reference.Row("1", {"number": "1"})], NOW, whole=True
        ),
        lambda company: (
            reference.fetched_at(company, "nav", "accounts"), reference.rows(company, "nav", "accounts"),
        ),
    ),
    "alerts": (
        lambda company: alerts.arise(company, {"failed: a.b": "it failed"}),
        lambda company: [one.cause for one in alerts.standing(company)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DOINGS)
def test_what_one_company_has_the_other_does_not_see(database: Database, other: Database, what: str) -> None:
    do, see = DOINGS[what]
    nothing = see(other)
    do(database)
    seen = see(database)
    assert seen != nothing
    assert see(other) == nothing


@pytest.mark.parametrize("what", [one for one in DOINGS if one != "leases"])
def test_the_same_can_be_in_both(database: Database, other: Database, what: str) -> None:
    do, see = DOINGS[what]
    nothing = see(other)
    for company in (database, other):
        do(company)
    for company in (database, other):
        assert see(company) != nothing


def test_a_secret_of_one_company_opens_no_door_of_another(database: Database, other: Database) -> None:
    webhook_secrets.admit(other, "cin7", SECRET)
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT valid FROM land_event(%s, 'cin7', %s, 'Sale/Voided', 'invoices', 'x', '{}', '[]', false)",
            (cursor.company, webhook_secrets.fingerprint(SECRET)),
        )
        assert cursor.fetchone() == (False,)


def test_each_company_has_a_chain_of_its_own(database: Database, other: Database) -> None:
    for company in (database, other, database):
        with company.transaction() as cursor:
            audit.append(cursor, [audit.Change("record", None, "received", "found", "dag/run")])
    assert audit.verify(database).broken is None
    assert audit.verify(other).broken is None
    assert len(audit.trail(database, "record")) == 2
    assert len(audit.trail(other, "record")) == 1


def test_one_company_at_work_on_parties_keeps_no_other_waiting(database: Database, other: Database) -> None:
    with (
        party_store.exclusive(database),
        party_store.exclusive(other),
        pytest.raises(party_store.Busy),
        party_store.exclusive(database),
    ):
        pass
