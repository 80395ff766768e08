"""The webhook receiver as an ASGI application.

It checks in this order, and stops at the first failure: method, size, content type, secret, nesting, JSON.
The secret's SHA-256 goes to the database, which alone knows which ones are valid; why looking it up there
leaks nothing by its timing is said in `store.webhook_secrets`. Nothing of a request is logged but the ids
that it points at, and these only once its secret proved right.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cin7_nav.receiver.events import Pointer, Unreadable, flow_of, parse, pointers
from cin7_nav.receiver.landing import Landing
from cin7_nav.store.asynchronous import LOST
from cin7_nav.store.webhook_secrets import fingerprint

log = logging.getLogger("cin7_nav.receiver")

LARGEST = 256 * 1024
"""Bytes of body that are taken."""

BODY_TIMEOUT_S = 10.0
"""How long a sender may take to send its body."""

SECRET_HEADER = "X-Webhook-Secret"

_SENTENCES = {404: "There is nothing here.", 405: "This method is not allowed here."}

_EVENT_TYPE = re.compile(r"[A-Za-z]{1,40}/[A-Za-z]{1,60}")
_JSON = re.compile(r"(application|text)/([a-z0-9.-]+\+)?json")


def create_app(dsn: str) -> Starlette:
    """The application on the database that `dsn` names, with the receiver's own role in it."""
    landing = Landing(dsn)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await landing.open()
        yield
        await landing.close()

    async def health(_: Request) -> Response:
        await landing.is_alive()
        return JSONResponse({"status": "ok"})

    async def cin7(request: Request) -> Response:
        event_type = request.path_params["type"]
        if not _EVENT_TYPE.fullmatch(event_type):
            raise HTTPException(404)
        body = await _body(request)
        _check_content_type(request)
        secret = fingerprint(_secret(request))
        if not await landing.is_valid("cin7", secret):
            raise _unauthorised()
        return await _land(landing, secret, event_type, body)

    application = Starlette(
        routes=[Route("/health", health), Route("/cin7/{type:path}", cin7, methods=["POST"])],
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse} | dict.fromkeys(LOST, _unavailable),
    )
    application.router.redirect_slashes = False
    return application


async def _land(landing: Landing, secret: bytes, event_type: str, body: bytes) -> Response:
    flow = flow_of(event_type)
    found: list[Pointer] = []
    try:
        found = pointers(event_type, parse(body))
        valid = await landing.land("cin7", secret, event_type, flow, body, found)
        outcome, why = "landed", ""
    except Unreadable as error:
        valid = await landing.quarantine("cin7", secret, event_type, flow, body)
        outcome, why = "quarantined", str(error)
    except asyncpg.DataError as error:
        valid = await landing.quarantine("cin7", secret, event_type, flow, body)
        outcome, why = "quarantined", f"PostgreSQL can't keep it ({error.sqlstate})"
    if not valid:
        raise _unauthorised()
    records = [pointer.record_id or pointer.number for pointer in found] if outcome == "landed" else []
    _say(logging.INFO if not why else logging.WARNING, outcome, type=event_type, records=records, why=why)
    return JSONResponse({"status": outcome}, 200 if outcome == "landed" else 202)


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > LARGEST:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise _too_large()
    except TimeoutError:
        raise HTTPException(408, "The body took too long.", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "The body is incomplete.") from None
    return bytes(body)


def _check_content_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not _JSON.fullmatch(media_type) or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "The body must be plain JSON: Content-Type: application/json.")


def _secret(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    secret = token.strip() if scheme.lower() == "bearer" else request.headers.get(SECRET_HEADER, "")
    if not secret:
        raise _unauthorised()
    return secret


def _unauthorised() -> HTTPException:
    return HTTPException(401, "The secret is missing or wrong.", {"WWW-Authenticate": "Bearer"})


def _too_large() -> HTTPException:
    return HTTPException(413, f"The body may have {LARGEST} bytes at most.", {"Connection": "close"})


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = _SENTENCES.get(error.status_code, error.detail)
    _say(logging.WARNING, "refused", status=error.status_code)
    return JSONResponse({"error": sentence}, error.status_code, error.headers)


async def _unavailable(request: Request, error: Exception) -> Response:
    _say(logging.ERROR, "database unavailable", error=type(error).__name__)
    return JSONResponse({"error": "The inbox can't be reached."}, 503, {"Retry-After": "60"})


def _say(level: int, event: str, **fields: object) -> None:
    log.log(level, event, extra={"fields": {name: value for name, value in fields.items() if value}})
