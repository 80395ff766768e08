"""NAV's webhook subscriptions, and how much of an entity set changed since a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from cin7_nav.hooks.errors import NotFound
from cin7_nav.hooks.nav import API, NavHook, Row

SUBSCRIPTIONS = f"{API}subscriptions"
RUNTIME = "api/microsoft/runtime/beta/"


def listed(hook: NavHook) -> list[Row]:
    """All subscriptions of the environment, strangers' too. They hold secrets in clear: never log them."""
    return list(hook.rows(SUBSCRIPTIONS))


def supported(hook: NavHook) -> frozenset[str]:
    """The entity sets of API v2.0 that this NAV can be subscribed to."""
    rows = hook.rows(f"{RUNTIME}companies({hook.company_id()})/webhookSupportedResources")
    names = (str(row.get("resource") or "") for row in rows)
    return frozenset(name.removeprefix("v2.0/") for name in names if name.startswith("v2.0/"))


def resource(hook: NavHook, entity: str) -> str:
    """The resource of a subscription to an entity set of our company."""
    return f"/{hook.entity(entity)}"


def create(hook: NavHook, url: str, entity: str, state: str) -> Row:
    """Subscribe. NAV first asks `url` for its validation token, and answers 400 where that fails."""
    return _row(hook.write("POST", SUBSCRIPTIONS, _body(hook, url, entity, state)))


def renew(hook: NavHook, present: Mapping[str, Any], url: str, entity: str, state: str) -> Row:
    """Give a subscription another three days, this address and this state. NAV shakes hands again."""
    path = f"{SUBSCRIPTIONS}('{present['subscriptionId']}')"
    body = _body(hook, url, entity, state)
    return _row(hook.write("PATCH", path, body, etag=str(present["@odata.etag"]), repeatable=True))


def delete(hook: NavHook, subscription_id: str) -> None:
    """Unsubscribe. No error where it is already gone."""
    try:
        hook.write("DELETE", f"{SUBSCRIPTIONS}('{subscription_id}')", repeatable=True)
    except NotFound:
        return


def changed_since(hook: NavHook, entity: str, since: dt.datetime) -> int:
    """How many records of an entity set were made or changed after this time."""
    stamp = since.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    options = {"$filter": f"lastModifiedDateTime gt {stamp}", "$count": "true", "$top": 1}
    return int(hook.get(hook.entity(entity), options)["@odata.count"])


def _body(hook: NavHook, url: str, entity: str, state: str) -> dict[str, str]:
    return {"notificationUrl": url, "resource": resource(hook, entity), "clientState": state}


def _row(answer: Any) -> Row:
    return dict(answer)
