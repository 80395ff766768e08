"""Collect: find what moved in Cin7, and read each record of it whole.

Cin7's lists of sales and purchases tell what changed since; those of adjustments, stock takes and transfers
know no dates, so their newest page is read, and all other pages one by one over a day.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cin7_nav.flows.stock.places import Places
from cin7_nav.hooks.cin7 import PAGE_SIZE, Cin7Hook, Row, timestamp
from cin7_nav.hooks.errors import NotFound, Refused, Unavailable
from cin7_nav.movements import StockDocument
from cin7_nav.rules.movement import placed
from cin7_nav.store import inbox, reading, stock
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run
from cin7_nav.store.inbox import Event
from cin7_nav.store.stock import REFERENCES, ListRow
from cin7_nav.wire.fields import WireError
from cin7_nav.wire.stock import adjustment_stock, purchase_stock, sale_stock, take_stock, transfer_stock

log = logging.getLogger(__name__)

FLOW = "stock"
OVERLAP = dt.timedelta(minutes=10)
"""How far before the newest change seen the lists of sales and purchases are read again."""
SELDOM = dt.timedelta(minutes=25)
"""Stock takes and transfers are listed no more often: at most twice an hour with a poll every 15 minutes."""
RESCAN = dt.timedelta(hours=24)
"""In this time every page of a list without dates is read again, so that an old void is found."""
RESCANS_APART = dt.timedelta(minutes=14)
"""At most one old page of one list is read in this time."""
READS_PER_RUN = 600
STORED_TOGETHER = 25
FAILURES_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class StockList:
    """One of Cin7's lists that can't be asked for changes."""

    name: str
    path: str
    key: str
    number: str
    """The field with the document's number."""
    date: str
    seldom: bool


LISTS = (
    StockList(
        "adjustment", "/stockadjustmentList", "StockAdjustmentList", "StocktakeNumber", "EffectiveDate", False
    ),
    StockList("take", "/stockTakeList", "StockAdjustmentList", "StocktakeNumber", "EffectiveDate", True),
    StockList("transfer", "/stockTransferList", "StockTransferList", "Number", "CompletionDate", True),
)


@dataclass
class Collected:
    """What a run found."""

    events: list[int] = field(default_factory=list)
    records: int = 0
    outcome: Counter[str] = field(default_factory=Counter)
    more: bool = False
    """Whether records are left unread for a further run."""
    told_by_nav: bool = False
    """Whether NAV told of items or of their ledger: what waits for them is tried again."""


class StockCollector:
    """The reading of Cin7, for one run."""

    def __init__(
        self, database: Database, cin7: Cin7Hook, run: Run, go_live: dt.date, now: Callable[[], dt.datetime]
    ) -> None:
        self.database = database
        self.cin7 = cin7
        self.run = run
        self.go_live = go_live
        self.now = now
        self.places = Places(database, cin7, now)
        self.collected = Collected()
        self._seen: set[tuple[str, str]] = set()
        self._failures_in_a_row = 0
        self._listed_all = False

    def landed(self) -> Collected:
        """Drain the inbox: claim until nothing unclaimed is left. However many stock levels changed, the
        lists without dates are looked at once."""
        while events := inbox.claim(
            self.database, FLOW, self.run.name, limit=100, held=self.collected.events
        ):
            self.collected.events += [event.id for event in events]
            for event in events:
                self._look_at(event)
        return self.collected

    def changed(self) -> Collected:
        """Everything that changed since the lists were last read."""
        self._read_orders("sale", self.cin7.sale_list)
        self._read_orders("purchase", self.cin7.purchase_list)
        self._read_lists(seldom_too=False)
        self._rescan()
        return self.collected

    def numbered(self, numbers: Sequence[str]) -> Collected:
        """The records with these numbers, read anew whether they changed or not."""
        found = set(stock.records_named(self.database, numbers))
        for number in numbers:
            found |= {("sale", str(row["SaleID"]).lower()) for row in self.cin7.search_sale(number)}
            found |= {("purchase", str(row["ID"]).lower()) for row in self.cin7.search_purchase(number)}
        if not found:
            self._read_lists(seldom_too=True)
            found = set(stock.records_named(self.database, numbers))
        self.collected.outcome["number not found in Cin7"] += not found
        self._read([(list_, record, "") for list_, record in sorted(found)])
        return self.collected

    # --- events ---

    def _look_at(self, event: Event) -> None:
        """A purchase event may carry the id of its receiving task, and any id may lead nowhere: then the
        order number is searched for."""
        if event.source == "nav":
            self.collected.told_by_nav = True
            return
        if event.type.startswith("Stock/"):
            if not self._listed_all:
                self._listed_all = True
                self._read_lists(seldom_too=True)
            return
        side = "sale" if event.type.startswith("Sale/") else "purchase"
        if event.record_id and self._read([(side, event.record_id, "")], expected=event.number):
            return
        if event.number:
            search = self.cin7.search_sale if side == "sale" else self.cin7.search_purchase
            id_ = "SaleID" if side == "sale" else "ID"
            self._read([(side, str(row[id_]).lower(), "") for row in search(event.number)])

    # --- sales and purchases ---

    def _read_orders(self, side: str, read: Callable[[dt.datetime], Iterator[Row]]) -> None:
        """The cursor moves only when the walk reached the end; what it named is read after it."""
        cursor = reading.cursor_value(self.database, f"stock_{side}_list")
        start = dt.datetime.combine(self.go_live, dt.time(), dt.UTC)
        newest = dt.datetime.fromisoformat(cursor) if cursor else start
        rows: list[ListRow] = []
        stamp = "Updated" if side == "sale" else "LastUpdatedDate"
        for row in read(newest - OVERLAP if cursor else start):
            rows.append(_order_row(side, row))
            newest = max(newest, timestamp(row[stamp]))
            if len(rows) == PAGE_SIZE:
                stock.remember(self.database, rows)
                rows = []
        stock.remember(self.database, rows)
        reading.move_cursor(self.database, f"stock_{side}_list", newest.isoformat())
        self._read_unread(side)

    # --- lists without dates ---

    def _read_lists(self, *, seldom_too: bool) -> None:
        for list_ in LISTS:
            if seldom_too or not list_.seldom or self._is_due(f"stock_{list_.name}_listed", SELDOM):
                self._read_newest(list_)
                self._mark(f"stock_{list_.name}_listed")
                self._read_unread(list_.name)

    def _read_newest(self, list_: StockList) -> None:
        """The newest page or pages: the first where the list begins with the newest, else the last ones from
        where it ended before."""
        known = self._known(list_)
        page = 1 if known.newest_first else max(1, math.ceil(known.total / PAGE_SIZE))
        while True:
            rows, total = self._page(list_, page)
            if page == 1 and len(rows) > 1:
                known.newest_first = str(rows[0][list_.number]) > str(rows[-1][list_.number])
            grown = total - known.total if known.total else total
            last = math.ceil(total / PAGE_SIZE)
            wanted = math.ceil(grown / PAGE_SIZE) if known.newest_first else last
            if page >= max(min(wanted, last), 1):
                break
            page += 1
        known.total = total
        self._keep(list_, known)

    def _rescan(self) -> None:
        """The page that was read longest ago, so that all of them are read within a day."""
        if not self._is_due("stock_rescanned", RESCANS_APART):
            return
        pages = [
            (reading.cursor_value(self.database, f"stock_{list_.name}_page_{page}") or "", list_, page)
            for list_ in LISTS
            for page in range(1, math.ceil(self._known(list_).total / PAGE_SIZE) + 1)
            if self._known(list_).total > PAGE_SIZE
        ]
        if not pages:
            return
        _, list_, page = min(pages, key=lambda one: one[0])
        name = f"stock_{list_.name}_page_{page}"
        if self._is_due(name, RESCAN):
            self._page(list_, page)
            self._mark("stock_rescanned")
            self._mark(name)
            self._read_unread(list_.name)

    def _page(self, list_: StockList, page: int) -> tuple[list[Row], int]:
        rows, total = self.cin7.stock_page(list_.path, list_.key, page)
        ids = [str(row["TaskID"]).lower() for row in rows if _is_ours(row)]
        own = stock.own_tasks(self.database, ids)
        stock.remember(self.database, [self._list_row(list_, row, own) for row in rows])
        return rows, total

    def _list_row(self, list_: StockList, row: Mapping[str, Any], own: set[str]) -> ListRow:
        """A completed adjustment of our own needs no reading: what it came to is known."""
        record_id, status = str(row["TaskID"]).lower(), str(row.get("Status") or "").strip().upper()
        day = str(row.get(list_.date) or "")[:10]
        if record_id in own:
            moves = status != "COMPLETED"
        else:
            moves = status in ("COMPLETED", "IN TRANSIT") and day >= self.go_live.isoformat()
        text = json.dumps(row, sort_keys=True, default=str)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        return ListRow(list_.name, record_id, str(row.get(list_.number) or ""), fingerprint, moves)

    @dataclass
    class _Known:
        total: int = 0
        newest_first: bool = False

    def _known(self, list_: StockList) -> _Known:
        value = reading.cursor_value(self.database, f"stock_{list_.name}_list")
        return self._Known(**json.loads(value)) if value else self._Known()

    def _keep(self, list_: StockList, known: _Known) -> None:
        value = json.dumps({"total": known.total, "newest_first": known.newest_first})
        reading.move_cursor(self.database, f"stock_{list_.name}_list", value)

    def _is_due(self, name: str, after: dt.timedelta) -> bool:
        last = reading.cursor_value(self.database, name)
        return last is None or self.now() - dt.datetime.fromisoformat(last) >= after

    def _mark(self, name: str) -> None:
        reading.move_cursor(self.database, name, self.now().isoformat())

    # --- details ---

    def _read_unread(self, list_: str) -> None:
        seen = {record for of, record in self._seen if of == list_}
        while found := stock.unread(self.database, list_, 100, skip=seen):
            left = READS_PER_RUN - self.collected.records
            if left <= 0:
                self.collected.more = True
                return
            self._read([(list_, record, fingerprint) for record, fingerprint in found[:left]])
            seen |= {record for record, _ in found[:left]}

    def _read(self, wanted: Iterable[tuple[str, str, str]], expected: str = "") -> bool:
        """Read and store these records, `(list, id, fingerprint)`; whether the last one is there.

        One that can't be read is noted and the others go on. Raises `Unavailable` where Cin7 itself fails.
        """
        reads: list[stock.Read] = []
        found = False
        try:
            for list_, record_id, fingerprint in wanted:
                if (list_, record_id) in self._seen:
                    found = True
                    continue
                read = self._read_one(list_, record_id, fingerprint, expected)
                found = read is not None
                reads += [read] if read else []
                if len(reads) >= STORED_TOGETHER:
                    self._store(reads)
                    reads = []
        finally:
            self._store(reads)
        return found

    def _read_one(self, list_: str, record_id: str, fingerprint: str, expected: str) -> stock.Read | None:
        try:
            raw, documents = self._fetched(list_, record_id)
            if expected and documents and documents[0].order_number != expected:
                return None
            documents = tuple(placed(one, self.places.known(one)) for one in documents)
        except NotFound:
            if not expected:
                self._note_failure(list_, record_id, "Cin7 names it and does not find it")
            return None
        except (WireError, Refused) as error:
            self._note_failure(list_, record_id, str(error))
            return None
        except Unavailable as error:
            self._note_failure(list_, record_id, str(error))
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= FAILURES_IN_A_ROW:
                raise
            return None
        self._failures_in_a_row = 0
        self._seen.add((list_, record_id))
        return stock.Read(list_, record_id, fingerprint, raw, documents)

    def _fetched(self, list_: str, record_id: str) -> tuple[Row, tuple[StockDocument, ...]]:
        match list_:
            case "sale":
                raw = self.cin7.sale(record_id)
                return raw, sale_stock(raw)
            case "purchase":
                raw = self.cin7.purchase(record_id)
                return raw, purchase_stock(raw)
            case "adjustment":
                raw = self.cin7.stock_adjustment(record_id)
                return raw, (adjustment_stock(raw),)
            case "take":
                raw = self.cin7.stock_take(record_id)
                return raw, (take_stock(raw),)
        raw = self.cin7.stock_transfer(record_id)
        return raw, (transfer_stock(raw),)

    def _store(self, reads: Sequence[stock.Read]) -> None:
        if reads:
            self.collected.outcome += stock.record(self.database, reads, self.run)
            self.collected.records += len(reads)

    def _note_failure(self, list_: str, record_id: str, problem: str) -> None:
        log.warning("%s %s can't be read: %s", list_, record_id, problem)
        stock.unreadable(self.database, list_, record_id, problem)
        self._seen.add((list_, record_id))
        self.collected.outcome["unreadable"] += 1


def _is_ours(row: Mapping[str, Any]) -> bool:
    return str(row.get("Reference") or "").startswith(REFERENCES)


def _order_row(side: str, row: Mapping[str, Any]) -> ListRow:
    """A list row of a sale or purchase. Only one that says plainly that nothing has moved is left unread."""
    sale = side == "sale"
    moved = str(row.get("CombinedShippingStatus" if sale else "CombinedReceivingStatus") or "")
    credited = str(row.get("CreditNoteStatus") or "").strip().upper()
    still = moved.strip().upper() in ("NOT AVAILABLE", "NOT SHIPPED", "NOT RECEIVED", "VOIDED")
    return ListRow(
        side,
        str(row["SaleID" if sale else "ID"]).lower(),
        str(row.get("OrderNumber") or "").strip(),
        timestamp(row["Updated" if sale else "LastUpdatedDate"]).isoformat(),
        not (still and credited in ("NOT AVAILABLE", "DRAFT", "VOIDED", "")),
    )
