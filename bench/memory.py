"""Row E: the most memory that each step's process takes."""

from __future__ import annotations

from bench.figures import Figure, Target
from bench.lab import SANDBOX, STEPS, Failed, Lab, days

DOCUMENTS = 10_000


def measure(lab: Lab) -> list[Figure]:
    """One run of one day range over all documents: the most that a run is ever about."""
    first, last = days()
    lab.fill(DOCUMENTS)
    figures = []
    with lab.database() as dsn:
        for step in STEPS:
            done = lab.task(dsn, [step], first=first.isoformat(), last=last.isoformat())
            figures.append(
                Figure(
                    "E",
                    f"peak memory of {step}, {DOCUMENTS:,} documents",
                    "MB",
                    [done["peak_bytes"] / 1e6],
                    (Target("max", "≤", 300),),
                    {**SANDBOX, "run": "one range of dates"},
                )
            )
    if done["outcome"].get("deliver posted") != DOCUMENTS:
        raise Failed(f"{DOCUMENTS} documents came to {done['outcome']}")
    return figures
