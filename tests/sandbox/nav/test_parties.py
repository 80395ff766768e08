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


def test_default_dimensions_come_with_the_cards_they_belong_to(nav: Any) -> None:
    spec = {"number": "C00020", "dimension": "REGION", "posting_validation": "Code Mandatory"}
    nav.side.post("default-dimension", {"party": "customer", **spec})
    cards = {row["number"]: row for row in nav.get("customers?$expand=defaultDimensions").rows}
    (found,) = cards["C00020"]["defaultDimensions"]
    assert (found["dimensionCode"], found["dimensionValueCode"]) == ("REGION", "")
    assert found["postingValidation"] == "Code_x0020_Mandatory"
    assert cards["C00010"]["defaultDimensions"] == []
    assert nav.get("defaultDimensions").status == 400


def journal(nav: Any, **party_line: Any) -> Any:
    batch = nav.batch()
    nav.line(batch, "C00020", 5, accountType="Customer", **party_line)
    nav.line(batch, "6110", -5)
    return batch


def test_a_partys_default_dimension_is_put_on_its_lines(nav: Any) -> None:
    spec = {"number": "C00020", "dimension": "REGION", "value": "LONDON"}
    nav.side.post("default-dimension", {"party": "customer", **spec})
    line = nav.lines(journal(nav))[0]
    (found,) = nav.get(f"journalLines({line['id']})/dimensionSetLines").rows
    assert (found["code"], found["valueCode"]) == ("REGION", "LONDON")
    again = nav.post(
        f"journalLines({line['id']})/dimensionSetLines", {"code": "REGION", "valueCode": "LONDON"}
    )
    assert again.message.startswith("The dimension set line already exists.")


@pytest.mark.parametrize(
    ("spec", "sent", "refusal"),
    [
        (
            {"posting_validation": "Code Mandatory"},
            "",
            "Select a Dimension Value Code for the Dimension Code REGION for Customer C00020.",
        ),
        ({"posting_validation": "Code Mandatory"}, "LONDON", None),
        (
            {"posting_validation": "Same Code", "value": "GLASGOW"},
            "LONDON",
            "The Dimension value code must be GLASGOW for Dimension code REGION for Customer C00020. "
            "Currently it's LONDON.",
        ),
        ({"posting_validation": "Same Code", "value": "GLASGOW"}, "", None),
        (
            {"posting_validation": "No Code"},
            "LONDON",
            "The Dimension value code must be blank for Dimension code REGION for Customer C00020.",
        ),
    ],
)
def test_what_a_party_demands_of_dimensions_is_checked_on_posting(
    nav: Any, spec: dict[str, str], sent: str, refusal: str | None
) -> None:
    nav.side.post(
        "default-dimension", {"party": "customer", "number": "C00020", "dimension": "REGION", **spec}
    )
    batch = journal(nav)
    line = nav.lines(batch)[0]
    path = f"journalLines({line['id']})/dimensionSetLines"
    if sent and nav.get(path).rows:
        nav.patch(f"{path}({nav.get(path).rows[0]['id']})", {"valueCode": sent})
    elif sent:
        nav.post(path, {"code": "REGION", "valueCode": sent})
    answer = nav.post_journal(batch)
    if refusal is None:
        assert answer.status == 204
    else:
        assert answer.message == (
            f"A dimension used in Gen. Journal Line CIN7, C7TEST, 10000 has caused an error. {refusal}"
        )


@pytest.mark.parametrize(
    ("blocked", "taken"), [(" ", True), ("Ship", True), ("Invoice", False), ("All", False)]
)
def test_a_line_without_document_type_is_refused_as_an_invoice_is(
    nav: Any, blocked: str, taken: bool
) -> None:
    card = nav.get("customers?$filter=number eq 'C00020'").rows[0]
    nav.patch(f"customers({card['id']})", {"blocked": blocked})
    answer = nav.line(nav.batch(), "C00020", 5, accountType="Customer")
    assert (answer.status == 201) is taken
    if not taken:
        assert answer.message == (
            f"You cannot create this type of document when Customer C00020 is blocked with type {blocked}"
        )


def test_payment_terms_are_listed_and_others_are_refused_on_a_card(nav: Any) -> None:
    terms = {row["code"]: row["id"] for row in nav.get("paymentTerms?$select=id,code").rows}
    assert set(terms) == {"14 DAYS", "30 DAYS", "CASH"}
    card = nav.get("vendors?$filter=number eq 'V00010'").rows[0]
    assert card["paymentTermsId"] == terms["30 DAYS"]
    assert nav.patch(f"vendors({card['id']})", {"paymentTermsId": terms["CASH"]}).status == 200
    refused = nav.patch(f"vendors({card['id']})", {"paymentTermsId": card["id"]})
    assert refused.message == 'The "paymentTermsId" does not match to a Payment Terms.'


def test_without_a_number_series_a_card_needs_a_number(nav: Any) -> None:
    nav.settings(party_number_series=False)
    refused = nav.post("vendors", {"displayName": "One"})
    assert refused.code == "Application_FieldValidationException"
    assert refused.message.startswith("Vendor Nos. must have a value in Purchases & Payables Setup")
    assert nav.post("vendors", {"displayName": "One", "number": "V5"}).status == 201


def test_without_a_template_a_new_card_can_not_be_posted_to(nav: Any) -> None:
    nav.settings(party_templates=False)
    number = nav.post("vendors", {"displayName": "One"}).body["number"]
    batch = nav.batch()
    nav.line(batch, number, -5, accountType="Vendor", externalDocumentNumber="X1")
    nav.line(batch, "6110", 5)
    refused = nav.post_journal(batch)
    assert refused.message == (
        f"Vendor Posting Group must have a value in Vendor: No.={number}. It cannot be zero or empty."
    )
