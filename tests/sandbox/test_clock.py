"""The sandbox's clock: moved, made faster, and what that does to those who wait on it."""

from __future__ import annotations

import asyncio
import datetime as dt
import time

import pytest

from sandbox.clock import Clock


def awaited(clock: Clock, seconds: float, *changes: tuple[float, str, float]) -> float:
    """How many real seconds a wait takes while the clock is changed after so many seconds."""

    async def scenario() -> float:
        began = time.monotonic()
        waiting = asyncio.create_task(clock.sleep(seconds))
        for after, what, value in changes:
            await asyncio.sleep(after)
            getattr(clock, what)(value)
        await asyncio.wait_for(waiting, 5)
        return time.monotonic() - began

    return asyncio.run(scenario())


def test_a_wait_is_over_when_the_clock_is_moved_past_its_end() -> None:
    assert awaited(Clock(), 3600, (0.01, "advance", 1800), (0.01, "advance", 1800)) < 1


def test_a_wait_goes_on_where_the_clock_was_moved_a_part_of_the_way() -> None:
    assert 0.1 <= awaited(Clock(), 10.15, (0.01, "advance", 10)) < 1


def test_a_clock_that_runs_faster_shortens_waits_and_moves_now() -> None:
    clock = Clock()
    before = clock.now()
    assert awaited(clock, 200, (0.0, "run_at", 1000)) < 1.5
    assert clock.now() - before >= dt.timedelta(seconds=200)
    clock.restore()
    assert abs((clock.now() - dt.datetime.now(dt.UTC)).total_seconds()) < 1


def test_scaled_waits_leave_now_alone() -> None:
    clock = Clock(scale=0.001)
    assert awaited(clock, 100) < 1
    assert abs((clock.now() - dt.datetime.now(dt.UTC)).total_seconds()) < 1
    assert awaited(Clock(scale=0), 10_000) < 1


def test_a_clock_does_not_stand_still() -> None:
    with pytest.raises(ValueError, match="forwards"):
        Clock().run_at(0)
