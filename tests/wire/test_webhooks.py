from typing import Any

import pytest
from cin7_nav.wire.fields import WireError
from cin7_nav.wire.webhooks import Entity, Pointer, pointers

UPPER = "A1000000-0000-4000-8000-00000000000A"
ID = UPPER.lower()


@pytest.mark.parametrize(
    ("event_type", "payload", "pointer"),
    [
        (
            "Sale/InvoiceAuthorised",
            {"SaleTaskID": UPPER, "OrderNumber": "SO-1", "EventType": "Sale/InvoiceAuthorised"},
            Pointer(Entity.SALE, ID, "SO-1"),
        ),
        (
            "Sale/CreditNoteAuthorised",
            {"SaleID": UPPER, "TaskID": "x", "SaleOrderNumber": "SO-2"},
            Pointer(Entity.SALE, ID, "SO-2"),
        ),
        ("Sale/FullPaymentReceived", {"SaleID": UPPER}, Pointer(Entity.SALE, ID)),
        (
            "Purchase/InvoiceAuthorised",
            {"TaskID": UPPER, "PurchaseOrderNumber": "PO-1", "SupplierName": None},
            Pointer(Entity.PURCHASE, ID, "PO-1"),
        ),
        (
            "Purchase/Updated",
            {"CustomerDetailsList": [{"ID": UPPER, "OrderNumber": "PO-2"}]},
            Pointer(Entity.PURCHASE, ID, "PO-2"),
        ),
        (
            "Customer/Updated",
            {"CustomerDetailsList": [{"Customer": {"ID": UPPER}, "Addresses": []}]},
            Pointer(Entity.CUSTOMER, ID),
        ),
        (
            "Supplier/Updated",
            {"SupplierDetailsList": [{"Supplier": {"ID": UPPER}}]},
            Pointer(Entity.SUPPLIER, ID),
        ),
        (
            "Product/Updated",
            {"ProductDetailsList": [{"Event": "Creation", "ID": UPPER}]},
            Pointer(Entity.PRODUCT, ID),
        ),
    ],
)
def test_each_type_points_at_its_record(event_type: str, payload: Any, pointer: Pointer) -> None:
    assert pointers(event_type, payload) == (pointer,)


def test_a_type_that_concerns_nothing_we_read_points_nowhere() -> None:
    assert pointers("Stock/AvailableStockLevelChanged", [{"ID": UPPER}]) == ()
    assert pointers("Opportunity/Authorized", {}) == ()


@pytest.mark.parametrize("payload", [{}, [], None, {"SaleID": None}])
def test_a_payload_without_an_id_is_refused(payload: Any) -> None:
    with pytest.raises(WireError, match="Sale/Undo"):
        pointers("Sale/Undo", payload)


def test_a_purchase_may_be_found_by_its_number_alone() -> None:
    assert pointers("Purchase/InvoiceAuthorised", {"PurchaseOrderNumber": "PO-1"}) == (
        Pointer(Entity.PURCHASE, "", "PO-1"),
    )
