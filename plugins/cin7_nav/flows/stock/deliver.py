"""Deliver to NAV: store the key, insert the lines of a document, post them, read the item ledger.

Whatever happens in between, a movement is in the ledger once or not at all: its document number is fixed when
it is found, its line number before the first byte leaves, and after a lost answer NAV is asked before
anything is sent again. Only one process at a time delivers (`store.movements.turn`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cin7_nav.flows.stock.order import Queue, by_document, free
from cin7_nav.flows.stock.problems import DIFFERS
from cin7_nav.hooks.errors import Misconfigured, Refused, Unavailable, VendorError
from cin7_nav.hooks.nav_errors import nav_refusal
from cin7_nav.hooks.nav_items import LINE_STEP, ItemLine, NavItems
from cin7_nav.mappings.files import ItemBatch
from cin7_nav.mappings.stock import Stock
from cin7_nav.model import Fixer, Posting, Problem, State
from cin7_nav.movements import IN_DOUBT, Direction, Movement
from cin7_nav.rules.item_lines import Leg, Moved, at_cost, legs, proves, shown
from cin7_nav.store import movements
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run
from cin7_nav.store.movements import Step

DOCUMENTS_AT_ONCE = 40
"""Documents that are sent one after the other and read back together: as many as one OR-filter carries."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a movement as far as the calls tell; None: NAV agreed, the ledger is to prove it."""

    movement: Movement
    state: State | None = None
    why: str = ""
    problems: tuple[Problem, ...] = ()


class NavDelivery:
    """The writing of NAV's item journals, for one run."""

    def __init__(self, database: Database, nav: NavItems, stock: Stock, run: Run) -> None:
        self.database = database
        self.nav = nav
        self.stock = stock
        self.run = run
        self.outcome: Counter[str] = Counter()
        self._lines_taken: dict[ItemBatch, set[int]] = {}
        self._last_line: dict[ItemBatch, int] = {}

    def deliver(self) -> Counter[str]:
        """Settle what is in doubt, then send all that is ready and free to go; by state what it came to."""
        self._resolve()
        queue = Queue()
        documents = list(by_document(free(movements.unsettled(self.database, Direction.TO_NAV))))
        for start in range(0, len(documents), DOCUMENTS_AT_ONCE):
            chunk = documents[start : start + DOCUMENTS_AT_ONCE]
            self._send([movement for group in chunk for movement in group], queue)
        return self.outcome

    # --- what is ready ---

    def _send(self, chunk: Sequence[Movement], queue: Queue) -> None:
        """`queue`: what failed before in this run and is in the way of what follows."""
        taken = self._entries(movement.document_no for movement in chunk)
        before = [one for one in chunk if any(shown(one, taken[one.document_no]))]
        fresh = [one for one in chunk if one not in before]
        if before:
            self._write(self._proven([self._found(one, taken[one.document_no]) for one in before]))
        numbered = self._store_keys(fresh)
        sent: list[Sent] = []
        for group in by_document(numbered):
            going = [one for one in group if queue.lets(one)]
            done = self._attempt(going) if going else []
            waits = "waits for the one before it"
            done += [Sent(one, State.READY, waits) for one in group if one not in going]
            for one in done:
                if one.state not in (None, State.STAGED):
                    queue.put(one.movement, (problem.code for problem in one.problems))
            sent += done
        self._write(self._proven(sent))

    def _store_keys(self, fresh: Sequence[Movement]) -> list[Movement]:
        """Number the lines; the state is `sending` from here on."""
        steps, numbered = [], []
        for movement in fresh:
            line_no = self._line_no(movement)
            why = f"{movement.document_no}, line {line_no} stored before sending"
            steps.append(Step(movement, State.SENDING, why, line_no=line_no))
            numbered.append(replace(movement, line_no=line_no, state=State.SENDING))
        with self.database.transaction() as cursor:
            movements.write(cursor, steps, self.run)
        return numbered

    def _line_no(self, movement: Movement) -> int:
        """The number that it was sent under before: NAV's key then keeps a late twin of that call out. A new
        one where it was never sent, or where another line has that number by now."""
        batch = self._batch(movement)
        taken = self._taken(batch)
        if movement.line_no is not None and movement.line_no not in taken:
            return movement.line_no
        return self._draw(batch)

    def _draw(self, batch: ItemBatch) -> int:
        taken = self._taken(batch)
        if batch not in self._last_line:
            sent = (one.line_no or 0 for one in movements.unsettled(self.database, Direction.TO_NAV))
            self._last_line[batch] = max((LINE_STEP, *taken, *sent))
        self._last_line[batch] += LINE_STEP
        return self._last_line[batch]

    def _taken(self, batch: ItemBatch) -> set[int]:
        """Line numbers that the batch held when this run began to send."""
        if batch not in self._lines_taken:
            present = self.nav.lines(batch, reclass=batch == self.stock.reclass_journal)
            self._lines_taken[batch] = {line.line_no for line in present}
        return self._lines_taken[batch]

    def _attempt(self, group: Sequence[Movement]) -> list[Sent]:
        """The lines of one document, posted together; where NAV refuses that, one by one, so that what it
        refuses holds back nothing else."""
        if self.stock.posting is Posting.STAGE:
            return [self._staged(one) for one in group]
        sent = self._together(group)
        if len(group) > 1 and all(one.state is State.NEEDS_ATTENTION for one in sent):
            return [one for movement in group for one in self._together([movement])]
        return sent

    def _together(self, group: Sequence[Movement]) -> list[Sent]:
        """Insert and post. A transfer without reclassification goes in two steps, the second at cost."""
        going, sent = list(group), []
        for step in range(2):
            lines = {one.id: leg for one in going if (leg := self._leg(one, step))}
            if not lines:
                break
            attempted = [one for one in going if one.id in lines]
            inserted, failed = self._inserted(attempted, lines)
            sent += failed
            refused = self._posted(inserted)
            sent += refused
            gone = {one.movement.id for one in sent}
            going = [one for one in going if one.id not in gone]
        return sent + [Sent(one) for one in going]

    def _leg(self, movement: Movement, step: int) -> Leg | None:
        mine = legs(movement, reclass=self._reclass)
        if step >= len(mine):
            return None
        if step == 0:
            return mine[0]
        first = shown(movement, self._entries([movement.document_no])[movement.document_no])[0]
        return at_cost(mine[1], first.cost) if first else None

    def _inserted(
        self, group: Sequence[Movement], lines: Mapping[int, Leg]
    ) -> tuple[list[Movement], list[Sent]]:
        inserted: list[Movement] = []
        failed: list[Sent] = []
        for movement in group:
            try:
                self.nav.insert(
                    self._batch(movement),
                    self._line(movement, lines[movement.id]),
                    reclass=self._is_reclass(movement),
                )
                inserted.append(movement)
            except VendorError as error:
                failed.append(_failed(movement, error))
        return inserted, failed

    def _posted(self, inserted: Sequence[Movement]) -> list[Sent]:
        """Those that NAV refused to post or whose answer was lost."""
        if not inserted:
            return []
        first = inserted[0]
        try:
            self.nav.post(self._batch(first), first.document_no)
            return []
        except Refused as error:
            try:
                for one in inserted:
                    self._delete(one)
            except VendorError as lost:
                return [Sent(one, State.UNKNOWN, str(lost)) for one in inserted]
            return [_failed(one, error) for one in inserted]
        except VendorError as error:
            return [Sent(one, State.UNKNOWN, str(error)) for one in inserted]

    def _staged(self, movement: Movement) -> Sent:
        for leg in legs(movement, reclass=self._reclass):
            line = self._line(movement, leg)
            try:
                self.nav.insert(self._batch(movement), line, reclass=self._is_reclass(movement))
            except VendorError as error:
                return _failed(movement, error)
            if leg.location_code != legs(movement, reclass=self._reclass)[-1].location_code:
                movement = replace(movement, line_no=self._draw(self._batch(movement)))
        batch = self._batch(movement)
        why = f"staged in batch {batch.batch} of template {batch.template} for people to post"
        return Sent(movement, State.STAGED, why)

    def _line(self, movement: Movement, leg: Leg) -> ItemLine:
        assert movement.nav is not None
        assert movement.line_no is not None
        return ItemLine(
            movement.line_no,
            movement.document_no,
            movement.nav.item_no,
            leg.location_code,
            leg.quantity,
            leg.entry_type,
            leg.new_location_code,
            movement.external_document_no,
            movement.line.date,
            leg.unit_cost,
            leg.posting_group,
        )

    # --- what is in doubt ---

    def _resolve(self) -> None:
        """Ask NAV what became of movements whose answer was lost: lines of ours that are still there are
        taken back first, so that nothing can post them after the ledger was read."""
        doubtful = [
            one
            for one in movements.unsettled(self.database, Direction.TO_NAV)
            if one.state in IN_DOUBT and one.nav
        ]
        if not doubtful:
            return
        kept = self._taken_back(doubtful)
        entries = self._entries(one.document_no for one in doubtful)
        steps = []
        for one in doubtful:
            found = shown(one, entries[one.document_no])
            if one.id in kept:
                steps.append(Sent(one, State.STAGED, "its line lies in NAV's batch"))
            elif any(found):
                steps.append(self._found(one, entries[one.document_no]))
            else:
                steps.append(Sent(one, State.READY, "not in NAV: it is sent again"))
        self._write(self._proven(steps))

    def _taken_back(self, doubtful: Sequence[Movement]) -> set[int]:
        """Delete our unposted lines; where people are to post, those that say what was sent stay."""
        kept: set[int] = set()
        for batch in (self.stock.journal, self.stock.reclass_journal):
            if batch is None:
                continue
            reclass = batch == self.stock.reclass_journal
            mine = {(one.document_no, one.line_no): one for one in doubtful if self._batch(one) == batch}
            numbers = {number for number, _ in mine}
            for line in self.nav.lines(batch, reclass=reclass) if mine else ():
                if line.document_no not in numbers:
                    continue
                one = mine.get((line.document_no, line.line_no))
                if self.stock.posting is Posting.STAGE:
                    kept |= {one.id} if one else set()
                elif one:
                    self.nav.delete(batch, line.line_no, reclass=reclass)
        return kept

    def _found(self, movement: Movement, entries: Sequence[Moved]) -> Sent:
        """The ledger shows something of it: all, or the first half of a transfer, or something else."""
        found = shown(movement, entries)
        if proves(movement, found):
            return Sent(movement)
        mine = legs(movement, reclass=self._reclass)
        if len(mine) == 2 and found[0] and found[1] is None and found[0].quantity == -mine[0].quantity:
            if movement.line_no is None:
                movement = self._store_keys([movement])[0]
            leg = at_cost(mine[1], found[0].cost)
            _, failed = self._inserted([movement], {movement.id: leg})
            failed = failed or self._posted([movement])
            return failed[0] if failed else Sent(movement)
        return _differs(movement)

    # --- both ---

    @property
    def _reclass(self) -> bool:
        return self.stock.reclass_journal is not None and self.nav.can_reclassify

    def _is_reclass(self, movement: Movement) -> bool:
        assert movement.nav is not None
        return bool(movement.nav.new_location_code) and self._reclass

    def _batch(self, movement: Movement) -> ItemBatch:
        reclass = self.stock.reclass_journal
        return reclass if reclass and self._is_reclass(movement) else self.stock.journal

    def _delete(self, movement: Movement) -> None:
        assert movement.line_no is not None
        reclass = self._is_reclass(movement)
        self.nav.delete(self._batch(movement), movement.line_no, reclass=reclass)

    def _entries(self, numbers: Iterable[str]) -> dict[str, list[Moved]]:
        return moved(self.nav, list(dict.fromkeys(numbers)))

    def _proven(self, sent: Sequence[Sent]) -> list[Step]:
        """Only the ledger, read back, is proof: where it can't be read, the outcome is not known."""
        asked = [one.movement.document_no for one in sent if one.state is None]
        try:
            entries = self._entries(asked)
        except VendorError as error:
            told = [one if one.state else replace(one, state=State.UNKNOWN, why=str(error)) for one in sent]
            return [step_of(one, ()) for one in told]
        steps = []
        for one in sent:
            mine = entries.get(one.movement.document_no, ())
            steps.append(step_of(one if one.state else self._proved(one, mine), mine))
        return steps

    @staticmethod
    def _proved(one: Sent, entries: Sequence[Moved]) -> Sent:
        found = shown(one.movement, entries)
        if proves(one.movement, found):
            return one
        if not any(found):
            why = "NAV agreed to post it; it is not in the item ledger"
            return replace(one, state=State.UNKNOWN, why=why)
        return _differs(one.movement)

    def _write(self, steps: Sequence[Step]) -> None:
        if not steps:
            return
        with self.database.transaction() as cursor:
            movements.write(cursor, steps, self.run)
        self.outcome.update(f"to_nav {step.state}" for step in steps)


def step_of(one: Sent, entries: Sequence[Moved]) -> Step:
    """A movement that the ledger proves is posted, at what NAV booked for it."""
    if one.state is not None:
        return Step(one.movement, one.state, one.why, one.problems)
    costs = [found.cost for found in shown(one.movement, entries) if found]
    why = f"posted as {one.movement.document_no}"
    return Step(one.movement, State.POSTED, why, cost=costs[0] if costs else None)


def moved(nav: NavItems, numbers: Sequence[str]) -> dict[str, list[Moved]]:
    """What the item ledger shows under each of these document numbers."""
    found: dict[str, list[Moved]] = defaultdict(list)
    for entry in nav.entries(numbers) if numbers else ():
        found[entry.document_no].append(
            Moved(entry.item_no, entry.location_code, entry.posting_date, entry.quantity, entry.cost)
        )
    return found


def _failed(movement: Movement, error: VendorError) -> Sent:
    """What a failed call means. Where a line may be in NAV, only NAV can say."""
    if isinstance(error, Refused):
        problem = nav_refusal(error, f"NAV document {movement.document_no}")
        return Sent(movement, State.NEEDS_ATTENTION, problem.message, (problem,))
    if isinstance(error, Unavailable | Misconfigured):
        return Sent(movement, State.READY, f"not sent, to be tried again: {error}")
    return Sent(movement, State.UNKNOWN, str(error))


def _differs(movement: Movement) -> Sent:
    problem = Problem(
        DIFFERS,
        f"NAV's item ledger has entries under {movement.document_no} for this item and location that are not "
        "this movement: somebody changed the line before it was posted, or the number is in use",
        f"NAV document {movement.document_no}",
        Fixer.ACCOUNTANT,
    )
    return Sent(movement, State.NEEDS_ATTENTION, problem.message, (problem,))
