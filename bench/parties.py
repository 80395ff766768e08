"""Row P: the first match of two large sets of parties, and a sweep of as many that finds nothing to do."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.figures import Figure, Target
from bench.lab import SANDBOX, Failed, Lab
from stack.settings import ROOT

PARTIES = 20_000
REPEATS = 3
ON = "\nsynchronise:\n  suppliers: { create_in: [cin7, nav] }\n"
"""What switches suppliers on in parties.yaml."""
CIN7_PAGE = 1000


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
        *_sweeps(lab),
    ]


def mappings(folder: Path) -> Path:
    """The shipped mapping files with suppliers kept the same."""
    directory = folder / "mappings"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(ROOT / "include" / "mappings", directory)
    with (directory / "parties.yaml").open("a", encoding="utf-8") as file:
        file.write(ON)
    return directory


def _sweeps(lab: Lab) -> list[Figure]:
    """All are linked first; then the flow reads everything again."""
    lab.sandbox.reset()
    lab.sandbox.cin7.patch("settings", {"rate_limit": False})
    for side in (lab.sandbox.cin7, lab.sandbox.nav):
        side.post("more-suppliers", {"count": PARTIES})
    seconds, calls, peaks = [], [], []
    with lab.database() as dsn:
        job, named = {"sweep": str(mappings(lab.folder))}, lab.named(dsn)
        for _ in range(5):
            if not lab.child("bench.parties_task", job, named)["more"]:
                break
        for _ in range(REPEATS):
            for side in (lab.sandbox.cin7, lab.sandbox.nav):
                side.delete("calls")
            done = lab.child("bench.parties_task", job, named)
            counted = {
                route: count
                for side in (lab.sandbox.cin7, lab.sandbox.nav)
                for route, count in side.get("calls")["by_route"].items()
                if "token" not in route
            }
            if done["changed"] or done["outcome"] or not all(route.startswith("GET") for route in counted):
                raise Failed(f"a sweep that should find nothing to do: {done}, calls {counted}")
            seconds.append(done["seconds"])
            calls.append(sum(counted.values()))
            peaks.append(done["peak_bytes"] / 1e6)
    conditions = {**SANDBOX, "read": done["read"], "calls": ", ".join(f"{n} {r}" for r, n in counted.items())}
    pages = PARTIES // CIN7_PAGE
    return [
        Figure("P", f"unchanged sweep of {PARTIES:,} suppliers and vendors", "s", seconds, (), conditions),
        Figure(
            "P",
            "its calls: lists only, nothing is written",
            "",
            calls,
            (Target("max", "≤", 2 * pages),),
            conditions,
        ),
        Figure("P", "its peak memory", "MB", peaks, (Target("max", "≤", 500),), conditions),
    ]
