"""How far the vendors were read, and which orders must be read still."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from cin7_nav.store import documents, reading
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Read, Run
from cin7_nav.store.reading import Header

from tests.samples import DAY, document

FIRST = "2026-11-20T10:00:00.000000+00:00"
LATER = "2026-11-20T10:00:00.000001+00:00"
HEADER = Header("sale", "order-1", "SO-1", "INV-1", DAY, FIRST, True)


def mark_read(database: Database, header: Header) -> None:
    with database.transaction() as cursor:
        reading.details_read(cursor, [header])


def unread(database: Database, side: str = "sale", **more: object) -> list[str]:
    return [order for order, _ in reading.unread(database, side, 10, **more)]  # type: ignore[arg-type]


def test_a_cursor_is_where_it_was_moved_to(database: Database) -> None:
    assert reading.cursor_value(database, "sale_list") is None
    reading.move_cursor(database, "sale_list", "1")
    reading.move_cursor(database, "sale_list", "2")
    reading.move_cursor(database, "purchase_list", "9")
    assert reading.cursor_value(database, "sale_list") == "2"


def test_an_order_is_read_once_for_each_change(database: Database) -> None:
    reading.remember_headers(database, [HEADER])
    assert unread(database) == ["order-1"]
    assert unread(database, "purchase") == []
    mark_read(database, HEADER)
    reading.remember_headers(database, [HEADER])
    assert unread(database) == []
    reading.remember_headers(database, [replace(HEADER, updated=LATER)])
    assert unread(database) == ["order-1"]


def test_details_may_be_newer_than_the_list(database: Database) -> None:
    reading.remember_headers(database, [HEADER])
    mark_read(database, replace(HEADER, updated=LATER))
    assert unread(database) == []


def test_details_older_than_the_list_leave_the_order_unread(database: Database) -> None:
    reading.remember_headers(database, [replace(HEADER, updated=LATER)])
    mark_read(database, HEADER)
    assert unread(database) == ["order-1"]


def test_the_last_row_of_an_order_counts(database: Database) -> None:
    reading.remember_headers(database, [HEADER, replace(HEADER, updated=LATER, invoice_number="INV-1A")])
    assert reading.orders_named(database, "sale", [], ["INV-1A"]) == {"order-1"}
    assert reading.orders_named(database, "sale", [], ["INV-1"]) == set()


def test_an_order_without_invoice_is_not_read_until_it_has_one(database: Database) -> None:
    reading.remember_headers(database, [replace(HEADER, invoiced=False)])
    assert unread(database) == []
    reading.remember_headers(database, [HEADER])
    assert unread(database) == ["order-1"]


def test_an_order_that_lost_its_invoice_is_read_where_we_know_a_document(database: Database) -> None:
    known = document(key=replace(document().key, order_id="order-1"))
    documents.record(database, [Read({}, [known])], Run("dag/run"))
    mark_read(database, HEADER)
    reading.remember_headers(database, [replace(HEADER, updated=LATER, invoiced=False)])
    assert unread(database) == ["order-1"]


def test_the_unread_can_be_narrowed(database: Database) -> None:
    days = [DAY, DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2), None]
    reading.remember_headers(
        database,
        [replace(HEADER, order_id=f"order-{n}", invoice_date=day) for n, day in enumerate(days)],
    )
    assert unread(database) == ["order-0", "order-1", "order-2", "order-3"]
    assert unread(database, day=(days[0], days[1])) == ["order-0", "order-1"]
    assert unread(database, skip=["order-0", "order-3"]) == ["order-1", "order-2"]
    assert [order for order, _ in reading.unread(database, "sale", 1)] == ["order-0"]


def test_orders_are_found_by_their_own_and_their_documents_ids_and_numbers(database: Database) -> None:
    reading.remember_headers(database, [HEADER])
    documents.record(database, [Read({}, [document("INV-7")])], Run("dag/run"))
    for ids, numbers in ([["order-1"], []], [[], ["INV-1"]]):
        assert reading.orders_named(database, "sale", ids, numbers) == {"order-1"}
    for ids, numbers in ([["order-INV-7"], []], [["task-INV-7"], []], [[], ["INV-7"]]):
        assert reading.orders_named(database, "sale", ids, numbers) == {"order-INV-7"}
        assert reading.orders_named(database, "purchase", ids, numbers) == set()


def test_orders_read_in_their_newest_state_need_no_reading(database: Database) -> None:
    mark_read(database, HEADER)
    reading.remember_headers(database, [HEADER, replace(HEADER, order_id="order-2")])
    asked = ["order-3", "order-2", "order-1"]
    assert reading.still_unread(database, "sale", asked) == [("order-2", HEADER.updated), ("order-3", "")]
    assert reading.still_unread(database, "purchase", ["order-1"]) == [("order-1", "")]
    assert reading.still_unread(database, "sale", []) == []


def test_an_order_that_cannot_be_read_says_since_when_until_it_can(database: Database) -> None:
    reading.remember_headers(database, [HEADER])
    reading.unreadable(database, "sale", "order-1", "no total")
    ((side, order_id, number, problem, since),) = reading.problems(database)
    assert (side, order_id, number, problem) == ("sale", "order-1", "SO-1", "no total")
    reading.unreadable(database, "sale", "order-1", "still no total")
    assert [(row[3], row[4]) for row in reading.problems(database)] == [("still no total", since)]
    assert unread(database) == ["order-1"]
    mark_read(database, HEADER)
    assert reading.problems(database) == []


def test_an_order_known_by_its_id_alone_is_tried_again(database: Database) -> None:
    reading.unreadable(database, "purchase", "order-9", "no date")
    assert unread(database, "purchase") == ["order-9"]
