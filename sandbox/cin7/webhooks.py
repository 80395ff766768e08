"""Webhook subscriptions and their delivery: one minute of delay, a retry ladder, silent deactivation."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.cin7.documents import Document, Order, Payment, Purchase
from sandbox.cin7.events import FRIENDLY_NAMES, PURCHASE_TYPES, SALE_TYPES, payload
from sandbox.cin7.http import Handler, Request
from sandbox.cin7.purchase_views import advanced_body
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal, dumps, parse_bool
from sandbox.world import WEBHOOK_SECRET, seeded_id

FIRST_DELAY = 60.0
LADDER = (300.0, 600.0, 900.0, 1200.0, 1500.0)
"""Seconds before each repeat: six attempts in all, then the webhook is deactivated (Cin7's API portal)."""
PER_TYPE = 5

_AUTHORISATIONS = ("noauth", "basicauth", "bearerauth")
_GUID = re.compile(rb'"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"')
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Webhook:
    id: str
    type: str
    is_active: bool
    url: str
    authorisation: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    headers: list[tuple[str, str]] = field(default_factory=list, repr=False)

    def shown(self) -> JsonObject:
        """As `GET /webhooks` does: passwords and tokens in clear."""
        return {
            "ID": self.id,
            "Type": self.type,
            "Name": FRIENDLY_NAMES[self.type],
            "IsActive": self.is_active,
            "ExternalURL": self.url,
            "ExternalAuthorizationType": self.authorisation,
            "ExternalUserName": self.user,
            "ExternalPassword": self.password,
            "ExternalBearerToken": self.token,
            "ExternalHeaders": [{"Key": key, "Value": value} for key, value in self.headers],
        }


class Webhooks:
    """The subscriptions of a tenant and the deliveries under way."""

    def __init__(self, tenant: Tenant, receiver: str | None = None) -> None:
        """With `receiver`, one webhook per simulated sale and purchase type is registered at the start."""
        self._tenant = tenant
        self._running: set[asyncio.Task[None]] = set()
        self._chance = random.Random(tenant.world.seed)
        self._client: httpx.AsyncClient | None = None
        self.hooks: dict[str, Webhook] = {}
        self.delivered = 0
        self.failed = 0
        tenant.listener = self.fire
        tenant.is_heard = lambda event: any(
            hook.type == event and hook.is_active for hook in self.hooks.values()
        )
        for kind in (*SALE_TYPES, *PURCHASE_TYPES) if receiver else ():
            hook = Webhook(
                id=seeded_id(tenant.world.seed, "webhook", kind),
                type=kind,
                is_active=True,
                url=f"{str(receiver).rstrip('/')}/cin7/{kind}",
                authorisation="bearerauth",
                token=WEBHOOK_SECRET,
            )
            self.hooks[hook.id] = hook

    @property
    def pending(self) -> int:
        return len(self._running)

    async def stop(self) -> None:
        """Drop what is still to be delivered."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def fire(
        self,
        event: str,
        record: Order | JsonObject,
        document: Document | None = None,
        payment: Payment | None = None,
    ) -> None:
        """Queue a change for every active subscription; without one it costs nothing."""
        if any(hook.type == event and hook.is_active for hook in self.hooks.values()):
            body = payload(event, record, document, payment, self._tenant.settings, _header)
            self.send(event, body)

    def send(self, event: str, body: object, *, now: bool = False) -> int:
        """Queue a body for every active subscription of `event`; gives how many. `now`: without delay."""
        settings = self._tenant.settings
        text = dumps(body)
        if settings.webhook_upper_case:
            text = _GUID.sub(lambda match: match.group().upper(), text)
        hooks = [hook for hook in self.hooks.values() if hook.type == event and hook.is_active]
        for hook in hooks:
            for _ in range(2 if settings.webhook_duplicates else 1):
                task = asyncio.get_running_loop().create_task(self._deliver(hook.id, text, now))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return len(hooks)

    async def _deliver(self, identifier: str, body: bytes, now: bool) -> None:
        settings, clock = self._tenant.settings, self._tenant.clock
        if not now:
            if settings.webhook_first_delay is None:
                await clock.sleep(FIRST_DELAY)
            spread = self._chance.uniform(0, settings.webhook_spread)
            await asyncio.sleep((settings.webhook_first_delay or 0.0) + spread)
        for wait in (*LADDER, None):
            hook = self.hooks.get(identifier)
            if hook is None or not hook.is_active:
                return  # events of an inactive webhook are lost
            if await self._attempt(hook, body):
                self.delivered += 1
                return
            if wait is not None:
                await clock.sleep(wait)
        self.failed += 1
        if (hook := self.hooks.get(identifier)) is not None:
            hook.is_active = False
            _log.warning("webhook for %s deactivated after six failed attempts", hook.type)

    async def _attempt(self, hook: Webhook, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", **dict(hook.headers)}
        auth = httpx.Auth()
        if hook.authorisation == "bearerauth":
            headers["Authorization"] = f"Bearer {hook.token or ''}"
        elif hook.authorisation == "basicauth":
            auth = httpx.BasicAuth(hook.user or "", hook.password or "")
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False)
        try:
            response = await self._client.post(
                hook.url,
                content=body,
                headers=headers,
                auth=auth,
                timeout=self._tenant.settings.webhook_timeout,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            _log.info("webhook %s not delivered: %s", hook.type, type(error).__name__)
            return False
        return response.is_success

    # ---- /webhooks

    def routes(self) -> dict[str, Handler]:
        """The handlers of `/webhooks` by verb."""
        return {"GET": self._get, "POST": self._post, "PUT": self._put, "DELETE": self._delete}

    def _get(self, tenant: Tenant, request: Request) -> object:
        return {"Webhooks": [hook.shown() for hook in self.hooks.values()]}

    def _post(self, tenant: Tenant, request: Request) -> object:
        hook = _read(tenant.new_id("webhook"), request.body)
        self._refuse_sixth(hook)
        self.hooks[hook.id] = hook
        return {"Webhooks": [hook.shown()]}

    def _put(self, tenant: Tenant, request: Request) -> object:
        """Replaces everything: a token that is not sent again is gone."""
        present = self._known(str(request.body.get("ID") or ""))
        hook = _read(present.id, request.body)
        if hook.type != present.type:
            self._refuse_sixth(hook)
        self.hooks[hook.id] = hook
        return {"Webhooks": [hook.shown()]}

    def _delete(self, tenant: Tenant, request: Request) -> object:
        del self.hooks[self._known(request.required("ID")).id]
        return {"Webhooks": []}

    def _known(self, identifier: str) -> Webhook:
        hook = self.hooks.get(identifier.lower())
        if hook is None:
            raise Refusal("Webhook with specified ID not found")
        return hook

    def _refuse_sixth(self, hook: Webhook) -> None:
        if sum(one.type == hook.type for one in self.hooks.values()) >= PER_TYPE:
            raise Refusal(f"Only {PER_TYPE} webhooks are allowed for type {hook.type}")


def _header(purchase: Purchase) -> JsonObject:
    """The purchase header of `Purchase/Updated`: without the parts."""
    parts = ("Order", "StockReceived", "PutAway", "Invoice", "CreditNote", "ManualJournals")
    body = advanced_body(purchase, combine=False)
    return {name: value for name, value in body.items() if name not in parts}


def _read(identifier: str, body: JsonObject) -> Webhook:
    problems = [
        f"Required attribute {name} is not provided."
        for name in ("Type", "ExternalURL", "ExternalAuthorizationType", "IsActive")
        if body.get(name) in (None, "")
    ]
    kind, authorisation = str(body.get("Type")), str(body.get("ExternalAuthorizationType"))
    if not problems and kind not in FRIENDLY_NAMES:
        problems.append(f"'Type' {kind} is invalid")
    if not problems and authorisation not in _AUTHORISATIONS:
        problems.append(f"'ExternalAuthorizationType' {authorisation} is invalid")
    if problems:
        raise Refusal(*problems)
    basic, bearer = authorisation == "basicauth", authorisation == "bearerauth"
    rows: list[dict[str, Any]] = body.get("ExternalHeaders") or []
    return Webhook(
        id=identifier,
        type=kind,
        is_active=parse_bool(body["IsActive"]),
        url=str(body["ExternalURL"]),
        authorisation=authorisation,
        user=body.get("ExternalUserName") if basic else None,
        password=body.get("ExternalPassword") if basic else None,
        token=body.get("ExternalBearerToken") if bearer else None,
        headers=[(str(row.get("Key")), str(row.get("Value"))) for row in rows],
    )
