"""Cin7's own ledger beside NAV's lines of our documents, account by account and month by month."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.flows.reconciliation.conftest import Books


def rows(books: Books) -> dict[str, tuple[Decimal, Decimal, str]]:
    """Both sides and NAV's accounts of what is carried, by Cin7 account."""
    return {
        row["account"]: (Decimal(row["cin7_amount"]), Decimal(row["nav_amount"]), "+".join(row["nav"]))
        for row in books.last().accounts
        if row["carried"]
    }


def not_carried(books: Books) -> dict[tuple[str, str], Decimal]:
    return {
        (row["why"], row["account"]): Decimal(row["cin7_amount"])
        for row in books.last().accounts
        if not row["carried"]
    }


def sale(books: Books, *lines: tuple[str, str], **spec: Any) -> dict[str, Any]:
    """A sale of `(price, Cin7 account)`."""
    given = [
        {"sku": "HV-0001", "quantity": 1, "price": price, "account": account} for price, account in lines
    ]
    return books.flow.sale(lines=given, **spec)


def test_each_cin7_account_is_compared_with_the_nav_lines_that_were_made_of_it(books: Books) -> None:
    sale(books, ("100.00", "200"))
    sale(books, ("10.00", "200"), ("5.00", "220"))
    books.flow.purchase("50.00")
    books.carry()
    books.reconcile()
    assert rows(books) == {
        "140": (Decimal("50.00"), Decimal("50.00"), "5450"),
        "200": (Decimal("-110.00"), Decimal("-110.00"), "6110"),
        "220": (Decimal("-5.00"), Decimal("-5.00"), "6810"),
        "payables": (Decimal("-60.00"), Decimal("-60.00"), "5410"),
        "receivables": (Decimal("138.00"), Decimal("138.00"), "2310"),
        "tax and rounding": (Decimal("-13.00"), Decimal("-13.00"), "5650+5660"),
    }


def test_payments_are_listed_and_never_a_difference(books: Books) -> None:
    made = sale(books, ("100.00", "200"))
    books.carry()
    books.flow.act(made, "pay")
    books.reconcile()
    assert books.open() == []
    why = "Sale: payments are not carried"
    assert not_carried(books) == {(why, "090"): Decimal("120.00"), (why, "610"): Decimal("-120.00")}
    (left,) = books.last().lists["paid in Cin7, open in NAV"]
    assert left == {"number": made["number"], "nav_number": f"C7S-{made['number']}", "open": "120.00"}


def test_a_difference_shows_in_the_account_that_it_is_on(books: Books) -> None:
    made = sale(books, ("100.00", "200"))
    books.carry()
    books.by_hand(
        "post-journal",
        number=f"C7S-{made['number']}",
        lines=[{"account": "6110", "amount": "40"}, {"account": "6130", "amount": "-40"}],
    )
    books.reconcile()
    found = rows(books)
    assert found["200"][:2] == (Decimal("-100.00"), Decimal("-60.00"))
    assert found["receivables"][:2] == (Decimal("120.00"), Decimal("120.00"))


def test_where_cin7_owns_the_value_of_stock_its_days_are_compared(books: Books) -> None:
    flow = books.flow
    books.cin7_owns_stock()
    made = sale(books, ("100.00", "200"), date=str(books.day(5)))
    flow.sandbox.cin7.post(f"sale/{made['order_id']}/ship", {"date": str(books.day(5)), "announce": False})
    books.carry_costs()
    books.carry()
    books.reconcile()
    assert books.causes() == {}
    assert rows(books)["310"][0] > 0
    assert rows(books)["310"][0] == rows(books)["310"][1]
    more = {"amount": "2.00", "announce": False}
    flow.sandbox.cin7.post(f"sale/{made['order_id']}/cost-change", more)
    books.reconcile()
    assert books.causes() == {f"COST-{books.day(5)}": {("amount", "cost_day_differs")}}
