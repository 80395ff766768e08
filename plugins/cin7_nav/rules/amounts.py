"""Adding up: whether a document agrees with itself, and exact sums that become cents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from cin7_nav.model import Dimensions, Fixer, Problem, RuleRef, SourceDocument, SourceLine

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Rounded to two decimals, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def net(document: SourceDocument, line: SourceLine) -> Decimal:
    """The line's amount without tax."""
    return line.total - line.tax if document.tax_inclusive else line.total


def contradictions(document: SourceDocument, tolerance: Decimal) -> Iterator[Problem]:
    """Where the document's totals differ from its own parts by more than the tolerance."""
    if not document.lines:
        message = f"the document has no lines, but a total of {document.total}"
        yield Problem("no_lines", message, document.number, Fixer.ACCOUNTANT)
        return
    line_tax = sum((line.tax for line in document.lines), Decimal(0))
    line_net = sum((net(document, line) for line in document.lines), Decimal(0))
    comparisons = (
        ("total", document.total, "net and tax", document.total_before_tax + document.tax),
        ("tax", document.tax, "the lines' taxes", line_tax),
        ("total", document.total, "the lines", line_net + line_tax),
    )
    for name, said, parts, counted in comparisons:
        if abs(said - counted) > tolerance:
            message = f"the {name} of {said} contradicts {parts}, which come to {counted}"
            yield Problem("total_contradicts_lines", message, document.number, Fixer.ACCOUNTANT)


def gross(document: SourceDocument, line: SourceLine) -> Decimal:
    """The line's amount with tax."""
    return line.total if document.tax_inclusive else line.total + line.tax


@dataclass(slots=True)
class Posting:
    """What becomes one journal line: the amount is exact, in document currency, until it is converted."""

    tax_code: str = ""
    """NAV VAT product posting group, where NAV splits the VAT off."""
    percent: Decimal = Decimal(0)
    """NAV's rate for the tax code."""
    amount: Decimal = Decimal(0)
    rules: set[RuleRef] = field(default_factory=set)
    lines: set[tuple[int, str]] = field(default_factory=set)
    """Index and place of the source lines."""
    cin7_accounts: set[str] = field(default_factory=set)
    """What the source lines are booked on in Cin7."""
    foreign: Decimal = Decimal(0)
    """Once converted: what it was, in cents of document currency."""


class Postings:
    """The G/L side of a document: one posting per account, dimension set and tax code."""

    def __init__(self) -> None:
        self._postings: dict[tuple[str, Dimensions, str, Decimal], Posting] = {}

    def add(
        self,
        account: str,
        dimensions: Dimensions,
        amount: Decimal,
        rules: Iterable[RuleRef],
        line: SourceLine | None = None,
        *,
        tax_code: str = "",
        percent: Decimal = Decimal(0),
        cin7_account: str = "",
    ) -> None:
        key = (account, dimensions, tax_code, percent)
        posting = self._postings.setdefault(key, Posting(tax_code, percent))
        posting.amount += amount
        posting.rules.update(rules)
        if line:
            posting.lines.add((line.index, line.place))
        if cin7_account:
            posting.cin7_accounts.add(cin7_account)

    def in_cents(self) -> Decimal:
        return sum((cents(posting.amount) for posting in self._postings.values()), Decimal(0))

    def convert(self, rate: Decimal) -> None:
        """To cents of local currency, each posting by itself."""
        for posting in self._postings.values():
            posting.foreign = cents(posting.amount)
            posting.amount = cents(posting.amount * rate)

    def __iter__(self) -> Iterator[tuple[str, Dimensions, Posting]]:
        """Sorted by account, dimensions and tax code, without those that come to zero."""
        for (account, dimensions, *_), posting in sorted(self._postings.items(), key=lambda item: item[0]):
            if posting.amount:
                yield account, dimensions, posting
