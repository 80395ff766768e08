"""Whether a NAV connection is good for what we do, tried out without leaving anything behind."""

from __future__ import annotations

from uuid import uuid4

from cin7_nav.hooks.errors import Misconfigured, NotFound, Refused
from cin7_nav.hooks.nav import NavHook

_READ = (
    "accounts",
    "dimensions",
    "generalLedgerSetup",
    "generalLedgerEntries",
    "purchaseInvoices",
    "salesInvoices",
)


def check(hook: NavHook) -> str:
    """A sentence that says what works. Raises the error of the first step that does not."""
    company = hook.settings.extra.company
    if hook.settings.extra.channel == "odata_v4":
        for key in sorted(hook.settings.extra.services):
            _read(hook, hook.service(key), key)
        return f"NAV answers for {company}; all published pages of the connection can be read"
    for name in _READ:
        _read(hook, hook.entity(name), name)
    code = f"C7T{uuid4().hex[:7]}".upper()
    try:
        journal = hook.write("POST", hook.entity("journals"), {"code": code, "displayName": "cin7-nav test"})
        hook.write("DELETE", hook.entity(f"journals({journal['id']})"), repeatable=True)
    except Refused as error:
        raise Misconfigured(f"NAV lets us create no journal batch: {error}") from None
    works = "accounts, dimensions, invoices and entries can be read, journals can be written"
    return f"NAV answers for {company}; {works}"


def _read(hook: NavHook, path: str, name: str) -> None:
    try:
        hook.get(path, {"$top": 1})
    except (NotFound, Refused) as error:
        raise Misconfigured(f"NAV lets us not read {name}: {error}") from None
