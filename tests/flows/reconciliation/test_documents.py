"""Errors are planted in both systems, and each is named with its own cause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.flows.decisions.answering import decide
from cin7_nav.flows.reconciliation.run import COMPARISONS
from cin7_nav.model import Fixer
from cin7_nav.rules.cases import Finding, Sort
from cin7_nav.store import applications
from cin7_nav.store.decisions import Answer
from cin7_nav.store.reconciliation import Difference

from tests.flows.invoices.test_currency import EURO_CUSTOMER
from tests.flows.invoices.test_nav_tax import CODES
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
        lines=[
            {"type": "Customer", "account": "C00010", "amount": "12"},
            {"account": "8310", "amount": "-12"},
        ],
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
    flow.edit("parties.yaml", "customers:\n", f'customers:\n  "{EURO_CUSTOMER}": C00010\n')
    flow.sale(
        "1028.75", customer=EURO_CUSTOMER, rate="0.9", document_rate="0.85431", charges=[{"price": "3.33"}]
    )
    flow.sale("100.00")
    flow.purchase("50.00")
    books.carry()
    books.reconcile()
    calls("cin7")
    calls("nav")
    outcome = books.reconcile()
    assert books.causes() == {}
    assert (outcome.documents, books.last().agreed) == (3, 3)
    assert calls("cin7") == {"GET /transactions": 2, "GET /ref/account": 1}
    assert calls("nav") == {
        f"GET {books.flow.routes.entries.removesuffix('$')}": 1,
        "GET Cust_LedgerEntries": 1,
        "GET VendorLedgerEntries": 1,
    }


@pytest.mark.api_v2("credit notes and reversals settle what they belong to on posting")
def test_what_is_to_be_applied_is_a_difference_until_nav_shows_it_applied(books: Books) -> None:
    flow = books.flow
    made, dearer = flow.sale("100.00"), flow.sale("19.99")
    books.carry()
    flow.act(made, "credit", fraction="0.5")
    flow.act(dearer, "void")
    books.carry()
    books.reconcile()
    waiting = applications.still_open(flow.database)
    assert {one.cause for one in books.open()} == {"not_applied"}
    assert len(books.open()) == len(waiting) == 2
    for one in waiting:
        books.by_hand("apply", party="customer", documents=[one.nav_document_no, one.applies_to])
    books.reconcile()
    assert books.open() == []
    assert applications.still_open(flow.database) == []


def test_party_and_application_are_not_provable_without_the_published_ledgers(books: Books) -> None:
    flow = books.flow
    made = flow.sale("100.00")
    books.carry()
    lines = books.lines(nav(made), party="C00020")
    books.by_hand("lose", number=nav(made))
    books.by_hand("post-journal", number=nav(made), lines=lines)
    books.publish()
    books.reconcile()
    assert books.causes() == {}
    assert books.last().proved["party, application, reversal"].startswith("not provable here")


def test_what_a_person_left_out_is_listed_and_no_difference(books: Books) -> None:
    flow = books.flow
    made = flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    books.carry()
    assert decide(flow.database, made["number"], Answer.SKIP, "a test order", "Ann", "") is None
    flow.translate()
    books.reconcile()
    assert books.causes() == {}
    (left_out,) = books.last().lists["left out"]
    assert (left_out["number"], "a test order" in left_out["why"]) == (made["number"], True)


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


def test_documents_are_told_apart_where_cin7s_ledger_names_only_their_orders(books: Books) -> None:
    flow = books.flow
    flow.sandbox.cin7.patch("settings", {"transaction_task_id": "order"})
    first = flow.sale("100.00", type="Advanced")
    second = flow.sale("40.00", order_id=first["order_id"], type="Advanced")
    flow.act(first, "credit", fraction="0.5")
    books.carry()
    books.by_hand("reverse", number=nav(second))
    third = flow.sale("70.00", order_id=first["order_id"], type="Advanced")
    books.reconcile()
    found = books.causes()
    assert found[second["number"]] == {("missing", "reversed_in_nav")}
    assert found[third["number"]] == {("missing", "never_read")}
    assert {cause for causes in found.values() for _, cause in causes} == {
        "reversed_in_nav",
        "never_read",
        "not_applied",
    }


def test_where_nav_splits_off_the_tax_its_own_accounts_are_no_difference(books: Books) -> None:
    flow = books.flow
    (flow.directory / "tax.yaml").write_text(CODES)
    flow.edit("company.yaml", "tax_mode: explicit", "tax_mode: nav")
    flow.sandbox.nav.patch("settings", {"copy_vat_setup": True})
    right, reclassed = flow.sale("100.00"), flow.sale("100.00")
    books.carry()
    assert flow.state(right) == flow.state(reclassed) == "posted"
    books.by_hand(
        "post-journal",
        number=nav(reclassed),
        lines=[{"account": REVENUE, "amount": "100"}, {"account": OTHER_REVENUE, "amount": "-100"}],
    )
    books.reconcile()
    assert books.causes() == {reclassed["number"]: {("account", "entries_by_hand")}}


def test_a_further_comparison_opens_and_closes_its_own_differences(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = Finding(Sort.AMOUNT, "too_few", "3 pieces less in NAV", "count them", Fixer.ACCOUNTANT)
    found = [Difference("stock", "HV-0001 LONDON", "HV-0001", books.day(1), finding)]
    monkeypatch.setitem(COMPARISONS, "stock", lambda database: list(found))
    books.reconcile()
    assert books.causes() == {"HV-0001": {("amount", "too_few")}}
    found.clear()
    assert books.reconcile().closed == 1
    assert books.open() == []


def test_more_doubt_than_may_be_read_is_said(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cin7_nav.flows.reconciliation.documents.DOUBTS_AT_MOST", 1)
    made = [books.flow.sale("100.00") for _ in range(3)]
    books.carry()
    for one in made:
        books.by_hand("reverse", number=nav(one))
    books.reconcile()
    assert len(books.open()) == 3
    assert "2 differences" in books.last().proved["documents in doubt"]


def test_what_cin7s_ledger_does_not_show_is_asked_of_the_document_itself(books: Books) -> None:
    flow = books.flow
    made = flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    books.carry()
    transactions = flow.cin7.transactions
    flow.cin7.transactions = lambda first, last: iter(())  # type: ignore[method-assign]
    books.reconcile()
    flow.cin7.transactions = transactions  # type: ignore[method-assign]
    assert books.causes() == {made["number"]: {("missing", "tax_rule_unmapped")}}
