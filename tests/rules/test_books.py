"""Cin7's ledger rows, put together by document."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from cin7_nav.model import Kind
from cin7_nav.rules.books import (
    Booked,
    Named,
    Register,
    Sort,
    cin7_chart,
    control_accounts,
    kind_of,
    named,
    sort_of,
)
from cin7_nav.wire.ledger import LedgerRow

DAY = dt.date(2026, 11, 20)
CHART = cin7_chart(
    [
        {
            "Code": "610",
            "SystemAccount": "Accounts receivable",
            "SystemAccountCode": "DEBTORS",
            "Type": "CURRENT",
        },
        {"Code": "800", "SystemAccount": "CREDITORS", "Type": "CURRLIAB"},
        {"Code": "090", "SystemAccount": None, "Type": "BANK"},
        {"Code": "200", "Type": "REVENUE"},
    ]
)
INVENTORY = frozenset({"140"})


def row(
    debit: str, credit: str, amount: str = "10", type: str = "Sale", reference: str = "INV-1"
) -> LedgerRow:
    return LedgerRow(debit, credit, Decimal(amount), DAY, type, "task-1", reference)


@pytest.mark.parametrize(
    ("debit", "credit", "type", "sort"),
    [
        ("610", "200", "Sale", Sort.DOCUMENT),
        ("090", "610", "Sale", Sort.PAYMENT),
        ("140", "800", "Purchase", Sort.DOCUMENT),
        ("310", "140", "Sale", Sort.STOCK),
        ("400", "090", "MoneySpend", Sort.OTHER),
        ("610", "200", "Journal", Sort.OTHER),
    ],
)
def test_each_row_is_of_one_sort(debit: str, credit: str, type: str, sort: Sort) -> None:
    assert sort_of(row(debit, credit, type=type), CHART, INVENTORY) is sort


@pytest.mark.parametrize(
    ("debit", "credit", "type", "kind"),
    [
        ("610", "200", "Sale", Kind.SALE_INVOICE),
        ("200", "610", "Sale", Kind.SALE_CREDIT_NOTE),
        ("140", "800", "Purchase", Kind.PURCHASE_INVOICE),
        ("800", "140", "Purchase", Kind.PURCHASE_CREDIT_NOTE),
    ],
)
def test_the_sides_tell_the_kind_whatever_the_sign(debit: str, credit: str, type: str, kind: Kind) -> None:
    assert kind_of(row(debit, credit, type=type), CHART) is kind
    assert kind_of(row(debit, credit, "-10", type=type), CHART) is kind


def test_a_voided_document_leaves_nothing() -> None:
    booked = Booked()
    booked.add(row("610", "200", "100"), CHART)
    assert (booked.party, dict(booked.accounts), booked.stands) == (
        Decimal(100),
        {"200": Decimal(-100)},
        True,
    )
    booked.add(row("610", "200", "-100"), CHART)
    assert not booked.stands


def test_a_credit_note_is_named_behind_its_invoice() -> None:
    assert named(row("200", "610", reference="INV-1/CR-2"), CHART).number == "CR-2"
    assert named(row("610", "200", reference="INV-1"), CHART).number == "INV-1"


def test_a_document_is_found_by_its_own_id_or_by_order_and_number() -> None:
    known = Register(
        [
            (1, Kind.SALE_INVOICE, "order", "task-1", "INV-1"),
            (2, Kind.SALE_INVOICE, "order", "task-2", "INV-2"),
            (3, Kind.SALE_CREDIT_NOTE, "order", "task-1", "CR-1"),
        ]
    )
    assert known.find(Named(Kind.SALE_INVOICE, "task-1", "other")) == 1
    assert known.find(Named(Kind.SALE_INVOICE, "order", "INV-2")) == 2
    assert known.find(Named(Kind.SALE_INVOICE, "order", "INV-3")) is None
    assert known.find(Named(Kind.SALE_CREDIT_NOTE, "task-1", "CR-1")) == 3
    assert known.find(Named(Kind.PURCHASE_INVOICE, "task-1", "INV-1")) is None


def test_the_control_account_is_what_holds_the_total_and_no_mapping_names() -> None:
    seen = [
        (Decimal(120), {"2310": Decimal(120), "6110": Decimal(-120)}),
        (Decimal(50), {"9999": Decimal(40), "6110": Decimal(-40)}),
        (Decimal(-60), {"5410": Decimal(-60), "6110": Decimal(60)}),
        (Decimal(-120), {"6110": Decimal(-120)}),
    ]
    assert control_accounts(seen, frozenset({"6110"})) == {"2310", "5410"}
