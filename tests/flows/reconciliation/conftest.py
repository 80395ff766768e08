"""A company on both sides, what people do to its books, and the comparison of them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from cin7_nav.flows.costs.collect import collect_costs
from cin7_nav.flows.reconciliation.run import Both, Outcome, period, reconcile
from cin7_nav.mappings import Mappings
from cin7_nav.store import reconciliation as store
from cin7_nav.store.reconciliation import Open, Reconciliation

from tests.flows.invoices.conftest import Flow, calls, flow

__all__ = ["calls", "flow"]

RECEIVABLES = "2310"
LEDGERS = {"customer_ledger": "Cust_LedgerEntries", "vendor_ledger": "VendorLedgerEntries"}


@dataclass
class Books:
    """Both books, as those who keep and those who compare them see them."""

    flow: Flow

    def publish(self, **ledgers: str) -> None:
        """An administrator publishes these ledgers of parties and no others."""
        published = self.flow.nav._hook.settings.extra.services
        for key in LEDGERS:
            published.pop(key, None)
        published.update(ledgers)

    def by_hand(self, action: str, **body: Any) -> None:
        """What a person does in NAV."""
        self.flow.sandbox.nav.post(f"by-hand/{action}", body)

    def day(self, ago: int) -> dt.date:
        return self.flow.today - dt.timedelta(days=ago)

    def cin7_owns_stock(self) -> None:
        """The mappings and NAV's account cards as an accountant sets them up for `valuation: cin7`."""
        self.flow.edit("company.yaml", "valuation: nav", "valuation: cin7")
        self.flow.edit("company.yaml", 'clearing_account: "5450"\n', "")
        inventory = '  - when: { cin7_account: "140" }\n    account: "2110"\n'
        cogs = '  - when: { cin7_account: "310", kind: cost_journal }\n    account: "7110"\n'
        self.flow.edit("accounts.yaml", "\nrules:\n", "\nrules:\n" + inventory + cogs)
        for account in ("2110", "7110"):
            self.flow.sandbox.nav.post("account", {"number": account, "direct_posting": True})

    def carry_costs(self) -> None:
        flow = self.flow
        assert isinstance(flow.mappings, Mappings)
        collect_costs(flow.database, flow.cin7, flow.run, flow.mappings, self.day(10), self.day(2))

    def carry(self) -> None:
        self.flow.ready()
        self.flow.deliver()

    def reconcile(self, days: int = 40) -> Outcome:
        """Compare the last days."""
        mappings = self.flow.mappings
        assert isinstance(mappings, Mappings)
        flow, today = self.flow, self.flow.today
        both = Both(flow.database, flow.cin7, flow.nav, mappings, flow.reference)
        asked = period(today - dt.timedelta(days=days), today, mappings.company.go_live, today)
        return reconcile(both, asked, "reconciliation/run-1")

    def open(self) -> list[Open]:
        return store.still_open(self.flow.database)

    def causes(self) -> dict[str, set[tuple[str, str]]]:
        """Sort and cause of everything that differs, by number."""
        found: dict[str, set[tuple[str, str]]] = {}
        for one in self.open():
            found.setdefault(one.number, set()).add((one.sort, one.cause))
        return found

    def lines(self, number: str, party: str = "C00010") -> list[dict[str, Any]]:
        """The lines of a posted sale as a person would key them in again."""
        return [
            {"type": "Customer", "account": party, "amount": str(entry.amount)}
            if entry.account == RECEIVABLES
            else {"account": entry.account, "amount": str(entry.amount), "dimensions": dict(entry.dimensions)}
            for entry in self.flow.nav.numbered_entries([number])
        ]

    def last(self) -> Reconciliation:
        found = store.newest(self.flow.database)
        assert found is not None
        return found


@pytest.fixture
def books(flow: Flow) -> Books:
    found = Books(flow)
    found.publish(**LEDGERS)
    return found


def connect(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a company's systems and mappings those of the Airflow connections."""
    dsn = psycopg2.extensions.parse_dsn(flow.database.dsn)
    database = {
        "conn_type": "postgres", "host": dsn["host"], "port": int(dsn["port"]), "login": dsn["user"],
        "password": dsn.get("password", ""), "schema": dsn["dbname"],
    }  # fmt: skip
    cin7 = {
        "conn_type": "cin7", "host": f"{flow.sandbox.cin7.url}/ExternalApi/v2",
        "login": flow.cin7.settings.account_id, "password": flow.cin7.settings.keys[0],
    }  # fmt: skip
    nav = {
        "conn_type": "nav", "host": flow.sandbox.nav.url, "login": flow.nav._hook.settings.user,
        "password": flow.nav._hook.settings.secret,
        "extra": flow.nav._hook.settings.extra.model_dump(exclude_none=True),
    }  # fmt: skip
    for name, connection in (("CIN7_NAV_DB", database), ("CIN7_DEFAULT", cin7), ("NAV_DEFAULT", nav)):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))
    monkeypatch.setenv("CIN7_NAV_MAPPINGS", str(flow.directory))
