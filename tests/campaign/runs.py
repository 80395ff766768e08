"""One try of a run, in a process of its own that may be killed at any boundary."""

from __future__ import annotations

import datetime as dt
import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, NoReturn
from urllib.request import Request, urlopen

import psycopg2
from airflow.sdk import BaseHook
from cin7_nav.flows.companies import of_dag
from cin7_nav.flows.invoices import deliver as delivering
from cin7_nav.flows.invoices import tasks
from cin7_nav.hooks.errors import VendorError
from cin7_nav.hooks.session import VendorHook

from tests.campaign.boundaries import Boundaries
from tests.campaign.plan import STEPS, Interruption

PATIENCE_S = 120.0
EXPECTED = (VendorError, psycopg2.OperationalError, psycopg2.InterfaceError, TimeoutError)
"""What a step may end with where something outside of it fails."""


@dataclass
class Run:
    """A DAG run, as far as it came: a step that fails or dies may be tried again, by name the same run."""

    name: str
    occasion: str
    numbers: tuple[str, ...] = ()
    """Order numbers, where the occasion is `named`."""
    done: list[str] = field(default_factory=list)
    """The steps that ended well."""
    events: list[int] = field(default_factory=list)
    """What the first step handed over to the last."""

    @property
    def is_over(self) -> bool:
        return len(self.done) == len(STEPS)

    def context(self) -> dict[str, Any]:
        """As much of Airflow's context as the steps read."""
        kind = "manual"
        params: dict[str, Any] = {}
        asset_events: dict[str, Any] = {}
        today = dt.datetime.now(dt.UTC).date()
        if self.occasion == "landed":
            kind = "asset_triggered"
            asset_events = {"": [SimpleNamespace(asset=SimpleNamespace(name="cin7_nav.invoices.landed"))]}
        elif self.occasion == "poll":
            kind = "asset_triggered"
            asset_events = {"": [SimpleNamespace(asset=SimpleNamespace(name="cin7_nav.poll_due"))]}
        elif self.occasion == "day":
            params = {"from": (today - dt.timedelta(days=1)).isoformat(), "to": today.isoformat()}
        else:
            params = {"documents": self.numbers}
        run = SimpleNamespace(
            dag_id="invoices_to_journal", run_id=self.name, run_type=SimpleNamespace(value=kind)
        )
        return {"dag_run": run, "params": params, "triggering_asset_events": asset_events}


@dataclass(frozen=True)
class Ended:
    """How a try ended."""

    killed_at: str = ""
    """The boundary at which the process was killed; empty: it was not."""
    changed_at: str = ""
    """The boundary at which people changed something in Cin7."""
    postgres_ended_at: str = ""
    failed: str = ""
    """The expected error with which a step ended."""
    broken: str = ""
    """What must not happen: any other error, or no end at all."""
    reached: Mapping[str, int] = field(default_factory=dict)
    """Boundaries by step."""


def prepare() -> None:
    """Import and read what every process needs, before the first of them is forked."""
    module: Any = tasks
    module.load = cache(module.load)
    module.load(of_dag("invoices_to_journal").mappings)
    os.environ["AIRFLOW_CONN_WARM"] = "{}"
    BaseHook.get_connection("warm")  # imports a good deal
    hook: Any = VendorHook
    hook._pause = lambda self, state: 0.0
    gc.freeze()


@dataclass(frozen=True)
class Disturbance:
    """What happens to a try: where, to which PostgreSQL, and what people do in Cin7 at that moment, as
    addresses and bodies of calls."""

    interruption: Interruption
    postmaster: int
    calls: tuple[tuple[str, bytes], ...] = ()


class Attempt:
    """The steps that are left of a run, under way in a forked process."""

    def __init__(
        self,
        run: Run,
        environment: Mapping[str, str],
        *,
        disturbance: Disturbance | None = None,
        at_once: int = 1,
        steps: Sequence[str] = STEPS,
    ) -> None:
        self._run = run
        self._pipe, theirs = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._pipe)
            _Worker(run, disturbance, theirs).work(environment, at_once, steps)
        os.close(theirs)

    def end(self) -> Ended:
        """Wait for it; the run takes in what it got done."""
        try:
            said = _hear(self._pipe)
        except TimeoutError:
            os.kill(self._child, signal.SIGKILL)
            said = [{"broken": f"did not end within {PATIENCE_S:.0f} s"}]
        finally:
            os.close(self._pipe)
            os.waitpid(self._child, 0)
        reached: dict[str, int] = {}
        known: dict[str, Any] = {}
        for message in said:
            if step := message.get("step"):
                self._run.done.append(step)
                reached[step] = message["reached"]
                self._run.events = message["events"]
            else:
                known |= message
        return Ended(**known, reached=reached)


def _hear(pipe: int) -> list[dict[str, Any]]:
    deadline, heard = time.monotonic() + PATIENCE_S, b""
    while True:
        if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(pipe, 65536)
        if not part:
            return [json.loads(line) for line in heard.splitlines()]
        heard += part


class _Worker:
    """The forked process."""

    def __init__(self, run: Run, disturbance: Disturbance | None, pipe: int) -> None:
        self._run = run
        self._disturbance = disturbance
        self._pipe = pipe
        self._step = ""

    def work(self, environment: Mapping[str, str], at_once: int, steps: Sequence[str]) -> NoReturn:
        try:
            gc.disable()  # it would only copy pages of the parent
            os.environ.update(environment)
            module: Any = delivering
            module.AT_ONCE = at_once
            boundaries = Boundaries(self._passed)
            boundaries.install()
            context = self._run.context()
            for step in steps:
                if step not in self._run.done:
                    self._step = step
                    boundaries.start()
                    self._do(step, context)
                    self._say(step=step, reached=boundaries.reached, events=self._run.events)
        except EXPECTED as error:
            self._say(failed=f"{self._step}: {type(error).__name__}: {error}")
        except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
            self._say(broken=f"{self._step}: {traceback.format_exc()}")
        sys.stdout.flush()
        os._exit(0)

    def _do(self, step: str, context: dict[str, Any]) -> None:
        if step == "settle":
            tasks.settle(context, self._run.events)
        else:
            answer = getattr(tasks, step)(context)
            if step == "collect":
                self._run.events = answer["events"]

    def _passed(self, number: int, name: str) -> None:
        if not (found := self._disturbance):
            return
        where = found.interruption
        if (self._step, number) != (where.step, where.boundary):
            return
        at = f"{self._step} {number}, {name}"
        if where.what == "kill":
            self._say(killed_at=at)
            os.kill(os.getpid(), signal.SIGKILL)
        elif where.what == "change":
            for address, body in found.calls:
                urlopen(Request(address, body), timeout=30).close()
            self._say(changed_at=at)
        else:
            self._say(postgres_ended_at=at)
            os.kill(found.postmaster, getattr(signal, where.what))

    def _say(self, **message: Any) -> None:
        os.write(self._pipe, json.dumps(message).encode() + b"\n")
