"""Calls that go together: each gets its own answer, whatever the others are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cin7_nav.receiver.batches import MOST, Batches


class Spoilt(Exception):
    pass


class Doubling:
    """Doubles numbers; a negative one spoils a batch, 13 is a fault of its own."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def __call__(self, given: Sequence[int]) -> list[int]:
        self.sizes.append(len(given))
        await asyncio.sleep(0)
        if min(given) < 0:
            raise Spoilt
        if 13 in given:
            raise OSError("away")
        return [2 * number for number in given]


def answers(double: Doubling, *given: int) -> list[int | type]:
    async def scenario() -> list[int | type]:
        batches = Batches(double, (Spoilt,), (OSError,))
        found = await asyncio.gather(*map(batches.add, given), return_exceptions=True)
        assert await batches.add(5) == 10
        return [one if isinstance(one, int) else type(one) for one in found]

    return asyncio.run(asyncio.wait_for(scenario(), 5))


def test_what_comes_at_once_goes_together_up_to_a_most() -> None:
    double = Doubling()
    numbers = range(20, MOST + 40)
    assert answers(double, *numbers) == [2 * number for number in numbers]
    assert double.sizes == [MOST, 20, 1]


def test_what_spoils_a_batch_spoils_nobody_else() -> None:
    double = Doubling()
    assert answers(double, 1, -1, 2) == [2, Spoilt, 4]
    assert double.sizes == [3, 1, 1, 1, 1]


def test_an_error_reaches_all_that_went_together_and_the_next_one_works() -> None:
    assert answers(Doubling(), 1, 13) == [OSError, OSError]


def test_one_who_gave_up_keeps_nobody_waiting() -> None:
    async def scenario() -> int:
        batches = Batches(Doubling(), (Spoilt,), (OSError,))
        gone = asyncio.create_task(batches.add(1))
        stays = asyncio.create_task(batches.add(2))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(asyncio.wait_for(scenario(), 5)) == 4
