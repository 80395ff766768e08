"""What stands on the clearing account for a purchase, and why."""

from __future__ import annotations

from decimal import Decimal

import pytest
from cin7_nav.rules.clearing import Posted, Purchase, Side, Standing, clearing
from hypothesis import given
from hypothesis import strategies as st

TOLERANCE = Decimal("0.05")


def invoice(amount: str, pieces: str | None = None, purchase: str = "PO-1") -> Posted:
    quantity = Decimal(pieces) if pieces else None
    return Posted(purchase, Side.INVOICE, f"C7P-{amount}", Decimal(amount), quantity)


def receipt(amount: str, pieces: str | None = None, purchase: str = "PO-1") -> Posted:
    """`amount` is what the goods are worth: it stands as a credit."""
    quantity = Decimal(pieces) if pieces else None
    return Posted(purchase, Side.RECEIPT, f"C7R-{amount}", -Decimal(amount), quantity)


def only(*posted: Posted) -> Purchase:
    (purchase,) = clearing(posted, TOLERANCE)
    return purchase


@pytest.mark.parametrize(
    ("posted", "standing", "balance"),
    [
        ((invoice("100"), receipt("100")), "settled", "0"),
        ((invoice("100"), receipt("99.95")), "settled", "0.05"),
        ((invoice("60"), invoice("40"), receipt("70"), receipt("30")), "settled", "0"),
        ((invoice("100"), invoice("-100")), "settled", "0"),
        ((receipt("100", "10"),), "received, not invoiced", "-100"),
        ((invoice("100", "10"),), "invoiced, not received", "100"),
        ((invoice("100", "10"), receipt("95", "10")), "price difference", "5"),
        ((invoice("100", "10"), receipt("105", "10")), "price difference", "-5"),
        ((invoice("100", "10"), receipt("50", "5")), "invoiced, not received", "50"),
        ((invoice("50", "5"), receipt("100", "10")), "received, not invoiced", "-50"),
        ((invoice("100", "5"), receipt("90", "10")), "received, not invoiced", "10"),
        ((invoice("100", "10"), invoice("-20", "-2"), receipt("70", "8")), "price difference", "10"),
        ((invoice("100", "10"), receipt("95")), "invoiced, not received", "5"),
        ((invoice("100"), receipt("105", "10")), "received, not invoiced", "-5"),
    ],
)
def test_a_balance_is_explained(posted: tuple[Posted, ...], standing: str, balance: str) -> None:
    purchase = only(*posted)
    assert (purchase.standing, purchase.balance) == (standing, Decimal(balance))


def test_purchases_are_told_apart_and_name_their_documents() -> None:
    found = clearing(
        [invoice("100", purchase="PO-2"), receipt("40", purchase="PO-1"), receipt("100", purchase="PO-2")],
        TOLERANCE,
    )
    assert [(one.number, one.invoiced, one.received, one.documents) for one in found] == [
        ("PO-1", 0, -40, ("C7R-40",)),
        ("PO-2", 100, -100, ("C7P-100", "C7R-100")),
    ]


amounts = st.decimals(-1000, 1000, places=2)
quantities = st.none() | st.decimals(-10, 10, places=0)


@given(
    st.lists(st.builds(Posted, st.sampled_from("ABC"), st.sampled_from(Side), st.text(), amounts, quantities))
)
def test_nothing_is_lost_and_only_what_is_within_the_tolerance_is_settled(posted: list[Posted]) -> None:
    found = clearing(posted, TOLERANCE)
    assert sum(one.balance for one in found) == sum(each.amount for each in posted)
    for one in found:
        assert (one.standing is Standing.SETTLED) == (abs(one.balance) <= TOLERANCE)
