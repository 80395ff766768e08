"""What moves in Cin7 becomes item ledger entries in NAV, once, and is taken back where it is undone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.flows.stock.deliver import NavDelivery

from tests.flows.stock.conftest import SKU, Warehouse


def test_goods_received_and_shipped_move_in_nav_too(stock: Warehouse) -> None:
    bought = stock.buy(10, price="2.50")
    sold = stock.sell(4)
    stock.round()
    (receipt, shipment) = stock.ledger()
    assert receipt.document_no == f"C7R-{bought['order_number']}"
    assert (receipt.entry_type, receipt.quantity, receipt.cost) == ("Purchase", 10, 25)
    assert shipment.document_no.startswith(f"C7H-{sold['order_number']}-")
    assert (shipment.entry_type, shipment.quantity, shipment.cost) == ("Sale", -4, -10)
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 6}
    assert {state for _, state in stock.states()} == {"posted"}
    stock.written()
    stock.round()
    assert stock.written() == 0
    assert len(stock.ledger()) == 2


def test_an_undone_shipment_comes_back_at_its_cost_and_goes_out_again(stock: Warehouse) -> None:
    stock.buy(10, price="2.50")
    sold = stock.sell(4)
    stock.round()
    stock.do(f"sale/{sold['order_id']}/undo-shipment")
    stock.round()
    back = stock.ledger()[-1]
    assert (back.entry_type, back.quantity, back.cost) == ("Positive Adjmt.", 4, 10)
    stock.do(f"sale/{sold['order_id']}/ship")
    stock.round()
    assert stock.ledger()[-1].entry_type == "Sale"
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 6}
    assert len({one.document_no for one in stock.ledger()}) == 4


def test_a_voided_order_takes_back_what_it_moved(stock: Warehouse) -> None:
    bought = stock.buy(10)
    stock.round()
    stock.do(f"purchase/{bought['order_id']}/undo-receipt")
    stock.round()
    numbers = [number for number, *_ in stock.entries()]
    assert numbers == [f"C7R-{bought['order_number']}", f"C7R-{bought['order_number']}-2"]
    assert stock.nav_levels() == stock.cin7_levels() == {}


def test_what_changes_before_it_is_sent_is_sent_once_as_it_is(stock: Warehouse) -> None:
    made = stock.adjust(10)
    stock.collect()
    stock.withdraw("/stockadjustment", made["task_id"], void=False)
    body = {
        "TaskID": made["task_id"],
        "EffectiveDate": f"{stock.today}T00:00:00",
        "Status": "COMPLETED",
        "Lines": [{"SKU": SKU, "Quantity": 7, "UnitCost": 1, "Location": "London"}],
    }
    stock.api("PUT", "/stockadjustment", body)
    stock.collect((made["number"],))
    stock.round()
    assert [quantity for *_, quantity in stock.entries()] == [7]
    assert [state for _, state in stock.states()] == ["skipped", "posted"]


def test_adjustments_and_stock_takes_move_their_difference(stock: Warehouse) -> None:
    plus, minus = stock.adjust("10.25", cost="2"), stock.adjust("-3.0625")
    stock.round()
    counts = [{"sku": SKU, "quantity": "5"}, {"sku": "HV-0002", "quantity": "2"}]
    take = stock.do("stock-take", counts=counts)
    stock.round()
    assert [entry[:2] for entry in stock.entries()] == [
        (f"C7A-{plus['number']}", "Positive Adjmt."),
        (f"C7A-{minus['number']}", "Negative Adjmt."),
        (f"C7K-{take['number']}", "Positive Adjmt."),
        (f"C7K-{take['number']}", "Negative Adjmt."),
    ]
    assert stock.ledger()[0].cost == Decimal("20.50")
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 5, ("HV-0002", "LONDON"): 2}


def test_an_old_void_is_found_and_taken_back(stock: Warehouse) -> None:
    made = stock.adjust(10)
    stock.round()
    stock.withdraw("/stockadjustment", made["task_id"])
    stock.round()
    assert [quantity for *_, quantity in stock.entries()] == [10, -10]
    assert stock.nav_levels() == {}


def test_a_transfer_is_a_reclassification(stock: Warehouse) -> None:
    stock.buy(10, price="2.50")
    stock.transfer(4)
    stock.round()
    assert [(one.entry_type, one.location_code, one.quantity, one.cost) for one in stock.ledger()[1:]] == [
        ("Transfer", "LONDON", -4, -10),
        ("Transfer", "GLASGOW", 4, 10),
    ]
    assert stock.cin7_levels() == stock.nav_levels()


def test_goods_in_transit_wait_in_a_location_of_their_own(stock: Warehouse) -> None:
    stock.buy(10)
    task = stock.transfer(4, status="IN TRANSIT")
    stock.round()
    assert stock.nav_levels() == {(SKU, "LONDON"): 6, (SKU, "TRANSIT"): 4}
    departed = {"InTransitAccount": "140", "DepartureDate": f"{stock.today}T00:00:00"}
    stock.transfer(4, TaskID=task, **departed)
    stock.round()
    assert stock.nav_levels() == stock.cin7_levels() == {(SKU, "LONDON"): 6, (SKU, "GLASGOW"): 4}
    stock.withdraw("/stockTransfer", task)
    stock.round()
    assert stock.nav_levels() == stock.cin7_levels() == {(SKU, "LONDON"): 10}


def test_without_a_reclassification_page_the_inbound_half_costs_what_the_outbound_did(
    new_warehouse: Callable[..., Warehouse],
) -> None:
    stock = new_warehouse(item_reclass_journal=None)
    stock.buy(10, price="2.53")
    stock.transfer(3)
    stock.round()
    assert [(one.entry_type, one.location_code, one.quantity, one.cost) for one in stock.ledger()[1:]] == [
        ("Negative Adjmt.", "LONDON", -3, Decimal("-7.59")),
        ("Positive Adjmt.", "GLASGOW", 3, Decimal("7.59")),
    ]
    assert {state for _, state in stock.states()} == {"posted"}


def test_a_returned_piece_costs_what_left_cost_of_goods_sold(stock: Warehouse) -> None:
    stock.buy(10)
    sold = stock.sell(4)
    stock.do(f"invoice/{sold['task_id']}/credit", restock=True, fraction="0.5")
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 8}
    back = next(one for one in stock.ledger() if one.document_no.startswith("C7X-"))
    sale = stock.cin7.sale(sold["order_id"])
    (cost,) = [one["COGS"] for one in sale["InventoryMovements"] if one["COGS"] < 0]
    assert (back.entry_type, back.quantity, back.cost) == ("Positive Adjmt.", 2, -cost)


def test_goods_that_go_back_to_the_supplier_leave_nav(stock: Warehouse) -> None:
    bought = stock.buy(10)
    stock.do(f"invoice/{bought['task_id']}/credit", restock=True, fraction="0.5")
    stock.round()
    assert stock.entries()[-1][1:] == ("Negative Adjmt.", "LONDON", -5)


def test_repeated_skus_and_bins_of_one_warehouse_go_as_one_line(stock: Warehouse) -> None:
    stock.buy(lines=[{"sku": SKU, "quantity": 4, "price": 2}, {"sku": SKU, "quantity": 6, "price": 3}])
    stock.round()
    assert [(quantity, one.cost) for one in stock.ledger() for quantity in [one.quantity]] == [(10, 26)]
    bins = stock.cin7.get("/ref/location")["LocationList"]
    identifier = next(row["ID"] for row in bins if row["Name"] == "A-01" and row["ParentName"] == "London")
    body = {
        "EffectiveDate": f"{stock.today}T00:00:00",
        "Status": "COMPLETED",
        "Lines": [{"SKU": SKU, "Quantity": 2, "UnitCost": 1, "LocationID": identifier.upper()}],
    }
    stock.api("POST", "/stockadjustment", body)
    stock.round()
    assert stock.entries()[-1][2:] == ("LONDON", 2)


def test_nav_counts_pieces_without_cost_where_cin7_values_stock(stock: Warehouse) -> None:
    company = stock.directory / "company.yaml"
    text = company.read_text().replace("valuation: nav", "valuation: cin7")
    company.write_text(text.replace('clearing_account: "5450"', ""))
    accounts = 'rules:\n  - when: { cin7_account: "140" }\n    account: "2110"\n'
    stock.edit("rules:\n", accounts, "accounts.yaml")
    stock.buy(10)
    stock.round()
    assert [(one.quantity, one.cost) for one in stock.ledger()] == [(10, 0)]


def test_units_and_other_names_are_translated(stock: Warehouse) -> None:
    stock.edit("items: {}", 'items: { HV-0001: "HV-0002" }')
    stock.edit("units: {}", "units: { HV-0001: 12 }")
    stock.buy(2, price="24")
    stock.round()
    (entry,) = stock.ledger()
    assert (entry.item_no, entry.quantity, entry.cost) == ("HV-0002", 24, 48)
    assert stock.compare().drifts == ()


# --- what stands in the way ---


def test_an_unmapped_location_stops_its_movements_and_no_others(stock: Warehouse) -> None:
    stock.edit("  Glasgow: GLASGOW\n", "")
    stock.adjust(5, location="Glasgow")
    stock.adjust(3)
    stock.round()
    assert stock.problems() == ["location_unmapped"]
    assert 'location "Glasgow" has no NAV location' in stock.all()[0].problems[0].message
    assert stock.nav_levels() == {(SKU, "LONDON"): 3}
    stock.edit("  London: LONDON\n", "  London: LONDON\n  Glasgow: GLASGOW\n")
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels()


def test_a_blocked_item_holds_back_what_is_behind_it_and_nothing_else(stock: Warehouse) -> None:
    stock.sandbox.nav.post("item", {"number": SKU, "blocked": True})
    lines = [{"sku": sku, "quantity": 10, "price": 2} for sku in (SKU, "HV-0002", "HV-0003")]
    stock.buy(lines=lines)
    stock.adjust(1)
    stock.adjust(1, sku="HV-0002")
    stock.round()
    assert stock.problems() == ["nav_refused_blocked"]
    assert stock.nav_levels() == {("HV-0002", "LONDON"): 11, ("HV-0003", "LONDON"): 10}
    assert [one.state.value for one in stock.all() if one.line.sku == SKU] == ["needs_attention", "ready"]
    assert stock.nav.lines(stock.stock.journal, reclass=False) == []
    stock.sandbox.nav.post("item", {"number": SKU, "blocked": False})
    stock.round()
    mine = [number for number, *_ in stock.entries() if number.startswith(("C7R", "C7A"))]
    assert mine[-2:] == [stock.all()[0].document_no, "C7A-ST-00001"]
    assert stock.cin7_levels() == stock.nav_levels()


def test_what_nav_lacks_waits_for_goods_that_come_later(stock: Warehouse) -> None:
    stock.sandbox.nav.patch("settings", {"prevent_negative_inventory": True})
    yesterday = str(stock.today - dt.timedelta(days=1))
    stock.do("stock-adjustment", sku=SKU, quantity="10", date=str(stock.today))
    stock.do("stock-adjustment", sku=SKU, quantity="-4", date=yesterday)
    stock.round()
    assert stock.problems() == ["nav_refused_stock"]
    assert stock.nav_levels() == {(SKU, "LONDON"): 10}
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 6}


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"inventory_closed_until": "2099-12-31"}, "nav_refused_inventory_period"),
        ({"allow_posting_from": "2099-01-01"}, "nav_refused_date"),
    ],
)
def test_a_closed_period_is_told_and_goes_on_by_itself(
    stock: Warehouse, settings: dict[str, Any], code: str
) -> None:
    stock.sandbox.nav.patch("settings", settings)
    stock.adjust(5)
    stock.round()
    assert stock.problems() == [code]
    assert stock.nav_levels() == {}
    stock.sandbox.nav.patch("settings", dict.fromkeys(settings, ""))
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels()


def test_a_batch_number_is_not_lost_without_a_word(stock: Warehouse) -> None:
    bought = stock.do("purchase-invoice", lines=[{"sku": SKU, "quantity": 5, "price": 2}], type="Advanced")
    stock.do(f"purchase/{bought['order_id']}/receive", lines=[{"quantity": 5, "batch": "B-17"}])
    stock.round()
    assert stock.problems() == ["tracked"]
    assert stock.entries() == []


def test_services_move_nothing_and_old_movements_stay_out(stock: Warehouse) -> None:
    stock.edit("go_live: 2026-01-01", f"go_live: {stock.today}", "company.yaml")
    stock.adjust(10, date=str(stock.today - dt.timedelta(days=1)))
    sold = stock.do("sale-invoice", lines=[{"sku": SKU, "quantity": 2}])
    stock.do(f"sale/{sold['order_id']}/ship", lines=[{"sku": "Freight", "quantity": 1}])
    stock.round()
    assert stock.entries() == []
    assert stock.states() == []


# --- lost answers ---


@pytest.mark.parametrize("kind", ["lost_before", "lost_after", "reset", "truncated"])
@pytest.mark.parametrize("path", ["/ItemJournal$", "C7Inventory_PostItemJournal$"])
def test_a_lost_answer_leads_to_one_entry(stock: Warehouse, kind: str, path: str) -> None:
    stock.buy(10)
    stock.adjust(3, sku="HV-0002")
    stock.sandbox.nav.fault(kind, path, "POST")
    stock.round()
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels()
    assert len(stock.entries()) == 2
    assert {state for _, state in stock.states()} == {"posted"}
    assert stock.nav.lines(stock.stock.journal, reclass=False) == []


def test_an_action_that_does_nothing_is_not_believed(stock: Warehouse) -> None:
    stock.adjust(10)
    stock.sandbox.nav.fault("no_effect", "C7Inventory_PostItemJournal$", "POST")
    stock.collect()
    stock.translate()
    assert stock.to_nav() == {"to_nav unknown": 1}
    stock.round()
    assert [quantity for *_, quantity in stock.entries()] == [10]


def test_a_task_that_dies_after_storing_the_key_posts_once(stock: Warehouse) -> None:
    stock.adjust(10)
    stock.collect()
    stock.translate()
    stock.sandbox.nav.fault("delay", "C7Inventory_PostItemJournal$", "POST", seconds=0.1)

    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    delivery = NavDelivery(stock.database, stock.nav, stock.stock, stock.run)
    delivery._proven = die  # type: ignore[method-assign, assignment]
    with pytest.raises(Killed):
        delivery.deliver()
    assert [state for _, state in stock.states()] == ["sending"]
    assert stock.to_nav() == {"to_nav posted": 1}
    assert len(stock.entries()) == 1


# --- staged for people ---


def test_staged_lines_wait_for_people_and_are_followed(stock: Warehouse) -> None:
    stock.edit("posting: post", "posting: stage")
    stock.edit("journal: { template: ITEM, batch: CIN7 }", "journal: { template: ITEM, batch: STAGED }")
    stock.buy(10)
    stock.sell(4)
    stock.round()
    assert {state for _, state in stock.states()} == {"staged"}
    stock.round()
    assert len(stock.nav.lines(stock.stock.journal, reclass=False)) == 2
    stock.sandbox.nav.post("post-item-journal", {"template": "ITEM", "batch": "STAGED"})
    stock.round()
    assert {state for _, state in stock.states()} == {"posted"}
    assert stock.cin7_levels() == stock.nav_levels()


def test_a_staged_line_that_people_delete_is_sent_again_only_by_name(stock: Warehouse) -> None:
    stock.edit("posting: post", "posting: stage")
    made = stock.adjust(10)
    stock.round()
    (line,) = stock.nav.lines(stock.stock.journal, reclass=False)
    stock.nav.delete(stock.stock.journal, line.line_no, reclass=False)
    stock.round()
    stock.round()
    assert stock.problems() == ["staged_lines_deleted"]
    assert stock.nav.lines(stock.stock.journal, reclass=False) == []
    stock.translate(named=(made["number"],))
    stock.to_nav()
    assert len(stock.nav.lines(stock.stock.journal, reclass=False)) == 1
