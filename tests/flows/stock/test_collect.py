"""How movements are found: by webhook, by polling inside a stated number of calls, by name, in old pages."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from cin7_nav.flows.stock import collect
from cin7_nav.flows.stock.collect import StockCollector
from cin7_nav.flows.stock.tasks import collected
from cin7_nav.hooks import cin7 as cin7_hook
from cin7_nav.hooks.errors import Unavailable
from cin7_nav.store import inbox, webhook_secrets
from cin7_nav.store import stock as store

from tests.flows.stock.conftest import SECRET, SKU, Warehouse


def land(stock: Warehouse, event: str, record_id: str = "", number: str = "") -> None:
    """A webhook lands."""
    records = json.dumps([{"record_id": record_id, "number": number, "path": []}])
    stock.sql(
        "SELECT landed FROM land_event('default', 'cin7', %s, %s, 'stock', %s, '{}', %s, false)",
        webhook_secrets.fingerprint(SECRET),
        event,
        f"{event}{record_id}{number}",
        records,
    )


def landed(stock: Warehouse) -> collect.Collected:
    go_live = stock.mappings.company.go_live
    return StockCollector(stock.database, stock.cin7, stock.run, go_live, stock.now).landed()


def calls(stock: Warehouse) -> dict[str, int]:
    found: dict[str, int] = stock.sandbox.cin7.get("calls")["by_route"]
    stock.sandbox.cin7.delete("calls")
    return found


def test_an_idle_hour_of_polling_costs_at_most_twenty_calls(stock: Warehouse) -> None:
    stock.buy(10)
    stock.adjust(3)
    stock.round()
    calls(stock)
    for _ in range(4):
        stock.passed += dt.timedelta(minutes=15)
        stock.collect()
        stock.read_ledger()
        stock.translate()
        stock.to_nav()
        stock.to_cin7()
    idle = calls(stock)
    assert sum(idle.values()) <= 20
    assert idle == {
        "GET /salelist": 4,
        "GET /purchaselist": 4,
        "GET /stockadjustmentlist": 4,
        "GET /stocktakelist": 2,
        "GET /stocktransferlist": 2,
    }


def test_what_moves_nothing_is_not_read(stock: Warehouse) -> None:
    stock.do("sale-invoice", lines=[{"sku": SKU, "quantity": 1}])
    stock.do("purchase-invoice", lines=[{"sku": SKU, "quantity": 1}])
    stock.collect()
    assert not {"GET /sale", "GET /advanced-purchase"} & calls(stock).keys()


def test_a_shipment_is_found_by_its_webhook(stock: Warehouse) -> None:
    stock.buy(10)
    sold = stock.sell(4)
    land(stock, "Sale/ShipmentAuthorised", sold["order_id"].upper().lower())
    found = landed(stock)
    assert (len(found.events), found.records) == (1, 1)
    assert [one.kind.value for one in stock.all()] == ["shipment"]


def test_a_receipt_is_found_by_its_task_or_its_number(stock: Warehouse) -> None:
    bought = stock.buy(10)
    land(stock, "Purchase/StockReceivedAuthorised", bought["receipt"], bought["order_number"])
    landed(stock)
    assert [one.number for one in stock.all()] == [bought["order_number"]]


def test_an_event_of_nav_reads_nothing_in_cin7_and_lets_what_waits_be_tried(stock: Warehouse) -> None:
    stock.sql(
        "INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state) "
        "VALUES ('default', 'nav', 'items/updated', 'stock', 'a-nav-id', '', '', 'waiting')"
    )
    calls(stock)
    found = landed(stock)
    assert (len(found.events), found.told_by_nav) == (1, True)
    assert calls(stock) == {}


def test_changed_levels_ring_for_the_lists_once(stock: Warehouse) -> None:
    stock.adjust(3)
    stock.adjust(2, sku="HV-0002")
    for sku in (SKU, "HV-0002"):
        land(stock, "Stock/AvailableStockLevelChanged", number=sku)
    landed(stock)
    assert len(stock.all()) == 2
    found = calls(stock)
    assert found["GET /stockadjustmentlist"] == found["GET /stocktransferlist"] == 1


def test_events_are_given_back_where_cin7_fails(stock: Warehouse) -> None:
    land(stock, "Stock/AvailableStockLevelChanged", number=SKU)
    stock.sandbox.cin7.fault("status", "stockAdjustmentList", times=None, status=500)

    class At:
        database, cin7 = stock.database, stock.cin7

    class Work:
        run, occasion = stock.run, "landed"

    with pytest.raises(Unavailable, match="500"):
        collected(At(), stock.mappings, Work())  # type: ignore[arg-type]
    assert inbox.waiting(stock.database, "stock") == 1


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
def test_long_lists_are_read_at_their_new_end_and_the_rest_over_a_day(
    stock: Warehouse, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    for module in (collect, cin7_hook):
        monkeypatch.setattr(module, "PAGE_SIZE", 4)
    stock.sandbox.cin7.patch("settings", {"stock_list_order": order})
    made = [stock.adjust(1, sku=f"HV-{number:04}") for number in range(1, 11)]
    stock.collect()
    assert len(stock.all()) == 10
    calls(stock)
    stock.adjust(1, sku="HV-0020")
    stock.collect()
    assert calls(stock)["GET /stockadjustmentlist"] <= 3
    assert len(stock.all()) == 11
    stock.translate()
    stock.to_nav()
    for one in (made[0], made[5]):
        stock.withdraw("/stockadjustment", one["task_id"])
    for _ in range(8):
        stock.passed += dt.timedelta(hours=12)
        stock.collect()
        stock.translate()
        stock.to_nav()
    assert stock.nav_levels() == stock.cin7_levels()


def test_a_record_that_cannot_be_read_is_told_and_the_others_go_on(stock: Warehouse) -> None:
    bought = stock.buy(10)
    stock.sandbox.cin7.post(f"purchase/{bought['order_id']}/raw", {"PutAway": [{"TaskID": "no guid"}]})
    stock.adjust(1, sku="HV-0002")
    stock.round()
    ((list_, _, _, problem, _),) = store.problems(stock.database)
    assert (list_, "GUID expected" in problem) == ("purchase", True)
    assert stock.nav_levels() == {("HV-0002", "LONDON"): 1}
    stock.sandbox.cin7.post(f"purchase/{bought['order_id']}/raw", {"PutAway": None})


def test_a_named_document_is_read_anew(stock: Warehouse) -> None:
    made = stock.adjust(3)
    assert stock.collect((made["number"],)).records == 1
    sold_number = stock.buy(5)["order_number"]
    assert stock.collect((sold_number,)).records == 1
    assert stock.collect(("NONE",)).outcome["number not found in Cin7"] == 1


def test_a_receipt_that_is_put_away_later_stays_one_movement(stock: Warehouse) -> None:
    bought = stock.buy(10)
    whole = stock.cin7.purchase(bought["order_id"])
    before = [{**one, "Status": "NOT AVAILABLE", "Lines": []} for one in whole["PutAway"]]
    raw: dict[str, Any] = json.loads(json.dumps({"PutAway": before}, default=str))
    stock.sandbox.cin7.post(f"purchase/{bought['order_id']}/raw", raw)
    stock.round()
    assert [(one.line.quantity, one.line.place.name) for one in stock.all()] == [(10, "London")]
    put_away = json.loads(json.dumps({"PutAway": whole["PutAway"]}, default=float))
    stock.sandbox.cin7.post(f"purchase/{bought['order_id']}/raw", put_away)
    stock.round()
    assert len(stock.all()) == 1
