"""Where our calls may go, and where vendors may be told to call us."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.hooks.addresses import fault_of_base, is_private
from cin7_nav.hooks.errors import Misconfigured
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.session import probe


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that knows three hosts."""
    known = {"public.example": "93.184.216.34", "private.example": "10.0.0.5", "sly.example": "127.0.0.1"}
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if str(host).endswith(".example") and host not in known:
            raise socket.gaierror
        return real(known.get(host, host), port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    ("url", "sandbox", "private", "fault"),
    [
        ("https://public.example", False, False, ""),
        ("https://public.example:8443/hooks", False, False, ""),
        ("http://public.example", False, False, "must begin with https://"),
        ("http://private.example", False, True, "must begin with https://"),
        ("https://private.example", False, False, "private address"),
        ("https://private.example", False, True, ""),
        ("https://sly.example", False, False, "private address"),
        ("https://169.254.169.254", False, False, "private address"),
        ("https://[fd00::1]", False, False, "private address"),
        ("https://unknown.example", False, False, "can't be resolved"),
        ("http://127.0.0.1:8088", True, False, ""),
        ("http://127.0.0.1:8088", False, False, "this machine's own"),
        ("https://localhost", False, True, "this machine's own"),
        ("https://public.example?x=1", False, False, "without user, query"),
        ("https://public.example:port", False, False, "is no address"),
        ("public.example", False, False, "begins with https://"),
    ],
)
def test_a_base_is_public_https_unless_the_vendor_is_nearer(
    url: str, sandbox: bool, private: bool, fault: str
) -> None:
    found = fault_of_base(url, sandbox=sandbox, private=private)
    assert (fault in found) if fault else not found


@pytest.mark.parametrize(
    ("host", "private"),
    [("public.example", False), ("private.example", True), ("sly.example", True), ("127.0.0.1", False),
     ("localhost", False), ("unknown.example", False), ("192.168.1.1", True)],
)  # fmt: skip
def test_what_leads_into_a_private_network_is_known(host: str, private: bool) -> None:
    assert is_private(host) is private


def nav(host: str, **extra: Any) -> NavHook:
    connection = Connection(
        conn_id="nav_default", conn_type="nav", host=host, login="user", password="secret",
        extra=json.dumps({"company": "Test Ltd.", **extra}),
    )  # fmt: skip
    return NavHook(connection=connection, sleep=lambda _: None)


def test_a_login_goes_into_a_private_network_only_for_a_nav_on_premises(vendor: Any) -> None:
    online = nav("https://private.example", tenant_id="t", deployment="online")
    with pytest.raises(Misconfigured, match="private network"):
        online._check_host("private.example")
    nav("https://private.example", deployment="on_premises", instance="BC")._check_host("private.example")
    online._check_host("public.example")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"body": "are-you-there"}, ""),
        ({"body": "<html>", "status": 200}, "without the validation token"),
        ({"body": "", "status": 404}, "does not pass /nav/ on"),
        ({"body": "", "status": 502}, "receiver or its database is away"),
        ({"body": "", "status": 301}, "redirects elsewhere"),
    ],
)
def test_a_probe_says_what_a_handshake_meets(vendor: Any, answer: dict[str, Any], told: str) -> None:
    vendor.says(**answer)
    found = probe(f"{vendor.url}/nav/token")
    assert (told in found) if told else found == ""
    assert vendor.calls[0].path == "/nav/token?validationToken=are-you-there"


def test_a_probe_that_reaches_nobody_says_so() -> None:
    assert probe("http://127.0.0.1:9/nav/token") == "no connection can be made"
