"""The sandbox's clock: wall time that can be moved, and waits that can be shortened."""

from __future__ import annotations

import asyncio
import datetime as dt


class Clock:
    """`now` runs at the speed of the wall clock; only *waits* (webhook ladder, job queue) are scaled.

    Stamps stay comparable with the caller's own clock that way, whatever the scale is.
    """

    def __init__(self, scale: float = 1.0, now: dt.datetime | None = None) -> None:
        """Waits take `scale` real seconds per simulated second; `now` freezes the clock (for tests)."""
        if scale < 0:
            raise ValueError("a time scale cannot be negative")
        self.scale = scale
        self._offset = dt.timedelta()
        self._frozen = now

    def now(self) -> dt.datetime:
        """The present moment, UTC."""
        return (self._frozen or dt.datetime.now(dt.UTC)) + self._offset

    def today(self) -> dt.date:
        """The present day, UTC."""
        return self.now().date()

    def advance(self, seconds: float) -> None:
        """Move the clock forwards (or back, when negative) for both sides."""
        self._offset += dt.timedelta(seconds=seconds)

    def restore(self) -> None:
        """Back to the present."""
        self._offset = dt.timedelta()

    def real(self, seconds: float) -> float:
        """How many real seconds a simulated wait takes."""
        return seconds * self.scale

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of simulated time."""
        await asyncio.sleep(self.real(seconds))
