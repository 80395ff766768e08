"""Webhook types and payloads, each in the shape of its own type; dates in the tenant's format."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.cin7.documents import Document, Order, Payment, Purchase, Sale
from sandbox.cin7.levels import LEVEL_CHANGED
from sandbox.cin7.settings import Cin7Settings
from sandbox.world import CIN7_ACCOUNT_ID

SALE_TYPES = {
    "Sale/Created": "Sale has been created",
    "Sale/QuoteAuthorised": "Sale quote has been authorised",
    "Sale/OrderAuthorised": "Sale order has been authorised",
    "Sale/ShipmentAuthorised": "Sale shipment has been authorised",
    "Sale/InvoiceAuthorised": "Sale invoice has been authorised",
    "Sale/CreditNoteAuthorised": "Sale credit note has been authorised",
    "Sale/PartialPaymentReceived": "Sale partial payment has been received",
    "Sale/FullPaymentReceived": "Sale full payment has been received",
    "Sale/Undo": "Sale has been undone",
    "Sale/Voided": "Sale has been voided",
}
PURCHASE_TYPES = {
    "Purchase/OrderAuthorised": "Purchase order has been authorised",
    "Purchase/InvoiceAuthorised": "Purchase invoice has been authorised",
    "Purchase/StockReceivedAuthorised": "Purchase stock received has been authorised",
    "Purchase/CreditNoteAuthorised": "Purchase credit note has been authorised",
    "Purchase/Updated": "Purchase has been updated",
}
PARTY_TYPES = {
    "Customer/Updated": "Customer has been updated",
    "Supplier/Updated": "Supplier has been updated",
}
OTHER_TYPES = (
    "Sale/Backordered", "Sale/PickAuthorised", "Sale/PackAuthorised",
    "Sale/AttachmentAdded", "Sale/AdditionalAttributesChanged", "Sale/ShipmentTrackingNumberChanged",
    "Product/Updated", "Lead/Updated", "Lead/Converted",
    "Opportunity/Authorized", "Opportunity/AttachmentAdded", "Opportunity/Voided", "Opportunity/Converted",
    "Task/Overdue",
)  # fmt: skip
"""Types that can be subscribed to and never fire here."""
FRIENDLY_NAMES = (
    SALE_TYPES
    | PURCHASE_TYPES
    | PARTY_TYPES
    | {LEVEL_CHANGED: "Available stock level has changed"}
    | {name: name for name in OTHER_TYPES}
)


def payload(
    event: str,
    record: Order | dict[str, Any],
    document: Document | None,
    payment: Payment | None,
    settings: Cin7Settings,
    header: Callable[[Purchase], object],
) -> object:
    """The body that Cin7 posts for `event`; `header` renders a purchase for `Purchase/Updated`."""
    if event == LEVEL_CHANGED and isinstance(record, dict):
        return record["rows"]  # a bare array, without the event's type
    if isinstance(record, Sale):
        body = _sale(event, record, document, payment)
    elif isinstance(record, Purchase):
        body = _purchase(event, record, document, settings, header)
    elif isinstance(record, dict):
        body = _party(event, record)
    else:
        raise TypeError(f"no payload for {type(record).__name__}")
    return {**body, "EventType": event}


def _sale(event: str, sale: Sale, document: Document | None, payment: Payment | None) -> dict[str, Any]:
    ids = {"SaleID": sale.id, "SaleOrderNumber": sale.number}
    contact = {"CustomerContactName": sale.contact, "CustomerContactEmail": sale.email}
    customer = {"CustomerName": sale.party, **contact}
    match event:
        case "Sale/Created":
            return {
                **ids,
                **customer,
                "SaleRepEmail": None,
                "SaleOrderDate": sale.date.isoformat(),
                "TaskTypeSign": "0",
                "IsServiceOnly": str(int(sale.type == "Service")),
                "DownloadLink": None,
            }
        case "Sale/QuoteAuthorised" | "Sale/OrderAuthorised":
            return ids
        case "Sale/Undo":
            return {**ids, **contact}
        case "Sale/InvoiceAuthorised":
            return {
                "SaleTaskID": sale.id,
                "TenantID": CIN7_ACCOUNT_ID,
                "OrderNumber": sale.number,
                "InvoiceNumber": document.number if document else None,
                **customer,
            }
        case "Sale/ShipmentAuthorised":
            return {
                "SaleTaskID": sale.id,
                "TenantID": CIN7_ACCOUNT_ID,
                "OrderNumber": sale.number,
                **customer,
            }
        case "Sale/CreditNoteAuthorised":
            task = {"TaskID": document.task_id if document else None}
            number = f"{document.number} " if document else None  # with Cin7's trailing space
            return {**ids, "CreditNoteNumber": number, **task, **customer}
        case "Sale/PartialPaymentReceived" | "Sale/FullPaymentReceived":
            return {
                "SaleID": sale.id,
                "DocumentNumber": document.number if document else None,
                "DocumentType": "invoice",
                "DocumentDate": f"{document.date:%d/%m/%Y}" if document else None,
                **customer,
                **({"AmountPercent": _percent(document)} if event == "Sale/PartialPaymentReceived" else {}),
            }
        case _:
            return {**ids, **customer}


def _percent(document: Document | None) -> str:
    if document is None or not document.totals.total:
        return "0.00"
    return f"{Decimal(100) * document.paid / document.totals.total:.2f}"


def _purchase(
    event: str,
    purchase: Purchase,
    document: Document | None,
    settings: Cin7Settings,
    header: Callable[[Purchase], object],
) -> dict[str, Any]:
    if event == "Purchase/Updated":
        return {"NumberOfPurchase": 1, "CustomerDetailsList": [header(purchase)]}
    supplier = {
        "SupplierName": purchase.party,
        "SupplierContactName": purchase.contact,
        "SupplierContactEmail": purchase.email,
    }
    if document is None:
        return {"TaskID": purchase.id, "PurchaseOrderNumber": purchase.number, **supplier}
    by_document = settings.webhook_purchase_task_id == "document"
    number = "CreditNoteNumber" if document.kind == "credit_note" else "InvoiceNumber"
    return {
        "TaskID": document.task_id if by_document else purchase.id,
        "PurchaseOrderNumber": purchase.number,
        number: document.number,
        **dict.fromkeys(supplier),
    }


def _party(event: str, record: dict[str, Any]) -> dict[str, Any]:
    """Flat record beside its addresses and contacts; the stamp has no `Z`."""
    kind = event.partition("/")[0]
    nested = ("Addresses", "Contacts", "ProductPrices", "ChildCustomers")
    flat = {name: value for name, value in record.items() if name not in nested}
    flat["LastModifiedOn"] = str(flat["LastModifiedOn"]).rstrip("Z")
    details = {kind: flat, "Addresses": record["Addresses"], "Contacts": record["Contacts"]}
    return {f"NumberOf{kind}s": 1, f"{kind}DetailsList": [details]}
