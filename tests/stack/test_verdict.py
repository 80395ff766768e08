"""The demo's judge: it must notice every kind of wrong booking."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from stack.verdict import judge

SALE: dict[str, Any] = {
    "kind": "sale_invoice",
    "number": "INV-1",
    "date": "2026-11-23",
    "total": "131.40",
    "net": {"200": "100.00", "220": "9.50"},
    "tax_by_rule": {"20% VAT on Sales": "21.90"},
}
PURCHASE: dict[str, Any] = {
    "kind": "purchase_invoice",
    "number": "S-77",
    "date": "2026-11-23",
    "total": "60.00",
    "net": {"140": "50.00"},
    "tax_by_rule": {"20% VAT on Purchases": "10.00"},
}


def entries(number: str, *amounts: tuple[str, str], date: str = "2026-11-23") -> list[dict[str, Any]]:
    return [
        {
            "documentNumber": number,
            "postingDate": date,
            "accountNumber": account,
            "debitAmount": max(Decimal(amount), Decimal(0)),
            "creditAmount": max(-Decimal(amount), Decimal(0)),
        }
        for account, amount in amounts
    ]


RIGHT = (("2310", "131.40"), ("6110", "-60.00"), ("6110", "-40"), ("6810", "-9.5"), ("5650", "-21.90"))


def test_right_books_are_complete() -> None:
    purchase = entries("P1", ("5410", "-60"), ("5450", "50"), ("5660", "10"))
    verdict = judge([SALE, PURCHASE], entries("S1", *RIGHT) + purchase, 2)
    assert verdict.is_complete
    assert verdict.lines() == ["2 of 2 invoices of the day are in NAV exactly once, to the cent."]


def test_a_credit_note_has_the_signs_turned() -> None:
    note = SALE | {"kind": "sale_credit_note"}
    turned = [(account, str(-Decimal(amount))) for account, amount in RIGHT]
    assert judge([note], entries("C1", *turned), 1).is_complete
    assert not judge([note], entries("C1", *RIGHT), 1).is_complete


@pytest.mark.parametrize(
    "amounts",
    [
        (("2310", "131.41"), ("6110", "-100.01"), ("6810", "-9.50"), ("5650", "-21.90")),
        (("2310", "131.40"), ("6120", "-100.00"), ("6810", "-9.50"), ("5650", "-21.90")),
        (("2310", "131.40"), ("6110", "-131.40")),
    ],
    ids=["a cent off", "another account", "tax in the sales"],
)
def test_a_wrong_booking_is_missing_and_surplus(amounts: tuple[tuple[str, str], ...]) -> None:
    verdict = judge([SALE], entries("S1", *amounts), 1)
    assert [text.split(",")[0] for text in verdict.missing] == ["sale_invoice INV-1"]
    assert [text.split(",")[0] for text in verdict.surplus] == ["S1"]


def test_a_second_posting_is_surplus() -> None:
    verdict = judge([SALE], entries("S1", *RIGHT) + entries("S2", *RIGHT), 1)
    assert not verdict.missing
    assert [text.split(",")[0] for text in verdict.surplus] == ["S2"]


def test_another_posting_date_is_not_the_booking() -> None:
    assert not judge([SALE], entries("S1", *RIGHT, date="2026-11-22"), 1).is_complete


def test_two_invoices_alike_need_two_documents() -> None:
    twin = SALE | {"number": "INV-2"}
    assert judge([SALE, twin], entries("S1", *RIGHT) + entries("S2", *RIGHT), 2).is_complete
    verdict = judge([SALE, twin], entries("S1", *RIGHT), 2)
    assert [text.split(",")[0] for text in verdict.missing] == ["sale_invoice INV-2"]


def test_an_unbalanced_document_is_told() -> None:
    assert judge([SALE], entries("S1", ("2310", "131.40")), 1).unbalanced


def test_no_invoice_at_all_is_no_success() -> None:
    assert not judge([], [], 0).is_complete


def test_an_invoice_that_never_came_is_no_success() -> None:
    verdict = judge([SALE], entries("S1", *RIGHT), 2)
    assert not verdict.is_complete
    assert "authorised in Cin7: only 1" in verdict.lines()
