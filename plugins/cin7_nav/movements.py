"""Our own words for stock: what moved in a Cin7 document, and one movement on its way between the systems.

Quantities are `Decimal` pieces in Cin7's unit unless said otherwise; what comes to a place is positive.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cin7_nav.model import Problem, State


class StockKind(StrEnum):
    """What sort of document moved the goods."""

    RECEIPT = "receipt"
    """Goods of a purchase, received or put away."""
    SHIPMENT = "shipment"
    RESTOCK = "restock"
    """What a customer's credit note brings back."""
    UNSTOCK = "unstock"
    """What a supplier's credit note sends back."""
    ADJUSTMENT = "adjustment"
    TAKE = "take"
    TRANSFER = "transfer"
    NAV_ENTRY = "nav_entry"
    """An entry of NAV's item ledger."""
    LEVEL = "level"
    """No document: the two levels differed, and the one that does not count is adjusted."""


MOVEMENT_PREFIXES = {
    StockKind.RECEIPT: "C7R-",
    StockKind.SHIPMENT: "C7H-",
    StockKind.RESTOCK: "C7X-",
    StockKind.UNSTOCK: "C7U-",
    StockKind.ADJUSTMENT: "C7A-",
    StockKind.TAKE: "C7K-",
    StockKind.TRANSFER: "C7T-",
    StockKind.LEVEL: "C7L-",
}
"""What the NAV document numbers of stock movements begin with: none of a journal's, because automatic cost
posting writes G/L entries under them."""


class Direction(StrEnum):
    TO_NAV = "to_nav"
    TO_CIN7 = "to_cin7"


OPEN = (State.RECEIVED, State.READY, State.NEEDS_ATTENTION, State.HELD)
"""States of a movement of which nothing was sent yet."""
IN_DOUBT = (State.SENDING, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Place:
    """A warehouse or a bin of one, as Cin7 names it: `London`, `London: A-01`."""

    id: str
    """GUID in lower case; empty where Cin7 gave none."""
    name: str

    @property
    def key(self) -> str:
        return self.id or self.name.casefold()


IN_TRANSIT = Place("in transit", "in transit")
"""Where goods are that have left one warehouse and not reached the other."""


@dataclass(frozen=True, slots=True)
class StockKey:
    """The identity of one Cin7 document that moves stock: GUIDs in lower case."""

    kind: StockKind
    order_id: str
    task_id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.order_id}/{self.task_id}"


@dataclass(frozen=True, slots=True)
class StockLine:
    """What one document moves of one product in one place, or from one place to another."""

    sku: str
    place: Place
    quantity: Decimal
    """Of a transfer: what leaves `place` for `new_place`, negative where it is taken back."""
    date: dt.date
    new_place: Place | None = None
    unit_cost: Decimal | None = None
    """Base currency, of one piece in Cin7's unit; None: not known here."""
    batch: str = ""
    """Batch or serial number."""
    doubt: str = ""
    """Why Cin7's answer does not tell what moved; empty where it does."""

    @property
    def identity(self) -> tuple[str, str, str, dt.date, str]:
        """What tells one movement of a document from another: cost and doubts do not."""
        new_place = self.new_place.key if self.new_place else ""
        return self.sku, self.place.key, new_place, self.date, self.batch


@dataclass(frozen=True, slots=True)
class StockDocument:
    """A Cin7 document with all that it moves now: nothing where it is a draft, undone or voided."""

    key: StockKey
    number: str
    order_number: str
    status: str
    reference: str
    lines: tuple[StockLine, ...]

    def content_hash(self) -> str:
        """SHA-256 of everything that could alter a movement; costs may change later and move nothing."""
        parts = [self.number, *sorted(_text(line) for line in self.lines)]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _text(line: StockLine) -> str:
    new_place = line.new_place.key if line.new_place else ""
    quantity = format(line.quantity.normalize(), "f")
    return "\x1e".join((line.sku, line.place.key, new_place, line.date.isoformat(), line.batch, quantity))


def merged(lines: Iterable[StockLine]) -> tuple[StockLine, ...]:
    """Lines of one identity as one, with the sum of their quantities and their average cost; zeros left out.

    One document may name a product and place more than once.
    """
    groups: dict[tuple[object, ...], list[StockLine]] = {}
    for line in lines:
        groups.setdefault(line.identity, []).append(line)
    return tuple(one for group in groups.values() if (one := _sum(group)).quantity)


def _sum(group: list[StockLine]) -> StockLine:
    if len(group) == 1:
        return group[0]
    first = group[0]
    quantity = sum((line.quantity for line in group), Decimal(0))
    costs = [line.unit_cost * line.quantity for line in group if line.unit_cost is not None]
    cost = sum(costs, Decimal(0)) / quantity if len(costs) == len(group) and quantity else None
    doubt = next((line.doubt for line in group if line.doubt), "")
    return StockLine(first.sku, first.place, quantity, first.date, first.new_place, cost, first.batch, doubt)


@dataclass(frozen=True, slots=True)
class NavWords:
    """A movement as NAV's item journal says it."""

    item_no: str
    location_code: str
    quantity: Decimal
    """In NAV's base unit; signed as in `StockLine`."""
    entry_type: str
    """`Purchase`, `Sale`, `Positive Adjmt.`, `Negative Adjmt.` or `Transfer`."""
    new_location_code: str = ""
    """Of a transfer: where to."""
    unit_cost: Decimal | None = None
    """Local currency, of one base unit, for what comes in; None: NAV's own."""
    posting_group: str = ""
    """General business posting group, where the cost belongs on another account than that of adjustments."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement on its way to the other system."""

    id: int
    direction: Direction
    kind: StockKind
    number: str
    """Cin7's number of the document, or NAV's document number of an entry."""
    line: StockLine
    state: State
    problems: tuple[Problem, ...] = ()
    nav: NavWords | None = None
    document_id: int | None = None
    document_no: str = ""
    """The NAV document number under which it is posted in NAV; fixed when it was found."""
    external_document_no: str = ""
    line_no: int | None = None
    """Of the journal line that was last sent for it."""
    entry_no: int | None = None
    """NAV's item ledger entry that it comes from."""

    @property
    def origin(self) -> str:
        """What it comes from, for people."""
        if self.entry_no is not None:
            return f"NAV item ledger entry {self.entry_no}"
        return f"the level of {self.line.sku} compared on {self.line.date}"

    @property
    def is_outbound(self) -> bool:
        """Whether goods leave a place by it; of a transfer they do."""
        return self.line.quantity < 0 or self.line.new_place is not None

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """The products and places it touches: movements that share one keep their order."""
        if self.nav:
            codes = (self.nav.location_code, self.nav.new_location_code)
            return frozenset((self.nav.item_no, code) for code in codes if code)
        places = (self.line.place, self.line.new_place)
        return frozenset((self.line.sku, place.key) for place in places if place)
