"""Whole documents in one step: what people would click together in Cin7's user interface."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sandbox.cin7 import crediting, purchase_routes, sale_routes
from sandbox.cin7.bodies import USUAL_RATES, new_order, read_lines, read_part
from sandbox.cin7.documents import ZERO, Document, Line, Order, Payment, Purchase, Sale
from sandbox.cin7.specs import (
    ChangeSpec,
    InvoiceSpec,
    LineSpec,
    PurchaseInvoiceSpec,
    SaleInvoiceSpec,
    rows,
)
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal


def make_sale_invoice(tenant: Tenant, spec: SaleInvoiceSpec) -> tuple[Order, Document]:
    with tenant.announcing(spec.announce):
        sale = tenant.sale(spec.order_id) if spec.order_id else _new_sale(tenant, spec)
        body = _invoice_body(tenant, sale, spec)
        _extend_order(tenant, sale, body)
        return sale, sale_routes.write_invoice(tenant, sale, None, body)


def make_purchase_invoice(tenant: Tenant, spec: PurchaseInvoiceSpec) -> tuple[Order, Document]:
    with tenant.announcing(spec.announce):
        purchase = tenant.purchase(spec.order_id) if spec.order_id else _new_purchase(tenant, spec)
        body = _invoice_body(tenant, purchase, spec)
        body["InvoiceNumber"] = spec.number or f"SI-{tenant.count('supplier invoice'):06}"
        invoiced = {invoice.task_id for invoice in purchase.invoices}
        waiting = (one.task_id for one in purchase.receipts if one.task_id not in invoiced)
        body["TaskID"] = next(waiting, None)
        _extend_order(tenant, purchase, body)
        return purchase, purchase_routes.write_invoice(tenant, purchase, body, spec.document_rate)


def make_order(tenant: Tenant, spec: InvoiceSpec) -> Order:
    """An authorised order without invoice."""
    with tenant.announcing(spec.announce):
        order: Order
        if isinstance(spec, SaleInvoiceSpec):
            order = _new_sale(tenant, spec)
        else:
            assert isinstance(spec, PurchaseInvoiceSpec)
            order = _new_purchase(tenant, spec)
        if order.type == "Service" and isinstance(order, Sale):
            raise Refusal("Service sale has no order")
        _extend_order(tenant, order, _invoice_body(tenant, order, spec))
        return order


def change(tenant: Tenant, task_id: str, action: str, spec: ChangeSpec) -> tuple[Order, Document]:
    """Do `void`, `undo`, `reauthorise`, `pay` or `credit`; gives the document that came out of it."""
    order, document = tenant.document(task_id)
    with tenant.announcing(spec.announce):
        if action == "void":
            tenant.void(order, document)
        elif action == "undo":
            tenant.undo(order, document)
        elif action == "reauthorise":
            _reauthorise(tenant, order, document, spec)
        elif action == "pay":
            pay(tenant, order, document, spec.amount)
        elif action == "credit":
            return order, crediting.credit(tenant, order, document, spec)
        else:
            raise Refusal(f"no action '{action}': void, undo, reauthorise, pay, credit", status=404)
    return order, document


def pay(tenant: Tenant, order: Order, document: Document, amount: Decimal | None = None) -> None:
    """Pay a document from the bank account, by default wholly."""
    payment = Payment(
        id=tenant.new_id("payment"),
        task_id=document.task_id,
        type="Payment" if document.kind == "invoice" else "Refund",
        amount=document.totals.total - document.paid if amount is None else amount,
        date=tenant.clock.today(),
        account="090",
        rate=document.rate,
        reference="",
        created=tenant.clock.now(),
    )
    tenant.pay(order, document, payment)


def _new_sale(tenant: Tenant, spec: SaleInvoiceSpec) -> Sale:
    body = _header_body(tenant, spec) | {"Customer": spec.customer or tenant.world.customers[0].name}
    sale = new_order(tenant, body | {"SaleType": spec.type if spec.type != "Service" else None}, sale=True)
    assert isinstance(sale, Sale)
    default_rep = tenant.state.customers[sale.party_id]["SalesRepresentative"] or ""
    sale.sales_rep = default_rep if spec.sales_rep is None else spec.sales_rep
    sale.channel, sale.external_id = spec.channel, spec.external_id
    sale_routes.add_sale(tenant, sale)
    return sale


def _new_purchase(tenant: Tenant, spec: PurchaseInvoiceSpec) -> Purchase:
    body = _header_body(tenant, spec) | {"Supplier": spec.supplier or tenant.world.suppliers[0].name}
    kind = spec.type if spec.type != "Service" else None
    purchase = new_order(tenant, body | {"PurchaseType": kind, "Approach": spec.approach}, sale=False)
    assert isinstance(purchase, Purchase)
    purchase.approach = spec.approach
    purchase_routes.add_purchase(tenant, purchase)
    return purchase


def _header_body(tenant: Tenant, spec: InvoiceSpec) -> JsonObject:
    return {
        "Location": spec.location,
        "IsServiceOnly": spec.type == "Service",
        "TaxInclusive": spec.inclusive,
        "SaleOrderDate": (spec.date or tenant.clock.today()).isoformat(),
        "CurrencyRate": spec.rate or _usual_rate(tenant, spec),
        "AdditionalAttributes": {f"AdditionalAttribute{n}": text for n, text in spec.attributes.items()},
    }


def _usual_rate(tenant: Tenant, spec: InvoiceSpec) -> Decimal:
    sale = isinstance(spec, SaleInvoiceSpec)
    name = spec.customer if isinstance(spec, SaleInvoiceSpec) else getattr(spec, "supplier", None)
    parties = (tenant.state.customers if sale else tenant.state.suppliers).values()
    currency = next((party["Currency"] for party in parties if party["Name"] == name), None)
    return USUAL_RATES.get(str(currency), Decimal(1))


def _invoice_body(tenant: Tenant, order: Order, spec: InvoiceSpec) -> JsonObject:
    day = spec.date or tenant.clock.today()
    service = order.type == "Service"
    lines = spec.lines
    body: dict[str, list[JsonObject]] = {}
    if lines is None and not spec.charges:
        body = _open_rows(order)
    if not any(body.values()):
        if lines is None:
            lines = [] if spec.charges else [LineSpec(sku="Installation" if service else "HV-0001")]
        body = rows(tenant, order, lines, spec.charges)
    return {
        **body,
        "Status": "AUTHORISED" if spec.authorise else "DRAFT",
        "InvoiceDate": day.isoformat(),
        "InvoiceDueDate": (day + dt.timedelta(days=spec.due_days)).isoformat(),
        "CurrencyConversionRate": order.rate if spec.document_rate is None else spec.document_rate,
        "Memo": spec.memo,
    }


def _open(order: Order) -> dict[tuple[str, str], Decimal]:
    """What of an order no invoice has yet: quantities by SKU and description."""
    found: dict[tuple[str, str], Decimal] = {}
    invoiced = [row for invoice in order.invoices if invoice.status != "VOIDED" for row in invoice.rows]
    for rows_, sign in ((order.order.lines + order.order.charges, 1), (invoiced, -1)):
        for row in rows_:
            found[_place(row)] = found.get(_place(row), ZERO) + sign * row.quantity
    return found


def _place(row: Line) -> tuple[str, str]:
    return (row.product.sku, "") if row.product else ("", row.description)


def _open_rows(order: Order) -> dict[str, list[JsonObject]]:
    """Request rows for all that is open on an order."""
    left = _open(order)
    body: dict[str, list[JsonObject]] = {"Lines": [], "AdditionalCharges": []}
    for name, lines in (("Lines", order.order.lines), ("AdditionalCharges", order.order.charges)):
        for line in lines:
            quantity = min(line.quantity, left[_place(line)])
            if quantity <= 0:
                continue
            left[_place(line)] -= quantity
            body[name].append(
                {
                    "SKU": line.product.sku if line.product else None,
                    "Description": line.description,
                    "Quantity": quantity,
                    "Price": line.price,
                    "Discount": line.discount,
                    "TaxRule": line.tax_rule,
                    "Comment": line.comment,
                }
            )
    return body


def _beyond(order: Order, body: JsonObject) -> JsonObject:
    """The rows of an invoice body that its order does not hold yet."""
    left = _open(order)
    beyond: JsonObject = {}
    for name, key in (("Lines", "SKU"), ("AdditionalCharges", "Description")):
        beyond[name] = []
        for row in body[name]:
            place = (row[key], "") if key == "SKU" else ("", row[key])
            quantity = Decimal(row["Quantity"])
            if left.get(place, ZERO) >= quantity > 0:
                left[place] -= quantity
            else:
                beyond[name].append(row)
    return beyond


def _extend_order(tenant: Tenant, order: Order, body: JsonObject) -> None:
    """Authorise the order with the invoice's rows, or add those that an order that stands lacks."""
    if order.type == "Service" and isinstance(order, Sale):
        return
    part = order.order
    if part.status == "AUTHORISED":
        lines, charges = read_lines(tenant, order, _beyond(order, body), accounts=False)
        part.lines, part.charges = part.lines + lines, part.charges + charges
        part.totals = tenant.totals_of(order, part.lines + part.charges)
        return
    read_part(tenant, order, part, {**body, "Status": "AUTHORISED"})
    side = "Sale" if isinstance(order, Sale) else "Purchase"
    tenant.emit(f"{side}/OrderAuthorised", order)


def _reauthorise(tenant: Tenant, order: Order, document: Document, spec: ChangeSpec) -> None:
    if document.status != "DRAFT":
        raise Refusal(f"Document with status {document.status} cannot be authorised")
    if spec.lines is not None or spec.charges is not None:
        document.lines, document.charges = read_lines(
            tenant, order, rows(tenant, order, spec.lines or [], spec.charges or []), accounts=True
        )
    document.date, document.memo = spec.date or document.date, spec.memo or document.memo
    document.number = spec.number or document.number
    document.rate = document.rate if spec.rate is None else spec.rate
    if document.kind == "credit_note" and (spec.restock if spec.restock is not None else document.stock):
        document.stock = crediting.returned(tenant, order, document)
    elif spec.restock is False:
        document.stock = []
    tenant.authorise(order, document)
