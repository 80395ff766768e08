"""NAV's customers and vendors in the words of their published cards, pages 21 and 26."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.wire.nav_parties import BLOCKED_FOR_ALL, Codes

FIELDS = {
    PartyField.NAME: "Name",
    PartyField.TAX_NUMBER: "VAT_Registration_No",
    PartyField.CURRENCY: "Currency_Code",
    PartyField.PAYMENT_TERMS: "Payment_Terms_Code",
    PartyField.TAX_LIABLE: "Tax_Liable",
    PartyField.BLOCKED: "Blocked",
    PartyField.ADDRESS_LINE_1: "Address",
    PartyField.ADDRESS_LINE_2: "Address_2",
    PartyField.CITY: "City",
    PartyField.STATE: "County",
    PartyField.POSTAL_CODE: "Post_Code",
    PartyField.COUNTRY: "Country_Region_Code",
    PartyField.PHONE: "Phone_No",
    PartyField.EMAIL: "E_Mail",
    PartyField.WEBSITE: "Home_Page",
}

Caption = Callable[[str], str]


def page_party(kind: PartyKind, row: Mapping[str, Any], codes: Codes, read: Caption) -> Party:
    """A row of a card's page, with its ETag. It has no id but its number; `read` tells the option behind a
    caption."""
    values = {field: str(row[name] or "") for field, name in FIELDS.items()}
    values[PartyField.CURRENCY] = values[PartyField.CURRENCY] or codes.local_currency
    values[PartyField.TAX_LIABLE] = str(bool(row["Tax_Liable"])).lower()
    values[PartyField.BLOCKED] = str(read(row["Blocked"]) == BLOCKED_FOR_ALL).lower()
    changed = dt.date.fromisoformat(row["Last_Date_Modified"])
    modified = dt.datetime.combine(changed, dt.time(), dt.UTC)
    return Party(kind, Side.NAV, row["No"], row["No"], values, modified, row.get("@odata.etag") or "")


def page_body(changes: Mapping[PartyField, str], sent: Caption) -> dict[str, Any]:
    """The body that gives a card these values; `sent` tells the caption of an option."""
    body: dict[str, Any] = {}
    for name, value in changes.items():
        match name:
            case PartyField.TAX_LIABLE:
                body[FIELDS[name]] = value == "true"
            case PartyField.BLOCKED:
                body[FIELDS[name]] = sent(BLOCKED_FOR_ALL) if value == "true" else " "
            case PartyField.PAYMENT_TERMS:
                body[FIELDS[name]] = value.upper()
            case _:
                body[FIELDS[name]] = value
    return body
