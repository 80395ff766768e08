"""A seeded trading day and bulk history: only parties that resolve and accounts that map."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from sandbox.cin7.documents import Document, Order
from sandbox.cin7.scenario import make_purchase_invoice, make_sale_invoice, pay
from sandbox.cin7.specs import (
    ChargeSpec,
    InvoiceSpec,
    LineSpec,
    PurchaseInvoiceSpec,
    SaleInvoiceSpec,
    Spec,
)
from sandbox.cin7.tenant import Tenant

_SEQUENCE: tuple[tuple[bool, Literal["Simple", "Advanced", "Service"], bool], ...] = (
    (True, "Simple", False), (False, "Simple", False),
    (True, "Advanced", False), (True, "Advanced", True),
    (False, "Advanced", False), (False, "Advanced", True),
    (True, "Service", False), (False, "Service", False),
)  # fmt: skip
"""What comes round and round: sale?, type, on the order of the one before?"""


class TradingDaySpec(Spec):
    invoices: int = Field(default=24, ge=1, le=10_000)
    seconds: float = Field(default=60.0, ge=0)
    """Real seconds over which they are spread."""
    seed: int = 1
    announced: float = Field(default=0.7, ge=0, le=1)
    """The share that webhooks tell of; the rest only polling finds."""


class BulkSpec(Spec):
    sales: int = Field(default=0, ge=0, le=100_000)
    purchases: int = Field(default=0, ge=0, le=100_000)
    from_: dt.date = Field(alias="from")
    to: dt.date
    seed: int = 1
    updated: Literal["date", "now"] = "date"
    """The modification stamp: the day of the invoice, or this moment (so that polling finds all)."""

    @model_validator(mode="after")
    def _ordered(self) -> BulkSpec:
        if self.to < self.from_:
            raise ValueError("`to` lies before `from`")
        return self


@dataclass
class TradingDay:
    """The progress of a day that runs in the background."""

    planned: int = 0
    authorised: list[str] = field(default_factory=list)
    state: Literal["idle", "running", "finished", "failed"] = "idle"
    task: asyncio.Task[None] | None = None

    def shown(self) -> dict[str, object]:
        return {"state": self.state, "planned": self.planned, "authorised": self.authorised}

    def start(self, tenant: Tenant, spec: TradingDaySpec) -> None:
        self.planned, self.authorised, self.state = spec.invoices, [], "running"
        self.task = asyncio.get_running_loop().create_task(self._run(tenant, spec))

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def _run(self, tenant: Tenant, spec: TradingDaySpec) -> None:
        chance = random.Random(spec.seed)
        announced = round(spec.invoices * spec.announced)
        shares = [True] * announced + [False] * (spec.invoices - announced)
        chance.shuffle(shares)
        loop = asyncio.get_running_loop()
        start, pause = loop.time(), spec.seconds / spec.invoices
        try:
            for number, (invoice, follows) in enumerate(_plan(tenant, chance, spec.invoices)):
                invoice.announce = shares[number]
                if not follows:
                    last: Order | None = None
                order, document = _make(tenant, invoice, last if follows else None)
                last = order
                if number == 0:
                    with tenant.announcing(invoice.announce):
                        pay(tenant, order, document)
                self.authorised.append(document.task_id)
                await asyncio.sleep(max(0.0, start + pause * (number + 1) - loop.time()))
        except Exception:
            self.state = "failed"
            raise
        self.state = "finished"


async def fill(tenant: Tenant, spec: BulkSpec) -> int:
    """Create and authorise many invoices over a range of dates, unannounced; gives how many."""
    chance = random.Random(spec.seed)
    sides = [True] * spec.sales + [False] * spec.purchases
    chance.shuffle(sides)
    days = (spec.to - spec.from_).days
    dates = sorted(spec.from_ + dt.timedelta(days=chance.randint(0, days)) for _ in sides)
    for number, (sale, day) in enumerate(zip(sides, dates, strict=True)):
        kind = chance.choices(("Simple", "Advanced", "Service"), (6, 2, 2))[0]
        invoice = _spec(tenant, chance, sale, kind)  # type: ignore[arg-type]
        invoice.date, invoice.announce = day, False
        order, document = _make(tenant, invoice, None)
        if spec.updated == "date":
            stamp = dt.datetime.combine(day, dt.time(8 + number % 10, number % 60), dt.UTC)
            order.created = order.updated = document.authorised_at = min(stamp, tenant.clock.now())
        if number % 100 == 99:
            await asyncio.sleep(0)  # let others be served
    return len(sides)


def _plan(tenant: Tenant, chance: random.Random, count: int) -> Iterator[tuple[InvoiceSpec, bool]]:
    for number in range(count):
        sale, kind, follows = _SEQUENCE[number % len(_SEQUENCE)]
        yield _spec(tenant, chance, sale, kind), follows


def _make(tenant: Tenant, spec: InvoiceSpec, order: Order | None) -> tuple[Order, Document]:
    if order is not None:
        spec.order_id, spec.inclusive = order.id, order.inclusive
    if isinstance(spec, SaleInvoiceSpec):
        return make_sale_invoice(tenant, spec)
    assert isinstance(spec, PurchaseInvoiceSpec)
    return make_purchase_invoice(tenant, spec)


def _spec(
    tenant: Tenant, chance: random.Random, sale: bool, kind: Literal["Simple", "Advanced", "Service"]
) -> InvoiceSpec:
    world = tenant.world
    parties = [party for party in (world.customers if sale else world.suppliers) if party.resolves]
    party = chance.choice(parties)
    location = chance.choice(world.locations).name
    inclusive = chance.random() < 0.3
    service = kind == "Service"
    charges = _charges(chance, sale, service)
    lines = [] if service else _lines(tenant, chance)
    if sale:
        return SaleInvoiceSpec(
            customer=party.name,
            location=location,
            type=kind,
            inclusive=inclusive,
            lines=lines,
            charges=charges,
            sales_rep=chance.choice(world.sales_reps).name,
            channel=chance.choice(("Shopify", "Trade desk", "Till", None)),
        )
    return PurchaseInvoiceSpec(
        supplier=party.name, location=location, type=kind, inclusive=inclusive, lines=lines, charges=charges
    )


def _lines(tenant: Tenant, chance: random.Random) -> list[LineSpec]:
    stock = [product for product in tenant.world.products if product.type == "Stock"]
    return [
        LineSpec(
            sku=product.sku,
            quantity=Decimal(chance.randint(1, 12)),
            discount=Decimal(chance.choice(("0", "0", "0", "5", "12.5"))),
        )
        for product in chance.sample(stock, chance.randint(1, 5))
    ]


def _charges(chance: random.Random, sale: bool, service: bool) -> list[ChargeSpec]:
    if service and sale:
        hours = Decimal(chance.randint(1, 8))
        return [ChargeSpec(description="Installation", quantity=hours, price=Decimal(65))]
    if service:
        account = chance.choice(("400", "425", "429", "453"))
        amount = Decimal(chance.randint(1500, 90_000)).scaleb(-2)
        return [ChargeSpec(description="Installation", price=amount, account=account)]
    charges = (
        [ChargeSpec(price=Decimal(chance.randint(500, 4_000)).scaleb(-2))] if chance.random() < 0.5 else []
    )
    if sale and chance.random() < 0.2:
        zero = "Zero rated Sales"
        charges.append(ChargeSpec(description="Rounding", price=Decimal("-0.01"), tax_rule=zero))
    return charges
