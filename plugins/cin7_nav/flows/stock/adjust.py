"""Deliver to Cin7: a movement of NAV's own becomes a stock adjustment, which sets a level and not a change.

The level is read immediately before, and what the adjustment really changed is read back: where the level had
moved in between, a further adjustment corrects it. A movement has arrived when all its adjustments together
changed what it says.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from functools import cached_property

from cin7_nav.flows.stock.order import Queue, free
from cin7_nav.flows.stock.places import Places
from cin7_nav.flows.stock.problems import CIN7_REFUSED
from cin7_nav.hooks.cin7 import PAGE_SIZE, Cin7Hook
from cin7_nav.hooks.errors import Misconfigured, Refused, Unavailable, VendorError
from cin7_nav.mappings.stock import Stock
from cin7_nav.model import Fixer, Problem, State
from cin7_nav.movements import IN_DOUBT, Direction, Movement, Place
from cin7_nav.rules.movement import lock_problem, placed
from cin7_nav.store import movements
from cin7_nav.store import stock as store
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run
from cin7_nav.store.movements import Step
from cin7_nav.wire.fields import parse
from cin7_nav.wire.stock import AvailabilityRow, adjustment_stock

ATTEMPTS = 4
"""Adjustments of one movement in one run: more means that the level moves all the time."""
PAGES_SEARCHED = 2
"""Newest pages of the list of adjustments in which a lost one is looked for."""


class Cin7Delivery:
    """The writing of Cin7's stock adjustments, for one run."""

    def __init__(self, database: Database, cin7: Cin7Hook, stock: Stock, places: Places, run: Run) -> None:
        self.database = database
        self.cin7 = cin7
        self.stock = stock
        self.places = places
        self.run = run
        self.outcome: Counter[str] = Counter()

    def deliver(self) -> Counter[str]:
        """Settle what is in doubt, then send all that is ready and free to go; by state what it came to."""
        self._resolve()
        tried: set[int] = set()
        while going := [one for one in free(self._unsettled()) if one.id not in tried]:
            tried |= {one.id for one in going}
            queue = Queue()
            for movement in going:
                if not queue.lets(movement):
                    queue.put(movement, ())
                elif problems := self._adjust(movement):
                    queue.put(movement, problems)
        return self.outcome

    def _unsettled(self) -> list[Movement]:
        return movements.unsettled(self.database, Direction.TO_CIN7)

    # --- one movement ---

    def _adjust(self, movement: Movement) -> list[str]:
        """Why it has not arrived, as codes; nothing where it has."""
        place = self.places.warehouse(
            self.stock.adjust_at[movement.nav.location_code if movement.nav else ""]
        )
        if problem := self._problem(movement, place):
            return self._ended(Step(movement, State.NEEDS_ATTENTION, problem.message, (problem,)))
        for _ in range(ATTEMPTS):
            made = store.adjustments(self.database, [movement.id])[movement.id]
            left = movement.line.quantity - sum((one.applied or Decimal(0) for one in made), Decimal(0))
            if not left:
                return self._ended(_arrived(movement, len(made)))
            step = self._one(movement, place, left, len(made))
            if step is not None:
                return self._ended(step)
            movement = replace(movement, state=State.SENDING)
        why = f"the level of {movement.line.sku} in {place.name} moves all the time: tried again later"
        return self._ended(Step(movement, State.READY, why))

    def _one(self, movement: Movement, place: Place, left: Decimal, further: int) -> Step | None:
        """One adjustment: None where Cin7 has made it, or will not because the level is that already."""
        try:
            on_hand = self._on_hand(movement.line.sku, place)
        except VendorError as error:
            return _failed(movement, error)
        target = on_hand + left
        if target < 0:
            return Step(movement, State.NEEDS_ATTENTION, *_insufficient(movement, place, on_hand, left))
        reference = store.reference_of(movement, further)
        why = f"{reference} stored before sending: {on_hand} to {target}"
        step = Step(movement, State.SENDING, why)
        identity = store.store_adjustment(self.database, step, reference, on_hand, target, self.run)
        movement = replace(movement, state=State.SENDING)
        try:
            answer = self.cin7.create_stock_adjustment(self._body(movement, place, target, reference))
        except Refused as error:
            store.adjusted(self.database, identity, None)
            if self._moved_meanwhile(movement, place, on_hand):
                return None
            return Step(movement, State.NEEDS_ATTENTION, *_refused(movement, error))
        except VendorError as error:
            if isinstance(error, Unavailable | Misconfigured):
                store.adjusted(self.database, identity, None)
            return _failed(movement, error)
        document = adjustment_stock(answer)
        document = placed(document, self.places.known(document))
        store.adjusted(self.database, identity, document)
        return None

    def _body(self, movement: Movement, place: Place, target: Decimal, reference: str) -> dict[str, object]:
        line = movement.line
        day = f"{line.date}T00:00:00"
        account = {"Account": self.stock.adjustment_account} if self.stock.adjustment_account else {}
        return {
            "EffectiveDate": day,
            "Status": "COMPLETED",
            "Reference": reference,
            "UpdateOnHand": True,
            **account,
            "Lines": [
                {
                    "SKU": line.sku,
                    "Quantity": target,
                    "UnitCost": round(line.unit_cost or Decimal(0), 4),
                    "LocationID": place.id,
                    "Location": place.name,
                    "ReceivedDate": day,
                    "Comments": f"{movement.document_no}, {movement.origin}",
                }
            ],
        }

    def _on_hand(self, sku: str, place: Place) -> Decimal:
        """What the warehouse itself holds, its bins left out; nothing where the whole answer has no row."""
        rows = [
            parse(AvailabilityRow, row, f"availability of {sku}")
            for row in self.cin7.availability(Sku=sku, Location=place.name)
        ]
        mine = [
            row
            for row in rows
            if row.SKU.casefold() == sku.casefold() and row.Location.casefold() == place.name.casefold()
        ]
        return sum((row.OnHand or Decimal(0) for row in mine if not row.Bin), Decimal(0))

    def _moved_meanwhile(self, movement: Movement, place: Place, on_hand: Decimal) -> bool:
        """Cin7 refuses to set a level that is there already: then another change came first."""
        try:
            return self._on_hand(movement.line.sku, place) != on_hand
        except VendorError:
            return False

    def _problem(self, movement: Movement, place: Place) -> Problem | None:
        if not place.id:
            message = f'Cin7 has no warehouse "{place.name}", which stock.yaml names'
            return Problem("location_unknown", message, "stock.yaml", Fixer.MAPPING_EDITOR)
        where = movement.origin
        return lock_problem(movement.line.date, self._lock, where)

    @cached_property
    def _lock(self) -> str:
        return str(self.cin7.me().get("LockDate") or "")

    def _ended(self, step: Step) -> list[str]:
        with self.database.transaction() as cursor:
            movements.write(cursor, [step], self.run)
        self.outcome[f"to_cin7 {step.state}"] += 1
        return [] if step.state is State.POSTED else [one.code for one in step.problems] or [step.state]

    # --- what is in doubt ---

    def _resolve(self) -> None:
        """Look for adjustments whose answer was lost, by their reference, among the newest ones."""
        doubtful = [one for one in self._unsettled() if one.state in IN_DOUBT]
        if not doubtful:
            return
        made = store.adjustments(self.database, [one.id for one in doubtful])
        lost = {one.reference: one for of in made.values() for one in of if one.applied is None}
        found = self._found(lost) if lost else set()
        for reference, one in lost.items():
            if reference not in found:
                store.adjusted(self.database, one.id, None)
        steps = [Step(one, State.READY, "its adjustments in Cin7 were looked for") for one in doubtful]
        with self.database.transaction() as cursor:
            movements.write(cursor, steps, self.run)

    def _found(self, lost: dict[str, store.Adjustment]) -> set[str]:
        """The references that Cin7 has, each with what it changed stored."""
        found: set[str] = set()
        for task_id, reference in self._newest(lost.keys()):
            document = adjustment_stock(self.cin7.stock_adjustment(task_id))
            store.adjusted(self.database, lost[reference].id, placed(document, self.places.known(document)))
            found.add(reference)
        return found

    def _newest(self, references: Iterable[str]) -> list[tuple[str, str]]:
        """`(task id, reference)` of adjustments with one of these references: the first pages of the list
        and the last ones, because Cin7 does not say at which end the newest are."""
        wanted = set(references)
        rows, total = self._page(1)
        pages = math.ceil(total / PAGE_SIZE)
        further = {*range(2, PAGES_SEARCHED + 1), *range(pages - PAGES_SEARCHED + 1, pages + 1)}
        for page in sorted(number for number in further if 1 < number <= pages):
            rows += self._page(page)[0]
        return [(task, reference) for task, reference in rows if reference in wanted]

    def _page(self, page: int) -> tuple[list[tuple[str, str]], int]:
        rows, total = self.cin7.stock_page("/stockadjustmentList", "StockAdjustmentList", page)
        return [(str(row["TaskID"]).lower(), str(row.get("Reference") or "")) for row in rows], total


Explained = tuple[str, tuple[Problem, ...]]


def _arrived(movement: Movement, adjustments: int) -> Step:
    more = f" by {adjustments} adjustments" if adjustments != 1 else ""
    why = f"{store.reference_of(movement, 0)} arrived in Cin7{more}"
    return Step(movement, State.POSTED, why)


def _insufficient(movement: Movement, place: Place, on_hand: Decimal, left: Decimal) -> Explained:
    message = (
        f"{-left} of {movement.line.sku} are to leave {place.name}, and Cin7 has {on_hand} on hand there: a "
        "movement is missing in Cin7, or the goods lie in a bin"
    )
    where = movement.origin
    return message, (Problem("insufficient_in_cin7", message, where, Fixer.ACCOUNTANT),)


def _refused(movement: Movement, error: Refused) -> Explained:
    where = movement.origin
    return str(error), (Problem(CIN7_REFUSED, str(error), where, Fixer.ACCOUNTANT),)


def _failed(movement: Movement, error: VendorError) -> Step:
    if isinstance(error, Refused):
        return Step(movement, State.NEEDS_ATTENTION, *_refused(movement, error))
    if isinstance(error, Unavailable | Misconfigured):
        return Step(movement, State.READY, f"not sent, to be tried again: {error}")
    return Step(movement, State.UNKNOWN, str(error))
