"""NavHook against a vendor that answers by script: login, addresses, paging, errors, what it may write."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.hooks.errors import (
    CallLimit,
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from cin7_nav.hooks.nav import NavHook

MakeNav = Callable[..., NavHook]
ONE = "11111111-2222-4333-8444-555555555555"


def problem(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": f"{message}  CorrelationId:  {ONE}."}}


def test_a_write_sends_exactly_these_headers(vendor: Any, make_nav: MakeNav) -> None:
    vendor.says({"id": ONE}, 201)
    hook = make_nav(tenant="default", services={"gl_entries": "X"})
    hook.write("POST", hook.entity("journals"), {"code": "C7", "amount": Decimal("0.10")})
    (call,) = vendor.calls
    assert call.path.endswith("/journals?tenant=default")
    assert call.headers.pop("Host") in vendor.url
    assert call.headers.pop("User-Agent").startswith("cin7-nav/")
    assert call.headers == {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Accept-Language": "en-US",
        "Authorization": f"Basic {base64.b64encode(b'the-user:the-password').decode()}",
        "Connection": "keep-alive",
        "Content-Length": str(len(call.body)),
        "Content-Type": "application/json",
    }
    assert call.body == b'{"code":"C7","amount":0.10}'


def test_a_change_names_its_concurrency_token(vendor: Any, make_nav: MakeNav) -> None:
    vendor.says({"id": ONE})
    hook = make_nav()
    hook.write("PATCH", hook.entity(f"vendors({ONE})"), {"city": "Leeds"})
    assert vendor.calls[0].headers["If-Match"] == "*"


@pytest.mark.parametrize(
    ("extra", "root"),
    [
        ({"company": "X", "tenant_id": "t", "environment": "Sand"}, "https://nav.example/v2.0/t/Sand/"),
        (
            {"company": "X", "deployment": "on_premises", "instance": "DynamicsNAV110"},
            "https://nav.example:7048/DynamicsNAV110/",
        ),
    ],
)
def test_addresses_follow_the_deployment(extra: dict[str, Any], root: str) -> None:
    connection = Connection(
        conn_id="n",
        conn_type="nav",
        host="nav.example",
        login="user",
        password="password",
        extra=json.dumps(extra),
    )
    assert NavHook(connection=connection).settings.root == root


def test_a_published_page_is_addressed_with_the_company_quoted(make_nav: MakeNav) -> None:
    hook = make_nav(company="Harbour & O'Neil", services={"item_journal": "ItemJournal"})
    assert hook.service("item_journal") == "ODataV4/Company('Harbour%20%26%20O%27%27Neil')/ItemJournal"
    with pytest.raises(Misconfigured, match="gl_entries"):
        hook.service("gl_entries")


def test_the_company_is_looked_up_once(
    vendor: Any, make_nav: MakeNav, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = make_nav()
    monkeypatch.setattr("cin7_nav.hooks.nav._company_ids", {})
    vendor.says({"value": [{"id": "other", "name": "Other"}, {"id": ONE, "name": "Test Ltd."}]})
    assert hook.company_id() == hook.company_id() == ONE
    assert [call.path for call in vendor.calls] == ["/BC/api/v2.0/companies"]


def test_an_unknown_company_is_named_with_those_that_there_are(
    vendor: Any, make_nav: MakeNav, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = make_nav()
    monkeypatch.setattr("cin7_nav.hooks.nav._company_ids", {})
    vendor.says({"value": [{"id": ONE, "name": "Other Ltd."}]})
    with pytest.raises(Misconfigured, match=r"Test Ltd\..*Other Ltd\."):
        hook.company_id()


def test_pages_are_followed_as_linked(vendor: Any, make_nav: MakeNav) -> None:
    vendor.says({"value": [{"n": 1}], "@odata.nextLink": f"{vendor.url}/BC/next?aid=FIN&$skiptoken=x"})
    vendor.says({"value": [{"n": 2}]})
    assert [row["n"] for row in make_nav().rows("api/v2.0/x", page_size=1)] == [1, 2]
    assert vendor.calls[1].path == "/BC/next?aid=FIN&$skiptoken=x"
    assert {call.headers["Prefer"] for call in vendor.calls} == {"odata.maxpagesize=1"}


def test_the_login_is_never_taken_to_another_server(vendor: Any, make_nav: MakeNav) -> None:
    vendor.says({"value": [], "@odata.nextLink": "http://127.0.0.1:9/BC/next"})
    with pytest.raises(Misconfigured, match="not on the connection's host"):
        list(make_nav().rows("api/v2.0/x"))


def test_refusals_keep_navs_words_without_the_correlation_id(vendor: Any, make_nav: MakeNav) -> None:
    vendor.says(problem("Application_DialogException", "Document No. C7-1 is out of balance by 10."), 400)
    hook = make_nav()
    with pytest.raises(Refused) as caught:
        hook.write("POST", hook.entity("journals"), {})
    assert str(caught.value) == "Document No. C7-1 is out of balance by 10."
    assert (caught.value.status, caught.value.code) == (400, "Application_DialogException")


@pytest.mark.parametrize(
    ("status", "body", "on_read", "on_write"),
    [
        (401, problem("Authentication_InvalidCredentials", "no"), Misconfigured, Misconfigured),
        (401, problem("Authorization_RequestDenied", "no"), Misconfigured, Misconfigured),
        (403, None, Misconfigured, Misconfigured),
        (404, problem("BadRequest_NotFound", "no"), NotFound, NotFound),
        (404, problem("Internal_CompanyNotFound", "no"), Misconfigured, Misconfigured),
        (404, "<html></html>", NotFound, NotFound),
        (409, problem("Request_EntityChanged", "Another user"), Refused, Refused),
        (409, problem("Internal_ServerError", "was deadlocked on lock"), Unavailable, OutcomeUnknown),
        (400, problem("Application_DialogException", "transaction deadlocked"), Unavailable, OutcomeUnknown),
        (429, None, CallLimit, CallLimit),
        (408, None, Unavailable, OutcomeUnknown),
        (500, "<html></html>", Unavailable, OutcomeUnknown),
        (501, problem("BadRequest_MethodNotImplemented", "no"), Refused, Refused),
        (502, "", Unavailable, OutcomeUnknown),
        (503, None, Unavailable, OutcomeUnknown),
        (504, None, Unavailable, OutcomeUnknown),
    ],
)
def test_every_status_means_one_thing(
    vendor: Any, make_nav: MakeNav, status: int, body: Any, on_read: type, on_write: type
) -> None:
    vendor.says(body, status, times=10)
    hook = make_nav()
    with pytest.raises(on_read) as read:
        hook.get(hook.entity("accounts"))
    vendor.calls.clear()
    with pytest.raises(on_write) as written:
        hook.write("POST", hook.entity("journals"), {})
    assert (type(read.value), type(written.value)) == (on_read, on_write)
    assert len(vendor.calls) == (5 if status == 429 else 1)
    assert "the-password" not in f"{read.value}{written.value}"


def test_retry_after_is_honoured(vendor: Any, make_nav: MakeNav, naps: list[float]) -> None:
    vendor.says(None, 429, headers={"Retry-After": "17"})
    vendor.says(None, 503, headers={"Retry-After": "9"})
    vendor.says({"value": []})
    list(make_nav().rows("api/v2.0/x"))
    assert naps == [17, 9]


def test_a_lost_answer_to_a_write_leaves_its_outcome_unknown(vendor: Any, make_nav: MakeNav) -> None:
    hook = make_nav()
    for fault in ({"cut": -1}, {"body": {"id": "x" * 50}, "cut": 5}, {"body": "{", "status": 201}):
        vendor.says(**fault)
        with pytest.raises(OutcomeUnknown):
            hook.write("POST", hook.entity("journals"), {})
    assert len(vendor.calls) == 3


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("POST", "accounts"),
        ("PATCH", f"accounts({ONE})"),
        ("POST", "generalLedgerEntries"),
        ("DELETE", f"generalLedgerEntries({ONE})"),
        ("POST", "dimensions"),
        ("POST", "dimensionValues"),
        ("POST", "items"),
        ("PATCH", "generalLedgerSetup"),
        ("POST", f"journals({ONE})/account"),
        ("PATCH", f"journals({ONE})/../accounts({ONE})"),
        ("PATCH", f"journals(%2F..%2Faccounts({ONE})"),
        ("POST", f"purchaseInvoices({ONE})/Microsoft.NAV.post"),
        ("DELETE", f"journals({ONE})/Microsoft.NAV.post"),
        ("POST", "journals?x=1"),
        ("POST", ""),
        ("PUT", "journals"),
        ("POST", "$batch"),
    ],
)
def test_nothing_but_journals_parties_and_subscriptions_can_be_written(
    vendor: Any, make_nav: MakeNav, method: str, name: str
) -> None:
    hook = make_nav()
    with pytest.raises(PermissionError):
        hook.write(method, hook.entity(name), {})
    assert vendor.calls == []


def test_neither_pages_beyond_the_journals_nor_nested_records_nor_batches_get_around_it(
    vendor: Any, make_nav: MakeNav
) -> None:
    hook = make_nav(services={"chart_of_accounts": "Chart", "item_journal": "ItemJournal"})
    for path, body in (
        (hook.service("chart_of_accounts"), {}),
        (f"{hook.service('item_journal')}(1)/Account", {}),
        (f"{hook.service('item_journal')}(%2f..%2fChart)", {}),
        ("ODataV4/Codeunit_Post", {}),
        (hook.entity("journals"), {"account": {"number": "1"}}),
        (hook.entity("journals"), {"journalLines": [{"account": {"number": "1"}}]}),
        ("api/v2.0/companies(x)", {}),
    ):
        with pytest.raises(PermissionError):
            hook.write("POST", path, body)
    with pytest.raises(PermissionError):
        hook.delete_many([hook.entity(f"accounts({ONE})")])
    assert vendor.calls == []


def test_what_may_be_written_is_written(vendor: Any, make_nav: MakeNav) -> None:
    hook = make_nav(services={"item_journal": "ItemJournal"})
    vendor.says({}, times=4)
    hook.write("POST", hook.entity(f"journalLines({ONE})/dimensionSetLines"), {"code": "A"})
    hook.write("POST", hook.service("item_journal"), {"Quantity": 1})
    hook.write("PATCH", hook.service("item_journal") + "(Journal_Template_Name='ITEM',Line_No=10000)", {})
    hook.write("DELETE", "api/v2.0/subscriptions('0a1b')")
    assert len(vendor.calls) == 4


def test_many_deletions_travel_in_batches_of_a_hundred(vendor: Any, make_nav: MakeNav) -> None:
    hook = make_nav()
    for size in (100, 1):
        vendor.says({"responses": [{"id": str(n), "status": 204} for n in reversed(range(size))]})
    statuses = hook.delete_many([hook.entity(f"journals({ONE})")] * 101)
    assert statuses == [204] * 101
    first = json.loads(vendor.calls[0].body)["requests"][0]
    assert first["url"].startswith("companies(")
    assert vendor.calls[0].headers["Prefer"] == "odata.continue-on-error"


def test_plain_http_is_for_servers_of_ones_own_only() -> None:
    extra = {"company": "X", "tenant_id": "t"}
    connection = Connection(
        conn_id="n",
        conn_type="nav",
        host="http://nav.example",
        login="u",
        password="p",
        extra=json.dumps(extra),
    )
    with pytest.raises(Misconfigured, match="https"):
        NavHook(connection=connection)


def test_everything_that_a_connection_lacks_is_named_at_once() -> None:
    connection = Connection(conn_id="n", conn_type="nav", extra=json.dumps({"company": "X"}))
    with pytest.raises(Misconfigured, match="login, password, tenant_id"):
        NavHook(connection=connection)
