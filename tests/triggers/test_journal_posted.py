"""When the trigger rings; what a look at NAV finds is told beside the flow's own tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from cin7_nav.hooks.errors import Misconfigured, Unavailable
from cin7_nav.triggers import journal_posted
from cin7_nav.triggers.journal_posted import JournalPostedTrigger, Look

NOTHING = Look(staged=2, moved=0)
Answers = Iterator[Look | Exception]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the trigger meant to wait, each time."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(journal_posted.asyncio, "sleep", sleep)
    return waited


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> Callable[..., list[Any]]:
    """The events of a trigger whose looks find these answers, one after the other."""
    for name in ("CIN7_NAV_DB", "NAV_DEFAULT"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps({"conn_type": "generic", "login": name}))

    def run(*found: Look | Exception) -> list[Any]:
        answers: Answers = iter(found)

        def look_over(ours: Any, navs: Any, company: str) -> Look:
            assert (ours.login, navs.login) == ("CIN7_NAV_DB", "NAV_DEFAULT")
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def events() -> list[Any]:
            return [event.payload async for event in JournalPostedTrigger().run()]

        monkeypatch.setattr(journal_posted, "look_over", look_over)
        rung = asyncio.run(events())
        assert next(answers, None) is None
        return rung

    return run


def test_it_rings_once_something_is_posted(rings: Callable[..., list[Any]]) -> None:
    assert rings(NOTHING, NOTHING, Look(staged=2, moved=1)) == [{"moved": 1}]


def test_it_rings_when_nothing_is_left_to_wait_for(rings: Callable[..., list[Any]]) -> None:
    assert rings(NOTHING, Look(staged=0, moved=0)) == [{"moved": 0}]


def test_it_asks_rarer_the_longer_nothing_happens(
    rings: Callable[..., list[Any]], pauses: list[float]
) -> None:
    rings(*[NOTHING] * 5, Look(2, 2))
    assert pauses == [30, 60, 120, 240, 300, 300]


@pytest.mark.parametrize(
    "failure", [Unavailable("down"), Misconfigured("no login"), AirflowException("no such connection")]
)
def test_a_failing_look_is_no_end(rings: Callable[..., list[Any]], failure: Exception) -> None:
    assert rings(failure, failure, Look(staged=1, moved=1)) == [{"moved": 1}]


def test_a_defect_is_not_hidden(rings: Callable[..., list[Any]]) -> None:
    with pytest.raises(ValueError, match="defect"):
        rings(ValueError("defect"))


def test_it_is_rebuilt_from_what_airflow_stores_and_stores_no_secret() -> None:
    classpath, kwargs = JournalPostedTrigger("acme", "nav_acme").serialize()
    assert classpath == "cin7_nav.triggers.journal_posted.JournalPostedTrigger"
    assert json.loads(json.dumps(kwargs)) == {"company": "acme", "nav_conn_id": "nav_acme"}
