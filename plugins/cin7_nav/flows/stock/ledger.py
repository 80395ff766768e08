"""NAV's item ledger, read onwards by entry number: what is ours closes its loop, the rest may go to Cin7."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from cin7_nav.flows.stock.deliver import Sent, moved, step_of
from cin7_nav.flows.stock.problems import DELETED, DIFFERS
from cin7_nav.hooks.nav_items import ItemEntry, NavItems
from cin7_nav.mappings.stock import Stock
from cin7_nav.model import Fixer, Problem, State
from cin7_nav.movements import Direction, NavWords, Place, StockKind, StockLine
from cin7_nav.rules.item_lines import proves, shown
from cin7_nav.store import audit, movements, reading
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run
from cin7_nav.store.movements import New, Step

CURSOR = "nav_item_entries"
OVERLAP = 500
"""Entry numbers that are read again: a long posting becomes visible after later ones."""
PAGE = 1000


def read_ledger(database: Database, nav: NavItems, stock: Stock, run: Run, go_live: dt.date) -> Counter[str]:
    """Take in entries that are not ours; counts by what they are. Entries dated before go-live are left out.

    The cursor moves only when the walk reached the end; reading an entry again makes no second movement.
    """
    cursor = reading.cursor_value(database, CURSOR)
    last = int(cursor) if cursor else 0
    start = max(last - OVERLAP, 0)
    outcome: Counter[str] = Counter()
    for page in _pages(nav.entries_after(start, since=go_live)):
        outcome += _take_in(database, page, stock, run)
        last = max(last, page[-1].entry_no)
    reading.move_cursor(database, CURSOR, str(last))
    return outcome


def _pages(entries: Iterator[ItemEntry]) -> Iterator[list[ItemEntry]]:
    while page := list(islice(entries, PAGE)):
        yield page


def _take_in(database: Database, page: Sequence[ItemEntry], stock: Stock, run: Run) -> Counter[str]:
    ours = movements.ours(database, {entry.document_no for entry in page})
    strangers = [entry for entry in page if entry.document_no not in ours and entry.quantity]
    carried = [entry for entry in strangers if entry.entry_type in stock.to_cin7]
    new = [
        New(
            Direction.TO_CIN7,
            StockKind.NAV_ENTRY,
            entry.document_no,
            _line(entry, stock),
            entry.document_no,
            f"entry {entry.entry_no} of NAV's item ledger",
            entry_no=entry.entry_no,
            nav=NavWords(entry.item_no, entry.location_code, entry.quantity, entry.entry_type),
        )
        for entry in carried
    ]
    with database.transaction() as cursor:
        found, changes = movements.insert(cursor, new, run)
        audit.append(cursor, changes)
    return Counter(
        {
            "ours, come back": len(page) - len(strangers),
            "NAV's own": found,
            "of a type that is not carried": len(strangers) - len(carried),
        }
    )


def _line(entry: ItemEntry, stock: Stock) -> StockLine:
    """In Cin7's unit, for the warehouse in which it is to be adjusted."""
    sku = stock.sku(entry.item_no)
    factor = stock.factor(sku)
    place = Place("", stock.adjust_at.get(entry.location_code, ""))
    cost = abs(entry.cost / entry.quantity) * factor
    return StockLine(sku, place, entry.quantity / factor, entry.posting_date, unit_cost=cost)


def follow_staged(database: Database, nav: NavItems, stock: Stock, run: Run) -> Counter[str]:
    """What people made of the lines that wait for them in NAV: posted, changed or deleted."""
    staged = movements.staged(database)
    if not staged:
        return Counter()
    numbers = list(dict.fromkeys(one.document_no for one in staged))
    lying = _lying(nav, stock)
    entries = moved(nav, numbers)
    steps = []
    for one in staged:
        found = shown(one, entries[one.document_no])
        if proves(one, found):
            steps.append(step_of(Sent(one), entries[one.document_no]))
        elif any(found):
            message = f"people posted {one.document_no} with other quantities than were sent"
            problem = Problem(DIFFERS, message, f"NAV document {one.document_no}", Fixer.ACCOUNTANT)
            steps.append(Step(one, State.NEEDS_ATTENTION, message, (problem,)))
        elif (one.document_no, one.nav.item_no if one.nav else "") not in lying:
            message = (
                f"the line of {one.document_no} is gone from NAV's batch without an entry: somebody deleted "
                "it. To send it again start a run that names the document"
            )
            problem = Problem(DELETED, message, f"NAV document {one.document_no}", Fixer.ACCOUNTANT)
            steps.append(Step(one, State.NEEDS_ATTENTION, message, (problem,)))
    with database.transaction() as cursor:
        movements.write(cursor, steps, run)
    return Counter(f"to_nav {step.state}" for step in steps)


def _lying(nav: NavItems, stock: Stock) -> set[tuple[str, str]]:
    batches = [(stock.journal, False)]
    if stock.reclass_journal and nav.can_reclassify:
        batches.append((stock.reclass_journal, True))
    return {
        (line.document_no, line.item_no)
        for batch, reclass in batches
        for line in nav.lines(batch, reclass=reclass)
    }
