"""One document as both ledgers have it, what is known of it here, and what can be found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cin7_nav.model import AccountType, Fixer, Journal, JournalLine, Kind, Problem, State
from cin7_nav.rules.books import Booked, Entry, PartyEntry


class Sort(StrEnum):
    """In what the two sides differ."""

    MISSING = "missing"
    DOUBLE = "double"
    AMOUNT = "amount"
    ACCOUNT = "account"
    DIMENSION = "dimension"
    DATE = "date"
    PARTY = "party"
    BY_HAND = "posted by hand"
    SURPLUS = "surplus"
    APPLICATION = "application"
    LEVEL = "stock level"


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference, with its cause and what is to be done."""

    sort: Sort
    cause: str
    """Stable, machine-readable."""
    message: str
    next_step: str
    fixer: Fixer
    cin7_amount: Decimal = Decimal(0)
    nav_amount: Decimal = Decimal(0)
    """What the party owes by each side; of an account or a dimension, what stands there."""
    detail: str = ""
    """What tells two findings of one sort and document apart, e.g. the account."""

    @property
    def amount(self) -> Decimal:
        """By how much NAV is above Cin7."""
        return self.nav_amount - self.cin7_amount


@dataclass(frozen=True, slots=True)
class Sent:
    """One journal that went to NAV for a document."""

    number: str
    journal: Journal
    is_reversal: bool
    state: str
    """`sending`, `unknown`, `staged` or `posted`."""
    first_entry: int | None
    last_entry: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """What our own records say of a document."""

    state: State
    problems: tuple[Problem, ...] = ()
    sent: tuple[Sent, ...] = ()
    """In order, refusals left out."""
    unread: bool = False
    """Whether Cin7 changed its order after it was read."""
    left_out: str = ""
    """Why a person left it out."""
    is_authorised: bool = False
    """Whether Cin7 had it as authorised when it was read last."""
    to_apply: str = ""
    """The NAV number of the document that the newest one of these is to be applied to."""

    @property
    def standing(self) -> Sent | None:
        """The posting that is in the ledger and was not taken back."""
        last = self.sent[-1] if self.sent else None
        return last if last and last.state == "posted" and not last.is_reversal else None


@dataclass(frozen=True, slots=True)
class ByHand:
    """Something in NAV that has the document's party and external number and that we did not make."""

    number: str
    amount: Decimal
    """What the party owes; positive where its side is not known."""


@dataclass(frozen=True, slots=True)
class Case:
    """One document as both sides have it."""

    kind: Kind
    number: str
    booked: Booked
    is_exact: bool
    """Whether `booked` comes from the document itself; Cin7's ledger rounds each of its rows."""
    known: Known | None
    entries: Sequence[Entry]
    """Of all its NAV numbers."""
    party_entries: Sequence[PartyEntry] | None
    """None: NAV does not show them."""
    by_hand: Sequence[ByHand] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all documents of a comparison."""

    tolerance: Decimal
    control: frozenset[str]
    """NAV's receivables and payables, as far as they could be told."""
    dimensions: frozenset[str]
    """The dimension codes that the mappings fill."""


def party_lines(sent: Sent | None) -> list[JournalLine]:
    lines = sent.journal.lines if sent else ()
    return [line for line in lines if line.account_type is not AccountType.GL]


def by_hand_entries(case: Case) -> list[Entry]:
    """Entries under the document's numbers that were not there when we read its posting back."""
    spans = {
        sent.number: (sent.first_entry, sent.last_entry)
        for sent in (case.known.sent if case.known else ())
        if sent.first_entry and sent.last_entry
    }
    return [
        entry
        for entry in case.entries
        if entry.document_no in spans
        and not (spans[entry.document_no][0] or 0) <= entry.entry_no <= (spans[entry.document_no][1] or 0)
    ]
