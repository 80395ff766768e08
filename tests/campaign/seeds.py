"""Plays one plan on a lab and says what is wrong at its end."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cin7_nav.store import audit, webhook_secrets
from cin7_nav.store.database import Database

from tests.campaign import judge
from tests.campaign.lab import DUMP, OURS, SECRET, Lab
from tests.campaign.plan import Act, Fault, Interruption, Plan, Stage
from tests.campaign.runs import Attempt, Disturbance, Ended, Run

RUNS_TO_QUIET = 8
OPEN = ("received", "ready", "sending", "unknown", "staged", "needs_attention", "held")

TIME_PASSES = """
    UPDATE document SET lease_until = clock_timestamp() WHERE lease_owner IS NOT NULL;
    UPDATE inbox SET lease_until = clock_timestamp() WHERE state = 'claimed';
    UPDATE delivery SET created_at = created_at - interval '2 hours' WHERE state = 'staged';
"""
"""What two hours do."""


@dataclass
class Played:
    """What happened in one seed."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    """What happened, in order."""
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def as_json(self) -> str:
        return json.dumps(vars(self))


class Seed:
    """One plan on its way."""

    def __init__(self, lab: Lab, plan: Plan) -> None:
        self.lab = lab
        self.plan = plan
        self.environment = lab.environment()
        self.documents: dict[int, dict[str, Any]] = {}
        self.played = Played(plan.seed)
        self._runs = 0

    def play(self) -> Played:
        """Everything, from an empty ledger to the verdict."""
        started = time.perf_counter()
        self.lab.reset()
        self.lab.empty()
        for stage in self.plan.stages:
            self._stage(stage)
        self._run_to_quiet()
        self.played.wrong += self._wrong()
        self.played.seconds = time.perf_counter() - started
        return self.played

    # --- a stage ---

    def _stage(self, stage: Stage) -> None:
        for act in stage.acts:
            self._act(act)
        if stage.restart:
            self._note("PostgreSQL", f"is ended by {stage.restart}")
            self.lab.end_postgres(getattr(signal, stage.restart))
            self.lab.revive_postgres()
        if stage.dump:
            self._note("dump", "of our database is taken")
            self.lab.copy(OURS, DUMP)
        if stage.restore:
            self._note("restore", "of the dump: our database is as it was then")
            self.lab.copy(DUMP, OURS)
        if stage.leases_end:
            self._sql(TIME_PASSES)
        for event in stage.events:
            self._land(*event)
        for fault in stage.faults:
            self._arm(fault)
        run = self._new_run(stage.occasion)
        self._try(run, stage, first=True)
        for _ in range(stage.retries):
            if not run.is_over:
                self._try(run, stage)
        if stage.faults:
            for side in (self.lab.sandbox.cin7, self.lab.sandbox.nav):
                side.delete("faults")

    def _new_run(self, occasion: str) -> Run:
        self._runs += 1
        numbers = tuple({document["order_number"]: None for document in self.documents.values()})
        return Run(f"run-{self._runs}", occasion, numbers)

    def _try(self, run: Run, stage: Stage, *, first: bool = False) -> None:
        disturbance = self._disturbance(stage.interruption) if first and stage.interruption else None
        attempts = [(run, Attempt(run, self.environment, disturbance=disturbance, at_once=stage.at_once))]
        if first and stage.together:
            other = self._new_run(stage.together)
            attempts.append((other, Attempt(other, self.environment, at_once=stage.at_once)))
        ends = [(run, attempt.end()) for run, attempt in attempts]
        for run, ended in ends:
            self._note_end("run" if first else "retry", run, ended)
        if disturbance and self.lab.revive_postgres():
            self._note("PostgreSQL", "was ended and started again")
        if first and stage.interruption and not ends[0][1].changed_at:
            for act in stage.interruption.acts:
                self._act(act)

    def _disturbance(self, interruption: Interruption) -> Disturbance:
        calls = tuple((url, json.dumps(body).encode()) for url, body in map(self._change, interruption.acts))
        return Disturbance(interruption, self.lab.postmaster, calls)

    def _note_end(self, what: str, run: Run, ended: Ended) -> None:
        how = [f"killed at {ended.killed_at}"] if ended.killed_at else []
        how += [f"{run.done[-1] if run.done else 'nothing'} was done"] if not run.is_over else []
        how += [f"changed in Cin7 at {ended.changed_at}"] if ended.changed_at else []
        how += [f"PostgreSQL ended at {ended.postgres_ended_at}"] if ended.postgres_ended_at else []
        how += [ended.failed] if ended.failed else []
        self._note(what, f"{run.name} ({run.occasion}) {'; '.join(how) or 'ended well'}")
        if ended.broken:
            self.played.wrong.append(ended.broken)
        counts = self.played.counts
        if ended.killed_at:
            counts[f"killed in {ended.killed_at.partition(' ')[0]}"] += 1
        counts["changed in Cin7 during a run"] += bool(ended.changed_at)
        counts["failed"] += bool(ended.failed)
        for step, reached in ended.reached.items():
            most = f"most boundaries of {step}"
            counts[most] = max(counts[most], reached)

    def _change(self, act: Act) -> tuple[str, dict[str, Any]]:
        """The admin call that does it."""
        path = f"invoice/{self.documents[act.document]['task_id']}/{act.action}"
        return f"{self.lab.sandbox.cin7.url}/_sandbox/{path}", {"announce": False, **act.body}

    def _act(self, act: Act) -> None:
        cin7, made = self.lab.sandbox.cin7, self.documents.get(act.document)
        if made is None:
            kind = f"{act.action}-invoice"
            made = self.documents[act.document] = {
                **cin7.post(kind, {"announce": False, **act.body}),
                "side": act.action,
            }
            self._note(act.action, f"{made['number']} of {made['total']}")
        else:
            cin7.post(f"invoice/{made['task_id']}/{act.action}", {"announce": False, **act.body})
            self._note(act.action, str(made["number"]))

    def _land(self, number: int, by_id: bool) -> None:
        made = self.documents[number]
        record = made["order_id"] if by_id else "00000000-0000-4000-8000-000000000000"
        event = f"{made['side'].title()}/InvoiceAuthorised"
        records = json.dumps([{"record_id": record, "number": made["order_number"], "path": []}])
        landed = self._sql(
            "SELECT valid FROM land_event('default', 'cin7', %s, %s, 'invoices', %s, '{}', %s, false)",
            (webhook_secrets.fingerprint(SECRET), event, f"{event}{record}{number}", records),
        )
        if landed != [(True,)]:
            raise RuntimeError("no event landed")
        self.played.counts["events"] += 1

    def _arm(self, fault: Fault) -> None:
        side = getattr(self.lab.sandbox, fault.side)
        more = {"status": fault.status} if fault.status else {}
        side.fault(fault.kind, fault.path, times=fault.times, **more)
        self._note("fault", f"{fault.side} {fault.path}: {fault.kind}, {fault.times} times")

    # --- the end ---

    def _run_to_quiet(self) -> None:
        """Undisturbed runs until one finds nothing to do."""
        before: object = None
        for _ in range(RUNS_TO_QUIET):
            self._sql(TIME_PASSES)
            run = self._new_run("poll")
            ended = Attempt(run, self.environment, at_once=4).end()
            self._note("undisturbed", f"{run.name}: {ended.failed or 'ended well'}")
            if ended.failed or ended.broken:
                self.played.wrong.append(f"an undisturbed run fails: {ended.failed or ended.broken}")
            states = self._sql("SELECT id, state FROM document ORDER BY id")
            if states == before or not any(state in OPEN for _, state in states):
                return
            before = states
        self.played.wrong.append(f"not quiet after {RUNS_TO_QUIET} undisturbed runs: {before}")

    def _wrong(self) -> list[str]:
        nav = self.lab.sandbox.nav
        truth = self.lab.sandbox.cin7.get("truth")["invoices"]
        entries = self.lab.entries()
        self.played.counts["documents"] += len(truth)
        self.played.counts["NAV documents"] += len({entry["documentNumber"] for entry in entries})
        wrong = judge.faults(truth, entries)
        if not nav.get("sums")["balanced"]:
            wrong.append(f"NAV's documents do not balance: {nav.get('sums')['unbalanced']}")
        for batch in nav.get("approvals")["batches"]:
            if batch["lines"]:
                wrong.append(f"batch {batch['batch']} still has {batch['lines']} lines that can be posted")
        wrong += [
            f"{number} is left {state}: {problems}"
            for number, state, problems in self._sql(
                "SELECT number, state, problems::text FROM document WHERE state = ANY (%s)", (list(OPEN),)
            )
        ]
        undone = self._sql("SELECT id, type, state FROM inbox WHERE state <> 'done'")
        wrong += [f"event {event} is left {state}" for event, _, state in undone]
        database = Database(self.lab.dsn)
        broken = audit.first_broken_link(database)
        database.close()
        if broken is not None:
            wrong.append(f"the audit trail is broken at row {broken}")
        return wrong

    def _sql(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        return self.lab.execute(statement, parameters)

    def _note(self, what: str, text: str) -> None:
        self.played.story.append(f"{what}: {text}")
        self.played.counts[what] += 1
