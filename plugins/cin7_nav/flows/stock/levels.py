"""Levels: on hand in Cin7 beside NAV's inventory by location, from its ledger. Reads only."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav_items import NavItems
from cin7_nav.mappings.stock import Stock
from cin7_nav.movements import Direction, Movement
from cin7_nav.rules.levels import Drift, Level, cause, differing, frame, rows, unscaled
from cin7_nav.store import levels as store
from cin7_nav.store import movements, reading
from cin7_nav.store.database import Database
from cin7_nav.wire.fields import parse
from cin7_nav.wire.stock import AvailabilityRow

CURSOR = "nav_levels"
OVERLAP = 500
PAGE = 5000
UNMAPPED = "?"
Key = tuple[str, str]
"""NAV item number and location."""
COMPARED_AT = "levels_compared"


Others = dict[str, Decimal]
"""`allocated`, `available`, `on order`, `in transit` in Cin7; pieces in NAV's base unit."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference with all that is known of it."""

    drift: Drift
    cause: str
    first_seen: dt.datetime
    agreed_at: dt.datetime | None
    """The last comparison in which the two agreed."""
    waiting: tuple[str, ...]
    """Document numbers of its movements that have not arrived."""
    since: tuple[str, ...]
    """Those of movements that arrived since the two agreed."""
    lasts: bool
    """Whether it is what it was in the comparison before, and nothing of the item is on its way."""
    others: Others


@dataclass(frozen=True, slots=True)
class LevelReport:
    compared: int
    """Pairs of item and location with stock on either side."""
    drifts: tuple[Explained, ...]
    coming: Others
    """Over all items and places."""

    def told(self) -> Iterator[str]:
        for one in self.drifts:
            drift = one.drift
            yield (
                f"{drift.item_no} in {drift.location_code}: Cin7 {drift.cin7}, NAV {drift.nav}, differs by "
                f"{drift.difference} worth {drift.value}; {one.cause}; "
                f"first seen {one.first_seen:%Y-%m-%d %H:%M}"
                + "".join(f"; {name} {pieces}" for name, pieces in one.others.items() if pieces)
                + (f"; waiting: {', '.join(one.waiting)}" if one.waiting else "")
                + (f"; since they agreed: {', '.join(one.since)}" if one.since else "")
            )
        others = ", ".join(f"{name} {pieces}" for name, pieces in self.coming.items())
        yield f"{self.compared} levels compared, {len(self.drifts)} differ; in Cin7 {others}"


def compare(database: Database, cin7: Cin7Hook, nav: NavItems, stock: Stock, now: dt.datetime) -> LevelReport:
    """Read both sides whole and tell what differs. Raises `hooks.errors.VendorError`: half a scan says
    nothing, because a row that is missing counts as zero."""
    others: dict[Key, Others] = {}
    cin7_table = frame(_cin7_levels(cin7, stock, others))
    costs = _read_ledger(database, nav)
    nav_table = frame(store.nav_levels(database))
    in_transit = stock.in_transit.value if stock.in_transit else None
    if in_transit:
        nav_table = nav_table[nav_table["location_code"] != in_transit]
    found = differing(cin7_table, nav_table, stock.tolerance)
    drifts = [
        Drift(item_no, location, unscaled(cin7_pieces), unscaled(nav_pieces), costs.get(item_no, Decimal(0)))
        for item_no, location, cin7_pieces, nav_pieces in rows(found)
    ]
    compared = len(cin7_table.merge(nav_table, on=["item_no", "location_code"], how="outer"))
    explained = _explained(database, drifts, others, stock, now)
    coming: defaultdict[str, Decimal] = defaultdict(Decimal)
    for found_there in others.values():
        for name, pieces in found_there.items():
            coming[name] += pieces
    return LevelReport(compared, explained, dict(coming))


def _cin7_levels(cin7: Cin7Hook, stock: Stock, others: dict[Key, Others]) -> Iterator[Level]:
    """On hand by NAV item and location; the rest goes to `others`. What is on order and in transit stands on
    the rows of warehouses and repeats on those of their bins."""
    for raw in cin7.availability():
        row = parse(AvailabilityRow, raw, "availability")
        place = f"{row.Location}: {row.Bin}" if row.Bin else row.Location
        hit = stock.location(place)
        factor = stock.factor(row.SKU)
        pieces = (row.OnHand or Decimal(0)) * factor
        key = stock.item(row.SKU), hit.value if hit else f"{UNMAPPED} {place}"
        told = {"allocated": row.Allocated, "available": row.Available}
        if not row.Bin:
            told |= {"on order": row.OnOrder, "in transit": row.InTransit}
        if any(told.values()):
            there = others.setdefault(key, defaultdict(Decimal))
            for name, number in told.items():
                there[name] += (number or Decimal(0)) * factor
        if pieces:
            yield *key, pieces


def _read_ledger(database: Database, nav: NavItems) -> dict[str, Decimal]:
    """Add what is new in NAV's ledger to the sums kept here; the unit cost of each item after it.

    The sums are kept up to some entries before the newest, because a long posting becomes visible after
    later ones; what lies behind is added anew each time.
    """
    cursor = reading.cursor_value(database, CURSOR)
    mark = int(cursor) if cursor else 0
    tail: list[tuple[int, str, str, Decimal, Decimal]] = []
    for entry in nav.entries_after(mark):
        tail.append((entry.entry_no, entry.item_no, entry.location_code, entry.quantity, entry.cost))
        if len(tail) >= PAGE + OVERLAP:
            settled, tail = tail[:PAGE], tail[PAGE:]
            mark = settled[-1][0]
            store.add(database, settled, CURSOR, mark)
    if tail and (sure := [row for row in tail if row[0] <= tail[-1][0] - OVERLAP]):
        store.add(database, sure, CURSOR, sure[-1][0])
        tail = tail[len(sure) :]
    store.set_tail(database, tail)
    return store.unit_costs(database)


def _explained(
    database: Database, drifts: list[Drift], others: Mapping[Key, Others], stock: Stock, now: dt.datetime
) -> tuple[Explained, ...]:
    last = reading.cursor_value(database, COMPARED_AT)
    before = store.drifts(database)
    waits = _waiting(database)
    waiting = _by_place(one for one in waits if one.nav)
    busy = {one.nav.item_no if one.nav else stock.item(one.line.sku) for one in waits}
    found = []
    for drift in drifts:
        key = (drift.item_no, drift.location_code)
        known = before.get(key)
        agreed = known.agreed_at if known else dt.datetime.fromisoformat(last) if last else None
        mine = waiting.get(key, [])
        arrived = store.arrived_since(database, stock.sku(drift.item_no), agreed) if agreed else []
        due = sum((_due(one, drift.location_code) for one in mine), Decimal(0))
        mapped = not drift.location_code.startswith(UNMAPPED) and bool(drift.location_code)
        same = known is not None and known.nav - known.cin7 == drift.difference
        found.append(
            Explained(
                drift,
                cause(
                    [one.state for one in mine],
                    [direction for direction, _ in arrived],
                    mapped=mapped,
                    explained=due == -drift.difference,
                ),
                known.first_seen if known else now,
                agreed,
                tuple(one.document_no for one in mine),
                tuple(number for _, number in arrived),
                same and mapped and drift.item_no not in busy,
                others.get(key, {}),
            )
        )
    store.keep(
        database,
        [
            store.Kept(
                one.drift.item_no,
                one.drift.location_code,
                one.drift.cin7,
                one.drift.nav,
                one.drift.value,
                one.cause,
                one.first_seen,
                one.agreed_at,
            )
            for one in found
        ],
        now,
    )
    reading.move_cursor(database, COMPARED_AT, now.isoformat())
    return tuple(found)


def _waiting(database: Database) -> list[Movement]:
    staged = movements.staged(database)
    both = [movements.unsettled(database, direction) for direction in Direction]
    return [one for of in (*both, staged) for one in of]


def _by_place(waiting: Iterable[Movement]) -> dict[tuple[str, str], list[Movement]]:
    found: dict[tuple[str, str], list[Movement]] = defaultdict(list)
    for movement in waiting:
        for key in movement.keys:
            found[key].append(movement)
    return found


def _due(movement: Movement, location: str) -> Decimal:
    """What NAV will have more than now once the movement has arrived, beside what Cin7 will."""
    assert movement.nav is not None
    quantity = movement.nav.quantity
    if movement.direction is Direction.TO_CIN7:
        return -quantity
    if movement.nav.new_location_code:
        return quantity if location == movement.nav.new_location_code else -quantity
    return quantity
