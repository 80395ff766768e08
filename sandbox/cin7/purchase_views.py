"""Purchases as Cin7 sends them: arrays on `/advanced-purchase`, objects on the deprecated `/purchase`."""

from __future__ import annotations

from sandbox.cin7.common_views import (
    PRODUCT_EXTRAS,
    additional_attributes,
    amounts,
    invoice_status,
    payment_row,
    payment_status,
    product_keys,
    split,
    stock_row,
)
from sandbox.cin7.documents import Document, Line, Payment, Purchase, Receipt, Totals
from sandbox.cin7.sale_views import credit_note_status
from sandbox.cin7.tenant import balance
from sandbox.cin7.wire import JsonObject, date_text, stamp_text
from sandbox.world import BASE_CURRENCY


def purchase_status(purchase: Purchase) -> str:
    """The overall Status, composite with a slash where credit notes and receipts meet (seen in the field)."""
    if purchase.voided:
        return "VOIDED"
    if purchase.type == "Credit Note":
        return "CREDITED" if purchase.live_credit_notes else "ORDERED"
    received = any(receipt.status == "AUTHORISED" for receipt in purchase.receipts)
    if purchase.live_invoices:
        if balance(purchase) == 0 and (received or purchase.type == "Service"):
            return "COMPLETED"
        if purchase.live_credit_notes:
            return "RECEIVED / CREDITED" if received else "CREDITED"
        return "INVOICED" if purchase.wholly_invoiced else "PARTIALLY INVOICED"
    if received:
        return "RECEIVED"
    return {"AUTHORISED": "ORDERED", "DRAFT": "ORDERING"}.get(purchase.order.status, "DRAFT")


def receiving_status(purchase: Purchase) -> str:
    if purchase.voided:
        return "VOIDED"
    if any(receipt.status == "AUTHORISED" for receipt in purchase.receipts):
        ordered = sum(line.quantity for line in purchase.order.lines)
        received = sum(line.quantity for one in purchase.receipts for line in one.lines)
        return "FULLY RECEIVED" if received >= ordered else "PARTIALLY RECEIVED"
    if purchase.type == "Credit Note":
        return "NOT AVAILABLE"
    return "NOT RECEIVED" if purchase.order.status == "AUTHORISED" else "NOT AVAILABLE"


def list_row(purchase: Purchase, *, credit_notes: bool = False) -> JsonObject:
    """A row of purchaseList, or (`credit_notes`) of purchaseCreditNoteList, whose stamp has no `Z`."""
    invoice = next((one for one in purchase.invoices if one.status != "VOIDED"), None)
    note = next((one for one in purchase.credit_notes if one.status != "VOIDED"), None)
    updated = stamp_text(purchase.updated)
    return {
        "ID": purchase.id,
        "BlindReceipt": purchase.blind_receipt,
        "OrderNumber": purchase.number,
        "Status": purchase_status(purchase),
        "OrderDate": date_text(purchase.date),
        "InvoiceDate": date_text(invoice.date) if invoice else None,
        "Supplier": purchase.party,
        "SupplierID": purchase.party_id,
        "InvoiceNumber": invoice.number if invoice else None,
        "InvoiceAmount": purchase.invoiced - purchase.credited,
        "PaidAmount": purchase.paid,
        "InvoiceDueDate": date_text(invoice.due_date) if invoice else None,
        "RequiredBy": date_text(purchase.needed_by),
        "BaseCurrency": BASE_CURRENCY,
        "SupplierCurrency": purchase.currency,
        "CreditNoteNumber": note.number if note else None,
        "OrderStatus": purchase.order.status,
        "StockReceivedStatus": purchase.receipts[-1].status if purchase.receipts else "NOT AVAILABLE",
        "UnstockStatus": "AUTHORISED" if note and note.stock else "NOT AVAILABLE",
        "InvoiceStatus": last_invoice_status(purchase),
        "CreditNoteStatus": credit_note_status(purchase),
        "LastUpdatedDate": updated.rstrip("Z") if credit_notes else updated,
        "Type": purchase.shown_type,
        "CombinedInvoiceStatus": invoice_status(purchase),
        "CombinedPaymentStatus": payment_status(purchase),
        "CombinedReceivingStatus": receiving_status(purchase),
        "IsServiceOnly": purchase.type == "Service",
        "DropShipTaskID": None,
    }


def last_invoice_status(purchase: Purchase) -> str:
    return purchase.invoices[-1].status if purchase.invoices else "NOT AVAILABLE"


def advanced_body(purchase: Purchase, combine: bool) -> JsonObject:
    """`GET /advanced-purchase`: a part that does not exist yet shows one placeholder."""
    received = purchase.receipts if purchase.type == "Advanced" else []
    invoices = [invoice_element(purchase, invoice, combine) for invoice in purchase.invoices]
    notes = [credit_note_element(note, combine) for note in purchase.credit_notes]
    body = {
        **_header(purchase),
        "Type": purchase.shown_type,
        "CombinedInvoiceStatus": invoice_status(purchase),
        "CombinedReceivingStatus": receiving_status(purchase),
        "CombinedPaymentStatus": payment_status(purchase),
        "IsServiceOnly": purchase.type == "Service",
        "Order": order_part(purchase, combine),
        "StockReceived": [receipt_element(one, located=False) for one in received] or [_no_receipt(purchase)],
        "PutAway": [receipt_element(one, located=True) for one in purchase.receipts]
        or [_no_receipt(purchase)],
        "Invoice": invoices or [_no_invoice(purchase)],
        "CreditNote": notes or [_no_credit_note(purchase)],
        "ManualJournals": [_no_receipt(purchase)],
    }
    return {**body, **purchase.raw}


def simple_body(purchase: Purchase, combine: bool, spelling: str) -> JsonObject:
    """`GET /purchase`: objects, no TaskID, `spelling` of the invoice number."""
    receipt = purchase.receipts[-1] if purchase.receipts else None
    return {
        **_header(purchase),
        "Order": order_part(purchase, combine),
        "StockReceived": {
            "Status": receipt.status if receipt else "NOT AVAILABLE",
            "Lines": receipt_element(receipt, located=True)["Lines"] if receipt else [],
        },
        "Invoice": simple_invoice(purchase, combine, spelling),
        "CreditNote": simple_credit_note(purchase, combine),
        "ManualJournals": {"Status": "NOT AVAILABLE", "Lines": []},
    }


def simple_invoice(purchase: Purchase, combine: bool, spelling: str) -> JsonObject:
    invoices = purchase.invoices
    element = invoice_element(purchase, invoices[-1], combine) if invoices else _no_invoice(purchase)
    del element["TaskID"], element["InvoicingAndReceivingNumber"]
    return {spelling if name == "InvoiceNumber" else name: value for name, value in element.items()}


def simple_credit_note(purchase: Purchase, combine: bool) -> JsonObject:
    notes = purchase.credit_notes
    element = credit_note_element(notes[-1], combine) if notes else _no_credit_note(purchase)
    del element["TaskID"]
    unstock = element["Unstock"]
    return {**element, "Unstock": {"Status": "AUTHORISED" if unstock else "NOT AVAILABLE", "Lines": unstock}}


def order_part(purchase: Purchase, combine: bool) -> JsonObject:
    lines, charges = split(purchase.order.lines, purchase.order.charges, combine)
    return {
        "Memo": purchase.order.memo,
        "Status": purchase.order.status,
        "Lines": [
            {**_line(line, account=False), "SupplierSKU": line.supplier_sku, **PRODUCT_EXTRAS}
            for line in lines
        ],
        "AdditionalCharges": [_charge(line, account=False) for line in charges],
        "Prepayments": [],
        **amounts(purchase.order.totals),
    }


def order_body(purchase: Purchase, combine: bool) -> JsonObject:
    """`GET /purchase/order`."""
    part = order_part(purchase, combine)
    return {"TaskID": purchase.id, "CombineAdditionalCharges": combine, **part}


def invoices_body(purchase: Purchase, combine: bool) -> JsonObject:
    """`GET /advanced-purchase/invoice`: no payments."""
    elements = []
    for invoice in purchase.invoices:
        element = invoice_element(purchase, invoice, combine)
        del element["Payments"], element["Paid"]
        element["CombineAdditionalCharges"] = combine
        element["InvoiceTotalAmount"] = invoice.totals.total
        element["InvoiceTotalTaxAmount"] = invoice.totals.tax
        elements.append(element)
    return {"PurchaseID": purchase.id, "Invoices": elements}


def credit_notes_body(purchase: Purchase, combine: bool) -> JsonObject:
    """`GET /advanced-purchase/creditnote`."""
    notes = [
        {**credit_note_element(note, combine), "CombineAdditionalCharges": combine}
        for note in purchase.credit_notes
    ]
    return {"PurchaseID": purchase.id, "CreditNotes": notes}


def receiving_body(purchase: Purchase) -> JsonObject:
    """`GET /advanced-purchase/stock`."""
    return {
        "PurchaseID": purchase.id,
        "StockReceiving": [receipt_element(receipt, located=False) for receipt in purchase.receipts],
    }


def payment_body(purchase: Purchase, document: Document, payment: Payment) -> JsonObject:
    """An element of `GET /advanced-purchase/payment`."""
    row = payment_row(payment)
    return {
        "PurchaseID": purchase.id,
        "TaskID": document.task_id,
        "ID": row.pop("ID"),
        "Type": payment.type,
        **row,
        "DepositID": None,
    }


def receipt_element(receipt: Receipt, *, located: bool) -> JsonObject:
    """A receiving task; without put-away its lines have no location (seen in the field)."""
    nowhere = {} if located else {"Location": None, "LocationID": None}
    return {
        "TaskID": receipt.task_id,
        "InvoicingAndReceivingNumber": receipt.group,
        "Status": receipt.status,
        "Lines": [
            {
                "Date": date_text(line.date),
                **stock_row(line),
                **nowhere,
                "Received": receipt.status == "AUTHORISED",
                "SupplierSKU": "",
                "CardID": line.card_id,
                **PRODUCT_EXTRAS,
            }
            for line in receipt.lines
        ],
    }


def invoice_element(purchase: Purchase, invoice: Document, combine: bool) -> JsonObject:
    """An element of `Invoice[]`; service purchases have everything in the charges."""
    body = {
        "TaskID": invoice.task_id,
        "InvoicingAndReceivingNumber": invoice.group,
        "InvoiceDate": date_text(invoice.date),
        "InvoiceDueDate": date_text(invoice.due_date),
        "InvoiceNumber": invoice.number,
        "Status": invoice.status,
        "CurrencyRate": invoice.rate,
        **_document_rows(invoice, combine),
        "Payments": [payment_row(payment) for payment in invoice.payments],
        **amounts(invoice.totals),
        "Paid": invoice.paid,
    }
    return {**body, **invoice.raw}


def credit_note_element(note: Document, combine: bool) -> JsonObject:
    body = {
        "TaskID": note.task_id,
        "CreditNoteInvoiceNumber": note.invoice_number or None,
        "CreditNoteNumber": note.number,
        "CreditNoteDate": date_text(note.date),
        "Status": note.status,
        **_document_rows(note, combine),
        "Refunds": [payment_row(payment) for payment in note.payments],
        "Unstock": [
            {"CardID": line.card_id, "Date": date_text(line.date), **stock_row(line), **PRODUCT_EXTRAS}
            for line in note.stock
        ],
        **amounts(note.totals),
    }
    return {**body, **note.raw}


def _document_rows(document: Document, combine: bool) -> JsonObject:
    lines, charges = split(document.lines, document.charges, combine)
    stocked = {"NonInventory": False}
    return {
        "Lines": [{**_line(line, account=True), **stocked, **PRODUCT_EXTRAS} for line in lines],
        "AdditionalCharges": [_charge(line, account=True) for line in charges],
    }


def _line(line: Line, *, account: bool) -> JsonObject:
    return {
        **product_keys(line.product),
        "Name": line.description,
        "Quantity": line.quantity,
        "Price": line.price,
        "Discount": line.discount,
        "Tax": line.tax,
        "TaxRule": line.tax_rule,
        **({"Account": line.account} if account else {}),
        "Comment": line.comment,
        "Total": line.total,
    }


def _charge(line: Line, *, account: bool) -> JsonObject:
    return {
        "Description": line.description,
        "Reference": line.reference,
        "Quantity": line.quantity,
        "Price": line.price,
        "Discount": line.discount,
        "Tax": line.tax,
        "TaxRule": line.tax_rule,
        **({"Account": line.account} if account else {}),
        "Total": line.total,
    }


def _header(purchase: Purchase) -> JsonObject:
    return {
        "ID": purchase.id,
        "SupplierID": purchase.party_id,
        "Supplier": purchase.party,
        "Contact": purchase.contact,
        "Phone": purchase.phone,
        "InventoryAccount": purchase.account,
        "BlindReceipt": purchase.blind_receipt,
        "Approach": purchase.approach,
        "BillingAddress": purchase.billing,
        "ShippingAddress": {**purchase.shipping, "ShipToOther": False, "Company": None},
        "BaseCurrency": BASE_CURRENCY,
        "SupplierCurrency": purchase.currency,
        "TaxRule": purchase.tax_rule,
        "TaxCalculation": "Inclusive" if purchase.inclusive else "Exclusive",
        "Terms": purchase.terms,
        "RequiredBy": date_text(purchase.needed_by),
        "Location": purchase.location,
        "Note": purchase.note,
        "OrderNumber": purchase.number,
        "OrderDate": date_text(purchase.date),
        "Status": purchase_status(purchase),
        "RelatedDropShipSaleTask": None,
        "CurrencyRate": purchase.rate,
        "LastUpdatedDate": stamp_text(purchase.updated),
        "AdditionalAttributes": additional_attributes(purchase),
        "Attachments": [],
        "InventoryMovements": [],
    }


def _no_receipt(purchase: Purchase) -> JsonObject:
    return {
        "TaskID": purchase.id,
        "InvoicingAndReceivingNumber": 1,
        "Status": "NOT AVAILABLE",
        "Lines": [],
    }


def _no_invoice(purchase: Purchase) -> JsonObject:
    return {
        "TaskID": purchase.id,
        "InvoicingAndReceivingNumber": 1,
        "InvoiceDate": None,
        "InvoiceDueDate": None,
        "InvoiceNumber": None,
        "Status": "NOT AVAILABLE",
        "CurrencyRate": purchase.rate,
        "Lines": [],
        "AdditionalCharges": [],
        "Payments": [],
        **amounts(Totals()),
        "Paid": 0,
    }


def _no_credit_note(purchase: Purchase) -> JsonObject:
    return {
        "TaskID": purchase.id,
        "CreditNoteInvoiceNumber": None,
        "CreditNoteNumber": None,
        "CreditNoteDate": None,
        "Status": "NOT AVAILABLE",
        "Lines": [],
        "AdditionalCharges": [],
        "Refunds": [],
        "Unstock": [],
        **amounts(Totals()),
    }
