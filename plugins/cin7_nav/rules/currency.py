"""Documents in another currency than the ledger's. Rates are local currency units per unit of document
currency, each document has its own (Cin7's API portal)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from cin7_nav.model import Fixer, JournalLine, Problem, SourceDocument
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


def in_foreign_currency(
    lines: Sequence[JournalLine], total: Decimal, amounts: Sequence[Decimal]
) -> tuple[JournalLine, ...]:
    """The lines with their amounts in document currency, which NAV wants to be in balance as well.

    The first line is the party's and gets `total`, the others `amounts`. What is left by rounding goes to the
    largest of these: in the general ledger only local currency counts. What rounding made of another sign in
    local currency, or of nothing, stays in local currency alone.
    """
    foreign = [
        amount if amount * line.amount > 0 else Decimal(0)
        for line, amount in zip(lines[1:], amounts, strict=True)
    ]
    if any(foreign):
        largest = max(range(len(foreign)), key=lambda at: abs(foreign[at]))
        foreign[largest] -= total + sum(foreign)
    return tuple(
        replace(line, foreign_amount=amount) for line, amount in zip(lines, (total, *foreign), strict=True)
    )
