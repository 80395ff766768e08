"""What a notification of NAV points at, and which flow looks at it. Pure."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote

from cin7_nav.receiver.events import NO_FLOW, Unreadable
from cin7_nav.store.webhook_secrets import fingerprint

FLOWS = {
    "vendors": "parties",
    "customers": "parties",
    "items": "stock",
    "itemLedgerEntries": "stock",
    "generalLedgerEntries": "invoices",
    "purchaseInvoices": "invoices",
    "salesInvoices": "invoices",
    "purchaseCreditMemos": "invoices",
    "salesCreditMemos": "invoices",
}
"""The flow of each of NAV's entity sets; notifications about others are kept for the record only."""

UNREADABLE = "unreadable"
MOST = 10_000
"""Entries that are read. NAV names at most 1,000 records of a subscription one by one."""
_KINDS = frozenset({"created", "updated", "deleted", "collection"})
_RESOURCE = re.compile(
    r"(?:.*?/)?api/v2\.0/companies\([^()]*\)/(?P<entity>[A-Za-z]+)"
    r"(?:\((?P<record>[^()]*)\))?/?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_SINCE = re.compile(r"\$filter=lastModifiedDateTime\s+g[te]\s+([0-9T:.+Z-]+)")
_STATE = re.compile(r'("clientState"\s*:\s*")(?:[^"\\]|\\.)*"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Notification:
    """One entry of a notification, as `land_event` takes it."""

    type: str
    """Entity set and change, e.g. `vendors/updated`; `vendors/collection` for more changes than NAV names."""
    flow: str
    record_id: str
    """NAV's id of the record in lower case; empty for a collection."""
    number: str
    """For a collection the time since which records changed, ISO 8601; empty: any may have."""
    path: tuple[str, ...]
    secret: str
    """SHA-256 of the clientState, hexadecimal."""

    def __str__(self) -> str:
        return f"{self.type} {self.record_id or self.number}".strip()


def notifications(payload: Any) -> list[Notification]:
    """The entries of NAV's `{"value": […]}`, each read on its own: one that can't be is marked as unreadable
    and does not hold up the others. Raises Unreadable where there are none."""
    entries = payload.get("value") if isinstance(payload, dict) else None
    if not isinstance(entries, list) or not entries:
        raise Unreadable("no list of notifications")
    if len(entries) > MOST:
        raise Unreadable("more entries than NAV sends")
    return [_notification(str(at), entry) for at, entry in enumerate(entries)]


def as_records(found: list[Notification]) -> str:
    """The notifications as `land_event` takes them."""
    return json.dumps([asdict(one) for one in found])


def without_states(body: bytes) -> bytes:
    """The body without the secrets in it, to be kept."""
    return _STATE.sub(r'\1***"', body.decode("utf-8", "replace").lstrip("\ufeff")).encode()


def _notification(at: str, entry: Any) -> Notification:
    path = ("value", at)
    if isinstance(entry, Mapping):
        resource, kind, state = (entry.get(name) for name in ("resource", "changeType", "clientState"))
        if isinstance(resource, str) and isinstance(state, str) and kind in _KINDS:
            named = _RESOURCE.fullmatch(resource)
            if named and bool(named["record"]) is (kind != "collection"):
                entity = named["entity"]
                return Notification(
                    f"{entity}/{kind}",
                    FLOWS.get(entity, NO_FLOW),
                    (named["record"] or "").strip("'").lower(),
                    _since(named["query"]) if kind == "collection" else "",
                    path,
                    fingerprint(state).hex(),
                )
    return Notification(UNREADABLE, NO_FLOW, at, "", path, "")


def _since(query: str | None) -> str:
    found = _SINCE.match(unquote(query or ""))
    try:
        return dt.datetime.fromisoformat(found[1]).isoformat() if found else ""
    except ValueError:
        return ""
