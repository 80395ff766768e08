"""What a comparison reads from both vendors and from our own records, each once."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from cin7_nav.flows.invoices.reference import NAV
from cin7_nav.hooks.channel import Entity, NavChannel
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import AccountType
from cin7_nav.rules.books import (
    Booked,
    Cin7Chart,
    Entry,
    Named,
    PartyEntry,
    Register,
    Sort,
    by_document,
    cin7_chart,
    named,
    sort_of,
)
from cin7_nav.rules.cases import ByHand
from cin7_nav.rules.cost import LedgerAccounts, carried_accounts, moves_value
from cin7_nav.rules.twins import is_alive, twin_key
from cin7_nav.store import reconciliation as store
from cin7_nav.store import reference
from cin7_nav.store.database import Database
from cin7_nav.store.reconciliation import Record
from cin7_nav.wire.fields import WireError
from cin7_nav.wire.ledger import LedgerRow, ledger_row

log = logging.getLogger(__name__)

DAYS_AT_ONCE = 31
"""Of Cin7's ledger: a month of it fits into memory."""


@dataclass(frozen=True, slots=True)
class Period:
    """Business dates, both ends included."""

    first: dt.date
    last: dt.date


@dataclass(slots=True)
class Cin7Books:
    """Cin7's ledger of a period."""

    chart: Cin7Chart
    moving: LedgerAccounts
    """What says which rows move the value of stock."""
    documents: dict[Named, Booked] = field(default_factory=dict)
    paid: dict[Named, Booked] = field(default_factory=dict)
    """What was paid of each document; of payments alone."""
    totals: defaultdict[tuple[str, str, str, str, Sort], Decimal] = field(
        default_factory=lambda: defaultdict(Decimal)
    )
    """Everything but documents, by month, type, debit and credit account."""
    stock: dict[dt.date, Booked] = field(default_factory=dict)
    """What moved the value of stock, by day."""
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class NavBooks:
    """NAV's ledgers, as far as they are about documents of ours."""

    entries: Mapping[str, Sequence[Entry]]
    """By document number: those that look like ours, and all that are."""
    party: Mapping[str, Sequence[PartyEntry]] | None
    """By document number; None where the pages are not published."""
    hands: Mapping[str, Sequence[ByHand]]
    """What people made, by party and external number."""


def read_cin7(cin7: Cin7Hook, mappings: Mappings, period: Period) -> Cin7Books:
    """One call for each 1,000 rows of the period, and one for the chart of accounts."""
    chart = list(cin7.accounts())
    marks = [(str(row.get("Code") or ""), row.get("SystemAccount") or "", row.get("SystemAccountCode") or "")
             for row in chart]  # fmt: skip
    moving = LedgerAccounts(mappings.company.inventory_accounts, carried_accounts(marks))
    books = Cin7Books(cin7_chart(chart), moving)
    for row in _ledger(cin7, period, books):
        take(books, row)
    return books


def take(books: Cin7Books, row: LedgerRow) -> None:
    """Put one row of Cin7's ledger where it belongs."""
    sort = sort_of(row, books.chart, books.moving.inventory)
    if moves_value(row, books.moving):
        day = books.stock.setdefault(row.date, Booked())
        day.accounts[row.debit] += row.amount
        day.accounts[row.credit] -= row.amount
    if sort in (Sort.DOCUMENT, Sort.PAYMENT):
        of = books.documents if sort is Sort.DOCUMENT else books.paid
        name = named(row, books.chart)
        of.setdefault(name, Booked()).add(row, books.chart)
    if sort is not Sort.DOCUMENT:
        key = (f"{row.date:%Y-%m}", row.type, row.debit, row.credit, sort)
        books.totals[key] += row.amount


def _ledger(cin7: Cin7Hook, period: Period, books: Cin7Books) -> Iterable[LedgerRow]:
    start = period.first
    while start <= period.last:
        end = min(start + dt.timedelta(days=DAYS_AT_ONCE - 1), period.last)
        for raw in cin7.transactions(start, end):
            try:
                yield ledger_row(raw)
            except WireError as error:
                books.unreadable += 1
                log.warning("A row of Cin7's ledger can't be read: %s", error)
        start = end + dt.timedelta(days=1)


def read_records(
    database: Database, books: Cin7Books, period: Period, nav_numbers: Collection[str]
) -> list[Record]:
    ids = {name.task_id for name in (*books.documents, *books.paid)}
    found = store.concerned(database, period.first, period.last, ids, nav_numbers)
    records: list[Record] = []
    for start in range(0, len(found), 1000):
        records += store.records(database, found[start : start + 1000])
    return records


def register(records: Iterable[Record]) -> Register:
    return Register((one.id, one.kind, one.order_id, one.task_id, one.number) for one in records)


class NavReader:
    """NAV's half, for one comparison."""

    def __init__(self, database: Database, nav: NavChannel, mappings: Mappings, period: Period) -> None:
        self._database = database
        self._nav = nav
        self._prefixes = tuple(mappings.company.prefixes.values())
        self._period = period
        self._entries: dict[str, list[Entry]] = defaultdict(list)

    def dated(self) -> set[str]:
        """Read the period's entries whose numbers look like ours; the numbers."""
        entries = self._nav.dated_entries(self._period.first, self._period.last)
        self._entries = by_document(one for one in entries if one.document_no.startswith(self._prefixes))
        return set(self._entries)

    def books(self, records: Sequence[Record]) -> NavBooks:
        """Read whole what lies across the period's ends, or has none of our prefixes any more."""
        lacking = [
            number
            for record in records
            for number in record.numbers
            if number not in self._entries or self._is_partly_outside(record)
        ]
        lacking = list(dict.fromkeys(lacking))
        whole = by_document(self._nav.numbered_entries(lacking)) if lacking else {}
        self._entries.update(whole)
        party = self._nav.party_entries(self._period.first, self._period.last, lacking)
        by_number: dict[str, list[PartyEntry]] | None = None
        if party is not None:
            by_number = defaultdict(list)
            for entry in party:
                by_number[entry.document_no].append(entry)
        return NavBooks(self._entries, by_number, self._hands(records, party))

    def _is_partly_outside(self, record: Record) -> bool:
        """Whether something of it is dated outside: then a number may have entries on both sides."""
        days = {sent.journal.posting_date for sent in record.known.sent} | {record.day}
        return any(not self._period.first <= day <= self._period.last for day in days)

    def _hands(
        self, records: Sequence[Record], party: Sequence[PartyEntry] | None
    ) -> dict[str, list[ByHand]]:
        ours = {number for record in records for number in record.numbers}
        found: dict[str, dict[str, ByHand]] = defaultdict(dict)
        for entry in party or ():
            key = twin_key(entry.party_no, entry.external_no)
            foreign = entry.document_no not in ours and not entry.document_no.startswith(self._prefixes)
            if key and foreign and not entry.is_reversed and entry.amount:
                found[key][entry.document_no] = ByHand(entry.document_no, entry.amount)
        for entity in _HAND_MADE:
            for row in reference.rows(self._database, NAV, entity):
                key = twin_key(str(row.body["party"]), str(row.body["external"]))
                if key and is_alive(str(row.body["status"])) and row.body["number"] not in found[key]:
                    found[key][row.body["number"]] = ByHand(str(row.body["number"]), row.body["amount"])
        return {key: list(some.values()) for key, some in found.items() if some}


_HAND_MADE = (
    Entity.SALES_INVOICES,
    Entity.PURCHASE_INVOICES,
    Entity.SALES_CREDIT_MEMOS,
    Entity.PURCHASE_CREDIT_MEMOS,
)


def hands_of(record: Record, hands: Mapping[str, Sequence[ByHand]]) -> list[ByHand]:
    """What people made in NAV of this document."""
    journals = [sent.journal for sent in record.known.sent if not sent.is_reversal]
    parties = {
        line.account_no for one in journals for line in one.lines if line.account_type is not AccountType.GL
    }
    keys = {
        twin_key(party, number)
        for party in parties | {record.party_no}
        for number in (record.number, *(one.external_document_no for one in journals))
    }
    return list({one.number: one for key in keys - {""} for one in hands.get(key, ())}.values())
