"""`/sale` and what hangs below it."""

from __future__ import annotations

import datetime as dt

from sandbox.cin7 import sale_views
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
from sandbox.cin7.documents import ZERO_ID, Document, Line, Order, Sale
from sandbox.cin7.http import Request, Routes
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal, parse_bool, parse_date, parse_decimal

_COMBINE = "CombineAdditionalCharges"


def get_sale(tenant: Tenant, request: Request) -> object:
    return sale_views.sale_body(
        tenant,
        tenant.sale(request.required("ID")),
        combine=request.flag(_COMBINE),
        movements=not request.flag("HideInventoryMovements"),
        transactions=request.flag("IncludeTransactions"),
    )


def post_sale(tenant: Tenant, request: Request) -> object:
    sale = new_order(tenant, request.body, sale=True)
    assert isinstance(sale, Sale)
    sale.skip_quote = parse_bool(request.body.get("SkipQuote", True))
    sale.sales_rep = _sales_rep(
        tenant, request.body, str(_customer(tenant, sale)["SalesRepresentative"] or "")
    )
    _read_sale_fields(sale, request.body)
    add_sale(tenant, sale)
    return sale_views.sale_body(tenant, sale)


def add_sale(tenant: Tenant, sale: Sale) -> None:
    tenant.state.sales[sale.id] = sale
    tenant.emit("Sale/Created", sale)


def put_sale(tenant: Tenant, request: Request) -> object:
    required(request.body, "ID")
    sale = tenant.sale(str(request.body["ID"]))
    _refuse_voided(sale)
    read_header(tenant, sale, request.body)
    sale.sales_rep = _sales_rep(tenant, request.body, sale.sales_rep)
    _read_sale_fields(sale, request.body)
    tenant.touch(sale)
    return sale_views.sale_body(tenant, sale)


def delete_sale(tenant: Tenant, request: Request) -> object:
    sale = tenant.sale(request.required("ID"))
    _refuse_voided(sale)
    if request.flag("Void"):
        tenant.void_order(sale)
    else:
        tenant.undo_order(sale)
    return sale_views.sale_body(tenant, sale)


def get_quote(tenant: Tenant, request: Request) -> object:
    return sale_views.quote_body(tenant.sale(request.required("SaleID")), request.flag(_COMBINE))


def post_quote(tenant: Tenant, request: Request) -> object:
    required(request.body, "SaleID")
    sale = tenant.sale(str(request.body["SaleID"]))
    if sale.skip_quote:
        raise Refusal("Quote is skipped for this sale")
    read_part(tenant, sale, sale.quote, request.body)
    tenant.touch(sale)
    if sale.quote.status == "AUTHORISED":
        tenant.emit("Sale/QuoteAuthorised", sale)
    return sale_views.quote_body(sale, parse_bool(request.body.get(_COMBINE)))


def get_order(tenant: Tenant, request: Request) -> object:
    return sale_views.order_body(tenant.sale(request.required("SaleID")), request.flag(_COMBINE))


def post_order(tenant: Tenant, request: Request) -> object:
    required(request.body, "SaleID")
    sale = tenant.sale(str(request.body["SaleID"]))
    _refuse_voided(sale)
    if sale.type == "Service":
        raise Refusal("Service sale has no order")
    if not sale.skip_quote and sale.quote.status != "AUTHORISED":
        raise Refusal("Quote should be authorised before the order")
    read_part(tenant, sale, sale.order, request.body)
    tenant.touch(sale)
    if sale.order.status == "AUTHORISED":
        tenant.emit("Sale/OrderAuthorised", sale)
    return sale_views.order_body(sale, parse_bool(request.body.get(_COMBINE)))


def get_fulfilments(tenant: Tenant, request: Request) -> object:
    return sale_views.fulfilments(tenant.sale(request.required("SaleID")))


def get_invoices(tenant: Tenant, request: Request) -> object:
    return sale_views.invoices_body(tenant.sale(request.required("SaleID")), request.flag(_COMBINE))


def post_invoice(tenant: Tenant, request: Request) -> object:
    """TaskID of zeros makes a new invoice; else the draft of that task is overwritten."""
    body = request.body
    required(body, "SaleID", "TaskID", "Status", "InvoiceDate", "InvoiceDueDate")
    sale = tenant.sale(str(body["SaleID"]))
    task_id = str(body["TaskID"]).lower()
    new = task_id == ZERO_ID or (task_id == sale.id and not sale.invoices)
    write_invoice(tenant, sale, None if new else _draft(tenant, sale, task_id, "invoice"), body)
    return sale_views.invoices_body(sale, parse_bool(body.get(_COMBINE)))


def write_invoice(tenant: Tenant, sale: Sale, invoice: Document | None, body: JsonObject) -> Document:
    """Make a new invoice or overwrite a draft; authorise it when the body says so."""
    _refuse_voided(sale)
    if sale.type == "Service":
        ready = sale.skip_quote or sale.quote.status == "AUTHORISED"
    else:
        ready = sale.order.status == "AUTHORISED"
    if not ready:
        raise Refusal("Order should be authorised before the invoice")
    lines, charges = read_lines(tenant, sale, body, accounts=True)
    status = read_status(body)
    refuse_empty(status, lines + charges)
    if invoice is None:
        invoice = _new_invoice(tenant, sale)
    _fill_invoice(tenant, sale, invoice, body, status, lines, charges)
    return invoice


def put_invoice(tenant: Tenant, request: Request) -> object:
    """Partial: an omitted attribute stays, an empty array deletes the rows (Cin7's API portal)."""
    body = request.body
    required(body, "SaleID", "TaskID")
    sale = tenant.sale(str(body["SaleID"]))
    invoice = _draft(tenant, sale, str(body["TaskID"]).lower(), "invoice")
    lines, charges = read_lines(tenant, sale, body, accounts=True)
    lines = lines if body.get("Lines") is not None else invoice.lines
    charges = charges if body.get("AdditionalCharges") is not None else invoice.charges
    status = read_status(body)
    refuse_empty(status, lines + charges)
    _fill_invoice(tenant, sale, invoice, body, status, lines, charges)
    return sale_views.invoices_body(sale, parse_bool(body.get(_COMBINE)))


def delete_invoice(tenant: Tenant, request: Request) -> object:
    sale, invoice = tenant.document(request.required("TaskID"), sale=True, kind="invoice")
    assert isinstance(sale, Sale)
    _withdraw(tenant, sale, invoice, request)
    return sale_views.invoices_body(sale, combine=False)


def get_credit_notes(tenant: Tenant, request: Request) -> object:
    sale = tenant.sale(request.required("SaleID"))
    return sale_views.credit_notes_body(sale, request.flag(_COMBINE), request.flag("IncludePaymentInfo"))


def post_credit_note(tenant: Tenant, request: Request) -> object:
    body = request.body
    required(body, "SaleID", "TaskID", "CreditNoteInvoiceNumber")
    sale = tenant.sale(str(body["SaleID"]))
    _refuse_voided(sale)
    credited = find_credited(sale, str(body["CreditNoteInvoiceNumber"]))
    lines, charges = read_lines(tenant, sale, body, accounts=True)
    status = read_status(body)
    refuse_empty(status, lines + charges)
    stock = read_stock(tenant, body, "Restock", tenant.clock.today())
    task_id = str(body["TaskID"]).lower()
    if task_id == ZERO_ID:
        note = Document(
            task_id=tenant.new_id("credit note"),
            kind="credit_note",
            number=tenant.next_number("CR"),
            group=len(sale.credit_notes) + 1,
            date=tenant.clock.today(),
            due_date=None,
            rate=credited.rate,
            invoice_number=credited.number,
        )
        tenant.add_document(sale, note)
    else:
        note = _draft(tenant, sale, task_id, "credit_note")
    note.lines, note.charges, note.stock = lines, charges, stock
    note.memo = str(body.get("Memo") or "")
    note.date = parse_date(body.get("CreditNoteDate"), "CreditNoteDate") or note.date
    note.rate = parse_decimal(body.get("CreditNoteConversionRate"), "CreditNoteConversionRate", note.rate)
    tenant.compute(sale, note)
    tenant.touch(sale)
    if status == "AUTHORISED":
        tenant.authorise(sale, note)
    return sale_views.credit_notes_body(sale, parse_bool(body.get(_COMBINE)), payments=False)


def delete_credit_note(tenant: Tenant, request: Request) -> object:
    sale, note = tenant.document(request.required("TaskID"), sale=True, kind="credit_note")
    assert isinstance(sale, Sale)
    _withdraw(tenant, sale, note, request)
    return sale_views.credit_notes_body(sale, combine=False, payments=False)


def get_payments(tenant: Tenant, request: Request) -> object:
    sale = tenant.sale(request.required("SaleID"))
    return [
        sale_views.payment_body(sale, document, payment)
        for document in sale.documents
        for payment in document.payments
    ]


def post_payment(tenant: Tenant, request: Request) -> object:
    required(request.body, "TaskID")
    sale, document = tenant.document(str(request.body["TaskID"]), sale=True)
    assert isinstance(sale, Sale)
    payment = read_payment(tenant, document, request.body)
    tenant.pay(sale, document, payment)
    return sale_views.payment_body(sale, document, payment)


def delete_payment(tenant: Tenant, request: Request) -> object:
    tenant.remove_payment(request.required("ID"), sale=True)
    return {"Success": True}


def find_credited(order: Order, number: str) -> Document:
    """The authorised invoice that a credit note credits."""
    for invoice in order.live_invoices:
        if invoice.number == number:
            return invoice
    raise Refusal(f"Authorised invoice with number '{number}' was not found")


def _new_invoice(tenant: Tenant, sale: Sale) -> Document:
    if sale.type != "Advanced" and sale.invoices:
        raise Refusal("Sale already has an invoice")
    today = tenant.clock.today()
    invoice = Document(
        task_id=tenant.new_id("sale invoice") if sale.type == "Advanced" else sale.id,
        kind="invoice",
        number=tenant.next_number("INV"),
        group=len(sale.invoices) + 1,
        date=today,
        due_date=today + dt.timedelta(days=30),
        rate=sale.rate,
    )
    tenant.add_document(sale, invoice)
    return invoice


def _fill_invoice(
    tenant: Tenant,
    sale: Sale,
    invoice: Document,
    body: JsonObject,
    status: str,
    lines: list[Line],
    charges: list[Line],
) -> None:
    invoice.lines, invoice.charges = lines, charges
    invoice.memo = str(body.get("Memo") or invoice.memo)
    invoice.date = parse_date(body.get("InvoiceDate"), "InvoiceDate") or invoice.date
    invoice.due_date = parse_date(body.get("InvoiceDueDate"), "InvoiceDueDate") or invoice.due_date
    invoice.rate = parse_decimal(body.get("CurrencyConversionRate"), "CurrencyConversionRate", invoice.rate)
    linked = body.get("LinkedFulfillmentNumber")
    invoice.linked_fulfilment = str(linked) if linked else invoice.linked_fulfilment
    tenant.compute(sale, invoice)
    tenant.touch(sale)
    if status == "AUTHORISED":
        tenant.authorise(sale, invoice)


def _draft(tenant: Tenant, sale: Sale, task_id: str, kind: str) -> Document:
    owner, document = tenant.document(task_id, sale=True, kind=kind)
    if owner is not sale:
        raise Refusal("Task with specified ID not found")
    if document.status != "DRAFT":
        raise Refusal(f"Document with status {document.status} cannot be modified")
    return document


def _withdraw(tenant: Tenant, sale: Sale, document: Document, request: Request) -> None:
    if request.flag("Void"):
        tenant.void(sale, document)
    else:
        tenant.undo(sale, document)


def _read_sale_fields(sale: Sale, body: JsonObject) -> None:
    sale.account = str(body.get("DefaultAccount") or sale.account)
    sale.reference = str(body.get("CustomerReference", sale.reference) or "")
    sale.external_id = body.get("ExternalID", sale.external_id)
    sale.carrier = str(body.get("Carrier", sale.carrier) or "")
    sale.needed_by = parse_date(body.get("ShipBy"), "ShipBy") or sale.needed_by
    sale.shipping_notes = str(body.get("ShippingNotes", sale.shipping_notes) or "")
    sale.date = parse_date(body.get("SaleOrderDate"), "SaleOrderDate") or sale.date


def _sales_rep(tenant: Tenant, body: JsonObject, present: str) -> str:
    name = str(body.get("SalesRepresentative") or present)
    if name and name not in {rep.name for rep in tenant.world.sales_reps}:
        raise Refusal(f"{name} was not found in Company Contacts reference book")
    return name


def _customer(tenant: Tenant, sale: Sale) -> JsonObject:
    return tenant.state.customers[sale.party_id]


def _refuse_voided(order: Order) -> None:
    if order.voided:
        raise Refusal("Sale with status VOIDED cannot be modified")


ROUTES: Routes = {
    "/sale": {"GET": get_sale, "POST": post_sale, "PUT": put_sale, "DELETE": delete_sale},
    "/sale/quote": {"GET": get_quote, "POST": post_quote},
    "/sale/order": {"GET": get_order, "POST": post_order},
    "/sale/fulfilment": {"GET": get_fulfilments},
    "/sale/invoice": {
        "GET": get_invoices,
        "POST": post_invoice,
        "PUT": put_invoice,
        "DELETE": delete_invoice,
    },
    "/sale/creditnote": {"GET": get_credit_notes, "POST": post_credit_note, "DELETE": delete_credit_note},
    "/sale/payment": {"GET": get_payments, "POST": post_payment, "DELETE": delete_payment},
}
