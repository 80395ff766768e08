"""Row J: a year of history by Airflow's own backfill, a run for each day; tasks are killed on the way."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Callable

import psutil

from bench.figures import Figure, Target
from bench.lab import Failed
from bench.whole import whole
from stack import connections
from stack.client import AirflowClient
from stack.sandbox import Side
from stack.startup import Stack

DAG = "invoices_to_journal"
DOCUMENTS, DAYS = 10_000, 365
CALLS_PER_DOCUMENT = 1.5
"""One for the order; the rest are the lists and the ledger of each day."""
AT_ONCE = 4
KILLED_AFTER = 20
"""Runs after whose end every task that is under way is killed."""
LOOK_EACH_S = 5.0
PATIENCE_S = 3600.0


class _Airflow(AirflowClient):
    def backfill(self, first: dt.date, last: dt.date) -> int:
        body = {
            "dag_id": DAG,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T23:59:59Z",
            "reprocess_behavior": "none",
            "max_active_runs": AT_ONCE,
        }
        number: int = self._call("POST", "backfills", json=body)["id"]
        return number

    def lift_the_limit(self) -> None:
        """Let the flow call Cin7 as often as it can."""
        cin7 = json.loads(connections.sandbox(self.settings)["cin7_default"])
        extra = json.dumps(cin7["extra"] | {"calls_per_minute": 0})
        body = {"connection_id": "cin7_default", "conn_type": "cin7", "extra": extra}
        self._call("PATCH", "connections/cin7_default", params={"update_mask": "extra"}, json=body)

    def working(self) -> list[int]:
        """The processes of the tasks that are under way."""
        found = self._get(f"dags/{DAG}/dagRuns/~/taskInstances", state="running", limit=100)
        return [one["pid"] for one in found["task_instances"] if one["pid"]]

    def runs(self, state: str) -> int:
        """Runs of a day: the daily sweep may have had yesterday's before the backfill came to it."""
        found = self._get(f"dags/{DAG}/dagRuns", run_type=["backfill", "scheduled"], state=state, limit=1)
        count: int = found["total_entries"]
        return count


def measure(say: Callable[[str], None]) -> list[Figure]:
    """Ends the handling of SIGINT and SIGTERM with its stack: measure it last."""
    last = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    first = last - dt.timedelta(days=DAYS - 1)
    with whole(say, sweep="0 0 * * *") as stack:
        airflow = _Airflow(stack.settings)
        airflow.lift_the_limit()
        _fill(stack, first, last)
        started = time.monotonic()
        airflow.backfill(first, last)
        killed = _watch(airflow, say)
        seconds = time.monotonic() - started
        posted = len(stack.sandbox.nav.get("sums")["documents"])
        if posted != DOCUMENTS:
            raise Failed(f"{posted} of {DOCUMENTS} documents are in NAV's ledger")
        calls = {
            name: _calls(side) for name, side in (("Cin7", stack.sandbox.cin7), ("NAV", stack.sandbox.nav))
        }
    conditions = {
        "vendors' delay": "0 s",
        "calls_per_minute": 0,
        "runs at once": AT_ONCE,
        "killed": f"{killed} tasks, after {KILLED_AFTER} runs",
    }
    per_document = calls["Cin7"] / DOCUMENTS
    return [
        Figure("J", f"backfill of {DOCUMENTS:,} invoices in {DAYS} runs", "s", [seconds], (), conditions),
        Figure("J", "calls to Cin7 for a document", "", [per_document],
               (Target("max", "≤", CALLS_PER_DOCUMENT),), conditions),
        Figure("J", "calls to NAV for a document", "", [calls["NAV"] / DOCUMENTS], (), conditions),
        Figure("J", "hours at 60 calls to Cin7 a minute", "h", [calls["Cin7"] / 3600], (), conditions),
    ]  # fmt: skip


def _fill(stack: Stack, first: dt.date, last: dt.date) -> None:
    """A year of invoices in Cin7, and both systems open for it."""
    stack.sandbox.cin7.patch("settings", {"rate_limit": False})
    stack.sandbox.nav.patch("settings", {"allow_posting_from": ""})
    for seed in range(1, DOCUMENTS // 1000 + 1):
        body = {"sales": 700, "purchases": 300, "seed": seed, "from": str(first), "to": str(last)}
        stack.sandbox.cin7.post("bulk", {**body, "updated": "date"})
    company = stack.settings.var / "mappings" / "company.yaml"
    text = company.read_text(encoding="utf-8")
    company.write_text(text.replace("go_live: 2026-01-01", f"go_live: {first}"), encoding="utf-8")
    for side in (stack.sandbox.cin7, stack.sandbox.nav):
        side.delete("calls")


def _watch(airflow: _Airflow, say: Callable[[str], None]) -> int:
    """Kill the tasks that are under way once, and wait for the end; how many were killed."""
    deadline = time.monotonic() + PATIENCE_S
    killed = told = 0
    while (done := airflow.runs("success")) < DAYS:
        if failed := airflow.runs("failed"):
            raise Failed(f"{failed} runs failed")
        if time.monotonic() > deadline:
            raise Failed(f"{done} of {DAYS} runs are over after {PATIENCE_S:.0f} s")
        if done >= KILLED_AFTER and not killed:
            killed = _kill(airflow.working())
        if done - told >= DAYS // 10:
            told = done
            say(f"{done} of {DAYS} runs are over")
        time.sleep(LOOK_EACH_S)
    return killed


def _kill(pids: list[int]) -> int:
    killed = 0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()
            killed += 1
    return killed


def _calls(side: Side) -> int:
    routes: dict[str, int] = side.get("calls")["by_route"]
    return sum(count for route, count in routes.items() if "token" not in route)
