"""Whole documents in one step: what people would click together in Cin7's user interface."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.cin7 import purchase_routes, sale_routes
from sandbox.cin7.bodies import new_order, read_lines, read_part
from sandbox.cin7.documents import Document, Line, Order, Payment, Purchase, Sale
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LineSpec(Spec):
    """A product line; price, tax rule and account default to the product's."""

    sku: str = "HV-0001"
    quantity: Decimal = Decimal(1)
    price: Decimal | None = None
    discount: Decimal = Decimal(0)
    tax_rule: str | None = None
    tax: Decimal | None = None
    """Overrides the computed tax of the line."""
    account: str | None = None
    comment: str = ""


class ChargeSpec(Spec):
    """An additional charge; `description` is the name of a service product."""

    description: str = "Freight"
    quantity: Decimal = Decimal(1)
    price: Decimal = Decimal("9.50")
    discount: Decimal = Decimal(0)
    tax_rule: str | None = None
    tax: Decimal | None = None
    account: str | None = None
    reference: str = ""


class InvoiceSpec(Spec):
    """An order with one invoice, authorised at once; amounts in the party's currency."""

    lines: list[LineSpec] | None = None
    """Null: one line of the first product (in service documents: one charge)."""
    charges: list[ChargeSpec] = Field(default_factory=list)
    location: str = "London"
    type: Literal["Simple", "Advanced", "Service"] = "Simple"
    inclusive: bool = False
    date: dt.date | None = None
    """Null: today. It is the date of order and invoice."""
    due_days: int = 30
    rate: Decimal | None = None
    attributes: dict[str, str] = Field(default_factory=dict)
    """Additional attributes by number."""
    order_id: str | None = None
    """Add the invoice to this advanced order instead of making one."""
    authorise: bool = True
    announce: bool = True
    """Whether webhooks tell of it."""


class SaleInvoiceSpec(InvoiceSpec):
    customer: str | None = None
    """Null: the first customer."""
    sales_rep: str | None = None
    channel: str | None = None
    external_id: str | None = None


class PurchaseInvoiceSpec(InvoiceSpec):
    supplier: str | None = None
    """Null: the first supplier."""
    number: str | None = None
    """The supplier's number; null: a new one."""


class ChangeSpec(Spec):
    """What an action on an invoice may bring along."""

    announce: bool = True
    lines: list[LineSpec] | None = None
    """For `reauthorise`: other lines than before."""
    charges: list[ChargeSpec] | None = None
    amount: Decimal | None = None
    """For `pay`; null: the whole balance."""
    number: str | None = None
    """For `credit` of a purchase: the supplier's number."""


def make_sale_invoice(tenant: Tenant, spec: SaleInvoiceSpec) -> tuple[Order, Document]:
    with tenant.announcing(spec.announce):
        if spec.order_id:
            sale = tenant.sale(spec.order_id)
        else:
            sale = _new_sale(tenant, spec)
            sale_routes.add_sale(tenant, sale)
        body = _invoice_body(tenant, sale, spec)
        _extend_order(tenant, sale, body)
        return sale, sale_routes.write_invoice(tenant, sale, None, body)


def make_purchase_invoice(tenant: Tenant, spec: PurchaseInvoiceSpec) -> tuple[Order, Document]:
    with tenant.announcing(spec.announce):
        if spec.order_id:
            purchase = tenant.purchase(spec.order_id)
        else:
            purchase = _new_purchase(tenant, spec)
            purchase_routes.add_purchase(tenant, purchase)
        body = _invoice_body(tenant, purchase, spec)
        body["InvoiceNumber"] = spec.number or f"SI-{tenant.count('supplier invoice'):06}"
        _extend_order(tenant, purchase, body)
        return purchase, purchase_routes.write_invoice(tenant, purchase, body)


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
            return order, _credit(tenant, order, document, spec)
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
    return sale


def _new_purchase(tenant: Tenant, spec: PurchaseInvoiceSpec) -> Purchase:
    body = _header_body(tenant, spec) | {"Supplier": spec.supplier or tenant.world.suppliers[0].name}
    kind = spec.type if spec.type != "Service" else None
    purchase = new_order(tenant, body | {"PurchaseType": kind, "Approach": "INVOICE"}, sale=False)
    assert isinstance(purchase, Purchase)
    return purchase


def _header_body(tenant: Tenant, spec: InvoiceSpec) -> JsonObject:
    return {
        "Location": spec.location,
        "IsServiceOnly": spec.type == "Service",
        "TaxInclusive": spec.inclusive,
        "SaleOrderDate": (spec.date or tenant.clock.today()).isoformat(),
        "CurrencyRate": spec.rate or _default_rate(tenant, spec),
        "AdditionalAttributes": {f"AdditionalAttribute{n}": text for n, text in spec.attributes.items()},
    }


def _default_rate(tenant: Tenant, spec: InvoiceSpec) -> Decimal:
    name = spec.customer if isinstance(spec, SaleInvoiceSpec) else getattr(spec, "supplier", None)
    parties = (*tenant.world.customers, *tenant.world.suppliers)
    currency = next((party.currency for party in parties if party.name == name), "GBP")
    return {"EUR": Decimal("0.8543"), "USD": Decimal("0.7821")}.get(currency, Decimal(1))


def _invoice_body(tenant: Tenant, order: Order, spec: InvoiceSpec) -> JsonObject:
    day = spec.date or tenant.clock.today()
    service = order.type == "Service"
    lines = spec.lines
    if lines is None:
        lines = [] if spec.charges else [LineSpec(sku="Installation" if service else "HV-0001")]
    return {
        **_rows(tenant, order, lines, spec.charges),
        "Status": "AUTHORISED" if spec.authorise else "DRAFT",
        "InvoiceDate": day.isoformat(),
        "InvoiceDueDate": (day + dt.timedelta(days=spec.due_days)).isoformat(),
        "CurrencyConversionRate": order.rate,
    }


def _rows(
    tenant: Tenant, order: Order, lines: list[LineSpec], charges: list[ChargeSpec]
) -> dict[str, list[dict[str, Any]]]:
    """Body rows; in service documents the lines become charges, as in Cin7."""
    rows = [_line_row(tenant, order, line) for line in lines]
    charge_rows = [_charge_row(order, charge) for charge in charges]
    if order.type == "Service":
        services = [{**row, "Description": tenant.by_sku[row["SKU"].lower()].name} for row in rows]
        return {"Lines": [], "AdditionalCharges": services + charge_rows}
    return {"Lines": rows, "AdditionalCharges": charge_rows}


def _line_row(tenant: Tenant, order: Order, line: LineSpec) -> dict[str, Any]:
    product = tenant.by_sku.get(line.sku.lower())
    if product is None:
        raise Refusal(f"Product '{line.sku}' was not found")
    sale = isinstance(order, Sale)
    price = product.price if sale or product.type == "Service" else product.cost
    return {
        "SKU": product.sku,
        "Quantity": line.quantity,
        "Price": price if line.price is None else line.price,
        "Discount": line.discount,
        "TaxRule": line.tax_rule or (product.sale_tax_rule if sale else product.purchase_tax_rule),
        "Tax": line.tax,
        "Account": line.account,
        "Comment": line.comment,
    }


def _charge_row(order: Order, charge: ChargeSpec) -> dict[str, Any]:
    return {
        "Description": charge.description,
        "Quantity": charge.quantity,
        "Price": charge.price,
        "Discount": charge.discount,
        "TaxRule": charge.tax_rule or order.tax_rule,
        "Tax": charge.tax,
        "Account": charge.account,
        "Reference": charge.reference,
    }


def _extend_order(tenant: Tenant, order: Order, body: JsonObject) -> None:
    """Authorise the order with the invoice's rows, or add them to an order that stands."""
    if order.type == "Service" and isinstance(order, Sale):
        return
    part = order.order
    if part.status == "AUTHORISED":
        lines, charges = read_lines(tenant, order, body, accounts=False)
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
            tenant, order, _rows(tenant, order, spec.lines or [], spec.charges or []), accounts=True
        )
    tenant.authorise(order, document)


def _credit(tenant: Tenant, order: Order, invoice: Document, spec: ChangeSpec) -> Document:
    """Credit a whole invoice, or the lines given."""
    if not invoice.is_authorised or invoice.kind != "invoice":
        raise Refusal("Only an authorised invoice can be credited")
    lines: list[Line] = list(invoice.lines)
    charges: list[Line] = list(invoice.charges)
    if spec.lines is not None or spec.charges is not None:
        body = _rows(tenant, order, spec.lines or [], spec.charges or [])
        lines, charges = read_lines(tenant, order, body, accounts=True)
    sale = isinstance(order, Sale)
    number = tenant.next_number("CR") if sale else spec.number or f"SC-{tenant.count('supplier credit'):06}"
    note = Document(
        task_id=tenant.new_id("credit note" if sale else "purchase credit note"),
        kind="credit_note",
        number=number,
        group=len(order.credit_notes) + 1,
        date=tenant.clock.today(),
        due_date=None,
        rate=invoice.rate,
        invoice_number=invoice.number,
        lines=lines,
        charges=charges,
    )
    tenant.add_document(order, note)
    tenant.authorise(order, note)
    return note
