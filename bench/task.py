"""The child process that is measured: the flow's steps as Airflow's tasks call them, on the connections of
the environment. Reads a job from standard input and writes its answer to the file named as argument.

Job: `steps`; `first` and `last` (a backfill of these days; left out: polling); `warm` (read reference data
and open connections before the clock starts); `record` (a file for the HTTP calls made while the clock runs);
`window_s` (Cin7's window instead of a minute); `flow` (`stock`, else invoices); `recorded` (the only step
whose calls are noted; left out: all).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests
from cin7_nav.flows.invoices import tasks as invoices
from cin7_nav.flows.stock import tasks as stock
from cin7_nav.hooks import cin7
from cin7_nav.hooks.session import VendorSession
from cin7_nav.store.budget import CallBudget

from bench.bare import ID


class Recorder:
    """Notes every call of the vendors' sessions, in the order in which they were sent."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        send = VendorSession.send

        def noting(
            session: VendorSession, request: requests.PreparedRequest, **options: Any
        ) -> requests.Response:
            call: dict[str, Any] = {"at": time.monotonic()}
            self.calls.append(call)
            answer = send(session, request, **options)
            body = request.body
            call |= {
                "method": request.method,
                "url": request.url,
                "headers": {n: v for n, v in request.headers.items() if n != "Authorization"},
                "body": body.decode() if isinstance(body, bytes) else body,
                "status": answer.status_code,
                "made": _made(request, answer),
            }
            return answer

        session_class: Any = VendorSession
        session_class.send = noting


def _made(request: requests.PreparedRequest, answer: requests.Response) -> list[str]:
    """The ids of the journal and the lines that this call made: a replay makes others."""
    path = (request.url or "").partition("?")[0]
    made = request.method == "POST" and path.endswith("/journals") and answer.ok
    return ID.findall(answer.text) if made else []


def main(job: dict[str, Any]) -> dict[str, Any]:
    if "window_s" in job:
        hook_module: Any = cin7
        hook_module.CallBudget = partial(CallBudget, window_s=job["window_s"])
    tasks: Any = stock if job.get("flow") == "stock" else invoices
    if job.get("warm"):
        tasks.translate(_context(job, 0))
    recorder = Recorder() if job.get("record") else None
    seconds: dict[str, float] = defaultdict(float)
    outcome: Counter[str] = Counter()
    number, more = 1, True
    while more:
        more = False
        for step in job["steps"]:
            before = len(recorder.calls) if recorder else 0
            started = time.perf_counter()
            answer = getattr(tasks, step)(_context(job, number))
            seconds[step] += time.perf_counter() - started
            if recorder and job.get("recorded", step) != step:
                del recorder.calls[before:]
            more = more or bool(answer.pop("more", False))
            outcome += Counter({f"{step} {k}": v for k, v in answer.get("outcome", answer).items()})
        number += 1
    if recorder:
        Path(job["record"]).write_text(json.dumps(recorder.calls))
    return {"seconds": seconds, "outcome": outcome, "runs": number - 1, "peak_bytes": peak_bytes()}


def _context(job: dict[str, Any], number: int) -> dict[str, Any]:
    """As much of Airflow's context as the steps read: a run by hand."""
    run = SimpleNamespace(
        dag_id="invoices_to_journal",
        run_id=f"bench__{number}",
        run_type=SimpleNamespace(value="manual"),
    )
    return {"dag_run": run, "params": {"from": job.get("first"), "to": job.get("last")}}


def peak_bytes() -> int:
    """The most memory that this process has held. Linux's `ru_maxrss` would include the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(json.load(sys.stdin))))
