"""Stock adjustments, stock takes and transfers: what they hold, and what completing or undoing them moves."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from sandbox.cin7 import levels
from sandbox.cin7.documents import ZERO, rounded
from sandbox.cin7.ledger import INVENTORY, Entry
from sandbox.cin7.wire import Refusal
from sandbox.world import Product

if TYPE_CHECKING:
    from sandbox.cin7.tenant import Tenant


@dataclass(slots=True)
class CountedLine:
    """A line of an adjustment or stock take: `target` is the new quantity, never a difference."""

    product: Product
    place: str
    place_id: str
    before: Decimal
    """On hand when the document was written or completed."""
    target: Decimal
    unit_cost: Decimal
    is_existing: bool
    """Whether there was stock, which decides in which of the two lists the line stands."""
    comments: str = ""
    batch: str | None = None

    @property
    def change(self) -> Decimal:
        return self.target - self.before


@dataclass(slots=True)
class StockTask:
    """A stock adjustment or a stock take; both are numbered `ST-`."""

    task_id: str
    kind: Literal["adjustment", "take"]
    number: str
    date: dt.date
    account: str
    reference: str
    created: dt.datetime
    updated: dt.datetime
    status: str = "DRAFT"
    place: str = ""
    """Of a stock take."""
    place_id: str = ""
    lines: list[CountedLine] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    """The ledger rows of it as it stands."""


@dataclass(slots=True)
class Transfer:
    """Goods on their way from one place to another."""

    task_id: str
    number: str
    from_place: str
    from_id: str
    to_place: str
    to_id: str
    completed_on: dt.date
    departed_on: dt.date | None
    in_transit_account: str
    reference: str
    updated: dt.datetime
    status: str = "DRAFT"
    lines: list[tuple[Product, Decimal]] = field(default_factory=list)


def complete(tenant: Tenant, task: StockTask) -> None:
    """Make the levels what the document says, and book the difference of each line."""
    tenant.refuse_locked(task.date)
    for line in task.lines:
        line.before = levels.on_hand(tenant, line.product, line.place_id)
    levels.move(tenant, [(line.product, line.place_id, line.change) for line in task.lines])
    for line in task.lines:
        if line.change:
            task.entries.append(_booked(tenant, task, rounded(line.change * line.unit_cost)))
    task.status = "COMPLETED"
    task.updated = tenant.clock.now()


def withdraw(tenant: Tenant, task: StockTask, *, void: bool) -> None:
    """Undo to DRAFT, or void for good: its changes are taken back."""
    if task.status == "VOIDED":
        raise Refusal("Document is already voided")
    if task.status == "COMPLETED":
        tenant.refuse_locked(task.date)
        levels.move(tenant, [(line.product, line.place_id, -line.change) for line in task.lines])
        for entry in task.entries:
            _booked(tenant, task, -entry.amount)
        task.entries = []
    elif not void:
        raise Refusal(f"Document with status {task.status} cannot be undone")
    task.status = "VOIDED" if void else "DRAFT"
    if void:
        task.lines = []
    task.updated = tenant.clock.now()


def depart(tenant: Tenant, transfer: Transfer) -> None:
    """The goods leave; they are nowhere on hand until they arrive."""
    levels.move(tenant, [(product, transfer.from_id, -quantity) for product, quantity in transfer.lines])
    transfer.status = "IN TRANSIT"
    transfer.updated = tenant.clock.now()


def arrive(tenant: Tenant, transfer: Transfer) -> None:
    """The goods are there, after a departure or at once."""
    tenant.refuse_locked(transfer.completed_on)
    if transfer.status != "IN TRANSIT":
        depart(tenant, transfer)
    levels.move(tenant, [(product, transfer.to_id, quantity) for product, quantity in transfer.lines])
    transfer.status = "COMPLETED"
    transfer.updated = tenant.clock.now()


def withdraw_transfer(tenant: Tenant, transfer: Transfer, *, void: bool) -> None:
    """Undo to DRAFT, or void for good: the goods are back where they came from."""
    if transfer.status == "VOIDED":
        raise Refusal("Document is already voided")
    if transfer.status in ("COMPLETED", "IN TRANSIT"):
        tenant.refuse_locked(transfer.completed_on)
        back = [(product, transfer.from_id, quantity) for product, quantity in transfer.lines]
        if transfer.status == "COMPLETED":
            back += [(product, transfer.to_id, -quantity) for product, quantity in transfer.lines]
        levels.move(tenant, back)
    elif not void:
        raise Refusal(f"Document with status {transfer.status} cannot be undone")
    transfer.status = "VOIDED" if void else "DRAFT"
    if void:
        transfer.lines = []
    transfer.updated = tenant.clock.now()


def _booked(tenant: Tenant, task: StockTask, amount: Decimal) -> Entry:
    """A ledger row: inventory is debited, a decrease being negative."""
    entry = Entry(
        id=tenant.new_id("transaction", tenant.state.ledger.next_id()),
        order_id=task.task_id,
        task_id=task.task_id,
        debit=INVENTORY,
        credit=task.account,
        amount=amount,
        date=task.date,
        reference=task.reference or task.number,
        text=task.number,
        type="StockAdjustment",
    )
    tenant.state.ledger.add(entry)
    return entry


def new_task(
    tenant: Tenant,
    kind: Literal["adjustment", "take"],
    *,
    day: dt.date,
    account: str,
    reference: str,
    place: str = "",
    place_id: str = "",
) -> StockTask:
    """An empty draft. Raises `Refusal` for an account that there is not."""
    if account not in tenant.accounts:
        raise Refusal(f"Account with code '{account}' was not found in Chart of Accounts")
    now = tenant.clock.now()
    task_id = tenant.new_id("stock adjustment" if kind == "adjustment" else "stock take")
    number = tenant.next_number("ST")
    task = StockTask(task_id, kind, number, day, account, reference, now, now, place=place, place_id=place_id)
    tenant.state.stock_tasks[task.task_id] = task
    return task


def counted(
    tenant: Tenant,
    product: Product,
    place: tuple[str, str],
    target: Decimal,
    unit_cost: Decimal | None = None,
    *,
    comments: str = "",
    batch: str | None = None,
) -> CountedLine:
    """A line that sets the level of a product in a place. For stock that is there, Cin7 values the difference
    at its average cost, whatever cost was sent."""
    before = levels.on_hand(tenant, product, place[1])
    existing = before != ZERO
    cost = product.cost if existing or unit_cost is None else unit_cost
    return CountedLine(product, *place, before, target, cost, existing, comments, batch)
