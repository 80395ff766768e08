"""What people in the warehouse do in one step: ship, receive, adjust."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from sandbox.cin7 import levels, stock
from sandbox.cin7.documents import ZERO, Fulfilment, Line, Order, Purchase, Receipt, Sale, StockLine
from sandbox.cin7.purchase_routes import next_group
from sandbox.cin7.specs import (
    AdjustmentSpec,
    CountSpec,
    QuantitySpec,
    ReceiveSpec,
    ShipmentSpec,
    ShipSpec,
)
from sandbox.cin7.stock_documents import StockTask, complete, counted, new_task
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import Refusal
from sandbox.world import Product


def ship(tenant: Tenant, order_id: str, spec: ShipSpec) -> tuple[Sale, Fulfilment]:
    """Pick, pack and ship; a shipment that was undone goes out again."""
    sale = tenant.sale(order_id)
    if sale.voided or sale.type in ("Service", "Credit Note") or sale.order.status != "AUTHORISED":
        raise Refusal("Order should be authorised before the shipment")
    day = spec.date or tenant.clock.today()
    with tenant.announcing(spec.announce):
        packed = next((one for one in sale.fulfilments if not one.shipped and not one.voided), None)
        if packed is not None and spec.lines is None:
            packed.date = day
            stock.ship(tenant, sale, packed)
            return sale, packed
        gone = (line for one in sale.fulfilments if one.shipped for line in one.lines)
        lines = _lines(tenant, sale, spec.lines, gone, day)
        if packed is None:
            first = not sale.fulfilments
            if sale.type == "Simple" and not first:
                sale.type = "Advanced"
            packed = Fulfilment(
                task_id=sale.id if sale.type == "Simple" else tenant.new_id("fulfilment"),
                number=len(sale.fulfilments) + 1,
                date=day,
                ship_id=tenant.new_id("shipment"),
            )
        packed.date, packed.lines = day, lines
        stock.ship(tenant, sale, packed)
        return sale, packed


def undo_shipment(tenant: Tenant, order_id: str, spec: ShipmentSpec) -> tuple[Sale, Fulfilment]:
    sale, fulfilment = _shipment(tenant, order_id, spec)
    with tenant.announcing(spec.announce):
        stock.undo_shipment(tenant, sale, fulfilment)
    return sale, fulfilment


def change_cost(tenant: Tenant, order_id: str, spec: ShipmentSpec) -> tuple[Sale, Fulfilment]:
    sale, fulfilment = _shipment(tenant, order_id, spec)
    stock.change_cost(tenant, sale, fulfilment, spec.amount, spec.date)
    return sale, fulfilment


def receive(tenant: Tenant, order_id: str, spec: ReceiveSpec) -> tuple[Purchase, Receipt]:
    """Receive goods in the group of an invoice that waits for them, or else in a new one."""
    purchase = tenant.purchase(order_id)
    if purchase.voided or purchase.type in ("Service", "Credit Note"):
        raise Refusal("Purchase has no goods to receive")
    if purchase.order.status != "AUTHORISED":
        raise Refusal("Order should be authorised before StockReceived")
    if purchase.approach == "INVOICE" and not purchase.live_invoices:
        raise Refusal("'Invoice First' approach option set. Please authorise Invoice before StockReceived")
    day = spec.date or tenant.clock.today()
    there = (line for one in purchase.receipts for line in one.lines)
    lines = _lines(tenant, purchase, spec.lines, there, day)
    if spec.quantity is not None:
        for line in lines:
            line.quantity = spec.quantity
    with tenant.announcing(spec.announce):
        receipt = _receipt(tenant, purchase)
        receipt.lines = lines
        stock.receive(tenant, purchase, receipt)
    return purchase, receipt


def undo_receipt(tenant: Tenant, order_id: str, spec: ShipmentSpec) -> tuple[Purchase, Receipt]:
    purchase = tenant.purchase(order_id)
    for receipt in reversed(purchase.receipts):
        chosen = receipt.task_id == spec.task_id or spec.task_id is None
        if chosen and receipt.status == "AUTHORISED":
            with tenant.announcing(spec.announce):
                stock.undo_receipt(tenant, purchase, receipt)
            return purchase, receipt
    raise Refusal("StockReceived was not found")


def adjust(tenant: Tenant, spec: AdjustmentSpec) -> StockTask:
    """Add to the stock on hand, or take from it, by a completed adjustment."""
    product = _product(tenant, spec.sku)
    day = spec.date or tenant.clock.today()
    tenant.refuse_locked(day)
    place = tenant.locations[spec.location]
    held = levels.on_hand(tenant, product, place.id)
    if held + spec.quantity < 0:
        raise Refusal(f"Not enough stock of product '{product.sku}' in location '{place.name}'")
    with tenant.announcing(spec.announce):
        task = new_task(tenant, "adjustment", day=day, account=spec.account, reference=spec.reference)
        line = counted(tenant, product, (place.name, place.id), held + spec.quantity)
        line.unit_cost = product.cost if spec.cost is None else spec.cost
        task.lines = [line]
        complete(tenant, task)
    return task


def count(tenant: Tenant, spec: CountSpec) -> StockTask:
    """A completed stock take of some products of a warehouse."""
    day = spec.date or tenant.clock.today()
    place = tenant.locations[spec.location]
    with tenant.announcing(spec.announce):
        task = new_task(
            tenant,
            "take",
            day=day,
            account=spec.account,
            reference="",
            place=place.name,
            place_id=place.id,
        )
        task.lines = [
            counted(tenant, _product(tenant, one.sku), (place.name, place.id), one.quantity)
            for one in spec.counts
        ]
        complete(tenant, task)
    return task


def _shipment(tenant: Tenant, order_id: str, spec: ShipmentSpec) -> tuple[Sale, Fulfilment]:
    sale = tenant.sale(order_id)
    for fulfilment in reversed(sale.fulfilments):
        if fulfilment.task_id == spec.task_id or (spec.task_id is None and fulfilment.shipped):
            return sale, fulfilment
    raise Refusal("Shipment was not found")


def _receipt(tenant: Tenant, purchase: Purchase) -> Receipt:
    taken = {receipt.task_id for receipt in purchase.receipts}
    if purchase.type == "Simple" and taken:
        purchase.type = "Advanced"  # a simple purchase has one receipt
    waiting = next(
        (one for one in purchase.invoices if one.status != "VOIDED" and one.task_id not in taken), None
    )
    if waiting is not None:
        receipt = Receipt(waiting.task_id, waiting.group)
    else:
        task_id = purchase.id if purchase.type == "Simple" else tenant.new_id("purchase group")
        receipt = Receipt(task_id, next_group(purchase))
    purchase.receipts.append(receipt)
    return receipt


def _lines(
    tenant: Tenant,
    order: Order,
    wanted: list[QuantitySpec] | None,
    moved: Iterable[StockLine],
    day: dt.date,
) -> list[StockLine]:
    """The goods asked for, or all of the order that has not moved."""
    if wanted is None:
        quantities = _open(order.order.lines, moved)
    else:
        quantities = [(_product(tenant, one.sku), one.quantity) for one in wanted]
    if not quantities:
        raise Refusal("'Lines' collection cannot be empty")
    lines = [
        stock.stock_line(tenant, product, quantity, day, order.location) for product, quantity in quantities
    ]
    for line, one in zip(lines, wanted or (), strict=False):
        if one.bin:
            found = stock.stock_line(tenant, line.product, line.quantity, day, order.location, one.bin)
            line.location, line.location_id = found.location, found.location_id
        line.batch, line.non_inventory = one.batch, line.product.type != "Stock"
    return lines


def _open(ordered: list[Line], moved: Iterable[StockLine]) -> list[tuple[Product, Decimal]]:
    left: dict[str, tuple[Product, Decimal]] = {}
    for line in ordered:
        if line.product is not None and line.product.type == "Stock":
            _, before = left.get(line.product.id, (line.product, ZERO))
            left[line.product.id] = (line.product, before + line.quantity)
    for row in moved:
        if row.product.id in left:
            left[row.product.id] = (row.product, left[row.product.id][1] - row.quantity)
    return [(product, quantity) for product, quantity in left.values() if quantity > 0]


def _product(tenant: Tenant, sku: str) -> Product:
    product = tenant.by_sku.get(sku.lower())
    if product is None:
        raise Refusal(f"Product '{sku}' was not found")
    return product
