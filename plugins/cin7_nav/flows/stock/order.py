"""Which movements may go now: those of one item and place go one after the other, all others do not wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from cin7_nav.flows.stock.problems import INSUFFICIENT
from cin7_nav.model import State
from cin7_nav.movements import Movement

Keys = set[tuple[str, str]]


class Queue:
    """What stands in whose way. What waits for goods is not in the way of goods that come in."""

    def __init__(self) -> None:
        self._blocked: Keys = set()
        self._blocked_out: Keys = set()

    def lets(self, movement: Movement) -> bool:
        ahead = self._blocked | self._blocked_out if movement.is_outbound else self._blocked
        return not movement.keys & ahead

    def put(self, movement: Movement, codes: Iterable[str]) -> None:
        """It waits; `codes`: of what it waits for."""
        waits_for_goods = movement.is_outbound and set(codes) & INSUFFICIENT
        (self._blocked_out if waits_for_goods else self._blocked).update(movement.keys)


def free(unsettled: Iterable[Movement]) -> list[Movement]:
    """Those that are ready and behind none that waits. `unsettled` in their order, whatever they wait for."""
    queue = Queue()
    found = []
    for movement in unsettled:
        if movement.state is State.READY and queue.lets(movement):
            found.append(movement)
        else:
            queue.put(movement, (problem.code for problem in movement.problems))
    return found


def by_document(movements: Sequence[Movement]) -> Iterator[list[Movement]]:
    """Neighbours with one document number, which go to NAV together."""
    for _, group in groupby(movements, key=lambda movement: movement.document_no):
        yield list(group)
