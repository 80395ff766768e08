"""Posting a journal: what must be right, what the ledger shows, what stays behind."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest


def values(rows: list[Any]) -> list[tuple[str, Decimal]]:
    return [(row["accountNumber"], row["debitAmount"] - row["creditAmount"]) for row in rows]


def test_a_balanced_document_is_posted(nav: Any) -> None:
    batch = nav.batch()
    nav.line(batch, "C00010", 120.5, accountType="Customer", externalDocumentNumber="INV-1")
    nav.line(batch, "6110", -100.5, description="Goods")
    nav.line(batch, "5650", -20)
    answer = nav.post_journal(batch)
    assert (answer.status, answer.raw) == (204, b"")
    rows = nav.entries()
    assert values(rows) == [
        ("2310", Decimal("120.5")),
        ("6110", Decimal("-100.5")),
        ("5650", Decimal("-20")),
    ]
    assert [row["entryNumber"] for row in rows] == [1, 2, 3]
    assert {row["postingDate"] for row in rows} == {nav.today}
    assert rows[1]["description"] == "Goods"
    assert rows[0]["documentType"] == "_x0020_"
    assert nav.get("customers?$filter=number eq 'C00010'").rows[0]["balanceDue"] == Decimal("120.5")
    assert nav.get("accounts?$filter=number eq '6110'").rows[0]["netChange"] == Decimal("-100.5")
    assert nav.side.get("sums") == {
        "balanced": True,
        "unbalanced": [],
        "documents": {"D1": {"debit": "120.50", "credit": "120.50"}},
    }


def test_posting_leaves_a_blank_line_behind(nav: Any) -> None:
    batch = nav.ready(("8310", 5), ("6110", -5))
    nav.post_journal(batch)
    (blank,) = nav.lines(batch)
    assert (blank["lineNumber"], blank["accountNumber"], blank["amount"]) == (10000, "", 0)
    assert blank["documentNumber"] == "D1"
    assert nav.post_journal(batch).message == "There is nothing to post."
    clash = nav.line(batch, "8310", 5, lineNumber=10000)
    assert clash.code == "Internal_EntityWithSameKeyExists"
    nav.line(batch, "8310", 5, documentNumber="D2")
    nav.line(batch, "6110", -5, documentNumber="D2")
    assert nav.post_journal(batch).status == 204
    assert len(nav.entries("D2")) == 2


@pytest.mark.parametrize("action", ["Microsoft.NAV.post", "Microsoft.NAV.Post", "microsoft.nav.POST"])
def test_the_action_posts_in_any_spelling(nav: Any, action: str) -> None:
    assert nav.post_journal(nav.ready(("8310", 5), ("6110", -5)), action).status == 204
    assert len(nav.entries()) == 2


def test_there_must_be_a_batch_with_lines(nav: Any) -> None:
    assert nav.post_journal(nav.batch()).message == "There is nothing to post."
    nobody = "99999999-9999-4999-8999-999999999999"
    assert nav.post_journal(nobody).message == f"The General Journal Batch with ID {nobody} cannot be found."


def test_a_document_out_of_balance_posts_nothing(nav: Any) -> None:
    batch = nav.ready(("8310", 1234.5), ("6110", -5))
    nav.line(batch, "8310", 7, documentNumber="D0")
    nav.line(batch, "6110", -7, documentNumber="D0")
    answer = nav.post_journal(batch)
    assert (answer.status, answer.code) == (400, "Application_DialogException")
    assert answer.message == (
        "Document No. D1 is out of balance by 1,229.5. Please check that Posting Date, Document Type, "
        "Document No. and Amount are correct for each line."
    )
    assert nav.get("generalLedgerEntries").rows == []
    assert len(nav.lines(batch)) == 4


def test_balance_is_asked_for_each_document_unless_the_template_says_otherwise(nav: Any) -> None:
    batch = nav.ready(("8310", 5))
    nav.line(batch, "6110", -5, documentNumber="D2")
    assert "Document No. D1 is out of balance by 5." in nav.post_journal(batch).message
    nav.settings(force_doc_balance=False)
    nav.line(batch, "8310", 1, documentNumber="D3")
    day = dt.date.fromisoformat(nav.today)
    assert nav.post_journal(batch).message == (
        f"The lines in {day:%m/%d/%y} are out of balance by 1. Check that Posting Date and Amount are "
        "correct for each line."
    )
    nav.line(batch, "6110", -1, documentNumber="D4")
    assert nav.post_journal(batch).status == 204


def test_one_document_must_balance_on_each_date(nav: Any) -> None:
    batch = nav.ready(("8310", 5))
    first = nav.get("generalLedgerSetup").rows[0]["allowPostingFrom"]
    nav.line(batch, "6110", -5, postingDate=first)
    assert "Document No. D1 is out of balance by -5." in nav.post_journal(batch).message


def test_a_balancing_account_balances_the_line_itself(nav: Any) -> None:
    batch = nav.batch()
    nav.line(batch, "8310", 5, balancingAccountNumber="2910")
    assert nav.post_journal(batch).status == 204
    assert values(nav.entries()) == [("8310", 5), ("2910", -5)]


def test_dates_outside_the_allowed_range_are_refused(nav: Any) -> None:
    first = dt.date.fromisoformat(nav.get("generalLedgerSetup").rows[0]["allowPostingFrom"])
    before = (first - dt.timedelta(days=1)).isoformat()
    batch = nav.ready(("8310", 5), ("6110", -5), postingDate=before)
    assert nav.post_journal(batch).message == (
        "Posting Date is not within your range of allowed posting dates in Gen. Journal Line Journal "
        "Template Name='CIN7',Journal Batch Name='C7TEST',Line No.='10000'."
    )
    nav.settings(allow_posting_from="2020-01-01", allow_posting_to=before)
    assert nav.get("generalLedgerSetup").rows[0]["allowPostingTo"] == before
    assert nav.post_journal(batch).status == 204
    late = nav.ready(("8310", 5), ("6110", -5), code="C7LATE")
    assert "Posting Date is not within" in nav.post_journal(late).message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"documentNumber": ""}, "Document No. must have a value in Gen. Journal Line: Journal Template Name="
         "CIN7, Journal Batch Name=C7TEST, Line No.=10000. It cannot be zero or empty."),
        ({"amount": 0}, "Amount must have a value in Gen. Journal Line"),
        ({"accountNumber": ""}, "Account No. must have a value in Gen. Journal Line"),
    ],
)  # fmt: skip
def test_a_line_must_be_complete(nav: Any, change: dict[str, Any], message: str) -> None:
    batch = nav.batch()
    body = {"accountNumber": "8310", "documentNumber": "D1", "amount": 5, **change}
    nav.post(f"journals({batch})/journalLines", body)
    answer = nav.post_journal(batch)
    assert (answer.status, answer.code) == (400, "Application_FieldValidationException")
    assert message in answer.message


def test_a_mandatory_dimension_is_only_missed_at_posting(nav: Any) -> None:
    batch = nav.ready(("8410", 5), ("6110", -5))
    assert nav.post_journal(batch).message == (
        "A dimension used in Gen. Journal Line CIN7, C7TEST, 10000 has caused an error. Select a Dimension "
        "Value Code for the Dimension Code REGION for G/L Account 8410."
    )
    line = nav.lines(batch)[0]["id"]
    nav.post(f"journalLines({line})/dimensionSetLines", {"code": "REGION", "valueCode": "LONDON"})
    assert nav.post_journal(batch).status == 204


def test_a_blocked_dimension_value_is_refused_at_posting(nav: Any) -> None:
    batch = nav.ready(("8310", 5), ("6110", -5))
    line = nav.lines(batch)[0]["id"]
    made = nav.post(f"journalLines({line})/dimensionSetLines", {"code": "REGION", "valueCode": "NORTH"})
    assert made.status == 201
    assert "Dimension Value REGION - NORTH is blocked." in nav.post_journal(batch).message


def test_an_external_number_counts_once_for_each_vendor(nav: Any) -> None:
    def bill(code: str, vendor: str) -> Any:
        batch = nav.batch(code)
        nav.line(batch, vendor, -12, accountType="Vendor", externalDocumentNumber="ext-1")
        nav.line(batch, "8310", 12, externalDocumentNumber="ext-1")
        return nav.post_journal(batch)

    assert bill("C7A", "V00010").status == 204
    assert bill("C7B", "V00020").status == 204
    again = bill("C7C", "V00010")
    assert (again.status, again.message) == (400, "Purchase   EXT-1 already exists for this vendor.")
    assert nav.get("vendors?$filter=number eq 'V00010'").rows[0]["balance"] == 12
    assert len(nav.entries()) == 4


def test_an_external_number_can_be_made_mandatory(nav: Any) -> None:
    nav.settings(external_document_mandatory=True)
    batch = nav.batch()
    nav.line(batch, "V00010", -12, accountType="Vendor")
    nav.line(batch, "8310", 12)
    assert "External Document No. must have a value" in nav.post_journal(batch).message


def test_a_party_blocked_after_the_insert_is_refused(nav: Any) -> None:
    batch = nav.batch()
    nav.line(batch, "C00010", 12, accountType="Customer")
    nav.line(batch, "6110", -12)
    customer = nav.get("customers?$filter=number eq 'C00010'").rows[0]["id"]
    nav.patch(f"customers({customer})", {"blocked": "All"})
    assert nav.post_journal(batch).message == (
        "You cannot post this type of document when Customer C00010 is blocked with type All"
    )


def test_a_line_on_a_foreign_customer_is_in_that_currency(nav: Any) -> None:
    batch = nav.batch()
    nav.line(batch, "C00490", 100, accountType="Customer")
    nav.line(batch, "6110", -86)
    assert nav.post_journal(batch).status == 204
    assert values(nav.entries()) == [("2310", 86), ("6110", -86)]


def test_the_same_document_number_can_be_posted_twice(nav: Any) -> None:
    for code in ("C7A", "C7B"):
        assert nav.post_journal(nav.ready(("8310", 5), ("6110", -5), code=code)).status == 204
    assert len(nav.entries()) == 4
    assert len(nav.get("generalLedgerEntries?$filter=entryNumber gt 2").rows) == 2


def test_the_users_own_posting_range_wins_and_is_shown_nowhere(nav: Any) -> None:
    setup = nav.get("generalLedgerSetup").rows
    nav.settings(user_posting_from="2999-01-01")
    assert nav.get("generalLedgerSetup").rows == setup
    batch = nav.ready(("8310", 5), ("6110", -5))
    assert nav.post_journal(batch).message.startswith("Posting Date is not within your range")
    nav.settings(user_posting_from="2000-01-01", allow_posting_from="2999-01-01")
    assert nav.post_journal(batch).status == 204
