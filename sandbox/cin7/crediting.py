"""Credit notes in one step: of an invoice, or standing alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sandbox.cin7 import stock
from sandbox.cin7.bodies import USUAL_RATES, find_party, new_order, read_lines
from sandbox.cin7.documents import Document, Line, Order, Sale, StockLine, rounded, tax_of
from sandbox.cin7.specs import ChangeSpec, CreditNoteSpec, LineSpec, rows
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal


def credit(tenant: Tenant, order: Order, invoice: Document, spec: ChangeSpec) -> Document:
    """Credit a whole invoice, a fraction of its quantities, or the lines given."""
    if not invoice.is_authorised or invoice.kind != "invoice":
        raise Refusal("Only an authorised invoice can be credited")
    lines = [_part(tenant, order, line, spec.fraction) for line in invoice.lines]
    charges = [_part(tenant, order, line, spec.fraction) for line in invoice.charges]
    if spec.lines is not None or spec.charges is not None:
        body = rows(tenant, order, spec.lines or [], spec.charges or [])
        lines, charges = read_lines(tenant, order, body, accounts=True)
    note = _note(tenant, order, spec, invoice.rate if spec.rate is None else spec.rate)
    note.invoice_number, note.lines, note.charges = invoice.number, lines, charges
    return _finish(tenant, order, note, restock=bool(spec.restock), authorise=spec.authorise)


def stand_alone(tenant: Tenant, spec: CreditNoteSpec) -> tuple[Order, Document]:
    """A sale or purchase that is nothing but a credit note."""
    sale = spec.kind == "sale"
    name = "Customer" if sale else "Supplier"
    first = (tenant.world.customers if sale else tenant.world.suppliers)[0].name
    party = {name: (spec.customer if sale else spec.supplier) or first}
    records = tenant.state.customers if sale else tenant.state.suppliers
    usual = USUAL_RATES.get(find_party(records, party, name)["Currency"], Decimal(1))
    day = spec.date or tenant.clock.today()
    header: JsonObject = {
        **party,
        "Location": spec.location,
        "Approach": "INVOICE",
        "TaxInclusive": spec.inclusive,
        "SaleOrderDate": day.isoformat(),
        "CurrencyRate": usual if spec.rate is None else spec.rate,
        "AdditionalAttributes": {f"AdditionalAttribute{n}": text for n, text in spec.attributes.items()},
    }
    with tenant.announcing(spec.announce):
        order = new_order(tenant, header, sale=sale)
        order.type, order.order.status = "Credit Note", "AUTHORISED"
        if isinstance(order, Sale):
            tenant.state.sales[order.id] = order
        else:
            tenant.state.purchases[order.id] = order
        wanted = spec.lines
        if wanted is None:
            wanted = [] if spec.charges else [LineSpec()]
        note = _note(tenant, order, spec, order.rate)
        note.lines, note.charges = read_lines(
            tenant, order, rows(tenant, order, wanted, spec.charges), accounts=True
        )
        return order, _finish(tenant, order, note, restock=spec.restock, authorise=spec.authorise)


def returned(tenant: Tenant, order: Order, note: Document) -> list[StockLine]:
    """Restock (or Unstock) rows for all goods of a credit note, at the order's location."""
    return [
        stock.stock_line(tenant, line.product, line.quantity, note.date, order.location)
        for line in note.lines
        if line.product is not None and line.product.type == "Stock"
    ]


def _note(tenant: Tenant, order: Order, spec: ChangeSpec | CreditNoteSpec, rate: Decimal) -> Document:
    sale = isinstance(order, Sale)
    number = tenant.next_number("CR") if sale else f"SC-{tenant.count('supplier credit'):06}"
    return Document(
        task_id=tenant.new_id("credit note" if sale else "purchase credit note"),
        kind="credit_note",
        number=spec.number or number,
        group=len(order.credit_notes) + 1,
        date=spec.date or tenant.clock.today(),
        due_date=None,
        rate=rate,
        memo=spec.memo,
    )


def _part(tenant: Tenant, order: Order, line: Line, fraction: Decimal) -> Line:
    """A line with a fraction of its quantity."""
    if fraction == 1:
        return replace(line)
    quantity = line.quantity * fraction
    total = rounded(quantity * line.price * (100 - line.discount) / 100, tenant.settings.line_decimals)
    tax = tax_of(total, tenant.percents[line.tax_rule], order.inclusive)
    return replace(line, quantity=quantity, total=total, tax=tax)


def _finish(tenant: Tenant, order: Order, note: Document, *, restock: bool, authorise: bool) -> Document:
    note.stock = returned(tenant, order, note) if restock else []
    tenant.add_document(order, note)
    tenant.compute(order, note)
    tenant.touch(order)
    if authorise:
        tenant.authorise(order, note)
    return note
