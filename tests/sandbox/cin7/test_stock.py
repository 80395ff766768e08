"""Stock on hand, adjustments, stock takes and transfers over Cin7's API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

SKU = "HV-0001"


@pytest.fixture
def empty(cin7: Any) -> Any:
    """An account whose warehouses are empty."""
    cin7.settings(opening_stock="none")
    return cin7


def place(cin7: Any, name: str, bin_name: str = "") -> str:
    """The GUID of a warehouse, or of one of its bins."""
    rows = cin7.get("/ref/location")["LocationList"]
    warehouse = next(row for row in rows if row["Name"] == name and row["ParentID"] is None)
    bins = {one["Name"]: one["ID"] for one in warehouse["Bins"]}
    return str(bins[bin_name] if bin_name else warehouse["ID"])


def on_hand(cin7: Any, sku: str = SKU) -> dict[tuple[str, str | None], Decimal]:
    rows = cin7.get("/ref/productavailability", Sku=sku, Limit=1000)["ProductAvailabilityList"]
    return {(row["Location"], row["Bin"]): Decimal(row["OnHand"]) for row in rows if row["OnHand"]}


def adjustment(quantity: Any, location: str = "London", **more: Any) -> dict[str, Any]:
    line = {"SKU": SKU, "Quantity": quantity, "UnitCost": 2.5, "Location": location, **more.pop("line", {})}
    return {
        "EffectiveDate": "2026-11-03",
        "Status": "COMPLETED",
        "UpdateOnHand": True,
        "Reference": "R1",
        "Lines": [line],
        **more,
    }


def transfer(cin7: Any, status: str, quantity: int = 4, **more: Any) -> dict[str, Any]:
    return {
        "FromLocation": "London",
        "ToLocation": "Glasgow",
        "Status": status,
        "CompletionDate": "2026-11-04",
        "Lines": [{"SKU": SKU, "TransferQuantity": quantity}],
        **more,
    }


def test_an_adjustment_sets_the_level_and_says_which_lines_were_new(empty: Any) -> None:
    new = empty.post("/stockadjustment", adjustment(10))
    assert [line["Quantity"] for line in new["NewStockLines"]] == [10]
    assert new["ExistingStockLines"] == []
    assert on_hand(empty) == {("London", None): 10}
    existing = empty.post("/stockadjustment", adjustment(7.25))
    (line,) = existing["ExistingStockLines"]
    assert (line["QuantityOnHand"], line["Adjustment"]) == (10, Decimal("7.25"))
    assert on_hand(empty) == {("London", None): Decimal("7.25")}
    assert [row["Amount"] < 0 for row in existing["Transactions"]] == [True]


def test_an_adjustment_to_the_present_level_is_refused(empty: Any) -> None:
    empty.post("/stockadjustment", adjustment(10))
    status, texts = empty.refusal("POST", "/stockadjustment", adjustment(10))
    assert (status, texts) == (400, ["Quantity of product 'HV-0001' is not changed by the adjustment"])
    assert empty.get("/stockadjustmentList")["Total"] == 1


def test_an_adjustment_is_undone_completed_again_and_voided(empty: Any) -> None:
    made = empty.post("/stockadjustment", adjustment(10))
    undone = empty.delete("/stockadjustment", ID=made["TaskID"])
    assert (undone["Status"], on_hand(empty)) == ("DRAFT", {})
    empty.put("/stockadjustment", {**adjustment(6), "TaskID": made["TaskID"]})
    assert on_hand(empty) == {("London", None): 6}
    voided = empty.delete("/stockadjustment", ID=made["TaskID"], Void="true")
    assert (voided["Status"], voided["ExistingStockLines"], voided["NewStockLines"]) == ("VOIDED", [], [])
    assert on_hand(empty) == {}


def test_what_is_wrong_with_an_adjustment_is_said(empty: Any) -> None:
    bin_by_name = adjustment(1, line={"Location": "London: A-01"})
    service = adjustment(1, line={"SKU": "Freight"})
    empty.settings(lock_date="2026-11-03")
    for body, text in (
        (bin_by_name, "Location 'London: A-01' was not found in Locations reference book"),
        (service, "Product 'Freight' is not a stock product"),
        (adjustment(1), "Date 2026-11-03 is in the locked period, lock date is 2026-11-03"),
        (adjustment(1, Lines=[]), "'Lines' collection cannot be empty"),
    ):
        assert empty.refusal("POST", "/stockadjustment", body) == (400, [text])
    assert empty.get("/stockadjustmentList")["Total"] == 0


def test_a_bin_is_a_place_of_its_own_and_named_by_its_guid(empty: Any) -> None:
    identifier = place(empty, "London", "A-01").upper()
    empty.post("/stockadjustment", adjustment(3, line={"LocationID": identifier}))
    empty.post("/stockadjustment", adjustment(5))
    assert on_hand(empty) == {("London", None): 5, ("London", "A-01"): 3}


def test_a_stock_take_sets_what_was_counted(empty: Any) -> None:
    empty.post("/stockadjustment", adjustment(10))
    body = {"EffectiveDate": "2026-11-04", "Account": "310", "Location": "London"}
    take = empty.post("/stocktake", body)
    assert take["Status"] == "IN PROGRESS"
    (line,) = take["NonZeroStockOnHandProducts"]
    empty.put(
        "/stocktake",
        {
            "TaskID": take["TaskID"],
            "Status": "COMPLETED",
            "NonZeroStockOnHandProducts": [{**line, "Adjustment": 8}],
            "ZeroStockOnHandProducts": [
                {"SKU": "HV-0002", "Quantity": 2, "UnitCost": 1, "Location": "London"}
            ],
        },
    )
    assert (on_hand(empty), on_hand(empty, "HV-0002")) == ({("London", None): 8}, {("London", None): 2})
    (row,) = empty.get("/stockTakeList")["StockAdjustmentList"]
    assert (row["Status"], row["StocktakeNumber"], row["Location"]) == ("COMPLETED", "ST-00002", "London")


def test_a_transfer_is_nowhere_on_hand_while_it_is_in_transit(empty: Any) -> None:
    empty.post("/stockadjustment", adjustment(10))
    assert empty.refusal("POST", "/stockTransfer", transfer(empty, "IN TRANSIT"))[1] == [
        "Required attribute InTransitAccount is not provided.",
        "Required attribute DepartureDate is not provided.",
    ]
    under_way = {"InTransitAccount": "140", "DepartureDate": "2026-11-03"}
    made = empty.post("/stockTransfer", transfer(empty, "IN TRANSIT", **under_way))
    assert on_hand(empty) == {("London", None): 6}
    rows = empty.get("/ref/productavailability", Sku=SKU)["ProductAvailabilityList"]
    assert {row["Location"]: row["InTransit"] for row in rows} == {"London": 0, "Glasgow": 4}
    other = transfer(empty, "COMPLETED", 1, TaskID=made["TaskID"], **under_way)
    assert empty.put("/stockTransfer", other)["Lines"][0]["TransferQuantity"] == 4  # 200, and ignored
    assert on_hand(empty) == {("London", None): 6, ("Glasgow", None): 4}
    empty.delete("/stockTransfer", ID=made["TaskID"], Void="true")
    assert on_hand(empty) == {("London", None): 10}


def test_more_than_there_is_cannot_leave(empty: Any) -> None:
    text = "Not enough stock of product 'HV-0001' in location 'London'"
    assert empty.refusal("POST", "/stockTransfer", transfer(empty, "COMPLETED")) == (400, [text])


def test_goods_received_shipped_returned_and_taken_back_move_the_level(empty: Any) -> None:
    line = {"sku": SKU, "quantity": 10, "price": 2}
    bought = empty.admin("POST", "purchase-invoice", {"lines": [line], "type": "Advanced"})
    received = empty.admin("POST", f"purchase/{bought['order_id']}/receive", {})
    assert on_hand(empty) == {("London", None): 10}
    sold = empty.admin("POST", "sale-invoice", {"lines": [{"sku": SKU, "quantity": 4}]})
    shipped = empty.admin("POST", f"sale/{sold['order_id']}/ship", {})
    assert on_hand(empty) == {("London", None): 6}
    note = empty.admin("POST", f"invoice/{sold['task_id']}/credit", {"restock": True})
    assert on_hand(empty) == {("London", None): 10}
    empty.admin("POST", f"invoice/{note['task_id']}/void", {})
    empty.admin("POST", f"sale/{sold['order_id']}/undo-shipment", {"task_id": shipped["task_id"]})
    back = empty.admin("POST", f"invoice/{bought['task_id']}/credit", {"restock": True, "fraction": "0.5"})
    assert on_hand(empty) == {("London", None): 5}
    empty.admin("POST", f"invoice/{back['task_id']}/undo", {})
    empty.admin("POST", f"purchase/{bought['order_id']}/undo-receipt", {"task_id": received["task_id"]})
    assert on_hand(empty) == {}


def test_the_lists_know_no_dates_and_one_of_two_orders(empty: Any) -> None:
    for quantity in (1, 2, 3):
        empty.post("/stockadjustment", adjustment(quantity, Reference=f"R{quantity}"))
    query = {"UpdatedSince": "2030-01-01T00:00:00", "Limit": 2}
    rows = empty.get("/stockadjustmentList", **query)["StockAdjustmentList"]
    assert [row["Reference"] for row in rows] == ["R1", "R2"]
    empty.settings(stock_list_order="newest_first")
    rows = empty.get("/stockadjustmentList", **query)["StockAdjustmentList"]
    assert [row["Reference"] for row in rows] == ["R3", "R2"]


def test_every_change_of_a_level_is_told(empty: Any, receiver: Any) -> None:
    hook = {
        "Type": "Stock/AvailableStockLevelChanged",
        "IsActive": True,
        "ExternalURL": receiver.url,
        "ExternalAuthorizationType": "noauth",
    }
    empty.post("/webhooks", hook)
    empty.post("/stockadjustment", adjustment(10))
    ((_, _, payload),) = receiver.wait_for(1)
    assert [(row["SKU"], row["OnHand"], row["Location"]) for row in payload] == [(SKU, 10, "London")]
