"""Orders, invoices and credit notes as the simulator keeps them. Amounts in document currency."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from sandbox.world import Product

ZERO = Decimal(0)
CENT = Decimal("0.01")
ZERO_ID = "00000000-0000-0000-0000-000000000000"
AUTHORISED = ("AUTHORISED", "PAID")


def rounded(value: Decimal, decimals: int = 2) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@dataclass(slots=True)
class Line:
    """A product line, or (without product) an additional charge."""

    product: Product | None
    description: str
    quantity: Decimal
    price: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    """Net of tax in exclusive documents, gross in inclusive ones."""
    tax_rule: str
    account: str = ""
    comment: str = ""
    reference: str = ""
    supplier_sku: str = ""


@dataclass(slots=True)
class Totals:
    before_tax: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO
    tax_by_rule: dict[str, Decimal] = field(default_factory=dict)


def totals(lines: Iterable[Line], *, inclusive: bool, percents: dict[str, Decimal], method: str) -> Totals:
    """The totals of a document. `method` is `/me`'s TaxCalculationMethod: tax per row or per document."""
    rows = list(lines)
    amount = sum((row.total for row in rows), ZERO)
    by_rule: dict[str, Decimal] = {}
    for row in rows:
        by_rule[row.tax_rule] = by_rule.get(row.tax_rule, ZERO) + (
            row.tax if method == "Row Total" else row.total
        )
    if method != "Row Total":
        by_rule = {rule: tax_of(base, percents[rule], inclusive) for rule, base in by_rule.items()}
    tax = sum(by_rule.values(), ZERO)
    before = rounded(amount - tax if inclusive else amount)
    return Totals(before, tax, before + tax, by_rule)


def tax_of(total: Decimal, percent: Decimal, inclusive: bool) -> Decimal:
    """The tax on (or inside) a line total, rounded to cents."""
    return rounded(total * percent / (100 + percent if inclusive else 100))


@dataclass(slots=True)
class Payment:
    id: str
    task_id: str
    type: Literal["Payment", "Refund"]
    amount: Decimal
    date: dt.date
    account: str
    rate: Decimal
    reference: str
    created: dt.datetime


@dataclass(slots=True)
class StockLine:
    """A received, restocked or unstocked quantity."""

    card_id: str
    product: Product
    quantity: Decimal
    date: dt.date
    location: str
    location_id: str
    batch: str | None = None
    non_inventory: bool = False


@dataclass(slots=True)
class Movement:
    """What a quantity that left cost (base currency); negative for one that came back."""

    task_id: str
    product: Product
    quantity: Decimal
    date: dt.date
    cost: Decimal


@dataclass(slots=True)
class Fulfilment:
    """A picked, packed and shipped task of a sale; undoing the shipment leaves it packed."""

    task_id: str
    number: int
    date: dt.date
    ship_id: str
    shipped: bool = True
    voided: bool = False
    lines: list[StockLine] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """An invoice or a credit note. `number` of a purchase is what the supplier's paper says."""

    task_id: str
    kind: Literal["invoice", "credit_note"]
    number: str
    group: int
    """Its place on the order, from 1; for purchases the invoicing and receiving number."""
    date: dt.date
    due_date: dt.date | None
    rate: Decimal
    status: str = "DRAFT"
    memo: str = ""
    invoice_number: str = ""
    """Credit notes: the number of the invoice they credit."""
    linked_fulfilment: str | None = None
    lines: list[Line] = field(default_factory=list)
    charges: list[Line] = field(default_factory=list)
    stock: list[StockLine] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    authorised_at: dt.datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    """Laid over the body that the API sends."""

    @property
    def rows(self) -> list[Line]:
        return self.lines + self.charges

    @property
    def is_authorised(self) -> bool:
        return self.status in AUTHORISED

    @property
    def paid(self) -> Decimal:
        return sum((payment.amount for payment in self.payments), ZERO)


@dataclass(slots=True)
class Receipt:
    """Stock received for a purchase: one invoicing-and-receiving group."""

    task_id: str
    group: int
    status: str = "DRAFT"
    lines: list[StockLine] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """The quote or the order stage."""

    status: str = "NOT AVAILABLE"
    memo: str = ""
    lines: list[Line] = field(default_factory=list)
    charges: list[Line] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)


@dataclass(slots=True)
class Order:
    """What a sale and a purchase have in common."""

    id: str
    sequence: int
    number: str
    type: Literal["Simple", "Advanced", "Service", "Credit Note"]
    """`Credit Note`: a stand-alone credit note, which has no order and no invoice."""
    party_id: str
    party: str
    currency: str
    rate: Decimal
    tax_rule: str
    inclusive: bool
    terms: str
    location: str
    date: dt.date
    created: dt.datetime
    updated: dt.datetime
    contact: str = ""
    phone: str = ""
    email: str = ""
    note: str = ""
    needed_by: dt.date | None = None
    """ShipBy of a sale, RequiredBy of a purchase."""
    account: str = ""
    """DefaultAccount of a sale, InventoryAccount of a purchase."""
    voided: bool = False
    order: Part = field(default_factory=Part)
    invoices: list[Document] = field(default_factory=list)
    credit_notes: list[Document] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    """Additional attributes by number, `1` to `10`."""
    billing: dict[str, str | None] = field(default_factory=dict)
    shipping: dict[str, str | None] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    """Laid over the body that the API sends."""

    @property
    def shown_type(self) -> str:
        """The Type that lists and bodies show."""
        side = "Sale" if isinstance(self, Sale) else "Purchase"
        return self.type if self.type == "Credit Note" else f"{self.type} {side}"

    @property
    def documents(self) -> list[Document]:
        return self.invoices + self.credit_notes

    @property
    def live_invoices(self) -> list[Document]:
        return [invoice for invoice in self.invoices if invoice.is_authorised]

    @property
    def live_credit_notes(self) -> list[Document]:
        return [note for note in self.credit_notes if note.is_authorised]

    @property
    def invoiced(self) -> Decimal:
        return sum((invoice.totals.total for invoice in self.live_invoices), ZERO)

    @property
    def credited(self) -> Decimal:
        return sum((note.totals.total for note in self.live_credit_notes), ZERO)

    @property
    def paid(self) -> Decimal:
        received = sum((invoice.paid for invoice in self.live_invoices), ZERO)
        return received - sum((note.paid for note in self.live_credit_notes), ZERO)

    @property
    def wholly_invoiced(self) -> bool:
        expected = sum((line.quantity for line in self.order.lines), ZERO)
        done = sum((line.quantity for invoice in self.live_invoices for line in invoice.lines), ZERO)
        return bool(self.live_invoices) and done >= expected


@dataclass(slots=True)
class Sale(Order):
    skip_quote: bool = True
    quote: Part = field(default_factory=Part)
    sales_rep: str = ""
    channel: str | None = None
    reference: str = ""
    external_id: str | None = None
    carrier: str = ""
    price_tier: str = "Tier 1"
    shipping_notes: str = ""
    fulfilments: list[Fulfilment] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)

    @property
    def cost(self) -> Decimal:
        return sum((movement.cost for movement in self.movements), ZERO)

    def shipped(self, product: Product) -> tuple[Decimal, Decimal]:
        """The quantity that is out, and its cost."""
        out = [movement for movement in self.movements if movement.product.id == product.id]
        return sum((one.quantity for one in out), ZERO), sum((one.cost for one in out), ZERO)


@dataclass(slots=True)
class Purchase(Order):
    approach: Literal["INVOICE", "STOCK"] = "INVOICE"
    blind_receipt: bool = False
    receipts: list[Receipt] = field(default_factory=list)
