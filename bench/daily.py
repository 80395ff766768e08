"""The child process of row I: a backfill as Airflow runs it, one run of three steps for each day.

Reads a job from standard input (`first`, `last`, `die_on`: the day on which the process is killed between two
steps) and writes its answer to the file named as argument.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cin7_nav.flows.invoices import tasks


def main(job: dict[str, Any]) -> dict[str, Any]:
    day, last = dt.date.fromisoformat(job["first"]), dt.date.fromisoformat(job["last"])
    outcome: Counter[str] = Counter()
    started, runs = time.perf_counter(), 0
    while day <= last:
        more = True
        while more:
            context = _context(day, runs)
            collected = tasks.collect(context)
            if job.get("die_on") == day.isoformat():
                os.kill(os.getpid(), signal.SIGKILL)
            tasks.translate(context)
            outcome.update(tasks.deliver(context))
            more, runs = bool(collected["more"]), runs + 1
        day += dt.timedelta(days=1)
    return {"seconds": time.perf_counter() - started, "runs": runs, "outcome": outcome}


def _context(day: dt.date, number: int) -> dict[str, Any]:
    """As much of Airflow's context as the steps read: a run of a backfill."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    return {
        "dag_run": SimpleNamespace(
            dag_id="invoices_to_journal",
            run_id=f"backfill__{day}__{number}",
            run_type=SimpleNamespace(value="backfill"),
        ),
        "data_interval_start": start,
        "data_interval_end": start + dt.timedelta(days=1),
        "params": {},
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(json.load(sys.stdin))))
