"""The API v2.0 channel against answers by script: what it sends, how often, and what refusals become."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from cin7_nav.hooks.channel import Entity, JournalName
from cin7_nav.hooks.errors import NotFound, OutcomeUnknown, Refused, Unavailable
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_api_v2 import NavApiV2
from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.rules.twins import NavLines

BATCH = "aaaaaaaa-0000-4000-8000-000000000001"
WEB_LONDON = (("CHANNEL", "WEB"), ("REGION", "LONDON"))
JOURNAL = Journal(
    document_no="C7S-INV-1",
    external_document_no="INV-1 r1",
    posting_date=dt.date(2026, 10, 31),
    lines=(
        JournalLine(AccountType.CUSTOMER, "C00010", Decimal("1.2E+2"), "To pay"),
        JournalLine(
            AccountType.GL, "6110", Decimal("-99.99"), "x" * 130, (("CHANNEL", "WEB"), ("REGION", "LONDON"))
        ),
        JournalLine(AccountType.GL, "8110", Decimal("-20.01"), "Adverts", (("CHANNEL", "WEB"),)),
    ),
)
EXISTS = {
    "error": {
        "code": "Application_DialogException",
        "message": "The dimension set line already exists. Check existing dimension set lines.",
    }
}


def names(*codes: str, template: str = "CIN7") -> list[JournalName]:
    return [JournalName(template, code, "C7S-INV-1") for code in codes]


@pytest.fixture
def channel(make_nav: Callable[..., NavHook]) -> NavApiV2:
    return NavApiV2(make_nav())


def nav_line(number: int, line: JournalLine, dimensions: dict[str, str]) -> dict[str, Any]:
    escaped = str(line.account_type).replace("/", "_x002F_").replace(" ", "_x0020_")
    return {
        "id": f"line-{number}",
        "lineNumber": number * 10000,
        "accountType": escaped,
        "accountNumber": line.account_no,
        "postingDate": "2026-10-31",
        "documentNumber": JOURNAL.document_no,
        "externalDocumentNumber": JOURNAL.external_document_no.upper(),
        "amount": float(line.amount),
        "description": line.description[:100],
        "dimensionSetLines": [
            {"id": f"id-of-{code}", "code": code, "valueCode": value} for code, value in dimensions.items()
        ],
    }


def nav_batch(*dimensions: dict[str, str], **changes: Any) -> dict[str, Any]:
    """What NAV answers: the journal's lines, with these dimensions or those that were sent."""
    given = dimensions or tuple(dict(line.dimensions) for line in JOURNAL.lines)
    lines = [nav_line(n, line, given[n - 1]) for n, line in enumerate(JOURNAL.lines, start=1)]
    lines[1].update(changes)
    return {"id": BATCH, "code": "C7ABC", "journalLines": lines[::-1]}


def routes(vendor: Any) -> list[str]:
    return [f"{call.method} {call.path.partition(')/')[2]}" for call in vendor.calls]


def test_a_journal_is_inserted_whole_in_one_call_in_the_order_that_nav_validates(
    vendor: Any, channel: NavApiV2
) -> None:
    vendor.says(nav_batch(), 201)
    staged = channel.insert_journal("CIN7", "C7ABC", JOURNAL, {})
    (call,) = vendor.calls
    assert unquote(call.path).endswith("/journals?$expand=journalLines($expand=dimensionSetLines)")
    body = json.loads(call.body, parse_float=Decimal)
    assert list(body) == ["code", "displayName", "templateDisplayName", "journalLines"]
    assert body["templateDisplayName"] == "CIN7"
    assert list(body["journalLines"][1].items()) == [
        ("accountType", "G/L Account"),
        ("accountNumber", "6110"),
        ("postingDate", "2026-10-31"),
        ("documentNumber", "C7S-INV-1"),
        ("externalDocumentNumber", "INV-1 r1"),
        ("amount", Decimal("-99.99")),
        ("description", "x" * 100),
        (
            "dimensionSetLines",
            [{"code": "CHANNEL", "valueCode": "WEB"}, {"code": "REGION", "valueCode": "LONDON"}],
        ),
    ]
    assert b'"amount":120,' in call.body
    assert staged.journal_id == BATCH
    assert staged.document_nos == {"C7S-INV-1"}
    assert [line.amount for line in staged.lines] == [line.amount for line in JOURNAL.lines]
    assert staged.learnt_defaults == {}


def test_an_answer_that_tells_no_lines_is_read_again(vendor: Any, channel: NavApiV2) -> None:
    vendor.says({"id": BATCH, "code": "C7ABC"}, 201)
    vendor.says(nav_batch())
    channel.insert_journal("CIN7", "C7ABC", JOURNAL, {})
    assert [call.method for call in vendor.calls] == ["POST", "GET"]


def test_known_default_dimensions_are_changed_after_the_insert(vendor: Any, channel: NavApiV2) -> None:
    sent, default = {"CHANNEL": "WEB", "REGION": "LONDON"}, {"CHANNEL": "TRADE"}
    vendor.says(nav_batch({}, sent, default), 201)
    vendor.says({})
    vendor.says(nav_batch())
    staged = channel.insert_journal("CIN7", "C7ABC", JOURNAL, {"8110": ["CHANNEL"]})
    assert json.loads(vendor.calls[0].body)["journalLines"][2]["dimensionSetLines"] == []
    assert routes(vendor)[1] == "PATCH journalLines(line-3)/dimensionSetLines(id-of-CHANNEL)"
    assert json.loads(vendor.calls[1].body) == {"valueCode": "WEB"}
    assert staged.learnt_defaults == {}
    assert len(vendor.calls) == 3


def test_a_default_dimension_that_is_right_costs_no_further_call(vendor: Any, channel: NavApiV2) -> None:
    vendor.says(nav_batch(), 201)
    channel.insert_journal("CIN7", "C7ABC", JOURNAL, {"8110": ["CHANNEL"]})
    assert len(vendor.calls) == 1


def test_an_unknown_default_dimension_is_found_out_and_learnt(vendor: Any, channel: NavApiV2) -> None:
    vendor.says(EXISTS, 400)
    vendor.says(nav_batch({}, {}, {"CHANNEL": "TRADE"}), 201)
    vendor.says({}, times=3)
    vendor.says(nav_batch())
    staged = channel.insert_journal("CIN7", "C7ABC", JOURNAL, {})
    assert staged.learnt_defaults == {"8110": ("CHANNEL",)}
    assert routes(vendor)[2:5] == [
        "POST journalLines(line-2)/dimensionSetLines",
        "POST journalLines(line-2)/dimensionSetLines",
        "PATCH journalLines(line-3)/dimensionSetLines(id-of-CHANNEL)",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": -99.98}, "line 2 has amount -99.98 instead of -99.99"),
        ({"accountNumber": "6120"}, "account 6120"),
        ({"postingDate": "2026-11-01"}, "posting date"),
        ({"documentNumber": "G0001"}, "document number G0001"),
        ({"externalDocumentNumber": ""}, "external document number"),
    ],
)
def test_a_journal_that_nav_took_otherwise_is_removed_and_refused(
    vendor: Any, channel: NavApiV2, change: dict[str, Any], said: str
) -> None:
    vendor.says(nav_batch(**change), 201)
    vendor.says(None, 204)
    with pytest.raises(Refused, match=said):
        channel.insert_journal("CIN7", "C7ABC", JOURNAL, {})
    assert routes(vendor)[1] == f"DELETE journals({BATCH})"


def test_a_dimension_that_would_not_stick_is_refused(vendor: Any, channel: NavApiV2) -> None:
    wrong = nav_batch({}, {"CHANNEL": "WEB"}, {"CHANNEL": "WEB"})
    vendor.says(wrong, 201)
    vendor.says({})
    vendor.says(wrong)
    vendor.says(None, 204)
    with pytest.raises(Refused, match="REGION blank instead of LONDON"):
        channel.insert_journal("CIN7", "C7ABC", JOURNAL, {})


def test_when_setting_dimensions_fails_the_batch_is_taken_back(vendor: Any, channel: NavApiV2) -> None:
    vendor.says(nav_batch({}, {}, {}), 201)
    vendor.loses()
    vendor.says(None, 204)
    with pytest.raises(Unavailable):
        channel.insert_journal("CIN7", "C7ABC", JOURNAL, {})
    assert routes(vendor)[-1] == f"DELETE journals({BATCH})"


def test_when_even_that_fails_the_outcome_is_unknown(vendor: Any, channel: NavApiV2) -> None:
    vendor.says(nav_batch({}, {}, {}), 201)
    vendor.loses(times=2)
    with pytest.raises(OutcomeUnknown):
        channel.insert_journal("CIN7", "C7ABC", JOURNAL, {})


@pytest.mark.parametrize("lost", [True, False])
def test_a_lost_insert_or_a_batch_that_is_there_already_must_be_asked_about(
    vendor: Any, channel: NavApiV2, lost: bool
) -> None:
    if lost:
        vendor.loses()
    else:
        vendor.says({"error": {"code": "Internal_EntityWithSameKeyExists", "message": "exists"}}, 400)
    with pytest.raises(OutcomeUnknown):
        channel.insert_journal("CIN7", "C7ABC", JOURNAL, {})
    assert len(vendor.calls) == 1


def test_posting_asks_once_and_a_lost_answer_is_unknown(vendor: Any, channel: NavApiV2) -> None:
    vendor.says(None, 204)
    channel.post_journal(BATCH)
    vendor.loses()
    with pytest.raises(OutcomeUnknown):
        channel.post_journal(BATCH)
    assert routes(vendor) == [f"POST journals({BATCH})/Microsoft.NAV.post"] * 2


def test_posted_entries_are_asked_for_forty_documents_at_a_time(vendor: Any, channel: NavApiV2) -> None:
    entry = {
        "entryNumber": 7,
        "postingDate": "2026-10-31",
        "documentNumber": "D0",
        "accountNumber": "6110",
        "description": "x",
        "debitAmount": 0,
        "creditAmount": 99.99,
    }
    vendor.says({"value": [entry]})
    vendor.says({"value": []})
    (found,) = channel.posted_entries([f"D{number}" for number in range(41)])
    assert (found.entry_no, found.amount, found.posting_date) == (7, Decimal("-99.99"), dt.date(2026, 10, 31))
    assert len(vendor.calls) == 2
    assert unquote(vendor.calls[0].path).count("documentNumber eq ") == 40


def test_nothing_is_asked_for_no_documents(vendor: Any, channel: NavApiV2) -> None:
    assert channel.posted_entries([]) == []
    assert channel.delete_empty_journals([]) == []
    assert vendor.calls == []


def test_later_entries_come_in_order_and_no_more_than_asked_for(vendor: Any, channel: NavApiV2) -> None:
    vendor.says({"value": []})
    assert channel.entries_after(41, limit=10) == []
    assert "entryNumber gt 41&$orderby=entryNumber" in unquote(vendor.calls[0].path)
    assert "$top=10" in vendor.calls[0].path


def test_batches_are_found_by_code_and_template_without_navs_blank_line(
    vendor: Any, channel: NavApiV2
) -> None:
    blank = nav_line(9, JournalLine(AccountType.GL, "", Decimal(0), ""), {})
    batch = nav_batch()
    batch["journalLines"].append(blank)
    vendor.says({"value": [batch]})
    staged = channel.find_journals(names("C7ABC", "C7ABD", template="O'NEIL"))["C7ABC"]
    assert len(staged.lines) == 3
    assert "$filter=templateDisplayName eq 'O''NEIL' and (code eq 'C7ABC' or code eq 'C7ABD')&" in unquote(
        vendor.calls[0].path
    )


def test_only_empty_batches_are_deleted(vendor: Any, channel: NavApiV2) -> None:
    blank = nav_line(1, JournalLine(AccountType.GL, "", Decimal(0), ""), {})
    empty = {"id": "bbbbbbbb-0000-4000-8000-000000000002", "code": "C7ABD", "journalLines": [blank]}
    vendor.says({"value": [nav_batch(), empty]})
    vendor.says({"responses": [{"id": "0", "status": 204}]})
    assert channel.delete_empty_journals(names("C7ABC", "C7ABD", "C7ABE")) == ["C7ABD", "C7ABE"]
    (request,) = json.loads(vendor.calls[1].body)["requests"]
    assert request["url"].endswith("journals(bbbbbbbb-0000-4000-8000-000000000002)")


@pytest.mark.parametrize(("status", "gone"), [(204, ["C7ABD"]), (404, ["C7ABD"]), (400, []), (500, [])])
def test_a_batch_that_nav_would_not_delete_is_still_there(
    vendor: Any, channel: NavApiV2, status: int, gone: list[str]
) -> None:
    empty = {"id": "bbbbbbbb-0000-4000-8000-000000000002", "code": "C7ABD", "journalLines": []}
    vendor.says({"value": [empty]})
    vendor.says({"responses": [{"id": "0", "status": status}]})
    assert channel.delete_empty_journals(names("C7ABD")) == gone


def test_deleting_a_batch_that_is_gone_is_no_error(vendor: Any, channel: NavApiV2) -> None:
    vendor.says({"error": {"code": "BadRequest_NotFound", "message": "gone"}}, 404)
    channel.delete_journal(BATCH)


def test_reference_rows_have_plain_option_values_and_can_be_limited_to_changes(
    vendor: Any, channel: NavApiV2
) -> None:
    row = {"number": "6110", "accountType": "Begin_x002D_Total", "blocked": "_x0020_", "netChange": 1.5}
    vendor.says(json.dumps({"value": [row]}))
    since = dt.datetime(2026, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    (found,) = channel.reference(Entity.ACCOUNTS, modified_since=since)
    assert (found["accountType"], found["blocked"], found["netChange"]) == ("Begin-Total", "", Decimal("1.5"))
    assert "lastModifiedDateTime gt 2026-01-02T02:00:00.000Z" in unquote(vendor.calls[0].path)


def test_parties_come_with_their_default_dimensions(vendor: Any, channel: NavApiV2) -> None:
    default = {
        "dimensionCode": "REGION",
        "dimensionValueCode": "",
        "postingValidation": "Code_x0020_Mandatory",
    }
    vendor.says({"value": [{"number": "C1", "blocked": "_x0020_", "defaultDimensions": [default]}]})
    (found,) = channel.reference(Entity.CUSTOMERS)
    assert found["defaultDimensions"] == [{**default, "postingValidation": "Code Mandatory"}]
    assert "$expand=defaultDimensions(" in unquote(vendor.calls[0].path)


def test_documents_are_read_from_a_posting_date_on_and_only_what_is_compared(
    vendor: Any, channel: NavApiV2
) -> None:
    vendor.says({"value": []})
    since = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    list(channel.reference(Entity.PURCHASE_INVOICES, modified_since=since, posted_since=dt.date(2025, 10, 1)))
    asked = unquote(vendor.calls[0].path)
    assert "lastModifiedDateTime gt 2026-01-02T00:00:00.000Z and postingDate ge 2025-10-01" in asked
    assert "$select=id,number,postingDate," in asked


def test_a_nav_that_knows_no_credit_memos_has_none(vendor: Any, channel: NavApiV2) -> None:
    missing = {"error": {"code": "BadRequest_ResourceNotFound", "message": "Resource not found"}}
    vendor.says(missing, 404)
    assert list(channel.reference(Entity.PURCHASE_CREDIT_MEMOS)) == []
    vendor.says(missing, 404)
    with pytest.raises(NotFound):
        list(channel.reference(Entity.PURCHASE_INVOICES))


def test_what_waits_in_a_template_is_told_by_batch_and_document(vendor: Any, channel: NavApiV2) -> None:
    def line(document: str, account: str, amount: float) -> dict[str, Any]:
        return {
            "documentNumber": document,
            "postingDate": "2026-11-20",
            "accountNumber": account,
            "amount": amount,
        }

    mixed = [line("A", "6110", -5), line("B", "8310", 7.5), line("A", "8310", 5), line("B", "2910", -7.5)]
    vendor.says(
        {
            "value": [
                {"code": "STRAY", "journalLines": mixed},
                {"code": "C7ABC", "journalLines": [line("A", "", 0)]},
            ]
        }
    )
    day = dt.date(2026, 11, 20)
    assert list(channel.waiting_lines("CIN7")) == [
        NavLines("CIN7", "STRAY", "A", day, 2, Decimal(5)),
        NavLines("CIN7", "STRAY", "B", day, 2, Decimal("7.5")),
    ]
    assert "$filter=templateDisplayName eq 'CIN7'" in unquote(vendor.calls[0].path)
