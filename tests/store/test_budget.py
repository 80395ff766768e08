"""The call budget: never more than the limit in any window, and nearly all of it used."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import ExitStack

import pytest
from cin7_nav.store.budget import CallBudget
from cin7_nav.store.database import Database

LIMIT, WINDOW_S, RUN_S, PROCESSES = 20, 0.5, 3.0, 4
CALLER = f"""
import sys, time
from cin7_nav.store.budget import CallBudget
from cin7_nav.store.database import Database
budget = CallBudget(Database(sys.argv[1]), ["key-a", "key-b"], {LIMIT}, window_s={WINDOW_S})
sys.stdin.readline()
until = time.monotonic() + {RUN_S}
while time.monotonic() < until:
    with budget.slot() as key:
        print(time.monotonic(), key)
"""


def test_four_processes_on_two_keys_stay_within_the_limit_and_use_it(database: Database) -> None:
    command = [sys.executable, "-c", CALLER, database.dsn]
    callers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for caller in callers:
        assert caller.stdin
        caller.stdin.write("go\n")
        caller.stdin.flush()
    calls: dict[str, list[float]] = defaultdict(list)
    for caller in callers:
        for line in caller.communicate(timeout=60)[0].splitlines():
            moment, key = line.split()
            calls[key].append(float(moment))
        assert caller.returncode == 0
    assert calls.keys() == {"key-a", "key-b"}
    for moments in calls.values():
        moments.sort()
        for first, beyond in zip(moments, moments[LIMIT:], strict=False):
            assert beyond - first >= WINDOW_S
    start = min(moments[0] for moments in calls.values())
    possible = 2 * LIMIT * RUN_S / WINDOW_S
    used = sum(moment < start + RUN_S for moments in calls.values() for moment in moments)
    assert used >= 0.95 * possible


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
