"""What a Cin7 webhook payload points at. Nothing else of a payload is believed: the record is read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cin7_nav.wire.fields import Guid, OneOrMany, Record, Text, WireError, parse


class Entity(StrEnum):
    SALE = "sale"
    PURCHASE = "purchase"
    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A record to look at now."""

    entity: Entity
    id: str
    """Lower-case GUID. For a purchase it may be that of an invoice or receiving task (seen in the field)."""
    number: str = ""
    """The order number, to find the purchase by where `id` is none."""


class _SaleEvent(Record):
    SaleID: Guid = ""
    SaleTaskID: Guid = ""
    """The same ID under the name that the shipment and invoice events use."""
    SaleOrderNumber: Text = ""
    OrderNumber: Text = ""


class _PurchaseEvent(Record):
    TaskID: Guid = ""
    PurchaseOrderNumber: Text = ""


class _Keyed(Record):
    ID: Guid = ""


class _CustomerEntry(Record):
    Customer: _Keyed


class _SupplierEntry(Record):
    Supplier: _Keyed


class _PurchaseHeader(_Keyed):
    OrderNumber: Text = ""


class _CustomersEvent(Record):
    CustomerDetailsList: OneOrMany[_CustomerEntry]


class _SuppliersEvent(Record):
    SupplierDetailsList: OneOrMany[_SupplierEntry]


class _ProductsEvent(Record):
    ProductDetailsList: OneOrMany[_Keyed]


class _PurchasesEvent(Record):
    CustomerDetailsList: OneOrMany[_PurchaseHeader]
    """Cin7 names the list so although it holds purchases."""


def pointers(event_type: str, payload: Any) -> tuple[Pointer, ...]:
    """The records that an event of this webhook type is about; raises `WireError` where it names none.

    Types that concern no record we read (stock levels, leads, tasks) give an empty tuple.
    """
    record = f"webhook {event_type.strip()}"
    try:
        topic = Entity(event_type.strip().partition("/")[0].casefold())
    except ValueError:
        return ()
    if not isinstance(payload, Mapping):
        raise WireError(record, (("", "object expected"),))
    found = tuple(_pointers(topic, payload, record))
    if not all(pointer.id or pointer.number for pointer in found):
        raise WireError(record, (("", "no record ID in the payload"),))
    return found


def _pointers(topic: Entity, payload: Mapping[str, Any], record: str) -> Iterator[Pointer]:
    if topic is Entity.SALE:
        sale = parse(_SaleEvent, payload, record)
        yield Pointer(Entity.SALE, sale.SaleID or sale.SaleTaskID, sale.SaleOrderNumber or sale.OrderNumber)
    elif topic is Entity.PURCHASE and "CustomerDetailsList" in payload:
        for purchase in parse(_PurchasesEvent, payload, record).CustomerDetailsList:
            yield Pointer(Entity.PURCHASE, purchase.ID, purchase.OrderNumber)
    elif topic is Entity.PURCHASE:
        event = parse(_PurchaseEvent, payload, record)
        yield Pointer(Entity.PURCHASE, event.TaskID, event.PurchaseOrderNumber)
    elif topic is Entity.CUSTOMER:
        for customer in parse(_CustomersEvent, payload, record).CustomerDetailsList:
            yield Pointer(Entity.CUSTOMER, customer.Customer.ID)
    elif topic is Entity.SUPPLIER:
        for supplier in parse(_SuppliersEvent, payload, record).SupplierDetailsList:
            yield Pointer(Entity.SUPPLIER, supplier.Supplier.ID)
    else:
        for product in parse(_ProductsEvent, payload, record).ProductDetailsList:
            yield Pointer(Entity.PRODUCT, product.ID)
