"""A receiver that really listens, on a fresh database."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from cin7_nav.store import webhook_secrets
from cin7_nav.store.database import Database

from tests.receiving import SECRET, Receiver, serve_receiver


@pytest.fixture
def serve() -> Callable[[str], AbstractContextManager[Receiver]]:
    """Starts a receiver on the database that a DSN names."""
    return serve_receiver


@pytest.fixture
def receiver(database: Database, receiver_dsn: str) -> Iterator[Receiver]:
    webhook_secrets.admit(database, "cin7", SECRET)
    with serve_receiver(receiver_dsn) as running:
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
