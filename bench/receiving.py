"""Row F: events that the receiver lands durably, beside the same inserts without it; claiming from many."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import asyncpg
from cin7_nav.store import inbox, subscriptions, webhook_secrets
from cin7_nav.store.asynchronous import arguments
from cin7_nav.store.database import Database

from bench.figures import Figure, Target
from bench.lab import Failed, Lab
from stack import ports, processes

SECONDS = 6.0
SENDERS = 24
"""Connections that send one event after the other, as fast as they are answered."""
WORKERS = 2
WAITING = 100_000
DONE = 200_000
"""Events that were dealt with before, and lie in front of those that wait."""
CLAIMS = 40
ROUNDS = 5
LOADS = 3
SECRET = secrets.token_urlsafe(32)
SALE = "Sale/InvoiceAuthorised"

LAND = "SELECT valid FROM land_event('default', 'cin7', $1, $2, 'invoices', $3, $4, $5, false)"


def measure(lab: Lab) -> list[Figure]:
    with lab.database() as dsn:
        database = Database(dsn)
        webhook_secrets.admit(database, "cin7", SECRET)
        rates: list[float] = []
        bares: list[float] = []
        slowest: list[float] = []
        handshakes: list[float] = []
        with _receiver(dsn) as port:
            for _ in range(LOADS):
                bares.append(len(asyncio.run(_straight(dsn))) / SECONDS)
                token = secrets.token_urlsafe(32)
                subscriptions.expect_handshake(database, token)
                landed, shaken = asyncio.run(_under_load(port, token))
                rates.append(len(landed) / SECONDS)
                slowest.append(_p99(landed))
                handshakes += shaken
        claims = [_claims(database, WAITING) / _claims(database, 1000) for _ in range(ROUNDS)]
        index = _index(database)
        database.close()
    under = {"workers": WORKERS, "senders": SENDERS, "seconds": SECONDS, "load": "in the same machine"}
    ratios = [rate / bare for rate, bare in zip(rates, bares, strict=True)]
    fast, prompt, close = Target("min", "≥", 1000), Target("max", "≤", 50), Target("max", "≤", 100)
    return [
        Figure("F", "events landed durably by the receiver", "1/s", rates, (fast,), under),
        Figure("F", "the same inserts straight into PostgreSQL", "1/s", bares, (), under),
        Figure("F", "receiver ÷ straight", "", ratios, (), under),
        Figure("F", "answer to an event under that load, p99", "ms", slowest, (prompt,), under),
        Figure("F", "answer to a handshake under that load", "ms", handshakes, (close,), under),
        Figure("F", f"claiming 100 events of {WAITING:,} ÷ of 1,000", "",
               claims, (Target("median", "≤", 1.5),), {"index": index, "done before": DONE}),
    ]  # fmt: skip


def _event(number: int) -> tuple[bytes, str, str]:
    """A body like Cin7's, its hash and its records, each of a sale of its own."""
    sale = str(UUID(int=secrets.randbits(128)))
    order = f"SO-{number:06d}"
    body = json.dumps({"SaleTaskID": sale, "OrderNumber": order, "InvoiceNumber": f"INV-{number:06d}",
                       "CustomerName": "Harbour & Vale", "EventType": SALE}).encode()  # fmt: skip
    records = json.dumps([{"record_id": sale, "number": order, "path": []}])
    return body, hashlib.sha256(body).hexdigest(), records


async def _for_a_while(send: Callable[[int], Awaitable[None]], sender: int, took: list[float]) -> None:
    end, number = time.perf_counter() + SECONDS, sender * 1_000_000
    while (began := time.perf_counter()) < end:
        await send(number)
        took.append((time.perf_counter() - began) * 1000)
        number += 1


async def _straight(dsn: str) -> list[float]:
    """The same rows by the same function, on as many connections as the workers have together."""
    pool = await asyncpg.create_pool(**arguments(dsn), min_size=8 * WORKERS, max_size=8 * WORKERS)
    secret = webhook_secrets.fingerprint(SECRET)

    async def send(number: int) -> None:
        body, digest, records = _event(number)
        await pool.fetchval(LAND, secret, SALE, digest, body.decode(), records)

    took: list[float] = []
    await asyncio.gather(*(_for_a_while(send, sender, took) for sender in range(SENDERS)))
    await pool.close()
    return took


async def _under_load(port: int, token: str) -> tuple[list[float], list[float]]:
    took: list[float] = []
    handshakes: list[float] = []

    async def sender(number: int) -> None:
        async with _connection(port) as ask:

            async def send(at: int) -> None:
                head = f"Authorization: Bearer {SECRET}\r\nContent-Type: application/json\r\n"
                await ask(f"/cin7/{SALE}", head, _event(at)[0])

            await _for_a_while(send, number, took)

    async def shaker() -> None:
        async with _connection(port) as ask:
            end = time.perf_counter() + SECONDS
            while (began := time.perf_counter()) < end:
                await ask(f"/nav/{token}?validationToken=abc", "", b"")
                handshakes.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(0.1)

    await asyncio.gather(*map(sender, range(SENDERS)), shaker())
    return took, handshakes


@contextlib.asynccontextmanager
async def _connection(port: int):  # type: ignore[no-untyped-def]
    """A kept-open HTTP connection, with as little of a client as will do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask(path: str, head: str, body: bytes) -> None:
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        if answer[9:12] != b"200":
            raise Failed(f"the receiver answered {answer[:40]!r}")

    try:
        yield ask
    finally:
        writer.close()


@contextlib.contextmanager
def _receiver(dsn: str) -> Iterator[int]:
    port = processes.free_port()
    given = {"CIN7_NAV_RECEIVER_DSN": dsn, "RECEIVER_PORT": str(port), "RECEIVER_WORKERS": str(WORKERS)}
    process = subprocess.Popen(
        [sys.executable, "-m", "cin7_nav.receiver"], env=os.environ | given,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        processes.wait_until(lambda: not ports.is_free(port), 30, "the receiver does not listen")
        time.sleep(2)  # until every worker serves
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _claims(database: Database, waiting: int) -> float:
    """The median of claiming a hundred of so many waiting events, in ms."""
    with database.transaction() as cursor:
        cursor.execute("TRUNCATE inbox")
        cursor.execute(
            "INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state) "
            "SELECT 'default', 'cin7', %s, 'invoices', n::text, '', n::text, 'waiting' "
            "FROM generate_series(1, %s) AS n", (SALE, waiting),
        )  # fmt: skip
        cursor.execute(
            "INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state) "
            "SELECT 'default', 'cin7', %s, 'invoices', n::text, '', 'done', 'done' "
            "FROM generate_series(1, %s) AS n", (SALE, DONE),
        )  # fmt: skip
        cursor.execute("UPDATE inbox SET id = -id WHERE state = 'done'")
        cursor.execute("ANALYZE inbox")
    took = []
    for _ in range(CLAIMS):
        began = time.perf_counter()
        events = inbox.claim(database, "invoices", "bench", 100)
        took.append((time.perf_counter() - began) * 1000)
        inbox.release(database, [event.id for event in events])
        with database.transaction() as cursor:
            cursor.execute("UPDATE inbox SET state = 'waiting', owner = NULL WHERE state = 'claimed'")
    return sorted(took)[len(took) // 2]


def _index(database: Database) -> str:
    """What PostgreSQL finds the oldest free events by."""
    with database.transaction() as cursor:
        cursor.execute(
            "EXPLAIN SELECT id FROM inbox WHERE company = 'default' AND flow = 'invoices' "
            "AND (state = 'waiting' OR state = 'claimed' AND lease_until <= clock_timestamp()) "
            "ORDER BY id LIMIT 100"
        )
        plan = " ".join(row[0].strip() for row in cursor.fetchall())
    return next((word for word in plan.split() if word.startswith("inbox_")), "none")


def _p99(took: list[float]) -> float:
    return sorted(took)[int(0.99 * len(took))]
