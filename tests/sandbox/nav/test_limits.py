"""Throttling as Business Central does it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.nav.errors import ApiError
from sandbox.nav.settings import Settings
from sandbox.nav.throttle import Throttle
from stack.processes import wait_until


def test_more_calls_than_the_rate_allows_are_refused(nav: Any) -> None:
    nav.settings(throttle=True, throttle_calls=3)
    answers = [nav.get("accounts?$top=1") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.code == "Application_TooManyRequests"
    assert refused.message == "Too many requests reached. Actual (4). Maximum (3)."
    assert int(refused.headers["Retry-After"]) > 250
    assert nav.side.get("calls")["refused"] == 1


def test_the_answer_may_be_silent_about_when_to_come_back(nav: Any) -> None:
    nav.settings(throttle=True, throttle_calls=1, retry_after=False)
    nav.get("accounts?$top=1")
    assert "Retry-After" not in nav.get("accounts?$top=1").headers


def test_parts_of_a_batch_count_each(nav: Any) -> None:
    nav.settings(throttle=True, throttle_calls=5)
    part = {"method": "GET", "url": f"companies({nav.company})/accounts?$top=1"}
    assert nav.post("/$batch", {"requests": [part] * 4}).status == 200
    assert nav.post("/$batch", {"requests": [part] * 2}).status == 429


def test_calls_at_a_time_queue_and_then_are_refused() -> None:
    async def scenario() -> None:
        throttle = Throttle(Settings(throttle=True, throttle_concurrent=2, throttle_queue=3))
        done, inside = asyncio.Event(), []

        async def call(number: int) -> None:
            async with throttle.place():
                inside.append(number)
                await done.wait()

        calls = [asyncio.create_task(call(number)) for number in range(5)]
        await asyncio.sleep(0)
        assert inside == [0, 1]
        with pytest.raises(ApiError) as refused:
            await call(5)
        assert (refused.value.status, refused.value.code) == (429, "Application_TooManyRequests")
        calls[2].cancel()
        done.set()
        await asyncio.gather(*calls, return_exceptions=True)
        assert inside == [0, 1, 3, 4]
        await call(6)

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_without_the_switch_nothing_is_refused(nav: Any) -> None:
    nav.settings(throttle_calls=1)
    assert [nav.get("accounts?$top=1").status for _ in range(3)] == [200] * 3


def test_a_call_that_waits_while_the_server_is_set_back_changes_nothing(nav: Any) -> None:
    nav.settings(latency_seconds=0.5)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(nav.post, "journals", {"code": "LATE", "templateDisplayName": "GENERAL"})
        wait_until(
            lambda: nav.side.get("calls")["by_route"].get("POST journals"), 10, "the call does not come"
        )
        nav.side.reset()
        assert late.result(10).status == 503
    assert "LATE" not in [row["code"] for row in nav.get("journals").rows]
