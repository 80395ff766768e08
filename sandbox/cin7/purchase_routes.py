"""`/advanced-purchase` (every type of purchase) and the deprecated `/purchase` (simple ones only)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sandbox.cin7 import purchase_views, stock
from sandbox.cin7.bodies import (
    new_order,
    read_header,
    read_lines,
    read_part,
    read_payment,
    read_status,
    read_stock,
    refuse_empty,
    required,
)
from sandbox.cin7.documents import ZERO_ID, Document, Purchase, Receipt
from sandbox.cin7.http import Request, Routes
from sandbox.cin7.sale_routes import find_credited
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal, parse_bool, parse_date

_COMBINE = "CombineAdditionalCharges"
_DEPRECATED = (
    "This endpoint is deprecated and does not support Advanced Purchase and Service Purchase. "
    "Please use AdvancedPurchase endpoint"
)


def get_purchase(tenant: Tenant, request: Request) -> object:
    purchase = tenant.purchase(request.required("ID"))
    return purchase_views.advanced_body(purchase, request.flag(_COMBINE))


def post_purchase(tenant: Tenant, request: Request) -> object:
    purchase = new_order(tenant, request.body, sale=False)
    assert isinstance(purchase, Purchase)
    approach = str(request.body["Approach"]).upper()
    if approach not in ("INVOICE", "STOCK"):
        raise Refusal("'Approach' is invalid. Possible values: INVOICE, STOCK")
    purchase.approach = "STOCK" if approach == "STOCK" and purchase.type != "Service" else "INVOICE"
    purchase.blind_receipt = parse_bool(request.body.get("BlindReceipt"))
    purchase.needed_by = parse_date(request.body.get("RequiredBy"), "RequiredBy")
    add_purchase(tenant, purchase)
    return purchase_views.advanced_body(purchase, combine=False)


def add_purchase(tenant: Tenant, purchase: Purchase) -> None:
    tenant.state.purchases[purchase.id] = purchase
    tenant.emit("Purchase/Updated", purchase)


def put_purchase(tenant: Tenant, request: Request) -> object:
    required(request.body, "ID")
    purchase = tenant.purchase(str(request.body["ID"]))
    _refuse_voided(purchase)
    read_header(tenant, purchase, request.body)
    purchase.needed_by = parse_date(request.body.get("RequiredBy"), "RequiredBy") or purchase.needed_by
    tenant.touch(purchase)
    tenant.emit("Purchase/Updated", purchase)
    return purchase_views.advanced_body(purchase, combine=False)


def delete_purchase(tenant: Tenant, request: Request) -> object:
    purchase = tenant.purchase(request.required("ID"))
    _refuse_voided(purchase)
    if request.flag("Void"):
        tenant.void_order(purchase)
    else:
        tenant.undo_order(purchase)
    return purchase_views.advanced_body(purchase, combine=False)


def get_order(tenant: Tenant, request: Request) -> object:
    return purchase_views.order_body(tenant.purchase(request.required("TaskID")), request.flag(_COMBINE))


def post_order(tenant: Tenant, request: Request) -> object:
    """Serves advanced and service purchases as well."""
    required(request.body, "TaskID")
    purchase = tenant.purchase(str(request.body["TaskID"]))
    _refuse_voided(purchase)
    read_part(tenant, purchase, purchase.order, request.body)
    tenant.touch(purchase)
    if purchase.order.status == "AUTHORISED":
        tenant.emit("Purchase/OrderAuthorised", purchase)
    return purchase_views.order_body(purchase, parse_bool(request.body.get(_COMBINE)))


def get_invoices(tenant: Tenant, request: Request) -> object:
    purchase = tenant.purchase(request.required("PurchaseID"))
    return purchase_views.invoices_body(purchase, request.flag(_COMBINE))


def post_invoice(tenant: Tenant, request: Request) -> object:
    """TaskID of zeros, or of a receiving group without invoice, makes a new invoice."""
    body = request.body
    required(body, "PurchaseID", "Status", "InvoiceDate", "InvoiceNumber")
    purchase = tenant.purchase(str(body["PurchaseID"]))
    write_invoice(tenant, purchase, body)
    return purchase_views.invoices_body(purchase, parse_bool(body.get(_COMBINE)))


def write_invoice(
    tenant: Tenant, purchase: Purchase, body: JsonObject, rate: Decimal | None = None
) -> Document:
    """Make a new invoice or overwrite a draft; authorise it when the body says so.

    `rate` is what people set in the user interface; the API has no field for it.
    """
    _refuse_voided(purchase)
    if purchase.order.status != "AUTHORISED" and not purchase.blind_receipt:
        raise Refusal("Order should be authorised before the invoice")
    if purchase.approach == "STOCK" and not any(one.status == "AUTHORISED" for one in purchase.receipts):
        raise Refusal("'Stock First' approach option set. Please authorise StockReceived before Invoice")
    lines, charges = read_lines(tenant, purchase, body, accounts=True)
    status = read_status(body)
    refuse_empty(status, lines + charges)
    invoice = _invoice_to_write(tenant, purchase, str(body.get("TaskID") or ZERO_ID).lower())
    invoice.lines, invoice.charges = lines, charges
    invoice.number = str(body["InvoiceNumber"])
    invoice.rate = invoice.rate if rate is None else rate
    invoice.date = parse_date(body["InvoiceDate"], "InvoiceDate") or invoice.date
    invoice.due_date = parse_date(body.get("InvoiceDueDate"), "InvoiceDueDate") or invoice.due_date
    tenant.compute(purchase, invoice)
    tenant.touch(purchase)
    if status == "AUTHORISED":
        tenant.authorise(purchase, invoice)
    return invoice


def _invoice_to_write(tenant: Tenant, purchase: Purchase, task_id: str) -> Document:
    for invoice in purchase.invoices:
        if invoice.task_id == task_id:
            if invoice.status != "DRAFT":
                raise Refusal(f"Document with status {invoice.status} cannot be modified")
            return invoice
    receipt = next((one for one in purchase.receipts if one.task_id == task_id), None)
    if task_id not in (ZERO_ID, purchase.id) and receipt is None:
        raise Refusal("Task with specified ID not found")
    if purchase.type != "Advanced" and purchase.invoices:
        raise Refusal("Purchase already has an invoice")
    group = receipt.group if receipt else next_group(purchase)
    own_task = receipt.task_id if receipt else tenant.new_id("purchase group")
    today = tenant.clock.today()
    invoice = Document(
        task_id=own_task if purchase.type == "Advanced" else purchase.id,
        kind="invoice",
        number="",
        group=group,
        date=today,
        due_date=today + dt.timedelta(days=30),
        rate=purchase.rate,
    )
    tenant.add_document(purchase, invoice)
    return invoice


def delete_invoice(tenant: Tenant, request: Request) -> object:
    """Undo or void; not for simple purchases (Cin7's API portal)."""
    purchase, invoice = _document(tenant, request.required("TaskID"), "invoice")
    if purchase.type == "Simple":
        raise Refusal("Invoice of a Simple Purchase cannot be deleted")
    _withdraw(tenant, purchase, invoice, request.flag("Void"))
    return purchase_views.invoices_body(purchase, combine=False)


def get_receipts(tenant: Tenant, request: Request) -> object:
    return purchase_views.receiving_body(tenant.purchase(request.required("PurchaseID")))


def post_receipt(tenant: Tenant, request: Request) -> object:
    """Only adds lines; no TaskID starts a new group; turns a simple purchase into an advanced one."""
    return _write_receipt(tenant, request, overwrite=False)


def put_receipt(tenant: Tenant, request: Request) -> object:
    return _write_receipt(tenant, request, overwrite=True)


def delete_receipt(tenant: Tenant, request: Request) -> object:
    """Answers 200 and removes nothing (seen in the field)."""
    task_id = request.required("TaskID").lower()
    for purchase in tenant.state.purchases.values():
        if any(receipt.task_id == task_id for receipt in purchase.receipts):
            return purchase_views.receiving_body(purchase)
    raise Refusal("Task with specified ID not found")


def _write_receipt(tenant: Tenant, request: Request, *, overwrite: bool) -> object:
    body = request.body
    required(body, "PurchaseID", "Status")
    purchase = tenant.purchase(str(body["PurchaseID"]))
    _refuse_voided(purchase)
    if purchase.order.status != "AUTHORISED":
        raise Refusal("Order should be authorised before StockReceived")
    if purchase.approach == "INVOICE" and not purchase.live_invoices:
        raise Refusal("'Invoice First' approach option set. Please authorise Invoice before StockReceived")
    lines = read_stock(tenant, body, "Lines")
    status = read_status(body)
    receipt = _receipt_to_write(tenant, purchase, str(body.get("TaskID") or ZERO_ID).lower())
    present = [] if overwrite else receipt.lines
    for line in lines:
        if any(line.product.id == one.product.id and line.location == one.location for one in present):
            raise Refusal(
                "Cannot add duplicate value in stock received lines. "
                f"(Product:{line.product.sku}, Location:{line.location})"
            )
    purchase.type = "Advanced" if purchase.type == "Simple" else purchase.type
    receipt.lines = present + lines
    receipt.status = status
    tenant.touch(purchase)
    if status == "AUTHORISED":
        stock.receive(tenant, purchase, receipt)
    return purchase_views.receiving_body(purchase)


def _receipt_to_write(tenant: Tenant, purchase: Purchase, task_id: str) -> Receipt:
    for receipt in purchase.receipts:
        if receipt.task_id == task_id:
            if receipt.status == "AUTHORISED":
                raise Refusal("StockReceived with status AUTHORISED cannot be modified")
            return receipt
    invoice = next((one for one in purchase.invoices if one.task_id == task_id), None)
    if task_id != ZERO_ID and invoice is None:
        raise Refusal("Task with specified ID not found")
    group = invoice.group if invoice else next_group(purchase)
    receipt = Receipt(invoice.task_id if invoice else tenant.new_id("purchase group"), group)
    purchase.receipts.append(receipt)
    return receipt


def get_credit_notes(tenant: Tenant, request: Request) -> object:
    purchase = tenant.purchase(request.required("PurchaseID"))
    return purchase_views.credit_notes_body(purchase, request.flag(_COMBINE))


def post_credit_note(tenant: Tenant, request: Request) -> object:
    body = request.body
    required(body, "PurchaseID", "CreditNoteNumber", "CreditNoteInvoiceNumber")
    purchase = tenant.purchase(str(body["PurchaseID"]))
    _refuse_voided(purchase)
    credited = find_credited(purchase, str(body["CreditNoteInvoiceNumber"]))
    lines, charges = read_lines(tenant, purchase, body, accounts=True)
    status = read_status(body)
    refuse_empty(status, lines + charges)
    stock = read_stock(tenant, body, "Unstock", tenant.clock.today())
    note = _credit_note_to_write(tenant, purchase, str(body.get("TaskID") or ZERO_ID).lower(), credited.rate)
    note.lines, note.charges, note.stock = lines, charges, stock
    note.number, note.invoice_number = str(body["CreditNoteNumber"]), credited.number
    note.date = parse_date(body.get("CreditNoteDate"), "CreditNoteDate") or note.date
    tenant.compute(purchase, note)
    tenant.touch(purchase)
    if status == "AUTHORISED":
        tenant.authorise(purchase, note)
    return purchase_views.credit_notes_body(purchase, parse_bool(body.get(_COMBINE)))


def _credit_note_to_write(tenant: Tenant, purchase: Purchase, task_id: str, rate: Decimal) -> Document:
    if task_id != ZERO_ID:
        owner, note = _document(tenant, task_id, "credit_note")
        if owner is not purchase or note.status != "DRAFT":
            raise Refusal(f"Document with status {note.status} cannot be modified")
        return note
    note = Document(
        task_id=tenant.new_id("purchase credit note"),
        kind="credit_note",
        number="",
        group=len(purchase.credit_notes) + 1,
        date=tenant.clock.today(),
        due_date=None,
        rate=rate,
    )
    tenant.add_document(purchase, note)
    return note


def delete_credit_note(tenant: Tenant, request: Request) -> object:
    purchase, note = _document(tenant, request.required("TaskID"), "credit_note")
    _withdraw(tenant, purchase, note, request.flag("Void"))
    return purchase_views.credit_notes_body(purchase, combine=False)


def get_payments(tenant: Tenant, request: Request) -> object:
    """By PurchaseID, OrderNumber, InvoiceNumber or CreditNoteNumber, any of them."""
    names = ("PurchaseID", "OrderNumber", "InvoiceNumber", "CreditNoteNumber")
    identifier, order_number, invoice_number, note_number = (request.text(name) for name in names)
    if not any((identifier, order_number, invoice_number, note_number)):
        raise Refusal("Required parameter PurchaseID is not provided.")
    found = [tenant.purchase(identifier)] if identifier else list(tenant.state.purchases.values())
    return [
        purchase_views.payment_body(purchase, document, payment)
        for purchase in found
        if order_number in ("", purchase.number)
        for document in purchase.documents
        if not invoice_number or (document.kind, document.number) == ("invoice", invoice_number)
        if not note_number or (document.kind, document.number) == ("credit_note", note_number)
        for payment in document.payments
    ]


def post_payment(tenant: Tenant, request: Request) -> object:
    required(request.body, "TaskID")
    purchase, document = _document(tenant, str(request.body["TaskID"]), None)
    payment = read_payment(tenant, document, request.body)
    tenant.pay(purchase, document, payment)
    return purchase_views.payment_body(purchase, document, payment)


def delete_payment(tenant: Tenant, request: Request) -> object:
    tenant.remove_payment(request.required("ID"), sale=False)
    return {"Success": True}


def get_simple(tenant: Tenant, request: Request) -> object:
    purchase = _simple(tenant, request.required("ID"))
    spelling = tenant.settings.invoice_number_spelling
    return purchase_views.simple_body(purchase, request.flag(_COMBINE), spelling)


def get_simple_invoice(tenant: Tenant, request: Request) -> object:
    purchase = _simple(tenant, request.required("TaskID"))
    spelling = tenant.settings.invoice_number_spelling
    return {
        "TaskID": purchase.id,
        **purchase_views.simple_invoice(purchase, request.flag(_COMBINE), spelling),
    }


def get_simple_credit_note(tenant: Tenant, request: Request) -> object:
    purchase = _simple(tenant, request.required("TaskID"))
    return {"TaskID": purchase.id, **purchase_views.simple_credit_note(purchase, request.flag(_COMBINE))}


def get_simple_payments(tenant: Tenant, request: Request) -> object:
    purchase = _simple(tenant, request.required("TaskID"))
    return [
        purchase_views.payment_body(purchase, document, payment)
        for document in purchase.documents
        for payment in document.payments
    ]


def _simple(tenant: Tenant, identifier: str) -> Purchase:
    purchase = tenant.purchase(identifier)
    if purchase.type != "Simple":
        raise Refusal(_DEPRECATED)
    return purchase


def _document(tenant: Tenant, task_id: str, kind: str | None) -> tuple[Purchase, Document]:
    purchase, document = tenant.document(task_id, sale=False, kind=kind)
    assert isinstance(purchase, Purchase)
    return purchase, document


def _withdraw(tenant: Tenant, purchase: Purchase, document: Document, void: bool) -> None:
    if void:
        tenant.void(purchase, document)
    else:
        tenant.undo(purchase, document)


def next_group(purchase: Purchase) -> int:
    groups = [invoice.group for invoice in purchase.invoices] + [one.group for one in purchase.receipts]
    return max(groups, default=0) + 1


def _refuse_voided(purchase: Purchase) -> None:
    if purchase.voided:
        raise Refusal("Purchase with status VOIDED cannot be modified")


ROUTES: Routes = {
    "/advanced-purchase": {
        "GET": get_purchase,
        "POST": post_purchase,
        "PUT": put_purchase,
        "DELETE": delete_purchase,
    },
    "/advanced-purchase/invoice": {"GET": get_invoices, "POST": post_invoice, "DELETE": delete_invoice},
    "/advanced-purchase/stock": {
        "GET": get_receipts,
        "POST": post_receipt,
        "PUT": put_receipt,
        "DELETE": delete_receipt,
    },
    "/advanced-purchase/creditnote": {
        "GET": get_credit_notes,
        "POST": post_credit_note,
        "DELETE": delete_credit_note,
    },
    "/advanced-purchase/payment": {"GET": get_payments, "POST": post_payment},
    "/purchase": {"GET": get_simple},
    "/purchase/order": {"GET": get_order, "POST": post_order},
    "/purchase/invoice": {"GET": get_simple_invoice},
    "/purchase/creditnote": {"GET": get_simple_credit_note},
    "/purchase/payment": {"GET": get_simple_payments, "DELETE": delete_payment},
}
