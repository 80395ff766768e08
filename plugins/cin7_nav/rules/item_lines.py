"""A movement as NAV's item journal lines, and whether the item ledger shows it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from cin7_nav.mappings.files import EntryType
from cin7_nav.movements import Movement


@dataclass(frozen=True, slots=True)
class Leg:
    """One journal line of a movement: a reclassification has both locations, all others one."""

    entry_type: str
    location_code: str
    quantity: Decimal
    """As NAV's journal takes it: always positive, the entry type says which way."""
    unit_cost: Decimal | None = None
    new_location_code: str = ""
    posting_group: str = ""
    """General business posting group; empty: none."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement as the item ledger shows it: pieces signed, cost negative for what left."""

    item_no: str
    location_code: str
    date: dt.date
    quantity: Decimal
    cost: Decimal


def legs(movement: Movement, *, reclass: bool) -> tuple[Leg, ...]:
    """The lines that make a movement, in their order. Without a reclassification journal a transfer is two
    adjustments, of which the second one costs what the first one did: see `at_cost`."""
    nav = movement.nav
    assert nav is not None
    if not nav.new_location_code:
        quantity = abs(nav.quantity)
        leg = Leg(nav.entry_type, nav.location_code, quantity, nav.unit_cost, posting_group=nav.posting_group)
        return (leg,)
    if reclass:
        return (Leg("", nav.location_code, nav.quantity, None, nav.new_location_code),)
    return (
        Leg(EntryType.NEGATIVE, nav.location_code, nav.quantity),
        Leg(EntryType.POSITIVE, nav.new_location_code, nav.quantity),
    )


def at_cost(leg: Leg, outbound: Decimal) -> Leg:
    """The inbound half of a transfer, at what the outbound half took out (negative)."""
    return replace(leg, unit_cost=round(-outbound / leg.quantity, 5))


def expected(movement: Movement) -> tuple[tuple[str, Decimal], ...]:
    """`(location, signed pieces)` of the entries that a movement makes."""
    nav = movement.nav
    assert nav is not None
    if nav.new_location_code:
        return (nav.location_code, -nav.quantity), (nav.new_location_code, nav.quantity)
    return ((nav.location_code, nav.quantity),)


def shown(movement: Movement, entries: Iterable[Moved]) -> list[Moved | None]:
    """For each entry that a movement makes what the ledger shows of it, summed; None where it shows nothing.

    `entries`: those of its document number. Within one the direction tells the movements of an item apart.
    """
    nav = movement.nav
    assert nav is not None
    found: list[Moved | None] = []
    entries = list(entries)
    for location, pieces in expected(movement):
        mine = [
            one
            for one in entries
            if (one.item_no, one.location_code, one.date) == (nav.item_no, location, movement.line.date)
            and (one.quantity > 0) is (pieces > 0)
        ]
        total = sum((one.quantity for one in mine), Decimal(0))
        cost = sum((one.cost for one in mine), Decimal(0))
        found.append(Moved(nav.item_no, location, movement.line.date, total, cost) if mine else None)
    return found


def proves(movement: Movement, found: Iterable[Moved | None]) -> bool:
    """Whether the ledger shows exactly this movement."""
    pieces = [pieces for _, pieces in expected(movement)]
    return [one.quantity if one else None for one in found] == pieces
