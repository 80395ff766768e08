"""The call budget: never more than the limit in any window, and nearly all of it used."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import ExitStack
from typing import Any

import pytest
from cin7_nav.store.budget import CallBudget
from cin7_nav.store.database import Database

LIMIT, WINDOW_S, RUN_S, PROCESSES = 20, 0.5, 3.0, 4
KEYS = ["44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442"]
CALLER = f"""
import sys, time
import requests
from cin7_nav.store.budget import CallBudget
from cin7_nav.store.database import Database
dsn, url, account = sys.argv[1:]
budget = CallBudget(Database(dsn), {KEYS!r}, {LIMIT}, window_s={WINDOW_S})
session = requests.Session()
sys.stdin.readline()
until = time.monotonic() + {RUN_S}
while time.monotonic() < until:
    with budget.slot() as key:
        print(time.monotonic(), key)
        if url:
            headers = {{"api-auth-accountid": account, "api-auth-applicationkey": key}}
            session.get(url, headers=headers).raise_for_status()
"""


def calls_of_four_processes(database: Database, url: str = "", account: str = "") -> dict[str, list[float]]:
    """Key → the sorted moments of its calls; the processes call as fast as the budget lets them."""
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, database.dsn, url, account],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    calls: dict[str, list[float]] = defaultdict(list)
    for caller in callers:
        assert caller.stdin
        caller.stdin.write("go\n")
        caller.stdin.flush()
    for caller in callers:
        for line in caller.communicate(timeout=60)[0].splitlines():
            moment, key = line.split()
            calls[key].append(float(moment))
        assert caller.returncode == 0
    return {key: sorted(moments) for key, moments in calls.items()}


def used(calls: dict[str, list[float]]) -> float:
    """The part of the allowed calls that was made."""
    start = min(moments[0] for moments in calls.values())
    made = sum(moment < start + RUN_S for moments in calls.values() for moment in moments)
    return made / (len(KEYS) * LIMIT * RUN_S / WINDOW_S)


def test_four_processes_on_two_keys_stay_within_the_limit_and_use_it(database: Database) -> None:
    calls = calls_of_four_processes(database)
    assert calls.keys() == set(KEYS)
    for moments in calls.values():
        for first, beyond in zip(moments, moments[LIMIT:], strict=False):
            assert beyond - first >= WINDOW_S
    assert used(calls) >= 0.95


def test_a_vendor_with_that_limit_refuses_none_of_their_calls(database: Database, cin7_sandbox: Any) -> None:
    cin7_sandbox.patch("settings", {"rate_limit_calls": LIMIT, "rate_limit_seconds": WINDOW_S})
    account = "33333333-3333-4333-8333-333333333333"
    calls = calls_of_four_processes(database, f"{cin7_sandbox.url}/ExternalApi/v2/me", account)
    seen = cin7_sandbox.get("calls")
    assert seen["refused"] == 0
    assert seen["total"] == sum(map(len, calls.values()))


def test_a_slot_is_busy_during_the_call_and_for_a_window_after_the_answer(database: Database) -> None:
    naps: list[float] = []
    budget = CallBudget(database, ["key"], 1, window_s=60, patience_s=2, sleep=naps.append)
    with budget.slot(), pytest.raises(TimeoutError), budget.slot():
        pass
    with pytest.raises(TimeoutError), budget.slot():
        pass
    with database.transaction() as cursor:
        cursor.execute("UPDATE api_slot SET free_at = free_at - interval '60 s'")
    with budget.slot() as key:
        assert key == "key"


def test_a_slot_comes_back_when_the_call_failed(database: Database) -> None:
    budget = CallBudget(database, ["key"], 1, window_s=0)
    with pytest.raises(ZeroDivisionError), budget.slot():
        raise ZeroDivisionError
    with budget.slot():
        pass


def test_a_penalised_key_rests_and_the_other_works_on(database: Database) -> None:
    budget = CallBudget(database, ["key-a", "key-b"], 5, window_s=60, patience_s=1, sleep=lambda _: None)
    budget.penalise("key-a", 0)
    with budget.slot():
        pass
    budget.penalise("key-a", 600)
    with ExitStack() as stack:
        used = [stack.enter_context(budget.slot()) for _ in range(4)]
    assert Counter(used) <= Counter({"key-b": 5})


def test_an_account_wide_limit_counts_all_keys_together(database: Database) -> None:
    budget = CallBudget(
        database, ["key-a", "key-b"], 2, "account", account="account", patience_s=1, sleep=lambda _: None
    )
    used = set()
    for _ in range(2):
        with budget.slot() as key:
            used.add(key)
    assert used == {"key-a", "key-b"}
    with pytest.raises(TimeoutError), budget.slot():
        pass


def test_keys_never_reach_the_database(database: Database) -> None:
    with CallBudget(database, ["a-secret-key"], 3).slot():
        pass
    with database.transaction() as cursor:
        cursor.execute("SELECT bucket FROM api_slot")
        rows = cursor.fetchall()
    assert len(rows) == 3
    assert all("secret" not in bucket for (bucket,) in rows)


def test_another_limit_adds_or_removes_slots(database: Database) -> None:
    for limit in (3, 5, 2):
        with CallBudget(database, ["key"], limit, window_s=0).slot():
            pass
        with database.transaction() as cursor:
            cursor.execute("SELECT count(*) FROM api_slot")
            assert cursor.fetchone() == (limit,)


def test_without_a_limit_nothing_is_counted_and_penalties_are_waited_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    naps: list[float] = []
    monkeypatch.setattr("cin7_nav.store.budget.monotonic", lambda: sum(naps))
    budget = CallBudget(None, ["key-a", "key-b"], 0, sleep=naps.append)
    used = set()
    for _ in range(4):
        with budget.slot() as key:
            used.add(key)
    assert used == {"key-a", "key-b"}
    budget.penalise("key-a", 5)
    budget.penalise("key-b", 3)
    with budget.slot() as key:
        assert key == "key-b"
    assert sum(naps) == pytest.approx(3)
