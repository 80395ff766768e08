"""Rows of published pages as those of the same entity in API v2.0: flows know reference data in its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cin7_nav.hooks.channel import Entity
from cin7_nav.hooks.nav_captions import Captions

Row = Mapping[str, Any]

TABLE_IDS = {Entity.CUSTOMERS: 18, Entity.VENDORS: 23}
"""NAV's numbers of the tables whose records have default dimensions that we read."""


@dataclass(frozen=True, slots=True)
class PageOf:
    """How an entity is read from a page."""

    service: str
    read: Callable[[Row, Captions], dict[str, Any]]
    is_optional: bool = False
    """Where the page is not published, the entity counts as empty."""
    modified: str = ""
    """The field with the day of the last change."""


def shortcuts(setup: Row) -> dict[str, str]:
    """Dimension code → the field of journal pages that carries it."""
    found: dict[str, str] = {}
    for at in range(1, 9):
        if code := setup.get(f"Shortcut_Dimension_{at}_Code"):
            found[code] = f"Shortcut_Dimension_{at}_Code" if at <= 2 else f"ShortcutDimCode{at}"
    return found


def default_dimension(row: Row, captions: Captions) -> dict[str, Any]:
    return {
        "dimensionCode": row["Dimension_Code"],
        "dimensionValueCode": row["Dimension_Value_Code"],
        "postingValidation": captions.read(row["Value_Posting"]),
    }


def _account(row: Row, captions: Captions) -> dict[str, Any]:
    return {
        "number": row["No"],
        "displayName": row["Name"],
        "accountType": captions.read(row["Account_Type"]),
        "blocked": bool(row["Blocked"]),
        "directPosting": bool(row["Direct_Posting"]),
    }


def _dimension(row: Row, _: Captions) -> dict[str, Any]:
    return {"id": row["Code"], "code": row["Code"], "displayName": row["Name"]}


def _dimension_value(row: Row, _: Captions) -> dict[str, Any]:
    dimension, code = row["Dimension_Code"], row["Code"]
    return {"id": f"{dimension} {code}", "dimensionId": dimension, "code": code, "displayName": row["Name"]}


def _party(row: Row, captions: Captions) -> dict[str, Any]:
    return {
        "number": row["No"],
        "displayName": row["Name"],
        "blocked": captions.read(row["Blocked"]),
        "currencyCode": row["Currency_Code"],
        "taxRegistrationNumber": row["VAT_Registration_No"],
    }


def _setup(row: Row, _: Captions) -> dict[str, Any]:
    return {
        "id": "setup",
        "localCurrencyCode": row["LCY_Code"],
        "allowPostingFrom": row["Allow_Posting_From"],
        "allowPostingTo": row["Allow_Posting_To"],
    }


def _period(row: Row, _: Captions) -> dict[str, Any]:
    start = row["Starting_Date"]
    return {"id": start, "startingDate": start, "name": row["Name"], "closed": bool(row["Closed"])}


def _posted(
    kind: Entity, party: tuple[str, str], external: tuple[str, str]
) -> Callable[[Row, Captions], dict[str, Any]]:
    def read(row: Row, _: Captions) -> dict[str, Any]:
        return {
            "id": f"{kind} {row['No']}",
            "number": row["No"],
            party[1]: row[party[0]],
            external[1]: row[external[0]],
            "postingDate": row["Posting_Date"],
            "totalAmountIncludingTax": row["Amount_Including_VAT"],
            "status": "Canceled" if row["Cancelled"] else "Open",
        }

    return read


_SOLD_TO = ("Sell_to_Customer_No", "customerNumber")
_BOUGHT_FROM = ("Buy_from_Vendor_No", "vendorNumber")
_EXTERNAL = ("External_Document_No", "externalDocumentNumber")

PAGE_OF: Mapping[Entity, PageOf] = {
    Entity.ACCOUNTS: PageOf("gl_account_card", _account),
    Entity.DIMENSIONS: PageOf("dimensions", _dimension),
    Entity.DIMENSION_VALUES: PageOf("dimension_values", _dimension_value),
    Entity.CUSTOMERS: PageOf("customer_card", _party, modified="Last_Date_Modified"),
    Entity.VENDORS: PageOf("vendor_card", _party, modified="Last_Date_Modified"),
    Entity.GENERAL_LEDGER_SETUP: PageOf("general_ledger_setup", _setup),
    Entity.ACCOUNTING_PERIODS: PageOf("accounting_periods", _period),
    Entity.SALES_INVOICES: PageOf(
        "posted_sales_invoices", _posted(Entity.SALES_INVOICES, _SOLD_TO, _EXTERNAL), is_optional=True
    ),
    Entity.SALES_CREDIT_MEMOS: PageOf(
        "posted_sales_credit_memos", _posted(Entity.SALES_CREDIT_MEMOS, _SOLD_TO, _EXTERNAL), is_optional=True
    ),
    Entity.PURCHASE_INVOICES: PageOf(
        "posted_purchase_invoices",
        _posted(Entity.PURCHASE_INVOICES, _BOUGHT_FROM, ("Vendor_Invoice_No", "vendorInvoiceNumber")),
        is_optional=True,
    ),
    Entity.PURCHASE_CREDIT_MEMOS: PageOf(
        "posted_purchase_credit_memos",
        _posted(Entity.PURCHASE_CREDIT_MEMOS, _BOUGHT_FROM, ("Vendor_Cr_Memo_No", "vendorCreditMemoNumber")),
        is_optional=True,
    ),
}
