"""The receiver's one way into the database: the functions `land_event` and `answer_handshake`.

Whose event it is, where several companies are served, the secret says that is shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from cin7_nav.receiver.batches import Batches
from cin7_nav.receiver.events import NO_FLOW
from cin7_nav.store.asynchronous import LOST, TIMEOUT_S, arguments

_LAND = """
    SELECT l.valid, l.landed, l.quarantined
    FROM unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::boolean[])
         WITH ORDINALITY AS e (source, secret, type, flow, sha256, payload, records, quarantined, place),
         LATERAL land_event(NULL, e.source, e.secret, e.type, e.flow, e.sha256, e.payload::jsonb,
                            e.records::jsonb, e.quarantined) AS l
    ORDER BY e.place
"""
_HANDSHAKE = "SELECT answer_handshake(NULL, $1)"
NOTHING = "[]"
SHORT = 64 * 1024
"""Characters of a body that lands together with others."""

Values = tuple[str, bytes, str, str, str, str, str, bool]
ONE_UNREAD = json.dumps([{"record_id": "", "number": "", "path": []}])


class Landed(NamedTuple):
    """What became of a body."""

    valid: bool
    """Whether the secret opens the door now; False: nothing landed."""
    landed: int
    quarantined: int


class Landing:
    """A pool of connections that connects when it is first needed, so that the receiver starts before the
    database does. Every method raises one of `store.asynchronous.LOST` while the database is away."""

    def __init__(self, dsn: str) -> None:
        self._arguments = arguments(dsn)
        self._batches = Batches(self._together, (asyncpg.DataError, asyncpg.DeadlockDetectedError), LOST)

    async def open(self) -> None:
        """Call this first, on the event loop that is to serve."""
        self._pool = await asyncpg.create_pool(**self._arguments, min_size=0, max_size=8)

    async def close(self) -> None:
        await self._pool.close()

    async def is_alive(self) -> bool:
        async with self._pool.acquire(timeout=TIMEOUT_S) as connection:
            return bool(await connection.fetchval("SELECT true"))

    async def is_expected(self, token: bytes) -> bool:
        """Whether a handshake is expected now at the URL whose token has this SHA-256."""
        async with self._pool.acquire(timeout=TIMEOUT_S) as connection:
            return bool(await connection.fetchval(_HANDSHAKE, token))

    async def is_valid(self, source: str, secret: bytes) -> bool:
        """Whether the secret with this SHA-256 opens the door for `source` now."""
        return (await self._land(source, secret, "", NO_FLOW, b"", "null", NOTHING)).valid

    async def land(
        self, source: str, secret: bytes, type_: str, flow: str, body: bytes, records: str,
        *, kept: bytes | None = None,
    ) -> Landed:  # fmt: skip
        """Land one row per record, in one transaction; NAV's entries each by its own secret, type and flow.

        `kept` is stored in place of the body. Raises `asyncpg.DataError` for JSON that PostgreSQL can't keep,
        such as `\\u0000` in a string.
        """
        text = (body if kept is None else kept).decode("utf-8-sig")
        return await self._land(source, secret, type_, flow, body, text, records)

    async def quarantine(
        self, source: str, secret: bytes, type_: str, flow: str, body: bytes, *, kept: bytes | None = None
    ) -> Landed:
        """Keep a body that can't be read, as text, for a person to look at; or `kept` in place of it."""
        text = (body if kept is None else kept).decode("utf-8", "replace")
        text = json.dumps(text.replace("\0", "\ufffd"))
        return await self._land(source, secret, type_, flow, body, text, ONE_UNREAD, quarantined=True)

    async def _land(
        self, source: str, secret: bytes, type_: str, flow: str, body: bytes, text: str, records: str,
        *, quarantined: bool = False,
    ) -> Landed:  # fmt: skip
        digest = hashlib.sha256(body).hexdigest()
        values: Values = (source, secret, type_, flow, digest, text, records, quarantined)
        if len(text) > SHORT:
            return (await self._together([values]))[0]
        return await self._batches.add(values)

    async def _together(self, given: Sequence[Values]) -> list[Landed]:
        """In one transaction."""
        columns = [list(column) for column in zip(*given, strict=True)]
        async with self._pool.acquire(timeout=TIMEOUT_S) as connection:
            return [Landed(*row) for row in await connection.fetch(_LAND, *columns)]
