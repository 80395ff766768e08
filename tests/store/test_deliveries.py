"""The key is stored before anything is sent, once; what was learnt of it afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from cin7_nav.model import AccountType, JournalLine, State
from cin7_nav.store import audit, deliveries
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Outcome, Result
from cin7_nav.store.documents import Scope

from tests.samples import document, gl, journal

INVOICE = document()


def test_number_batch_and_journal_are_fixed_before_anything_is_sent(database: Database, desk: Any) -> None:
    stored = desk.ready(INVOICE)
    delivery = desk.keyed(stored)
    assert (delivery.nav_document_no, delivery.template) == ("C7S-INV-1", "CIN7")
    assert (delivery.journal, delivery.state) == (journal(), Outcome.SENDING)
    assert (len(delivery.batch_code), delivery.batch_code[:2]) == (10, "C7")
    assert delivery.content_hash == INVOICE.content_hash()
    assert desk.stored(INVOICE.key).state is State.SENDING
    entry = audit.trail(database, str(INVOICE.key))[-1]
    assert (entry.from_state, entry.to_state) == ("ready", "sending")
    assert entry.rule == "accounts.yaml:12, tax.yaml:11"
    assert entry.request_sha256 == delivery.request_sha256 != ""
    assert entry.raw_sha256 == stored.raw_sha256


def test_the_key_of_a_document_is_stored_once(desk: Any) -> None:
    stored = desk.ready(INVOICE)
    desk.keyed(stored)
    assert deliveries.store_keys(desk.database, [(stored, journal())], "CIN7", desk.run) == []


@pytest.mark.parametrize("state", [State.RECEIVED, State.SKIPPED, State.NEEDS_ATTENTION])
def test_a_document_that_is_no_longer_ready_is_left_out(desk: Any, state: State) -> None:
    stored = desk.ready(INVOICE)
    desk.decide(stored, state)
    assert deliveries.store_keys(desk.database, [(stored, journal())], "CIN7", desk.run) == []
    assert desk.stored(INVOICE.key).state is state


def test_a_document_that_changed_since_it_was_claimed_is_left_out(desk: Any) -> None:
    claimed, other = desk.ready(INVOICE), desk.ready(document("INV-2"))
    desk.ready(replace(INVOICE, total=Decimal("121.00"), tax=Decimal("21.00")))
    pairs = [(claimed, claimed.journal), (other, other.journal)]
    (sent,) = deliveries.store_keys(desk.database, pairs, "CIN7", desk.run)
    assert sent.document_id == other.id
    assert desk.stored(INVOICE.key).state is State.READY


def test_what_nav_refused_keeps_number_and_batch(desk: Any) -> None:
    first = desk.keyed(desk.ready(INVOICE))
    waiting = desk.learnt(first, Outcome.REFUSED, State.NEEDS_ATTENTION)
    changed = journal("C7S-INV-1", gl("6120", "-120.00"), gl("1000", "120.00"))
    again = desk.keyed(desk.decide(waiting, State.READY, journal=changed))
    assert (again.id, again.batch_code, again.nav_document_no) == (
        first.id,
        first.batch_code,
        first.nav_document_no,
    )
    assert (again.journal, again.state, again.journal_id) == (changed, Outcome.SENDING, None)


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.STAGED])
def test_what_may_be_in_nav_is_never_sent_anew(desk: Any, outcome: Outcome) -> None:
    desk.learnt(desk.keyed(desk.ready(INVOICE)), outcome, State.UNKNOWN)
    ready = desk.decide(desk.stored(INVOICE.key), State.READY)
    assert deliveries.store_keys(desk.database, [(ready, journal())], "CIN7", desk.run) == []
    assert deliveries.of_documents(desk.database, [ready.id])[ready.id].state is outcome


def test_what_is_sent_for_a_posted_document_takes_it_back(desk: Any) -> None:
    posted = desk.posted(INVOICE)
    first = deliveries.of_documents(desk.database, [posted.id])[posted.id]
    ready = desk.decide(posted, State.READY)
    ((reversal),) = deliveries.store_keys(desk.database, [(ready, journal("C7S-INV-1-R"))], "CIN7", desk.run)
    assert (reversal.revision, reversal.reverses) == (1, first.id)
    again = desk.decide(desk.learnt(reversal, Outcome.POSTED, State.RECEIVED, 13), State.READY)
    ((anew),) = deliveries.store_keys(desk.database, [(again, journal("C7S-INV-1-2"))], "CIN7", desk.run)
    assert (anew.revision, anew.reverses) == (2, None)
    past = deliveries.history(desk.database, [posted.id])[posted.id]
    assert (past.postings, past.reversals, past.standing, past.is_under_way) == (2, 1, None, True)


def test_two_documents_never_share_a_nav_number(desk: Any) -> None:
    desk.keyed(desk.ready(INVOICE))
    twin = desk.ready(document("INV-2"), journal=journal("C7S-INV-1"))
    with pytest.raises(psycopg2.errors.UniqueViolation):
        desk.keyed(twin)


def test_nothing_to_send_is_no_work(desk: Any) -> None:
    assert deliveries.store_keys(desk.database, [], "CIN7", desk.run) == []


def test_the_amount_of_a_delivery_is_the_partys(desk: Any) -> None:
    vendor = JournalLine(AccountType.VENDOR, "V00010", Decimal("-36.60"), "sample")
    bought = journal("C7P-1", vendor, gl("5450", "30.50"), gl("5660", "6.10"))
    assert deliveries.party_amount(bought) == Decimal("-36.60")
    desk.keyed(desk.ready(INVOICE, journal=bought))
    assert desk.sql("SELECT amount FROM delivery") == [(Decimal("-36.60"),)]


def test_results_keep_what_was_known_before(desk: Any) -> None:
    delivery, other = desk.keyed(desk.ready(INVOICE)), desk.keyed(desk.ready(document("INV-2")))
    with desk.database.transaction() as cursor:
        deliveries.write_results(
            cursor,
            [Result(delivery, Outcome.STAGED, "journal-1"), Result(other, Outcome.UNKNOWN)],
        )
        deliveries.write_results(cursor, [Result(delivery, Outcome.POSTED, None, (12, 11, 13))])
    assert desk.sql(
        "SELECT state, journal_id, first_entry_no, last_entry_no, posted_at IS NOT NULL FROM delivery"
        " ORDER BY id"
    ) == [("posted", "journal-1", 11, 13, True), ("unknown", None, None, None, False)]
    assert deliveries.first_entry_no(desk.database) == 11


def test_results_of_nothing_change_nothing(desk: Any) -> None:
    with desk.database.transaction() as cursor:
        deliveries.write_results(cursor, [])
    assert deliveries.first_entry_no(desk.database) is None


def test_staged_deliveries_are_found_by_number(desk: Any) -> None:
    desk.learnt(desk.keyed(desk.ready(INVOICE)), Outcome.STAGED, State.STAGED)
    desk.posted(document("INV-2"))
    asked = ["C7S-INV-1", "C7S-INV-2", "G00001"]
    assert list(deliveries.awaiting_entries(desk.database, asked)) == ["C7S-INV-1"]


def test_what_is_staged_comes_page_by_page_with_what_is_known_of_its_document(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "STAGED_PAGE", 2)
    for number in ("INV-1", "INV-2", "INV-3"):
        desk.learnt(desk.keyed(desk.ready(document(number))), Outcome.STAGED, State.STAGED)
    desk.posted(document("INV-4"))
    first, rest = deliveries.staged_pages(desk.database, Scope())
    assert [one.delivery.nav_document_no for one in (*first, *rest)] == [
        "C7S-INV-1", "C7S-INV-2", "C7S-INV-3",
    ]  # fmt: skip
    assert {(one.state, one.problems) for one in first} == {(State.STAGED, frozenset())}
    ((named,),) = deliveries.staged_pages(desk.database, Scope(numbers=("INV-2",)))
    assert named.delivery.nav_document_no == "C7S-INV-2"


def test_only_what_nav_was_to_post_is_late(desk: Any) -> None:
    for number in ("INV-1", "INV-2"):
        desk.learnt(desk.keyed(desk.ready(document(number))), Outcome.STAGED, State.STAGED)
    desk.sql("UPDATE delivery SET posting = 'stage' WHERE nav_document_no = 'C7S-INV-2'")
    (late,) = deliveries.scheduled_before(desk.database, dt.timedelta(0), 9)
    assert late.nav_document_no == "C7S-INV-1"
    assert deliveries.scheduled_before(desk.database, dt.timedelta(hours=1), 9) == []


def test_what_was_posted_meanwhile_is_not_staged_any_more(desk: Any) -> None:
    first = desk.keyed(desk.ready(document("INV-1")))
    second = desk.keyed(desk.ready(document("INV-2")))
    desk.learnt(first, Outcome.STAGED, State.STAGED)
    desk.learnt(second, Outcome.POSTED, State.POSTED)
    with desk.database.transaction() as cursor:
        assert deliveries.still_staged(cursor, [first.id, second.id]) == {first.id}


def test_batches_of_posted_documents_are_removed_once(desk: Any) -> None:
    desk.learnt(desk.keyed(desk.ready(INVOICE)), Outcome.STAGED, State.STAGED)
    posted = desk.posted(document("INV-2"))
    sent = deliveries.of_documents(desk.database, [posted.id])[posted.id]
    code = sent.batch_code
    week = dt.timedelta(days=7)
    ((identity, *names),) = deliveries.batches_left(desk.database, week, 9)
    assert names == ["CIN7", code, sent.nav_document_no]
    assert deliveries.batches_left(desk.database, week, 9, after=identity) == []
    assert deliveries.batches_left(desk.database, dt.timedelta(0), 9) == []
    deliveries.batches_removed(desk.database, [code])
    assert deliveries.batches_left(desk.database, week, 9) == []
