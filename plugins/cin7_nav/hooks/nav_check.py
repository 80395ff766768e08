"""Whether a NAV connection is good for what we do, tried out without leaving anything behind."""

from __future__ import annotations

from uuid import uuid4

from cin7_nav.hooks.errors import Misconfigured, NotFound, NotPublished, Refused
from cin7_nav.hooks.nav import WRITABLE_ACTIONS, NavHook
from cin7_nav.hooks.nav_pages import PAGES

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
        return f"NAV answers for {company}; {_pages(hook)}"
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


def _pages(hook: NavHook) -> str:
    """What the published pages let us do. Raises `Misconfigured` with every page that must be published."""
    services = hook.settings.extra.services
    missing = [
        _to_publish(key, page.name) for key, page in PAGES.items() if page.is_needed and key not in services
    ]
    for key in sorted(services.keys() - WRITABLE_ACTIONS):
        try:
            hook.get(hook.service(key), {"$top": 1})
        except (NotFound, NotPublished):
            missing.append(_to_publish(key, services[key]))
        except Refused as error:
            raise Misconfigured(f"NAV lets us not read {services[key]}: {error}") from None
    if missing:
        raise Misconfigured(f"pages are to be published in NAV, under Web Services: {'; '.join(missing)}")
    without = [page.why for key, page in PAGES.items() if not page.is_needed and key not in services]
    said = "all published pages of the connection can be read"
    return f"{said}. What is not named there: {'; '.join(without)}" if without else said


def _to_publish(key: str, name: str) -> str:
    number = f"page {PAGES[key].number} " if key in PAGES else ""
    return f'{number}as {name} (connection: "{key}")'


def _read(hook: NavHook, path: str, name: str) -> None:
    try:
        hook.get(path, {"$top": 1})
    except (NotFound, Refused) as error:
        raise Misconfigured(f"NAV lets us not read {name}: {error}") from None
