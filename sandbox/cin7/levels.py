"""Stock on hand by product and place, and what the availability list says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.cin7.documents import ZERO, Purchase
from sandbox.cin7.wire import JsonObject, Refusal
from sandbox.world import Location, Product, opening_stock

if TYPE_CHECKING:
    from sandbox.cin7.tenant import Tenant

LEVEL_CHANGED = "Stock/AvailableStockLevelChanged"


def on_hand(tenant: Tenant, product: Product, place_id: str) -> Decimal:
    """Pieces of a product in a warehouse without its bins, or in one bin."""
    held = tenant.state.levels.get((product.id, place_id), ZERO)
    if tenant.settings.opening_stock == "none":
        return held
    location = next((one for one in tenant.world.locations if one.id == place_id), None)
    return held + (opening_stock(product, location) if location else ZERO)


def move(tenant: Tenant, moves: Iterable[tuple[Product, str, Decimal]]) -> None:
    """Goods come to a place (positive) or go, all of them or none. Services move nothing. Cin7 lets no stock
    fall below zero."""
    changes: dict[tuple[str, str], Decimal] = {}
    products: dict[str, Product] = {}
    for product, place_id, quantity in moves:
        if product.type == "Stock":
            products[product.id] = product
            key = (product.id, place_id)
            changes[key] = changes.get(key, ZERO) + quantity
    for (product_id, place_id), quantity in changes.items():
        if quantity < 0 and on_hand(tenant, products[product_id], place_id) + quantity < 0:
            place, sku = find_place(tenant, "", place_id)[0], products[product_id].sku
            raise Refusal(f"Not enough stock of product '{sku}' in location '{place}'")
    for key, quantity in changes.items():
        tenant.state.levels[key] = tenant.state.levels.get(key, ZERO) + quantity
    if tenant.is_heard(LEVEL_CHANGED):
        for product_id in {product_id for (product_id, _), quantity in changes.items() if quantity}:
            rows = [_event_row(row) for row in product_rows(tenant, products[product_id])]
            tenant.emit(LEVEL_CHANGED, {"rows": rows})


def find_place(tenant: Tenant, name: str, identifier: str) -> tuple[str, str]:
    """Name and id of a place by its id, or by a warehouse's name; the names of bins are refused."""
    for location in tenant.world.locations:
        if identifier == location.id or (not identifier and name == location.name):
            return location.name, location.id
        for place in location.bins:
            if identifier == place.id:
                return f"{location.name}: {place.name}", place.id
    raise Refusal(f"Location '{name or identifier}' was not found in Locations reference book")


def product_rows(tenant: Tenant, product: Product) -> Iterator[JsonObject]:
    """One row per place that holds something, or that the switch shows. `StockOnHand` is a value, not a
    quantity (seen in the field); what is ordered and in transit is the warehouse's, also on rows of bins."""
    for location in tenant.world.locations:
        coming = (_on_order(tenant, product, location), _in_transit(tenant, product, location))
        for bin_name, place_id in ((None, location.id), *((one.name, one.id) for one in location.bins)):
            quantity = on_hand(tenant, product, place_id)
            of_warehouse = bin_name is None
            shown = of_warehouse and tenant.settings.zero_availability_rows == "present"
            if quantity or shown or (of_warehouse and any(coming)):
                yield _row(product, location.name, bin_name, quantity, coming)


def _row(
    product: Product, place: str, bin_name: str | None, quantity: Decimal, coming: tuple[Decimal, Decimal]
) -> JsonObject:
    return {
        "ID": product.id,
        "SKU": product.sku,
        "Name": product.name,
        "Barcode": None,
        "Location": place,
        "Bin": bin_name,
        "Batch": None,
        "ExpiryDate": None,
        "OnHand": quantity,
        "Allocated": 0,
        "Available": quantity,
        "OnOrder": coming[0],
        "StockOnHand": quantity * product.cost,
        "InTransit": coming[1],
        "NextDeliveryDate": None,
    }


def _event_row(row: JsonObject) -> JsonObject:
    kept = {name: value for name, value in row.items() if name not in ("InTransit", "NextDeliveryDate")}
    return {**kept, "Category": None, "MaxRows": 3}


def _on_order(tenant: Tenant, product: Product, location: Location) -> Decimal:
    """Ordered and not received yet."""
    return sum(
        (
            max(_ordered(purchase, product) - _received(purchase, product), ZERO)
            for purchase in tenant.state.open_purchases(product.id)
            if purchase.location == location.name
        ),
        ZERO,
    )


def _ordered(purchase: Purchase, product: Product) -> Decimal:
    lines = purchase.order.lines
    return sum((line.quantity for line in lines if line.product and line.product.id == product.id), ZERO)


def _received(purchase: Purchase, product: Product) -> Decimal:
    lines = (line for one in purchase.receipts if one.status == "AUTHORISED" for line in one.lines)
    return sum((line.quantity for line in lines if line.product.id == product.id), ZERO)


def _in_transit(tenant: Tenant, product: Product, location: Location) -> Decimal:
    """On its way to this warehouse or one of its bins."""
    places = {location.id, *(one.id for one in location.bins)}
    return sum(
        (
            quantity
            for transfer in tenant.state.transfers.values()
            if transfer.status == "IN TRANSIT" and transfer.to_id in places
            for moved, quantity in transfer.lines
            if moved.id == product.id
        ),
        ZERO,
    )
