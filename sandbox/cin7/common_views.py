"""The blocks that Cin7's sale and purchase bodies share. Nulls are present, not omitted."""

from __future__ import annotations

from sandbox.cin7.documents import Line, Order, Payment, StockLine, Totals
from sandbox.cin7.wire import JsonObject, date_text, stamp_text
from sandbox.world import Product

PRODUCT_EXTRAS: JsonObject = {
    "ProductLength": 0,
    "ProductWidth": 0,
    "ProductHeight": 0,
    "ProductWeight": 0,
    "WeightUnits": "kg",
    "DimensionsUnits": "cm",
    **{f"ProductCustomField{number}": None for number in range(1, 11)},
}


def product_keys(product: Product | None) -> JsonObject:
    if product is None:  # an additional charge combined into the lines
        return {"ProductID": None, "SKU": None}
    return {"ProductID": product.id, "SKU": product.sku}


def amounts(totals: Totals) -> JsonObject:
    return {"TotalBeforeTax": totals.before_tax, "Tax": totals.tax, "Total": totals.total}


def split(lines: list[Line], charges: list[Line], combine: bool) -> tuple[list[Line], list[Line]]:
    """With CombineAdditionalCharges the charges move into the lines."""
    return (lines + charges, []) if combine else (lines, charges)


def payment_row(payment: Payment) -> JsonObject:
    """A payment inside a document."""
    return {
        "ID": payment.id,
        "Reference": payment.reference,
        "Amount": payment.amount,
        "DatePaid": date_text(payment.date),
        "Account": payment.account,
        "CurrencyRate": payment.rate,
        "DateCreated": stamp_text(payment.created).replace("Z", "1234Z"),
    }


def stock_row(line: StockLine) -> JsonObject:
    return {
        "ProductID": line.product.id,
        "SKU": line.product.sku,
        "Name": line.product.name,
        "Quantity": line.quantity,
        "Location": line.location,
        "LocationID": line.location_id,
        "BatchSN": line.batch,
        "ExpiryDate": None,
    }


def additional_attributes(order: Order) -> JsonObject:
    return {f"AdditionalAttribute{n}": order.attributes.get(str(n), "") for n in range(1, 11)}


def overlay(body: JsonObject, raw: JsonObject) -> JsonObject:
    """A part of a body with what the admin laid over it, as far as the part has such fields."""
    return {name: raw.get(name, value) for name, value in body.items()}


def payment_status(order: Order) -> str:
    """CombinedPaymentStatus, from what was invoiced, credited and paid."""
    if order.voided:
        return "VOIDED"
    due = order.invoiced - order.credited
    if due < 0 and order.live_credit_notes and order.paid > due:
        return "NOT REFUNDED"
    if order.live_invoices and order.paid >= due:
        return "PAID"
    return "PARTIALLY PAID" if order.paid > 0 else "UNPAID"


def invoice_status(order: Order) -> str:
    """CombinedInvoiceStatus in the vocabulary seen in the field."""
    if order.voided:
        return "VOIDED"
    if order.type == "Credit Note":
        return "INVOICED / CREDITED"  # as the API portal's samples show stand-alone ones
    if not order.live_invoices:
        waiting = order.type == "Service" or order.order.status == "AUTHORISED"
        return "NOT INVOICED" if waiting else "NOT AVAILABLE"
    text = "INVOICED" if order.wholly_invoiced else "PARTIALLY INVOICED"
    return f"{text} / CREDITED" if order.live_credit_notes else text
