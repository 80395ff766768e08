"""Customers and suppliers in Cin7's words."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.cin7.wire import stamp_text
from sandbox.world import Party, World

_ATTRIBUTES = {f"AdditionalAttribute{number}": "" for number in range(1, 11)}


def customer(world: World, party: Party, modified: dt.datetime) -> dict[str, Any]:
    return {
        "ID": party.id,
        "Name": party.name,
        "DisplayName": party.name,
        "Currency": party.currency,
        "PaymentTerm": "30 days",
        "Discount": 0,
        "TaxRule": "20% VAT on Sales",
        "Carrier": "",
        "SalesRepresentative": party.sales_rep,
        "Location": "London",
        "Comments": "",
        "AccountReceivable": "610",
        "RevenueAccount": "200",
        "PriceTier": "Tier 1",
        "TaxNumber": party.tax_number,
        **_ATTRIBUTES,
        "AttributeSet": None,
        "Tags": "",
        "Status": "Active",
        "CreditLimit": 0,
        "IsOnCreditHold": False,
        "IsLegalEntity": True,
        "CustomerParentID": None,
        "CustomerParentName": None,
        "IsBillParent": False,
        "LastModifiedOn": stamp_text(modified),
        "Addresses": [_address(world, party, "Billing"), _address(world, party, "Shipping")],
        "Contacts": [{**_contact(world, party), "JobTitle": "", "MarketingConsent": 1}],
        "ProductPrices": [],
        "ChildCustomers": [],
    }


def supplier(world: World, party: Party, modified: dt.datetime) -> dict[str, Any]:
    return {
        "ID": party.id,
        "Name": party.name,
        "Currency": party.currency,
        "PaymentTerm": "30 days",
        "TaxRule": "20% VAT on Purchases",
        "Discount": 0,
        "Comments": "",
        "AccountPayable": "800",
        "TaxNumber": party.tax_number,
        **_ATTRIBUTES,
        "AttributeSet": None,
        "Status": "Active",
        "LastModifiedOn": stamp_text(modified),
        "Addresses": [_address(world, party, "Business")],
        "Contacts": [_contact(world, party)],
    }


def document_address(record: dict[str, Any]) -> dict[str, str | None]:
    """The address block of a sale or purchase, from a party's first address."""
    first: dict[str, Any] = next(iter(record["Addresses"]), {})
    place = " ".join(filter(None, (first.get("City"), first.get("State"), first.get("Postcode"))))
    return {
        "DisplayAddressLine1": first.get("Line1") or "",
        "DisplayAddressLine2": place,
        "Line1": first.get("Line1"),
        "Line2": first.get("Line2"),
        "City": first.get("City"),
        "State": first.get("State"),
        "Postcode": first.get("Postcode"),
        "Country": first.get("Country"),
    }


def first_contact(record: dict[str, Any]) -> dict[str, Any]:
    return next(iter(record["Contacts"]), {})


def _address(world: World, party: Party, kind: str) -> dict[str, Any]:
    return {
        "ID": world.id(party.kind, party.index, "address", kind),
        "Line1": party.address.line1,
        "Line2": "",
        "City": party.address.city,
        "State": "",
        "Postcode": party.address.postcode,
        "Country": party.address.country,
        "Type": kind,
        "DefaultForType": True,
    }


def _contact(world: World, party: Party) -> dict[str, Any]:
    return {
        "ID": world.id(party.kind, party.index, "contact"),
        "Name": party.contact.name,
        "Phone": party.contact.phone,
        "MobilePhone": "",
        "Fax": "",
        "Email": party.contact.email,
        "Website": "",
        "Default": True,
        "Comment": "",
        "IncludeInEmail": True,
    }
