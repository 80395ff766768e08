"""Journal batches and their lines: what an insert does, says and silently decides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

NO_GUID = "00000000-0000-0000-0000-000000000000"


def account_id(nav: Any, number: str) -> str:
    return str(nav.get(f"accounts?$filter=number eq '{number}'").rows[0]["id"])


def test_a_list_without_a_template_shows_only_the_default_one(nav: Any) -> None:
    ours = nav.batch("C7A")
    nav.batch("USER", template="GENERAL")
    assert [row["code"] for row in nav.get("journals").rows] == ["USER"]
    assert nav.get("journals/$count").raw.endswith(b"1")
    found = nav.get("journals?$filter=templateDisplayName eq 'CIN7' and (code eq 'C7A' or code eq 'C7B')")
    assert [row["id"] for row in found.rows] == [ours]
    assert nav.get(f"journals({ours})").body["templateDisplayName"] == "CIN7"


def test_codes_are_upper_cased_and_bounded(nav: Any) -> None:
    assert nav.post("journals", {"code": " c7abc "}).body["code"] == "C7ABC"
    answer = nav.post("journals", {"code": "C7123456789"})
    assert (answer.status, answer.code) == (400, "Application_StringExceededLength")
    assert answer.message == (
        "The length of the string is 11, but it must be less than or equal to 10 characters. "
        "Value: C7123456789"
    )
    assert nav.post("journals", {"displayName": "x"}).code == "Application_FieldValidationException"
    assert nav.post("journals", {"code": "A", "templateDisplayName": "NO"}).code == (
        "Internal_InvalidTableRelation"
    )


@pytest.mark.parametrize("status", [400, 409])
def test_a_batch_that_exists_is_refused(nav: Any, status: int) -> None:
    nav.settings(duplicate_key_status=status)
    nav.batch("C7A")
    answer = nav.post("journals", {"code": "C7A", "templateDisplayName": "CIN7"})
    assert (answer.status, answer.code) == (status, "Internal_EntityWithSameKeyExists")
    assert nav.post("journals", {"code": "C7A"}).status == 201


def test_changes_need_a_current_etag(nav: Any) -> None:
    batch = nav.batch()
    etag = nav.get(f"journals({batch})").body["@odata.etag"]
    missing = nav.call("PATCH", f"journals({batch})", {"displayName": "x"})
    assert (missing.status, missing.code) == (400, "BadRequest_InvalidToken")
    changed = nav.patch(f"journals({batch})", {"displayName": "x"}, etag)
    assert changed.status == 200
    assert changed.body["@odata.etag"] != etag
    stale = nav.patch(f"journals({batch})", {"displayName": "y"}, etag)
    assert (stale.status, stale.code) == (409, "Request_EntityChanged")
    assert nav.patch(f"journals({batch})", {"displayName": "z"}).status == 200
    assert nav.call("DELETE", f"journals({batch})", If_Match=etag).status == 409
    assert nav.delete(f"journals({batch})").status == 204


def test_renaming_and_deleting_take_the_lines_along(nav: Any) -> None:
    batch = nav.ready(("8310", 10))
    nav.patch(f"journals({batch})", {"code": "C7NEW"})
    (line,) = nav.lines(batch)
    assert line["journalDisplayName"] == "C7NEW"
    nav.delete(f"journals({batch})")
    assert nav.get(f"journalLines({line['id']})").status == 404


def test_a_deep_insert_answers_expanded_when_asked(nav: Any) -> None:
    body = {
        "code": "C7DEEP",
        "templateDisplayName": "CIN7",
        "journalLines": [
            {"accountNumber": "8310", "documentNumber": "D1", "amount": 10.25},
            {
                "accountNumber": "6110",
                "documentNumber": "D1",
                "amount": -10.25,
                "dimensionSetLines": [{"code": "region", "valueCode": "london"}],
            },
        ],
    }
    expand = "journals?$expand=journalLines($expand=dimensionSetLines)"
    answer = nav.post(expand, body)
    assert answer.status == 201
    first, second = answer.body["journalLines"]
    assert (first["lineNumber"], second["lineNumber"]) == (10000, 20000)
    assert (first["amount"], second["amount"]) == (Decimal("10.25"), Decimal("-10.25"))
    assert first["accountType"] == "G_x002F_L_x0020_Account"
    (dimension,) = second["dimensionSetLines"]
    assert (dimension["code"], dimension["valueCode"]) == ("REGION", "LONDON")
    nav.settings(expand_on_insert=False)
    assert "journalLines" not in nav.post(expand, {**body, "code": "C7OTHER"}).body


def test_a_deep_insert_that_fails_leaves_nothing(nav: Any) -> None:
    lines = [
        {"accountNumber": "8310", "documentNumber": "D1", "amount": 10},
        {"accountNumber": "6950", "documentNumber": "D1", "amount": -10},
    ]
    answer = nav.post("journals", {"code": "C7BAD", "templateDisplayName": "CIN7", "journalLines": lines})
    assert answer.code == "Internal_InvalidTableRelation"
    assert nav.get("journals?$filter=templateDisplayName eq 'CIN7'").rows == []


def test_lines_can_only_be_listed_below_a_batch(nav: Any) -> None:
    batch = nav.ready(("8310", 10))
    answer = nav.get("journalLines")
    assert answer.message == "You must specify a journal batch ID or a journal ID to get a journal line."
    assert len(nav.get(f"journalLines?$filter=journalId eq {batch}").rows) == 1
    made = nav.post("journalLines", {"journalId": batch, "accountNumber": "8310", "amount": 1})
    assert made.body["documentNumber"] == "D1"


@pytest.mark.parametrize(
    ("account", "code", "message"),
    [
        (
            "6950",
            "Internal_InvalidTableRelation",
            "The field Account No. of table Gen. Journal Line contains a value (6950) that cannot be found "
            "in the related table (G/L Account).",
        ),
        ("6000", "Internal_InvalidTableRelation", "(6000)"),
        ("NONE", "Internal_InvalidTableRelation", "(NONE)"),
        (
            "2310",
            "Application_FieldValidationException",
            "Direct Posting must be equal to 'Yes'  in G/L Account: No.=2310. Current value is 'No'.",
        ),
    ],
)
def test_accounts_are_checked_at_insert(nav: Any, account: str, code: str, message: str) -> None:
    answer = nav.line(nav.batch(), account, 10)
    assert (answer.status, answer.code) == (400, code)
    assert message in answer.message


def test_an_account_may_be_given_by_id(nav: Any) -> None:
    batch, account = nav.batch(), account_id(nav, "8310")
    made = nav.post(f"journals({batch})/journalLines", {"accountId": account, "amount": 5}).body
    assert (made["accountNumber"], made["description"]) == ("8310", "General expenses")
    both = {"accountId": account, "accountNumber": "8210", "amount": 5}
    refused = nav.post(f"journals({batch})/journalLines", both)
    assert refused.message == "The account values do not match to a specific Account."
    wrong = nav.post(f"journals({batch})/journalLines", {"accountId": "8310", "amount": 5})
    assert wrong.code == "Application_InvalidGUID"
    unknown = nav.post(f"journals({batch})/journalLines", {"accountId": nav.company, "amount": 5})
    assert unknown.message == 'The "accountId" does not match to an Account.'


def test_a_customer_id_is_silently_not_resolved(nav: Any) -> None:
    batch = nav.batch()
    customer = nav.get("customers?$filter=number eq 'C00010'").rows[0]
    by_id = {"accountType": "Customer", "accountId": customer["id"], "amount": 5}
    made = nav.post(f"journals({batch})/journalLines", by_id)
    assert (made.status, made.body["accountNumber"], made.body["accountId"]) == (201, "", NO_GUID)
    made = nav.line(batch, "C00010", 5, accountType="Customer").body
    assert (made["accountNumber"], made["description"]) == ("C00010", customer["displayName"])


def test_a_blocked_customer_is_refused(nav: Any) -> None:
    answer = nav.line(nav.batch(), "C00500", 5, accountType="Customer")
    assert answer.message == (
        "You cannot create this type of document when Customer C00500 is blocked with type All"
    )


def test_the_order_of_properties_counts(nav: Any) -> None:
    batch = nav.batch()
    lines = f"journals({batch})/journalLines"
    late_type = nav.post(lines, {"accountNumber": "8310", "accountType": "G/L Account", "amount": 5})
    assert late_type.body["accountNumber"] == ""
    too_early = nav.post(lines, {"accountNumber": "C00010", "accountType": "Customer", "amount": 5})
    assert too_early.code == "Internal_InvalidTableRelation"
    early_text = nav.post(lines, {"description": "mine", "accountNumber": "8310", "amount": 5})
    assert early_text.body["description"] == "General expenses"
    late_text = nav.post(lines, {"accountNumber": "8310", "description": "mine", "amount": 5})
    assert late_text.body["description"] == "mine"


def test_what_is_left_out_comes_from_the_line_before(nav: Any) -> None:
    batch = nav.batch()
    first = nav.line(batch, "8310", 5, documentNumber="").body
    assert (first["documentNumber"], first["postingDate"]) == ("", nav.today)
    nav.delete(f"journalLines({first['id']})")
    nav.line(batch, "8310", 5, documentNumber="INV-7", postingDate="2020-02-29", externalDocumentNumber="E7")
    lines = f"journals({batch})/journalLines"
    second = nav.post(lines, {"accountNumber": "6110", "amount": -5}).body
    assert (second["documentNumber"], second["postingDate"]) == ("INV-7", "2020-02-29")
    assert second["externalDocumentNumber"] == ""
    other = nav.post(lines, {"accountNumber": "8310", "amount": 5, "externalDocumentNumber": "E8"}).body
    assert other["documentNumber"] == "INV-8"


def test_a_line_in_between_follows_the_next_one(nav: Any) -> None:
    batch = nav.batch()
    nav.line(batch, "8310", 5, documentNumber="A")
    nav.line(batch, "8310", 5, documentNumber="B")
    between = nav.post(f"journals({batch})/journalLines", {"lineNumber": 15000, "accountNumber": "8310"})
    assert between.body["documentNumber"] == "B"
    again = nav.post(f"journals({batch})/journalLines", {"lineNumber": 15000, "accountNumber": "8310"})
    assert again.code == "Internal_EntityWithSameKeyExists"


def test_a_batchs_balancing_account_cannot_be_avoided(nav: Any) -> None:
    body = {"code": "C7BAL", "balancingAccountId": account_id(nav, "2910")}
    batch = nav.post("journals", body).body
    assert batch["balancingAccountNumber"] == "2910"
    made = nav.line(batch["id"], "8310", 5, balancingAccountNumber="").body
    assert made["balancingAccountNumber"] == "2910"
    assert nav.line(batch["id"], "8310", 5, balancingAccountNumber="5650").body[
        "balancingAccountNumber"
    ] == "5650"  # fmt: skip


def test_two_sub_ledgers_do_not_balance_each_other(nav: Any) -> None:
    answer = nav.line(
        nav.batch(),
        "C00010",
        5,
        accountType="Customer",
        balanceAccountType="Vendor",
        balancingAccountNumber="V00010",
    )
    assert answer.message == "Account Type or Bal. Account Type must be G/L Account or Bank Account."


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": "5"}, "BadRequest"),
        ({"amount": None}, "BadRequest_RequiredParamNotProvided"),
        ({"postingDate": "31.01.2026"}, "BadRequest"),
        ({"documentNumber": "X" * 21}, "Application_StringExceededLength"),
        ({"externalDocumentNumber": "X" * 36}, "Application_StringExceededLength"),
        ({"description": "X" * 101}, "Application_StringExceededLength"),
        ({"accountType": "Nonsense"}, "Unknown"),
        ({"dueDate": "2026-01-31"}, "BadRequest"),
        ({"id": NO_GUID}, "BadRequest_InvalidOperation"),
        ({"journalDisplayName": "X"}, "Application_DialogException"),
        ({"taxCode": "X"}, "Internal_InvalidTableRelation"),
    ],
)
def test_values_that_do_not_fit_are_refused(nav: Any, change: dict[str, Any], code: str) -> None:
    batch = nav.batch()
    answer = nav.post(f"journals({batch})/journalLines", {"accountNumber": "8310", "amount": 5, **change})
    assert (answer.status, answer.code) == (400, code)
    assert nav.lines(batch) == []


def test_amounts_are_rounded_and_both_spellings_of_a_type_are_read(nav: Any) -> None:
    batch = nav.batch()
    made = nav.line(batch, "8310", 5.005, accountType="G_x002F_L_x0020_Account").body
    assert made["amount"] == Decimal("5.01")
    assert nav.line(batch, "8310", -5.005).body["amount"] == Decimal("-5.01")


def test_changing_the_account_type_clears_the_account(nav: Any) -> None:
    batch = nav.ready(("8310", 5))
    (line,) = nav.lines(batch)
    cleared = nav.patch(f"journalLines({line['id']})", {"accountType": "Customer"}).body
    assert (cleared["accountNumber"], cleared["description"]) == ("", "")
    filled = nav.patch(f"journalLines({line['id']})", {"accountNumber": "C00010", "amount": 7}).body
    assert (filled["accountNumber"], filled["amount"]) == ("C00010", 7)
    moved = nav.patch(f"journalLines({line['id']})", {"journalId": batch})
    assert moved.message == "The Journal Batch Id isn't editable."


def test_an_empty_body_is_refused(nav: Any) -> None:
    answer = nav.call("POST", f"journals({nav.batch()})/journalLines")
    assert answer.message == "Values must be provided in the body."


def test_a_batch_with_lines_can_be_had_without_an_answer(nav: Any) -> None:
    answer = nav.post("journals", {"code": "C7QUIET"}, Prefer="return-no-content")
    assert (answer.status, answer.raw) == (204, b"")
