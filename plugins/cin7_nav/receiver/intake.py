"""Reading a body: bounded in size and in time, whoever sends it."""

from __future__ import annotations

import asyncio
import re

from starlette.requests import ClientDisconnect, Request

from cin7_nav.receiver.statuses import Outcome, Refused

LARGEST = {"cin7": 256 * 1024, "nav": 5 * 1024 * 1024}
"""Bytes of body that are taken. NAV names up to 1,000 records of a subscription in one notification."""

DRAINED = 64 * 1024 * 1024
"""Bytes that are read and thrown away before a sender who may be NAV is told that all is well."""

BODY_TIMEOUT_S = 10.0
"""How long a sender may take to send its body."""

_JSON = re.compile(r"(application|text)/([a-z0-9.-]+\+)?json")


async def body(request: Request, source: str) -> bytes:
    """The whole body. Raises `Refused`; one of NAV's that is too large is first read to its end, because
    NAV takes a connection that breaks off for an outage and ends its subscriptions after six of them."""
    largest, drains = LARGEST[source], source == "nav"
    declared = request.headers.get("content-length", "0")
    if not drains and (not declared.isdecimal() or int(declared) > largest):
        raise Refused(Outcome.TOO_LARGE)
    taken, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= largest:
                    taken += chunk
                elif not drains or size > DRAINED:
                    raise Refused(Outcome.TOO_LARGE)
                else:
                    taken.clear()
    except TimeoutError:
        raise Refused(Outcome.TOO_SLOW) from None
    except ClientDisconnect:
        raise Refused(Outcome.INCOMPLETE) from None
    if size > largest:
        raise Refused(Outcome.TOO_LARGE)
    return bytes(taken)


def check_content_type(request: Request) -> None:
    """Raises `Refused` for anything but plain JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not _JSON.fullmatch(media_type) or request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(Outcome.NOT_JSON)
