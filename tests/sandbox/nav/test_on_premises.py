"""The server instances on-premises: addresses, logins, what each version has, and its limits."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests_ntlm import HttpNtlmAuth

from sandbox.world import NAV_ACCESS_KEY, NAV_DOMAIN, NAV_PASSWORD, NAV_USER
from stack.sandbox import Side

COMPANY = "Company('Harbour%20%26%20Vale%20Trading%20Ltd.')"
BASIC = (NAV_USER, NAV_PASSWORD)
Server = Callable[[str], Side]


def page(side: Side, instance: str, name: str = "G_LEntries", auth: Any = BASIC, **query: Any) -> Any:
    url = f"{side.url}/{instance}/ODataV4/{COMPANY}/{name}"
    return requests.get(url, params=query, auth=auth, timeout=10)


@pytest.mark.parametrize(
    ("flavour", "instance", "api"),
    [("nav2018", "DynamicsNAV110", 404), ("bc14", "BC140", 404), ("bc-onprem", "BC", 200)],
)
def test_published_pages_are_everywhere_and_the_api_in_newer_versions(
    on_premises: Server, flavour: str, instance: str, api: int
) -> None:
    side = on_premises(flavour)
    assert page(side, instance).status_code == 200
    answer = requests.get(f"{side.url}/{instance}/api/v2.0/companies", auth=BASIC, timeout=10)
    assert answer.status_code == api
    assert page(side, "AnotherInstance").status_code == 404


@pytest.mark.parametrize(
    ("user", "secret", "status"),
    [
        (NAV_USER, NAV_PASSWORD, 200),
        (f"{NAV_DOMAIN}\\{NAV_USER}", NAV_PASSWORD, 200),
        (NAV_USER, NAV_ACCESS_KEY, 200),
        (NAV_USER, "wrong", 401),
        ("SOMEBODY", NAV_PASSWORD, 401),
    ],
)
def test_basic_takes_the_password_or_the_access_key(
    on_premises: Server, user: str, secret: str, status: int
) -> None:
    answer = page(on_premises("nav2018"), "DynamicsNAV110", auth=(user, secret))
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_a_broken_login_is_refused(on_premises: Server) -> None:
    side = on_premises("nav2018")
    url = f"{side.url}/DynamicsNAV110/ODataV4/{COMPANY}/G_LEntries"
    for given in ("Basic ***", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Bearer x"):
        assert requests.get(url, headers={"Authorization": given}, timeout=10).status_code == 401


def test_windows_logs_a_connection_in_by_ntlm(on_premises: Server) -> None:
    side = on_premises("nav2018")
    side.patch("settings", {"credential_type": "Windows"})
    good = HttpNtlmAuth(f"{NAV_DOMAIN}\\{NAV_USER}", NAV_PASSWORD)
    assert page(side, "DynamicsNAV110", auth=good).status_code == 200
    assert (
        page(side, "DynamicsNAV110", auth=HttpNtlmAuth(f"{NAV_DOMAIN}\\{NAV_USER}", "no")).status_code == 401
    )
    refused = page(side, "DynamicsNAV110", auth=BASIC)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Negotiate, NTLM")
    side.patch("settings", {"ntlm": False})
    refused = page(side, "DynamicsNAV110", auth=None)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Negotiate")


def test_a_page_has_a_thousand_rows_and_a_body_a_megabyte(on_premises: Server) -> None:
    side = on_premises("nav2018")
    assert side.get("settings")["page_size"] == 1000
    url = f"{side.url}/DynamicsNAV110/ODataV4/{COMPANY}/GeneralJournal"
    answer = requests.post(url, data=b"x" * 1_048_577, auth=BASIC, timeout=10)
    assert answer.status_code == 413


def test_services_that_are_switched_off_answer_405_and_unpublished_ones_404(on_premises: Server) -> None:
    side = on_premises("bc-onprem")
    side.patch("settings", {"odata_enabled": False})
    assert page(side, "BC").status_code == 405
    side.patch("settings", {"odata_enabled": True, "unpublished": ["G_LEntries"]})
    assert page(side, "BC").status_code == 404
    assert page(side, "BC", "Dimensions").status_code == 200


def test_a_server_with_several_tenants_wants_to_hear_which(on_premises: Server) -> None:
    side = on_premises("bc14")
    side.patch("settings", {"tenant": "default"})
    assert page(side, "BC140").status_code == 404
    assert page(side, "BC140", tenant="default").status_code == 200


def test_old_versions_have_no_action_that_posts(on_premises: Server) -> None:
    for flavour, instance, status in (("nav2018", "DynamicsNAV110", 404), ("bc-onprem", "BC", 400)):
        side = on_premises(flavour)
        url = f"{side.url}/{instance}/ODataV4/C7Journal_PostGeneralJournal"
        body = {"journalTemplateName": "CIN7", "journalBatchName": "NONE", "documentNo": "X"}
        params = {"company": "Harbour & Vale Trading Ltd."}
        assert requests.post(url, json=body, params=params, auth=BASIC, timeout=10).status_code == status
