"""NAV's customers and vendors in API v2.0's words: what is read of them, and the bodies that change them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cin7_nav.model import Party, PartyField, PartyKind, Side

FIELDS = {
    PartyField.NAME: "displayName",
    PartyField.TAX_NUMBER: "taxRegistrationNumber",
    PartyField.CURRENCY: "currencyCode",
    PartyField.PAYMENT_TERMS: "paymentTermsId",
    PartyField.TAX_LIABLE: "taxLiable",
    PartyField.BLOCKED: "blocked",
    PartyField.ADDRESS_LINE_1: "addressLine1",
    PartyField.ADDRESS_LINE_2: "addressLine2",
    PartyField.CITY: "city",
    PartyField.STATE: "state",
    PartyField.POSTAL_CODE: "postalCode",
    PartyField.COUNTRY: "country",
    PartyField.PHONE: "phoneNumber",
    PartyField.EMAIL: "email",
    PartyField.WEBSITE: "website",
}
SELECT = ",".join(["id", "number", "lastModifiedDateTime", *FIELDS.values()])
BLOCKED_FOR_ALL = "All"
_NO_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Codes:
    """What stands behind ids and blanks on NAV's cards."""

    local_currency: str
    payment_terms: Mapping[str, str] = field(default_factory=dict)
    """Id → code."""

    def terms_id(self, code: str) -> str | None:
        """None where NAV has no such payment terms."""
        if not code:
            return _NO_ID
        return next((one for one, known in self.payment_terms.items() if known == code.upper()), None)


def nav_party(kind: PartyKind, row: Mapping[str, Any], codes: Codes) -> Party:
    """A row of `customers` or `vendors`, with its ETag; a blank currency is the local one."""
    values = {field: str(row.get(name) or "") for field, name in FIELDS.items()}
    values[PartyField.CURRENCY] = values[PartyField.CURRENCY] or codes.local_currency
    terms = str(row.get("paymentTermsId") or _NO_ID)
    values[PartyField.PAYMENT_TERMS] = codes.payment_terms.get(terms, "")
    values[PartyField.TAX_LIABLE] = str(bool(row.get("taxLiable"))).lower()
    values[PartyField.BLOCKED] = str(str(row.get("blocked")).strip() == BLOCKED_FOR_ALL).lower()
    modified = dt.datetime.fromisoformat(str(row["lastModifiedDateTime"]))
    return Party(
        kind, Side.NAV, str(row["id"]).lower(), row["number"], values, modified, row.get("@odata.etag") or ""
    )


def nav_body(changes: Mapping[PartyField, str], codes: Codes) -> dict[str, Any]:
    """The body that gives a card these values. `codes` must know the payment terms that are named."""
    body: dict[str, Any] = {}
    for name, value in changes.items():
        match name:
            case PartyField.PAYMENT_TERMS:
                body[FIELDS[name]] = codes.terms_id(value)
            case PartyField.TAX_LIABLE:
                body[FIELDS[name]] = value == "true"
            case PartyField.BLOCKED:
                body[FIELDS[name]] = BLOCKED_FOR_ALL if value == "true" else " "
            case _:
                body[FIELDS[name]] = value
    return body
