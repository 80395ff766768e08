"""The admin's scenarios: single documents, the truth, a trading day, bulk history."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
import requests


def test_an_invoice_is_described_by_what_comes_back(cin7: Any) -> None:
    made = cin7.admin("POST", "sale-invoice", {
        "customer": "Müller Workshops", "type": "Advanced", "location": "Glasgow", "channel": "Shopify",
        "lines": [{"sku": "HV-0010", "quantity": "3", "price": "19.99", "tax_rule": "20% VAT on Sales"}],
        "charges": [{"price": "5"}], "attributes": {"1": "x"}, "date": "2026-11-02"})  # fmt: skip
    sale = cin7.get("/sale", ID=made["order_id"])
    assert (made["total_before_tax"], made["tax"], made["total"]) == ("64.97", "12.99", "77.96")
    assert sale["Invoices"][0]["TaskID"] == made["task_id"]
    assert (sale["Location"], sale["SourceChannel"]) == ("Glasgow", "Shopify")
    assert sale["AdditionalAttributes"]["AdditionalAttribute1"] == "x"
    assert sale["SaleOrderDate"] == sale["Invoices"][0]["InvoiceDate"] == "2026-11-02T00:00:00"


def test_a_second_invoice_joins_an_advanced_order(cin7: Any) -> None:
    first = cin7.admin("POST", "purchase-invoice", {"type": "Advanced"})
    second = cin7.admin("POST", "purchase-invoice", {"order_id": first["order_id"]})
    assert second["order_id"] == first["order_id"]
    assert second["task_id"] != first["task_id"]
    assert len(cin7.get("/advanced-purchase", ID=first["order_id"])["Order"]["Lines"]) == 2


def test_reauthorising_with_other_lines_keeps_task_and_number(cin7: Any) -> None:
    made = cin7.admin("POST", "purchase-invoice", {})
    cin7.admin("POST", f"invoice/{made['task_id']}/undo")
    again = cin7.admin("POST", f"invoice/{made['task_id']}/reauthorise", {"lines": [{"price": "1"}]})
    assert {name: again[name] for name in ("task_id", "number", "total")} == {
        "task_id": made["task_id"],
        "number": made["number"],
        "total": "1.20",
    }


def test_reauthorising_changes_the_date_the_memo_and_the_rate_alone(cin7: Any) -> None:
    made = cin7.admin("POST", "sale-invoice", {"customer": "Atelier Lumière Lille", "memo": "old"})
    cin7.admin("POST", f"invoice/{made['task_id']}/undo")
    change = {"date": "2026-11-07", "memo": "new", "rate": "0.9"}
    again = cin7.admin("POST", f"invoice/{made['task_id']}/reauthorise", change)
    shown = cin7.get("/sale", ID=made["order_id"])["Invoices"][0]
    assert (again["number"], again["total"]) == (made["number"], made["total"])
    assert [shown["InvoiceDate"], shown["Memo"], shown["CurrencyConversionRate"]] == [
        "2026-11-07T00:00:00",
        "new",
        Decimal("0.9"),
    ]


@pytest.mark.parametrize("path", ["sale-invoice", "purchase-invoice", "trading-day", "bulk", "credit-note"])
def test_a_misspelt_field_is_refused(cin7: Any, path: str) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        cin7.admin("POST", path, {"custommer": "x"})


def test_the_truth_is_per_account_and_tax_rule_net_of_tax(cin7: Any) -> None:
    lines = [
        {"price": "12", "tax_rule": "20% VAT on Sales"},
        {"price": "3", "tax_rule": "No VAT", "account": "205"},
    ]
    cin7.admin("POST", "sale-invoice", {"inclusive": True, "lines": lines})
    facts = cin7.admin("GET", "truth")["invoices"][0]
    assert facts["kind"] == "sale_invoice"
    assert {account: Decimal(net) for account, net in facts["net"].items()} == {"200": 10, "205": 3}
    assert {rule: Decimal(tax) for rule, tax in facts["tax_by_rule"].items()} == {
        "20% VAT on Sales": 2,
        "No VAT": 0,
    }
    assert (facts["total_before_tax"], facts["tax"], facts["total"]) == ("13.00", "2.00", "15.00")


def day(cin7: Any, **more: Any) -> list[dict[str, Any]]:
    cin7.admin("POST", "trading-day", {"invoices": 24, "seconds": 0, "seed": 3, **more})
    deadline = time.monotonic() + 10
    while (state := cin7.admin("GET", "trading-day"))["state"] != "finished":
        assert state["state"] == "running"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    invoices: list[dict[str, Any]] = cin7.admin("GET", "truth")["invoices"]
    assert {one["task_id"] for one in invoices} == set(state["authorised"])
    return invoices


class TestTradingDay:
    def test_has_every_sort_of_invoice(self, cin7: Any) -> None:
        invoices = day(cin7)
        assert len(invoices) == 24
        assert {(one["kind"], one["type"]) for one in invoices} == {
            (f"{side}_invoice", kind)
            for side in ("sale", "purchase")
            for kind in ("Simple", "Advanced", "Service")
        }
        assert {one["inclusive"] for one in invoices} == {True, False}
        assert [one["status"] for one in invoices].count("PAID") == 1
        assert len({one["order_id"] for one in invoices}) == 18

    def test_uses_only_parties_that_resolve_and_rules_that_map(self, cin7: Any) -> None:
        invoices = day(cin7)
        assert "Levy 3%" not in {rule for one in invoices for rule in one["tax_by_rule"]}
        assert {one["currency"] for one in invoices} == {"GBP"}
        outsiders = {"Stonebridge Liquidations", "York Road Supplies North", "Zephyr Pop-up Stores",
                     "Bramley Sundries"}  # fmt: skip
        assert not outsiders & {one["party"] for one in invoices}
        assert all(Decimal(one["total"]) > 0 for one in invoices)

    def test_is_the_same_for_the_same_seed(self, cin7: Any) -> None:
        def amounts(seed: int) -> list[tuple[str, str]]:
            cin7.admin("POST", "reset", {"seed": 1})
            return [(one["party"], one["total"]) for one in day(cin7, seed=seed)]

        first = amounts(3)
        assert amounts(3) == first
        assert amounts(4) != first

    def test_announces_a_share(self, cin7: Any, receiver: Any) -> None:
        for kind in ("Sale/InvoiceAuthorised", "Purchase/InvoiceAuthorised"):
            body = {"Type": kind, "IsActive": True, "ExternalURL": receiver.url,
                    "ExternalAuthorizationType": "noauth"}  # fmt: skip
            cin7.post("/webhooks", body)
        day(cin7, announced=0.5)
        receiver.wait_for(12)
        deadline = time.monotonic() + 10
        while cin7.admin("GET", "webhooks")["pending"]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert len(receiver.received) == 12


def test_bulk_history_lies_in_its_range_and_is_quiet(cin7: Any) -> None:
    body = {"sales": 60, "purchases": 40, "from": "2026-03-01", "to": "2026-03-31"}
    assert cin7.admin("POST", "bulk", body) == {"authorised": 100}
    dates = {one["date"] for one in cin7.admin("GET", "truth")["invoices"]}
    assert min(dates) >= "2026-03-01"
    assert max(dates) <= "2026-03-31"
    assert cin7.get("/saleList", UpdatedSince="2026-04-01")["Total"] == 0
    assert cin7.get("/saleList", UpdatedSince="2026-03-01")["Total"] == 60
    rows = cin7.get("/transactions", FromDate="2026-02-28", ToDate="2026-04-01", Limit=1000)
    total = sum(Decimal(one["total"]) for one in cin7.admin("GET", "truth")["invoices"])
    assert sum(row["Amount"] for row in rows["Transactions"]) == total


def test_settings_are_typed_and_come_back_with_a_reset(cin7: Any) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        cin7.settings(rate_limit_scope="planet")
    cin7.settings(line_decimals=4)
    cin7.admin("POST", "reset", {"seed": 1})
    settings = cin7.admin("GET", "settings")
    assert (settings["line_decimals"], settings["rate_limit"]) == (2, True)
