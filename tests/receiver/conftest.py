"""A receiver that really listens, on a fresh database."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import requests
import uvicorn
from cin7_nav.receiver.app import create_app
from cin7_nav.store import webhook_secrets
from cin7_nav.store.database import Database

from stack import processes

SECRET = "a-long-random-secret-for-tests"


class Receiver:
    """A running receiver."""

    def __init__(self, url: str, port: int) -> None:
        self.url = url
        self.port = port

    def post(self, event_type: str, body: bytes | str, secret: str | None = SECRET,
             **headers: str) -> requests.Response:  # fmt: skip
        sent = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        if secret:
            sent["Authorization"] = f"Bearer {secret}"
        return requests.post(f"{self.url}/cin7/{event_type}", data=body, headers=sent, timeout=10)

    def notify(self, token: str, body: Any, **headers: str) -> requests.Response:
        """A notification as NAV sends it; `body` as it is where it is bytes."""
        sent = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(f"{self.url}/nav/{token}", data=data, headers=sent, timeout=10)


@contextmanager
def _serve(dsn: str) -> Iterator[Receiver]:
    port = processes.free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(dsn), port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        processes.wait_until(lambda: server.started, 10, "the receiver does not start")
        yield Receiver(f"http://127.0.0.1:{port}", port)
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def serve() -> Callable[[str], AbstractContextManager[Receiver]]:
    """Starts a receiver on the database that a DSN names."""
    return _serve


@pytest.fixture
def receiver(database: Database, receiver_dsn: str) -> Iterator[Receiver]:
    webhook_secrets.admit(database, "cin7", SECRET)
    with _serve(receiver_dsn) as running:
        yield running


@pytest.fixture
def rows(database: Database) -> Callable[[], list[tuple[str, ...]]]:
    """Reads `(type, flow, record_id, number, state, repeats)` of every landed event."""

    def read() -> list[tuple[str, ...]]:
        with database.transaction() as cursor:
            cursor.execute(
                "SELECT type, flow, record_id, number, state, repeats FROM inbox "
                "WHERE flow <> 'subscriptions' ORDER BY id"
            )
            return cursor.fetchall()

    return read


@pytest.fixture
def rings(database: Database) -> Callable[[], list[tuple[str, ...]]]:
    """Reads `(source, type, state, repeats)` of what the flow of the subscriptions is told."""

    def read() -> list[tuple[str, ...]]:
        with database.transaction() as cursor:
            cursor.execute(
                "SELECT source, type, state, repeats FROM inbox WHERE flow = 'subscriptions' ORDER BY id"
            )
            return cursor.fetchall()

    return read


@pytest.fixture
def nav_secrets(database: Database) -> Callable[..., tuple[str, str]]:
    """Admits a URL token and a clientState for an entity set, as a subscription has them."""

    def admit(entity: str = "vendors", token: str = "", state: str = "") -> tuple[str, str]:
        token, state = token or secrets.token_urlsafe(32), state or secrets.token_urlsafe(32)
        with database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO notification_secret (company, entity, url_sha256, state_sha256) "
                "VALUES ('default', %s, %s, %s)",
                (entity, webhook_secrets.fingerprint(token), webhook_secrets.fingerprint(state)),
            )
        return token, state

    return admit
