"""Rings when webhook events of a flow have landed in the inbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import asyncpg
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from cin7_nav.store.asynchronous import LOST, arguments
from cin7_nav.store.database import ONLY_COMPANY, Database
from cin7_nav.store.inbox import CHANNEL

CONNECTION = "cin7_nav_db"

BURST_S = 0.25
"""Events that land within this time after a ring share the next one."""

LONGEST_SILENCE_S = 300.0
"""Repeated rings for the same unclaimed events get rarer, up to this: their DAG may be paused for days."""

FIRST_RETRY_S, LAST_RETRY_S = 0.2, 30.0


class WebhookLandedTrigger(BaseEventTrigger):
    """Rings for events of `flow`: at once for each new one, and again for those that nobody claims.

    It only rings and never claims: what rings for nothing costs nothing, and a dead triggerer loses nothing.
    The second ring is needed because the scheduler can drop an asset event. A lost database connection is
    opened anew, and whatever waits by then is rung for.

    As the trigger of an `AssetWatcher` it rings for ever. With `wait` it serves a deferred task: it ends
    with the first ring, or after `wait` seconds with a ring that says that 0 events wait.

    :param flow: the flow whose events to ring for, e.g. `invoices`.
    :param company: the key of the company whose events these are.
    :param ring_again_after: seconds after which an unclaimed event is rung for again.
    :param wait: seconds to wait for the one ring; None: ring for ever.
    """

    def __init__(
        self,
        flow: str,
        ring_again_after: float = 10.0,
        wait: float | None = None,
        company: str = ONLY_COMPANY,
    ) -> None:
        super().__init__()
        self.flow = flow
        self.company = company
        self.ring_again_after = float(ring_again_after)
        self.wait = None if wait is None else float(wait)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        kwargs = {
            "flow": self.flow, "ring_again_after": self.ring_again_after, "wait": self.wait,
            "company": self.company,
        }  # fmt: skip
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield events whose payload is `{"flow": …, "waiting": <claimable events>}`."""
        async with aclosing(self._rings()) as rings:
            if self.wait is None:
                async for waiting in rings:
                    yield self._event(waiting)
            else:
                try:
                    waiting = await asyncio.wait_for(anext(rings), self.wait)
                except TimeoutError:
                    waiting = 0
                yield self._event(waiting)

    def _event(self, waiting: int) -> TriggerEvent:
        return TriggerEvent({"flow": self.flow, "waiting": waiting})

    async def _rings(self) -> AsyncGenerator[int, None]:
        """Rings over as many database connections as it takes."""
        pause = FIRST_RETRY_S
        while True:
            connection: asyncpg.Connection | None = None
            try:
                connection = await self._connect()
                async with aclosing(self._rings_on(connection)) as rings:
                    async for waiting in rings:
                        pause = FIRST_RETRY_S
                        if waiting:
                            yield waiting
            except (*LOST, AirflowException) as error:
                self.log.warning(
                    "Inbox of %s can't be watched (%s); trying again in %.1f s",
                    self.flow, type(error).__name__, pause,
                )  # fmt: skip
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_RETRY_S)

    async def _connect(self) -> asyncpg.Connection:
        found = await BaseHook.aget_connection(CONNECTION)
        return await asyncpg.connect(**arguments(Database.from_connection(found).dsn))

    async def _rings_on(self, connection: asyncpg.Connection) -> AsyncGenerator[int, None]:
        """Yields how many events wait whenever that is worth a ring, and 0 when it has looked and none do."""
        bell = asyncio.Event()

        def landed(_: Any, __: int, ___: str, flow: object) -> None:
            if flow == self.flow:
                bell.set()

        connection.add_termination_listener(lambda _: bell.set())
        await connection.add_listener(CHANNEL, landed)
        silence = self.ring_again_after
        bell.set()
        while True:
            try:
                await asyncio.wait_for(bell.wait(), silence)
            except TimeoutError:
                rung = False
            else:
                rung = True
            bell.clear()
            waiting, oldest = await connection.fetchrow(
                "SELECT waiting, oldest_age FROM inbox_waiting($1, $2)", self.company, self.flow
            )
            if not waiting:
                silence = self.ring_again_after
                yield 0
            elif rung:
                yield waiting
                await asyncio.sleep(BURST_S)
            elif oldest.total_seconds() >= self.ring_again_after:
                yield waiting
                silence = min(2 * silence, max(LONGEST_SILENCE_S, self.ring_again_after))
