"""Both vendors of the sandbox, a receiver that really listens, and rounds of the renewal on a moved clock."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.flows.subscriptions.renewal import Renewal
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.session import probe
from cin7_nav.mappings.subscriptions import Subscriptions
from cin7_nav.store import audit, inbox
from cin7_nav.store import subscriptions as store
from cin7_nav.store.database import Database
from cin7_nav.store.inbox import Event

from stack import processes
from stack.sandbox import Sandbox
from tests.receiving import serve_receiver

SECRET = "the-secret-of-all-our-webhooks"
RUN = "subscription_renewal/run-1"


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


@dataclass
class Office:
    """A company with both systems and a receiver."""

    database: Database
    sandbox: Sandbox
    receiver_dsn: str
    port: int
    cin7: Cin7Hook
    nav: NavHook
    wanted: Any = field(
        default_factory=lambda: Subscriptions(
            nav=("vendors", "items", "generalLedgerEntries"), cin7=("Sale/InvoiceAuthorised", "Sale/Undo")
        )
    )
    passed: float = 0.0
    secret: str = SECRET
    base: str = ""
    _running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __post_init__(self) -> None:
        self.base = f"http://127.0.0.1:{self.port}"

    # --- the receiver ---

    def open(self) -> None:
        self._running.enter_context(serve_receiver(self.receiver_dsn, self.port))

    def close(self) -> None:
        self._running.close()

    # --- time ---

    @property
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.passed)

    def pass_time(self, **amount: float) -> None:
        seconds = dt.timedelta(**amount).total_seconds()
        self.passed += seconds
        self.sandbox.nav.post("clock", {"advance_seconds": seconds})

    # --- the renewal ---

    def renew(self) -> Renewal:
        connection = Connection(
            conn_id="cin7_nav_webhooks", conn_type="http", host=self.base, password=self.secret
        )
        renewal = Renewal(
            self.database, self.wanted, connection, lambda: self.cin7, lambda: self.nav, RUN, self.now, probe
        )
        renewal.once()
        return renewal

    def troubles(self) -> list[tuple[str, str, str]]:
        return [(one.source, one.name, one.code) for one, _ in store.open_troubles(self.database)]

    def told(self) -> list[str]:
        again = dt.timedelta(hours=12)
        return [one.message for one in store.to_tell(self.database, self.now, again)]

    def audited(self, source: str, name: str) -> list[str]:
        return [entry.why for entry in audit.trail(self.database, f"subscription/{source}/{name}")]

    def events(self, flow: str) -> list[Event]:
        """Take the events that a flow would find."""
        found = inbox.claim(self.database, flow, "test", 100)
        inbox.done(self.database, [event.id for event in found])
        return found

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    # --- the two sides ---

    def subscriptions(self) -> dict[str, dict[str, Any]]:
        rows = self.nav.rows("api/v2.0/subscriptions")
        return {row["resource"].rpartition("/")[2]: row for row in rows}

    def webhooks(self) -> dict[str, dict[str, Any]]:
        return {row["Type"]: row for row in self.cin7.webhooks()}

    def vendor(self, name: str = "New Vendor Ltd.") -> str:
        made = self.nav.write("POST", self.nav.entity("vendors"), {"displayName": name})
        return str(made["id"])

    def cut_off(self, webhook: dict[str, Any], **changes: Any) -> None:
        """Somebody changes a webhook in Cin7."""
        self.cin7.update_webhook({**webhook, **changes})


@pytest.fixture
def office(
    database: Database, receiver_dsn: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setattr("cin7_nav.hooks.nav._company_ids", {})
    sandbox.cin7.patch("settings", {"rate_limit": False})
    for hook in json.loads(json.dumps(_hook(sandbox).webhooks(), default=str)):
        _hook(sandbox).delete_webhook(hook["ID"])
    nav = NavHook(
        connection=Connection(
            conn_id="nav_default", conn_type="nav", host=sandbox.nav.url,
            login="22222222-2222-4222-8222-222222222222", password="sandbox-nav-secret",
            extra=json.dumps(
                {"company": "Harbour & Vale Trading Ltd.", "environment": "sandbox",
                 "tenant_id": "11111111-1111-4111-8111-111111111111", "authority": sandbox.nav.url,
                 "ca_bundle": str(sandbox.nav.ca)}
            ),
        ),
        sleep=lambda _: None,
    )  # fmt: skip
    running = Office(database, sandbox, receiver_dsn, processes.free_port(), _hook(sandbox), nav)
    running.open()
    yield running
    running.close()


def _hook(sandbox: Sandbox) -> Cin7Hook:
    return Cin7Hook(
        connection=Connection(
            conn_id="cin7_default", conn_type="cin7", host=f"{sandbox.cin7.url}/ExternalApi/v2",
            login="33333333-3333-4333-8333-333333333333",
            password="44444444-4444-4444-8444-444444444441", extra="{}",
        ),
        sleep=lambda _: None,
    )  # fmt: skip
