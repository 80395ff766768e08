"""Cin7's ledger: one debit and one credit per row, base currency, reversals as negative rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from sandbox.cin7.documents import CENT, ZERO, Document, Order, Payment, Sale, rounded
from sandbox.world import TaxRule

INVENTORY = "140"
COST_OF_GOODS_SOLD = "310"
ACCRUED_INVENTORY = "815"
ROUNDING = "860"


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    order_id: str
    task_id: str
    debit: str
    credit: str
    amount: Decimal
    """Base currency, signed."""
    date: dt.date
    reference: str
    text: str
    type: str
    """`Sale`, `Purchase` or `StockAdjustment`."""
    origin: Literal["document", "payment", "cost", "accrual"] = "document"
    """What made it: several origins may share a task."""


class Ledger:
    """The rows by effective date, in the order in which they were made."""

    def __init__(self, tax_rules: dict[str, TaxRule]) -> None:
        self._tax_rules = tax_rules
        self._days: dict[dt.date, list[Entry]] = {}
        self._orders: dict[str, list[Entry]] = {}
        self._count = 0

    def add(self, entry: Entry) -> None:
        if entry.amount:
            self._days.setdefault(entry.date, []).append(entry)
            self._orders.setdefault(entry.order_id, []).append(entry)

    def next_id(self) -> int:
        self._count += 1
        return self._count

    def of_order(self, order_id: str) -> list[Entry]:
        return self._orders.get(order_id, [])

    def between(self, after: dt.datetime | None, before: dt.datetime | None) -> Iterator[Entry]:
        """Rows with `after` < midnight of their date < `before`: both bounds exclusive (API portal)."""
        for day in sorted(self._days):
            midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
            if (after is None or midnight > after) and (before is None or midnight < before):
                yield from self._days[day]

    def post_document(self, order: Order, document: Document, new_id: Callable[..., str]) -> None:
        """The rows of an authorised invoice or credit note: each account, the tax by component, the rounding.

        The lines and the tax miss the total where the tax is of the document and lines hold tax.
        """
        sale = isinstance(order, Sale)
        party = "610" if sale else "800"
        accounts: dict[str, Decimal] = {}
        for row in document.rows:
            net = row.total - row.tax if order.inclusive else row.total
            accounts[row.account] = accounts.get(row.account, ZERO) + net
        for rule, tax in document.totals.tax_by_rule.items():
            for account, share in self._tax_rules[rule].shares(tax):
                accounts[account] = accounts.get(account, ZERO) + share
        if difference := document.totals.total - sum(accounts.values(), ZERO):
            accounts[ROUNDING] = accounts.get(ROUNDING, ZERO) + difference
        for account, amount in accounts.items():
            # invoices of sales and credit notes of purchases debit the party, the others credit it
            party_debit = sale == (document.kind == "invoice")
            debit, credit = (party, account) if party_debit else (account, party)
            self.add(
                Entry(
                    id=new_id("transaction", self.next_id()),
                    order_id=order.id,
                    task_id=document.task_id,
                    debit=debit,
                    credit=credit,
                    amount=rounded(amount * document.rate),
                    date=document.date,
                    reference=document.number,
                    text=f"{order.party} - {document.number}",
                    type="Sale" if sale else "Purchase",
                )
            )

    def reverse_task(
        self,
        order: Order,
        task_id: str,
        new_id: Callable[..., str],
        origin: Literal["document", "cost", "accrual"] = "document",
    ) -> None:
        """Take back what stands of a task: the same accounts and dates, negative amounts."""
        standing: dict[tuple[str, str, dt.date], Decimal] = {}
        samples: dict[tuple[str, str, dt.date], Entry] = {}
        for entry in self.of_order(order.id):
            if entry.task_id == task_id and entry.origin == origin:
                place = (entry.debit, entry.credit, entry.date)
                standing[place] = standing.get(place, ZERO) + entry.amount
                samples[place] = entry
        for place, amount in standing.items():
            self.add(replace(samples[place], id=new_id("transaction", self.next_id()), amount=-amount))

    def post_stock(
        self,
        order: Order,
        task_id: str,
        accounts: tuple[str, str],
        amount: Decimal,
        day: dt.date,
        new_id: Callable[..., str],
        *,
        reference: str,
        origin: Literal["document", "cost", "accrual"],
    ) -> None:
        """A row of stock value: `accounts` are debit and credit, `amount` is base currency."""
        self.add(
            Entry(
                id=new_id("transaction", self.next_id()),
                order_id=order.id,
                task_id=task_id,
                debit=accounts[0],
                credit=accounts[1],
                amount=rounded(amount),
                date=day,
                reference=reference,
                text=f"{order.party} - {reference}",
                type="Sale" if isinstance(order, Sale) else "Purchase",
                origin=origin,
            )
        )

    def reverse_payment(
        self, order: Order, document: Document, payment: Payment, new_id: Callable[..., str]
    ) -> None:
        """The payment's row again, with a negative amount."""
        self.post_payment(order, document, replace(payment, amount=-payment.amount), new_id)

    def post_payment(
        self, order: Order, document: Document, payment: Payment, new_id: Callable[..., str]
    ) -> None:
        sale = isinstance(order, Sale)
        party = "610" if sale else "800"
        received = sale == (payment.type == "Payment")
        self.add(
            Entry(
                id=new_id("transaction", self.next_id()),
                order_id=order.id,
                task_id=document.task_id,
                debit=payment.account if received else party,
                credit=party if received else payment.account,
                amount=(payment.amount * payment.rate).quantize(CENT),
                date=payment.date,
                reference=document.number,
                text=f"{order.party} - {document.number}",
                type="Sale" if sale else "Purchase",
                origin="payment",
            )
        )
