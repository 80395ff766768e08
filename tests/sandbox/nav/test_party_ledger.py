"""The published ledgers of customers and vendors, and what people do to posted entries."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from tests.sandbox.nav.test_items import pages

CUSTOMERS, VENDORS = "Cust_LedgerEntries", "VendorLedgerEntries"


def ledger(nav: Any, service: str, document: str = "D1") -> list[Any]:
    return list(nav.get(f"{pages(nav)}/{service}?$filter=Document_No eq '{document}'").rows)


def hand(nav: Any, action: str, **body: Any) -> None:
    nav.side.post(f"by-hand/{action}", body)


def sale(nav: Any, document: str = "D1", amount: str = "120") -> None:
    lines = [
        {"type": "Customer", "account": "C00010", "amount": amount},
        {"account": "6110", "amount": str(-Decimal(amount)), "dimensions": {"CHANNEL": "WEB"}},
    ]
    hand(nav, "post-journal", number=document, external_number="inv-1", lines=lines)


def test_a_posted_journal_shows_in_its_partys_ledger_and_nowhere_else(nav: Any) -> None:
    batch = nav.batch()
    party = {"accountType": "Vendor", "externalDocumentNumber": "PI-1"}
    nav.line(batch, "V00010", -50, **party)
    nav.line(batch, "8310", 50)
    assert nav.post_journal(batch).status == 204
    (entry,) = ledger(nav, VENDORS)
    assert (entry["Vendor_No"], entry["External_Document_No"], entry["Amount_LCY"]) == ("V00010", "PI-1", -50)
    assert (entry["Remaining_Amt_LCY"], entry["Open"], entry["Reversed"]) == (-50, True, False)
    numbers = {one["entryNumber"] for one in nav.entries() if one["accountNumber"] == "5410"}
    assert {entry["Entry_No"]} == numbers
    assert ledger(nav, CUSTOMERS) == []
    assert nav.post(f"{pages(nav)}/{VENDORS}", {"Open": False}).status == 405


def test_what_is_applied_is_closed_as_far_as_it_goes(nav: Any) -> None:
    sale(nav)
    sale(nav, "D2", "-50")
    hand(nav, "apply", party="customer", documents=["D1", "D2"])
    (first,), (second,) = ledger(nav, CUSTOMERS), ledger(nav, CUSTOMERS, "D2")
    assert (first["Remaining_Amt_LCY"], first["Open"]) == (70, True)
    assert (second["Remaining_Amt_LCY"], second["Open"]) == (0, False)


def test_a_reversal_by_hand_leaves_nothing_under_the_same_number(nav: Any) -> None:
    sale(nav)
    hand(nav, "reverse", number="D1")
    assert sum(one["debitAmount"] - one["creditAmount"] for one in nav.entries()) == 0
    assert len(nav.entries()) == 4
    assert ledger(nav, CUSTOMERS)[0]["Reversed"] is True
    assert not ledger(nav, CUSTOMERS)[0]["Open"]


def test_dimensions_are_corrected_on_one_account(nav: Any) -> None:
    sale(nav)
    hand(nav, "correct-dimensions", number="D1", account="6110", dimension="CHANNEL", value="RETAIL")
    rows = nav.get("generalLedgerEntries?$filter=documentNumber eq 'D1'&$expand=dimensionSetLines").rows
    found = {row["accountNumber"]: [one["valueCode"] for one in row["dimensionSetLines"]] for row in rows}
    assert found["6110"] == ["RETAIL"]
    with pytest.raises(requests.HTTPError, match="409"):
        hand(nav, "correct-dimensions", number="D1", account="6110", dimension="CHANNEL", value="NONE")


def test_a_lost_document_is_in_no_ledger_and_the_others_stay(nav: Any) -> None:
    sale(nav)
    sale(nav, "D2")
    hand(nav, "lose", number="D1")
    assert nav.entries() == []
    assert ledger(nav, CUSTOMERS) == []
    assert len(nav.entries("D2")) == 2
    sale(nav, "D3")
    numbers = [one["entryNumber"] for one in nav.get("generalLedgerEntries?$filter=entryNumber gt 0").rows]
    assert numbers == sorted(set(numbers))


def test_a_journal_that_does_not_balance_is_refused(nav: Any) -> None:
    with pytest.raises(requests.HTTPError, match="409"):
        hand(nav, "post-journal", number="D1", lines=[{"account": "6110", "amount": "1"}])
