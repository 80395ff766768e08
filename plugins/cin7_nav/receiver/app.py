"""The webhook receiver as an ASGI application: `/cin7/<type>` and `/nav/<token>`.

Of Cin7 it checks in this order, and stops at the first failure: method, size, content type, secret, nesting,
JSON. Of NAV every body is taken; what proves to be none of ours is kept aside. The SHA-256 of what a sender
shows goes to the database, which alone knows which ones are valid; why looking it up there leaks nothing by
its timing is said in `store.webhook_secrets`. Nothing of a request is logged but the ids that it points at,
and these only once its secret proved right. What is answered when, says `statuses`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

import asyncpg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cin7_nav.receiver import events, metrics, notifications
from cin7_nav.receiver.events import NO_FLOW, Unreadable
from cin7_nav.receiver.intake import body, check_content_type
from cin7_nav.receiver.landing import Landed, Landing
from cin7_nav.receiver.limiting import Known, Limiter
from cin7_nav.receiver.notifications import Notification
from cin7_nav.receiver.statuses import ANSWERS, HEADERS, SENTENCES, Outcome, Refused
from cin7_nav.store.asynchronous import LOST
from cin7_nav.store.webhook_secrets import fingerprint

log = logging.getLogger("cin7_nav.receiver")

SECRET_HEADER = "X-Webhook-Secret"
LONGEST_VALIDATION = 2048
SHORT = 64 * 1024
"""Bytes of a notification that are read at once; longer ones are read beside the others."""

_EVENT_TYPE = re.compile(r"[A-Za-z]{1,40}/[A-Za-z]{1,60}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")
_COUNTED = frozenset({Outcome.WRONG_SECRET, Outcome.UNEXPECTED_HANDSHAKE, Outcome.QUARANTINED})
_BY_STATUS = {404: Outcome.NO_SUCH_PATH, 405: Outcome.WRONG_METHOD}


class Done(NamedTuple):
    """How a request ended well, or at least without a word against it."""

    outcome: Outcome
    type: str = ""
    records: tuple[str, ...] = ()
    why: str = ""
    quarantined: int = 0


@dataclass
class Door:
    """What all requests of a worker share."""

    landing: Landing
    limiter: Limiter
    known: Known

    async def is_valid(self, source: str, secret: bytes) -> bool:
        """Looked up unless it was a short time ago; landing looks it up again in any case."""
        if self.known.has(source, secret):
            return True
        if not await self.landing.is_valid(source, secret):
            return False
        self.known.note(source, secret)
        return True

    def put_off(self, address: str, source: str, secret: bytes) -> None:
        """Raises `Refused` for an address that got too much wrong, unless the secret is known to be right."""
        if self.limiter.is_over(address) and not self.known.has(source, secret):
            raise Refused(Outcome.TOO_MANY)


def create_app(dsn: str) -> Starlette:
    """The application on the database that `dsn` names, with the receiver's own role in it."""
    door = Door(Landing(dsn), Limiter(), Known())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await door.landing.open()
        yield
        await door.landing.close()

    async def health(_: Request) -> Response:
        await door.landing.is_alive()
        return JSONResponse({"status": "ok"})

    async def measured(_: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def cin7(request: Request) -> Response:
        return await _answered(door, "cin7", request, _cin7)

    async def nav(request: Request) -> Response:
        return await _answered(door, "nav", request, _nav)

    application = Starlette(
        routes=[
            Route("/health", health),
            Route("/metrics", measured),
            Route("/cin7/{type:path}", cin7, methods=["POST"]),
            Route("/nav/{token:path}", nav, methods=["POST"]),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse} | dict.fromkeys(LOST, _unavailable),
    )
    application.router.redirect_slashes = False
    return application


Handler = Callable[[Door, Request], Awaitable[Done | Response]]


async def _answered(door: Door, source: str, request: Request, handle: Handler) -> Response:
    """The answer to one request, counted and told."""
    began, address = perf_counter(), request.client.host if request.client else ""
    done: Done | Response
    try:
        done = await handle(door, request)
    except Refused as refused:
        done = Done(refused.outcome)
    except LOST as error:
        _say(logging.ERROR, "database unavailable", source=source, error=type(error).__name__)
        done = Done(Outcome.UNAVAILABLE)
    if isinstance(done, Response):
        metrics.count(source, Outcome.HANDSHAKE, perf_counter() - began)
        _say(logging.INFO, Outcome.HANDSHAKE, source=source)
        return done
    if done.outcome in _COUNTED:
        door.limiter.note(address)
    metrics.count(source, done.outcome, perf_counter() - began, len(done.records))
    return _response(source, done)


def _response(source: str, done: Done) -> Response:
    outcome = done.outcome
    status = getattr(ANSWERS[outcome], source)
    if outcome in (Outcome.LANDED, Outcome.QUARANTINED):
        level = logging.WARNING if done.why or done.quarantined else logging.INFO
        _say(level, outcome, type=done.type, records=[*done.records], why=done.why,
             quarantined=done.quarantined)  # fmt: skip
    elif outcome is not Outcome.UNAVAILABLE:
        _say(logging.WARNING, "refused", status=status, why=outcome if status < 300 else "")
    if status < 300:
        return JSONResponse({"status": outcome}, status)
    return JSONResponse({"error": SENTENCES[outcome]}, status, HEADERS.get(outcome))


# --- Cin7 ---


async def _cin7(door: Door, request: Request) -> Done:
    event_type = request.path_params["type"]
    if not _EVENT_TYPE.fullmatch(event_type):
        raise Refused(Outcome.NO_SUCH_PATH)
    secret = fingerprint(_secret(request))
    door.put_off(request.client.host if request.client else "", "cin7", secret)
    content = await body(request, "cin7")
    check_content_type(request)
    if not await door.is_valid("cin7", secret):
        raise Refused(Outcome.WRONG_SECRET)
    flows = events.flows_of(event_type)
    try:
        found = events.pointers(event_type, events.parse(content))
        rows = events.as_records(found, flows)
        landed = await door.landing.land("cin7", secret, event_type, flows[0], content, rows)
        records = tuple(pointer.record_id or pointer.number for pointer in found)
        done = Done(Outcome.LANDED, event_type, records)
    except (Unreadable, asyncpg.DataError) as error:
        landed = await door.landing.quarantine("cin7", secret, event_type, flows[0], content)
        done = Done(Outcome.QUARANTINED, event_type, why=_why(error))
    _check_still_valid(door, "cin7", secret, landed)
    return done


def _secret(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.headers.get(SECRET_HEADER, "")


# --- NAV ---


async def _nav(door: Door, request: Request) -> Done | Response:
    token = request.path_params["token"]
    if not _TOKEN.fullmatch(token):
        raise Refused(Outcome.NO_SUCH_PATH)
    url = fingerprint(token)
    door.put_off(request.client.host if request.client else "", "nav", url)
    validation = request.query_params.get("validationToken")
    if validation is not None:
        return await _handshake(door, url, validation)
    try:
        content = await body(request, "nav")
    except Refused as refused:
        if refused.outcome is not Outcome.TOO_LARGE:
            raise
        await door.landing.quarantine("nav", url, notifications.UNREADABLE, NO_FLOW, b"")
        return Done(Outcome.QUARANTINED, why="too large")
    if not await door.is_valid("nav", url):
        await _put_aside(door, url, content)
        return Done(Outcome.WRONG_SECRET)
    try:
        found, kept, records = await _read(content)
        landed = await door.landing.land("nav", url, "", NO_FLOW, content, records, kept=kept)
    except (Unreadable, asyncpg.DataError) as error:
        await _put_aside(door, url, content)
        return Done(Outcome.QUARANTINED, why=_why(error))
    if not landed.landed:
        return Done(Outcome.QUARANTINED, why="none of its entries is for a subscription of ours")
    told = () if landed.quarantined else tuple(map(str, found))
    return Done(Outcome.LANDED, "notification", told, quarantined=landed.quarantined)


async def _read(content: bytes) -> tuple[list[Notification], bytes, str]:
    """The notifications in a body, what is kept of it, and its records; a long one without keeping others
    waiting."""

    def read() -> tuple[list[Notification], bytes, str]:
        found = notifications.notifications(events.parse(content))
        return found, notifications.without_states(content), notifications.as_records(found)

    return read() if len(content) <= SHORT else await asyncio.to_thread(read)


async def _handshake(door: Door, url: bytes, validation: str) -> Done | Response:
    """NAV's token as it came, as plain text, while we wait for it; else nothing of it."""
    if not 0 < len(validation) <= LONGEST_VALIDATION or not await door.landing.is_expected(url):
        return Done(Outcome.UNEXPECTED_HANDSHAKE)
    return PlainTextResponse(validation, headers={"X-Content-Type-Options": "nosniff"})


async def _put_aside(door: Door, url: bytes, content: bytes) -> None:
    kept = notifications.without_states(content)
    await door.landing.quarantine("nav", url, notifications.UNREADABLE, NO_FLOW, content, kept=kept)


# --- both ---


def _check_still_valid(door: Door, source: str, secret: bytes, landed: Landed) -> None:
    if not landed.valid:
        door.known.forget(source, secret)
        raise Refused(Outcome.WRONG_SECRET)


def _why(error: Unreadable | asyncpg.DataError) -> str:
    if isinstance(error, Unreadable):
        return str(error)
    return f"PostgreSQL can't keep it ({error.sqlstate})"


async def _refuse(request: Request, error: Exception) -> Response:
    """No such route, or another method than POST."""
    assert isinstance(error, HTTPException)
    outcome = _BY_STATUS[error.status_code]
    _say(logging.WARNING, "refused", status=error.status_code)
    metrics.count("none", outcome, 0.0)
    return JSONResponse({"error": SENTENCES[outcome]}, error.status_code, error.headers)


async def _unavailable(request: Request, error: Exception) -> Response:
    _say(logging.ERROR, "database unavailable", error=type(error).__name__)
    sentence, headers = SENTENCES[Outcome.UNAVAILABLE], HEADERS[Outcome.UNAVAILABLE]
    return JSONResponse({"error": sentence}, 503, headers)


def _say(level: int, event: str, **fields: object) -> None:
    log.log(level, event, extra={"fields": {name: value for name, value in fields.items() if value}})
