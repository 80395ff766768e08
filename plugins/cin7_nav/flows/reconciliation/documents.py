"""Every invoice and credit note of a period in both ledgers, both ways.

Cin7's ledger gives what stands of all documents for one call per 1,000 rows. Where it and NAV do not agree
to the cent, the document itself is read before anything is said of it: the ledger rounds every row, and
may be older.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.flows.invoices.collect import find_orders
from cin7_nav.flows.reconciliation.sources import Cin7Books, NavBooks, Period, hands_of, register
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.errors import NotFound, Refused
from cin7_nav.mappings.load import Mappings
from cin7_nav.mappings.references import Referenced, references
from cin7_nav.model import DocumentKey, Kind, SourceDocument
from cin7_nav.rules import causes
from cin7_nav.rules import compare as rules
from cin7_nav.rules.amounts import cents, net
from cin7_nav.rules.books import Booked, Named, control_accounts, sums
from cin7_nav.rules.cases import Case, Finding, Known, Terms
from cin7_nav.rules.numbers import document_no
from cin7_nav.rules.translate import party_sign
from cin7_nav.store.database import Database
from cin7_nav.store.reconciliation import Difference, Record, unread_orders
from cin7_nav.wire.documents import purchase_documents, sale_documents
from cin7_nav.wire.fields import WireError

log = logging.getLogger(__name__)

AREA = "documents"

_TAX = "tax and rounding"
"""What is left of a total beside the lines' accounts."""

DOUBTS_AT_MOST = 300
"""Orders that one comparison reads from Cin7 to be sure: five minutes of one key."""


@dataclass(frozen=True, slots=True)
class Item:
    """A case and what it is listed under."""

    record: str
    order: tuple[str, str] | None
    """Side and order id; None where only its number is known."""
    name: Named
    case: Case


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it."""

    differences: tuple[Difference, ...]
    by_record: Mapping[str, Case]
    """What was compared, as it was known best."""
    documents: int
    agreed: int
    left_out: tuple[Mapping[str, str], ...]
    unproved: int
    """Differences said without the document, because too many were in doubt."""

    @property
    def cases(self) -> tuple[Case, ...]:
        return tuple(self.by_record.values())


class Documents:
    """The comparison of one period."""

    def __init__(
        self,
        database: Database,
        cin7: Cin7Hook,
        mappings: Mappings,
        period: Period,
        books: Cin7Books,
        nav: NavBooks,
        records: Sequence[Record],
    ) -> None:
        self._database = database
        self._cin7 = cin7
        self._mappings = mappings
        self._period = period
        self._books = books
        self._nav = nav
        self._records = records
        self._by_id = {record.id: record for record in records}
        self._orders: dict[tuple[str, str], tuple[SourceDocument, ...]] = {}
        self.terms = Terms(mappings.company.tolerance, frozenset(), frozenset())
        """Known once `compare` has run."""
        self._claimed: set[str] = set()
        """NAV numbers of documents that nobody here has read."""

    def compare(self) -> Compared:
        items = [item for item in self._items() if self._is_due(item)]
        terms = self.terms = self._terms(items)
        found = [(item, rules.compare(item.case, terms)) for item in items]
        unproved = 0
        for at, (item, findings) in enumerate(found):
            if rules.is_doubtful(item.case, findings):
                if len(self._orders) < DOUBTS_AT_MOST:
                    found[at] = self._again(item, terms)
                else:
                    unproved += 1
        for at, (item, findings) in enumerate(found):
            if not findings and len(self._orders) < DOUBTS_AT_MOST and rules.is_rounded(item.case, terms):
                found[at] = self._again(item, terms)
        differences = [
            Difference(
                AREA, item.record, item.case.number, rules.dated(item.case, self._period.first), finding
            )
            for item, findings in found
            for finding in findings
        ]
        differences += self._surplus(terms)
        counted = [(item, findings) for item, findings in found if item.case.booked.stands or findings]
        return Compared(
            tuple(differences),
            {item.record: item.case for item, _ in counted},
            len(counted),
            sum(1 for _, findings in counted if not findings),
            tuple(self._left_out(items)),
            unproved,
        )

    # --- what is compared ---

    def _items(self) -> Iterator[Item]:
        known = register(self._records)
        booked: dict[int, Booked] = {}
        for name, amounts in self._books.documents.items():
            identity = known.find(name)
            if identity is not None:
                booked[identity] = _together(booked.get(identity), amounts)
            elif amounts.stands:
                yield self._unknown(name, amounts)
        for record in self._records:
            if record.kind is Kind.COST_JOURNAL:
                continue
            if record.id in booked or self._period.first <= record.day <= self._period.last:
                yield self._item(record, booked.get(record.id, Booked()))
        named = {name.number for name in self._books.documents}
        for side, order_id, number in unread_orders(self._database, self._period.first, self._period.last):
            if number and number not in named:
                kind = Kind.SALE_INVOICE if side == "sale" else Kind.PURCHASE_INVOICE
                yield from self._listed_only(side, order_id, kind)

    def _item(self, record: Record, booked: Booked) -> Item:
        entries = [one for number in record.numbers for one in self._nav.entries.get(number, ())]
        party = self._nav.party
        return Item(
            record.key,
            ("sale" if record.kind.is_sale else "purchase", record.order_id),
            Named(record.kind, record.task_id, record.number),
            Case(
                record.kind,
                record.number,
                booked,
                False,
                record.known,
                entries,
                None
                if party is None
                else [one for number in record.numbers for one in party.get(number, ())],
                [one for one in hands_of(record, self._nav.hands) if not _was_decided(record.known)],
            ),
        )

    def _unknown(self, name: Named, booked: Booked) -> Item:
        """What nobody here has read. Of a sale NAV's number follows from Cin7's alone."""
        number = document_no(name.kind, name.number, DocumentKey(name.kind, "", ""), self._mappings)
        entries = self._nav.entries.get(number, ()) if name.kind.is_sale else ()
        if entries:
            self._claimed.add(number)
        record = f"{name.kind}/{name.task_id}/{name.number}"
        return Item(record, None, name, Case(name.kind, name.number, booked, False, None, entries, None))

    def _listed_only(self, side: str, order_id: str, kind: Kind) -> Iterator[Item]:
        """Documents of an order that Cin7's list shows, its ledger does not, and nobody ever read."""
        for document in self._documents(side, order_id):
            if document.status.is_authorised and self._period.first <= document.date <= self._period.last:
                name = Named(document.key.kind, document.key.task_id, document.number)
                case = Case(document.key.kind, document.number, _exact(document), True, None, (), None)
                yield Item(str(document.key), (side, order_id), name, case)

    def _is_due(self, item: Item) -> bool:
        """Whether it is ours to carry: what is dated before go-live is in NAV already."""
        dates = item.case.booked.dates
        return not dates or max(dates) >= self._mappings.company.go_live

    def _terms(self, items: Sequence[Item]) -> Terms:
        mapped = frozenset(one.code for one in references(self._mappings) if one.what is Referenced.ACCOUNT)
        seen = (
            (cents(item.case.booked.party), sums(item.case.entries)) for item in items if item.case.entries
        )
        return Terms(
            self._mappings.company.tolerance,
            control_accounts(seen, mapped),
            frozenset(self._mappings.dimensions),
        )

    # --- documents in doubt ---

    def _again(self, item: Item, terms: Terms) -> tuple[Item, list[Finding]]:
        item = self._read(item)
        return item, rules.compare(item.case, terms) if self._is_due(item) else []

    def _read(self, item: Item) -> Item:
        """The item with what Cin7's document says now; as it is where it can't be read."""
        order = item.order
        if order is None:
            found = find_orders(self._database, self._cin7, item.name.number)
            side = "sale" if item.name.kind.is_sale else "purchase"
            order = next((one for one in found if one[0] == side), None)
        if order is None:
            return item
        documents = self._documents(*order)
        for document in documents:
            if document.key.kind is item.name.kind and (
                document.key.task_id == item.name.task_id or document.number == item.name.number
            ):
                booked = _exact(document) if document.status.is_authorised else Booked()
                record = item.record if item.case.known else str(document.key)
                return Item(record, order, item.name, rules.with_exact(item.case, booked))
        return item

    def _documents(self, side: str, order_id: str) -> tuple[SourceDocument, ...]:
        if (side, order_id) not in self._orders:
            try:
                if side == "sale":
                    self._orders[side, order_id] = sale_documents(self._cin7.sale(order_id))
                else:
                    self._orders[side, order_id] = purchase_documents(self._cin7.purchase(order_id))
            except (NotFound, Refused, WireError) as error:
                log.warning("%s %s can't be read for comparison: %s", side, order_id, error)
                self._orders[side, order_id] = ()
        return self._orders[side, order_id]

    # --- the other way round ---

    def _surplus(self, terms: Terms) -> Iterator[Difference]:
        ours = {number for record in self._records for number in record.numbers} | self._claimed
        for number, entries in sorted(self._nav.entries.items()):
            if number not in ours and sums(entries):
                day = min(entry.date for entry in entries)
                yield Difference(AREA, number, number, day, causes.surplus(number, entries, terms.control))

    def _left_out(self, items: Sequence[Item]) -> Iterator[Mapping[str, str]]:
        for item in items:
            known = item.case.known
            if known and known.left_out and item.case.booked.stands:
                owed = cents(item.case.booked.party)
                yield {"number": item.case.number, "amount": str(owed), "why": known.left_out}


def _was_decided(known: Known) -> bool:
    """Whether somebody said what a document of the same number in NAV is."""
    return bool(known.left_out)


def _together(first: Booked | None, second: Booked) -> Booked:
    if first is None:
        return second
    first.party += second.party
    first.dates |= second.dates
    for account, amount in second.accounts.items():
        first.accounts[account] += amount
    return first


def _exact(document: SourceDocument) -> Booked:
    """What the document itself says: the total to the cent, its lines by account."""
    sign = party_sign(document.key.kind)
    booked = Booked(cents(sign * document.total * document.rate), defaultdict(Decimal), {document.date})
    for line in document.lines:
        booked.accounts[line.account] -= sign * net(document, line) * document.rate
    booked.accounts[_TAX] -= booked.party + sum(booked.accounts.values(), Decimal(0))
    return booked


def by_sort(found: Sequence[Difference]) -> Counter[str]:
    return Counter(str(one.finding.sort) for one in found)
