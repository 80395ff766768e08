"""Documents in another currency than the ledger's. Rates are local currency units per unit of document
currency, each document has its own (Cin7's API portal)."""

from __future__ import annotations

from collections.abc import Iterator

from cin7_nav.model import Fixer, Problem, SourceDocument
from cin7_nav.rules.amounts import cents


def rate_problems(document: SourceDocument) -> Iterator[Problem]:
    if document.rate <= 0:
        message = (
            f"Cin7 gives no rate of {document.currency} to {document.base_currency} for the document "
            f"(it says {document.rate}): without one nothing can be posted in {document.base_currency}"
        )
        yield Problem("rate_missing", message, document.number, Fixer.ACCOUNTANT)


def base_currency_problems(document: SourceDocument, local_currency: str) -> Iterator[Problem]:
    """Where Cin7 counts in another currency than NAV's ledger; an empty local currency is not known."""
    if local_currency and document.base_currency != local_currency:
        message = (
            f"Cin7's base currency is {document.base_currency}, NAV's local currency is {local_currency}: "
            "both must keep their books in the same one"
        )
        yield Problem("base_currency", message, "NAV general ledger setup, LCY Code", Fixer.NAV_ADMINISTRATOR)


def foreign_amount(document: SourceDocument) -> str:
    """`EUR 1,234.50 at 0.85431`; empty for a document in base currency."""
    if document.currency == document.base_currency:
        return ""
    return f"{document.currency} {cents(document.total):,f} at {format(document.rate.normalize(), 'f')}"
