"""Calls that come while another one is under way go together in the next one: one commit for many events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Given = TypeVar("Given")
Answer = TypeVar("Answer")

MOST = 100
"""Calls that go together."""


class Batches(Generic[Given, Answer]):
    """Gathers what is given while `together` is at work. Nothing waits for a clock: alone it goes at once.

    `together` answers in the order of what it is given. Where it raises one of `spoilt`, something in the
    batch is to blame, and each goes through it alone; one of `lost` is the answer to all of them.
    """

    def __init__(
        self,
        together: Callable[[Sequence[Given]], Awaitable[Sequence[Answer]]],
        spoilt: tuple[type[Exception], ...],
        lost: tuple[type[Exception], ...],
    ) -> None:
        self._together = together
        self._spoilt = spoilt
        self._lost = lost
        self._waiting: list[tuple[Given, asyncio.Future[Answer]]] = []
        self._working: asyncio.Task[None] | None = None

    async def add(self, given: Given) -> Answer:
        """The answer for `given`; raises what `together` raises."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((given, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:MOST]
                del self._waiting[:MOST]
                await self._answer(batch)
        finally:
            self._working = None

    async def _answer(self, batch: Sequence[tuple[Given, asyncio.Future[Answer]]]) -> None:
        error: BaseException = asyncio.CancelledError()
        try:
            answers = await self._together([given for given, _ in batch])
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
        except self._spoilt as spoilt:
            error = spoilt
            if len(batch) > 1:
                for one in batch:
                    await self._answer([one])
        except self._lost as lost:
            error = lost
        finally:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
