"""The party flow between the sandbox's two sides, step by step."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.flows.decisions.answering import decide_party
from cin7_nav.flows.parties.carry import Carried, Carrier
from cin7_nav.flows.parties.collect import Collected, Collector, Reader
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_party_pages import NavPartyPages, nav_parties
from cin7_nav.mappings import Mappings, load
from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.store import parties, reviews, subscriptions, webhook_secrets
from cin7_nav.store.database import Database
from cin7_nav.store.decisions import Answer
from cin7_nav.store.documents import Run
from cin7_nav.store.parties import Link
from cin7_nav.store.reviews import Review

from stack.sandbox import Sandbox

SHIPPED = Path(__file__).resolve().parents[3] / "include" / "mappings"
KEYS = ("44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442")
SECRET = "a-long-random-secret-for-tests"
ON = "\nsynchronise:\n  customers: { create_in: [cin7, nav] }\n  suppliers: { create_in: [cin7, nav] }\n"
CUSTOMER, SUPPLIER = PartyKind.CUSTOMER, PartyKind.SUPPLIER
CARD = {
    "AccountPayable": "800",
    "Currency": "GBP",
    "PaymentTerm": "30 days",
    "TaxRule": "20% VAT on Purchases",
    "Status": "Active",
}


@dataclass
class Parties:
    """One company on both sides, what people do there, and the flow."""

    database: Database
    sandbox: Sandbox
    cin7: Cin7Hook
    nav: NavHook
    directory: Path
    """Mapping files that the test may edit."""
    kinds: tuple[PartyKind, ...] = (SUPPLIER,)
    _runs: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.cards = nav_parties(self.nav)
        self.reader = Reader(self.cin7, self.cards)
        self.reload()
        self.sandbox.cin7.patch("settings", {"rate_limit": False})
        self.run = Run("parties_both_ways/run-1", "poll")

    # --- the flow ---

    def reload(self) -> None:
        loaded = load(self.directory)
        assert isinstance(loaded, Mappings), [str(error) for error in loaded]
        self.mappings = loaded

    def edit(self, old: str, new: str) -> None:
        """Somebody edits parties.yaml."""
        path = self.directory / "parties.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        self.reload()

    def collect(self, occasion: str = "changed", *texts: str) -> Collected:
        self.run = Run(f"parties_both_ways/run-{next(self._runs)}", "poll")
        collector = Collector(self.database, self.reader, self.run, self.kinds)
        return collector.named(texts) if texts else getattr(collector, occasion)()

    def carry(self, *, thorough: bool = True) -> Carried:
        with parties.exclusive(self.database):
            now = parties.now(self.database)
            return Carrier(
                self.database, self.reader, self.mappings, self.run, now, thorough=thorough
            ).carry()

    def poll(self) -> Carried:
        self.collect()
        return self.carry()

    def settle(self, rounds: int = 6) -> None:
        """Poll until nothing is left to write."""
        for _ in range(rounds):
            if not self.poll().more:
                return
        raise AssertionError("there is always more to write")

    def sweep(self) -> Carried:
        self.collect("whole")
        return self.carry()

    def decide(self, reference: str, answer: Answer, target: str = "") -> str | None:
        return decide_party(self.database, reference, answer, "asked the buyer", "ann", target)

    # --- what people do in Cin7 ---

    def supplier(self, name: str, **more: Any) -> str:
        """A new supplier; its id."""
        body = {**CARD, "Name": name, **more}
        return str(self.cin7.write_supplier("POST", body)["ID"]).lower()

    def change(self, id_: str, **body: Any) -> None:
        self.cin7.write_supplier("PUT", {"ID": id_, **body})

    def supplier_row(self, id_: str) -> dict[str, Any]:
        return self.cin7.supplier(id_)

    # --- what people do in NAV ---

    def vendor(self, name: str, **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.nav.write(
            "POST", self.nav.entity("vendors"), {"displayName": name, **more}
        )
        return {**made, "id": made["number"]} if self.over_pages else made

    def change_vendor(self, id_: str, **body: Any) -> None:
        self.nav.write("PATCH", self._vendor(id_), body)

    def delete_vendor(self, id_: str) -> None:
        self.nav.write("DELETE", self._vendor(id_))

    def _vendor(self, id_: str) -> str:
        """The path of a vendor by its id, or by its number, which is its id on a published page."""
        if self.over_pages:
            wanted = {"$filter": f"number eq '{id_}'", "$select": "id"}
            (row,) = self.nav.rows(self.nav.entity("vendors"), wanted)
            id_ = row["id"]
        return self.nav.entity(f"vendors({id_})")

    def vendors(self, name: str) -> list[dict[str, Any]]:
        """All vendors with this name."""
        rows = [row for row in self.nav.rows(self.nav.entity("vendors")) if row["displayName"] == name]
        return [{**row, "id": row["number"]} for row in rows] if self.over_pages else rows

    @property
    def over_pages(self) -> bool:
        return isinstance(self.cards, NavPartyPages)

    @property
    def vendors_route(self) -> str:
        """How calls to NAV's vendors end."""
        return "Vendor_Card" if self.over_pages else "vendors"

    def seeded(self, number: str) -> tuple[str, str]:
        """Cin7's and NAV's id of a linked pair, by NAV's number."""
        link = self.link(number)
        assert link.cin7_id
        assert link.nav_id
        return link.cin7_id, link.nav_id

    # --- what there is ---

    def links(self) -> dict[str, Link]:
        """By the id of the Cin7 record, or of NAV's where there is none."""
        return {one.cin7_id or one.nav_id or "": one for one in parties.links(self.database)}

    def link(self, reference: str) -> Link:
        """That of the record with this id, number or name."""
        ids = {one.id for one in parties.find(self.database, reference)} | {reference}
        (found,) = [one for one in parties.links(self.database) if {one.cin7_id, one.nav_id} & ids]
        return found

    def pair(self, reference: str) -> tuple[Party, Party]:
        """Both records as the two systems have them now."""
        link = self.link(reference)
        assert link.cin7_id
        assert link.nav_id
        return (
            self.reader.one(link.kind, Side.CIN7, link.cin7_id),
            self.reader.one(link.kind, Side.NAV, link.nav_id),
        )

    def values(self, reference: str, name: PartyField) -> tuple[str, str]:
        cin7, nav = self.pair(reference)
        return cin7.values[name], nav.values[name]

    def problems(self, reference: str) -> list[str]:
        return [problem.code for problem in self.link(reference).problems]

    def reviews(self) -> list[Review]:
        return reviews.still_open(self.database)

    def writes(self) -> dict[str, int]:
        """Calls of both sides since the last look that were no reads."""
        found: dict[str, int] = {}
        for side in (self.sandbox.cin7, self.sandbox.nav):
            found |= {
                route: count
                for route, count in side.get("calls")["by_route"].items()
                if not route.startswith("GET") and "token" not in route
            }
            side.delete("calls")
        return found

    def land(self, type_: str, record_id: str, source: str = "cin7") -> None:
        """An event lands."""
        secret = webhook_secrets.fingerprint(SECRET)
        record = {"record_id": record_id, "number": "", "path": []}
        if source == "nav":
            subscriptions.admit(self.database, type_.partition("/")[0], SECRET, SECRET)
            record |= {"type": type_, "secret": secret.hex()}
        with self.database.transaction() as cursor:
            cursor.execute(
                "SELECT landed FROM land_event('default', %s, %s, %s, 'parties', %s, '{}', %s, false)",
                (source, secret, type_, f"{type_}{record_id}", json.dumps([record])),
            )
            assert cursor.fetchone() == (1,)

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def connections(sandbox: Sandbox, channel: dict[str, Any]) -> dict[str, Connection]:
    return {
        "cin7_default": Connection(
            conn_id="cin7_default",
            conn_type="cin7",
            host=f"{sandbox.cin7.url}/ExternalApi/v2",
            login="33333333-3333-4333-8333-333333333333",
            password=KEYS[0],
            extra=json.dumps({"application_keys": KEYS[1:]}),
        ),
        "nav_default": Connection(
            conn_id="nav_default",
            conn_type="nav",
            host=sandbox.nav.url,
            login="22222222-2222-4222-8222-222222222222",
            password="sandbox-nav-secret",
            extra=json.dumps(
                {
                    "company": "Harbour & Vale Trading Ltd.",
                    "tenant_id": "11111111-1111-4111-8111-111111111111",
                    "environment": "sandbox",
                    "authority": sandbox.nav.url,
                    "ca_bundle": str(sandbox.nav.ca),
                    **channel,
                }
            ),
        ),
    }


@pytest.fixture
def mapping_files(tmp_path: Path) -> Path:
    """The shipped files, switched on."""
    directory = tmp_path / "mappings"
    shutil.copytree(SHIPPED, directory)
    with (directory / "parties.yaml").open("a") as file:
        file.write(ON)
    return directory


@pytest.fixture
def flow(
    database: Database, sandbox: Sandbox, mapping_files: Path, connections: dict[str, Connection]
) -> Parties:
    for source in ("cin7", "nav"):
        webhook_secrets.admit(database, source, SECRET)
    cin7 = Cin7Hook(connection=connections["cin7_default"], sleep=lambda _: None)
    nav = NavHook(connection=connections["nav_default"], sleep=lambda _: None)
    return Parties(database, sandbox, cin7, nav, mapping_files)


@pytest.fixture
def linked(flow: Parties) -> Parties:
    """All that the seeded company's suppliers need is done, and the call logs are empty."""
    flow.settle()
    flow.writes()
    return flow


Clock = Callable[[], dt.datetime]
