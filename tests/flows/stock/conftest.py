"""The stock flow between the sandbox's two sides, whose warehouses begin empty."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.flows.stock.adjust import Cin7Delivery
from cin7_nav.flows.stock.collect import Collected, StockCollector
from cin7_nav.flows.stock.correct import correct
from cin7_nav.flows.stock.deliver import NavDelivery
from cin7_nav.flows.stock.ledger import follow_staged, read_ledger
from cin7_nav.flows.stock.levels import LevelReport, compare
from cin7_nav.flows.stock.places import Places
from cin7_nav.flows.stock.translate import translate
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_items import ITEM_CARD, LOCATION_LIST, ItemEntry, NavItems
from cin7_nav.hooks.nav_pages import PAGES
from cin7_nav.mappings import Mappings, load
from cin7_nav.mappings.stock import Stock
from cin7_nav.movements import Movement
from cin7_nav.store import movements, webhook_secrets
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run

from stack.connections import CIN7_KEYS, SERVICES, TENANT
from stack.sandbox import Sandbox

SHIPPED = Path(__file__).resolve().parents[3] / "include" / "mappings"
SECRET = "a-long-random-secret-for-tests"
SKU = "HV-0001"
Levels = dict[tuple[str, str], Decimal]


@dataclass
class Warehouse:
    """Both systems, what people do in them, and the steps of the flow."""

    database: Database
    sandbox: Sandbox
    cin7: Cin7Hook
    nav: NavItems
    directory: Path
    run: Run = field(default_factory=lambda: Run("stock_both_ways/run-1", "poll"))
    passed: dt.timedelta = dt.timedelta(0)

    def __post_init__(self) -> None:
        self.load()
        self.today = dt.date.fromisoformat(self.sandbox.cin7.get("health")["now"][:10])

    def load(self) -> None:
        mappings = load(self.directory)
        assert isinstance(mappings, Mappings), mappings
        assert mappings.stock is not None
        self.mappings: Mappings = mappings
        self.stock: Stock = mappings.stock

    def edit(self, old: str, new: str, file: str = "stock.yaml") -> None:
        """Somebody edits a mapping file."""
        text = (self.directory / file).read_text()
        assert old in text
        (self.directory / file).write_text(text.replace(old, new))
        self.load()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.passed

    # --- what people do in Cin7 ---

    def buy(self, quantity: Any = 10, sku: str = SKU, price: Any = "2.50", **spec: Any) -> dict[str, Any]:
        """A purchase, invoiced and received."""
        line = {"sku": sku, "quantity": str(quantity), "price": price}
        made = self.do("purchase-invoice", lines=spec.pop("lines", [line]), type="Advanced", **spec)
        received = self.do(f"purchase/{made['order_id']}/receive")
        return {**made, "receipt": received["task_id"]}

    def sell(self, quantity: Any = 4, sku: str = SKU, **spec: Any) -> dict[str, Any]:
        """A sale, invoiced and shipped."""
        lines = spec.pop("lines", [{"sku": sku, "quantity": str(quantity), "price": "9.00"}])
        made = self.do("sale-invoice", lines=lines, **spec)
        self.do(f"sale/{made['order_id']}/ship")
        return made

    def adjust(self, quantity: Any, sku: str = SKU, **spec: Any) -> dict[str, Any]:
        return self.do("stock-adjustment", sku=sku, quantity=str(quantity), **spec)

    def transfer(self, quantity: Any, to: str = "Glasgow", status: str = "COMPLETED", **more: Any) -> str:
        body = {
            "FromLocation": "London",
            "ToLocation": to,
            "Status": status,
            "CompletionDate": f"{self.today}T00:00:00",
            "Lines": [{"SKU": SKU, "TransferQuantity": Decimal(str(quantity))}],
            **more,
        }
        if status == "IN TRANSIT":
            body |= {"InTransitAccount": "140", "DepartureDate": f"{self.today}T00:00:00"}
        return str(self.api("PUT" if "TaskID" in more else "POST", "/stockTransfer", body)["TaskID"])

    def withdraw(self, path: str, task_id: str, *, void: bool = True) -> None:
        self.api("DELETE", path, None, ID=task_id, Void=str(void).lower())

    def do(self, what: str, **spec: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.sandbox.cin7.post(what, {"announce": False, **spec})
        return made

    def api(self, method: str, path: str, body: Any, **params: Any) -> Any:
        """A call of Cin7's API as people's own tools make it."""
        key = self.cin7.settings.keys[0]
        return self.cin7._with_key(key, method, path, params, body, True)

    # --- what people do in NAV ---

    def key_in(self, quantity: Any, item: str = SKU, location: str = "LONDON", **more: Any) -> int:
        """Somebody posts a movement in NAV; its entry number."""
        body = {"item": item, "location": location, "quantity": str(quantity), **more}
        entry: int = self.sandbox.nav.post("item-entry", body)["entry_no"]
        return entry

    # --- the steps ---

    def collect(self, numbers: tuple[str, ...] = ()) -> Collected:
        collector = StockCollector(
            self.database, self.cin7, self.run, self.mappings.company.go_live, self.now
        )
        if numbers:
            return collector.numbered(numbers)
        collector.landed()
        return collector.changed()

    def read_ledger(self) -> dict[str, int]:
        return dict(read_ledger(self.database, self.nav, self.stock, self.run, self.mappings.company.go_live))

    def translate(self, **options: Any) -> dict[str, int]:
        options = {"retry": True, **options}
        return dict(translate(self.database, self.mappings, self.stock, self.run, **options))

    def to_nav(self) -> dict[str, int]:
        return dict(NavDelivery(self.database, self.nav, self.stock, self.run).deliver())

    def to_cin7(self) -> dict[str, int]:
        places = Places(self.database, self.cin7, self.now)
        return dict(Cin7Delivery(self.database, self.cin7, self.stock, places, self.run).deliver())

    def round(self) -> dict[str, int]:
        """One whole run of the flow."""
        self.passed += dt.timedelta(minutes=30)
        self.collect()
        self.read_ledger()
        self.translate()
        outcome = {**self.to_nav(), **self.to_cin7()}
        follow_staged(self.database, self.nav, self.stock, self.run)
        return outcome

    def compare(self) -> LevelReport:
        return compare(self.database, self.cin7, self.nav, self.stock, self.now())

    def correct(self, *, approved: bool = False) -> dict[str, int]:
        """Compare, and make the adjustments that are due."""
        now, company = self.now(), self.mappings.company
        report = self.compare()
        return dict(correct(self.database, report, self.stock, company, self.run, now, approved=approved))

    # --- what there is afterwards ---

    def cin7_levels(self) -> Levels:
        """On hand by NAV item and location."""
        found: Levels = defaultdict(Decimal)
        for row in self.sandbox.cin7.get("levels")["levels"]:
            hit = self.stock.location(row["Location"])
            assert hit is not None
            found[self.stock.item(row["SKU"]), hit.value] += Decimal(row["OnHand"])
        return {key: quantity for key, quantity in found.items() if quantity}

    def nav_levels(self) -> Levels:
        found: Levels = defaultdict(Decimal)
        for entry in self.nav.entries_after(0):
            found[entry.item_no, entry.location_code] += entry.quantity
        return {key: quantity for key, quantity in found.items() if quantity}

    def entries(self) -> list[tuple[str, str, str, Decimal]]:
        """Document number, entry type, location and pieces of NAV's item ledger."""
        return [
            (one.document_no, one.entry_type, one.location_code, one.quantity)
            for one in self.nav.entries_after(0)
        ]

    def ledger(self) -> list[ItemEntry]:
        return list(self.nav.entries_after(0))

    def all(self) -> list[Movement]:
        return movements._select(self.database, "true")

    def states(self) -> list[tuple[str, str]]:
        """NAV document number and state of every movement."""
        return [(one.document_no, one.state.value) for one in self.all()]

    def problems(self) -> list[str]:
        return [problem.code for one in self.all() for problem in one.problems]

    def written(self) -> int:
        """How often anything was written on either side since the last look."""
        total = 0
        for side in (self.sandbox.cin7, self.sandbox.nav):
            routes = side.get("calls")["by_route"]
            total += sum(count for route, count in routes.items() if not route.startswith("GET"))
            side.delete("calls")
        return total

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else []


def cin7_hook(sandbox: Sandbox) -> Cin7Hook:
    return Cin7Hook(
        connection=Connection(
            conn_id="cin7_default",
            conn_type="cin7",
            host=f"{sandbox.cin7.url}/ExternalApi/v2",
            login="33333333-3333-4333-8333-333333333333",
            password=CIN7_KEYS[0],
            extra=json.dumps({"application_keys": CIN7_KEYS[1:]}),
        ),
        sleep=lambda _: None,
    )


def nav_hook(
    sandbox: Sandbox, services: dict[str, str], channel: Mapping[str, Any] = MappingProxyType({})
) -> NavHook:
    return NavHook(
        connection=Connection(
            conn_id="nav_default",
            conn_type="nav",
            host=sandbox.nav.url,
            login="22222222-2222-4222-8222-222222222222",
            password="sandbox-nav-secret",
            extra=json.dumps(
                {
                    "company": "Harbour & Vale Trading Ltd.",
                    "tenant_id": TENANT,
                    "environment": "sandbox",
                    "authority": sandbox.nav.url,
                    "ca_bundle": str(sandbox.nav.ca),
                    **channel,
                    "services": services | channel.get("services", {}),
                }
            ),
        ),
        sleep=lambda _: None,
    )


@pytest.fixture(params=["api_v2", "odata_v4"])
def channel(request: pytest.FixtureRequest, sandbox: Sandbox) -> dict[str, Any]:
    """How the connection names the channel; over pages alone NAV speaks German."""
    if request.param == "api_v2":
        return {}
    sandbox.nav.patch("settings", {"option_language": "de-DE"})
    services = {name: PAGES[name].name for name in (ITEM_CARD, LOCATION_LIST)}
    return {"channel": request.param, "language": "de-DE", "services": services}


@pytest.fixture
def new_warehouse(
    database: Database, sandbox: Sandbox, tmp_path: Path, channel: dict[str, Any]
) -> Callable[..., Warehouse]:
    def make(**services: str | None) -> Warehouse:
        sandbox.cin7.patch("settings", {"rate_limit": False, "opening_stock": "none"})
        webhook_secrets.admit(database, "cin7", SECRET)
        directory = tmp_path / "mappings"
        shutil.copytree(SHIPPED, directory)
        named = {name: page for name, page in {**SERVICES, **services}.items() if page}
        nav = NavItems(nav_hook(sandbox, named, channel))
        return Warehouse(database, sandbox, cin7_hook(sandbox), nav, directory)

    return make


@pytest.fixture
def stock(new_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return new_warehouse()
