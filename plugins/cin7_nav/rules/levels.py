"""What both systems say is on hand, compared in pandas. Pure.

Quantities are whole hundred-thousandths of a piece: 300,000 of them are compared exactly and fast.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

SCALE = 100_000
KEY = ["item_no", "location_code"]

Level = tuple[str, str, Decimal]
"""NAV item number, NAV location, pieces in NAV's base unit."""


@dataclass(frozen=True, slots=True)
class Drift:
    """An item whose levels differ in a location. Pieces in NAV's base unit."""

    item_no: str
    location_code: str
    cin7: Decimal
    nav: Decimal
    unit_cost: Decimal

    @property
    def difference(self) -> Decimal:
        """What NAV has too much."""
        return self.nav - self.cin7

    @property
    def value(self) -> Decimal:
        return round(self.difference * self.unit_cost, 2)


def frame(levels: Iterable[Level]) -> pd.DataFrame:
    """Levels as a table, one row per item and location. Raises ValueError for a finer quantity than NAV
    keeps."""
    items: list[str] = []
    locations: list[str] = []
    pieces: list[int] = []
    for item_no, location, quantity in levels:
        items.append(item_no)
        locations.append(location)
        pieces.append(scaled(quantity))
    table = pd.DataFrame(
        {
            "item_no": pd.Categorical(items),
            "location_code": pd.Categorical(locations),
            "pieces": pd.array(pieces, dtype="int64"),
        }
    )
    return table.groupby(KEY, observed=True, sort=False)[["pieces"]].sum().reset_index()


def scaled(quantity: Decimal) -> int:
    whole = quantity * SCALE
    if whole != whole.to_integral_value():
        raise ValueError(f"{quantity} has more than five decimals")
    return int(whole)


def unscaled(pieces: int) -> Decimal:
    return Decimal(pieces) / SCALE


def differing(cin7: pd.DataFrame, nav: pd.DataFrame, tolerance: Decimal) -> pd.DataFrame:
    """The rows of two tables of levels that differ by more than the tolerance; what one lacks is zero there.

    Columns: `item_no`, `location_code`, `cin7`, `nav`, in scaled pieces.
    """
    left = cin7.rename(columns={"pieces": "cin7"}).astype(dict.fromkeys(KEY, "str"))
    right = nav.rename(columns={"pieces": "nav"}).astype(dict.fromkeys(KEY, "str"))
    both = left.merge(right, on=KEY, how="outer")
    both[["cin7", "nav"]] = both[["cin7", "nav"]].astype("Int64").fillna(0).astype("int64")
    return both[(both["nav"] - both["cin7"]).abs() > scaled(tolerance)].sort_values(KEY)


def rows(differing: pd.DataFrame) -> list[tuple[str, str, int, int]]:
    """Item, location, and scaled pieces of Cin7 and of NAV."""
    columns = [differing[name].tolist() for name in (*KEY, "cin7", "nav")]
    return list(zip(*columns, strict=True))


def cause(waiting: Iterable[str], moved_in: Iterable[str], *, mapped: bool, explained: bool) -> str:
    """Why an item's levels probably differ in a location, most telling first.

    `waiting`: states of its movements that have not arrived; `explained`: they make up the difference.
    `moved_in`: the directions in which movements arrived since the two agreed.
    """
    waiting, moved_in = list(waiting), set(moved_in)
    if not mapped:
        return "the location is mapped to none on the other side"
    if waiting and explained:
        held = [state for state in waiting if state == "needs_attention"]
        return "a movement waits for somebody" if held else "not yet delivered"
    if waiting:
        return "not yet delivered, and more"
    if len(moved_in) > 1:
        return "moved on both sides since they agreed"
    return "moved on one side without a movement that is known here" if not moved_in else "not explained"
