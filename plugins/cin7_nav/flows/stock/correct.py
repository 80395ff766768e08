"""Adjust levels that differ: in the system whose level does not count, by setting, up to a cap.

A difference is adjusted only where it was the same in the comparison before and nothing of the item is on its
way: that would otherwise be moved twice.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from cin7_nav.flows.stock.levels import Explained, LevelReport
from cin7_nav.mappings.company import Company
from cin7_nav.mappings.files import EntryType, Valuation
from cin7_nav.mappings.stock import Stock
from cin7_nav.model import Side, State
from cin7_nav.movements import Direction, NavWords, Place, StockKind, StockLine
from cin7_nav.rules.levels import Drift
from cin7_nav.rules.numbers import level_no
from cin7_nav.store import alerts, audit, movements
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run
from cin7_nav.store.movements import New, Step

ABOVE_CAP = "levels: more differ than may be adjusted without a yes"


def correct(
    database: Database,
    report: LevelReport,
    stock: Stock,
    company: Company,
    run: Run,
    now: dt.datetime,
    *,
    approved: bool,
) -> Counter[str]:
    """Make a movement of each difference that is to be adjusted; it is delivered like all others.

    `approved`: a person has started the run to adjust them all, above the cap too.
    """
    due = [one for one in report.drifts if one.lasts] if stock.level_owner else []
    if len(due) > stock.level_cap and not approved:
        message = (
            f"{len(due)} levels differ for longer than one comparison, and stock.yaml lets a run adjust "
            f"{stock.level_cap}: look at them, then trigger stock_both_ways with Adjust levels"
        )
        alerts.arise(database, {ABOVE_CAP: message})
        return Counter({"levels that wait for a yes": len(due)})
    alerts.end(database, ABOVE_CAP)
    if due:
        _store(database, [_new(one, stock, company, now, approved=approved) for one in due], run)
    return Counter({"levels adjusted": len(due)})


def _store(database: Database, new: Sequence[New], run: Run) -> None:
    with database.transaction() as cursor:
        _, changes = movements.insert(cursor, new, run)
        numbers = [one.document_no for one in new]
        found = movements.select(cursor, "document_no = ANY (%s) AND kind = 'level'", numbers)
        audit.append(cursor, changes)
        movements.write(cursor, [Step(one, State.READY, "ready") for one in found], run)


def _new(one: Explained, stock: Stock, company: Company, now: dt.datetime, *, approved: bool) -> New:
    drift, owner = one.drift, stock.level_owner
    direction = Direction.TO_NAV if owner is Side.CIN7 else Direction.TO_CIN7
    quantity = drift.difference if direction is Direction.TO_CIN7 else -drift.difference
    entry_type = EntryType.POSITIVE if quantity > 0 else EntryType.NEGATIVE
    free = company.valuation is Valuation.CIN7 and quantity > 0 and direction is Direction.TO_NAV
    words = NavWords(
        drift.item_no, drift.location_code, quantity, entry_type, unit_cost=Decimal(0) if free else None
    )
    sku, day = stock.sku(drift.item_no), now.date()
    factor = stock.factor(sku)
    place = Place("", stock.adjust_at.get(drift.location_code, drift.location_code))
    line = StockLine(sku, place, quantity / factor, day, unit_cost=drift.unit_cost * factor)
    why = (
        f"level adjusted to {owner.told if owner else ''}'s: {_told(drift)}, first seen "
        f"{one.first_seen:%Y-%m-%d %H:%M}, "
        + ("approved by who started this run" if approved else "below the cap")
    )
    number = f"LEVEL-{day}"
    document_no = level_no(day, drift.item_no, drift.location_code, now)
    return New(direction, StockKind.LEVEL, number, line, document_no, why, number, nav=words)


def _told(drift: Drift) -> str:
    return f"Cin7 {drift.cin7}, NAV {drift.nav}"
