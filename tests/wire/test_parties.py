"""Cin7's parties: which address and contact count, and what a change sends."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cin7_nav.model import PartyField as F
from cin7_nav.model import PartyKind
from cin7_nav.wire.fields import WireError
from cin7_nav.wire.parties import IncompleteAddress, cin7_changes, cin7_new, cin7_party

ID = "AAAAAAAA-0000-4000-8000-000000000001"
CUSTOMER, SUPPLIER = PartyKind.CUSTOMER, PartyKind.SUPPLIER


def address(kind: str, line: str, default: bool = True) -> dict[str, Any]:
    return {
        "ID": f"id of {line}",
        "Type": kind,
        "DefaultForType": default,
        "Line1": line,
        "Country": "France",
    }


def row(**changes: Any) -> dict[str, Any]:
    return {
        "ID": ID,
        "Name": "Kite",
        "Status": "Active",
        "LastModifiedOn": "2026-11-20T10:00:00.1234567",
        "Addresses": [address("Shipping", "a"), address("Billing", "b", False), address("Billing", "c")],
        "Contacts": [
            {"ID": "1", "Name": "Ann", "Phone": "1", "Default": False},
            {"ID": "2", "Name": "Kim", "Phone": "2", "Default": True},
        ],
        **changes,
    }


def test_the_default_billing_address_and_the_default_contact_count() -> None:
    party = cin7_party(CUSTOMER, row())
    assert (party.values[F.ADDRESS_LINE_1], party.values[F.PHONE]) == ("c", "2")
    assert party.id == ID.lower()
    assert party.modified == dt.datetime(2026, 11, 20, 10, 0, 0, 123456, dt.UTC)


def test_without_a_default_the_first_contact_counts_and_without_any_nothing() -> None:
    contacts = [{"ID": "1", "Name": "Ann", "Phone": "1"}, {"ID": "2", "Name": "Kim", "Phone": "2"}]
    assert cin7_party(SUPPLIER, row(Contacts=contacts)).values[F.PHONE] == "1"
    bare = cin7_party(SUPPLIER, row(Contacts=None, Addresses=[], TaxNumber=None))
    assert (bare.values[F.PHONE], bare.values[F.CITY], bare.values[F.TAX_NUMBER]) == ("", "", "")


@pytest.mark.parametrize("lacking", ["ID", "LastModifiedOn"])
def test_a_record_that_can_not_be_told_is_an_error_that_names_the_field(lacking: str) -> None:
    with pytest.raises(WireError, match=lacking):
        cin7_party(SUPPLIER, row(**{lacking: None}))


def test_a_change_sends_every_address_with_its_id_and_no_contact() -> None:
    body = cin7_changes(CUSTOMER, row(), {F.CITY: "Paris", F.BLOCKED: "true"})
    assert body.keys() == {"ID", "Status", "Addresses"}
    assert body["Status"] == "Deprecated"
    assert [one["ID"] for one in body["Addresses"]] == ["id of a", "id of b", "id of c"]
    assert [one.get("City") for one in body["Addresses"]] == [None, None, "Paris"]


def test_a_first_contact_gets_the_name_of_the_party() -> None:
    body = cin7_changes(SUPPLIER, row(Contacts=[]), {F.PHONE: "9"})
    assert body["Contacts"] == [{"Name": "Kite", "Default": True, "Phone": "9"}]


def test_an_address_without_line_or_country_is_not_sent() -> None:
    with pytest.raises(IncompleteAddress):
        cin7_changes(SUPPLIER, row(Addresses=[]), {F.CITY: "Paris"})


def test_a_new_record_has_what_cin7_demands_and_nothing_empty() -> None:
    defaults = {"AccountPayable": "800", "TaxRule": "No VAT", "PaymentTerm": "30 days"}
    body = cin7_new(
        SUPPLIER, {F.NAME: "Kite", F.PAYMENT_TERMS: "Cash", F.CURRENCY: "GBP", F.EMAIL: ""}, defaults
    )
    assert body == {
        **defaults, "PaymentTerm": "Cash", "Name": "Kite", "Currency": "GBP", "Status": "Active",
    }  # fmt: skip
