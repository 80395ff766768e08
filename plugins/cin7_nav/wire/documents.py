"""Cin7's sales and purchases, as documents in our words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.model import DocumentKey, Kind, LineType, SourceDocument, SourceLine, SourceStatus
from cin7_nav.wire import cin7
from cin7_nav.wire.fields import WireError, parse, path


def sale_documents(sale: Mapping[str, Any]) -> tuple[SourceDocument, ...]:
    """The invoices and credit notes of a `GET /sale` answer, in every status, without placeholders.

    Raises `WireError`. A document that is not authorised may lack amounts, because nothing is posted from
    it: they are read as zero, and a missing date as the order date.
    """
    record = _record("sale", sale)
    parsed = parse(cin7.Sale, sale, record)
    header = _Header(
        record=record,
        source=parsed,
        type=parsed.Type or "Simple Sale",
        number=parsed.Order.SaleOrderNumber if parsed.Order else "",
        date=parsed.SaleOrderDate,
        party_id=parsed.CustomerID,
        party_name=parsed.Customer,
        currency=parsed.CustomerCurrency,
        channel=parsed.SourceChannel,
        sales_rep=parsed.SalesRepresentative,
    )
    parts = [
        _Part(
            Kind.SALE_INVOICE,
            ("Invoices", at),
            part,
            part.InvoiceNumber,
            "InvoiceDate",
            part.InvoiceDate,
            part.InvoiceDueDate,
            part.CurrencyConversionRate,
        )
        for at, part in enumerate(parsed.Invoices)
    ]
    parts += [
        _Part(
            Kind.SALE_CREDIT_NOTE,
            ("CreditNotes", at),
            note,
            note.CreditNoteNumber,
            "CreditNoteDate",
            note.CreditNoteDate,
            None,
            note.CreditNoteConversionRate,
            note.CreditNoteInvoiceNumber,
        )
        for at, note in enumerate(parsed.CreditNotes)
    ]
    return tuple(_documents(header, parts))


def purchase_documents(purchase: Mapping[str, Any]) -> tuple[SourceDocument, ...]:
    """The same for a purchase, from `GET /advanced-purchase` or the deprecated `GET /purchase`."""
    record = _record("purchase", purchase)
    parsed = parse(cin7.Purchase, purchase, record)
    header = _Header(
        record=record,
        source=parsed,
        type=parsed.Type or "Simple Purchase",
        number=parsed.OrderNumber,
        date=parsed.OrderDate,
        party_id=parsed.SupplierID,
        party_name=parsed.Supplier,
        currency=parsed.SupplierCurrency,
    )
    parts = [
        _Part(
            Kind.PURCHASE_INVOICE,
            ("Invoice", at),
            part,
            part.InvoiceNumber,
            "InvoiceDate",
            part.InvoiceDate,
            part.InvoiceDueDate,
            part.CurrencyRate,
        )
        for at, part in enumerate(parsed.Invoice)
    ]
    # Cin7 sends no rate with a purchase's credit note: it takes back what its invoice booked
    credited = {part.InvoiceNumber: part.CurrencyRate for part in parsed.Invoice}
    parts += [
        _Part(
            Kind.PURCHASE_CREDIT_NOTE,
            ("CreditNote", at),
            note,
            note.CreditNoteNumber,
            "CreditNoteDate",
            note.CreditNoteDate,
            None,
            note.CurrencyRate or credited.get(note.CreditNoteInvoiceNumber),
            note.CreditNoteInvoiceNumber,
        )
        for at, note in enumerate(parsed.CreditNote)
    ]
    return tuple(_documents(header, parts))


@dataclass(frozen=True, slots=True)
class _Header:
    """What the parts of one sale or purchase share."""

    record: str
    source: cin7.Document
    type: str
    number: str
    date: dt.date | None
    party_id: str
    party_name: str
    currency: str
    channel: str = ""
    sales_rep: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """An invoice or credit note, with the fields that each kind names differently."""

    kind: Kind
    location: tuple[str | int, ...]
    source: cin7.Part
    number: str
    date_field: str
    date: dt.date | None
    due_date: dt.date | None
    rate: Decimal | None
    credits: str = ""
    """The invoice that a credit note names, whether or not there is one."""


class _Strict:
    """Collects what a document lacks; lenient where the document is not authorised."""

    def __init__(self, header: _Header, part: _Part, *, authorised: bool) -> None:
        self._location = part.location
        self._record = header.record
        self._authorised = authorised
        self._faults: list[tuple[str, str]] = []

    def amount(self, value: Decimal | None, *field: str | int) -> Decimal:
        if value is None:
            self.require(False, "number expected, found none", *field)
            return Decimal(0)
        return value

    def require(self, given: object, reason: str, *field: str | int) -> None:
        if self._authorised and not given:
            self._faults.append((path((*self._location, *field)), reason))

    def raise_faults(self) -> None:
        if self._faults:
            raise WireError(self._record, tuple(self._faults))


def _record(entity: str, data: Mapping[str, Any]) -> str:
    return f"{entity} {str(data.get('ID', 'without ID')).lower()}"


def _documents(header: _Header, parts: list[_Part]) -> Iterator[SourceDocument]:
    invoices = {part.number for part in parts if not part.kind.is_credit_note}
    for part in parts:
        try:
            status = SourceStatus(part.source.Status)
        except ValueError:
            allowed = ", ".join(SourceStatus)
            fault = (path((*part.location, "Status")), f"unknown status, expected one of {allowed}")
            raise WireError(header.record, (fault,)) from None
        if status is not SourceStatus.NOT_AVAILABLE:
            # A credit note that stands alone names nothing, or itself: only an invoice beside it counts.
            yield _document(header, part, status, part.credits if part.credits in invoices else "")


def _document(header: _Header, part: _Part, status: SourceStatus, credited: str) -> SourceDocument:
    strict = _Strict(header, part, authorised=status.is_authorised)
    source, invoice = header.source, part.source
    strict.require(header.party_id, "the document has no party", "party")
    strict.require(header.currency, "the document has no currency", "currency")
    strict.require(source.BaseCurrency, "Cin7 does not say its base currency", "BaseCurrency")
    strict.require(part.date, "date expected, found none", part.date_field)
    strict.require(
        source.TaxCalculation in ("INCLUSIVE", "EXCLUSIVE"),
        "the document's TaxCalculation is neither Inclusive nor Exclusive",
        "TaxCalculation",
    )
    date = part.date or header.date
    if date is None:
        fault = (path((*part.location, part.date_field)), "neither the document nor its order has a date")
        raise WireError(header.record, (fault,))
    base_currency = source.BaseCurrency or header.currency
    document = SourceDocument(
        key=DocumentKey(part.kind, source.ID, invoice.TaskID or source.ID),
        number=part.number,
        status=status,
        order_number=header.number,
        order_type=header.type,
        party_id=header.party_id,
        party_name=header.party_name,
        date=date,
        due_date=part.due_date,
        currency=header.currency,
        base_currency=base_currency,
        rate=Decimal(1) if header.currency == base_currency else _rate(header, part),
        tax_inclusive=source.TaxCalculation == "INCLUSIVE",
        lines=_lines(strict, invoice),
        total_before_tax=strict.amount(invoice.TotalBeforeTax, "TotalBeforeTax"),
        tax=strict.amount(invoice.Tax, "Tax"),
        total=strict.amount(invoice.Total, "Total"),
        location=source.Location,
        channel=header.channel,
        sales_rep=header.sales_rep,
        attributes=_attributes(source.AdditionalAttributes),
        credits=credited,
    )
    strict.raise_faults()
    return document


def _rate(header: _Header, part: _Part) -> Decimal:
    """The document's own rate; the header's only where Cin7 sent none with the document, else zero."""
    return part.rate or header.source.CurrencyRate or Decimal(0)


def _lines(strict: _Strict, part: cin7.Part) -> tuple[SourceLine, ...]:
    lines = [
        SourceLine(
            index=at + 1,
            type=LineType.ITEM,
            description=line.Name,
            sku=line.SKU or None,
            product_id=line.ProductID or None,
            **_amounts(strict, line, "Lines", at),
        )
        for at, line in enumerate(part.Lines)
    ]
    lines += [
        SourceLine(
            index=len(part.Lines) + at + 1,
            type=LineType.CHARGE,
            description=charge.Description,
            **_amounts(strict, charge, "AdditionalCharges", at),
        )
        for at, charge in enumerate(part.AdditionalCharges)
    ]
    return tuple(lines)


def _amounts(strict: _Strict, line: cin7.Line | cin7.Charge, name: str, at: int) -> dict[str, Any]:
    return {
        "quantity": strict.amount(line.Quantity, name, at, "Quantity"),
        "price": strict.amount(line.Price, name, at, "Price"),
        "discount_percent": line.Discount if line.Discount is not None else Decimal(0),
        "tax": strict.amount(line.Tax, name, at, "Tax"),
        "total": strict.amount(line.Total, name, at, "Total"),
        "tax_rule": line.TaxRule,
        "account": line.Account,
    }


def _attributes(attributes: cin7.Attributes | None) -> dict[str, str]:
    if attributes is None:
        return {}
    return {
        name.removeprefix("AdditionalAttribute"): value
        for name, value in attributes.model_dump().items()
        if value
    }
