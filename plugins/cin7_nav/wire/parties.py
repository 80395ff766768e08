"""Cin7's customers and suppliers: what is read of them, and the bodies that change them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.wire.fields import WireError

Row = Mapping[str, Any]

_HEADER = {
    PartyField.NAME: "Name",
    PartyField.TAX_NUMBER: "TaxNumber",
    PartyField.CURRENCY: "Currency",
    PartyField.PAYMENT_TERMS: "PaymentTerm",
    PartyField.TAX_LIABLE: "TaxRule",
}
_ADDRESS = {
    PartyField.ADDRESS_LINE_1: "Line1",
    PartyField.ADDRESS_LINE_2: "Line2",
    PartyField.CITY: "City",
    PartyField.STATE: "State",
    PartyField.POSTAL_CODE: "Postcode",
    PartyField.COUNTRY: "Country",
}
_CONTACT = {PartyField.PHONE: "Phone", PartyField.EMAIL: "Email", PartyField.WEBSITE: "Website"}
_ADDRESS_TYPES = {PartyKind.CUSTOMER: ("Billing", "Business"), PartyKind.SUPPLIER: ("Business", "Billing")}
DEPRECATED = "Deprecated"


class IncompleteAddress(ValueError):
    """Cin7 takes no address without its first line and country (API portal: both are required)."""


def cin7_party(kind: PartyKind, row: Row) -> Party:
    """A row of `CustomerList` or `SupplierList`. Raises WireError where it lacks what identifies it.

    Of several addresses the one for billing (suppliers: business) that is the default of its type counts; of
    several contacts the default one, else the first.
    """
    faults = tuple((name, "missing") for name in ("ID", "LastModifiedOn") if not row.get(name))
    if faults:
        raise WireError(f"{kind} {row.get('ID') or 'without ID'}", faults)
    address, contact = main_address(kind, row) or {}, main_contact(row) or {}
    values = {
        **{field: _text(row.get(name)) for field, name in _HEADER.items()},
        **{field: _text(address.get(name)) for field, name in _ADDRESS.items()},
        **{field: _text(contact.get(name)) for field, name in _CONTACT.items()},
        PartyField.BLOCKED: str(_text(row.get("Status")) == DEPRECATED).lower(),
    }
    return Party(kind, Side.CIN7, str(row["ID"]).lower(), "", values, _moment(row["LastModifiedOn"]))


def main_address(kind: PartyKind, row: Row) -> Row | None:
    """The address that NAV's only one is kept the same as."""
    wanted = _ADDRESS_TYPES[kind]

    def rank(address: Row) -> tuple[int, bool]:
        of_type = address.get("Type")
        return wanted.index(of_type) if of_type in wanted else len(wanted), not address.get("DefaultForType")

    return min(row.get("Addresses") or (), key=rank, default=None)


def main_contact(row: Row) -> Row | None:
    contacts: Sequence[Row] = row.get("Contacts") or ()
    return next((one for one in contacts if one.get("Default")), next(iter(contacts), None))


def cin7_changes(kind: PartyKind, row: Row, changes: Mapping[PartyField, str]) -> dict[str, Any]:
    """The PUT body that gives the party, just read as `row`, these values.

    Every address and contact goes with its ID: Cin7 adds one that comes without. Raises IncompleteAddress.
    """
    body: dict[str, Any] = {"ID": row["ID"], **_header(changes)}
    if changes.keys() & _ADDRESS.keys():
        body["Addresses"] = _addresses(kind, row, _named(changes, _ADDRESS))
    if changes.keys() & _CONTACT.keys():
        name = changes.get(PartyField.NAME) or row.get("Name")
        body["Contacts"] = _contacts(row, _named(changes, _CONTACT), str(name))
    return body


def cin7_new(
    kind: PartyKind, values: Mapping[PartyField, str], defaults: Mapping[str, str]
) -> dict[str, Any]:
    """The POST body of a new party; `defaults`: what Cin7 demands and NAV does not know, in Cin7's names."""
    filled = {field: value for field, value in values.items() if value}
    header = _header({PartyField.BLOCKED: "false", **filled})
    body: dict[str, Any] = {**defaults, **header}
    if filled.keys() & _ADDRESS.keys():
        body["Addresses"] = _addresses(kind, {}, _named(filled, _ADDRESS))
    if filled.keys() & _CONTACT.keys():
        body["Contacts"] = _contacts({}, _named(filled, _CONTACT), filled[PartyField.NAME])
    return body


def _header(changes: Mapping[PartyField, str]) -> dict[str, Any]:
    body: dict[str, Any] = _named(changes, _HEADER)
    if PartyField.BLOCKED in changes:
        body["Status"] = DEPRECATED if changes[PartyField.BLOCKED] == "true" else "Active"
    return body


def _addresses(kind: PartyKind, row: Row, changes: Mapping[str, str]) -> list[dict[str, Any]]:
    every = [dict(one) for one in row.get("Addresses") or ()]
    main = main_address(kind, {"Addresses": every})
    if main is None:
        main = {"Type": _ADDRESS_TYPES[kind][0], "DefaultForType": True}
        every.append(main)
    assert isinstance(main, dict)
    main.update(changes)
    if not (main.get("Line1") and main.get("Country")):
        raise IncompleteAddress("Cin7 takes no address without its first line and country")
    return every


def _contacts(row: Row, changes: Mapping[str, str], name: str) -> list[dict[str, Any]]:
    every = [dict(one) for one in row.get("Contacts") or ()]
    main = main_contact({"Contacts": every})
    if main is None:
        main = {"Name": name, "Default": True}
        every.append(main)
    assert isinstance(main, dict)
    main.update(changes)
    return every


def _named(changes: Mapping[PartyField, str], names: Mapping[PartyField, str]) -> dict[str, str]:
    return {names[field]: value for field, value in changes.items() if field in names}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _moment(text: str) -> dt.datetime:
    """Cin7's stamps carry zero to seven fraction digits, with or without `Z`."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z?", text.strip())
    if not found:
        raise WireError("party", (("LastModifiedOn", "no timestamp"),))
    return dt.datetime.fromisoformat(f"{found[1]}.{(found[2] or '0')[:6]:0<6}+00:00")
