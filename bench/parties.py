"""Row P: the first match of two large sets of parties, in a child process."""

from __future__ import annotations

from bench.figures import Figure, Target
from bench.lab import Failed, Lab

PARTIES = 20_000
REPEATS = 3


def measure(lab: Lab) -> list[Figure]:
    """Suppliers and vendors of which most are the same, written otherwise; nothing is linked before."""
    seconds, peaks = [], []
    conditions = {}
    for seed in range(1, REPEATS + 1):
        done = lab.child("bench.parties_task", {"parties": PARTIES, "seed": seed}, {})
        if done["false"] or done["linked"] < PARTIES // 2:
            raise Failed(f"{done['false']} false links, {done['linked']} right ones")
        seconds.append(done["seconds"])
        peaks.append(done["peak_bytes"] / 1e6)
        conditions = {
            "records": f"{PARTIES:,} a side, three in four the same",
            "linked": done["linked"],
            "asked about": done["doubts"],
        }
    what = f"first match of {PARTIES:,} × {PARTIES:,} parties"
    return [
        Figure("P", what, "s", seconds, (Target("max", "≤", 60),), conditions),
        Figure(
            "P",
            f"peak memory of it, {PARTIES:,} × {PARTIES:,}",
            "MB",
            peaks,
            (Target("max", "≤", 500),),
            conditions,
        ),
    ]
