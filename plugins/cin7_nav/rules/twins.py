"""Documents that people keyed into NAV by hand and that Cin7 has as well: they must not be posted twice."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.model import AccountType, Fixer, Journal, Kind, Problem, SourceDocument

TWIN = "twin_in_nav"
"""Code of the problem that NAV has the document already, keyed by hand."""

_LENGTH = 35
"""Of NAV's external document number: a person who keys in a longer one keys in its beginning."""
_DEAD = ("Canceled", "Corrective")
"""States of an invoice that was taken back, and of what took it back."""
_NAMES = {
    Kind.SALE_INVOICE: "sales invoice",
    Kind.PURCHASE_INVOICE: "purchase invoice",
    Kind.SALE_CREDIT_NOTE: "sales credit memo",
    Kind.PURCHASE_CREDIT_NOTE: "purchase credit memo",
}


@dataclass(frozen=True, slots=True)
class NavDocument:
    """An invoice or credit memo made in NAV itself; what we post are journals, which never look like this."""

    id: str
    kind: Kind
    number: str
    party_no: str
    external_no: str
    date: dt.date
    amount: Decimal
    """Including tax, in the document's currency, positive."""
    status: str
    """NAV's word: `Draft`, `Open`, `Paid`, `Canceled`, …"""


@dataclass(frozen=True, slots=True)
class NavLines:
    """Journal lines in NAV that wait under a document number of ours in a batch that is not its own."""

    template: str
    batch: str
    document_no: str
    date: dt.date
    count: int
    debit: Decimal
    """Sum of the positive amounts, local currency."""


def is_alive(status: str) -> bool:
    """Whether a NAV document with this status stands: it was not canceled, and does not cancel another."""
    return status not in _DEAD


def may_vanish(status: str) -> bool:
    """Whether a NAV document with this status can be deleted: only what is not posted yet."""
    return status in ("Draft", "In Review")


def twin_key(party_no: str, external_no: str) -> str:
    """Under what an invoice is compared: party and external number, whatever their case and spacing.

    Empty where one of the two is.
    """
    party, external = party_no.strip().upper(), " ".join(external_no.upper().split())
    return f"{party} {external}" if party and external else ""


def twin_keys(document: SourceDocument, journal: Journal) -> frozenset[str]:
    """The keys under which NAV may already have this document; none for a reversal, which must not wait.

    A person keys in the number as the paper has it, without the suffix that ours may carry.
    """
    number = " ".join(document.number.upper().split())
    suffix = re.search(r" R\d+$", journal.external_document_no)
    if document.key.kind not in _NAMES or (suffix and not number.endswith(suffix[0])):
        return frozenset()
    parties = [line.account_no for line in journal.lines if line.account_type is not AccountType.GL]
    numbers = (journal.external_document_no, number, number[:_LENGTH])
    return frozenset(twin_key(party, one) for party in parties for one in numbers) - {""}


def twin_problem(twin: NavDocument | NavLines, journal: Journal) -> Problem:
    """What a person is to decide about: both numbers, date and amount."""
    ours = abs(
        sum((line.amount for line in journal.lines if line.account_type is not AccountType.GL), Decimal())
    )
    rest = f"while Cin7's, dated {journal.posting_date}, over {ours:.2f}, is to be {journal.document_no}"
    if isinstance(twin, NavLines):
        where = f"NAV batch {twin.batch} of template {twin.template}"
        message = (
            f"{where} holds {twin.count} journal lines of {twin.document_no}, dated {twin.date}, debit "
            f"{twin.debit:.2f}, {rest} in a batch of its own: delete them there, or answer whether to post it"
        )
        return Problem(TWIN, message, where, Fixer.ACCOUNTANT)
    where = f"NAV {_NAMES[twin.kind]} {twin.number}"
    party = "customer" if twin.kind.is_sale else "vendor"
    message = (
        f"{where} ({twin.status}) of {party} {twin.party_no} has the number {twin.external_no}, dated "
        f"{twin.date}, over {twin.amount:.2f}, {rest}: somebody keyed it in; answer whether it is the same"
    )
    return Problem(TWIN, message, where, Fixer.ACCOUNTANT)
