"""What NAV is answered, and what lands of its notifications, over real HTTP."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import requests
from cin7_nav.receiver import intake
from cin7_nav.store.database import Database
from cin7_nav.store.webhook_secrets import fingerprint

COMPANY = "99999999-9999-4999-8999-999999999999"
VENDOR = "8b1538e4-fa56-49c8-89c9-38d106439577"

Rows = Callable[[], list[tuple[Any, ...]]]
Secrets = Callable[..., tuple[str, str]]


def entry(state: str, entity: str = "vendors", record: str = VENDOR, kind: str = "updated") -> dict[str, Any]:
    return {
        "subscriptionId": "0123456789abcdef0123456789abcdef",
        "clientState": state,
        "resource": f"api/v2.0/companies({COMPANY})/{entity}" + (f"({record})" if record else ""),
        "changeType": kind,
        "lastModifiedDateTime": "2026-01-26T12:54:20.467Z",
    }


def told(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"value": list(entries)}


def expect(database: Database, token: str, seconds: int = 60) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO expected_handshake (company, token_sha256, expires_at) "
            "VALUES ('default', %s, clock_timestamp() + %s * interval '1 second')",
            (fingerprint(token), seconds),
        )


def shake(receiver: Any, token: str, validation: str) -> requests.Response:
    return requests.post(f"{receiver.url}/nav/{token}", params={"validationToken": validation}, timeout=10)


# --- handshake ---


def test_an_expected_handshake_gets_its_token_back_as_plain_text(receiver: Any, database: Database) -> None:
    token = secrets.token_urlsafe(32)
    expect(database, token)
    answer = shake(receiver, token, "<b>to ken+&/é</b>")
    assert (answer.status_code, answer.text) == (200, "<b>to ken+&/é</b>")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_handshake_that_nobody_expects_gets_nothing_back(receiver: Any, database: Database) -> None:
    token = secrets.token_urlsafe(32)
    assert shake(receiver, token, "valid").status_code == 202
    expect(database, token, seconds=-1)
    expect(database, secrets.token_urlsafe(32))
    answer = shake(receiver, token, "validation")
    assert (answer.status_code, "validation" in answer.text) == (202, False)


@pytest.mark.parametrize("length", [0, 2049])
def test_only_a_plausible_validation_token_is_echoed(receiver: Any, database: Database, length: int) -> None:
    token = secrets.token_urlsafe(32)
    expect(database, token)
    assert shake(receiver, token, "x" * length).status_code == 202


# --- notifications ---


def test_a_notification_lands_for_its_flow(
    receiver: Any, nav_secrets: Secrets, rows: Rows, database: Database
) -> None:
    token, state = nav_secrets()
    assert receiver.notify(token, told(entry(state))).status_code == 200
    assert rows() == [("vendors/updated", "parties", VENDOR, "", "waiting", 0)]
    with database.transaction() as cursor:
        cursor.execute("SELECT source, payload->>'lastModifiedDateTime', payload->>'clientState' FROM inbox")
        assert cursor.fetchall() == [("nav", "2026-01-26T12:54:20.467Z", "***")]


def test_an_array_may_mix_subscriptions_that_share_an_address(
    receiver: Any, nav_secrets: Secrets, rows: Rows
) -> None:
    token, vendors = nav_secrets("vendors")
    _, items = nav_secrets("items", token)
    body = told(
        entry(vendors), entry(items, "items", kind="deleted"), entry(items, "items", "", "collection")
    )
    assert receiver.notify(token, body).status_code == 200
    assert [row[:5] for row in rows()] == [
        ("items/collection", "stock", "", "", "waiting"),
        ("items/deleted", "stock", VENDOR, "", "waiting"),
        ("vendors/updated", "parties", VENDOR, "", "waiting"),
    ]


def test_entries_with_a_wrong_state_are_kept_aside_and_the_others_land(
    receiver: Any, nav_secrets: Secrets, rows: Rows, rings: Rows
) -> None:
    token, state = nav_secrets("vendors")
    body = told(entry("forged"), entry(state, record="2"), entry(state, "customers"), {"odd": 1})
    assert receiver.notify(token, body).status_code == 200
    assert [(row[0], row[4]) for row in rows()] == [
        ("customers/updated", "quarantined"),
        ("unreadable", "quarantined"),
        ("vendors/updated", "waiting"),
        ("vendors/updated", "quarantined"),
    ]
    assert rings() == [("nav", "receiver/quarantined", "waiting", 0)]


def test_a_state_opens_no_address_but_its_own(receiver: Any, nav_secrets: Secrets, rows: Rows) -> None:
    _, state = nav_secrets("vendors")
    other, _ = nav_secrets("vendors")
    assert receiver.notify(other, told(entry(state))).status_code == 202
    assert [row[4] for row in rows()] == ["quarantined"]


def test_the_former_state_is_good_until_its_end(
    receiver: Any, nav_secrets: Secrets, rows: Rows, database: Database
) -> None:
    token, former = nav_secrets("vendors")
    nav_secrets("vendors", token)
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE notification_secret SET ends_at = clock_timestamp() + interval '1 hour' "
            "WHERE state_sha256 = %s", (fingerprint(former),),
        )  # fmt: skip
    assert receiver.notify(token, told(entry(former))).status_code == 200
    with database.transaction() as cursor:
        cursor.execute("UPDATE notification_secret SET ends_at = clock_timestamp() WHERE ends_at IS NOT NULL")
    assert receiver.notify(token, told(entry(former, record="2"))).status_code == 202


def test_a_repeated_notification_is_merged_while_it_waits(
    receiver: Any, nav_secrets: Secrets, rows: Rows
) -> None:
    token, state = nav_secrets()
    twice = told(entry(state), entry(state))
    for _ in range(3):
        receiver.notify(token, twice)
    assert [row[-1] for row in rows()] == [2]


ODD = {
    "empty": b"",
    "no JSON": b"{",
    "no list": b"{}",
    "wrong encoding": b"\xff\xfe{}",
    "NaN": b'{"value": [NaN]}',
    "deep": b"[" * 200_000,
    "null byte": b'{"value": [{"changeType": "\\u0000"}]}',
    "surrogate": b'{"value": [{"changeType": "\\ud800"}]}',
    "another list": b'{"value": [1, null, "x"]}',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_whatever_comes_at_an_address_of_ours_is_kept_and_accepted(
    receiver: Any, nav_secrets: Secrets, rows: Rows, rings: Rows, body: bytes
) -> None:
    token, _ = nav_secrets()
    assert receiver.notify(token, body, Content_Type="text/xml").status_code == 202
    assert {row[4] for row in rows()} == {"quarantined"}
    assert rings() == [("nav", "receiver/quarantined", "waiting", 0)]


def test_an_unknown_address_may_be_one_that_an_older_database_knew(
    receiver: Any, rows: Rows, rings: Rows
) -> None:
    token = secrets.token_urlsafe(32)
    assert receiver.notify(token, told(entry("who-knows"))).status_code == 202
    assert [(row[0], row[4]) for row in rows()] == [("unreadable", "quarantined")]
    assert [ring[1] for ring in rings()] == ["receiver/wrong-secret"]


def test_what_is_kept_aside_is_bounded(receiver: Any, rows: Rows, database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state) "
            "SELECT 'default', 'nav', 'unreadable', 'none', '', '', n::text, 'quarantined' "
            "FROM generate_series(1, 1000) AS n"
        )
    assert receiver.notify(secrets.token_urlsafe(32), b"one more").status_code == 202
    assert len(rows()) == 1000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_read_to_its_end_and_accepted(
    receiver: Any, nav_secrets: Secrets, rows: Rows, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setitem(intake.LARGEST, "nav", 1000)
    token, _ = nav_secrets()
    body = b" " * 300_000
    sent = iter([body[:5], body[5:]]) if chunked else body
    answer = requests.post(f"{receiver.url}/nav/{token}", data=sent, timeout=10)
    assert answer.status_code == 202
    assert rows() == [("unreadable", "none", "", "", "quarantined", 0)]


def test_while_the_database_is_away_nav_is_asked_to_come_again(
    receiver: Any, nav_secrets: Secrets, database: Database
) -> None:
    token, state = nav_secrets()
    with database.transaction() as cursor:
        cursor.execute("ALTER TABLE notification_secret RENAME TO hidden")
    answer = receiver.notify(token, told(entry(state)))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


@pytest.mark.parametrize("path", ["nav", "nav/", "nav/short", f"nav/{'x' * 129}", f"nav/{'x' * 40}/more"])
def test_a_path_that_no_subscription_has_is_not_there(receiver: Any, path: str) -> None:
    assert requests.post(f"{receiver.url}/{path}", data=b"{}", timeout=10).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_nav_posts(receiver: Any, method: str) -> None:
    url = f"{receiver.url}/nav/{'x' * 40}?validationToken=x"
    assert requests.request(method, url, timeout=10).status_code == 405


def test_the_log_names_records_and_nothing_of_the_sender(
    receiver: Any, nav_secrets: Secrets, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token, state = nav_secrets()
    receiver.notify(token, told(entry(state)))
    receiver.notify(token, told(entry("forged-state")))
    receiver.notify("private-token-of-somebody-else-0123456789", b"private body")
    shake(receiver, token, "private-validation")
    said = [(r.getMessage(), vars(r)["fields"]) for r in caplog.records if r.name == "cin7_nav.receiver"]
    assert said == [
        ("landed", {"type": "notification", "records": [f"vendors/updated {VENDOR}"]}),
        ("quarantined", {"why": "none of its entries is for a subscription of ours"}),
        ("refused", {"status": 202, "why": "wrong secret"}),
        ("refused", {"status": 202, "why": "unexpected handshake"}),
    ]
    for secret in ("private", "forged", token, state):
        assert secret not in str(said)
