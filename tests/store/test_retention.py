"""What expires, what stays, and lists of what there is."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from cin7_nav.model import State
from cin7_nav.store import audit, listing, retention
from cin7_nav.store.replay import Filter

from tests.samples import DAY, PROBLEM, document
from tests.store.conftest import Desk

YEAR = dt.timedelta(days=365)


def test_old_payloads_expire_and_the_audit_trail_stays(desk: Desk) -> None:
    desk.posted(document("INV-1"))
    before = audit.verify(desk.database)
    desk.sql("UPDATE payload SET stored_at = stored_at - interval '366 days'")
    desk.record(document("INV-2"))
    desk.sql(
        "INSERT INTO payload (sha256, body, stored_at) VALUES ('new', '{}', now() - interval '364 days')"
    )
    assert retention.expire(desk.database, YEAR)["payloads"] == 0  # both documents have the same payload
    desk.sql("UPDATE document SET raw_sha256 = 'new' WHERE number = 'INV-2'")
    assert retention.expire(desk.database, YEAR)["payloads"] == 1
    assert desk.sql("SELECT sha256 FROM payload") == [("new",)]
    after = audit.verify(desk.database)
    assert (after.broken, before.broken) == (None, None)
    assert after.rows > before.rows


def test_bodies_of_old_events_expire_and_the_events_stay(desk: Desk) -> None:
    desk.sql(
        "INSERT INTO inbox (company, source, type, flow, record_id, number, payload, sha256, "
        "landed_at, state)"
        " SELECT 'default', 'cin7', 't', 'invoices', n::text, '', '{}', n::text, now() - "
        "make_interval(days => n),"
        " CASE n WHEN 400 THEN 'done' WHEN 500 THEN 'waiting' ELSE 'done' END"
        " FROM unnest(ARRAY[10, 400, 500]) AS n"
    )
    assert retention.expire(desk.database, YEAR)["bodies of events"] == 1
    rows = desk.sql("SELECT record_id, payload IS NULL FROM inbox ORDER BY id")
    assert rows == [("10", False), ("400", True), ("500", False)]


def test_a_list_is_newest_first_and_goes_on_page_by_page(desk: Desk) -> None:
    for number in range(1, 6):
        desk.record(document(f"INV-{number}", date=DAY - dt.timedelta(days=number)))
    desk.decide(desk.stored(document("INV-3").key), State.NEEDS_ATTENTION, problems=(PROBLEM,))
    first = listing.page(desk.database, Filter(), 3)
    second = listing.page(desk.database, Filter(), 3, after=first[-1])
    assert [one.number for one in (*first, *second)] == [f"INV-{number}" for number in range(1, 6)]
    (waiting,) = listing.page(desk.database, Filter(states=(State.NEEDS_ATTENTION,)), 3)
    assert (waiting.number, waiting.cause) == ("INV-3", "account_unmapped")


def test_a_list_is_searched_by_the_beginnings_of_words(desk: Desk) -> None:
    desk.record(document("INV-00012"), replace(document("INV-00013"), party_name="Zebra Ltd."))

    def found(text: str) -> list[str]:
        return sorted(one.number for one in listing.page(desk.database, Filter(text=text), 10))

    assert found("inv-000") == ["INV-00012", "INV-00013"]
    assert found("zeb") == found("zebra ltd") == ["INV-00013"]
    assert found("INV-00012") == found("abbey") == ["INV-00012"]
    assert found("ebra") == []
