"""What a Cin7 webhook points at, and which flow looks at it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

DEEPEST = 32
"""Nesting that a body may have; Cin7's deepest sample has five levels."""

FLOWS = {
    "Sale/InvoiceAuthorised": ("invoices",),
    "Sale/CreditNoteAuthorised": ("invoices", "stock"),
    "Sale/Voided": ("invoices", "stock"),
    "Sale/Undo": ("invoices", "stock"),
    "Purchase/InvoiceAuthorised": ("invoices",),
    "Purchase/CreditNoteAuthorised": ("invoices", "stock"),
    "Purchase/Updated": ("invoices",),
    "Customer/Updated": ("parties",),
    "Supplier/Updated": ("parties",),
    "Sale/ShipmentAuthorised": ("stock",),
    "Purchase/StockReceivedAuthorised": ("stock",),
    "Stock/AvailableStockLevelChanged": ("stock",),
}
"""The flows that look at each event type; every other type is kept for the record only."""

NO_FLOW = "none"

LISTS = {
    "Purchase/Updated": ("CustomerDetailsList", ()),
    "Customer/Updated": ("CustomerDetailsList", ("Customer",)),
    "Supplier/Updated": ("SupplierDetailsList", ("Supplier",)),
    "Product/Updated": ("ProductDetailsList", ()),
}
"""Types that carry whole records: the field with their list (Cin7 calls that of the purchases so, too), and
the path from a list entry to the record."""

IDS = ("SaleID", "SaleTaskID", "TaskID", "ID")
NUMBERS = ("SaleOrderNumber", "PurchaseOrderNumber", "OrderNumber", "DocumentNumber", "SKU")
"""The names under which an event carries its pointer; the first one present counts, because the order is
what can be read by id and searched by number."""

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)


class Unreadable(ValueError):
    """The body is no JSON that we take, or points at nothing. The message quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """One record that an event points at."""

    record_id: str
    """A GUID in lower case: Cin7 sends either case. Empty where the event carries none."""
    number: str
    path: tuple[str, ...] = ()
    """Where in the body this record lies; empty: the body as a whole."""


def flows_of(event_type: str) -> tuple[str, ...]:
    return FLOWS.get(event_type, (NO_FLOW,))


def parse(body: bytes) -> Any:
    """The JSON object or array in `body`. Raises Unreadable."""
    if _depth(body) > DEEPEST:
        raise Unreadable("nested too deeply")
    try:
        payload = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except ValueError as error:
        raise Unreadable("not JSON") from error
    if not isinstance(payload, dict | list):
        raise Unreadable("neither an object nor an array")
    return payload


def pointers(event_type: str, payload: Any) -> list[Pointer]:
    """The distinct records that the event points at, in the order of the body.

    Raises Unreadable where a flow would be sent to look at nothing. Events of no flow may point at nothing.
    """
    found: dict[tuple[str, str], Pointer] = {}
    for path, record in _records(event_type, payload):
        record_id, number = _record_id(record), _number(record)
        if record_id or number:
            found.setdefault((record_id, "" if record_id else number), Pointer(record_id, number, path))
    if not found and event_type in FLOWS:
        raise Unreadable("neither an id nor a number in it")
    if len(found) > 1:
        return [*found.values()]
    return [Pointer(only.record_id, only.number) for only in found.values()] or [Pointer("", "")]


def as_records(found: list[Pointer], flows: tuple[str, ...]) -> str:
    """The pointers as `land_event` takes them, each once for every flow."""
    return json.dumps([{**asdict(pointer), "flow": flow} for pointer in found for flow in flows])


def _records(event_type: str, payload: Any) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    prefix: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    if isinstance(payload, dict):
        if event_type not in LISTS:
            yield (), payload
            return
        field, inner = LISTS[event_type]
        prefix, payload = (field,), payload.get(field)
    for index, entry in enumerate(payload if isinstance(payload, list) else ()):
        record = entry
        for name in inner:
            record = record.get(name) if isinstance(record, dict) else None
        if isinstance(record, dict):
            yield (*prefix, str(index)), record


def _record_id(record: dict[str, Any]) -> str:
    for name in IDS:
        try:
            return str(UUID(record[name]))
        except (KeyError, ValueError, TypeError, AttributeError):
            continue
    return ""


def _number(record: dict[str, Any]) -> str:
    texts = (record[name].strip() for name in NUMBERS if isinstance(record.get(name), str))
    return next((text for text in texts if text), "")


def _depth(body: bytes) -> int:
    """The deepest nesting, or one that is too deep: by one pass over brackets outside of strings, before
    anything is parsed."""
    depth = deepest = 0
    for token in _TOKEN.finditer(body):
        first = token[0][:1]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > DEEPEST:
                break
        elif first in b"]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
