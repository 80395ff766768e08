"""How the stack asks Airflow."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from stack.client import AirflowClient
from stack.settings import Settings

LOGIN = "POST /auth/token"


@dataclass
class Server:
    """In Airflow's place."""

    client: AirflowClient
    calls: list[str] = field(default_factory=list)
    lost: int = 0
    """So many of the next calls, logins apart, get no answer."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = f"{self.command} {self.path.partition('?')[0]}"
            played.calls.append(call)
            if call != LOGIN and played.lost:
                played.lost -= 1
                return
            body = {"access_token": "t", "state": "success", "dag_run_id": "r"}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = handle_any

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    settings = replace(
        Settings.read(demo=True), var=tmp_path, environment={"AIRFLOW_PORT": str(listening.server_port)}
    )
    played = Server(AirflowClient(settings))
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    yield played
    listening.shutdown()
    listening.server_close()


def test_a_question_is_put_again_when_its_answer_is_lost(server: Server) -> None:
    server.lost = 2
    assert server.client.run_state("polling", "r") == "success"
    assert server.calls == [LOGIN, *["GET /api/v2/dags/polling/dagRuns/r"] * 3]


def test_a_question_without_an_answer_is_given_up_in_the_end(server: Server) -> None:
    server.lost = 9
    with pytest.raises(requests.ConnectionError):
        server.client.run_state("polling", "r")
    assert len(server.calls) == 4


def test_a_run_is_never_started_twice_for_a_lost_answer(server: Server) -> None:
    server.lost = 1
    with pytest.raises(requests.ConnectionError):
        server.client.trigger("polling")
    assert server.calls == [LOGIN, "POST /api/v2/dags/polling/dagRuns"]


def test_health_is_asked_once(server: Server) -> None:
    server.lost = 1
    assert server.client.health() == {}
    assert server.calls == ["GET /api/v2/monitor/health"]
