"""Row A: from a landed webhook to posted entries, and to a changed vendor, on the idle real stack, beside an
empty DAG on the same."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests

from bench.bare import token
from bench.figures import Figure, Target
from bench.lab import Failed
from bench.whole import whole
from sandbox.world import CIN7_ACCOUNT_ID
from stack import airflow, connections, processes
from stack.client import AirflowClient
from stack.startup import Stack
from stack.verdict import COMPANY, TENANT, booked, expected

EVENTS = 20
WARM_UP = 3
"""Events before the clock runs: the first of them fetch reference data, which then lasts an hour."""
PATIENCE_S = 120.0
LOOK_EACH_S = 0.05
"""How often NAV is asked: the figures are so much too long at most."""
ASK_EACH_S = 0.25
"""How often Airflow is asked whether the empty task has ended, so that the asking does not slow it down."""
EMPTY = "bench_empty"
TUNED = (
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__CORE__PARALLELISM",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME",
    "AIRFLOW__API__WORKERS",
)


def measure(say: Callable[[str], None]) -> list[Figure]:
    """Ends the handling of SIGINT and SIGTERM with its stack: measure it last."""
    with whole(say) as stack:
        client = _Airflow(stack.settings)
        books = _Books(stack)
        stack.sandbox.cin7.patch("settings", {"webhook_first_delay": 0})
        processes.wait_until(lambda: EMPTY in client.dags(), 60, f"no DAG {EMPTY}")
        asset = client.asset_id(EMPTY)
        carried, empty = [], []
        for number in range(WARM_UP + EVENTS):
            client.wait_until_idle()
            ours = _carry(stack, books)
            client.wait_until_idle()
            theirs = client.run_on(asset)
            if number >= WARM_UP:
                carried.append(ours)
                empty.append(theirs)
        changed = _changes(stack, client, books)
        options = airflow.environment(stack.settings, None)
        conditions = {
            "vendors' delay": "0 s",
            "webhook_first_delay": "0 s",
            "database": "durable",
            **{name.removeprefix("AIRFLOW__").lower(): options[name] for name in TUNED},
        }
    return [
        Figure(
            "A",
            "landed event to posted entries",
            "s",
            carried,
            (Target("median", "≤", 2.0), Target("p95", "≤", 4.0)),
            conditions,
        ),
        Figure("A", "asset event to the end of one empty task", "s", empty, (), conditions),
        Figure(
            "A",
            "landed event ÷ empty task",
            "",
            [ours / theirs for ours, theirs in zip(carried, empty, strict=True)],
            (),
            conditions,
        ),
        Figure(
            "A",
            "changed supplier, landed event to NAV's vendor",
            "s",
            changed,
            (Target("median", "≤", 3.0),),
            conditions,
        ),
    ]


def _changes(stack: Stack, client: _Airflow, books: _Books) -> list[float]:
    """Seconds from the receiver's yes to a supplier's new name until NAV's vendor has it."""
    client.trigger("parties_both_ways")
    client.wait_until_idle()
    supplier = _in_cin7(stack, "GET")
    took = []
    for number in range(WARM_UP + EVENTS):
        client.wait_until_idle()
        name = f"{supplier['Name']} {number}"
        changed = _in_cin7(stack, "PUT", ID=supplier["ID"], Name=name)
        flat = {key: value for key, value in changed.items() if not isinstance(value, list)}
        details = {"Supplier": flat, "Addresses": changed["Addresses"], "Contacts": changed["Contacts"]}
        answer = requests.post(
            f"http://127.0.0.1:{stack.settings.port('RECEIVER_PORT')}/cin7/Supplier/Updated",
            json={
                "NumberOfSuppliers": 1,
                "SupplierDetailsList": [details],
                "EventType": "Supplier/Updated",
            },
            headers={"Authorization": f"Bearer {connections.WEBHOOK_SECRET}"},
            timeout=10,
        )
        landed = time.monotonic()
        answer.raise_for_status()
        while not books.has_vendor(name):
            if time.monotonic() - landed > PATIENCE_S:
                raise Failed(f"NAV has no vendor {name} after {PATIENCE_S:.0f} s")
            time.sleep(LOOK_EACH_S)
        if number >= WARM_UP:
            took.append(time.monotonic() - landed)
    return took


def _in_cin7(stack: Stack, method: str, **body: Any) -> dict[str, Any]:
    """The first supplier, as it is or after a change."""
    answer = requests.request(
        method,
        f"{stack.sandbox.cin7.url}/ExternalApi/v2/supplier",
        json=body or None,
        headers={
            "api-auth-accountid": CIN7_ACCOUNT_ID,
            "api-auth-applicationkey": connections.CIN7_KEYS[0],
        },
        timeout=10,
    )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()["SupplierList"][0]
    return found


def _carry(stack: Stack, books: _Books) -> float:
    """Seconds from the receiver's yes to one sales invoice until NAV shows its entries, right to the cent."""
    made = stack.sandbox.cin7.post("sale-invoice", {"announce": False})
    truth = stack.sandbox.cin7.get("truth")["invoices"]
    booking = expected(next(one for one in truth if one["task_id"] == made["task_id"]))
    answer = requests.post(
        f"http://127.0.0.1:{stack.settings.port('RECEIVER_PORT')}/cin7/Sale/InvoiceAuthorised",
        json={
            "SaleTaskID": made["order_id"],
            "OrderNumber": made["order_number"],
            "InvoiceNumber": made["number"],
            "EventType": "Sale/InvoiceAuthorised",
        },
        headers={"Authorization": f"Bearer {connections.WEBHOOK_SECRET}"},
        timeout=10,
    )
    landed = time.monotonic()
    answer.raise_for_status()
    while booking not in booked(entries := books.new()).values():
        if time.monotonic() - landed > PATIENCE_S:
            raise Failed(f"{made['number']} is not in the books after {PATIENCE_S:.0f} s")
        time.sleep(LOOK_EACH_S)
    seconds = time.monotonic() - landed
    books.last = max(entry["entryNumber"] for entry in entries)
    return seconds


@dataclass
class _Books:
    """NAV's ledger entries beyond the `last` one seen, on one kept connection."""

    stack: Stack
    last: int = 0
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        nav = self.stack.sandbox.nav
        self._session.trust_env = False
        self._session.verify = str(nav.ca)
        self._session.headers["Authorization"] = (
            f"Bearer {token(self._session, f'{nav.url}/{TENANT}/oauth2/v2.0/token')}"
        )
        root = f"{nav.url}/v2.0/{TENANT}/sandbox/api/v2.0/companies"
        found = self._session.get(root, timeout=30).json()["value"]
        company = next(row["id"] for row in found if row["name"] == COMPANY)
        self._url = f"{root}({company})/generalLedgerEntries"
        self._vendors = f"{root}({company})/vendors"

    def has_vendor(self, name: str) -> bool:
        answer = self._session.get(self._vendors, params={"$filter": f"displayName eq '{name}'"}, timeout=30)
        answer.raise_for_status()
        return bool(answer.json()["value"])

    def new(self) -> list[dict[str, Any]]:
        answer = self._session.get(self._url, params={"$filter": f"entryNumber gt {self.last}"}, timeout=30)
        answer.raise_for_status()
        rows: list[dict[str, Any]] = json.loads(answer.content, parse_float=Decimal)["value"]
        return rows


class _Airflow(AirflowClient):
    """What the comparison needs of Airflow's REST API besides."""

    def asset_id(self, name: str) -> int:
        found = self._get("assets", name_pattern=name)["assets"]
        number: int = next(asset["id"] for asset in found if asset["name"] == name)
        return number

    def wait_until_idle(self) -> None:
        deadline = time.time() + PATIENCE_S
        while self._get("dags/~/dagRuns", state=["queued", "running"], limit=1)["total_entries"]:
            if time.time() > deadline:
                raise Failed(f"Airflow is not idle after {PATIENCE_S:.0f} s")
            time.sleep(ASK_EACH_S)

    def run_on(self, asset: int) -> float:
        """Seconds from the answer to a new asset event to the end of the empty task, by Airflow's clock."""
        before = self._finished()
        self._call("POST", "assets/events", json={"asset_id": asset})
        created = time.time()
        while self._finished() == before:
            if time.time() - created > PATIENCE_S:
                raise Failed(f"no run of {EMPTY} after {PATIENCE_S:.0f} s")
            time.sleep(ASK_EACH_S)
        last = self._get(f"dags/{EMPTY}/dagRuns", order_by="-run_after", limit=1)["dag_runs"][0]
        (task,) = self._get(f"dags/{EMPTY}/dagRuns/{last['dag_run_id']}/taskInstances")["task_instances"]
        ended = dt.datetime.fromisoformat(task["end_date"]).timestamp()
        return ended - created

    def _finished(self) -> int:
        count: int = self._get(f"dags/{EMPTY}/dagRuns", state="success", limit=1)["total_entries"]
        return count
