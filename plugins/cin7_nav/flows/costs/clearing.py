"""The clearing account purchase by purchase: what was received and not invoiced, invoiced and not received,
or received at another price. Reads only.

Every entry of the account is told, so the report adds up to the account's balance in NAV. NAV credits the
account when it posts the cost of receipts: at once with automatic cost posting, otherwise when somebody runs
"Post Inventory Cost to G/L"; until then received goods look as if they were not received.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.hooks.channel import NavChannel, PostedEntry
from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import Kind, LineType
from cin7_nav.rules.clearing import Posted, Purchase, Side, Standing, clearing
from cin7_nav.rules.numbers import RECEIPT_PREFIX, receipt_no
from cin7_nav.store import clearing as store
from cin7_nav.store.database import Database

Quantities = Callable[[Sequence[str]], Mapping[str, Decimal] | None]
"""Pieces that these NAV documents moved in, by document number; None where NAV can't be asked."""


@dataclass(frozen=True, slots=True)
class ClearingReport:
    account: str
    purchases: tuple[Purchase, ...]
    """Every purchase with an entry on the account, settled ones included, by number."""
    others: tuple[PostedEntry, ...]
    """Neither ours nor those of received goods: opening balances, what people posted by hand."""

    @property
    def balance(self) -> Decimal:
        """The account's balance in NAV: local currency, debit positive."""
        return sum((one.balance for one in self.purchases), Decimal(0)) + self.other_balance

    @property
    def other_balance(self) -> Decimal:
        return sum((entry.amount for entry in self.others), Decimal(0))

    def by_standing(self) -> dict[Standing, Decimal]:
        """The balance of the purchases of each standing."""
        sums = dict.fromkeys(Standing, Decimal(0))
        for purchase in self.purchases:
            sums[purchase.standing] += purchase.balance
        return sums


def clearing_report(
    database: Database, nav: NavChannel, mappings: Mappings, quantities: Quantities
) -> ClearingReport | None:
    """What stands on the clearing account and why; None where Cin7 owns the value of stock.

    Raises `hooks.errors.VendorError`.
    """
    if mappings.company.clearing_account is None:
        return None
    account = mappings.company.clearing_account.value
    entries = nav.account_entries(account)
    numbers = sorted({entry.document_no for entry in entries})
    invoices = {one.document_no: one for one in store.posted_purchases(database, numbers)}
    orders = store.purchases_of_movements(database, numbers)
    by_hand = [one for one in numbers if one.startswith(RECEIPT_PREFIX) and one not in {*invoices, *orders}]
    orders |= _orders(by_hand, store.purchase_order_numbers(database) if by_hand else ())
    receipts = sorted(orders)
    pieces = (quantities(receipts) if receipts else None) or {}
    amounts = _amounts(entries)
    posted = [
        Posted(
            one.document.order_number,
            Side.INVOICE,
            number,
            amounts[number],
            Decimal(0) if one.undone else _pieces(one, mappings),
        )
        for number, one in invoices.items()
    ]
    posted += [
        Posted(orders[number], Side.RECEIPT, number, amounts[number], pieces.get(number))
        for number in receipts
    ]
    known = {each.document_no for each in posted}
    return ClearingReport(
        account,
        tuple(clearing(posted, mappings.company.tolerance)),
        tuple(entry for entry in entries if entry.document_no not in known),
    )


def told(report: ClearingReport) -> Iterator[str]:
    """The report as lines of text: what is open, then the sums."""
    open_ones = [one for one in report.purchases if one.standing is not Standing.SETTLED]
    for one in open_ones:
        yield (
            f"{one.number}: {one.standing}: {one.balance} "
            f"(invoiced {one.invoiced}, received {-one.received}; {', '.join(one.documents)})"
        )
    for entry in report.others:
        yield f"{entry.document_no}: not of a purchase known here: {entry.amount} ({entry.description})"
    settled = len(report.purchases) - len(open_ones)
    yield f"{settled} purchases are settled, {len(open_ones)} are not"
    for standing, amount in report.by_standing().items():
        yield f"{standing}: {amount}"
    yield f"other entries: {report.other_balance}"
    yield f"balance of NAV account {report.account}: {report.balance}"


def _amounts(entries: Iterable[PostedEntry]) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    for entry in entries:
        amounts[entry.document_no] = amounts.get(entry.document_no, Decimal(0)) + entry.amount
    return amounts


def _pieces(posted: store.PostedPurchase, mappings: Mappings) -> Decimal | None:
    """Pieces of stock that an invoice charges or a credit note takes back, in NAV's base unit."""
    if posted.document.key.kind is not Kind.PURCHASE_INVOICE:
        return posted.returned
    stock = mappings.stock
    pieces = (
        line.quantity * (stock.factor(line.sku) if stock and line.sku else 1)
        for line in posted.document.lines
        if line.type is LineType.ITEM and fold(line.account) in mappings.company.inventory_accounts
    )
    return sum(pieces, Decimal(0))


def _orders(receipts: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """The purchase of each receipt that people or others numbered as we do; one that no known purchase has
    goes by what its own number says."""
    by_number = {receipt_no(order): order for order in known}
    found: dict[str, str] = {}
    for number in receipts:
        first = re.sub(r"-\d{1,2}$", "", number)
        found[number] = by_number.get(number) or by_number.get(first) or first.removeprefix(RECEIPT_PREFIX)
    return found
