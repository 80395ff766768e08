"""What we want to be told by the two systems, and who is told when that fails: `subscriptions.yaml`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from cin7_nav.mappings.files import Section
from cin7_nav.mappings.reader import MappingError, check, nearest, read

FILE = "subscriptions.yaml"

CIN7_TYPES = (
    "Sale/Created", "Sale/QuoteAuthorised", "Sale/OrderAuthorised", "Sale/Voided", "Sale/Backordered",
    "Sale/ShipmentAuthorised", "Sale/InvoiceAuthorised", "Sale/PickAuthorised", "Sale/PackAuthorised",
    "Sale/CreditNoteAuthorised", "Sale/Undo", "Sale/PartialPaymentReceived", "Sale/FullPaymentReceived",
    "Sale/AttachmentAdded", "Sale/AdditionalAttributesChanged", "Sale/ShipmentTrackingNumberChanged",
    "Purchase/OrderAuthorised", "Purchase/InvoiceAuthorised", "Purchase/StockReceivedAuthorised",
    "Purchase/CreditNoteAuthorised", "Purchase/Updated", "Customer/Updated", "Supplier/Updated",
    "Product/Updated", "Stock/AvailableStockLevelChanged", "Lead/Updated", "Lead/Converted",
    "Opportunity/Authorized", "Opportunity/AttachmentAdded", "Opportunity/Voided", "Opportunity/Converted",
    "Task/Overdue",
)  # fmt: skip
"""The types of webhook that Cin7 Core has (its API portal, group Webhooks)."""

_ENTITY = re.compile(r"[a-z][A-Za-z]{2,60}")


def _entity(value: object) -> str:
    if isinstance(value, str) and _ENTITY.fullmatch(value):
        return value
    raise ValueError("an entity set of NAV's API v2.0, such as vendors")


def _cin7_type(value: object) -> str:
    if value in CIN7_TYPES:
        return str(value)
    near = nearest(str(value), [*CIN7_TYPES])
    raise ValueError("a type of Cin7 webhook" + (f", perhaps {near}" if near else ", such as Sale/Undo"))


def _share(value: object) -> int:
    text = str(value)
    if text.isdecimal() and 10 <= int(text) <= 90:
        return int(text)
    raise ValueError("a percentage from 10 to 90")


Entity = Annotated[str, BeforeValidator(_entity), WithJsonSchema({"type": "string"})]
Cin7Type = Annotated[
    str, BeforeValidator(_cin7_type), WithJsonSchema({"type": "string", "enum": list(CIN7_TYPES)})
]
Share = Annotated[
    int, BeforeValidator(_share), WithJsonSchema({"type": "integer", "minimum": 10, "maximum": 90})
]


class Subscriptions(Section):
    nav: tuple[Entity, ...]
    """Entity sets of NAV's API v2.0 whose changes we want to be told of."""
    cin7: tuple[Cin7Type, ...]
    """Types of Cin7 webhook that we want to have."""
    renew_when_left: Share = 50
    """A NAV subscription is renewed when less than this percentage of its life is left."""


def load(directory: Path) -> Subscriptions | list[MappingError]:
    """`subscriptions.yaml` in the directory of the mapping files, or everything that is wrong with it.

    A mistake in it stops no document: it is none of the mappings that `mappings.load` reads.
    """
    path = directory / FILE
    if not path.exists():
        return [MappingError(FILE, 1, "no such file", f"a file {FILE} in {directory.name}/")]
    source = read(path)
    found = check(source, Subscriptions)
    if found is None:
        return source.errors
    for section in ("nav", "cin7"):
        names = getattr(found, section)
        for at, name in enumerate(names):
            if name in names[:at]:
                source.fault((section, at), f"{name} a second time", "each name once")
    return source.errors or found
