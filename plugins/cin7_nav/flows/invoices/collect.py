"""Collect: find the orders that a run is about, read each of them, keep what they say."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any

from cin7_nav.hooks.cin7 import Cin7Hook, Row, timestamp
from cin7_nav.hooks.errors import NotFound, Refused, Unavailable
from cin7_nav.store import documents, inbox, reading
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Read, Run, Scope
from cin7_nav.store.inbox import Event
from cin7_nav.store.reading import Header, Listed
from cin7_nav.wire.documents import purchase_documents, sale_documents
from cin7_nav.wire.fields import WireError

log = logging.getLogger(__name__)

FLOW = "invoices"

OVERLAP = dt.timedelta(minutes=10)
"""How far before the newest change seen a list is read again: pages shift while they are read, and whether
Cin7's bound is inclusive is not documented."""

READS_PER_RUN = 600
"""Orders that one run reads before it hands them on; what is left is the next run's."""

STORED_TOGETHER = 25
"""Orders of a list that are stored in one transaction."""

FETCHED_AHEAD = 4
"""Orders of a list that are fetched while others are stored."""

FAILURES_IN_A_ROW = 3
"""After so many orders in a row could not be read it is Cin7 that fails, not the order."""

NOT_INVOICED = frozenset({"NOT AVAILABLE", "NOT INVOICED", "DRAFT"})


class Occasion(StrEnum):
    """What started a run, and so what it collects."""

    LANDED = "landed"
    POLL = "poll"
    DAY = "day"
    NAMED = "named"


@dataclass
class Collected:
    """What a run found."""

    events: list[int] = field(default_factory=list)
    """Ids of the claimed inbox events, to be done once the documents are dealt with."""
    told_by_nav: set[str] = field(default_factory=set)
    """Entity sets of NAV that NAV told of changes in: nothing is read in Cin7 for them."""
    orders: int = 0
    outcome: Counter[str] = field(default_factory=Counter)
    more: bool = False
    """Whether orders are left unread for a further run."""


class Collector:
    """The reading half of the flow, for one run."""

    def __init__(self, database: Database, cin7: Cin7Hook, run: Run, go_live: dt.date | None) -> None:
        self.database = database
        self.cin7 = cin7
        self.run = run
        self.go_live = go_live
        self.collected = Collected()
        self._read: set[tuple[str, str]] = set()
        self._seen: set[str] = set()
        self._failures_in_a_row = 0

    def landed(self) -> Collected:
        """Drain the inbox: claim until nothing unclaimed is left."""
        while events := inbox.claim(
            self.database, FLOW, self.run.name, limit=100, held=self.collected.events
        ):
            self.collected.events += [event.id for event in events]
            for event in events:
                if event.source == "nav":
                    self.collected.told_by_nav.add(event.type.partition("/")[0])
                else:
                    self._look_at(event)
        return self.collected

    def changed(self) -> Collected:
        """Everything that changed since the lists were last read to their end."""
        for side in ("sale", "purchase"):
            self._read_lists(side)
            self._read_orders(side, self._unread(side))
        return self.collected

    def dated(self, first: dt.date, last: dt.date) -> Collected:
        """Every document with a business date in this range, both ends included.

        Cin7's lists can't be asked for invoice dates: its ledger names the documents of the days, and the
        remembered list rows cover what has no ledger row. A list row shows one invoice of its order only:
        where the ledger names one that is in no order read so far, it may be in any that is still unread.
        """
        named: dict[str, tuple[set[str], set[str]]] = {"sale": (set(), set()), "purchase": (set(), set())}
        for row in self.cin7.transactions(first, last):
            if (side := str(row.get("Type") or "").lower()) in named:
                ids, numbers = named[side]
                ids.add(str(row.get("TaskID") or "").lower())
                numbers.update(part.strip() for part in str(row.get("Reference") or "").split("/"))
        for side, (ids, numbers) in named.items():
            self._read_lists(side)
            orders = reading.orders_named(self.database, side, ids, numbers - {""})
            self._read_orders(side, [reading.still_unread(self.database, side, orders)])
            self._read_orders(side, self._unread(side, day=(first, last)))
            if reading.unknown_ids(self.database, side, ids):
                self._read_orders(side, self._unread(side))
        return self.collected

    def numbered(self, numbers: Iterable[str]) -> Collected:
        """The orders with these order or document numbers, read anew whether they changed or not."""
        for number in numbers:
            orders = find_orders(self.database, self.cin7, number)
            self.collected.outcome["number not found in Cin7"] += not orders
            for side, order_id in orders:
                self._read_anyhow(side, order_id)
        return self.collected

    def order(self, side: str, order_id: str) -> bool:
        """Read one order anew; whether it is there."""
        return self._read_anyhow(side, order_id)

    def _look_at(self, event: Event) -> None:
        """Read the order that an event points at.

        A purchase event may carry the id of the receiving or invoicing task instead of the purchase's
        (seen in the field), and any id may lead nowhere: then the order number is searched for.
        """
        side = "sale" if event.type.startswith("Sale/") else "purchase"
        known = reading.orders_named(self.database, side, [event.record_id], [])
        for order_id in known or {event.record_id}:
            if order_id and self._read_anyhow(side, order_id, event.number):
                return
        if event.number:
            search = self.cin7.search_sale if side == "sale" else self.cin7.search_purchase
            for row in search(event.number):
                self._read_anyhow(side, str(row["SaleID" if side == "sale" else "ID"]).lower())

    def _read_lists(self, side: str) -> None:
        """Remember the headers of one side: of its orders, and of its credit notes, which may stand alone."""
        if side == "sale":
            self._read_list(side, "sale_list", self.cin7.sale_list)
            self._read_list(side, "sale_credit_note_list", self.cin7.sale_credit_note_list)
        else:
            self._read_list(side, "purchase_list", self.cin7.purchase_list)
            self._read_list(side, "purchase_credit_note_list", self.cin7.purchase_credit_note_list)

    def _read_list(self, side: str, name: str, read: Callable[[dt.datetime], Iterator[Row]]) -> None:
        """Remember the headers of one list; its cursor moves only when the walk reached the end."""
        cursor = reading.cursor_value(self.database, name)
        newest = dt.datetime.fromisoformat(cursor) if cursor else None
        if newest:
            since = newest - OVERLAP
        elif self.go_live:
            since = dt.datetime.combine(self.go_live, dt.time(), dt.UTC)
        else:
            log.warning("%s is not read: company.yaml does not say from which day on", name)
            return
        for headers in _in_chunks((_header(side, row) for row in read(since)), 1000):
            reading.remember_headers(self.database, headers)
            latest = max(dt.datetime.fromisoformat(header.updated) for header in headers)
            newest = max(newest, latest) if newest else latest
        if newest:
            reading.move_cursor(self.database, name, newest.isoformat(timespec="microseconds"))

    def _unread(self, side: str, day: tuple[dt.date, dt.date] | None = None) -> Iterator[list[Listed]]:
        while found := reading.unread(self.database, side, 100, skip=self._seen, day=day):
            yield found

    def _read_orders(self, side: str, chunks: Iterable[list[Listed]]) -> None:
        """Read orders that a list or the ledger named, as many as a run may."""
        unstored: list[Read] = []
        try:
            for (order_id, stamp), fetch in self._fetched(side, chunks):
                self._seen.add(order_id)
                found = self._read_order(side, order_id, fetch, listed=stamp)
                if found is None:
                    self._note_failure(side, order_id, "Cin7 names it and does not find it")
                unstored += found or []
                if len(unstored) >= STORED_TOGETHER:
                    self._store(unstored)
                    unstored = []
        finally:
            self._store(unstored)

    def _fetched(
        self, side: str, chunks: Iterable[list[Listed]]
    ) -> Iterator[tuple[Listed, Callable[[], Row]]]:
        """The orders that this run may still read, each with what gives its details; they are fetched one
        after the other, ahead of being asked for."""
        pool = ThreadPoolExecutor(1)
        ahead: deque[tuple[Listed, Callable[[], Row]]] = deque()
        try:
            for chunk in chunks:
                for listed in chunk:
                    while ahead and (
                        len(ahead) > FETCHED_AHEAD or len(self._read) + len(ahead) >= READS_PER_RUN
                    ):
                        yield ahead.popleft()
                    if len(self._read) >= READS_PER_RUN:
                        self.collected.more = True
                        return
                    ahead.append((listed, pool.submit(self._fetch, side, listed[0]).result))
                while ahead:
                    yield ahead.popleft()
        finally:
            pool.shutdown(cancel_futures=True)

    def _fetch(self, side: str, order_id: str) -> Row:
        return self.cin7.sale(order_id) if side == "sale" else self.cin7.purchase(order_id)

    def _read_anyhow(self, side: str, order_id: str, expected_number: str = "") -> bool:
        """Read and store an order that nobody listed; whether it is there and has this order number."""
        fetch = partial(self._fetch, side, order_id)
        found = self._read_order(side, order_id, fetch, expected_number=expected_number)
        self._store(found or [])
        return found is not None

    def _read_order(
        self,
        side: str,
        order_id: str,
        fetch: Callable[[], Row],
        *,
        expected_number: str = "",
        listed: str = "",
    ) -> list[Read] | None:
        """One order, to be stored; None where it is not there or is not the one with the expected number.

        One that can't be read is noted and the others go on. Raises `Unavailable` where Cin7 itself fails.
        `listed` is the change stamp under which a list named it: the details may carry an older one.
        """
        if (side, order_id) in self._read:
            return []
        try:
            raw = fetch()
            header = _header_of_details(side, raw)
            header = replace(header, updated=max(header.updated, listed))
            if expected_number and header.order_number != expected_number:
                return None
            found = sale_documents(raw) if side == "sale" else purchase_documents(raw)
        except NotFound:
            return None
        except (WireError, Refused) as error:
            self._note_failure(side, order_id, str(error))
            return []
        except Unavailable as error:
            self._note_failure(side, order_id, str(error))
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= FAILURES_IN_A_ROW:
                raise
            return []
        self._failures_in_a_row = 0
        self._read.add((side, header.order_id))
        return [Read(raw, found, header)]

    def _store(self, orders: Sequence[Read]) -> None:
        if orders:
            self.collected.outcome += documents.record(self.database, orders, self.run)
            self.collected.orders += len(orders)

    def _note_failure(self, side: str, order_id: str, problem: str) -> None:
        log.warning("%s %s can't be read: %s", side, order_id, problem)
        reading.unreadable(self.database, side, order_id, problem)
        self.collected.outcome["unreadable"] += 1


def find_orders(database: Database, cin7: Cin7Hook, number: str) -> list[tuple[str, str]]:
    """`(side, order id)` of the orders with this order or document number.

    Cin7's search sees one invoice number per order; the others are known only of orders that were read.
    """
    found = {("sale", str(row["SaleID"]).lower()) for row in cin7.search_sale(number)}
    found |= {("purchase", str(row["ID"]).lower()) for row in cin7.search_purchase(number)}
    if not found:  # credit notes that stand alone are in lists of their own
        found |= {("sale", str(row["SaleID"]).lower()) for row in cin7.search_sale_credit_note(number)}
        found |= {("purchase", str(row["ID"]).lower()) for row in cin7.search_purchase_credit_note(number)}
    for side in ("sale", "purchase"):
        found |= {(side, order) for order in reading.orders_named(database, side, [], [number])}
    return sorted(found)


def collect(
    database: Database, cin7: Cin7Hook, run: Run, occasion: Occasion, scope: Scope, go_live: dt.date | None
) -> Collected:
    """Read what the run is about. Documents that authorised or changed are in state `received` after it.

    `go_live`: the day from which lists are read when they never were; None where the mappings are invalid.
    Safe to repeat. Raises `hooks.errors.VendorError` where Cin7 can't be reached at all: claimed events are
    given back first, and cursors stand where they stood.
    """
    collector = Collector(database, cin7, run, go_live)
    try:
        match occasion:
            case Occasion.LANDED:
                return collector.landed()
            case Occasion.POLL:
                collector.landed()
                return collector.changed()
            case Occasion.DAY:
                assert scope.since is not None
                assert scope.until is not None
                return collector.dated(scope.since, scope.until)
            case Occasion.NAMED:
                return collector.numbered(scope.numbers)
    except BaseException:
        inbox.release(database, collector.collected.events)
        raise


def _header(side: str, row: Mapping[str, Any]) -> Header:
    """A list row. Only one that says plainly that nothing is invoiced or credited is left unread."""
    sale = side == "sale"
    invoice = str(row.get("CombinedInvoiceStatus") or row.get("InvoiceStatus") or "").strip().upper()
    credit = str(row.get("CreditNoteStatus") or "").strip().upper()
    nothing = invoice in NOT_INVOICED and credit in NOT_INVOICED | {""} and not row.get("InvoiceAmount")
    date = row.get("InvoiceDate")
    return Header(
        side,
        str(row["SaleID" if sale else "ID"]).lower(),
        str(row.get("OrderNumber") or "").strip(),
        str(row.get("InvoiceNumber") or "").strip(),
        dt.date.fromisoformat(date[:10]) if date else None,
        _stamp(row["Updated" if sale else "LastUpdatedDate"]),
        not nothing,
    )


def _header_of_details(side: str, raw: Mapping[str, Any]) -> Header:
    sale = side == "sale"
    order = raw.get("Order") or {}
    number = order.get("SaleOrderNumber") if sale else raw.get("OrderNumber")
    return Header(
        side,
        str(raw["ID"]).lower(),
        str(number or "").strip(),
        "",
        None,
        _stamp(raw["LastModifiedOn" if sale else "LastUpdatedDate"]),
        True,
    )


def _stamp(text: str) -> str:
    return timestamp(text).isoformat(timespec="microseconds")


def _in_chunks(headers: Iterable[Header], size: int) -> Iterator[list[Header]]:
    chunk: list[Header] = []
    for header in headers:
        chunk.append(header)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
