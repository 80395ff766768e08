"""The hooks against the sandbox: real HTTP, TLS and Entra login."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.hooks.channel import Entity, JournalName
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_api_v2 import NavApiV2
from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.store.database import Database

ACCOUNT = "33333333-3333-4333-8333-333333333333"
KEYS = ["44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442"]
TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
COMPANY = "Harbour & Vale Trading Ltd."
NO_DEFAULTS: dict[str, list[str]] = {}
ConnectNav = Callable[..., NavHook]


def gl(account: str, amount: str, **dimensions: str) -> JournalLine:
    return JournalLine(
        AccountType.GL, account, Decimal(amount), f"on {account}", tuple(sorted(dimensions.items()))
    )


@pytest.fixture
def cin7(cin7_sandbox: Any) -> Cin7Hook:
    extra = {"application_keys": KEYS[1:]}
    return Cin7Hook(
        connection=Connection(
            conn_id="cin7_default",
            conn_type="cin7",
            host=f"{cin7_sandbox.url}/ExternalApi/v2",
            login=ACCOUNT,
            password=KEYS[0],
            extra=json.dumps(extra),
        ),
        sleep=lambda _: None,
    )


@pytest.fixture
def connect_nav(nav_sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> ConnectNav:
    monkeypatch.setattr("cin7_nav.hooks.nav._company_ids", {})

    def connect(
        password: str = "sandbox-nav-secret", database: Database | None = None, **changes: Any
    ) -> NavHook:
        extra = {
            "company": COMPANY,
            "tenant_id": TENANT,
            "environment": "sandbox",
            "authority": nav_sandbox.url,
            "ca_bundle": str(nav_sandbox.ca),
            **changes,
        }
        connection = Connection(
            conn_id="nav_default",
            conn_type="nav",
            host=nav_sandbox.url,
            login=CLIENT,
            password=password,
            extra=json.dumps(extra),
        )
        return NavHook(connection=connection, database=database, sleep=lambda _: None)

    return connect


@pytest.fixture
def channel(connect_nav: ConnectNav) -> NavApiV2:
    return NavApiV2(connect_nav())


@pytest.fixture
def journal(nav_sandbox: Any) -> Journal:
    today = dt.date.fromisoformat(nav_sandbox.get("health")["now"][:10])
    return Journal(
        document_no="C7S-INV-00001",
        external_document_no="INV-00001",
        posting_date=today,
        lines=(
            JournalLine(AccountType.CUSTOMER, "C00010", Decimal("120.00"), "Invoice"),
            gl("6110", "-100.00", CHANNEL="WEB", REGION="LONDON"),
            gl("5650", "-20.00"),
        ),
    )


def names(*codes: str) -> list[JournalName]:
    return [JournalName("CIN7", code, "C7S-INV-00001") for code in codes]


def last_headers(side: Any, count: int = 1) -> dict[str, str]:
    headers = side.get("calls/last", n=count)["calls"][0]["headers"]
    pairs = headers.items() if isinstance(headers, dict) else headers
    return {name.lower(): value for name, value in pairs}


def test_cin7_gets_its_own_credentials_and_no_others(cin7: Cin7Hook, cin7_sandbox: Any) -> None:
    assert cin7.me()["Company"]
    headers = last_headers(cin7_sandbox)
    assert headers.pop("user-agent").startswith("cin7-nav/")
    assert headers.pop("api-auth-applicationkey") in KEYS
    headers.pop("host")
    assert headers == {
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "connection": "keep-alive",
        "api-auth-accountid": ACCOUNT,
    }


def test_nav_gets_a_bearer_token_and_nothing_of_cin7(connect_nav: ConnectNav, nav_sandbox: Any) -> None:
    connect_nav().company_id()
    connect_nav().get("api/v2.0/companies")
    headers = last_headers(nav_sandbox)
    assert headers.pop("user-agent").startswith("cin7-nav/")
    assert headers.pop("authorization").startswith("Bearer ")
    headers.pop("host")
    assert headers == {
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "accept-language": "en-US",
        "connection": "keep-alive",
    }


def test_cin7_documents_and_reference_data_can_be_read(cin7: Cin7Hook, cin7_sandbox: Any) -> None:
    made = cin7_sandbox.post("sale-invoice", {"announce": False})
    sale = cin7.sale(made["order_id"])
    invoices = [one for one in sale["Invoices"] if one["TaskID"] == made["task_id"]]
    assert [Decimal(one["Total"]) for one in invoices] == [Decimal(made["total"])]
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=800)
    assert made["order_id"] in {row["SaleID"] for row in cin7.sale_list(since)}
    assert [row["SaleID"] for row in cin7.search_sale(made["order_number"])] == [made["order_id"]]
    assert len(list(cin7.customers())) == 60
    assert len(list(cin7.suppliers())) == 40
    assert {"London", "Manchester", "Glasgow"} <= {row["Name"] for row in cin7.locations()}
    assert "820" in {row["Code"] for row in cin7.accounts()}
    assert "20% VAT on Sales" in {row["Name"] for row in cin7.tax_rules()}


def test_cin7_purchases_can_be_read(cin7: Cin7Hook, cin7_sandbox: Any) -> None:
    made = cin7_sandbox.post("purchase-invoice", {"announce": False})
    purchase = cin7.purchase(made["order_id"])
    assert made["task_id"] in {one["TaskID"] for one in purchase["Invoice"]}


def test_webhooks_are_made_changed_and_removed(cin7: Cin7Hook) -> None:
    made = cin7.create_webhook(
        {
            "Type": "Sale/InvoiceAuthorised",
            "IsActive": True,
            "ExternalURL": "https://hooks.example/cin7",
            "ExternalAuthorizationType": "noauth",
        }
    )
    cin7.update_webhook({**made, "IsActive": False})
    (kept,) = [hook for hook in cin7.webhooks() if hook["ID"] == made["ID"]]
    assert kept["IsActive"] is False
    cin7.delete_webhook(made["ID"])
    assert made["ID"] not in {hook["ID"] for hook in cin7.webhooks()}


@pytest.mark.parametrize("style", ["429-text", "429-json", "503", "400-json", "403"])
def test_the_call_limit_is_survived_in_every_style(cin7: Cin7Hook, cin7_sandbox: Any, style: str) -> None:
    cin7_sandbox.patch(
        "settings", {"rate_limit_calls": 1, "rate_limit_seconds": 3600, "rate_limit_style": style}
    )
    used = {cin7.me()["Company"], cin7.me()["Company"]}
    assert len(used) == 1


def test_both_connections_pass_airflows_test(cin7: Cin7Hook, connect_nav: ConnectNav) -> None:
    assert cin7.test_connection()[0]
    ok, said = connect_nav().test_connection()
    assert ok, said


def test_a_wrong_secret_is_named_without_showing_it(connect_nav: ConnectNav) -> None:
    ok, said = connect_nav(password="a-wrong-secret").test_connection()
    assert not ok
    assert "client id or its secret" in said
    assert "a-wrong-secret" not in said


def test_a_certificate_that_is_not_trusted_is_named(connect_nav: ConnectNav) -> None:
    with pytest.raises(Misconfigured, match="ca_bundle"):
        connect_nav(ca_bundle=None).company_id()


def test_a_token_that_nav_refuses_is_renewed_once(connect_nav: ConnectNav, nav_sandbox: Any) -> None:
    hook = connect_nav()
    hook.company_id()
    nav_sandbox.fault("status", "accounts", status=401)
    assert hook.get(hook.entity("accounts"), {"$top": 1})["value"]


def test_a_document_takes_four_calls_and_is_posted_as_sent(
    channel: NavApiV2, nav_sandbox: Any, journal: Journal
) -> None:
    list(channel.reference(Entity.DIMENSIONS))
    nav_sandbox.delete("calls")
    assert channel.posted_entries([journal.document_no]) == []
    staged = channel.insert_journal("CIN7", "C700000001", journal, NO_DEFAULTS)
    channel.post_journal(staged.journal_id)
    entries = channel.posted_entries([journal.document_no])
    assert nav_sandbox.get("calls")["total"] == 4
    assert sum(entry.amount for entry in entries) == 0
    assert ("6110", Decimal("-100.00")) in {(entry.account_no, entry.amount) for entry in entries}
    assert {entry.posting_date for entry in entries} == {journal.posting_date}
    left = channel.find_journals(names("C700000001"))["C700000001"]
    assert left.lines == ()
    assert channel.delete_empty_journals(names("C700000001")) == ["C700000001"]
    assert channel.find_journals(names("C700000001")) == {}


def test_a_default_dimension_is_learnt_once_and_overridden(channel: NavApiV2, journal: Journal) -> None:
    lines = (*journal.lines[:1], gl("8110", "-120.00", CHANNEL="WEB", REGION="LONDON"))
    adverts = replace(journal, lines=lines)
    staged = channel.insert_journal("CIN7", "C700000002", adverts, NO_DEFAULTS)
    assert staged.learnt_defaults == {"8110": ("CHANNEL",)}
    assert staged.lines[1].dimensions == (("CHANNEL", "WEB"), ("REGION", "LONDON"))
    again = channel.insert_journal("CIN7", "C700000003", adverts, staged.learnt_defaults)
    assert again.learnt_defaults == {}
    assert again.lines == staged.lines


def test_a_refused_insert_leaves_nothing_behind(channel: NavApiV2, journal: Journal) -> None:
    blocked = replace(journal, lines=(*journal.lines[:1], gl("6950", "-120.00")))
    with pytest.raises(Refused):
        channel.insert_journal("CIN7", "C700000004", blocked, NO_DEFAULTS)
    assert channel.find_journals(names("C700000004")) == {}


@pytest.mark.parametrize(("kind", "there"), [("lost_after", 1), ("lost_before", 0)])
def test_after_a_lost_insert_nav_can_be_asked(
    channel: NavApiV2, nav_sandbox: Any, journal: Journal, kind: str, there: int
) -> None:
    nav_sandbox.fault(kind, "journals$", "POST")
    with pytest.raises(OutcomeUnknown):
        channel.insert_journal("CIN7", "C700000005", journal, NO_DEFAULTS)
    found = channel.find_journals(names("C700000005"))
    assert len(found) == there
    for one in found.values():
        assert [line.amount for line in one.lines] == [line.amount for line in journal.lines]


def test_a_batch_that_is_there_already_must_be_looked_at(channel: NavApiV2, journal: Journal) -> None:
    channel.insert_journal("CIN7", "C700000006", journal, NO_DEFAULTS)
    with pytest.raises(OutcomeUnknown, match="already"):
        channel.insert_journal("CIN7", "C700000006", journal, NO_DEFAULTS)


def test_no_more_than_four_calls_are_under_way(
    connect_nav: ConnectNav, nav_sandbox: Any, database: Database
) -> None:
    hook = connect_nav(database=database)
    path = hook.entity("dimensions")
    nav_sandbox.delete("calls")
    nav_sandbox.fault("delay", "dimensions", times=None, seconds=0.05)
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda _: hook.get(path), range(20)))
    assert nav_sandbox.get("calls")["max_concurrent"] == 4


@pytest.mark.parametrize("path", ["openid-configuration", "oauth2/v2.0/token"])
def test_a_server_error_of_entra_is_an_outage(
    connect_nav: ConnectNav, nav_sandbox: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("cin7_nav.hooks.entra._applications", {})
    nav_sandbox.fault("status", path, times=None, status=500)
    with pytest.raises(Unavailable):
        connect_nav().company_id()
