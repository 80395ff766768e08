"""What NAV moves by itself becomes Cin7 adjustments, exactly once, and comes back no further."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.flows.stock.conftest import SKU, Warehouse


def test_a_movement_of_navs_own_becomes_an_adjustment(stock: Warehouse) -> None:
    entry = stock.key_in(10, unit_cost="2.5")
    stock.key_in("-3.5")
    stock.round()
    rows = stock.cin7.stock_page("/stockadjustmentList", "StockAdjustmentList", 1)[0]
    assert [row["Reference"] for row in rows] == [f"NAV-ILE-{entry}", f"NAV-ILE-{entry + 1}"]
    new = stock.cin7.stock_adjustment(rows[0]["TaskID"])["NewStockLines"][0]
    assert (new["Quantity"], new["UnitCost"], new["Location"]) == (10, Decimal("2.5"), "London")
    existing = stock.cin7.stock_adjustment(rows[1]["TaskID"])["ExistingStockLines"][0]
    assert (existing["QuantityOnHand"], existing["Adjustment"]) == (10, Decimal("6.5"))
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): Decimal("6.5")}


def test_what_was_written_comes_back_and_goes_no_further(stock: Warehouse) -> None:
    stock.key_in(10)
    stock.buy(5)
    stock.round()
    stock.written()
    for _ in range(3):
        stock.round()
    assert stock.written() == 0
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 15}


def test_a_reclassification_in_nav_adjusts_both_warehouses(stock: Warehouse) -> None:
    stock.key_in(10)
    stock.key_in(4, new_location="GLASGOW")
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 6, (SKU, "GLASGOW"): 4}


def test_receipts_and_shipments_of_navs_own_stay_there(stock: Warehouse) -> None:
    stock.key_in(10, entry_type="Purchase")
    stock.round()
    assert stock.cin7_levels() == {}
    assert stock.compare().drifts[0].cause == "moved on one side without a movement that is known here"
    stock.edit("to_cin7: [", "to_cin7: [Purchase, ")
    stock.key_in(3, entry_type="Purchase")
    stock.sql("DELETE FROM read_cursor WHERE name = 'nav_item_entries'")
    stock.round()
    assert stock.cin7_levels() == {(SKU, "LONDON"): 13}


@pytest.mark.parametrize("kind", ["lost_before", "lost_after", "reset", "truncated", "html"])
def test_a_lost_answer_leads_to_one_adjustment(stock: Warehouse, kind: str) -> None:
    stock.adjust(5)
    stock.round()
    stock.key_in(10)
    stock.sandbox.cin7.fault(kind, "/stockadjustment$", "POST")
    stock.round()
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 15}
    assert len(stock.ledger()) == 2
    assert {state for _, state in stock.states()} == {"posted"}


def test_a_twin_of_a_call_that_had_been_given_up_is_corrected(stock: Warehouse) -> None:
    entry = stock.key_in(10)
    stock.round()
    late = {
        "EffectiveDate": f"{stock.today}T00:00:00",
        "Status": "COMPLETED",
        "Reference": f"NAV-ILE-{entry}",
        "Lines": [{"SKU": SKU, "Quantity": 20, "UnitCost": 1, "Location": "London"}],
    }
    stock.api("POST", "/stockadjustment", late)
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 10}
    assert stock.entries() == [("HAND1", "Positive Adjmt.", "LONDON", 10)]


def test_a_level_that_moves_in_between_is_corrected_by_a_further_adjustment(stock: Warehouse) -> None:
    stock.adjust(10)
    stock.round()
    entry = stock.key_in(5)
    create = stock.cin7.create_stock_adjustment

    def overtaken(body: Any) -> Any:
        stock.cin7.create_stock_adjustment = create  # type: ignore[method-assign]
        stock.adjust(2)  # somebody counts between our look and our adjustment
        return create(body)

    stock.cin7.create_stock_adjustment = overtaken  # type: ignore[method-assign, assignment]
    stock.round()
    stock.round()
    rows = stock.cin7.stock_page("/stockadjustmentList", "StockAdjustmentList", 1)[0]
    ours = [row["Reference"] for row in rows if row["Reference"]]
    assert ours == [f"NAV-ILE-{entry}", f"NAV-ILE-{entry}/2"]
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 17}


def test_a_person_who_voids_our_adjustment_moves_nav_too(stock: Warehouse) -> None:
    stock.key_in(10)
    stock.round()
    rows = stock.cin7.stock_page("/stockadjustmentList", "StockAdjustmentList", 1)[0]
    stock.withdraw("/stockadjustment", rows[0]["TaskID"])
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels() == {}
    assert stock.entries()[-1][1:] == ("Negative Adjmt.", "LONDON", -10)


def test_what_cin7_lacks_waits_and_says_so(stock: Warehouse) -> None:
    stock.key_in(-3)
    stock.key_in(1, item="HV-0002")
    stock.round()
    assert stock.problems() == ["insufficient_in_cin7"]
    assert "Cin7 has 0 on hand there" in stock.all()[0].problems[0].message
    assert stock.cin7_levels() == {("HV-0002", "LONDON"): 1}
    stock.key_in(5)
    stock.round()
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels()


def test_a_locked_period_of_cin7_is_told_before_anything_is_sent(stock: Warehouse) -> None:
    stock.sandbox.cin7.patch("settings", {"lock_date": str(stock.today)})
    stock.key_in(5)
    stock.round()
    assert stock.problems() == ["cin7_locked"]
    assert stock.sql("SELECT count(*) FROM stock_adjustment") == [(0,)]
    stock.sandbox.cin7.patch("settings", {"lock_date": None})
    stock.round()
    assert stock.cin7_levels() == stock.nav_levels()


def test_an_unmapped_nav_location_waits(stock: Warehouse) -> None:
    stock.edit("in_transit: TRANSIT", "")
    stock.key_in(5, location="TRANSIT")
    stock.round()
    assert stock.problems() == ["location_unmapped"]


def test_quantities_in_other_units_must_come_out_even(stock: Warehouse) -> None:
    stock.edit("units: {}", "units: { HV-0001: 12 }")
    stock.key_in(24)
    stock.key_in(7)
    stock.round()
    assert stock.problems() == ["quantity_too_fine"]
    assert stock.sandbox.cin7.get("levels")["levels"][0]["OnHand"] in ("2", "2.0")
