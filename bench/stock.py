"""Rows F and G: levels of both systems compared, and movements delivered beside their bare HTTP calls."""

from __future__ import annotations

from typing import Any

from bench.figures import Figure, Target
from bench.lab import SANDBOX, Failed, Lab
from stack.connections import TENANT

ITEMS, LOCATIONS = 100_000, 3
MOVEMENTS = 1_000
REPETITIONS = 3


def measure_levels(lab: Lab) -> list[Figure]:
    """The comparison in a process of its own: rows as Cin7's pages carry them, sums as our table has them."""
    done = [
        lab.child("bench.stock_task", {"items": ITEMS, "locations": LOCATIONS}, {})
        for _ in range(REPETITIONS)
    ]
    conditions = {"items": f"{ITEMS:,}", "locations": LOCATIONS, "calls and SQL": "none"}
    return [
        Figure(
            "S",
            f"compare {ITEMS * LOCATIONS:,} levels",
            "s",
            [float(one["seconds"]) for one in done],
            (Target("max", "≤", 20),),
            conditions,
        ),
        Figure(
            "S",
            "peak memory of it",
            "MB",
            [one["peak_bytes"] / 1e6 for one in done],
            (Target("max", "≤", 600),),
            conditions,
        ),
    ]


def measure_deliveries(lab: Lab) -> list[Figure]:
    ours, bare = [], []
    for number in range(REPETITIONS + 1):
        calls = lab.folder / "calls-stock.json"
        recording = number == 0
        seconds = _delivered(lab, record=str(calls) if recording else None)
        if recording:
            continue
        ours.append(seconds)
        lab.sandbox.nav.reset()
        job = {
            "calls": str(calls),
            "token_url": f"{lab.sandbox.nav.url}/{TENANT}/oauth2/v2.0/token",
            "ca": str(lab.sandbox.nav.ca),
        }
        bare.append(float(lab.child("bench.bare", job, {})["seconds"]))
    conditions = {**SANDBOX, "calls_per_minute": 0, "database": "durable"}
    ratios = [one / other for one, other in zip(bare, ours, strict=True)]
    return [
        Figure("T", f"deliver {MOVEMENTS:,} movements to NAV", "s", ours, (), conditions),
        Figure("T", "the same HTTP calls as a bare loop", "s", bare, (), conditions),
        Figure("T", "bare loop ÷ delivery", "", ratios, (Target("median", "≥", 0.5),), conditions),
    ]


def _delivered(lab: Lab, record: str | None) -> float:
    lab.sandbox.reset()
    lab.sandbox.cin7.patch("settings", {"rate_limit": False, "opening_stock": "none"})
    for number in range(MOVEMENTS):
        adjustment: dict[str, Any] = {"sku": f"HV-{number % 200 + 1:04}", "quantity": "1", "announce": False}
        lab.sandbox.cin7.post("stock-adjustment", adjustment)
    with lab.database() as dsn:
        job = {"flow": "stock", "steps": ["collect", "deliver"], "record": record, "recorded": "deliver"}
        steps = job.pop("steps")
        done = lab.task(dsn, steps, **job)  # type: ignore[arg-type]
    if done["outcome"].get("deliver to_nav posted") != MOVEMENTS:
        raise Failed(f"the delivery of {MOVEMENTS} movements came to {done['outcome']}")
    return float(done["seconds"]["deliver"])
