"""The sandbox's clock: wall time that can be moved or made to run faster, and waits that can be shortened."""

from __future__ import annotations

import asyncio
import datetime as dt


class Clock:
    """`now` runs at the speed of the wall clock unless `run_at` makes it faster; waits (webhook ladder, job
    queue) follow it, are over when the clock is moved past their end, and can be scaled on their own.

    With a scale alone stamps stay comparable with the caller's own clock.
    """

    def __init__(self, scale: float = 1.0, now: dt.datetime | None = None) -> None:
        """Waits take `scale` real seconds per simulated second; `now` freezes the clock (for tests)."""
        if scale < 0:
            raise ValueError("a time scale cannot be negative")
        self.scale = scale
        self.rate = 1.0
        self._offset = dt.timedelta()
        self._frozen = now
        self._began = dt.datetime.now(dt.UTC)
        self._sleepers: set[asyncio.Event] = set()

    def now(self) -> dt.datetime:
        """The present moment, UTC."""
        if self._frozen:
            return self._frozen + self._offset
        wall = dt.datetime.now(dt.UTC)
        return wall + self._offset + (wall - self._began) * (self.rate - 1)

    def today(self) -> dt.date:
        """The present day, UTC."""
        return self.now().date()

    def advance(self, seconds: float) -> None:
        """Move the clock forwards (or back, when negative) for both sides."""
        self._offset += dt.timedelta(seconds=seconds)
        self._wake()

    def run_at(self, rate: float) -> None:
        """From now on, let so many simulated seconds pass in a real one."""
        if rate <= 0:
            raise ValueError("a clock runs forwards")
        self._offset = self.now() - dt.datetime.now(dt.UTC)
        self._began = dt.datetime.now(dt.UTC)
        self.rate = rate
        self._wake()

    def restore(self) -> None:
        """Back to the present, at the speed of the wall clock."""
        self._offset, self.rate, self._began = dt.timedelta(), 1.0, dt.datetime.now(dt.UTC)

    def real(self, seconds: float) -> float:
        """How many real seconds a simulated wait takes."""
        return seconds * self.scale / self.rate

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of simulated time."""
        left = seconds
        while left > 0:
            moved, offset, rate = asyncio.Event(), self._offset, self.rate
            began = asyncio.get_running_loop().time()
            self._sleepers.add(moved)
            try:
                await asyncio.wait_for(moved.wait(), self.real(left))
            except TimeoutError:
                return
            finally:
                self._sleepers.discard(moved)
            passed = asyncio.get_running_loop().time() - began
            left -= passed * rate / self.scale if self.scale else left
            if self.rate == rate:
                left -= (self._offset - offset).total_seconds()

    def _wake(self) -> None:
        for sleeper in self._sleepers:
            sleeper.set()
