"""Row C: how much of Cin7's call limit a run uses, and whether it ever oversteps it."""

from __future__ import annotations

import json

from bench.figures import Figure, Target
from bench.lab import SANDBOX, Lab

CALLS = 60
WINDOW_S = 5.0
"""Instead of a minute, on both sides. What a call and waking up cost weighs twelve times as much so."""
WINDOWS = 3


def measure(lab: Lab) -> list[Figure]:
    return [figure for keys in (1, 2) for figure in _with_keys(lab, keys)]


def _with_keys(lab: Lab, keys: int) -> list[Figure]:
    allowed = CALLS * keys
    lab.fill(allowed * (WINDOWS + 1))
    calls = lab.folder / f"limited-{keys}.json"
    with lab.database() as dsn:
        # reference data costs calls too: read before the limit is on
        lab.task(dsn, ["translate"])
        limit = {"rate_limit": True, "rate_limit_calls": CALLS, "rate_limit_seconds": WINDOW_S}
        lab.sandbox.cin7.patch("settings", limit)
        lab.sandbox.cin7.delete("calls")
        lab.task(dsn, ["collect"], keys=keys, calls_per_minute=CALLS, window_s=WINDOW_S, record=str(calls))
    refused = lab.sandbox.cin7.get("calls")["refused"]
    sent = [call["at"] for call in json.loads(calls.read_text())]
    gaps = [later - earlier for earlier, later in zip(sent, sent[allowed:], strict=False)]
    conditions = {
        **SANDBOX,
        "keys": keys,
        "limit": f"{CALLS} calls in {WINDOW_S:g} s and key",
        "calls": len(sent),
    }
    name = "one key" if keys == 1 else f"{keys} keys"
    return [
        Figure(
            "C",
            f"calls used in a window, {name} ({allowed} allowed)",
            "calls",
            [allowed * WINDOW_S / gap for gap in gaps],
            (Target("median", "≥", 0.95 * allowed),),
            conditions,
        ),
        Figure("C", f"refused, {name}", "calls", [refused], (Target("max", "≤", 0),), conditions),
    ]
