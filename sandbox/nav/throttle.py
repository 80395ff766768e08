"""Business Central's limits for one user: calls at a time, a queue, and a rate."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.nav.errors import ApiError
from sandbox.nav.settings import Settings


class Throttle:
    """Lets calls through, makes them wait, or refuses them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._begun: deque[float] = deque()
        self._is_over = False

    def end(self) -> None:
        """Calls that wait find another company when their turn comes: they are refused."""
        self._is_over = True

    @asynccontextmanager
    async def place(self, weight: int = 1) -> AsyncIterator[None]:
        """A place among the concurrent calls; `weight` calls count against the rate. Raises 429."""
        if self._settings.throttle:
            self._count(weight)
            await self._enter()
        else:
            self._running += 1
        try:
            if self._settings.latency_seconds:
                await asyncio.sleep(self._settings.latency_seconds)
            if self._is_over:
                raise ApiError(503, "Internal_ServerError", "The server was set back while this call waited.")
            yield
        finally:
            self._leave()

    @property
    def retry_after(self) -> int:
        """Whole seconds until a call fits into the rate again, at least one."""
        if len(self._begun) < self._settings.throttle_calls:
            return 1
        return max(1, int(self._begun[0] + self._settings.throttle_window_seconds - time.monotonic()) + 1)

    def _count(self, weight: int) -> None:
        now, most = time.monotonic(), self._settings.throttle_calls
        while self._begun and self._begun[0] <= now - self._settings.throttle_window_seconds:
            self._begun.popleft()
        if len(self._begun) + weight > most:
            raise _too_many(len(self._begun) + weight, most)
        self._begun.extend([now] * weight)

    async def _enter(self) -> None:
        if self._running < self._settings.throttle_concurrent:
            self._running += 1
            return
        most = self._settings.throttle_queue
        if len(self._waiting) >= most:
            raise _too_many(self._running + len(self._waiting) + 1, self._settings.throttle_concurrent + most)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        """Hand the place to the next one who waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1


def _too_many(actual: int, most: int) -> ApiError:
    return ApiError(
        429,
        "Application_TooManyRequests",
        f"Too many requests reached. Actual ({actual}). Maximum ({most}).",
    )
