"""The Cin7 simulator alone, in its own process, asked over real HTTP; waits run 10,000 times faster."""

from __future__ import annotations

import contextlib
import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from stack.processes import free_port

ACCOUNT_ID = "33333333-3333-4333-8333-333333333333"
KEYS = ("44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442")


class Cin7:
    """A client that checks nothing and hides nothing."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def call(self, method: str, path: str, key: str = KEYS[0], **kwargs: Any) -> requests.Response:
        headers = {"api-auth-accountid": ACCOUNT_ID, "api-auth-applicationkey": key}
        return self.session.request(
            method, f"{self.url}/ExternalApi/v2{path}", headers=headers, timeout=10, **kwargs
        )

    def get(self, path: str, **query: Any) -> Any:
        return self._good(self.call("GET", path, params=query))

    def post(self, path: str, body: Any) -> Any:
        return self._good(self.call("POST", path, data=json.dumps(body, default=str)))

    def put(self, path: str, body: Any) -> Any:
        return self._good(self.call("PUT", path, data=json.dumps(body, default=str)))

    def delete(self, path: str, **query: Any) -> Any:
        return self._good(self.call("DELETE", path, params=query))

    def refusal(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, list[str]]:
        """Status and texts of an answer that must be Cin7's error array."""
        data = None if body is None else json.dumps(body, default=str)
        response = self.call(method, path, params=query, data=data)
        assert response.status_code >= 400, response.text
        return response.status_code, [problem["Exception"] for problem in response.json()]

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        response = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=30)
        response.raise_for_status()
        return response.json()

    def settings(self, **changes: Any) -> None:
        self.admin("PATCH", "settings", changes)

    def fault(self, kind: str, **more: Any) -> None:
        self.admin("POST", "faults", {"kind": kind, **more})

    @staticmethod
    def _good(response: requests.Response) -> Any:
        assert response.status_code == 200, response.text
        return json.loads(response.content, parse_float=Decimal)


class Receiver:
    """A real HTTP server that webhooks go to; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.received: list[tuple[str, dict[str, str], Any]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def wait_for(self, count: int) -> list[tuple[str, dict[str, str], Any]]:
        """The deliveries once there are `count`."""
        until(lambda: len(self.received) >= count, f"{count} deliveries, got {self.received}")
        return self.received


def until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"no {what}"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def cin7_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cin7]:
    port, state = free_port(), tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "sandbox", "--only", "cin7", "--cin7-port", str(port)]
    process = subprocess.Popen(
        [*command, "--state-dir", str(state), "--time-scale", "0.0001"], cwd=Path(__file__).parents[3]
    )
    client = Cin7(f"http://127.0.0.1:{port}")

    def is_up() -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return bool(client.admin("GET", "health"))
        return False

    try:
        until(is_up, "answer of the sandbox")
        yield client
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def cin7(cin7_process: Cin7) -> Cin7:
    """The seeded account, without call limit."""
    cin7_process.admin("POST", "reset", {"seed": 1})
    cin7_process.settings(rate_limit=False)
    return cin7_process


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.server.shutdown()
    running.server.server_close()
