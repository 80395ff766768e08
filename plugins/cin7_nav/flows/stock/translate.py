"""Translate: every movement that waits, in the words of the other side, or with what stands in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from cin7_nav.flows.stock.problems import CIN7_REFUSED, DELETED, DIFFERS
from cin7_nav.hooks.nav_errors import REFUSED
from cin7_nav.mappings.load import Mappings
from cin7_nav.mappings.stock import Stock
from cin7_nav.model import State
from cin7_nav.movements import OPEN, Direction, Movement
from cin7_nav.rules.movement import to_cin7, to_nav
from cin7_nav.store import movements
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run
from cin7_nav.store.movements import Step

CHUNK = 500


def translate(
    database: Database,
    mappings: Mappings,
    stock: Stock,
    run: Run,
    *,
    retry: bool,
    named: Collection[str] = (),
) -> Counter[str]:
    """By state what movements came to.

    `retry`: also those that the other system refused before. `named`: numbers of documents that a person
    wants sent again although somebody deleted their lines in NAV.
    """
    outcome: Counter[str] = Counter()
    for direction in Direction:
        waiting = [
            one
            for one in movements.unsettled(database, direction)
            if one.state in OPEN and _may_go_on(one, retry=retry, named=named)
        ]
        for start in range(0, len(waiting), CHUNK):
            steps = [_step(one, mappings, stock) for one in waiting[start : start + CHUNK]]
            _write(database, steps, run)
            outcome.update(f"{direction} {step.state}" for step in steps)
    return outcome


def _may_go_on(movement: Movement, *, retry: bool, named: Collection[str]) -> bool:
    codes = {problem.code for problem in movement.problems}
    if DIFFERS in codes:
        return False
    if DELETED in codes:
        return movement.number in named or movement.document_no in named
    return retry or not any(code.startswith((REFUSED, CIN7_REFUSED)) for code in codes)


def _step(movement: Movement, mappings: Mappings, stock: Stock) -> Step:
    say = to_nav if movement.direction is Direction.TO_NAV else to_cin7
    found = say(movement, stock, mappings.company)
    if found.skipped:
        return Step(movement, State.SKIPPED, found.skipped)
    if found.problems:
        why = "; ".join(problem.message for problem in found.problems)
        return Step(movement, State.NEEDS_ATTENTION, why, found.problems)
    # what was refused keeps saying so until it is tried again
    return Step(movement, State.READY, "ready", (), found.nav, rule=_rule(movement, stock))


def _rule(movement: Movement, stock: Stock) -> str:
    hit = stock.location(movement.line.place.name)
    return str(hit.rule) if hit else ""


def _write(database: Database, steps: Sequence[Step], run: Run) -> None:
    """Most of what waits says the same as before and costs nothing."""
    news = [
        step
        for step in steps
        if (step.state, step.problems) != (step.movement.state, step.movement.problems)
        or (step.nav is not None and step.nav != step.movement.nav)
    ]
    with database.transaction() as cursor:
        movements.write(cursor, news, run)


def preview(database: Database, mappings: Mappings, stock: Stock) -> Iterator[str]:
    """What a delivery would send, one line each; nothing is written."""
    for direction in Direction:
        for one in movements.unsettled(database, direction):
            step = _step(one, mappings, stock)
            nav = step.nav or one.nav
            said = f"{nav.entry_type} {nav.item_no} {nav.location_code} {nav.quantity}" if nav else "no words"
            why = f": {step.why}" if step.state is not State.READY else ""
            yield f"{direction} {one.kind} {one.number} as {one.document_no}: {said}, {step.state}{why}"
