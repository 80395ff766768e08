"""Shipments, receipts, adjustments: what they show and what they post to Cin7's ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox.world import build_world

COST = build_world().products[0].cost
"""Of one HV-0001."""


def ledger(cin7: Any, *accounts: str) -> list[tuple[str, str, Decimal, str]]:
    rows = cin7.get("/transactions", Limit=1000)["Transactions"]
    return [
        (row["DebitAccountCode"], row["CreditAccountCode"], Decimal(row["Amount"]), row["EffectiveDate"][:10])
        for row in rows
        if not accounts or {row["DebitAccountCode"], row["CreditAccountCode"]} == set(accounts)
    ]


def sold(cin7: Any, quantity: int = 4, **more: Any) -> Any:
    lines = [{"quantity": quantity, "price": "10"}]
    return cin7.admin("POST", "sale-invoice", {"lines": lines, "date": "2026-11-02", **more})


def ship(cin7: Any, made: Any, **body: Any) -> Any:
    return cin7.admin("POST", f"sale/{made['order_id']}/ship", {"date": "2026-11-03", **body})


class TestShipments:
    def test_shipping_moves_the_cost_out_of_inventory_on_its_date(self, cin7: Any) -> None:
        made = sold(cin7)
        assert ledger(cin7, "310", "140") == []
        shipment = ship(cin7, made)
        assert ledger(cin7, "310", "140") == [("310", "140", 4 * COST, "2026-11-03")]
        assert Decimal(shipment["cost"]) == 4 * COST
        row = next(row for row in cin7.get("/transactions", Account="310")["Transactions"])
        assert (row["Type"], row["Reference"], row["TaskID"]) == ("Sale", made["number"], shipment["task_id"])

    def test_a_shipped_sale_shows_its_fulfilment_and_its_cost(self, cin7: Any) -> None:
        made = sold(cin7)
        ship(cin7, made)
        sale = cin7.get("/sale", ID=made["order_id"])
        assert sale["COGSAmount"] == 4 * COST
        assert [(one["COGS"], one["Date"]) for one in sale["InventoryMovements"]] == [
            (4 * COST, "2026-11-03T00:00:00")
        ]
        task = sale["Fulfilments"][0]
        assert (task["FulFilmentStatus"], task["LinkedInvoiceNumber"]) == ("FULFILLED", made["number"])
        assert [task[stage]["Status"] for stage in ("Pick", "Pack", "Ship")] == ["AUTHORISED"] * 3
        assert task["Pick"]["Lines"][0]["Quantity"] == 4
        assert sale["CombinedShippingStatus"] == "SHIPPED"
        assert cin7.get("/saleList", CombinedShippingStatus="SHIPPED")["Total"] == 1

    def test_a_second_shipment_makes_a_simple_sale_advanced(self, cin7: Any) -> None:
        made = sold(cin7)
        first = ship(cin7, made, lines=[{"quantity": 1}])
        assert cin7.get("/sale", ID=made["order_id"])["CombinedShippingStatus"] == "PARTIALLY SHIPPED"
        second = ship(cin7, made)
        assert (first["type"], first["task_id"]) == ("Simple Sale", made["order_id"])
        assert (second["type"], second["number"]) == ("Advanced Sale", 2)
        assert [amount for *_, amount, _ in ledger(cin7, "310", "140")] == [COST, 3 * COST]

    def test_undoing_a_shipment_makes_negative_rows_and_it_can_go_out_again(self, cin7: Any) -> None:
        made = sold(cin7)
        ship(cin7, made)
        cin7.admin("POST", f"sale/{made['order_id']}/undo-shipment")
        sale = cin7.get("/sale", ID=made["order_id"])
        assert (sale["COGSAmount"], sale["CombinedShippingStatus"]) == (0, "NOT SHIPPED")
        ship(cin7, made, date="2026-11-09")
        assert ledger(cin7, "310", "140") == [
            ("310", "140", 4 * COST, "2026-11-03"),
            ("310", "140", -4 * COST, "2026-11-03"),
            ("310", "140", 4 * COST, "2026-11-09"),
        ]

    def test_undoing_the_invoice_of_a_simple_sale_leaves_the_cost(self, cin7: Any) -> None:
        made = sold(cin7)
        ship(cin7, made)
        cin7.admin("POST", f"invoice/{made['task_id']}/undo")
        assert sum(row[2] for row in ledger(cin7)) == 4 * COST

    def test_a_late_cost_lands_on_the_day_of_the_shipment_and_nothing_tells_of_it(self, cin7: Any) -> None:
        made = sold(cin7)
        ship(cin7, made)
        before = cin7.get("/sale", ID=made["order_id"])
        cin7.admin("POST", f"sale/{made['order_id']}/cost-change", {"amount": "-1.25"})
        after = cin7.get("/sale", ID=made["order_id"])
        assert ledger(cin7, "310", "140")[-1] == ("310", "140", Decimal("-1.25"), "2026-11-03")
        assert after["COGSAmount"] == 4 * COST - Decimal("1.25")
        assert after["LastModifiedOn"] == before["LastModifiedOn"]

    def test_voiding_the_sale_takes_the_cost_back(self, cin7: Any) -> None:
        made = sold(cin7)
        ship(cin7, made)
        sale = cin7.delete("/sale", ID=made["order_id"], Void="true")
        assert sale["Fulfilments"][0]["FulFilmentStatus"] == "VOIDED"
        assert sum(row[2] for row in ledger(cin7)) == 0

    def test_it_is_announced_in_its_own_shape(self, cin7: Any, receiver: Any) -> None:
        hook = {"Type": "Sale/ShipmentAuthorised", "IsActive": True, "ExternalURL": receiver.url}
        cin7.post("/webhooks", hook | {"ExternalAuthorizationType": "noauth"})
        made = sold(cin7)
        ship(cin7, made)
        _, _, body = receiver.wait_for(1)[0]
        assert (body["SaleTaskID"], body["OrderNumber"]) == (made["order_id"], made["order_number"])
        assert "InvoiceNumber" not in body

    def test_nothing_goes_out_twice(self, cin7: Any) -> None:
        made = sold(cin7)
        ship(cin7, made)
        with pytest.raises(requests.HTTPError, match="400"):
            ship(cin7, made)


class TestReceipts:
    def bought(self, cin7: Any, **more: Any) -> Any:
        body = {"lines": [{"quantity": 5, "price": "8"}], "date": "2026-11-02", "type": "Advanced", **more}
        return cin7.admin("POST", "purchase-order", body)

    def test_an_invoice_takes_what_is_open_on_the_order(self, cin7: Any) -> None:
        order = self.bought(cin7, charges=[{"price": "3", "account": "140"}])
        made = cin7.admin("POST", "purchase-invoice", {"order_id": order["order_id"]})
        purchase = cin7.get("/advanced-purchase", ID=order["order_id"])
        assert made["total_before_tax"] == "43.00"
        assert len(purchase["Order"]["Lines"]) == 1
        other = {"order_id": order["order_id"], "lines": [{"quantity": 2, "sku": "HV-0002"}]}
        cin7.admin("POST", "purchase-invoice", other)
        assert len(cin7.get("/advanced-purchase", ID=order["order_id"])["Order"]["Lines"]) == 2

    def test_received_goods_post_nothing_and_join_the_group_of_their_invoice(self, cin7: Any) -> None:
        order = self.bought(cin7)
        made = cin7.admin("POST", "purchase-invoice", {"order_id": order["order_id"]})
        rows = ledger(cin7)
        receipt = cin7.admin("POST", f"purchase/{order['order_id']}/receive", {"quantity": 2})
        purchase = cin7.get("/advanced-purchase", ID=order["order_id"])
        assert ledger(cin7) == rows
        assert receipt["task_id"] == made["task_id"] == purchase["PutAway"][0]["TaskID"]
        assert purchase["PutAway"][0]["Lines"][0]["Quantity"] == 2
        assert purchase["CombinedReceivingStatus"] == "PARTIALLY RECEIVED"
        cin7.admin("POST", f"purchase/{order['order_id']}/receive")
        purchase = cin7.get("/advanced-purchase", ID=order["order_id"])
        assert purchase["CombinedReceivingStatus"] == "FULLY RECEIVED"
        assert [one["InvoicingAndReceivingNumber"] for one in purchase["PutAway"]] == [1, 2]

    def test_a_simple_purchase_stays_simple(self, cin7: Any) -> None:
        made = cin7.admin("POST", "purchase-invoice", {})
        cin7.admin("POST", f"purchase/{made['order_id']}/receive")
        purchase = cin7.get("/advanced-purchase", ID=made["order_id"])
        assert (purchase["Type"], purchase["PutAway"][0]["Status"]) == ("Simple Purchase", "AUTHORISED")
        assert purchase["StockReceived"][0]["Status"] == "NOT AVAILABLE"
        assert cin7.get("/purchase", ID=made["order_id"])["StockReceived"]["Status"] == "AUTHORISED"

    @pytest.mark.parametrize("kind", ["Simple", "Advanced"])
    def test_accrued_inventory_is_taken_back_by_the_invoice_and_comes_again_with_its_undo(
        self, cin7: Any, kind: str
    ) -> None:
        cin7.settings(accrued_inventory=True)
        order = self.bought(cin7, approach="STOCK", type=kind)
        cin7.admin("POST", f"purchase/{order['order_id']}/receive", {"date": "2026-11-03"})
        assert ledger(cin7) == [("140", "815", Decimal(40), "2026-11-03")]
        made = cin7.admin("POST", "purchase-invoice", {"order_id": order["order_id"], "date": "2026-11-05"})
        assert sum(row[2] for row in ledger(cin7, "140", "815")) == 0
        assert ledger(cin7, "140", "800") == [("140", "800", Decimal(40), "2026-11-05")]
        cin7.admin("POST", f"invoice/{made['task_id']}/undo")
        assert sum(row[2] for row in ledger(cin7, "140", "815")) == 40
        assert len(cin7.get("/advanced-purchase", ID=order["order_id"])["Invoice"]) == 1

    def test_charges_on_the_inventory_account_are_part_of_its_value_also_negative_ones(
        self, cin7: Any
    ) -> None:
        charges = [{"price": "12.5", "account": "140"}, {"price": "-2", "account": "140"}, {"price": "-1"}]
        cin7.admin("POST", "purchase-invoice", {"lines": [{"price": "50"}], "charges": charges})
        rows = {row[0]: row[2] for row in ledger(cin7)}
        assert (rows["140"], rows["425"]) == (Decimal("60.5"), Decimal(-1))


def test_an_adjustment_debits_inventory_with_its_sign(cin7: Any) -> None:
    body = {"quantity": "-2", "cost": "4.50", "date": "2026-11-04"}
    made = cin7.admin("POST", "stock-adjustment", body)
    assert ledger(cin7) == [("140", "310", Decimal(-9), "2026-11-04")]
    row = cin7.get("/transactions")["Transactions"][0]
    assert (row["Type"], row["Reference"], row["TaskID"]) == ("StockAdjustment", "ST-00001", made["task_id"])
    with pytest.raises(requests.HTTPError, match="400"):
        cin7.admin("POST", "stock-adjustment", {"account": "999"})
