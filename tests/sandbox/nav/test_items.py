"""Item journals over OData V4: published pages, posting by a person, item ledger, cost in the G/L."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox.world import COMPANY, build_world, opening_stock

NAMED = f"Company('{requests.utils.quote(COMPANY, safe='')}')"
ITEM = "HV-0001"


def pages(nav: Any, company: str = NAMED) -> str:
    return f"{nav.side.url}/v2.0/sandbox/ODataV4/{company}"


def insert(nav: Any, line_number: int = 20000, **more: Any) -> Any:
    """A line of ten pieces bought at 2.50 for London, or as `more` says; its fields in this order."""
    body = {
        "Journal_Template_Name": "ITEM",
        "Journal_Batch_Name": "CIN7",
        "Line_No": line_number,
        "Item_No": ITEM,
        "Entry_Type": "Purchase",
        "Document_No": "IM1",
        "Location_Code": "LONDON",
        "Quantity": 10,
        **({"Unit_Cost": 2.5} if more.get("Entry_Type", "Purchase") == "Purchase" else {}),
        **more,
    }
    return nav.post(f"{pages(nav)}/ItemJournal", body)


def post(nav: Any) -> Any:
    return nav.side.post("post-item-journal", {"template": "ITEM", "batch": "CIN7"})


def move(nav: Any, **more: Any) -> None:
    """Insert one line and post it."""
    answer = insert(nav, **more)
    assert answer.status == 201, answer.body
    post(nav)


def refusal(nav: Any) -> str:
    """What NAV says when it does not post."""
    with pytest.raises(requests.HTTPError, match="409") as caught:
        post(nav)
    return str(caught.value.response.json()["error"])


def ledger(nav: Any, query: str = "") -> list[Any]:
    return list(nav.get(f"{pages(nav)}/ItemLedgerEntries{query}").rows)


def line_key(number: int) -> str:
    return f"ItemJournal(Journal_Template_Name='ITEM',Journal_Batch_Name='CIN7',Line_No={number})"


def costs(nav: Any) -> list[tuple[str, str, Decimal]]:
    rows = nav.get("generalLedgerEntries").rows
    return [
        (row["documentNumber"], row["accountNumber"], row["debitAmount"] - row["creditAmount"])
        for row in rows
    ]


def inventory(nav: Any) -> Decimal:
    return Decimal(nav.get(f"items?$filter=number eq '{ITEM}'").rows[0]["inventory"])


# --- the published pages ---


def test_a_line_is_inserted_with_what_the_item_card_says(nav: Any) -> None:
    answer = insert(nav, Entry_Type="Positive Adjmt.", External_Document_No="st-7")
    assert answer.status == 201
    card = nav.get(f"items?$filter=number eq '{ITEM}'").rows[0]
    shown = answer.body
    assert shown["Entry_Type"] == "Positive Adjmt."
    assert shown["Description"] == card["displayName"]
    assert shown["Unit_Cost"] == shown["Unit_Amount"] == card["unitCost"]
    assert shown["Amount"] == 10 * card["unitCost"]
    assert (shown["External_Document_No"], shown["Posting_Date"]) == ("ST-7", nav.today)
    assert "id" not in shown
    assert f"{NAMED}/ItemJournal/$entity" in shown["@odata.context"]


def test_lines_are_filtered_read_changed_and_deleted_by_key(nav: Any) -> None:
    insert(nav)
    insert(nav, 30000, Entry_Type="Negative Adjmt.", Quantity=4)
    query = "$filter=Journal_Batch_Name eq 'CIN7' and Entry_Type eq 'Negative Adjmt.'&$select=Line_No"
    assert [row["Line_No"] for row in nav.get(f"{pages(nav)}/ItemJournal?{query}").rows] == [30000]
    address = f"{pages(nav)}/{line_key(20000)}"
    assert nav.call("PATCH", address, {"Quantity": 3}).code == "BadRequest_InvalidToken"
    changed = nav.patch(address, {"Quantity": 3}, if_match=nav.get(address).body["@odata.etag"])
    assert (changed.status, changed.body["Quantity"], changed.body["Amount"]) == (200, 3, Decimal("7.5"))
    assert nav.delete(address).status == 204
    assert nav.get(address).status == 404
    assert nav.get(f"{pages(nav)}/ItemJournal(Line_No=30000)").code == "BadRequest"


def test_the_company_is_addressed_by_name_or_by_id(nav: Any) -> None:
    insert(nav)
    for company in (NAMED, f"Company(Id={nav.company})"):
        assert len(nav.get(f"{pages(nav, company)}/ItemJournal").rows) == 1
    assert nav.get(f"{pages(nav, 'Company(%27Elsewhere%27)')}/ItemJournal").code == "Internal_CompanyNotFound"


def test_the_pages_are_not_part_of_the_api_nor_the_other_way_round(nav: Any) -> None:
    assert nav.get("ItemJournal").code == "BadRequest_ResourceNotFound"
    assert nav.get(f"{pages(nav)}/journals").code == "BadRequest_ResourceNotFound"
    batch = nav.ready(("8310", 5), ("6110", -5))
    posted = nav.post(f"{pages(nav)}/journals({batch})/Microsoft.NAV.post")
    assert posted.code == "BadRequest_ResourceNotFound"
    assert nav.post(f"{pages(nav)}/ItemJournal/Microsoft.NAV.post").status == 404


def test_nobody_writes_item_ledger_entries(nav: Any) -> None:
    assert nav.post(f"{pages(nav)}/ItemLedgerEntries", {"Quantity": 1}).status == 405


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Item_No": "NOTHING"}, "(NOTHING) that cannot be found in the related table (Item)"),
        ({"Location_Code": "PARIS"}, "(PARIS) that cannot be found in the related table (Location)"),
        ({"Journal_Batch_Name": "NEW"}, "cannot be found in the related table (Item Journal Batch)"),
        ({"Shortcut_Dimension_1_Code": "MOON"}, "cannot be found in the related table (Dimension Value)"),
        ({"Entry_Type": "Transfer"}, "'Transfer' is not an option"),
        ({"Quantity": -1}, "must be greater than or equal to 0"),
        ({"Lot_No": "L1"}, "The property 'Lot_No' does not exist"),
    ],
)
def test_wrong_values_are_refused(nav: Any, values: dict[str, Any], message: str) -> None:
    answer = insert(nav, **values)
    assert answer.status == 400
    assert message in answer.message


def test_a_line_number_counts_once(nav: Any) -> None:
    insert(nav)
    assert insert(nav).code == "Internal_EntityWithSameKeyExists"


def test_the_order_of_the_fields_matters(nav: Any) -> None:
    card = nav.get(f"items?$filter=number eq '{ITEM}'").rows[0]
    key = {"Journal_Template_Name": "ITEM", "Journal_Batch_Name": "CIN7", "Line_No": 20000}
    late = {**key, "Item_No": ITEM, "Unit_Cost": 2.5, "Entry_Type": "Positive Adjmt.", "Quantity": 1}
    assert nav.post(f"{pages(nav)}/ItemJournal", late).body["Unit_Cost"] == card["unitCost"]
    early = nav.post(f"{pages(nav)}/ItemJournal", {**key, "Location_Code": "LONDON", "Item_No": ITEM})
    assert early.message.startswith("Item No. must have a value in Item Journal Line: ")


def test_an_amount_makes_the_unit_cost_and_stays_as_it_was_sent(nav: Any) -> None:
    shown = insert(nav, Quantity=3, Amount=10, Description="Three").body
    assert (shown["Amount"], shown["Description"]) == (10, "Three")
    assert shown["Unit_Cost"] == shown["Unit_Amount"] == Decimal("3.33333")


# --- posting ---


def test_posting_moves_stock_and_leaves_a_blank_line(nav: Any) -> None:
    insert(nav, Shortcut_Dimension_1_Code="LONDON")
    assert post(nav) == {"posted": ["IM1"]}
    (entry,) = ledger(nav)
    assert (entry["Entry_No"], entry["Item_No"], entry["Location_Code"]) == (1, ITEM, "LONDON")
    assert (entry["Quantity"], entry["Remaining_Quantity"], entry["Cost_Amount_Actual"]) == (10, 10, 25)
    assert (entry["Document_No"], entry["Global_Dimension_1_Code"]) == ("IM1", "LONDON")
    assert "External_Document_No" not in entry
    assert inventory(nav) == 10
    (blank,) = nav.get(f"{pages(nav)}/ItemJournal").rows
    assert (blank["Line_No"], blank["Item_No"], blank["Document_No"]) == (10000, "", "IM1")
    assert refusal(nav) == "There is nothing to post."
    assert insert(nav, 10000).code == "Internal_EntityWithSameKeyExists"


def test_what_leaves_is_taken_from_the_oldest_at_its_location_at_average_cost(nav: Any) -> None:
    move(nav, Quantity=4, Unit_Cost=1)
    move(nav, Quantity=4, Unit_Cost=2)
    move(nav, Quantity=2, Unit_Cost=2, Location_Code="GLASGOW")
    move(nav, Entry_Type="Sale", Quantity=5)
    sale = ledger(nav, "?$filter=Entry_No gt 3")[0]
    assert (sale["Entry_Type"], sale["Quantity"], sale["Remaining_Quantity"]) == ("Sale", -5, 0)
    assert sale["Cost_Amount_Actual"] == -8
    assert [row["Remaining_Quantity"] for row in ledger(nav)] == [0, 3, 2, 0]
    assert [row["Open"] for row in ledger(nav)] == [False, True, True, False]
    assert inventory(nav) == 5


def test_stock_may_fall_below_zero_and_is_made_good_later(nav: Any) -> None:
    move(nav, Entry_Type="Negative Adjmt.", Quantity=3)
    assert (ledger(nav)[0]["Remaining_Quantity"], inventory(nav)) == (-3, -3)
    move(nav, Quantity=5)
    assert [row["Remaining_Quantity"] for row in ledger(nav)] == [0, 2]


def test_stock_may_be_kept_from_falling_below_zero(nav: Any) -> None:
    nav.settings(prevent_negative_inventory=True)
    move(nav, Quantity=5, Location_Code="GLASGOW")
    insert(nav, Document_No="IM2", Quantity=5)
    insert(nav, 30000, Entry_Type="Sale", Document_No="IM2", Quantity=6)
    assert refusal(nav) == f"You have insufficient quantity of Item {ITEM} on inventory."
    assert len(ledger(nav)) == 1
    assert inventory(nav) == 5
    nav.patch(f"{pages(nav)}/{line_key(30000)}", {"Quantity": 5})
    assert post(nav) == {"posted": ["IM2"]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Document_No": ""}, "Document No. must have a value in Item Journal Line"),
        ({"Quantity": 0}, "Quantity must have a value in Item Journal Line"),
        ({"Posting_Date": "2001-01-31"}, "Posting Date is not within your range of allowed posting dates"),
        ({"Item_No": "FREIGHT"}, "Type must be equal to 'Inventory'  in Item: No.=FREIGHT."),
        ({"Shortcut_Dimension_1_Code": "NORTH"}, "Dimension Value REGION - NORTH is blocked."),
    ],
)
def test_what_is_wrong_with_one_line_posts_none(nav: Any, values: dict[str, Any], message: str) -> None:
    insert(nav)
    assert insert(nav, 30000, **values).status == 201
    assert message in refusal(nav)
    assert ledger(nav) == []
    assert len(nav.get(f"{pages(nav)}/ItemJournal").rows) == 2


# --- cost in the general ledger ---


def test_without_automatic_cost_posting_the_general_ledger_stays_empty(nav: Any) -> None:
    move(nav)
    assert costs(nav) == []


@pytest.mark.parametrize(
    ("entry_type", "expected"),
    [
        ("Purchase", [("2110", 25), ("7190", -25)]),
        ("Positive Adjmt.", [("2110", 25), ("7170", -25)]),
        ("Sale", [("2110", -25), ("7110", 25)]),
        ("Negative Adjmt.", [("2110", -25), ("7170", 25)]),
    ],
)
def test_automatic_cost_posting_writes_entries_under_the_items_document(
    nav: Any, entry_type: str, expected: list[tuple[str, int]]
) -> None:
    move(nav, Quantity=20, Document_No="BEFORE")
    nav.settings(automatic_cost_posting=True)
    inbound = {"Unit_Cost": 2.5} if entry_type in ("Purchase", "Positive Adjmt.") else {}
    move(nav, Entry_Type=entry_type, Shortcut_Dimension_1_Code="LONDON", **inbound)
    assert costs(nav) == [("IM1", account, amount) for account, amount in expected]
    assert nav.side.get("sums")["balanced"]
    (account,) = nav.get("accounts?$filter=number eq '2110'").rows
    assert account["netChange"] == expected[0][1]
    entry = nav.get("generalLedgerEntries?$expand=dimensionSetLines").rows[0]
    assert [one["valueCode"] for one in entry["dimensionSetLines"]] == ["LONDON"]


def test_the_posting_setup_says_what_received_goods_are_credited_to(nav: Any) -> None:
    nav.settings(automatic_cost_posting=True, direct_cost_applied_account="5450")
    move(nav)
    assert costs(nav) == [("IM1", "2110", 25), ("IM1", "5450", -25)]


@pytest.mark.parametrize(("group", "account"), [("CIN7-PURCH", "5450"), ("CIN7-SALE", "7110")])
def test_the_business_posting_group_says_which_account_an_adjustment_meets(
    nav: Any, group: str, account: str
) -> None:
    nav.settings(automatic_cost_posting=True)
    move(nav, Entry_Type="Positive Adjmt.", Unit_Cost=2.5, Gen_Bus_Posting_Group=group)
    assert costs(nav) == [("IM1", "2110", 25), ("IM1", account, -25)]


def test_a_business_posting_group_that_is_not_set_up_is_refused(nav: Any) -> None:
    answer = insert(nav, Gen_Bus_Posting_Group="NOWHERE")
    assert answer.status == 400
    assert "Gen. Business Posting Group" in answer.body["error"]["message"]


def test_movements_without_cost_write_no_general_ledger_entries(nav: Any) -> None:
    nav.settings(automatic_cost_posting=True)
    move(nav, Unit_Cost=0)
    assert len(ledger(nav)) == 1
    assert costs(nav) == []


def test_published_pages_are_counted_by_their_names(nav: Any) -> None:
    nav.side.delete("calls")
    insert(nav)
    nav.delete(f"{pages(nav)}/{line_key(20000)}")
    assert nav.side.get("calls")["by_route"] == {"POST ItemJournal": 1, "DELETE ItemJournal()": 1}


def test_the_opening_stock_is_what_cin7s_warehouses_hold_at_the_start(nav: Any) -> None:
    world = build_world(1)
    made = nav.side.post("opening-stock", {})
    expected = {
        (product.sku, location.code): quantity
        for product in world.products
        for location in world.locations
        if (quantity := opening_stock(product, location))
    }
    entries = nav.side.get("item-entries")["entries"]
    assert made == {"entries": len(expected)}
    assert {(one["Item_No"], one["Location_Code"]): Decimal(one["Quantity"]) for one in entries} == expected
    assert {one["Posting_Date"] for one in entries} == {"2025-12-31"}
