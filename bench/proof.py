"""Rows F, G and H: reconciliation and replay without the vendors, and lists of a million documents."""

from __future__ import annotations

from bench.figures import Figure, Target
from bench.lab import Failed, Lab

DOCUMENTS = 10_000
MILLION = 1_000_000
CONDITIONS = {"vendors": "made up in the process, no calls", "database": "durable"}


def reconcile(lab: Lab) -> list[Figure]:
    with lab.database() as dsn:
        done = lab.child("bench.books", {"what": "reconcile", "dsn": dsn, "documents": DOCUMENTS}, {})
    if (done["documents"], done["differences"]) != (DOCUMENTS, 0):
        raise Failed(f"the reconciliation came to {done}")
    what = f"reconciliation of {DOCUMENTS:,} documents of 5 lines"
    return [
        Figure("G", what, "s", [done["seconds"]], (Target("max", "≤", 30),), CONDITIONS),
        Figure(
            "G", "its peak memory", "MB", [done["peak_bytes"] / 1e6], (Target("max", "≤", 500),), CONDITIONS
        ),
    ]


def plan(lab: Lab) -> list[Figure]:
    with lab.database() as dsn:
        done = lab.child("bench.books", {"what": "plan", "dsn": dsn, "documents": DOCUMENTS}, {})
    if done["documents"] != DOCUMENTS:
        raise Failed(f"the plan came to {done}")
    what = f"plan of {DOCUMENTS:,} replays"
    return [Figure("H", what, "s", [done["seconds"]], (Target("max", "≤", 5),), CONDITIONS)]


def listed(lab: Lab) -> list[Figure]:
    with lab.database() as dsn:
        done = lab.child("bench.books", {"what": "list", "dsn": dsn, "documents": MILLION}, {})
    return [
        Figure("I", f"page of 50 of a million, {name}", "ms", samples, (Target("p95", "≤", 100),), CONDITIONS)
        for name, samples in done["milliseconds"].items()
    ]
