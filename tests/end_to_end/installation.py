"""One running installation, as its users and the two vendors meet it."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import psutil
import requests

from stack import processes
from stack.client import AirflowClient
from stack.connections import WEBHOOK_SECRET
from stack.sandbox import Sandbox
from stack.supervisor import Supervisor
from stack.verdict import Ledger, Verdict, booked, expected, judge

FLOW = "invoices_to_journal"
UNFINISHED = ("queued", "running")

INSERT = "POST journals"
POST = "POST journals()/Microsoft.NAV.post"
"""How the sandbox's call log names the two calls that bring a journal into NAV's ledger."""

T = TypeVar("T")
Json = dict[str, Any]


def eventually(condition: Callable[[], T | None], seconds: float = 60.0) -> T:
    """The first true answer of `condition`, which is asked again and again for at most `seconds`.

    Raises AssertionError where it never becomes true.
    """
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not so within {seconds:.0f} s: {getattr(condition, '__qualname__', condition)}"
            )
        time.sleep(0.25)


@dataclass
class Airflow(AirflowClient):
    """What the tests ask of Airflow's REST API."""

    _answered: Counter[str] = field(default_factory=Counter)
    """How often each run was answered."""

    def start(self, dag: str, **conf: Any) -> str:
        """Start a manual run with these parameters; its run id."""
        body = {"logical_date": None, "conf": conf}
        run: str = self._call("POST", f"dags/{dag}/dagRuns", json=body)["dag_run_id"]
        return run

    def unpause(self, dag: str) -> None:
        self._call("PATCH", f"dags/{dag}", json={"is_paused": False})

    def backfill(self, first: dt.date, last: dt.date, reprocess: str) -> int:
        """Start a backfill of these days, both included; its id."""
        body = {
            "dag_id": FLOW,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T23:59:59Z",
            "reprocess_behavior": reprocess,
        }
        backfill: int = self._call("POST", "backfills", json=body)["id"]
        return backfill

    def is_over(self, backfill: int) -> bool:
        """Whether the scheduler has noted the end of a backfill, which it does twice a minute."""
        return bool(self._get(f"backfills/{backfill}")["completed_at"])

    def runs(self, dag: str = FLOW, **query: Any) -> list[Json]:
        """The newest runs first, a hundred at most."""
        query = {"order_by": "-id", "limit": 100, **query}
        found: list[Json] = self._get(f"dags/{dag}/dagRuns", **query)["dag_runs"]
        return found

    def tasks(self, run: str, dag: str = FLOW) -> dict[str, Json]:
        """The tasks of one run by their names."""
        rows = self._get(f"dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {row["task_id"]: row for row in rows}

    def number_of_runs(self, dag: str) -> int:
        number: int = self._get(f"dags/{dag}/dagRuns", limit=1)["total_entries"]
        return number

    def started_by(self, source: str) -> str | None:
        """The run of the flow that an asset event of the run `source` has started, once there is one.

        Airflow 3.3 answers 500 as long as a run that an event has made waits (apache/airflow#71360).
        """
        try:
            events = self._get("assets/events", source_run_id=source)["asset_events"]
        except requests.HTTPError as error:
            if error.response.status_code == requests.codes.server_error:
                return None
            raise
        runs = [run for event in events for run in event["created_dagruns"]]
        return next((run["run_id"] for run in runs if run["dag_id"] == FLOW), None)

    def questions(self, number: str) -> list[Json]:
        """The questions that people were ever asked about a document, answered or not, oldest first."""
        return [one for one in self.hitl() if f" {number}," in one["subject"]]

    def hitl(self) -> list[Json]:
        """All questions that people were ever asked, oldest first."""
        asked = self._get("dags/decisions/dagRuns/~/hitlDetails", order_by="created_at", limit=100)
        found: list[Json] = asked["hitl_details"]
        return found

    def answer(self, question: Json, option: str, **params: str) -> None:
        """Answer as the person who is logged in, once the scheduler knows that the question waits for one.

        Airflow 3.3 drops an answer that comes sooner: it takes the end of the process that asked for
        that of the task that goes on, and lets it ask again (apache/airflow#71580).
        """
        run = question["task_instance"]["dag_run_id"]
        noted = f"TaskInstance Finished: dag_id=decisions, task_id=ask, run_id={run},"
        scheduler = self.settings.logs / "scheduler.log"
        eventually(lambda: scheduler.read_text(errors="replace").count(noted) > self._answered[run])
        self._answered[run] += 1
        self._call(
            "PATCH",
            f"dags/decisions/dagRuns/{run}/taskInstances/ask/-1/hitlDetails",
            json={"chosen_options": [option], "params_input": params},
        )

    def log(self, run: str, task: str) -> str:
        """What the first try of a task has logged."""
        answer = self._get(f"dags/{FLOW}/dagRuns/{run}/taskInstances/{task}/logs/1")
        return "\n".join(str(line["event"]) for line in answer["content"])


@dataclass
class Installation:
    """A stack that runs, on a sandbox that keeps what all tests did."""

    airflow: Airflow = field(repr=False)
    sandbox: Sandbox
    ledger: Ledger
    receiver: str
    mappings: Path
    supervisor: Supervisor = field(repr=False)
    dsn: str = field(repr=False)
    """Of our own database, for its owner."""
    _made: int = field(default=0)

    # --- Cin7 ---

    def sale(self, *, announce: bool, **body: Any) -> Json:
        """A sales invoice that Cin7 has just authorised, of an amount that no other one has."""
        line = {"sku": "HV-0001", "quantity": 1, "price": self._price()}
        return self._invoice("sale", {"lines": [line], **body, "announce": announce})

    def purchase(self, *, announce: bool, **body: Any) -> Json:
        """The same for a purchase invoice."""
        line = {"sku": "HV-0001", "quantity": 1, "price": self._price()}
        return self._invoice("purchase", {"lines": [line], **body, "announce": announce})

    def announce(self, invoice: Json) -> None:
        """Cin7's webhook for an authorised sales invoice, sent straight to the receiver."""
        answer = requests.post(
            f"{self.receiver}/cin7/Sale/InvoiceAuthorised",
            json={
                "SaleID": invoice["order_id"],
                "SaleOrderNumber": invoice["order_number"],
                "EventType": "Sale/InvoiceAuthorised",
                "SaleTaskID": invoice["task_id"],
            },
            headers={"Authorization": f"Bearer {WEBHOOK_SECRET}"},
            timeout=10,
        )
        assert answer.json() == {"status": "landed"}

    def _invoice(self, side: str, body: Json) -> Json:
        made = self.sandbox.cin7.post(f"{side}-invoice", body)
        return next(one for one in self.truth() if one["task_id"] == made["task_id"])

    def truth(self) -> list[Json]:
        invoices: list[Json] = self.sandbox.cin7.get("truth")["invoices"]
        return invoices

    def _price(self) -> str:
        self._made += 1
        return f"{1000 + 7 * self._made}.25"

    # --- NAV ---

    def sums(self, document_no: str) -> dict[str, Decimal]:
        """What the ledger says of one document: the sum per G/L account, debit positive."""
        entries = [entry for entry in self.ledger.entries() if entry["documentNumber"] == document_no]
        return {account: sum_ for booking in booked(entries).values() for account, sum_ in booking.sums}

    def postings(self, *invoices: Json) -> list[int]:
        """How many documents of the ledger are exactly each of these invoices, to the cent."""
        found = list(booked(self.ledger.entries()).values())
        return [found.count(expected(invoice)) for invoice in invoices]

    def is_posted(self, *invoices: Json) -> bool:
        return all(self.postings(*invoices))

    def verdict(self) -> Verdict:
        """On all that happened since the installation began to run and stands in Cin7."""
        invoices = [one for one in self.truth() if one["status"] != "VOIDED"]
        return judge(invoices, self.ledger.entries(), len(invoices))

    def nav_calls(self, route: str) -> int:
        """How often NAV was asked for this since the test began."""
        count: int = self.sandbox.nav.get("calls")["by_route"].get(route, 0)
        return count

    # --- Airflow ---

    def poll(self) -> str:
        """Let the DAG `polling` run, and the run of the flow that follows from it to its end; the latter."""
        polling = self.airflow.start("polling")
        run = eventually(lambda: self.airflow.started_by(polling))
        eventually(lambda: self.airflow.run_state(FLOW, run) not in UNFINISHED)
        assert self.airflow.run_state(FLOW, run) == "success"
        return run

    def is_quiet(self) -> bool:
        """Whether no run waits or is under way."""
        return not self.airflow.runs("~", state=UNFINISHED, limit=1)

    def wait_until_quiet(self, seconds: float = 180.0) -> None:
        try:
            eventually(self.is_quiet, seconds)
        except AssertionError:
            raise AssertionError(f"not quiet after {seconds:.0f} s: {self._under_way()}") from None

    def _under_way(self) -> dict[str, dict[str, str]]:
        """Each run that waits or is under way, with the states of its tasks."""
        runs = self.airflow.runs("~", state=UNFINISHED)
        return {
            f"{run['dag_id']}/{run['dag_run_id']}": {
                f"{name} (try {task['try_number']})": str(task["state"])
                for name, task in self.airflow.tasks(run["dag_run_id"], run["dag_id"]).items()
            }
            for run in runs
        }

    def run_with(self, task: str, state: str) -> str:
        """The unfinished run of the flow in which `task` has this state, as soon as there is one."""

        def found() -> str | None:
            runs = [run["dag_run_id"] for run in self.airflow.runs(state="running")]
            return next((run for run in runs if self.airflow.tasks(run)[task]["state"] == state), None)

        return eventually(found)

    def kill(self, run: str, task: str) -> None:
        """SIGKILL for the process that works on a task."""
        pid = self.airflow.tasks(run)[task]["pid"]
        (process,) = [one for one in processes.marked(self.supervisor.mark) if one.pid == pid]
        process.kill()
        psutil.wait_procs([process], timeout=5)
