"""What a run reads from Cin7, how often it asks, and what happens where it gets no answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from cin7_nav.flows.invoices import collect as collecting
from cin7_nav.flows.invoices.collect import Occasion
from cin7_nav.hooks.errors import NotFound, Unavailable
from cin7_nav.store import inbox, reading
from cin7_nav.store.documents import Scope

from tests.flows.invoices.conftest import MADE_UP

Calls = Callable[[str], dict[str, int]]
LANDED, POLL, DAY, NAMED = Occasion.LANDED, Occasion.POLL, Occasion.DAY, Occasion.NAMED


def numbers(flow: Any) -> set[str]:
    return {number for (number,) in flow.sql("SELECT number FROM document")}


def details(calls: dict[str, int]) -> int:
    """How many orders were read whole."""
    return sum(count for route, count in calls.items() if route in ("GET /sale", "GET /advanced-purchase"))


# --- a landed event ---


def test_an_event_brings_its_own_document_with_one_call(flow: Any, calls: Calls) -> None:
    made, _ = flow.sale(), flow.sale()
    flow.land("Sale/InvoiceAuthorised", made["order_id"], made["order_number"])
    calls("cin7")
    found = flow.collect(LANDED)
    assert calls("cin7") == {"GET /sale": 1}
    assert numbers(flow) == {made["number"]}
    assert (found.orders, len(found.events), found.more) == (1, 1, False)
    assert flow.sql("SELECT state FROM inbox") == [("claimed",)]


def test_many_events_of_one_order_read_it_once(flow: Any, calls: Calls) -> None:
    made = flow.sale()
    for event in ("Sale/OrderAuthorised", "Sale/InvoiceAuthorised", "Sale/FullPaymentReceived"):
        flow.land(event, made["order_id"], made["order_number"])
    calls("cin7")
    assert len(flow.collect(LANDED).events) == 3
    assert calls("cin7") == {"GET /sale": 1}


@pytest.mark.parametrize("task_id", ["the document's", MADE_UP, ""], ids=["invoice's id", "no id", "none"])
def test_a_purchase_event_with_another_id_is_found_by_its_order_number(flow: Any, task_id: str) -> None:
    """Seen in the field: the id of the invoicing task instead of the purchase's."""
    made = flow.purchase(type="Advanced")
    record_id = made["task_id"] if task_id == "the document's" else task_id
    flow.land("Purchase/InvoiceAuthorised", record_id, made["order_number"])
    flow.collect(LANDED)
    assert numbers(flow) == {made["number"]}


def test_an_event_whose_id_is_another_orders_is_found_by_its_number(flow: Any) -> None:
    made, other = flow.purchase(), flow.purchase()
    flow.land("Purchase/InvoiceAuthorised", other["order_id"], made["order_number"])
    flow.collect(LANDED)
    assert numbers(flow) == {made["number"]}


def test_an_event_that_leads_nowhere_harms_nobody(flow: Any) -> None:
    made = flow.sale()
    flow.land("Sale/InvoiceAuthorised", MADE_UP, "SO-99999")
    flow.land("Sale/InvoiceAuthorised", made["order_id"], made["order_number"])
    assert len(flow.collect(LANDED).events) == 2
    assert numbers(flow) == {made["number"]}


def test_a_document_that_is_authorised_later_is_not_taken_in_yet(flow: Any) -> None:
    made = flow.sale(authorise=False)
    flow.land("Sale/OrderAuthorised", made["order_id"], made["order_number"])
    flow.collect(LANDED)
    assert numbers(flow) == set()


# --- polling ---


def test_polling_finds_what_no_event_announced(flow: Any) -> None:
    made = {flow.sale()["number"], flow.sale(type="Service")["number"], flow.purchase()["number"]}
    found = flow.collect(POLL)
    assert numbers(flow) == made
    assert found.outcome == {"new": 3}


def test_polling_asks_once_for_each_order_that_changed(flow: Any, calls: Calls) -> None:
    made = [flow.sale() for _ in range(3)]
    flow.collect(POLL)
    calls("cin7")
    flow.collect(POLL)
    assert details(calls("cin7")) == 0
    flow.act(made[1], "void")
    new = flow.sale()
    calls("cin7")
    found = flow.collect(POLL)
    asked = calls("cin7")
    assert details(asked) == 2
    assert sum(asked.values()) <= 2 + 4  # one page of each list
    assert found.outcome == {"new": 1, "voided in Cin7 before it was sent": 1}
    assert new["number"] in numbers(flow)


def test_polling_reads_no_order_without_invoice(flow: Any, calls: Calls) -> None:
    flow.sale(authorise=False)
    calls("cin7")
    flow.collect(POLL)
    assert details(calls("cin7")) == 0


def test_an_order_that_an_event_brought_is_not_read_again(flow: Any, calls: Calls) -> None:
    made = flow.sale()
    flow.land("Sale/InvoiceAuthorised", made["order_id"], made["order_number"])
    flow.collect(LANDED)
    flow.settle(follow=False)
    calls("cin7")
    flow.collect(POLL)
    assert details(calls("cin7")) == 0


def test_polling_drains_the_inbox_too(flow: Any) -> None:
    made = flow.sale()
    flow.land("Sale/InvoiceAuthorised", made["order_id"], made["order_number"])
    assert len(flow.collect(POLL).events) == 1


def test_a_run_that_found_too_much_leaves_the_rest_to_the_next(
    flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "READS_PER_RUN", 2)
    for _ in range(3):
        flow.sale()
    first = flow.collect(POLL)
    assert (first.orders, first.more) == (2, True)
    second = flow.collect(POLL)
    assert (second.orders, second.more) == (1, False)
    assert len(numbers(flow)) == 3


def test_two_invoices_of_one_order_are_two_documents(flow: Any) -> None:
    first = flow.sale(type="Advanced")
    second = flow.sale(type="Advanced", order_id=first["order_id"])
    assert flow.collect(POLL).orders == 1
    assert numbers(flow) == {first["number"], second["number"]}


# --- a day ---


def test_a_sweep_reads_the_documents_of_its_day_only(flow: Any) -> None:
    yesterday = flow.today - dt.timedelta(days=1)
    made = {
        flow.sale(date=str(yesterday))["number"],
        flow.purchase(date=str(yesterday))["number"],
    }
    flow.sale()
    flow.collect(DAY, Scope(since=yesterday, until=yesterday))
    assert numbers(flow) == made


def test_what_a_sweep_saw_and_left_is_read_by_the_next_poll(flow: Any) -> None:
    made = flow.sale()
    yesterday = flow.today - dt.timedelta(days=1)
    flow.collect(DAY, Scope(since=yesterday, until=yesterday))
    flow.collect(POLL)
    assert numbers(flow) == {made["number"]}


def test_a_day_without_documents_is_fine(flow: Any) -> None:
    assert flow.collect(DAY, Scope(since=flow.today, until=flow.today)).orders == 0


def test_a_day_that_was_swept_is_not_read_again(flow: Any, calls: Calls) -> None:
    flow.sale()
    flow.collect(DAY, Scope(since=flow.today, until=flow.today))
    calls("cin7")
    flow.collect(DAY, Scope(since=flow.today, until=flow.today))
    assert details(calls("cin7")) == 0


# --- named ---


@pytest.mark.parametrize("name", ["number", "order_number"])
def test_named_documents_are_read_anew(flow: Any, calls: Calls, name: str) -> None:
    made, _ = flow.sale(), flow.sale()
    flow.collect(NAMED, Scope(numbers=(made[name],)))
    assert numbers(flow) == {made["number"]}
    calls("cin7")
    found = flow.collect(NAMED, Scope(numbers=(made[name],)))
    assert details(calls("cin7")) == 1
    assert found.outcome["unchanged"] == 1


def test_a_number_that_cin7_does_not_know_is_told(flow: Any) -> None:
    made = flow.purchase()
    found = flow.collect(NAMED, Scope(numbers=("nothing", made["number"])))
    assert found.outcome["number not found in Cin7"] == 1
    assert numbers(flow) == {made["number"]}


# --- where there is no answer ---


def broken(flow: Any, monkeypatch: pytest.MonkeyPatch, order_id: str, answer: Callable[[Any], Any]) -> None:
    """Let Cin7's answer for one sale be altered."""
    read = flow.cin7.sale
    monkeypatch.setattr(
        flow.cin7, "sale", lambda wanted: answer(read(wanted)) if wanted == order_id else read(wanted)
    )


def test_an_order_that_cannot_be_read_does_not_stop_the_others(
    flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = flow.sale(), flow.sale()

    def without_total(sale: Any) -> Any:
        sale["Invoices"][0]["Total"] = None
        return sale

    broken(flow, monkeypatch, bad["order_id"], without_total)
    found = flow.collect(POLL)
    assert found.outcome == {"new": 1, "unreadable": 1}
    assert numbers(flow) == {good["number"]}
    ((side, order_id, number, problem, _),) = reading.problems(flow.database)
    assert (side, order_id, number) == ("sale", bad["order_id"], bad["order_number"])
    assert "Total" in problem
    monkeypatch.undo()
    flow.collect(POLL)
    assert numbers(flow) == {good["number"], bad["number"]}
    assert reading.problems(flow.database) == []


def test_an_order_that_cin7_fails_at_is_passed_over(flow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = flow.sale(), flow.sale()

    def fail(sale: Any) -> Any:
        raise Unavailable("Cin7 answered 500 for /sale")

    broken(flow, monkeypatch, bad["order_id"], fail)
    flow.collect(POLL)
    assert numbers(flow) == {good["number"]}


def test_when_cin7_fails_events_are_given_back(flow: Any) -> None:
    for _ in range(4):
        made = flow.sale()
        flow.land("Sale/InvoiceAuthorised", made["order_id"], made["order_number"])
    flow.sandbox.cin7.fault("status", "/sale$", "GET", times=None, status=500)
    with pytest.raises(Unavailable):
        flow.collect(LANDED)
    assert inbox.waiting(flow.database, "invoices") == 4
    flow.sandbox.cin7.delete("faults")
    assert len(flow.collect(LANDED).events) == 4
    assert len(numbers(flow)) == 4


@pytest.mark.parametrize("path", ["/saleList", "/purchaseList"])
def test_a_list_that_broke_off_is_read_again_from_where_it_stood(flow: Any, path: str) -> None:
    made = {flow.sale()["number"], flow.purchase()["number"]}
    flow.sandbox.cin7.fault("truncated", path, "GET", times=None)
    with pytest.raises(Unavailable):
        flow.collect(POLL)
    side = "sale" if path == "/saleList" else "purchase"
    assert reading.cursor_value(flow.database, f"{side}_list") is None
    flow.sandbox.cin7.delete("faults")
    flow.collect(POLL)
    assert numbers(flow) == made


@pytest.mark.parametrize("kind", ["lost_before", "lost_after", "reset", "truncated", "html"])
def test_a_single_lost_answer_goes_unnoticed(flow: Any, kind: str) -> None:
    made = flow.sale()
    flow.sandbox.cin7.fault(kind, "/sale$", "GET")
    flow.collect(POLL)
    assert numbers(flow) == {made["number"]}


def test_without_valid_mappings_events_are_still_read_and_no_list_is_begun(flow: Any) -> None:
    told, untold = flow.sale(), flow.sale()
    flow.land("Sale/InvoiceAuthorised", told["order_id"], told["order_number"])
    collected = collecting.collect(flow.database, flow.cin7, flow.run, Occasion.POLL, Scope(), None)
    assert collected.orders == 1
    assert flow.state(told) == "received"
    assert reading.cursor_value(flow.database, "sale_list") is None
    flow.collect()
    assert flow.state(untold) == "received"


def test_an_order_that_cin7_lists_and_does_not_find_is_noted_and_the_run_ends(
    flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, there = flow.sale(), flow.sale()
    whole = flow.cin7.sale

    def sale(order_id: str) -> Any:
        if order_id == gone["order_id"]:
            raise NotFound("Sale with specified ID not found", status=400)
        return whole(order_id)

    monkeypatch.setattr(flow.cin7, "sale", sale)
    assert flow.collect().outcome["unreadable"] == 1
    assert flow.state(there) == "received"
    assert [row[1] for row in reading.problems(flow.database)] == [gone["order_id"]]


def test_details_with_an_older_stamp_than_the_list_are_read_once(
    flow: Any, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.sale()
    whole = flow.cin7.sale
    older = {"LastModifiedOn": "2026-01-01T00:00:00Z"}
    monkeypatch.setattr(flow.cin7, "sale", lambda order_id: whole(order_id) | older)
    calls("cin7")
    flow.collect()
    flow.collect()
    assert details(calls("cin7")) == 1


def test_a_day_finds_a_further_invoice_of_an_order_that_its_list_row_does_not_show(flow: Any) -> None:
    before = flow.today - dt.timedelta(days=2)
    order = flow.sale(type="Advanced", date=str(before))
    further = flow.sale(order_id=order["order_id"], date=str(flow.today))
    flow.collect(DAY, Scope(since=flow.today, until=flow.today))
    assert flow.state(further) == "received"
