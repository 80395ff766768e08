"""The state of the simulated Cin7 account, and how documents move through their life."""

from __future__ import annotations

import copy
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.cin7 import parties, stock
from sandbox.cin7.documents import Document, Line, Order, Payment, Purchase, Sale, Totals, totals
from sandbox.cin7.ledger import Ledger
from sandbox.cin7.settings import Cin7Settings
from sandbox.cin7.stock_documents import StockTask, Transfer
from sandbox.cin7.wire import JsonObject, Refusal
from sandbox.clock import Clock
from sandbox.world import Product, World

Listener = Callable[[str, Order | JsonObject, Document | None, Payment | None], None]


@dataclass
class State:
    """Everything that a request can change."""

    customers: dict[str, JsonObject]
    suppliers: dict[str, JsonObject]
    ledger: Ledger
    sales: dict[str, Sale] = field(default_factory=dict)
    purchases: dict[str, Purchase] = field(default_factory=dict)
    tasks: dict[str, tuple[Order, Document]] = field(default_factory=dict)
    """Invoices and credit notes by task id."""
    stock_tasks: dict[str, StockTask] = field(default_factory=dict)
    """Stock adjustments and stock takes."""
    transfers: dict[str, Transfer] = field(default_factory=dict)
    levels: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """What has moved, by product and place (a warehouse without its bins, or a bin)."""
    counters: Counter[str] = field(default_factory=Counter)

    def open_purchases(self, product_id: str) -> list[Purchase]:
        """Purchases of a product that are ordered and stand."""
        return [
            purchase
            for purchase in self.purchases.values()
            if not purchase.voided
            and purchase.order.status == "AUTHORISED"
            and any(line.product and line.product.id == product_id for line in purchase.order.lines)
        ]


class Tenant:
    """One Cin7 account. `listener` hears of every change that Cin7 has a webhook type for."""

    def __init__(self, world: World, clock: Clock, settings: Cin7Settings) -> None:
        self.world = world
        self.clock = clock
        self.settings = settings
        self.listener: Listener = lambda event, record, document, payment: None
        self.is_heard: Callable[[str], bool] = lambda event: False
        """Whether anybody subscribed to an event: its payload may be costly."""
        self.announced = True
        self.products: dict[str, Product] = {product.id: product for product in world.products}
        self.by_sku = {product.sku.lower(): product for product in world.products}
        self.tax_rules = {rule.name: rule for rule in world.tax_rules}
        self.percents = {rule.name: rule.percent for rule in world.tax_rules}
        self.accounts = {account.code: account for account in world.cin7_accounts}
        self.locations = {location.name: location for location in world.locations}
        born = dt.datetime.combine(clock.today() - dt.timedelta(days=400), dt.time(9), dt.UTC)
        self.born = born
        self.state = State(
            customers={party.id: parties.customer(world, party, born) for party in world.customers},
            suppliers={party.id: parties.supplier(world, party, born) for party in world.suppliers},
            ledger=Ledger(self.tax_rules),
        )

    def preserve(self) -> Callable[[], None]:
        """Remember the state and stay mute; the answer puts the state back."""
        saved, announced = copy.deepcopy(self.state), self.announced
        self.announced = False

        def put_back() -> None:
            self.state, self.announced = saved, announced

        return put_back

    @contextmanager
    def announcing(self, announced: bool) -> Iterator[None]:
        """Whether changes within fire webhooks."""
        before, self.announced = self.announced, announced and self.announced
        try:
            yield
        finally:
            self.announced = before

    def new_id(self, *name: object) -> str:
        """A GUID; named by a counter of its own when only a series is given."""
        if len(name) == 1:
            name = (*name, self.count(f"id {name[0]}"))
        return self.world.id(*name)

    def count(self, series: str) -> int:
        self.state.counters[series] += 1
        return self.state.counters[series]

    def next_number(self, prefix: str) -> str:
        return f"{prefix}-{self.count(prefix):05}"

    def emit(
        self,
        event: str,
        record: Order | JsonObject,
        document: Document | None = None,
        payment: Payment | None = None,
    ) -> None:
        if self.announced:
            self.listener(event, record, document, payment)

    def touch(self, order: Order) -> None:
        order.updated = self.clock.now()

    def sale(self, identifier: str) -> Sale:
        sale = self.state.sales.get(identifier.lower())
        if sale is None:
            raise Refusal("Sale with specified ID not found")
        return sale

    def purchase(self, identifier: str) -> Purchase:
        purchase = self.state.purchases.get(identifier.lower())
        if purchase is None:
            raise Refusal("Purchase with specified ID not found")
        return purchase

    def document(
        self, task_id: str, *, sale: bool | None = None, kind: str | None = None
    ) -> tuple[Order, Document]:
        """The order and document of a task; `sale` and `kind` narrow what is accepted."""
        order, document = self.state.tasks.get(task_id.lower(), (None, None))
        if order is None or document is None:
            raise Refusal("Task with specified ID not found")
        if sale not in (None, isinstance(order, Sale)) or kind not in (None, document.kind):
            raise Refusal("Task with specified ID not found")
        return order, document

    # ---- the life of a document

    def compute(self, order: Order, document: Document) -> None:
        document.totals = self.totals_of(order, document.rows)

    def totals_of(self, order: Order, lines: list[Line]) -> Totals:
        return totals(
            lines,
            inclusive=order.inclusive,
            percents=self.percents,
            method=self.settings.tax_calculation_method,
        )

    def add_document(self, order: Order, document: Document) -> None:
        (order.invoices if document.kind == "invoice" else order.credit_notes).append(document)
        self.state.tasks[document.task_id] = (order, document)

    def authorise(self, order: Order, document: Document) -> None:
        """DRAFT to AUTHORISED (or PAID, when earlier payments still cover it): posts to the ledger."""
        if document.status != "DRAFT":
            raise Refusal(f"Document with status {document.status} cannot be authorised")
        if not document.rows:
            raise Refusal("'Lines' collection cannot be empty")
        self.refuse_locked(document.date)
        self.compute(order, document)
        if isinstance(order, Purchase):
            stock.unstock(self, order, document)
        document.status = "AUTHORISED"
        document.authorised_at = self.clock.now()
        self._settle(document)
        self.state.ledger.post_document(order, document, self.new_id)
        if isinstance(order, Sale):
            stock.restock(self, order, document)
        elif isinstance(order, Purchase):
            stock.release_accrual(self, order, document)
        self.touch(order)
        side = "Sale" if isinstance(order, Sale) else "Purchase"
        what = "Invoice" if document.kind == "invoice" else "CreditNote"
        self.emit(f"{side}/{what}Authorised", order, document)

    def undo(self, order: Order, document: Document) -> None:
        """Back to DRAFT: lines, number and task stay, the postings are reversed."""
        if not document.is_authorised:
            raise Refusal(f"Document with status {document.status} cannot be undone")
        self._withdraw(order, document, "DRAFT")
        if isinstance(order, Sale):
            self.emit("Sale/Undo", order, document)

    def void(self, order: Order, document: Document) -> None:
        """VOIDED, for good. No webhook type exists for it (Cin7's API portal)."""
        if document.status == "VOIDED":
            raise Refusal("Document is already voided")
        self._withdraw(order, document, "VOIDED")

    def void_order(self, order: Order) -> None:
        for document in order.documents:
            if document.status != "VOIDED":
                self._withdraw(order, document, "VOIDED")
        if isinstance(order, Sale):
            stock.void_shipments(self, order)
        elif isinstance(order, Purchase):
            stock.void_receipts(self, order)
        order.voided = True
        order.order.status = "VOIDED"
        if isinstance(order, Sale):
            order.quote.status = "VOIDED"
            self.emit("Sale/Voided", order)

    def undo_order(self, order: Order) -> None:
        """The order stage back to DRAFT; documents that stand must be undone first."""
        if any(document.is_authorised for document in order.documents):
            raise Refusal("Order cannot be undone while it has authorised invoices or credit notes")
        if isinstance(order, Sale) and any(one.shipped for one in order.fulfilments):
            raise Refusal("Order cannot be undone while it has authorised shipments")
        if order.order.status != "AUTHORISED":
            raise Refusal(f"Order with status {order.order.status} cannot be undone")
        order.order.status = "DRAFT"
        self._bump(order)
        if isinstance(order, Sale):
            self.emit("Sale/Undo", order)

    def pay(self, order: Order, document: Document, payment: Payment) -> None:
        if not document.is_authorised:
            raise Refusal("Payment can be added only to an authorised document")
        if payment.amount <= 0 or document.paid + payment.amount > document.totals.total:
            raise Refusal("'Amount' must be positive and not greater than the balance")
        document.payments.append(payment)
        self._settle(document)
        self.state.ledger.post_payment(order, document, payment, self.new_id)
        self.touch(order)
        if isinstance(order, Sale) and document.kind == "invoice":
            full = document.status == "PAID"
            self.emit(f"Sale/{'Full' if full else 'Partial'}PaymentReceived", order, document, payment)

    def remove_payment(self, payment_id: str, *, sale: bool) -> None:
        for order in (self.state.sales if sale else self.state.purchases).values():
            for document in order.documents:
                for payment in document.payments:
                    if payment.id == payment_id.lower():
                        document.payments.remove(payment)
                        if document.is_authorised:
                            self._settle(document)
                        self.state.ledger.reverse_payment(order, document, payment, self.new_id)
                        self.touch(order)
                        return
        raise Refusal("Payment with specified ID not found")

    def refuse_locked(self, day: dt.date) -> None:
        lock = self.settings.lock_date
        if lock and day <= dt.date.fromisoformat(lock):
            raise Refusal(f"Date {day.isoformat()} is in the locked period, lock date is {lock}")

    def _settle(self, document: Document) -> None:
        if document.kind == "invoice":
            covered = document.payments and document.paid >= document.totals.total
            document.status = "PAID" if covered else "AUTHORISED"

    def _withdraw(self, order: Order, document: Document, status: str) -> None:
        self.refuse_locked(document.date)
        if document.is_authorised:
            if isinstance(order, Sale):
                stock.forget_restock(self, order, document)
            self.state.ledger.reverse_task(order, document.task_id, self.new_id)
            if isinstance(order, Purchase):
                stock.forget_unstock(self, document)
                stock.accrue_again(self, order, document)
        document.status = status
        document.authorised_at = None
        if status == "VOIDED":
            for payment in document.payments:
                self.state.ledger.reverse_payment(order, document, payment, self.new_id)
            document.payments.clear()
            if self.settings.voided_lines == "emptied":
                document.lines, document.charges = [], []
                self.compute(order, document)
        self._bump(order)

    def _bump(self, order: Order) -> None:
        if self.settings.voids_bump_updated:
            self.touch(order)


def balance(order: Order) -> Decimal:
    """What the party still owes (or is owed)."""
    return order.invoiced - order.credited - order.paid
