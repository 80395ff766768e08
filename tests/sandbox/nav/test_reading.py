"""Reading with query options: what works, what is refused, and what quietly goes wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest


def test_the_seeded_chart_has_escaped_options(nav: Any) -> None:
    rows = {row["number"]: row for row in nav.get("accounts").rows}
    assert rows["5999"]["accountType"] == "End_x002D_Total"
    assert rows["7000"]["category"] == "Cost_x0020_of_x0020_Goods_x0020_Sold"
    assert (rows["6950"]["blocked"], rows["2310"]["directPosting"]) == (True, False)
    assert list(rows) == sorted(rows)


def test_a_blank_option_is_an_escaped_blank(nav: Any) -> None:
    blocked = {row["number"]: row["blocked"] for row in nav.get("customers").rows}
    assert (blocked["C00010"], blocked["C00500"]) == ("_x0020_", "All")


def test_setup_shows_the_posting_range_with_an_empty_date(nav: Any) -> None:
    (setup,) = nav.get("generalLedgerSetup").rows
    assert setup["allowPostingTo"] == "0001-01-01"
    assert setup["allowPostingFrom"][-2:] == "01"
    assert setup["allowPostingFrom"] < nav.today
    assert setup["shortcutDimension2Code"] == "CHANNEL"
    periods = nav.get("accountingPeriods").rows
    assert len(periods) == 36
    assert {period["closed"] for period in periods[:12]} == {True}
    assert {period["closed"] for period in periods[12:]} == {False}


def test_dimensions_lead_to_their_values_without_a_blocked_flag(nav: Any) -> None:
    rows = nav.get("dimensions?$expand=dimensionValues($select=code)").rows
    values = {row["code"]: [value["code"] for value in row["dimensionValues"]] for row in rows}
    assert values["REGION"] == ["GLASGOW", "LONDON", "MANCHESTER", "NORTH"]
    (region,) = [row["id"] for row in rows if row["code"] == "REGION"]
    assert "blocked" not in nav.get(f"dimensions({region})/dimensionValues").rows[0]


@pytest.mark.parametrize("path", ["items?$top=1", "companyInformation", "currencies", "purchaseInvoices"])
def test_other_sets_are_there(nav: Any, path: str) -> None:
    assert nav.get(path).status == 200


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("number eq '6110' or number eq '6120'", ["6110", "6120"]),
        ("number ge '6110' and number lt '6130'", ["6110", "6120"]),
        ("startswith(displayName,'Sales,')", ["6110", "6120", "6130", "6950"]),
        ("contains(tolower(displayName),'old')", None),
        ("tolower(displayName) eq 'sales, old'", ["6950"]),
        ("endswith(displayName,'old') and blocked eq true", ["6950"]),
        ("accountType eq 'End-Total'", ["5999"]),
        ("accountType eq 'End_x002D_Total'", ["5999"]),
        ("(accountType eq 'Total' or accountType eq 'Heading') and number gt '7'", ["7000", "9999"]),
        ("displayName eq 'Sales, o*'", ["6950"]),
        ("substring(number,1) eq '999'", ["5999", "9999"]),
        ("netChange eq 0 and number eq '1000'", ["1000"]),
    ],
)
def test_filters_that_work(nav: Any, wanted: str, numbers: list[str] | None) -> None:
    answer = nav.get(f"accounts?$filter={quote(wanted)}")
    if numbers is None:
        assert (answer.status, answer.code) == (501, "BadRequest_MethodNotImplemented")
    else:
        assert [row["number"] for row in answer.rows] == numbers


def test_codes_are_compared_without_case_and_quotes_are_doubled(nav: Any) -> None:
    assert len(nav.get("customers?$filter=number eq 'c00010'").rows) == 1
    rows = nav.get("customers").rows
    named = next(row for row in rows if "'" in row["displayName"] and "&" not in row["displayName"])
    literal = quote(named["displayName"].replace("'", "''"))
    found = nav.get(f"customers?$filter=displayName eq '{literal}'").rows
    assert [row["number"] for row in found] == [named["number"]]
    assert len(nav.get("customers?$filter=currencyCode eq null").rows) == 57


def test_navs_own_filter_signs_leak_into_literals(nav: Any) -> None:
    named = next(row for row in nav.get("customers").rows if "&" in row["displayName"])
    assert nav.get(f"customers?$filter=displayName eq '{quote(named['displayName'], safe='')}'").rows == []
    found = nav.get("accounts?$filter=number eq '6110|6120'").rows
    assert [row["number"] for row in found] == ["6110", "6120"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            "number eq '6110' or displayName eq 'x'",
            "The 'OR' operator is not supported on distinct fields on an OData filter.",
        ),
        ("number in ('6110','6120')", "The 'IN' operator is not supported on an OData filter."),
        ("not (number eq '6110')", "The 'NOT' operator is not supported on an OData filter."),
        ("length(number) eq 4", "The function 'length' is not supported on an OData filter."),
    ],
)
def test_filters_that_business_central_has_not(nav: Any, wanted: str, message: str) -> None:
    answer = nav.get(f"accounts?$filter={quote(wanted)}")
    assert (answer.status, answer.code) == (501, "BadRequest_MethodNotImplemented")
    assert answer.message == message


def test_schema_version_2_1_brings_in(nav: Any) -> None:
    answer = nav.get("accounts?$schemaversion=2.1&$filter=number in ('6110','6120')")
    assert [row["number"] for row in answer.rows] == ["6110", "6120"]


def test_a_lambda_is_quietly_ignored(nav: Any) -> None:
    everything = len(nav.get("dimensions").rows)
    assert len(nav.get("dimensions?$filter=dimensionValues/any(d:d/code eq 'LONDON')").rows) == everything


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$filter=nonsense eq 1", "BadRequest"),
        ("$filter=number eq", "BadRequest"),
        ("$filter=number eq '6110' )", "BadRequest"),
        ("$filter=netChange eq 'x'", "BadRequest"),
        ("$filter=number eq '123456789012345678901'", "Application_FilterErrorException"),
        ("$select=nonsense", "BadRequest"),
        ("$orderby=number sideways", "BadRequest"),
        ("$expand=nonsense", "BadRequest"),
        ("$top=-1", "BadRequest"),
        ("$search=x", "BadRequest"),
        ("$skiptoken=99999999-9999-4999-8999-999999999999", "BadRequest"),
    ],
)
def test_queries_that_are_wrong(nav: Any, query: str, code: str) -> None:
    answer = nav.get(f"accounts?{query}")
    assert (answer.status, answer.code) == (400, code)


def test_a_literal_that_is_too_long_is_named_with_its_length(nav: Any) -> None:
    answer = nav.get("accounts?$filter=number eq '123456789012345678901'")
    assert answer.message.startswith(
        "The length of the string is 21, but it must be less than or equal to 20 characters."
    )


def test_pages_follow_links_with_the_servers_own_mark(nav: Any) -> None:
    path, numbers, pages = "customers?$select=number&$filter=number gt 'C00100'", [], 0
    while path:
        answer = nav.get(path, Prefer="odata.maxpagesize=20")
        assert len(answer.rows) <= 20
        numbers += [row["number"] for row in answer.rows]
        pages += 1
        path = answer.body.get("@odata.nextLink", "")
        if path:
            assert path.startswith(f"{nav.root}/companies({nav.company})/customers?")
            assert "aid=FIN&$skiptoken=" in path
    assert pages == 3
    assert numbers == [f"C{number * 10:05}" for number in range(11, 59)]


def test_top_within_a_page_has_no_link_and_beyond_it_continues(nav: Any) -> None:
    assert "@odata.nextLink" not in nav.get("customers?$top=5").body
    nav.settings(page_size=10)
    first = nav.get("customers?$top=14")
    assert len(first.rows) == 10
    rest = nav.get(first.body["@odata.nextLink"])
    assert [row["number"] for row in rest.rows] == [f"C{number:05}" for number in (110, 120, 130, 140)]
    assert "@odata.nextLink" not in rest.body


def test_a_page_cannot_be_made_larger_than_the_servers(nav: Any) -> None:
    nav.settings(page_size=10)
    assert len(nav.get("customers", Prefer="odata.maxpagesize=50").rows) == 10


def test_order_skip_and_count(nav: Any) -> None:
    answer = nav.get("vendors?$orderby=number desc&$skip=1&$top=2&$count=true&$select=number")
    assert [row["number"] for row in answer.rows] == ["V00370", "V00360"]
    assert answer.body["@odata.count"] == 38
    assert set(answer.rows[0]) == {"@odata.etag", "number"}


def test_the_count_starts_with_a_byte_order_mark(nav: Any) -> None:
    answer = nav.get("vendors/$count?$filter=currencyCode eq 'USD'")
    assert answer.raw == b"\xef\xbb\xbf1"


def test_a_navigation_in_select_swallows_what_follows(nav: Any) -> None:
    (row, *_) = nav.get("dimensions?$select=code,dimensionValues,displayName").rows
    assert set(row) == {"@odata.etag", "code"}


def test_unknown_things_are_not_found(nav: Any) -> None:
    assert (nav.get("nonsense").status, nav.get("nonsense").code) == (404, "BadRequest_ResourceNotFound")
    nobody = "99999999-9999-4999-8999-999999999999"
    assert nav.get(f"customers({nobody})").code == "BadRequest_NotFound"
    assert nav.get(f"/companies({nobody})/accounts").code == "Internal_CompanyNotFound"
    assert nav.get("customers(C00010)").code == "Application_InvalidGUID"


def test_the_company_may_stand_in_the_query(nav: Any) -> None:
    assert len(nav.get(f"/accounts?company={nav.company}").rows) == 29


def test_reference_data_cannot_be_written(nav: Any) -> None:
    answer = nav.post("dimensions", {"code": "X"})
    assert (answer.status, answer.code) == (405, "BadRequest_MethodNotAllowed")


def test_the_service_describes_itself(nav: Any) -> None:
    assert "journals" in {row["name"] for row in nav.get("/").rows}
    assert b'<EntityType Name="journalLine">' in nav.get("/$metadata").raw


def test_amounts_keep_every_digit(nav: Any) -> None:
    batch = nav.ready(("8310", 12345678901.11), ("6110", -12345678901.11))
    assert nav.post_journal(batch).status == 204
    assert nav.entries()[0]["debitAmount"] == Decimal("12345678901.11")
