"""When the trigger rings, on a real event loop and a real database."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from airflow.sdk.definitions.asset import Asset, AssetWatcher
from airflow.serialization.encoders import encode_trigger
from airflow.triggers.base import BaseEventTrigger
from cin7_nav.store import inbox, webhook_secrets
from cin7_nav.store.database import Database
from cin7_nav.triggers import webhook_landed
from cin7_nav.triggers.webhook_landed import WebhookLandedTrigger

log = logging.getLogger(__name__)

SECRET = "a-long-random-secret-for-tests"
SOON = 5.0
"""A test fails when a ring takes longer; how long one really takes is measured below."""


@pytest.fixture
def land(
    database: Database, airflow_connection: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Lands an event as the receiver does; the Airflow connection points at the same database."""
    webhook_secrets.admit(database, "cin7", SECRET)
    monkeypatch.setattr(webhook_landed, "BURST_S", 0.05)
    monkeypatch.setattr(webhook_landed, "FIRST_RETRY_S", 0.01)
    serial: Iterator[int] = itertools.count()

    def land(flow: str = "invoices") -> None:
        records = json.dumps([{"record_id": "", "number": f"SO-{next(serial)}", "path": []}])
        with database.transaction() as cursor:
            cursor.execute(
                "SELECT valid FROM "
                "land_event('default', 'cin7', %s, 'Sale/Voided', %s, 'hash', '{}', %s, false)",
                (webhook_secrets.fingerprint(SECRET), flow, records),
            )

    return land


class Rings:
    """The rings of a running trigger."""

    def __init__(self, trigger: WebhookLandedTrigger) -> None:
        self.count = 0
        self._queue: asyncio.Queue[int] = asyncio.Queue()
        self._trigger = trigger

    async def listen(self) -> None:
        async for event in self._trigger.run():
            assert event.payload["flow"] == self._trigger.flow
            self.count += 1
            self._queue.put_nowait(event.payload["waiting"])

    async def next(self) -> int:
        return await asyncio.wait_for(self._queue.get(), SOON)

    async def none_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._queue.get(), seconds)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def ringing(trigger: WebhookLandedTrigger, database: Database) -> AsyncIterator[Rings]:
    """Runs the trigger as the triggerer does, from when it listens."""
    rings = Rings(trigger)
    task = asyncio.create_task(rings.listen())
    try:
        await listening(database)
        yield rings
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def listening(database: Database) -> None:
    """Waits until a session has looked at the inbox after its LISTEN."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        with database.transaction() as cursor:
            cursor.execute(query + " AND pid <> pg_backend_pid() AND state = 'idle'", ("%inbox_waiting($1%",))
            if cursor.fetchone() == (1,):
                return
        await asyncio.sleep(0.01)
    raise AssertionError("the trigger does not listen")


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await test()

    asyncio.run(whole())


def test_it_rings_for_what_waited_before_it_started(database: Database, land: Callable[..., None]) -> None:
    land()
    land()

    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices"), database) as rings:
            assert await rings.next() == 2

    run(test)


def test_it_rings_once_for_each_new_event_of_its_flow(database: Database, land: Callable[..., None]) -> None:
    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices"), database) as rings:
            land("stock")
            for waiting in (1, 2, 3):
                land()
                assert await rings.next() == waiting
            land("stock")
            assert await rings.none_within(0.2)

    run(test)


def test_a_burst_is_two_rings(
    database: Database, land: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_landed, "BURST_S", 0.5)

    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices"), database) as rings:
            land()
            assert await rings.next() == 1
            for _ in range(9):
                await asyncio.to_thread(land)
            assert await rings.next() == 10
            assert await rings.none_within(0.2)

    run(test)


def test_it_is_silent_about_what_was_claimed(database: Database, land: Callable[..., None]) -> None:
    land()
    inbox.claim(database, "invoices", "a", 1)

    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices", ring_again_after=0.05), database) as rings:
            assert await rings.none_within(0.3)

    run(test)


def test_it_never_claims(database: Database, land: Callable[..., None]) -> None:
    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices"), database) as rings:
            land()
            await rings.next()

    run(test)
    assert inbox.waiting(database, "invoices") == 1


def test_it_rings_again_for_unclaimed_events_less_and_less_often(
    database: Database, land: Callable[..., None]
) -> None:
    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices", ring_again_after=0.1), database) as rings:
            land()
            started = time.monotonic()
            assert [await rings.next() for _ in range(4)] == [1, 1, 1, 1]
            assert time.monotonic() - started > 0.1 + 0.2 + 0.4

    run(test)


def test_it_rings_for_an_expired_lease(database: Database, land: Callable[..., None]) -> None:
    land()
    inbox.claim(database, "invoices", "dead", 1)

    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices", ring_again_after=0.05), database) as rings:
            with database.transaction() as cursor:
                cursor.execute("UPDATE inbox SET lease_until = clock_timestamp()")
            assert await rings.next() == 1

    run(test)


def test_it_survives_a_lost_connection_and_rings_for_what_it_missed(
    database: Database, land: Callable[..., None], end_sessions: Callable[[str], int]
) -> None:
    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices"), database) as rings:
            land()
            assert await rings.next() == 1
            database.close()
            assert end_sessions("cin7_nav") == 1
            land()
            assert await rings.next() == 2

    run(test)


def test_it_waits_for_a_database_that_is_not_there_yet(
    database: Database, land: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    land()
    right = webhook_landed.arguments
    attempts = itertools.count()

    def first_wrong(dsn: str) -> dict[str, Any]:
        return right(dsn) | ({"port": 9} if next(attempts) < 3 else {})

    monkeypatch.setattr(webhook_landed, "arguments", first_wrong)

    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices"), database) as rings:
            assert await rings.next() == 1

    run(test)
    assert next(attempts) == 4


def test_a_missing_connection_is_no_end(
    database: Database, land: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_CIN7_NAV_DB")

    async def test() -> None:
        events = [event.payload async for event in WebhookLandedTrigger("invoices", wait=0.1).run()]
        assert events == [{"flow": "invoices", "waiting": 0}]

    run(test)


def test_with_a_wait_it_ends_with_the_first_ring(database: Database, land: Callable[..., None]) -> None:
    land()

    async def test() -> None:
        events = [event.payload async for event in WebhookLandedTrigger("invoices", wait=SOON).run()]
        assert events == [{"flow": "invoices", "waiting": 1}]

    run(test)


def test_with_a_wait_it_gives_up_in_time(database: Database, land: Callable[..., None]) -> None:
    async def test() -> None:
        started = time.monotonic()
        events = [event.payload async for event in WebhookLandedTrigger("invoices", wait=0.1).run()]
        assert events == [{"flow": "invoices", "waiting": 0}]
        assert time.monotonic() - started < SOON

    run(test)


def test_it_closes_its_session_when_it_is_cancelled(
    database: Database, land: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    connect = WebhookLandedTrigger._connect

    async def remember(trigger: WebhookLandedTrigger) -> Any:
        opened.append(await connect(trigger))
        return opened[-1]

    monkeypatch.setattr(WebhookLandedTrigger, "_connect", remember)

    async def test() -> None:
        async with ringing(WebhookLandedTrigger("invoices"), database):
            pass
        assert [connection.is_closed() for connection in opened] == [True]

    run(test)


def test_from_insert_to_ring_takes_milliseconds(database: Database, land: Callable[..., None]) -> None:
    async def test() -> None:
        taken = []
        async with ringing(WebhookLandedTrigger("invoices"), database) as rings:
            for _ in range(20):
                await asyncio.sleep(0.06)
                started = time.perf_counter()
                await asyncio.to_thread(land)
                await rings.next()
                taken.append(1000 * (time.perf_counter() - started))
        median, worst = statistics.median(taken), max(taken)
        log.info("insert to ring: median %.1f ms, worst %.1f ms", median, worst)
        assert median < 100

    run(test)


def test_it_is_rebuilt_from_what_airflow_stores() -> None:
    trigger = WebhookLandedTrigger("invoices", ring_again_after=5)
    classpath, kwargs = trigger.serialize()
    assert classpath == "cin7_nav.triggers.webhook_landed.WebhookLandedTrigger"
    stored = json.loads(json.dumps(kwargs))
    assert WebhookLandedTrigger(**stored).serialize() == (classpath, kwargs)
    assert BaseEventTrigger.hash(classpath, stored) == BaseEventTrigger.hash(classpath, kwargs)


def test_equal_watchers_are_one_and_flows_are_told_apart() -> None:
    def identity(trigger: WebhookLandedTrigger) -> int:
        encoded = encode_trigger(trigger)
        return BaseEventTrigger.hash(encoded["classpath"], encoded["kwargs"])

    invoices = identity(WebhookLandedTrigger("invoices"))
    assert invoices == identity(WebhookLandedTrigger("invoices"))
    assert invoices != identity(WebhookLandedTrigger("stock"))
    assert invoices != identity(WebhookLandedTrigger("invoices", wait=10))


def test_it_can_watch_an_asset() -> None:
    watcher = AssetWatcher(name="inbox", trigger=WebhookLandedTrigger("invoices"))
    assert Asset("landed", watchers=[watcher]).watchers == [watcher]
