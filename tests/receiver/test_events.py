"""What each event type points at, and that reading a hostile body stays cheap."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from cin7_nav.receiver.events import DEEPEST, Pointer, Unreadable, flows_of, parse, pointers

A, B = "8b1538e4-fa56-49c8-89c9-38d106439577", "592e5eff-3c92-4a12-a275-67de1fda66ef"


@pytest.mark.parametrize(
    ("event_type", "payload", "expected"),
    [
        (
            "Sale/InvoiceAuthorised",
            {"SaleTaskID": A, "OrderNumber": "SO-1", "InvoiceNumber": "INV-1"},
            (A, "SO-1"),
        ),
        ("Sale/CreditNoteAuthorised", {"SaleID": A, "SaleOrderNumber": "SO-1", "TaskID": B}, (A, "SO-1")),
        ("Sale/Undo", {"SaleID": A.upper(), "SaleOrderNumber": "SO-1 "}, (A, "SO-1")),
        (
            "Purchase/InvoiceAuthorised",
            {"TaskID": A, "PurchaseOrderNumber": "PO-1", "SupplierName": None},
            (A, "PO-1"),
        ),
        ("Purchase/InvoiceAuthorised", {"TaskID": "", "PurchaseOrderNumber": "PO-1"}, ("", "PO-1")),
        (
            "Purchase/Updated",
            {"CustomerDetailsList": [{"ID": A, "SupplierID": B, "OrderNumber": "PO-1"}]},
            (A, "PO-1"),
        ),
        (
            "Customer/Updated",
            {"CustomerDetailsList": [{"Customer": {"ID": A}, "Contacts": [{"ID": B}]}]},
            (A, ""),
        ),
        ("Supplier/Updated", {"SupplierDetailsList": [{"Supplier": {"ID": A}}]}, (A, "")),
        ("Stock/AvailableStockLevelChanged", [{"ID": A, "SKU": "X"}, {"ID": A, "SKU": "X"}], (A, "X")),
        ("Lead/Updated", {}, ("", "")),
    ],
)
def test_an_event_of_one_record_points_at_it(
    event_type: str, payload: Any, expected: tuple[str, str]
) -> None:
    assert pointers(event_type, payload) == [Pointer(*expected)]


def test_several_records_are_told_apart_by_their_place() -> None:
    rows = [{"ID": A, "SKU": "X"}, {"ID": A, "SKU": "X"}, {"ID": B, "SKU": "Y"}]
    assert pointers("Stock/AvailableStockLevelChanged", rows) == [
        Pointer(A, "X", ("0",)),
        Pointer(B, "Y", ("2",)),
    ]


@pytest.mark.parametrize("payload", [{}, [], [1], {"SaleTaskID": 7}, {"SaleTaskID": "7", "OrderNumber": " "}])
def test_an_event_that_points_at_nothing_is_unreadable(payload: Any) -> None:
    with pytest.raises(Unreadable):
        pointers("Sale/InvoiceAuthorised", payload)


@pytest.mark.parametrize("payload", [{"CustomerDetailsList": 1}, {"CustomerDetailsList": [{"Customer": []}]}])
def test_a_list_of_another_shape_is_unreadable(payload: Any) -> None:
    with pytest.raises(Unreadable):
        pointers("Customer/Updated", payload)


def test_brackets_within_strings_are_no_nesting() -> None:
    text = json.dumps({"a": '[{"' * 100 + "\\"})
    assert parse(text.encode()) == json.loads(text)


@pytest.mark.parametrize("deeper", [0, 1])
def test_nesting_has_a_limit(deeper: int) -> None:
    depth = DEEPEST + deeper
    body = b"[" * depth + b"]" * depth
    if deeper:
        with pytest.raises(Unreadable, match="nested"):
            parse(body)
    else:
        assert isinstance(parse(body), list)


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 131_000, b'"' * 262_143, b'"\\' * 131_000, b"{[" * 131_000])
def test_no_body_of_the_largest_size_is_slow_to_read(body: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Unreadable):
        parse(body)
    assert time.process_time() - started < 2


def test_other_types_have_no_flow() -> None:
    assert flows_of("Sale/Voided") == ("invoices", "stock")
    assert flows_of("Task/Overdue") == ("none",)
