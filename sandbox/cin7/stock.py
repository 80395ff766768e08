"""What moves goods in and out, and what that does to Cin7's ledger. Costs in base currency.

A shipment debits cost of goods sold and credits inventory, a restocking credit note does the opposite; goods
received post nothing unless the Accrued Inventory feature is on (Cin7's help centre). Every unit costs the
product's average cost, which is constant here.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.cin7 import levels
from sandbox.cin7.documents import (
    ZERO,
    Document,
    Fulfilment,
    Movement,
    Purchase,
    Receipt,
    Sale,
    StockLine,
    rounded,
)
from sandbox.cin7.ledger import ACCRUED_INVENTORY, COST_OF_GOODS_SOLD, INVENTORY
from sandbox.cin7.wire import Refusal
from sandbox.world import Product

if TYPE_CHECKING:
    from sandbox.cin7.tenant import Tenant


def stock_line(
    tenant: Tenant, product: Product, quantity: Decimal, day: dt.date, location: str, bin_name: str = ""
) -> StockLine:
    """A quantity of a product at a location, or in one of its bins, by name."""
    place = tenant.locations[location]
    for one in place.bins if bin_name else ():
        if one.name == bin_name:
            name = f"{place.name}: {one.name}"
            return StockLine(tenant.new_id("card"), product, quantity, day, name, one.id)
    if bin_name:
        raise Refusal(f"Location '{location}: {bin_name}' was not found in Locations reference book")
    return StockLine(tenant.new_id("card"), product, quantity, day, place.name, place.id)


def moved(tenant: Tenant, lines: list[StockLine], sign: int) -> None:
    """These goods come (1) or go (-1), all of them or none."""
    levels.move(tenant, [(line.product, line.location_id, sign * line.quantity) for line in lines])


# ---- sales


def ship(tenant: Tenant, sale: Sale, fulfilment: Fulfilment) -> None:
    """Authorise a shipment: cost of goods sold against inventory."""
    tenant.refuse_locked(fulfilment.date)
    moved(tenant, fulfilment.lines, -1)
    if fulfilment not in sale.fulfilments:
        sale.fulfilments.append(fulfilment)
    fulfilment.shipped = True
    for line in fulfilment.lines:
        _sold(
            tenant, sale, fulfilment, line.product, line.quantity, rounded(line.quantity * line.product.cost)
        )
    tenant.touch(sale)
    tenant.emit("Sale/ShipmentAuthorised", sale)


def undo_shipment(tenant: Tenant, sale: Sale, fulfilment: Fulfilment) -> None:
    """The goods are back in the box: the rows again with negative amounts, on the same date."""
    if not fulfilment.shipped:
        raise Refusal("Shipment is not authorised")
    tenant.refuse_locked(fulfilment.date)
    _take_back(tenant, sale, fulfilment)
    tenant.touch(sale)
    tenant.emit("Sale/Undo", sale)


def void_shipments(tenant: Tenant, sale: Sale) -> None:
    for fulfilment in sale.fulfilments:
        if fulfilment.shipped:
            _take_back(tenant, sale, fulfilment)
        fulfilment.voided, fulfilment.lines = True, []


def change_cost(
    tenant: Tenant, sale: Sale, fulfilment: Fulfilment, amount: Decimal, day: dt.date | None
) -> None:
    """The goods shipped turn out to cost `amount` more: rows on the date of the shipment.

    Cin7 does so when a purchase invoice comes after the sale. The order's stamp does not move, and no webhook
    tells of it.
    """
    if not fulfilment.shipped:
        raise Refusal("Shipment is not authorised")
    _sold(tenant, sale, fulfilment, fulfilment.lines[0].product, ZERO, amount, day)


def restock(tenant: Tenant, sale: Sale, note: Document) -> None:
    """Take the cost of what came back out of cost of goods sold, as far as it had been shipped."""
    if note.kind == "credit_note":
        moved(tenant, note.stock, 1)
    for line in note.stock if note.kind == "credit_note" else ():
        quantity, cost = sale.shipped(line.product)
        back = min(line.quantity, quantity)
        if back <= 0:
            continue
        amount = rounded(cost * back / quantity)
        sale.movements.append(Movement(note.task_id, line.product, -back, line.date, -amount))
        tenant.state.ledger.post_stock(
            sale,
            note.task_id,
            (INVENTORY, COST_OF_GOODS_SOLD),
            amount,
            line.date,
            tenant.new_id,
            reference=note.number,
            origin="document",
        )


def forget_restock(tenant: Tenant, sale: Sale, note: Document) -> None:
    """The note is withdrawn (its rows were reversed with it): the goods count as sold again."""
    if note.kind == "credit_note":
        moved(tenant, note.stock, -1)
        sale.movements = [one for one in sale.movements if one.task_id != note.task_id]


def _sold(
    tenant: Tenant,
    sale: Sale,
    fulfilment: Fulfilment,
    product: Product,
    quantity: Decimal,
    cost: Decimal,
    day: dt.date | None = None,
) -> None:
    date = day or fulfilment.date
    sale.movements.append(Movement(fulfilment.task_id, product, quantity, date, cost))
    number = next((invoice.number for invoice in sale.live_invoices), sale.number)
    tenant.state.ledger.post_stock(
        sale,
        fulfilment.task_id,
        (COST_OF_GOODS_SOLD, INVENTORY),
        cost,
        date,
        tenant.new_id,
        reference=number,
        origin="cost",
    )


def _take_back(tenant: Tenant, sale: Sale, fulfilment: Fulfilment) -> None:
    tenant.state.ledger.reverse_task(sale, fulfilment.task_id, tenant.new_id, "cost")
    sale.movements = [one for one in sale.movements if one.task_id != fulfilment.task_id]
    moved(tenant, fulfilment.lines, 1)
    fulfilment.shipped = False


# ---- purchases


def receive(tenant: Tenant, purchase: Purchase, receipt: Receipt) -> None:
    """Authorise goods received."""
    moved(tenant, receipt.lines, 1)
    receipt.status = "AUTHORISED"
    if not any(one.is_authorised and one.task_id == receipt.task_id for one in purchase.invoices):
        _accrue(tenant, purchase, receipt)
    tenant.touch(purchase)
    group = Document(
        receipt.task_id,
        "invoice",
        purchase.invoices[-1].number if purchase.invoices else "",
        receipt.group,
        purchase.date,
        None,
        purchase.rate,
    )
    tenant.emit("Purchase/StockReceivedAuthorised", purchase, group)


def undo_receipt(tenant: Tenant, purchase: Purchase, receipt: Receipt) -> None:
    """The receipt is a draft again and its goods are gone. No webhook type exists for it."""
    if receipt.status != "AUTHORISED":
        raise Refusal("StockReceived is not authorised")
    tenant.refuse_locked(max(line.date for line in receipt.lines))
    moved(tenant, receipt.lines, -1)
    tenant.state.ledger.reverse_task(purchase, receipt.task_id, tenant.new_id, "accrual")
    receipt.status = "DRAFT"
    tenant.touch(purchase)


def void_receipts(tenant: Tenant, purchase: Purchase) -> None:
    for receipt in purchase.receipts:
        if receipt.status == "AUTHORISED":
            undo_receipt(tenant, purchase, receipt)
        receipt.status, receipt.lines = "VOIDED", []


def unstock(tenant: Tenant, purchase: Purchase, note: Document) -> None:
    """Goods of a purchase's credit note go back to the supplier."""
    if note.kind == "credit_note":
        moved(tenant, note.stock, -1)


def forget_unstock(tenant: Tenant, note: Document) -> None:
    if note.kind == "credit_note":
        moved(tenant, note.stock, 1)


def release_accrual(tenant: Tenant, purchase: Purchase, invoice: Document) -> None:
    """The invoice of received goods has come: take the accrual back."""
    if invoice.kind == "invoice":
        tenant.state.ledger.reverse_task(purchase, invoice.task_id, tenant.new_id, "accrual")


def accrue_again(tenant: Tenant, purchase: Purchase, invoice: Document) -> None:
    """The invoice of received goods is withdrawn."""
    for receipt in purchase.receipts:
        if (receipt.task_id, receipt.status, invoice.kind) == (invoice.task_id, "AUTHORISED", "invoice"):
            _accrue(tenant, purchase, receipt)


def _accrue(tenant: Tenant, purchase: Purchase, receipt: Receipt) -> None:
    """Inventory against the accrual account, at the order's prices; only with Accrued Inventory."""
    if not tenant.settings.accrued_inventory:
        return
    for line in receipt.lines:
        ordered = next((one for one in purchase.order.lines if one.product == line.product), None)
        if ordered is None or not ordered.quantity:
            continue
        net = ordered.total - ordered.tax if purchase.inclusive else ordered.total
        tenant.state.ledger.post_stock(
            purchase,
            receipt.task_id,
            (purchase.account or INVENTORY, ACCRUED_INVENTORY),
            net * line.quantity / ordered.quantity * purchase.rate,
            line.date,
            tenant.new_id,
            reference=purchase.number,
            origin="accrual",
        )
