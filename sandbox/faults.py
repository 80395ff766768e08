"""Fault injection and the call log: one ASGI middleware around either simulator."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import socket
from collections import Counter, deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Kind = Literal["lost_before", "lost_after", "reset", "status", "truncated", "html", "no_effect", "delay"]

_EXTENSION = "sandbox"
_HTML = (
    b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
)


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that lets the middleware see raw headers and cut the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self.scope["extensions"] = {_EXTENSION: {"transport": self.transport, "headers": self._raw_headers}}

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._raw_headers.append((name, value))


class Fault(BaseModel):
    """One thing that shall go wrong.

    `lost_before`: the connection closes and nothing was applied. `lost_after`: the request was applied,
    then the connection closes without an answer. `reset`: TCP reset, nothing applied. `status`: this status,
    nothing applied. `truncated`: applied, half of the body arrives. `html`: nothing applied, an HTML page
    with `status` (200 unless given). `no_effect`: the answer is as usual, but nothing was kept. `delay`:
    `seconds` of real time pass before the request is handled; further faults then apply as well.
    """

    model_config = ConfigDict(extra="forbid")

    side: Literal["cin7", "nav"] | None = None
    method: str = "*"
    path: str = ".*"
    """A regular expression, searched in the path without regard to case."""
    kind: Kind
    status: int | None = Field(default=None, ge=100, le=599)
    seconds: float = Field(default=1.0, ge=0)
    times: int | None = Field(default=1, ge=1)
    """How often it strikes; null: for ever."""
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: int = 1

    _left: int | None = PrivateAttr(None)
    _chance: random.Random = PrivateAttr(default_factory=random.Random)
    _pattern: re.Pattern[str] = PrivateAttr()

    @field_validator("path")
    @classmethod
    def _regular(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"path is not a regular expression: {error}") from error
        return path

    def model_post_init(self, context: object, /) -> None:
        self._left = self.times
        self._chance = random.Random(self.seed)
        self._pattern = re.compile(self.path, re.IGNORECASE)

    @property
    def spent(self) -> bool:
        return self._left == 0

    def strikes(self, method: str, path: str) -> bool:
        """Whether it hits this request; counts down when it does."""
        if self.spent or self.method not in ("*", method) or not self._pattern.search(path):
            return False
        if self._chance.random() >= self.probability:
            return False
        if self._left is not None:
            self._left -= 1
        return True

    def shown(self) -> dict[str, Any]:
        return {**self.model_dump(), "left": self._left}


class Faults:
    """The faults that are armed on one side, in the order they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def shown(self) -> list[dict[str, Any]]:
        return [fault.shown() for fault in self._faults]

    def striking(self, method: str, path: str) -> tuple[float, Fault | None]:
        """Seconds to delay, and the fault to apply, if any."""
        delay = 0.0
        for fault in self._faults:
            if fault.strikes(method, path):
                if fault.kind != "delay":
                    return delay, fault
                delay += fault.seconds
        return delay, None


@dataclass
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    raw_headers: list[tuple[str, str]]
    status: int | None = None
    """What was answered; none when the connection was cut."""


@dataclass
class CallLog:
    """What the simulated vendor was asked."""

    total: int = 0
    refused: int = 0
    """Calls refused by a rate limit; counted by the simulator itself."""
    max_concurrent: int = 0
    by_route: Counter[str] = field(default_factory=Counter)
    by_key: Counter[str] = field(default_factory=Counter)
    last: deque[Call] = field(default_factory=lambda: deque(maxlen=1000))
    _running: int = 0

    def clear(self) -> None:
        self.total = self.refused = self.max_concurrent = 0
        self.by_route.clear()
        self.by_key.clear()
        self.last.clear()

    def shown(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "by_route": dict(self.by_route),
            "by_key": dict(self.by_key),
            "max_concurrent": self.max_concurrent,
            "refused": self.refused,
        }

    @contextlib.contextmanager
    def running(self) -> Any:
        self._running += 1
        self.max_concurrent = max(self.max_concurrent, self._running)
        try:
            yield
        finally:
            self._running -= 1


class Sandboxed:
    """Logs each vendor call and applies the armed faults. `/_sandbox` is left alone."""

    def __init__(
        self,
        app: App,
        *,
        faults: Faults,
        calls: CallLog,
        route: Callable[[str], str],
        key: Callable[[dict[str, str]], str],
        preserve: Callable[[], Callable[[], None]],
    ) -> None:
        """Wrap `app`.

        `route` shortens a path to what the call log counts; `key` says who calls, from lower-case headers;
        `preserve` takes a copy of the state and returns the function that puts it back (for `no_effect`).
        """
        self.app = app
        self.faults = faults
        self.calls = calls
        self.route = route
        self.key = key
        self.preserve = preserve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
            await self.app(scope, receive, send)
            return
        call = self._logged(scope)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        with self.calls.running():
            delay, fault = self.faults.striking(scope["method"], scope["path"])
            if delay:
                await asyncio.sleep(delay)
            if fault is None:
                await self.app(scope, receive, noting)
            else:
                await self._faulty(fault, call, scope, receive, noting)

    def _logged(self, scope: Scope) -> Call:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        raw = scope.get("extensions", {}).get(_EXTENSION, {}).get("headers", scope["headers"])
        call = Call(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            raw_headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw],
        )
        self.calls.total += 1
        self.calls.by_route[f"{call.method} {self.route(call.path)}"] += 1
        self.calls.by_key[self.key(headers)] += 1
        self.calls.last.append(call)
        return call

    async def _faulty(self, fault: Fault, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind in ("lost_before", "reset"):
            await _drain(receive)
            await _cut(scope, receive, reset=fault.kind == "reset")
        elif fault.kind == "status":
            await _drain(receive)
            await _answer(send, fault.status or 503, b"", "text/plain")
        elif fault.kind == "html":
            await _drain(receive)
            await _answer(send, fault.status or 200, _HTML, "text/html; charset=utf-8")
        elif fault.kind == "no_effect":
            put_back = self.preserve()
            answer = await self._captured(scope, receive)
            put_back()
            await _replay(send, answer)
        else:
            answer = await self._captured(scope, receive)
            if fault.kind == "truncated":
                await _replay(send, answer, cut=True)
            else:
                await _cut(scope, receive, reset=False)
                call.status = None

    async def _captured(self, scope: Scope, receive: Receive) -> list[Message]:
        answer: list[Message] = []

        async def capture(message: Message) -> None:
            answer.append(message)

        await self.app(scope, receive, capture)
        return answer


async def _drain(receive: Receive) -> None:
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _answer(send: Send, status: int, body: bytes, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _replay(send: Send, answer: list[Message], *, cut: bool = False) -> None:
    """Send a captured answer; `cut`: only half of its body, after which uvicorn drops the connection."""
    await send(answer[0])
    body = b"".join(message.get("body", b"") for message in answer[1:])
    await send(
        {"type": "http.response.body", "body": body[: len(body) // 2] if cut else body, "more_body": cut}
    )


async def _cut(scope: Scope, receive: Receive, *, reset: bool) -> None:
    transport = scope["extensions"][_EXTENSION]["transport"]
    if reset:
        handle = os.dup(transport.get_extra_info("socket").fileno())
        with socket.socket(fileno=handle) as twin:
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
