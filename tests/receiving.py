"""A webhook receiver that really listens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import uvicorn
from cin7_nav.receiver.app import create_app

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
def serve_receiver(dsn: str, port: int | None = None) -> Iterator[Receiver]:
    port = port or processes.free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(dsn), port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        processes.wait_until(lambda: server.started, 10, "the receiver does not start")
        yield Receiver(f"http://127.0.0.1:{port}", port)
    finally:
        server.should_exit = True
        thread.join(10)
