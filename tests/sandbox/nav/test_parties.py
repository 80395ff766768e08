"""Customer and vendor cards."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_vendor_can_be_made_with_a_number_of_its_own(nav: Any) -> None:
    made = nav.post("vendors", {"number": "v90010", "displayName": "New & Co", "currencyCode": "usd"}).body
    assert (made["number"], made["currencyCode"]) == ("V90010", "USD")
    assert made["currencyId"] != "00000000-0000-0000-0000-000000000000"
    again = nav.post("vendors", {"number": "V90010", "displayName": "Again"})
    assert again.code == "Internal_EntityWithSameKeyExists"
    assert again.message == (
        "The record in table Vendor already exists. Identification fields and values: No.='V90010'"
    )


def test_a_number_is_drawn_where_none_is_given(nav: Any) -> None:
    first = nav.post("customers", {"displayName": "One"}).body["number"]
    second = nav.post("customers", {"displayName": "Two"}).body["number"]
    assert first != second
    assert nav.get(f"customers?$filter=number eq '{second}'").rows[0]["displayName"] == "Two"


def test_the_local_currency_is_kept_as_blank(nav: Any) -> None:
    assert nav.post("customers", {"displayName": "One", "currencyCode": "GBP"}).body["currencyCode"] == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": "x", "currencyCode": "XXX"},
        {"displayName": "x" * 101},
        {"displayName": "x", "n": 1},
    ],
)
def test_a_customer_that_is_not_right_is_refused(nav: Any, body: dict[str, Any]) -> None:
    before = len(nav.get("customers").rows)
    assert nav.post("customers", body).status == 400
    assert len(nav.get("customers").rows) == before


def test_changes_follow_the_etag_rules_and_move_the_time_stamp(nav: Any) -> None:
    card = nav.get("vendors?$filter=number eq 'V00010'").rows[0]
    path = f"vendors({card['id']})"
    assert nav.call("PATCH", path, {"phoneNumber": "1"}).status == 400
    changed = nav.patch(path, {"phoneNumber": "1"}, card["@odata.etag"])
    assert (changed.status, changed.body["phoneNumber"]) == (200, "1")
    assert nav.patch(path, {"phoneNumber": "2"}, card["@odata.etag"]).status == 409
    since = card["lastModifiedDateTime"]
    found = nav.get(f"vendors?$filter=lastModifiedDateTime gt {since}").rows
    assert [row["number"] for row in found] == ["V00010"]
    assert nav.patch(path, {"balance": 1}).code == "BadRequest_InvalidOperation"


def test_a_card_with_a_balance_cannot_be_deleted(nav: Any) -> None:
    batch = nav.batch()
    nav.line(batch, "C00010", 5, accountType="Customer")
    nav.line(batch, "6110", -5)
    nav.post_journal(batch)
    cards = {row["number"]: row["id"] for row in nav.get("customers").rows}
    assert nav.delete(f"customers({cards['C00010']})").status == 400
    assert nav.delete(f"customers({cards['C00020']})").status == 204
