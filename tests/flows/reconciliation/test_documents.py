"""Errors are planted in both systems, and each is named with its own cause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.flows.reconciliation.conftest import Books

REVENUE, OTHER_REVENUE = "6110", "6130"
Made = dict[str, Any]


def nav(made: Made) -> str:
    return f"C7S-{made['number']}"


def changed(books: Books, made: Made, **spec: Any) -> None:
    """Somebody undoes it in Cin7 and authorises it again with something else."""
    books.flow.act(made, "undo")
    books.flow.act(made, "reauthorise", **spec)


def line(price: str) -> list[Made]:
    return [{"sku": "HV-0001", "quantity": 1, "price": price, "account": "200"}]


def test_each_planted_error_is_named_with_its_cause(books: Books) -> None:
    flow, hand = books.flow, books.by_hand
    right, double, added, reclassed, corrected, voided, dearer, reversed_, lost = (
        flow.sale("100.00") for _ in range(9)
    )
    bill = flow.purchase("50.00")
    unmapped = flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    moved = flow.sale("100.00", date=str(flow.today - dt.timedelta(days=3)))
    keyed, keyed_too = flow.sale("33.00"), flow.sale("44.00")
    twin = {"party": "C00010", "external_number": keyed["number"], "amount": 33, "tax_percent": 20}
    flow.sandbox.nav.post("sales-invoice", twin)
    books.carry()

    lines = books.lines(nav(double))
    hand("post-journal", number=nav(double), lines=lines)
    hand(
        "post-journal",
        number=nav(added),
        lines=[{"type": "Customer", "account": "C00010", "amount": "12"}, {"account": "8310", "amount": "-12"}],
    )
    hand(
        "post-journal",
        number=nav(reclassed),
        lines=[{"account": REVENUE, "amount": "100"}, {"account": OTHER_REVENUE, "amount": "-100"}],
    )
    hand("correct-dimensions", number=nav(corrected), account=REVENUE, dimension="CHANNEL", value="RETAIL")
    hand("reverse", number=nav(reversed_))
    hand("lose", number=nav(lost))
    other_party = books.lines(nav(moved), party="C00020")
    hand("lose", number=nav(moved))
    hand("post-journal", number=nav(moved), lines=other_party, date=str(flow.today))
    twin |= {"external_number": keyed_too["number"], "amount": 44}
    flow.sandbox.nav.post("sales-invoice", twin)
    hand("post-journal", number="C7S-INV-99999", lines=lines)
    flow.act(voided, "void")
    changed(books, dearer, lines=line("90.00"))
    unread = flow.sale("70.00")
    flow.passed += dt.timedelta(hours=1)

    books.reconcile()

    assert books.causes() == {
        double["number"]: {("double", "posted_again_by_hand")},
        added["number"]: {("amount", "entries_by_hand")},
        reclassed["number"]: {("account", "entries_by_hand")},
        corrected["number"]: {("dimension", "dimensions_changed_in_nav")},
        reversed_["number"]: {("missing", "reversed_in_nav")},
        lost["number"]: {("missing", "gone_from_nav")},
        moved["number"]: {("date", "date_changed_in_nav"), ("party", "party_changed_in_nav")},
        keyed["number"]: {("posted by hand", "keyed_by_hand")},
        keyed_too["number"]: {("double", "keyed_by_hand_too")},
        unmapped["number"]: {("missing", "tax_rule_unmapped")},
        voided["number"]: {("surplus", "voided_in_cin7")},
        dearer["number"]: {("amount", "changed_in_cin7")},
        unread["number"]: {("missing", "never_read")},
        "C7S-INV-99999": {("surplus", "unknown_number")},
    }
    assert {right["number"], bill["number"]}.isdisjoint(books.causes())
    told = {one.number: (one.cin7_amount, one.nav_amount) for one in books.open()}
    assert told[double["number"]] == (Decimal("120.00"), Decimal("240.00"))
    assert told[dearer["number"]] == (Decimal("108.00"), Decimal("120.00"))
    assert all(one.next_step and one.age >= dt.timedelta(0) for one in books.open())


def test_books_that_agree_have_no_differences_and_cost_few_calls(
    books: Books, calls: Callable[[str], dict[str, int]]
) -> None:
    flow = books.flow
    made = [flow.sale("100.00"), flow.purchase("50.00"), flow.sale("19.99", charges=[{"price": "3.33"}])]
    books.carry()
    flow.act(made[0], "credit", fraction="0.5")
    changed(books, made[2], lines=line("30.00"))
    books.carry()
    books.carry()
    calls("cin7")
    calls("nav")
    outcome = books.reconcile()
    assert books.causes() == {credit(books): {("application", "not_applied")}, **not_applied(books, made[2])}
    assert outcome.documents == 4
    assert calls("cin7") == {"GET transactions": 2, "GET ref/account": 1}
    assert calls("nav") == {}


def test_a_difference_closes_itself_once_its_cause_is_gone(books: Books) -> None:
    flow = books.flow
    unread = flow.sale("70.00")
    books.reconcile()
    (first,) = books.open()
    books.reconcile()
    (again,) = books.open()
    assert (again.first_seen_at, again.cause) == (first.first_seen_at, "never_read")
    assert again.last_seen_at > first.last_seen_at
    books.carry()
    assert books.reconcile().closed == 1
    assert books.open() == []
    assert unread["number"]
