"""What both ledgers say: Cin7's rows put together by document and by account, and NAV's entries.

Amounts are in local currency and have NAV's sign: a debit is positive.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from cin7_nav.mappings.facts import fold
from cin7_nav.model import Dimensions, Kind
from cin7_nav.wire.ledger import LedgerRow

_RECEIVABLE = frozenset({"debtors", "accounts receivable"})
_PAYABLE = frozenset({"creditors", "accounts payable"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A G/L entry of NAV with its dimensions."""

    entry_no: int
    date: dt.date
    document_no: str
    account: str
    amount: Decimal
    dimensions: Dimensions = ()


@dataclass(frozen=True, slots=True)
class PartyEntry:
    """An entry in NAV's ledger of customers or vendors."""

    entry_no: int
    date: dt.date
    document_no: str
    external_no: str
    party_no: str
    amount: Decimal
    remaining: Decimal
    is_open: bool
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class Cin7Chart:
    """Which of Cin7's accounts are whose; codes, folded."""

    control: frozenset[str]
    """Receivables and payables."""
    banks: frozenset[str]


def cin7_chart(accounts: Iterable[Mapping[str, object]]) -> Cin7Chart:
    """From the rows of Cin7's chart of accounts. Cin7 marks control accounts by a code or a description."""
    rows = [{name: fold(str(value or "")) for name, value in row.items()} for row in accounts]
    marks = _RECEIVABLE | _PAYABLE
    return Cin7Chart(
        frozenset(
            row["Code"] for row in rows if {row.get("SystemAccount"), row.get("SystemAccountCode")} & marks
        ),
        frozenset(row["Code"] for row in rows if row.get("Type") == "bank"),
    )


class Sort(StrEnum):
    """What a row of Cin7's ledger is."""

    DOCUMENT = "invoices and credit notes"
    PAYMENT = "payments"
    STOCK = "value of stock"
    OTHER = "other"


def sort_of(row: LedgerRow, chart: Cin7Chart, inventory: frozenset[str]) -> Sort:
    """`inventory`: the accounts that hold the value of stock, folded."""
    sides = {fold(row.debit), fold(row.credit)}
    if fold(row.type) in ("sale", "purchase") and sides & chart.control:
        return Sort.PAYMENT if sides & chart.banks else Sort.DOCUMENT
    return Sort.STOCK if sides & inventory else Sort.OTHER


def kind_of(row: LedgerRow, chart: Cin7Chart) -> Kind:
    """The kind of document that a row of it says: a reversal stands on the same sides with the other sign."""
    debited = fold(row.debit) in chart.control
    if fold(row.type) == "sale":
        return Kind.SALE_INVOICE if debited else Kind.SALE_CREDIT_NOTE
    return Kind.PURCHASE_CREDIT_NOTE if debited else Kind.PURCHASE_INVOICE


@dataclass(slots=True)
class Booked:
    """What stands in Cin7's ledger of one document."""

    party: Decimal = Decimal(0)
    """What its party owes, negative: is owed."""
    accounts: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Everything else, by Cin7 account code."""
    dates: set[dt.date] = field(default_factory=set)

    def add(self, row: LedgerRow, chart: Cin7Chart) -> None:
        if fold(row.debit) in chart.control:
            self.party += row.amount
            self.accounts[row.credit] -= row.amount
        else:
            self.party -= row.amount
            self.accounts[row.debit] += row.amount
        self.dates.add(row.date)

    @property
    def stands(self) -> bool:
        """Whether anything is left of it: rows of a voided document cancel each other out."""
        return bool(self.party) or any(self.accounts.values())


@dataclass(frozen=True, slots=True)
class Named:
    """What Cin7 calls a document whose id alone does not tell which it is."""

    kind: Kind
    task_id: str
    number: str


def named(row: LedgerRow, chart: Cin7Chart) -> Named:
    kind = kind_of(row, chart)
    parts = [part.strip() for part in row.reference.split("/")]
    return Named(kind, row.task_id, row.reference.strip() if not kind.is_credit_note else parts[-1])


class Register:
    """The documents that are known, found by what Cin7's ledger calls them: by their own id, or by that of
    their sale or purchase and their number (both were seen in the field)."""

    def __init__(self, known: Iterable[tuple[int, Kind, str, str, str]]) -> None:
        """`known`: id, kind, order id, task id and number of each."""
        self._by_task: dict[tuple[Kind, str], list[tuple[int, str]]] = defaultdict(list)
        self._by_order: dict[tuple[Kind, str], list[tuple[int, str]]] = defaultdict(list)
        for identity, kind, order_id, task_id, number in known:
            self._by_task[kind, task_id].append((identity, number))
            self._by_order[kind, order_id].append((identity, number))

    def find(self, name: Named) -> int | None:
        for index in (self._by_task, self._by_order):
            found = index.get((name.kind, name.task_id), ())
            exact = [identity for identity, number in found if number == name.number]
            if len(exact) == 1:
                return exact[0]
            if index is self._by_task and len(found) == 1:
                return found[0][0]
        return None


def by_document(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.document_no].append(entry)
    return found


def sums(entries: Iterable[Entry]) -> dict[str, Decimal]:
    """By account, without what comes to zero."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        found[entry.account] += entry.amount
    return {account: amount for account, amount in found.items() if amount}


def control_accounts(
    found: Iterable[tuple[Decimal, Mapping[str, Decimal]]], mapped: frozenset[str]
) -> frozenset[str]:
    """NAV's receivables and payables: what no mapping rule names and has exactly what the party owes, in
    documents as `(what the party owes, sums by account)`. NAV's posting groups name them, which it does
    not show."""
    return frozenset(
        account
        for owed, accounts in found
        for account, amount in accounts.items()
        if owed and amount == owed and account not in mapped
    )


def months(first: dt.date, last: dt.date) -> Sequence[str]:
    """`2026-11` and so on, of every month that the range touches."""
    found, day = [], first.replace(day=1)
    while day <= last:
        found.append(f"{day:%Y-%m}")
        day = (day + dt.timedelta(days=32)).replace(day=1)
    return found
