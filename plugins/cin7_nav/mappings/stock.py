"""Which stock flows in which direction, and what it is called on the other side: `stock.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.files import EntryType, ItemBatch, PostingGroups, StockFile
from cin7_nav.mappings.reader import Source, check
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import Posting, Side
from cin7_nav.movements import StockKind

ITEM_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Stock:
    posting: Posting
    journal: ItemBatch
    reclass_journal: ItemBatch | None
    locations: Mapping[str, Hit]
    """Folded Cin7 warehouse or `Warehouse: BIN` → NAV location."""
    adjust_at: Mapping[str, str]
    """NAV location → the Cin7 warehouse to adjust in."""
    in_transit: Hit | None
    items: Mapping[str, Hit]
    """Folded SKU → NAV item number, where they differ."""
    skus: Mapping[str, str]
    """NAV item number → SKU, where they differ."""
    units: Mapping[str, Decimal]
    """Folded SKU → NAV base units in one of Cin7's, where that is not one."""
    to_nav: frozenset[StockKind]
    to_cin7: frozenset[EntryType]
    adjustment_account: str | None
    posting_groups: Mapping[StockKind, str]
    """General business posting group of what is taken back of each kind, where stock.yaml names one."""
    tolerance: Decimal
    level_owner: Side | None
    """Whose level counts; None: none is adjusted."""
    level_cap: int

    def location(self, place: str) -> Hit | None:
        """The NAV location of a warehouse or bin, by name; a bin without a line goes by its warehouse."""
        found = self.locations.get(fold(place))
        return found or self.locations.get(fold(place.partition(":")[0]))

    def item(self, sku: str) -> str:
        """The NAV item number of a SKU."""
        hit = self.items.get(fold(sku))
        return hit.value if hit else sku.strip().upper()

    def sku(self, item_no: str) -> str:
        return self.skus.get(item_no, item_no)

    def factor(self, sku: str) -> Decimal:
        return self.units.get(fold(sku), Decimal(1))


def stock(sources: Iterable[Source]) -> Stock | None:
    """None where there is no such file, or where it has errors."""
    sources = list(sources)
    for extra in sources[1:]:
        extra.fault((), f"a second stock file beside {sources[0].file}", "one stock.yaml")
    file = check(sources[0], StockFile) if sources else None
    if file is None:
        return None
    source = sources[0]
    locations = _folded(source, "locations", file.locations)
    items = _folded(source, "items", file.items)
    skus = {number: sku for sku, number in file.items.items()}
    if len(skus) != len(file.items):
        source.fault(("items",), "one NAV item for several SKUs", "each NAV item once: levels are compared")
    for kind in {StockKind.NAV_ENTRY, StockKind.LEVEL} & {*file.to_nav}:
        source.fault(("to_nav",), kind.value, "documents of Cin7's")
    if file.levels.cap and not file.levels.owner:
        source.fault(("levels", "cap"), "a cap without an owner", "`owner`: cin7 or nav")
    if file.posting is Posting.HOLD:
        source.fault(("posting",), "`hold` for stock movements", "post or stage")
    codes = {hit.value for hit in locations.values()}
    adjust_at = _adjust_at(source, file, codes)
    if file.in_transit and file.in_transit in codes:
        found = f"{file.in_transit} as in transit and as a warehouse"
        source.fault(("in_transit",), found, "a NAV location of its own")
    if source.errors:
        return None
    return Stock(
        posting=file.posting,
        journal=file.journal,
        reclass_journal=file.reclass_journal,
        locations=locations,
        adjust_at=adjust_at,
        in_transit=Hit(file.in_transit, source.ref("in_transit")) if file.in_transit else None,
        items=items,
        skus=skus,
        units={fold(sku): factor for sku, factor in file.units.items()},
        to_nav=frozenset(file.to_nav),
        to_cin7=frozenset(file.to_cin7),
        adjustment_account=file.adjustment_account,
        posting_groups=_posting_groups(file.posting_groups),
        tolerance=file.levels.tolerance,
        level_owner=file.levels.owner,
        level_cap=file.levels.cap,
    )


def _posting_groups(groups: PostingGroups) -> dict[StockKind, str]:
    named = {
        StockKind.RECEIPT: groups.purchase,
        StockKind.UNSTOCK: groups.purchase,
        StockKind.SHIPMENT: groups.sale,
        StockKind.RESTOCK: groups.sale,
    }
    return {kind: group for kind, group in named.items() if group}


def _folded(source: Source, section: str, entries: Mapping[str, str]) -> dict[str, Hit]:
    found: dict[str, Hit] = {}
    for name, code in entries.items():
        hit = Hit(code, source.ref(section, name))
        first = found.setdefault(fold(name), hit)
        if first is not hit:
            told = f'"{name}" a second time (first at {first.rule})'
            source.fault((section, name), told, "each one once, regardless of case")
    return found


def _adjust_at(source: Source, file: StockFile, codes: Iterable[str]) -> dict[str, str]:
    """NAV location → Cin7 warehouse: as said, or the only warehouse that goes there."""
    found: dict[str, str] = {}
    for code in codes:
        warehouses = [name for name, to in file.locations.items() if to == code and ":" not in name]
        if code in file.adjust_at:
            found[code] = file.adjust_at[code]
        elif len(warehouses) == 1:
            found[code] = warehouses[0]
        elif file.to_cin7:
            told = f"{len(warehouses)} Cin7 warehouses for NAV location {code}"
            source.fault(("locations",), told, f"`adjust_at` with a line for {code}")
    for code in file.adjust_at:
        if code not in codes:
            told = f"`adjust_at` for {code}, to which no Cin7 location goes"
            source.fault(("adjust_at", code), told, "a NAV location named above")
    return found
