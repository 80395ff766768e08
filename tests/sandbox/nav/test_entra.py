"""Logging in: the token endpoint as MSAL asks it, and what happens without a good token."""

from __future__ import annotations

from typing import Any

import msal
import pytest

from sandbox.world import NAV_CLIENT_ID, NAV_CLIENT_SECRET, TENANT_ID

SCOPE = "https://api.businesscentral.dynamics.com/.default"


@pytest.fixture(autouse=True)
def own_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """MSAL's `verify` counts for less than these variables."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def msal_client(nav: Any, secret: str) -> Any:
    return msal.ConfidentialClientApplication(
        NAV_CLIENT_ID,
        client_credential=secret,
        authority=f"{nav.side.url.replace('127.0.0.1', 'localhost')}/{TENANT_ID}",
        instance_discovery=False,
        verify=str(nav.side.ca),
    )


def test_msal_gets_a_token_that_opens_the_api(nav: Any) -> None:
    token = msal_client(nav, NAV_CLIENT_SECRET).acquire_token_for_client([SCOPE])
    assert token["expires_in"] == 3600
    nav.session.headers["Authorization"] = f"Bearer {token['access_token']}"
    assert nav.get("/companies").rows[0]["name"] == "Harbour & Vale Trading Ltd."


def test_a_wrong_secret_is_refused_as_entra_does(nav: Any) -> None:
    refused = msal_client(nav, "not it").acquire_token_for_client([SCOPE])
    assert refused["error"] == "invalid_client"
    assert refused["error_codes"] == [7000215]
    assert refused["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert "not it" not in str(refused)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"client_id": "99999999-9999-4999-8999-999999999999"}, 400, 700016),
        ({"scope": "https://api.businesscentral.dynamics.com/"}, 400, 1002012),
        ({"grant_type": "password"}, 400, 70003),
        ({"client_secret": ""}, 401, 7000215),
    ],
)
def test_other_mistakes_have_their_own_codes(
    nav: Any, change: dict[str, str], status: int, code: int
) -> None:
    answer = nav.token(**change)
    assert (answer.status_code, answer.json()["error_codes"]) == (status, [code])


def test_an_unknown_tenant_is_not_found(nav: Any) -> None:
    answer = nav.session.post(f"{nav.side.url}/someone-else/oauth2/v2.0/token", timeout=10)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_without_a_token_there_is_a_challenge_and_no_body(nav: Any) -> None:
    del nav.session.headers["Authorization"]
    answer = nav.get("/companies")
    assert (answer.status, answer.raw) == (401, b"")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_an_expired_token_is_rejected(nav: Any) -> None:
    assert nav.side.post("expire-tokens")["expired"] >= 1
    answer = nav.get("/companies")
    assert (answer.status, answer.code) == (401, "Authentication_InvalidCredentials")
    nav.log_in()
    assert nav.get("/companies").status == 200


def test_the_lifetime_of_tokens_can_be_set(nav: Any) -> None:
    nav.settings(token_seconds=7)
    assert nav.token().json()["expires_in"] == 7


def test_a_good_token_of_an_app_without_a_card_opens_nothing(nav: Any) -> None:
    nav.settings(application_enabled=False)
    assert nav.get("/companies").code == "Authentication_InvalidCredentials"


def test_environments_and_tenants_are_checked(nav: Any) -> None:
    assert nav.get(f"{nav.side.url}/v2.0/sandbox/api/v2.0/companies").status == 200
    assert nav.get(f"{nav.side.url}/v2.0/production/api/v2.0/companies").code == "NoEnvironment"
    assert nav.get(f"{nav.side.url}/v2.0/other/sandbox/api/v2.0/companies").code == "NoEnvironment"
