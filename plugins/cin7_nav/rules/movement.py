"""What a movement is called on the other side, and what is still to move. Pure; every problem at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from cin7_nav.mappings.company import Company
from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.files import EntryType, Valuation
from cin7_nav.mappings.stock import ITEM_LENGTH, Stock
from cin7_nav.model import Fixer, Problem
from cin7_nav.movements import (
    IN_TRANSIT,
    Movement,
    NavWords,
    Place,
    StockDocument,
    StockKind,
    StockLine,
    merged,
)

USUAL = {
    StockKind.RECEIPT: (1, EntryType.PURCHASE),
    StockKind.SHIPMENT: (-1, EntryType.SALE),
}
"""The sign of a movement that goes the usual way, and its entry type; all others are adjustments."""
_ADJUSTMENTS = (EntryType.POSITIVE, EntryType.NEGATIVE)
_TRADED = (StockKind.RECEIPT, StockKind.UNSTOCK, StockKind.SHIPMENT, StockKind.RESTOCK)
"""What was bought or sold: its cost stands against the clearing account or cost of goods sold."""
NAV_DECIMALS, CIN7_DECIMALS, COST_DECIMALS = 5, 4, 5


@dataclass(frozen=True, slots=True)
class Translated:
    """What became of a movement: NAV's words for it, or a reason to skip it, or every problem at once."""

    nav: NavWords | None = None
    skipped: str = ""
    problems: tuple[Problem, ...] = ()


def placed(document: StockDocument, places: Mapping[str, Place]) -> StockDocument:
    """With each place as Cin7's list of locations has it, found by its id or its folded name."""

    def known(place: Place) -> Place:
        return places.get(place.id) or places.get(fold(place.name)) or place

    lines = [
        replace(line, place=known(line.place), new_place=known(line.new_place) if line.new_place else None)
        for line in document.lines
    ]
    return replace(document, lines=merged(lines))


def difference(now: Iterable[StockLine], sent: Iterable[StockLine]) -> tuple[StockLine, ...]:
    """What is to be moved so that what was sent becomes what there is now.

    What comes in anew costs what Cin7 says now; what was sent and comes back costs what it was sent for.
    """
    costs = {line.identity: line.unit_cost for line in (*sent, *now) if line.unit_cost is not None}
    open_lines = merged((*now, *(replace(line, quantity=-line.quantity) for line in sent)))
    return tuple(replace(line, unit_cost=costs.get(line.identity)) for line in open_lines)


def to_nav(movement: Movement, stock: Stock, company: Company) -> Translated:
    """A movement of Cin7's as NAV's item journal says it."""
    line, kind = movement.line, movement.kind
    if kind is StockKind.LEVEL:
        return Translated(movement.nav)
    if kind not in stock.to_nav:
        return Translated(skipped=f"stock.yaml carries no {kind} to NAV")
    if line.date < company.go_live:
        return Translated(skipped=f"dated before go-live ({company.go_live_rule})")
    problems = [*_line_problems(line, stock)]
    location, new_location = _location(line.place, stock), ""
    if isinstance(location, Problem):
        problems.append(location)
    if line.new_place:
        found = _location(line.new_place, stock)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            new_location = found
    quantity = line.quantity * stock.factor(line.sku)
    if not _fits(quantity, NAV_DECIMALS):
        problems.append(_too_fine(line, quantity, NAV_DECIMALS, "NAV"))
    entry_type = EntryType.TRANSFER if line.new_place else _entry_type(kind, quantity)
    group = ""
    if company.valuation is Valuation.NAV and kind in _TRADED and entry_type in _ADJUSTMENTS:
        group = stock.posting_groups.get(kind, "")
        if not group:
            problems.append(_no_group(line, kind))
    if problems or isinstance(location, Problem):
        return Translated(problems=tuple(problems))
    if location == new_location:
        return Translated(skipped=f"both places are NAV location {location}")
    words = NavWords(stock.item(line.sku), location, quantity, entry_type, new_location, posting_group=group)
    if not line.new_place:
        words = replace(words, unit_cost=_unit_cost(line, stock, company) if quantity > 0 else None)
    elif quantity < 0:  # a transfer that is taken back goes the other way
        words = replace(words, location_code=new_location, new_location_code=location, quantity=-quantity)
    return Translated(words)


def to_cin7(movement: Movement, stock: Stock, company: Company) -> Translated:
    """Whether a movement of NAV's own is to become a Cin7 adjustment. Its `line` is in NAV's words."""
    line = movement.line
    nav = movement.nav
    assert nav is not None
    level = movement.kind is StockKind.LEVEL
    if not level and nav.entry_type not in stock.to_cin7:
        return Translated(nav, skipped=f"stock.yaml carries no {nav.entry_type} of NAV's to Cin7")
    if not level and line.date < company.go_live:
        return Translated(nav, skipped=f"dated before go-live ({company.go_live_rule})")
    if stock.in_transit and nav.location_code == stock.in_transit.value:
        return Translated(nav, skipped=f"{nav.location_code} holds what is in transit: no place of Cin7's")
    problems = []
    if nav.location_code not in stock.adjust_at:
        where = movement.origin
        named = f"NAV location {nav.location_code}" if nav.location_code else "an empty NAV location"
        message = f"{named} has no Cin7 warehouse: no line in stock.yaml's locations leads there"
        problems.append(Problem("location_unmapped", message, where, Fixer.MAPPING_EDITOR))
    quantity = nav.quantity / stock.factor(line.sku)
    if not _fits(quantity, CIN7_DECIMALS):
        problems.append(_too_fine(line, quantity, CIN7_DECIMALS, "Cin7"))
    return Translated(nav, problems=tuple(problems))


def lock_problem(day: dt.date, lock: str, where: str) -> Problem | None:
    """Cin7's books are locked up to a date, which it writes as ISO 8601 or in the tenant's own format."""
    try:
        locked = dt.date.fromisoformat(lock[:10])
    except ValueError:
        return None  # not ISO 8601: Cin7 itself refuses what is locked
    if day > locked:
        return None
    message = f"Cin7 is locked until {locked} and the movement is dated {day}"
    return Problem("cin7_locked", message, where, Fixer.ACCOUNTANT)


def _line_problems(line: StockLine, stock: Stock) -> Iterable[Problem]:
    where = f"SKU {line.sku}"
    if not line.sku:
        yield Problem("no_sku", "Cin7 names no SKU on a line that moves stock", "line", Fixer.DATA_TEAM)
    elif len(stock.item(line.sku)) > ITEM_LENGTH:
        message = f"SKU {line.sku} has more than {ITEM_LENGTH} characters: name its NAV item under `items`"
        yield Problem("item_unmapped", message, where, Fixer.MAPPING_EDITOR)
    if line.batch:
        message = (
            f"batch or serial number {line.batch} would be lost: NAV takes none on item journal lines. Post "
            "the movement in NAV by hand and skip it here"
        )
        yield Problem("tracked", message, where, Fixer.NAV_ADMINISTRATOR)
    if line.doubt:
        yield Problem("adjustment_ambiguous", line.doubt, where, Fixer.ACCOUNTANT)


def _location(place: Place, stock: Stock) -> str | Problem:
    if place == IN_TRANSIT:
        if stock.in_transit:
            return stock.in_transit.value
        message = "goods are in transit and stock.yaml names no `in_transit` location"
        return Problem("location_unmapped", message, "stock.yaml", Fixer.MAPPING_EDITOR)
    found = stock.location(place.name) if place.name else None
    if found:
        return found.value
    name = place.name or place.id or "an empty location"
    message = f'Cin7 location "{name}" has no NAV location: no line in stock.yaml\'s locations'
    return Problem("location_unmapped", message, f'location "{name}"', Fixer.MAPPING_EDITOR)


def _entry_type(kind: StockKind, quantity: Decimal) -> EntryType:
    sign, entry_type = USUAL.get(kind, (0, EntryType.POSITIVE))
    if sign and sign * quantity > 0:
        return entry_type
    return EntryType.POSITIVE if quantity > 0 else EntryType.NEGATIVE


def _no_group(line: StockLine, kind: StockKind) -> Problem:
    side = "purchase" if kind in (StockKind.RECEIPT, StockKind.UNSTOCK) else "sale"
    message = (
        f"{line.sku} goes back and stock.yaml's posting_groups name none for a {side}: in NAV the cost would "
        "stand on the adjustment account"
    )
    return Problem("posting_group_missing", message, "stock.yaml", Fixer.MAPPING_EDITOR)


def _unit_cost(line: StockLine, stock: Stock, company: Company) -> Decimal | None:
    """Of one base unit. Where Cin7 owns the value of stock, NAV counts pieces that cost nothing."""
    if company.valuation is Valuation.CIN7:
        return Decimal(0)
    if line.unit_cost is None:
        return None
    return round(line.unit_cost / stock.factor(line.sku), COST_DECIMALS)


def _fits(quantity: Decimal, decimals: int) -> bool:
    return quantity == round(quantity, decimals)


def _too_fine(line: StockLine, quantity: Decimal, decimals: int, system: str) -> Problem:
    message = (
        f"{quantity.normalize():f} pieces of {line.sku}: {system} keeps {decimals} decimals of a quantity"
    )
    return Problem("quantity_too_fine", message, f"SKU {line.sku}", Fixer.MAPPING_EDITOR)
