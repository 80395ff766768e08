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


@pytest.mark.parametrize(
    ("call", "entity", "party", "external"),
    [
        ("purchase-credit-memo", "purchaseCreditMemos", "vendorNumber", "vendorCreditMemoNumber"),
        ("sales-credit-memo", "salesCreditMemos", "customerNumber", "externalDocumentNumber"),
    ],
)
def test_a_credit_memo_keyed_in_by_hand_is_seen_and_posted_the_other_way(
    nav: Any, call: str, entity: str, party: str, external: str
) -> None:
    made = nav.side.post(call, {"external_number": "cn-1", "amount": 50})
    (found,) = nav.get(entity).rows
    assert (found["number"], found[external], found["status"]) == (made["number"], "CN-1", "Open")
    assert found[party] in ("V00010", "C00010")
    assert found["totalAmountIncludingTax"] == 60
    assert len(nav.get(f"{entity}({found['id']})/{entity[:-1]}Lines").rows) == 1
    entries = {row["accountNumber"]: row for row in nav.entries(made["number"])}
    control = entries["5410" if party == "vendorNumber" else "2310"]
    assert control["debitAmount" if party == "vendorNumber" else "creditAmount"] == 60
    assert {row["documentType"] for row in entries.values()} == {"Credit_x0020_Memo"}
    assert nav.post(entity, {}).status == 405


def test_a_draft_is_seen_but_not_posted(nav: Any) -> None:
    made = nav.side.post("purchase-invoice", {"external_number": "D-1", "draft": True})
    (found,) = nav.get("purchaseInvoices").rows
    assert found["status"] == "Draft"
    assert nav.entries(made["number"]) == []
    nav.side.post("purchase-invoice/delete", {"number": made["number"]})
    assert nav.get("purchaseInvoices").rows == []
    posted = nav.side.post("purchase-invoice", {"external_number": "D-2"})
    with pytest.raises(requests.HTTPError, match="409"):
        nav.side.post("purchase-invoice/delete", {"number": posted["number"]})


@pytest.mark.parametrize(
    ("kind", "memos"), [("purchase", "purchaseCreditMemos"), ("sales", "salesCreditMemos")]
)
def test_cancelling_an_invoice_makes_a_corrective_credit_memo(nav: Any, kind: str, memos: str) -> None:
    made = nav.side.post(f"{kind}-invoice", {"external_number": "X-1"})
    memo = nav.side.post(f"{kind}-invoice/cancel", {"number": made["number"]})
    (invoice,) = nav.get(f"{kind}Invoices").rows
    (found,) = nav.get(memos).rows
    assert invoice["status"] == "Canceled"
    assert (found["number"], found["status"]) == (memo["number"], "Corrective")
    assert found["invoiceNumber"] == made["number"]
    sums = nav.side.get("sums")["documents"]
    assert sums[made["number"]] == sums[memo["number"]]
    with pytest.raises(requests.HTTPError, match="409"):
        nav.side.post(f"{kind}-invoice/cancel", {"number": made["number"]})


def test_an_administrator_opens_an_account_for_direct_posting(nav: Any) -> None:
    batch = nav.ready(("8310", 5), ("6110", -5))
    assert not nav.get("accounts?$filter=number eq '7110'").rows[0]["directPosting"]
    nav.side.post("account", {"number": "7110", "direct_posting": True})
    assert nav.get("accounts?$filter=number eq '7110'").rows[0]["directPosting"]
    line = {"accountNumber": "7110", "amount": 5, "documentNumber": "D1"}
    assert nav.post(f"journals({batch})/journalLines", line).status == 201
    with pytest.raises(requests.HTTPError, match="409"):
        nav.side.post("account", {"number": "0000", "direct_posting": True})
