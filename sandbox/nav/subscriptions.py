"""`subscriptions`: handshake, three days of life, notifications gathered and sent, the retry ladder."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from sandbox.nav import errors, odata, schema
from sandbox.nav.calls import Call, Reply, refusal
from sandbox.nav.company import Company
from sandbox.nav.entities import Row, stamp
from sandbox.nav.errors import ApiError, dialog
from sandbox.nav.schema import SUBSCRIPTIONS
from sandbox.nav.store import Table
from sandbox.nav.wire import dumps
from sandbox.nav.writing import split_body

HANDSHAKE_SECONDS = 5.0
SEND_SECONDS = 30.0
LADDER = (60.0, 60.0, 600.0, 6000.0, 60000.0)
"""Seconds before each repeat; the sixth failure ends the subscription (Microsoft's AL source)."""

_RESOURCE = re.compile(
    r"(?:.*?api/v2\.0/)?/?companies\((?P<company>[^)]+)\)/(?P<entity>\w+)/?", re.IGNORECASE
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """Something that happened to a record while somebody was subscribed to its kind."""

    subscription: str
    entity: str
    record: str
    kind: str
    at: str


class Subscriptions:
    """The subscriptions to one company and what is still to be told."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._rows: dict[str, Row] = {}
        self._changes: list[Change] = []
        self._gathering: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._version = 0
        self._client: httpx.AsyncClient | None = None
        company.listeners.append(self._heard)

    async def stop(self) -> None:
        """Drop what is still to be told."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def handle(self, call: Call) -> Reply:
        """Answer a request below `subscriptions`."""
        try:
            return await self._handle(call)
        except ApiError as error:
            return refusal(error)

    async def _handle(self, call: Call) -> Reply:
        self._expire()
        segments = call.segments
        if len(segments) != 1:
            raise errors.unknown_segment(segments[1][0])
        key = segments[0][1]
        if key is None:
            if call.method == "POST":
                return await self._create(call)
            if call.method == "GET":
                return self._list(call)
            raise errors.method_not_allowed("subscription", call.method)
        row = self._rows.get(key)
        if row is None:
            raise errors.not_found("The subscription does not exist.")
        if call.method == "GET":
            return self._shown(call, row, 200)
        call.check_etag(row, required=True)
        if call.method == "DELETE":
            self._end([key])
            return Reply(204)
        if call.method == "PATCH":
            return await self._renew(call, row)
        raise errors.method_not_allowed("subscription", call.method)

    # --- life ---

    async def _create(self, call: Call) -> Reply:
        values, _ = split_body(SUBSCRIPTIONS, call.json())
        for name in ("notificationUrl", "resource"):
            if not values.get(name):
                raise dialog(f"The {name} must be specified.")
        if len(self._rows) >= self._company.settings.subscription_limit:
            raise dialog("The maximum number of subscriptions has been reached.")
        entity = self._entity(values["resource"])
        await self._shake_hands(values["notificationUrl"])
        now = self._company.now()
        key = uuid.uuid4().hex
        row = SUBSCRIPTIONS.fresh(
            id=key, subscriptionId=key, systemCreatedAt=now, _entity=entity, _version=0, **values
        )
        self._rows[key] = row
        self._extend(row)
        return self._shown(call, row, 201)

    async def _renew(self, call: Call, row: Row) -> Reply:
        values, _ = split_body(SUBSCRIPTIONS, call.json())
        renewed = {**row, **values}
        entity = self._entity(renewed["resource"])
        await self._shake_hands(renewed["notificationUrl"])
        row.update(values, _entity=entity)
        self._extend(row)
        return self._shown(call, row, 200)

    def _extend(self, row: Row) -> None:
        now = self._company.clock.now()
        self._version += 1
        end = now + dt.timedelta(days=self._company.settings.subscription_days)
        row.update(
            expirationDateTime=stamp(end),
            lastModifiedDateTime=stamp(now),
            systemModifiedAt=stamp(now),
            timestamp=self._version,
            _version=self._version,
        )

    def _expire(self) -> None:
        now = self._company.now()
        self._end([key for key, row in self._rows.items() if row["expirationDateTime"] <= now])

    def _end(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._rows.pop(key, None)

    def _entity(self, resource: str) -> str:
        hit = _RESOURCE.fullmatch(urlsplit(resource).path)
        if hit is None or hit["company"].lower() != self._company.id or hit["entity"] not in schema.WEBHOOKS:
            raise dialog(f"The resource '{resource}' does not support change notifications.")
        return hit["entity"]

    def _list(self, call: Call) -> Reply:
        options = odata.split_query(call.query)
        query = odata.parse(options, SUBSCRIPTIONS, schema.ENTITIES.__getitem__)
        given = odata.page(SUBSCRIPTIONS, self._rows.values(), query, size=call.page_size(20_000))
        rows = [odata.shown(SUBSCRIPTIONS, row, query, self._company.follow) for row in given.rows]
        return Reply(200, {"@odata.context": f"{call.root}$metadata#subscriptions", "value": rows})

    def _shown(self, call: Call, row: Row, status: int) -> Reply:
        body = odata.shown(SUBSCRIPTIONS, row, odata.Query(), self._company.follow)
        return Reply(status, {"@odata.context": f"{call.root}$metadata#subscriptions/$entity", **body})

    async def _shake_hands(self, url: str) -> None:
        """The endpoint must give a fresh token back within five seconds."""
        token = secrets.token_urlsafe(24)
        separator = "&" if "?" in url else "?"
        try:
            answer = await self._http().post(
                f"{url}{separator}validationToken={token}", timeout=HANDSHAKE_SECONDS
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise dialog(f"The notification URL could not be reached: {type(error).__name__}.") from error
        if answer.status_code != 200 or answer.text.strip() != token:
            raise dialog("The notification URL did not return the validation token.")

    # --- telling ---

    def _heard(self, table: Table, row: Row, kind: str) -> None:
        entity = table.entity.name
        interested = [key for key, one in self._rows.items() if one["_entity"] == entity]
        if not interested:
            return
        at = self._company.now() if kind == "deleted" else row["lastModifiedDateTime"]
        for key in interested:
            change = Change(key, entity, row["id"], kind, at)
            self._changes.append(change)
            self._company.undo.note(lambda gone=change: self._changes.remove(gone))  # type: ignore[misc]
        if self._gathering is None or self._gathering.done():
            self._gathering = self._start(self._gather())

    async def _gather(self) -> None:
        """Some time after the first change, tell all that has come together."""
        await self._company.clock.sleep(self._company.settings.notification_delay_seconds)
        changes, self._changes = self._changes, []
        self._expire()
        by_url: dict[str, list[str]] = {}
        for key in dict.fromkeys(change.subscription for change in changes):
            if key in self._rows:
                by_url.setdefault(self._rows[key]["notificationUrl"], []).append(key)
        for url, keys in by_url.items():
            body = [one for key in keys for one in self._notifications(key, changes)]
            self._start(self._deliver(url, keys, {"value": body}))

    def _notifications(self, key: str, changes: list[Change]) -> list[dict[str, Any]]:
        """What one subscription is told: repeated updates of a record once, too many as one collection."""
        own = [change for change in changes if change.subscription == key]
        if len(own) > self._company.settings.notification_maximum:
            return [self._notification(key, self._collection(own), "collection", own[-1].at)]
        last = {(change.record, change.kind): change for change in own}
        told = sorted(last.values(), key=lambda change: change.at)
        return [self._notification(key, f"({one.record})", one.kind, one.at) for one in told]

    def _collection(self, changes: list[Change]) -> str:
        if any(change.kind == "deleted" for change in changes):
            return ""
        first = dt.datetime.fromisoformat(min(change.at for change in changes))
        since = stamp(first - dt.timedelta(milliseconds=50))
        return f"?$filter=lastModifiedDateTime%20gt%20{quote(since, safe=':')}"

    def _notification(self, key: str, tail: str, kind: str, at: str) -> dict[str, Any]:
        row = self._rows[key]
        return {
            "subscriptionId": key,
            "clientState": row["clientState"],
            "expirationDateTime": row["expirationDateTime"],
            "resource": f"api/v2.0/companies({self._company.id})/{row['_entity']}{tail}",
            "changeType": kind,
            "lastModifiedDateTime": at,
        }

    async def _deliver(self, url: str, keys: list[str], body: dict[str, Any]) -> None:
        for wait in (*LADDER, None):
            status = await self._send(url, body)
            if status is not None and 200 <= status < 300:
                return
            if status is not None and status not in (408, 429) and status < 500:
                break
            if wait is not None:
                await self._company.clock.sleep(wait)
        _log.warning("subscriptions ended: their receiver refused notifications or did not answer")
        self._end(keys)

    async def _send(self, url: str, body: dict[str, Any]) -> int | None:
        """The receiver's status, none without an answer."""
        identifier = str(uuid.uuid4())
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "clientRequestId": identifier,
            "x-ms-correlation-id": identifier,
        }
        try:
            answer = await self._http().post(url, content=dumps(body), headers=headers, timeout=SEND_SECONDS)
        except httpx.HTTPError:
            return None
        return answer.status_code

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
        return self._client

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
