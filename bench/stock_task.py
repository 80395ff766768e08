"""The child process of row F: reads a job from standard input, writes seconds and peak memory to a file."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from cin7_nav.rules.levels import Level, differing, frame, rows

from bench.task import peak_bytes


def main(job: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    cin7 = frame(_levels(job, seed=1))
    nav = frame(_levels(job, seed=1, differing=True))
    found = rows(differing(cin7, nav, Decimal(0)))
    seconds = time.perf_counter() - started
    expected = job["items"] // 1000
    if len(found) != expected:
        raise SystemExit(f"{len(found)} levels differ instead of {expected}")
    return {"seconds": seconds, "peak_bytes": peak_bytes()}


def _levels(job: dict[str, Any], seed: int, *, differing: bool = False) -> Iterator[Level]:
    chance = random.Random(seed)
    for item in range(job["items"]):
        for location in range(job["locations"]):
            pieces = Decimal(chance.randint(1, 10_000_000)).scaleb(-4)
            if differing and location == 0 and item % 1000 == 0:
                pieces += 1
            yield f"ITEM-{item:06}", f"LOC-{location}", pieces


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(json.load(sys.stdin))))
