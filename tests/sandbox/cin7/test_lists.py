"""Lists, filters and reference data, with the traps of the real ones."""

from __future__ import annotations

from typing import Any

import pytest

KEYS = {
    "/saleList": "SaleList",
    "/saleCreditNoteList": "SaleList",
    "/purchaseList": "PurchaseList",
    "/purchaseCreditNoteList": "PurchaseList",
    "/stockadjustmentList": "StockAdjustmentList",
    "/stockTakeList": "StockAdjustmentList",
    "/stockTransferList": "StockTransferList",
    "/product": "Products",
    "/ref/productavailability": "ProductAvailabilityList",
    "/customer": "CustomerList",
    "/supplier": "SupplierList",
    "/ref/location": "LocationList",
    "/ref/account": "AccountsList",
    "/ref/tax": "TaxRuleList",
    "/ref/paymentterm": "PaymentTermList",
    "/ref/attributeset": "AttributeSetList",
    "/transactions": "Transactions",
    "/me/contacts": "MeContactsList",
}


@pytest.mark.parametrize("path", KEYS)
def test_every_list_has_its_own_key(cin7: Any, path: str) -> None:
    assert list(cin7.get(path)) == ["Total", "Page", KEYS[path]]


def test_pages_are_100_rows_unless_told_and_end_empty(cin7: Any) -> None:
    first = cin7.get("/product")
    assert (first["Total"], first["Page"], len(first["Products"])) == (204, 1, 100)
    assert len(cin7.get("/product", Page=3)["Products"]) == 4
    assert cin7.get("/product", Page=4) == {"Total": 204, "Page": 4, "Products": []}
    assert len(cin7.get("/product", Limit=1000)["Products"]) == 204
    cin7.settings(list_limit_cap=50)
    assert len(cin7.get("/product", Limit=1000)["Products"]) == 50


@pytest.mark.parametrize("query", [{"Page": 0}, {"Limit": "many"}, {"Limit": -1}])
def test_a_senseless_page_is_refused(cin7: Any, query: dict[str, Any]) -> None:
    assert cin7.refusal("GET", "/product", **query)[0] == 400


def fill(cin7: Any) -> None:
    for customer in ("Birch & Bramble", "Garden O'Clock", "Birch & Bramble"):
        cin7.admin("POST", "sale-invoice", {"customer": customer})
        cin7.admin("POST", "purchase-invoice", {})


def test_unknown_parameters_are_ignored_and_comma_lists_match_nothing(cin7: Any) -> None:
    fill(cin7)
    assert cin7.get("/purchaseList", RestockReceivedStatus="AUTHORISED")["Total"] == 3
    assert cin7.get("/purchaseList", StockReceivedStatus="AUTHORISED")["Total"] == 0
    assert cin7.get("/purchaseList", StockReceivedStatus="NOT AVAILABLE")["Total"] == 3
    assert cin7.get("/saleList", Status="INVOICED")["Total"] == 3
    assert cin7.get("/saleList", Status="INVOICED,COMPLETED")["Total"] == 0


def test_filters_add_up_and_search_is_a_substring(cin7: Any) -> None:
    fill(cin7)
    assert cin7.get("/saleList", Search="birch")["Total"] == 2
    assert cin7.get("/saleList", Search="INV-00002")["SaleList"][0]["Customer"] == "Garden O'Clock"
    assert cin7.get("/saleList", Search="birch", OrderStatus="DRAFT")["Total"] == 0


def test_purchases_come_by_number_ascending(cin7: Any) -> None:
    fill(cin7)
    numbers = [row["OrderNumber"] for row in cin7.get("/purchaseList")["PurchaseList"]]
    assert numbers == ["PO-00001", "PO-00002", "PO-00003"]


def test_updated_until_hides_what_changed_later(cin7: Any) -> None:
    fill(cin7)
    bound = cin7.admin("POST", "clock", {"advance_seconds": 60})["now"]
    cin7.admin("POST", "clock", {"advance_seconds": 60})
    task = cin7.admin("GET", "truth")["invoices"][0]["task_id"]
    cin7.admin("POST", f"invoice/{task}/undo")
    assert cin7.get("/saleList", UpdatedUntil=bound)["Total"] == 2
    assert cin7.get("/saleList", UpdatedSince=bound)["Total"] == 1
    assert cin7.get("/saleList", CreatedSince=bound)["Total"] == 0
    cin7.settings(voids_bump_updated=False)
    cin7.admin("POST", "clock", {"advance_seconds": 60})
    later = cin7.admin("GET", "clock")["now"]
    cin7.admin("POST", f"invoice/{task}/void")
    assert cin7.get("/saleList", UpdatedSince=later)["Total"] == 0


def test_an_unknown_account_code_is_a_400_and_other_names_an_empty_list(cin7: Any) -> None:
    assert cin7.refusal("GET", "/ref/account", Code="999") == (400, ["Account with specified ID not found"])
    assert cin7.get("/ref/account", Name="nothing")["Total"] == 0
    assert cin7.get("/ref/account", Code="610")["AccountsList"][0]["SystemAccount"] == "Accounts receivable"


def test_bins_are_children_and_part_of_their_warehouse(cin7: Any) -> None:
    rows = cin7.get("/ref/location")["LocationList"]
    london = rows[0]
    assert (london["Name"], london["IsDefault"], len(rows)) == ("London", True, 9)
    assert [one["Name"] for one in london["Bins"]] == ["A-01", "B-01"]
    assert [row["ParentID"] for row in rows[1:3]] == [london["ID"]] * 2


def test_stock_on_hand_is_a_value_and_zero_rows_are_a_switch(cin7: Any) -> None:
    row = cin7.get("/ref/productavailability", Sku="HV-0001", Location="London")["ProductAvailabilityList"][0]
    product = cin7.get("/product", Sku="HV-0001")["Products"][0]
    assert row["StockOnHand"] == row["OnHand"] * product["AverageCost"]
    assert cin7.get("/ref/productavailability", Sku="HV-0007")["Total"] == 0
    cin7.settings(zero_availability_rows="present")
    assert cin7.get("/ref/productavailability", Sku="HV-0007")["Total"] == 3


class TestParties:
    def test_names_match_from_the_start(self, cin7: Any) -> None:
        assert cin7.get("/customer", Name="birch")["Total"] == 1
        assert cin7.get("/customer", Name="bramble")["Total"] == 0

    def test_a_deprecated_party_disappears_unless_asked_for(self, cin7: Any) -> None:
        supplier = cin7.get("/supplier", Name="Anvil")["SupplierList"][0]
        cin7.put("/supplier", {"ID": supplier["ID"], "Status": "Deprecated"})
        assert cin7.get("/supplier", Name="Anvil")["Total"] == 0
        assert cin7.get("/supplier", Name="Anvil", IncludeDeprecated="true")["Total"] == 1

    def test_put_is_partial_and_adds_nested_entries_without_id(self, cin7: Any) -> None:
        before = cin7.get("/customer", Name="Birch")["CustomerList"][0]
        entry = {"Line1": "2 New Road", "Country": "United Kingdom", "Type": "Business"}
        body = {"ID": before["ID"], "Comments": None, "Addresses": [entry]}
        after = cin7.put("/customer", body)["CustomerList"][0]
        assert after["TaxNumber"] == before["TaxNumber"]
        assert after["Comments"] == ""
        assert len(after["Addresses"]) == len(before["Addresses"]) + 1
        named = {"ID": before["Addresses"][0]["ID"], "Line1": "3 New Road"}
        again = cin7.put("/customer", {"ID": before["ID"], "Addresses": [named]})["CustomerList"][0]
        assert [again["Addresses"][0]["Line1"], len(again["Addresses"])] == ["3 New Road", 3]

    def test_modified_since_finds_what_was_written(self, cin7: Any) -> None:
        since = cin7.admin("GET", "clock")["now"]
        party = cin7.get("/customer", Name="Birch")["CustomerList"][0]
        assert cin7.get("/customer", ModifiedSince=since)["Total"] == 0
        cin7.admin("POST", "clock", {"advance_seconds": 1})
        cin7.put("/customer", {"ID": party["ID"], "Comments": "new"})
        assert cin7.get("/customer", ModifiedSince=since)["Total"] == 1

    def test_post_ignores_ids_and_refuses_a_second_name_and_a_wrong_control_account(self, cin7: Any) -> None:
        body = {"ID": "1", "Name": "Nova Ltd", "Status": "Active", "Currency": "GBP",
                "PaymentTerm": "30 days", "AccountReceivable": "610", "RevenueAccount": "200",
                "TaxRule": "No VAT"}  # fmt: skip
        assert cin7.refusal("POST", "/customer", body | {"AccountReceivable": "200"})[0] == 400
        made = cin7.post("/customer", body)["CustomerList"][0]
        assert len(made["ID"]) == 36
        assert made["TaxNumber"] in ("", None)
        assert cin7.refusal("POST", "/customer", body | {"Name": "nova LTD"})[0] == 400
        assert len(cin7.refusal("POST", "/customer", {})[1]) == 3


def test_the_same_seed_gives_the_same_world_and_another_seed_another(cin7: Any) -> None:
    def ids() -> list[str]:
        return [row["ID"] for row in cin7.get("/customer")["CustomerList"]]

    first = ids()
    cin7.admin("POST", "reset", {"seed": 2})
    assert ids() != first
    cin7.admin("POST", "reset", {"seed": 1})
    assert ids() == first
