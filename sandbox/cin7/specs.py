"""What the admin's scenarios may be asked for, and the request rows that come of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.cin7.documents import Order, Sale
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import Refusal


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
    """The order's; null: the currency's usual one."""
    document_rate: Decimal | None = None
    """The invoice's own; null: the order's."""
    memo: str = ""
    attributes: dict[str, str] = Field(default_factory=dict)
    """Additional attributes by number."""
    order_id: str | None = None
    """Invoice this order instead of making one. Null `lines`: what is open on it; others are added to it."""
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
    approach: Literal["INVOICE", "STOCK"] = "INVOICE"


class ChangeSpec(Spec):
    """What an action on an invoice or credit note may bring along."""

    announce: bool = True
    lines: list[LineSpec] | None = None
    """For `reauthorise`: other lines than before. For `credit`: null for those of the invoice."""
    charges: list[ChargeSpec] | None = None
    amount: Decimal | None = None
    """For `pay`; null: the whole balance."""
    fraction: Decimal = Field(default=Decimal(1), gt=0, le=1)
    """For `credit`: the share of the invoice's quantities."""
    restock: bool | None = None
    """For `credit` and `reauthorise` of a credit note: whether the goods go back to (or leave) the stock."""
    number: str | None = None
    """For `credit`, null: a new one; for `reauthorise`, null: as before."""
    date: dt.date | None = None
    """For `credit`, null: today; for `reauthorise`, null: as before."""
    rate: Decimal | None = None
    """For `credit`, null: the invoice's; for `reauthorise`, null: as before."""
    memo: str = ""
    """For both; empty: none, or as before."""
    authorise: bool = True
    """For `credit`."""


class CreditNoteSpec(Spec):
    """A stand-alone credit note; amounts in the party's currency."""

    kind: Literal["sale", "purchase"] = "sale"
    customer: str | None = None
    supplier: str | None = None
    lines: list[LineSpec] | None = None
    """Null: one line of the first product, unless there are charges."""
    charges: list[ChargeSpec] = Field(default_factory=list)
    location: str = "London"
    inclusive: bool = False
    restock: bool = False
    number: str | None = None
    date: dt.date | None = None
    rate: Decimal | None = None
    memo: str = ""
    attributes: dict[str, str] = Field(default_factory=dict)
    authorise: bool = True
    announce: bool = True


class QuantitySpec(Spec):
    sku: str = "HV-0001"
    quantity: Decimal = Field(default=Decimal(1), gt=0)
    bin: str = ""
    """A bin of the order's location; empty: the location itself."""
    batch: str | None = None


class ShipSpec(Spec):
    lines: list[QuantitySpec] | None = None
    """Null: all that is open."""
    date: dt.date | None = None
    announce: bool = True


class ShipmentSpec(Spec):
    """For `undo-shipment` and `cost-change`."""

    task_id: str | None = None
    """Null: the last shipment."""
    amount: Decimal = Decimal(0)
    """For `cost-change`: how much more the goods cost."""
    date: dt.date | None = None
    """For `cost-change`; null: the date of the shipment."""
    announce: bool = True


class ReceiveSpec(Spec):
    lines: list[QuantitySpec] | None = None
    """Null: all that is open."""
    quantity: Decimal | None = Field(default=None, gt=0)
    """Of every open line; null: all of it."""
    date: dt.date | None = None
    announce: bool = True


class AdjustmentSpec(Spec):
    sku: str = "HV-0001"
    quantity: Decimal = Decimal(1)
    """What is added to the stock on hand; negative: taken from it."""
    cost: Decimal | None = None
    """Of one unit; null: the product's."""
    account: str = "310"
    date: dt.date | None = None
    reference: str = ""
    location: str = "London"
    announce: bool = True


class CountedSpec(Spec):
    sku: str = "HV-0001"
    quantity: Decimal = Field(default=Decimal(0), ge=0)
    """What was found."""


class CountSpec(Spec):
    """A stock take, completed at once."""

    location: str = "London"
    counts: list[CountedSpec]
    account: str = "310"
    date: dt.date | None = None
    announce: bool = True


def rows(
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
