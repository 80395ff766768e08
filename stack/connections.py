"""The Airflow connections that a stack starts with."""

from __future__ import annotations

import json
from typing import Any

from cin7_nav.hooks.nav_pages import PAGES
from psycopg2 import extensions

from .airflow import CONNECTION
from .settings import Settings, StackError

TENANT = "11111111-1111-4111-8111-111111111111"
WEBHOOK_SECRET = "sandbox-webhook-secret"
SERVICES = {
    "item_journal": "ItemJournal",
    "item_reclass_journal": "ItemReclassJournal",
    "item_ledger": "ItemLedgerEntries",
    "post_item_journal": "C7Inventory_PostItemJournal",
    "customer_ledger": "Cust_LedgerEntries",
    "vendor_ledger": "VendorLedgerEntries",
}
ACTIONS = {
    "post_item_journal": "C7Inventory_PostItemJournal",
    "post_general_journal": "C7Journal_PostGeneralJournal",
}
INSTANCES = {"nav2018": "DynamicsNAV110", "bc14": "BC140", "bc-onprem": "BC"}
COMPANY = "Harbour & Vale Trading Ltd."
SHARED_BATCH = {"template": "CIN7", "batch": "CIN7"}
"""The general journal batch that the sandbox's administrator has set up for published pages."""
CIN7_KEYS = ("44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442")


def written(settings: Settings) -> dict[str, str]:
    """Those of `.env` and the environment (`AIRFLOW_CONN_<NAME>`), as Airflow's JSON or URI."""
    return {
        name.removeprefix(CONNECTION).lower(): text
        for name, text in settings.environment.items()
        if name.startswith(CONNECTION) and text
    }


def database(dsn: str) -> dict[str, str]:
    """Our own database; raises StackError where the DSN leaves its place open."""
    part = extensions.parse_dsn(dsn)
    if not part.keys() >= {"host", "dbname"}:
        raise StackError("CIN7_NAV_DSN must name host and dbname, e.g. host=db.example.com dbname=cin7_nav.")
    login, password, port = part.get("user"), part.get("password"), int(part.get("port", 5432))
    return {
        "cin7_nav_db": _connection(
            "postgres", part["host"], login, password, port=port, schema=part["dbname"]
        )
    }


def webhooks(settings: Settings) -> dict[str, str]:
    """Where Cin7 and NAV reach the receiver, until somebody names its public address."""
    address = f"http://127.0.0.1:{settings.port('RECEIVER_PORT')}"
    secret = WEBHOOK_SECRET if settings.demo else settings.secret("webhook-secret")
    return {"cin7_nav_webhooks": _connection("http", address, None, secret)}


def sandbox(settings: Settings) -> dict[str, str]:
    """Cin7 and NAV as the sandbox plays them."""
    cin7 = f"http://127.0.0.1:{settings.port('SANDBOX_CIN7_PORT')}/ExternalApi/v2"
    return {
        "cin7_default": _connection(
            "cin7",
            cin7,
            "33333333-3333-4333-8333-333333333333",
            CIN7_KEYS[0],
            extra={"application_keys": [CIN7_KEYS[1]], "calls_per_minute": 60},
        ),
        "nav_default": _online(settings) if settings.flavour == "online" else _on_premises(settings),
    }


def _online(settings: Settings) -> str:
    nav = f"https://127.0.0.1:{settings.port('SANDBOX_NAV_PORT')}"
    return _connection(
        "nav",
        nav,
        "22222222-2222-4222-8222-222222222222",
        "sandbox-nav-secret",
        extra={
            "deployment": "online",
            "tenant_id": TENANT,
            "environment": "sandbox",
            "company": COMPANY,
            "authority": nav,
            "channel": "api_v2",
            "ca_bundle": str(settings.var / "sandbox" / "ca.pem"),
            "services": SERVICES,
        },
    )


def _on_premises(settings: Settings) -> str:
    if settings.flavour not in INSTANCES:
        raise StackError(
            f"FLAVOUR is {settings.flavour!r}; it must be online or one of {', '.join(INSTANCES)}."
        )
    actions = ACTIONS if can_post(settings) else {}
    services = {key: name for key, name in SERVICES.items() if key not in ACTIONS} | actions
    return _connection(
        "nav",
        "http://127.0.0.1",
        "CIN7NAV",
        "sandbox-nav-password",
        port=settings.port("SANDBOX_NAV_PORT"),
        extra={
            "deployment": "on_premises",
            "instance": INSTANCES[settings.flavour],
            "company": COMPANY,
            "channel": "odata_v4",
            "journal_batch": SHARED_BATCH["batch"],
            "services": {key: page.name for key, page in PAGES.items()} | services,
        },
    )


def can_post(settings: Settings) -> bool:
    """Whether the sandbox's NAV can be asked to post; else people do."""
    return settings.flavour in ("online", "bc-onprem")


def _connection(
    kind: str,
    host: str,
    login: str | None,
    password: str | None,
    *,
    port: int | None = None,
    schema: str | None = None,
    extra: dict[str, Any] | None = None,
) -> str:
    parts = {
        "conn_type": kind,
        "host": host,
        "login": login,
        "password": password,
        "port": port,
        "schema": schema,
        "extra": extra,
    }
    return json.dumps({name: value for name, value in parts.items() if value is not None})
