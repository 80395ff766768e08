"""Webhook subscriptions: handshake, life, notifications and the retry ladder."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.clock import Clock
from sandbox.nav.calls import Call
from sandbox.nav.flavours import ONLINE
from sandbox.nav.nav import Nav
from sandbox.world import build_world


class Receiver(ThreadingHTTPServer):
    """Answers handshakes and keeps notifications."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.handshake = True
        self.status = 200
        self.attempts = 0
        self.told: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/nav"

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        until(lambda: len(self.told) >= count)
        return self.told


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = parse_qs(urlsplit(self.path).query).get("validationToken")
        if token:
            self._answer(200, token[0] if self.server.handshake else "no")
            return
        self.server.attempts += 1
        self._answer(self.server.status, "")
        self.server.told += json.loads(body)["value"]

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        return


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def body(nav: Any, receiver: Receiver, entity: str = "vendors") -> dict[str, str]:
    return {
        "notificationUrl": receiver.url,
        "resource": f"/api/v2.0/companies({nav.company})/{entity}",
        "clientState": "ours",
    }


def test_a_subscription_lives_three_days_and_can_be_renewed(nav: Any, receiver: Receiver) -> None:
    made = nav.post("/subscriptions", body(nav, receiver))
    assert made.status == 201
    key = made.body["subscriptionId"]
    path = f"/subscriptions('{key}')"
    nav.side.post("clock", {"advance_seconds": 2 * 86400})
    assert nav.call("PATCH", path, body(nav, receiver)).code == "BadRequest_InvalidToken"
    renewed = nav.patch(path, body(nav, receiver), made.body["@odata.etag"])
    assert renewed.body["expirationDateTime"] > made.body["expirationDateTime"]
    nav.side.post("clock", {"advance_seconds": 2 * 86400})
    assert [row["subscriptionId"] for row in nav.get("/subscriptions").rows] == [key]
    nav.side.post("clock", {"advance_seconds": 1.1 * 86400})
    assert nav.get("/subscriptions").rows == []
    assert nav.get(path).status == 404


def test_without_the_handshake_there_is_no_subscription(nav: Any, receiver: Receiver) -> None:
    receiver.handshake = False
    answer = nav.post("/subscriptions", body(nav, receiver))
    assert (answer.status, answer.code) == (400, "Application_DialogException")
    assert nav.get("/subscriptions").rows == []


def test_only_supported_resources_can_be_subscribed(nav: Any, receiver: Receiver) -> None:
    runtime = nav.root.removesuffix("v2.0") + "microsoft/runtime/beta"
    address = f"{runtime}/companies({nav.company})/webhookSupportedResources"
    listed = {row["resource"] for row in nav.get(address).rows}
    assert {"v2.0/vendors", "v2.0/generalLedgerEntries"} <= listed
    assert nav.post("/subscriptions", body(nav, receiver, "journalLines")).status == 400
    nav.settings(subscription_limit=0)
    assert nav.post("/subscriptions", body(nav, receiver)).status == 400


def test_a_deleted_subscription_is_gone(nav: Any, receiver: Receiver) -> None:
    key = nav.post("/subscriptions", body(nav, receiver)).body["subscriptionId"]
    assert nav.delete(f"/subscriptions('{key}')").status == 400
    assert nav.call("DELETE", f"/subscriptions('{key}')", If_Match="*").status == 204
    assert nav.get("/subscriptions").rows == []


def test_changes_are_gathered_and_told_as_pointers(nav: Any, receiver: Receiver) -> None:
    nav.settings(notification_delay_seconds=0.2)
    key = nav.post("/subscriptions", body(nav, receiver)).body["subscriptionId"]
    made = nav.post("vendors", {"displayName": "New"}).body
    for phone in ("1", "2", "3"):
        nav.patch(f"vendors({made['id']})", {"phoneNumber": phone})
    nav.post("vendors", {"displayName": "x" * 101})
    told = receiver.wait_for(2)
    assert [one["changeType"] for one in told] == ["created", "updated"]
    assert {one["resource"] for one in told} == {f"api/v2.0/companies({nav.company})/vendors({made['id']})"}
    assert {(one["subscriptionId"], one["clientState"]) for one in told} == {(key, "ours")}


def test_what_was_taken_back_is_not_told(nav: Any, receiver: Receiver) -> None:
    nav.settings(notification_delay_seconds=0.2)
    nav.post("/subscriptions", body(nav, receiver, "journals"))
    bad = {"code": "C7BAD", "journalLines": [{"accountNumber": "6950", "amount": 1}]}
    assert nav.post("journals", bad).status == 400
    nav.post("journals", {"code": "C7GOOD"})
    assert len(receiver.wait_for(1)) == 1


def test_too_many_changes_become_a_collection(nav: Any, receiver: Receiver) -> None:
    nav.settings(notification_delay_seconds=0.2, notification_maximum=2)
    nav.post("/subscriptions", body(nav, receiver))
    for name in "abc":
        nav.post("vendors", {"displayName": name})
    (one,) = receiver.wait_for(1)
    assert one["changeType"] == "collection"
    assert "/vendors?$filter=lastModifiedDateTime%20gt%20" in one["resource"]


def test_a_receiver_that_says_gone_loses_its_subscription_at_once(nav: Any, receiver: Receiver) -> None:
    nav.settings(notification_delay_seconds=0)
    nav.post("/subscriptions", body(nav, receiver))
    receiver.status = 404
    nav.post("vendors", {"displayName": "New"})
    until(lambda: nav.get("/subscriptions").rows == [])
    assert receiver.attempts == 1


def test_a_receiver_that_is_down_is_tried_six_times(receiver: Receiver) -> None:
    async def scenario() -> int:
        nav = Nav(build_world(1), Clock(scale=0.0), ONLINE, Path("unused"))
        company = nav.company.id
        wanted = {"notificationUrl": receiver.url, "resource": f"companies({company})/vendors"}
        root = "https://localhost/v2.0/sandbox/api/v2.0/"
        created = Call("POST", root, "subscriptions", "", {}, json.dumps(wanted).encode())
        assert (await nav.subscriptions.handle(created)).status == 201
        receiver.status = 503
        vendor = json.dumps({"displayName": "New"}).encode()
        nav.api.handle(Call("POST", root, f"companies({company})/vendors", "", {}, vendor))
        listing = Call("GET", root, "subscriptions", "", {})
        while (await nav.subscriptions.handle(listing)).body["value"]:
            await asyncio.sleep(0.005)
        await nav.stop()
        return receiver.attempts

    assert asyncio.run(asyncio.wait_for(scenario(), 10)) == 6
