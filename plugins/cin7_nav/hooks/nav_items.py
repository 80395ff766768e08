"""NAV's item ledger, through the published page: the same whichever channel carries the journals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_api_v2 import chains
from cin7_nav.hooks.nav_journal import decimal

SERVICE = "item_ledger"


def document_quantities(hook: NavHook, document_nos: Sequence[str]) -> dict[str, Decimal] | None:
    """Pieces that these documents moved in all, incoming ones positive; a document that moved none is left
    out. None where the connection's `services` name no `item_ledger`."""
    if SERVICE not in hook.settings.extra.services:
        return None
    found: dict[str, Decimal] = {}
    for chain in chains("Document_No", document_nos):
        for row in hook.rows(hook.service(SERVICE), {"$filter": chain, "$select": "Document_No,Quantity"}):
            number = str(row["Document_No"])
            found[number] = found.get(number, Decimal(0)) + decimal(row["Quantity"])
    return found
