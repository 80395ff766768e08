"""Whatever comes in: no 5xx of our own making, no crash, and memory that stays flat."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from cin7_nav.store import webhook_secrets
from cin7_nav.store.database import Database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stack import processes
from tests.receiving import SECRET

TOKEN, STATE = "a-token-in-the-address-of-a-subscription", "the-state-of-a-subscription"
GROWTH = 64 * 2**20
"""Bytes that the process may grow by under fuzzing: a few bodies of the largest size, several times each."""

PATHS = ("/cin7/Sale/InvoiceAuthorised", "/cin7/Task/Overdue", f"/nav/{TOKEN}", f"/nav/{'x' * 40}",
         f"/nav/{TOKEN}?validationToken=x", "/nav/", "/", "/health", "/metrics")  # fmt: skip
NAMES = ("content-type", "authorization", "x-webhook-secret", "content-encoding", "accept", "expect", "x-a")

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
keys = st.sampled_from(
    ["value", "clientState", "resource", "changeType", "SaleID", "TaskID", "CustomerDetailsList", "ID"]
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
bodies = st.binary(max_size=400) | documents.map(lambda value: json.dumps(value, allow_nan=True).encode())
headers = st.dictionaries(
    st.sampled_from(NAMES),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40)
    | st.sampled_from(["application/json", f"Bearer {SECRET}", SECRET, "gzip"]),
    max_size=5,
)


class Running:
    """A receiver in a process of its own."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process
        self.statuses: Counter[int] = Counter()
        self.senders = 0

    @property
    def memory(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/health", timeout=1).ok
        except requests.ConnectionError:
            return False

    def elsewhere(self) -> str:
        """The address of a sender that was not here before, as a reverse proxy tells it."""
        self.senders += 1
        return f"10.{self.senders >> 16}.{self.senders >> 8 & 255}.{self.senders & 255}"

    def raw(self, content: bytes, patience: float = 5.0) -> bytes:
        """Send these bytes; what comes back until the connection ends or goes quiet."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=patience)) as connection:
            try:
                connection.sendall(content)
                return connection.recv(65536)
            except (TimeoutError, ConnectionError):
                return b""

    def note(self, answer: bytes) -> int:
        status = int(answer[9:12]) if answer[9:12].isdigit() else 0
        self.statuses[status] += 1
        return status


@pytest.fixture(scope="module")
def running(new_database: Any, postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with new_database() as dsn:
        database = Database(dsn)
        webhook_secrets.admit(database, "cin7", SECRET)
        with database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO notification_secret (company, entity, url_sha256, state_sha256) "
                "VALUES ('default', 'vendors', %s, %s)",
                (webhook_secrets.fingerprint(TOKEN), webhook_secrets.fingerprint(STATE)),
            )
        port, log = processes.free_port(), tmp_path_factory.mktemp("fuzzing") / "receiver.log"
        yield from _serve(dsn, port, log)
        database.close()


def _serve(dsn: str, port: int, log: Path) -> Iterator[Running]:
    environment = os.environ | {"CIN7_NAV_RECEIVER_DSN": dsn, "RECEIVER_PORT": str(port)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cin7_nav.receiver"], env=environment, stderr=output, stdout=output
        )
    found = Running(port, process)
    try:
        processes.wait_until(found.answers, 30, "the receiver does not answer")
        found.statuses.clear()
        yield found
        assert process.poll() is None, "the receiver died"
        assert b"Traceback" not in log.read_bytes()
        sys.stdout.write(f"\nstatuses under fuzzing: {dict(sorted(found.statuses.items()))}\n")
    finally:
        process.kill()
        process.wait(10)


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(PATHS), given_headers=headers, body=bodies, method=st.sampled_from(["POST", "GET"])
)
def test_any_body_under_any_headers_gets_an_answer_that_is_not_a_fault(
    running: Running, path: str, given_headers: dict[str, str], body: bytes, method: str
) -> None:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in given_headers.items()]
    lines.append(f"X-Forwarded-For: {running.elsewhere()}")
    status = running.note(running.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body))
    assert 200 <= status < 500, (status, path)
    if method == "POST" and path.startswith("/nav/") and len(path) > 5:
        assert status < 300 or status in (400, 408, 429)  # 400: what is no HTTP at all, which NAV never sends


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(content=st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_http_are_refused_or_waited_for_in_vain(running: Running, content: bytes) -> None:
    status = running.note(running.raw(content + b"\r\n\r\n", patience=0.05))
    assert status in (0, 400)


def test_bodies_of_ten_megabytes_leave_memory_flat(running: Running) -> None:
    before = running.memory
    for path, body in [
        (PATHS[0], b"x" * 10_000_000), (PATHS[2], b"x" * 10_000_000), (PATHS[3], b"[" * 10_000_000),
        (PATHS[2], b"[" * 5_000_000), (PATHS[2], b'{"value": [' + b'{"a": 1},' * 500_000 + b"1]}"),
    ] * 4:  # fmt: skip
        try:
            answer = requests.post(
                f"http://127.0.0.1:{running.port}{path}", data=body,
                headers={"Authorization": f"Bearer {SECRET}", "X-Forwarded-For": running.elsewhere()},
                timeout=20,
            )  # fmt: skip
            running.statuses[answer.status_code] += 1
            assert answer.status_code in (202, 413, 429)
        except requests.ConnectionError:
            assert path == PATHS[0]  # refused before it was sent whole
    growth = running.memory - before
    sys.stdout.write(f"\n20 bodies of up to 10 MB: memory grew by {growth / 2**20:.1f} MiB\n")
    assert growth < GROWTH


def test_slow_senders_do_not_keep_others_waiting(running: Running) -> None:
    head = f"POST {PATHS[2]} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode()
    slow = [socket.create_connection(("127.0.0.1", running.port), timeout=5) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(head)
        began = time.monotonic()
        assert requests.get(f"http://127.0.0.1:{running.port}/health", timeout=5).ok
        assert time.monotonic() - began < 1
    finally:
        for connection in slow:
            connection.close()
