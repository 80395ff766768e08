"""Row B: a backfill with all limits off, beside the bare HTTP calls of the same backfill."""

from __future__ import annotations

from typing import Any

from bench.figures import Figure, Target
from bench.lab import SANDBOX, Failed, Lab, days
from stack.connections import TENANT

FEW, MANY = 200, 2000
REPETITIONS = {FEW: 5, MANY: 3}


def measure(lab: Lab) -> list[Figure]:
    few, few_bare = _both(lab, FEW)
    many, many_bare = _both(lab, MANY)
    conditions = {**SANDBOX, "calls_per_minute": 0, "reference data": "cached", "database": "durable"}

    def figure(what: str, unit: str, samples: list[float], *targets: Target) -> Figure:
        return Figure("B", what, unit, samples, targets, conditions)

    return [
        figure(f"backfill of {MANY:,} invoices", "s", many),
        figure("the same HTTP calls as a bare loop", "s", many_bare),
        figure("bare loop ÷ backfill", "", _ratios(many_bare, many), Target("median", "≥", 0.5)),
        figure(
            f"growth per document, {FEW} to {MANY:,}",
            "",
            [(large / MANY) / (small / FEW) for large, small in zip(many, few, strict=False)],
            Target("median", "≤", 1.15),
        ),
        figure(
            "the same growth of the bare loop",
            "",
            [(large / MANY) / (small / FEW) for large, small in zip(many_bare, few_bare, strict=False)],
        ),
    ]


def _both(lab: Lab, documents: int) -> tuple[list[float], list[float]]:
    """Seconds of the backfill and of the bare loop, in turns."""
    calls = lab.folder / f"calls-{documents}.json"
    _backfill(lab, documents, record=str(calls))
    ours, bare = [], []
    for _ in range(REPETITIONS[documents]):
        ours.append(sum(_backfill(lab, documents)["seconds"].values()))
        lab.sandbox.nav.reset()
        job = {
            "calls": str(calls),
            "token_url": f"{lab.sandbox.nav.url}/{TENANT}/oauth2/v2.0/token",
            "ca": str(lab.sandbox.nav.ca),
        }
        bare.append(float(lab.child("bench.bare", job, {})["seconds"]))
    return ours, bare


def _backfill(lab: Lab, documents: int, **job: Any) -> dict[str, Any]:
    first, last = days()
    lab.fill(documents)
    with lab.database() as dsn:
        job |= {"first": first.isoformat(), "last": last.isoformat(), "warm": True}
        done = lab.task(dsn, **job)
    if done["outcome"].get("deliver posted") != documents:
        raise Failed(f"a backfill of {documents} invoices came to {done['outcome']}")
    return done


def _ratios(above: list[float], below: list[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]
