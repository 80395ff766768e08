"""The receiver's one way into the database: the function `land_event`."""

from __future__ import annotations

import hashlib
import json

import asyncpg

from cin7_nav.receiver.events import NO_FLOW, Pointer, as_records
from cin7_nav.store.asynchronous import TIMEOUT_S, arguments
from cin7_nav.store.database import COMPANY

_LAND = "SELECT land_event($1, $2, $3, $4, $5, $6, $7, $8, $9)"


class Landing:
    """A pool of connections that connects when it is first needed, so that the receiver starts before the
    database does. Every method raises one of `store.asynchronous.LOST` while the database is away."""

    def __init__(self, dsn: str) -> None:
        self._arguments = arguments(dsn)

    async def open(self) -> None:
        """Call this first, on the event loop that is to serve."""
        self._pool = await asyncpg.create_pool(**self._arguments, min_size=0, max_size=8)

    async def close(self) -> None:
        await self._pool.close()

    async def is_alive(self) -> bool:
        async with self._pool.acquire(timeout=TIMEOUT_S) as connection:
            return bool(await connection.fetchval("SELECT true"))

    async def is_valid(self, source: str, secret: bytes) -> bool:
        """Whether the secret with this SHA-256 opens the door for `source` now."""
        return await self._land(source, secret, "", NO_FLOW, b"", "null", [], quarantined=False)

    async def land(
        self, source: str, secret: bytes, type_: str, flow: str, body: bytes, found: list[Pointer]
    ) -> bool:
        """Land one row per pointer, in one transaction. False: the secret is not valid (any more).

        Raises `asyncpg.DataError` for JSON that PostgreSQL can't keep, such as `\\u0000` in a string.
        """
        text = body.decode("utf-8-sig")
        return await self._land(source, secret, type_, flow, body, text, found, quarantined=False)

    async def quarantine(self, source: str, secret: bytes, type_: str, flow: str, body: bytes) -> bool:
        """Keep a body that can't be read, as text, for a person to look at."""
        text = json.dumps(body.decode("utf-8", "replace").replace("\0", "\ufffd"))
        return await self._land(source, secret, type_, flow, body, text, [Pointer("", "")], quarantined=True)

    async def _land(
        self, source: str, secret: bytes, type_: str, flow: str, body: bytes, text: str, found: list[Pointer],
        *, quarantined: bool,
    ) -> bool:  # fmt: skip
        digest = hashlib.sha256(body).hexdigest()
        values = (COMPANY, source, secret, type_, flow, digest, text, as_records(found), quarantined)
        async with self._pool.acquire(timeout=TIMEOUT_S) as connection:
            return bool(await connection.fetchval(_LAND, *values))
