"""A vendor that answers by script, over real HTTP, and hooks that talk to it without ever sleeping."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.hooks import nav
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook

COMPANY_ID = "99999999-9999-4999-8999-999999999999"


@dataclass
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    body: Any = None
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Close the connection after so many bytes of the body; -1: without any answer."""

    @property
    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class Vendor:
    """Gives `answers` in order; `calls` holds what came in."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def says(self, body: Any = None, status: int = 200, times: int = 1, **more: Any) -> None:
        """Answer the next calls so; see `Answer`."""
        self.answers += [Answer(body, status, **more)] * times

    def loses(self, times: int = 1) -> None:
        """Take the next calls and close the connection without a word."""
        self.says(cut=-1, times=times)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            script.calls.append(Call(self.command, self.path, dict(self.headers.items()), body))
            answer = script.answers.pop(0) if script.answers else Answer("the script is over", 418)
            if answer.cut == -1:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            if answer.body is not None:
                self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.content)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content[: answer.cut])
            self.close_connection = answer.cut is not None

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script = Vendor(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield script
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a hook asked for instead of sleeping; they move the call budget's clock."""
    asked: list[float] = []
    monkeypatch.setattr("cin7_nav.store.budget.monotonic", lambda: 1000 + sum(asked))
    return asked


@pytest.fixture
def make_cin7(vendor: Vendor, naps: list[float]) -> Callable[..., Cin7Hook]:
    def make(**extra: Any) -> Cin7Hook:
        connection = Connection(
            conn_id="cin7_default",
            conn_type="cin7",
            host=f"{vendor.url}/ExternalApi/v2",
            login="the-account-id",
            password="the-application-key",
            extra=json.dumps(extra),
        )
        return Cin7Hook(connection=connection, sleep=naps.append)

    return make


@pytest.fixture
def make_nav(vendor: Vendor, naps: list[float], monkeypatch: pytest.MonkeyPatch) -> Callable[..., NavHook]:
    def make(**extra: Any) -> NavHook:
        given = {"deployment": "on_premises", "instance": "BC", "company": "Test Ltd.", **extra}
        connection = Connection(
            conn_id="nav_default",
            conn_type="nav",
            host=vendor.url,
            login="the-user",
            password="the-password",
            extra=json.dumps(given),
        )
        hook = NavHook(connection=connection, sleep=naps.append)
        monkeypatch.setitem(nav._company_ids, (hook.settings.root, given["company"]), COMPANY_ID)
        return hook

    return make
