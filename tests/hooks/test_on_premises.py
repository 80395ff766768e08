"""The hook and the channel over published pages against a NAV on-premises: real HTTP, Basic and NTLM."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.hooks.channel import Entity, JournalName
from cin7_nav.hooks.errors import Refused
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_channel import nav_channel
from cin7_nav.hooks.nav_errors import nav_refusal
from cin7_nav.hooks.nav_pages import PAGES
from cin7_nav.model import AccountType, Fixer, Journal, JournalLine

from sandbox.world import NAV_ACCESS_KEY, NAV_DOMAIN, NAV_PASSWORD, NAV_USER
from stack.connections import TENANT
from stack.sandbox import Side
from stack.settings import ROOT

SERVICES = {key: page.name for key, page in PAGES.items()}
Start = Callable[..., Side]


def connect(side: Side, user: str = NAV_USER, password: str = NAV_PASSWORD, **extra: Any) -> NavHook:
    given = {
        "deployment": "on_premises",
        "company": "Harbour & Vale Trading Ltd.",
        "instance": "DynamicsNAV110",
        "channel": "odata_v4",
        "services": SERVICES,
        **extra,
    }
    connection = Connection(
        conn_id="nav_default",
        conn_type="nav",
        host=side.url,
        login=user,
        password=password,
        extra=json.dumps(given),
    )
    return NavHook(connection=connection, sleep=lambda _: None)


@pytest.mark.parametrize("secret", [NAV_PASSWORD, NAV_ACCESS_KEY])
def test_basic_login_by_password_or_access_key(on_premises: Start, secret: str) -> None:
    ok, said = connect(on_premises("nav2018"), password=secret).test_connection()
    assert ok, said
    assert "all published pages of the connection can be read" in said


def test_ntlm_login(on_premises: Start) -> None:
    side = on_premises("nav2018")
    side.patch("settings", {"credential_type": "Windows"})
    ok, said = connect(side, f"{NAV_DOMAIN}\\{NAV_USER}", auth="ntlm").test_connection()
    assert ok, said


def test_entra_login(on_premises: Start) -> None:
    """Business Central on-premises from 18.11 on, by TLS as MSAL wants it."""
    side = on_premises("bc-onprem", "--tls")
    side.patch("settings", {"credential_type": "AccessControlService"})
    entra = {"auth": "entra", "tenant_id": TENANT, "authority": side.url, "ca_bundle": str(side.ca)}
    client = "22222222-2222-4222-8222-222222222222"
    hook = connect(side, client, "sandbox-nav-secret", instance="BC", **entra)
    ok, said = hook.test_connection()
    assert ok, said
    ok, said = connect(side, client, "wrong", instance="BC", **entra).test_connection()
    assert not ok
    assert "Entra" in said


def test_a_proxys_login_page_is_told_as_that(on_premises: Start) -> None:
    side = on_premises("nav2018")
    side.fault("html", ".*", times=10)
    ok, said = connect(side).test_connection()
    assert not ok
    assert "a web page, as the login page of a proxy" in said


def test_a_licence_that_lacks_a_table_is_told_as_a_permission() -> None:
    """Microsoft's words of NAV 2018."""
    said = "Your license does not grant you the following permissions on TableData Gen. Journal Line: Insert"
    problem = nav_refusal(Refused(said, status=400), "NAV document C7S-1")
    assert (problem.code, problem.fixer) == ("nav_refused_permission", Fixer.NAV_ADMINISTRATOR)
    assert said in problem.message


@pytest.mark.parametrize("company", ["O'Neil, Müller & Co. Ltd.", "CRONUS International Ltd.", "A (B) Test."])
def test_a_companys_name_is_found_whatever_signs_it_has(on_premises: Start, company: str) -> None:
    side = on_premises("nav2018")
    side.patch("settings", {"company_name": company})
    ok, said = connect(side, company=company).test_connection()
    assert ok, said


@pytest.mark.parametrize(("tenant", "works"), [("default", True), (None, False)])
def test_a_server_with_several_tenants_is_told_which(
    on_premises: Start, tenant: str | None, works: bool
) -> None:
    side = on_premises("nav2018")
    side.patch("settings", {"tenant": "default"})
    ok, said = connect(side, tenant=tenant).test_connection()
    assert ok is works, said
    assert works or "knows no such environment, tenant or company" in said


@pytest.mark.parametrize(
    ("settings", "auth", "said"),
    [
        ({"credential_type": "Windows"}, "basic", "takes Windows logins only: set `auth` to ntlm"),
        ({"credential_type": "Windows", "ntlm": False}, "ntlm", "NTLM is switched off"),
        ({"credential_type": "Windows", "ntlm": False}, "basic", "NTLM is switched off"),
        ({}, "ntlm", "takes user and password: set `auth` to basic"),
        ({"credential_type": "AccessControlService"}, "basic", "set `auth` to entra"),
    ],
)
def test_the_wrong_sort_of_login_is_recognised_and_said(
    on_premises: Start, settings: dict[str, Any], auth: str, said: str
) -> None:
    side = on_premises("nav2018")
    side.patch("settings", settings)
    ok, found = connect(side, f"{NAV_DOMAIN}\\{NAV_USER}", auth=auth).test_connection()
    assert not ok
    assert said in found
    assert NAV_PASSWORD not in found


def test_pages_that_are_not_published_are_named_with_their_numbers(on_premises: Start) -> None:
    side = on_premises("nav2018")
    side.patch("settings", {"unpublished": ["GeneralJournal"]})
    services = {key: name for key, name in SERVICES.items() if key not in ("gl_entries", "vendor_ledger")}
    ok, said = connect(side, services=services).test_connection()
    assert not ok
    assert 'page 20 as G_LEntries (connection: "gl_entries")' in said
    assert 'page 39 as GeneralJournal (connection: "general_journal")' in said
    side.patch("settings", {"unpublished": []})
    ok, said = connect(side, services=services | {"gl_entries": "G_LEntries"}).test_connection()
    assert (ok, "what vendors are owed can't be proved" in said) == (True, True)


def test_the_administrators_guide_names_every_page() -> None:
    guide = (ROOT / "docs" / "nav-on-premises.md").read_text()
    for key, page in PAGES.items():
        row = f"| {page.number} | `{page.name}` | `{key}` | {page.why or 'nothing works'} |"
        assert row in guide, key


def test_every_difference_for_which_a_test_is_left_out_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "nav-on-premises.md").read_text()
    table = guide.partition("## What NAV makes different")[2]
    tests = [path.read_text() for path in (ROOT / "tests" / "flows").rglob("test_*.py")]
    reasons = {reason for text in tests for reason in re.findall(r'mark\.api_v2\("([^"]+)"\)', text)}
    assert len(reasons) > 5
    assert [reason for reason in reasons if reason not in table] == []


def test_services_that_are_switched_off_are_told_as_that(on_premises: Start) -> None:
    side = on_premises("nav2018")
    side.patch("settings", {"odata_enabled": False})
    ok, said = connect(side).test_connection()
    assert not ok
    assert "OData services are switched off" in said
    assert "NAV administrator" in said


def test_lists_longer_than_a_page_are_read_whole(on_premises: Start) -> None:
    side = on_premises("nav2018")
    side.post("more-suppliers", {"count": 1500})
    vendors = list(nav_channel(connect(side)).reference(Entity.VENDORS))
    assert len(vendors) > 1500
    assert len({row["number"] for row in vendors}) == len(vendors)


def test_a_journal_is_staged_and_posted_by_a_clerk(on_premises: Start) -> None:
    side = on_premises("nav2018")
    side.post("journal-batch", {"template": "CIN7", "batch": "CIN7"})
    today = dt.date.fromisoformat(side.get("health")["now"][:10])
    channel = nav_channel(connect(side))
    whole = Journal(
        document_no="C7S-INV-00001",
        external_document_no="INV-00001",
        posting_date=today,
        lines=(
            JournalLine(AccountType.CUSTOMER, "C00010", Decimal("120.00"), "Invoice"),
            JournalLine(
                AccountType.GL,
                "6110",
                Decimal("-100.00"),
                "Goods",
                (("CHANNEL", "WEB"), ("REGION", "LONDON")),
            ),
            JournalLine(AccountType.GL, "5650", Decimal("-20.00"), "VAT"),
        ),
    )
    assert not channel.can_post
    staged = channel.insert_journal("CIN7", "C700000001", whole, {})
    name = JournalName("CIN7", "C700000001", "C7S-INV-00001")
    assert channel.find_journals([name])["C700000001"].lines == staged.lines
    side.post("approve", {"template": "CIN7", "batch": "CIN7"})
    assert channel.find_journals([name]) == {}
    assert sum(entry.amount for entry in channel.posted_entries(["C7S-INV-00001"])) == 0
    (goods,) = [one for one in channel.numbered_entries(["C7S-INV-00001"]) if one.account == "6110"]
    assert dict(goods.dimensions) == {"CHANNEL": "WEB", "REGION": "LONDON"}
