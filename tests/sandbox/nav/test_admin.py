"""The NAV side of the admin API."""

from __future__ import annotations

from typing import Any

import pytest
import requests


def test_a_purchase_invoice_keyed_in_by_hand_is_seen_everywhere(nav: Any) -> None:
    made = nav.side.post(
        "purchase-invoice", {"party": "V00010", "external_number": "inv-9", "amount": 80, "tax_percent": 20}
    )
    assert made["total"] == "96.00"
    (found,) = nav.get("purchaseInvoices?$filter=vendorInvoiceNumber eq 'INV-9'").rows
    assert (found["number"], found["vendorNumber"], found["status"]) == (made["number"], "V00010", "Open")
    assert found["totalAmountIncludingTax"] == 96
    (line,) = nav.get(f"purchaseInvoices({found['id']})/purchaseInvoiceLines").rows
    assert (line["lineObjectNumber"], line["unitCost"]) == ("8310", 80)
    assert {row["documentType"] for row in nav.entries(made["number"])} == {"Invoice"}
    assert nav.side.get("sums")["balanced"]
    with pytest.raises(requests.HTTPError, match="409"):
        nav.side.post("purchase-invoice", {"party": "V00010", "external_number": "INV-9"})
    assert len(nav.get("purchaseInvoices").rows) == 1


def test_a_sales_invoice_keyed_in_by_hand_is_seen(nav: Any) -> None:
    made = nav.side.post("sales-invoice", {"party": "C00020", "external_number": "SO-1"})
    (found,) = nav.get("salesInvoices?$expand=salesInvoiceLines,customer($select=number)").rows
    assert (found["number"], found["remainingAmount"]) == (made["number"], 120)
    assert found["customer"]["number"] == "C00020"
    assert len(found["salesInvoiceLines"]) == 1
    with pytest.raises(requests.HTTPError, match="422"):
        nav.side.post("sales-invoice", {"nonsense": 1})


def test_a_reset_brings_back_the_same_company(nav: Any) -> None:
    before = {row["number"]: row["id"] for row in nav.get("customers").rows}
    nav.settings(page_size=5)
    nav.batch()
    nav.side.reset()
    assert {row["number"]: row["id"] for row in nav.get("customers").rows} == before
    assert nav.get("journals?$filter=templateDisplayName eq 'CIN7'").rows == []


def test_unknown_switches_are_refused(nav: Any) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        nav.settings(nonsense=True)


def test_calls_are_counted_by_what_they_address(nav: Any) -> None:
    nav.side.delete("calls")
    nav.post_journal(nav.batch())
    assert nav.side.get("calls")["by_route"] == {"POST journals": 1, "POST journals()/Microsoft.NAV.post": 1}


def test_a_write_without_effect_is_answered_but_not_kept(nav: Any) -> None:
    batch = nav.ready(("8310", 5), ("6110", -5))
    nav.side.fault("no_effect", "NAV.post$")
    assert nav.post_journal(batch).status == 204
    assert nav.entries() == []
    assert len(nav.lines(batch)) == 2
    assert nav.post_journal(batch).status == 204
    assert [row["entryNumber"] for row in nav.entries()] == [1, 2]


def test_a_lost_answer_may_have_had_its_effect(nav: Any) -> None:
    batch = nav.ready(("8310", 5), ("6110", -5))
    nav.side.fault("lost_after", "NAV.post$")
    with pytest.raises(requests.ConnectionError):
        nav.post_journal(batch)
    assert len(nav.entries()) == 2
