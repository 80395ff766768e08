"""What a flow may ask of NAV, whichever channel carries it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from cin7_nav.model import Journal, JournalLine
from cin7_nav.rules.books import Entry, PartyEntry
from cin7_nav.rules.twins import NavLines


class Entity(StrEnum):
    """Reference data of NAV that we read and cache, in NAV API v2.0 words."""

    ACCOUNTS = "accounts"
    DIMENSIONS = "dimensions"
    DIMENSION_VALUES = "dimensionValues"
    CUSTOMERS = "customers"
    VENDORS = "vendors"
    GENERAL_LEDGER_SETUP = "generalLedgerSetup"
    ACCOUNTING_PERIODS = "accountingPeriods"
    PURCHASE_INVOICES = "purchaseInvoices"
    SALES_INVOICES = "salesInvoices"
    PURCHASE_CREDIT_MEMOS = "purchaseCreditMemos"
    SALES_CREDIT_MEMOS = "salesCreditMemos"


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """A G/L entry as NAV shows it. Amount in local currency, debit positive."""

    entry_no: int
    posting_date: dt.date
    document_no: str
    account_no: str
    amount: Decimal
    description: str


class JournalName(NamedTuple):
    """Under what one of our documents lies in NAV before it is posted."""

    template: str
    code: str
    """Its key: the name of its batch, where a document has one of its own."""
    document_no: str


@dataclass(frozen=True, slots=True)
class StagedJournal:
    """What lies in NAV of one of our documents, not posted yet."""

    journal_id: str
    """The channel's own word for it."""
    code: str
    """The key of `JournalName`."""
    batch: str
    """The journal batch in which people find it."""
    lines: tuple[JournalLine, ...]
    """Without NAV's blank line; `rules` and `sources` empty."""
    document_nos: frozenset[str]
    learnt_defaults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Account number → dimension codes that NAV put on its lines by default (known after an insert)."""


class NavChannel(Protocol):
    """One way of talking to NAV. Raises `hooks.errors`; never guesses."""

    @property
    def calls_made(self) -> int:
        """How often NAV was called."""

    @property
    def is_atomic(self) -> bool:
        """Whether a journal is inserted whole or not at all; else one can be left begun."""

    @property
    def shared_batch(self) -> str:
        """The journal batch in which all documents lie; empty where each has one of its own."""

    @property
    def can_post(self) -> bool:
        """Whether NAV can be asked to post; else only people post what is staged."""

    @property
    def carries_currency(self) -> bool:
        """Whether a document can be posted in another currency than the ledger's."""

    def applicable(self, journals: Sequence[Journal]) -> set[str]:
        """The numbers of those of these journals whose `applies_to` names an open entry of the same party and
        currency that settles them whole. None where NAV can't apply them, or can't tell."""

    def reference(
        self,
        entity: Entity,
        *,
        modified_since: dt.datetime | None = None,
        posted_since: dt.date | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """The rows of a reference entity (all pages), in NAV's field names, numbers as Decimal.

        Customers and vendors come with their `defaultDimensions`. `posted_since` is for invoices and credit
        memos: by posting date. A set that this version of NAV does not have is empty.
        """

    def existing(self, entity: Entity, ids: Sequence[str]) -> set[str]:
        """Those of these ids that are there: one call for up to about 40 of them."""

    def waiting_lines(self, template: str) -> Iterator[NavLines]:
        """What lies unposted in the batches of a template, whoever put it there, by batch and document."""

    def posted_entries(self, document_nos: Sequence[str]) -> list[PostedEntry]:
        """The G/L entries of these document numbers: one call for up to about 40 of them (OR-chain)."""

    def entries_after(self, entry_no: int, *, limit: int = 20_000) -> list[PostedEntry]:
        """G/L entries with a higher entry number, ascending."""

    def account_entries(self, account_no: str) -> list[PostedEntry]:
        """All G/L entries of one account, ascending."""

    def dated_entries(self, first: dt.date, last: dt.date) -> Iterator[Entry]:
        """The G/L entries with a posting date in this range, both ends included, with their dimensions."""

    def numbered_entries(self, document_nos: Sequence[str]) -> Iterator[Entry]:
        """The same of these document numbers: one call for up to about 40 of them."""

    def party_entries(
        self, first: dt.date, last: dt.date, document_nos: Sequence[str] = ()
    ) -> list[PartyEntry] | None:
        """The entries of customers and vendors with a posting date in this range, and of these documents.

        None where the pages 25 and 29 are not published to us: then nothing of it can be proved here.
        """

    def insert_journal(
        self, template: str, code: str, journal: Journal, account_defaults: Mapping[str, Sequence[str]]
    ) -> StagedJournal:
        """Put all lines and dimensions into NAV under the key `code`, verified against `journal`.

        `account_defaults`: account number → dimension codes known to be on its lines by default; these are
        set after the insert, because NAV refuses them inside it. A dimension that NAV reports as already
        there is handled the same way and named in `learnt_defaults` of the answer.
        Raises `Refused` (nothing is left behind in NAV), `OutcomeUnknown`.
        """

    def complete_journal(self, journal_id: str, journal: Journal) -> StagedJournal:
        """Give the lines of `journal` in NAV the dimensions that they lack: an insert that was interrupted
        may have left them out. Verified like an insert.

        Raises `Refused` where NAV holds other lines or does not let them be changed.
        """

    def post_journal(self, journal_id: str) -> None:
        """Ask NAV to post it. Success is not proof: NAV may only have scheduled it.

        Raises `Refused` (nothing posted), `OutcomeUnknown`.
        """

    def find_journals(self, names: Sequence[JournalName]) -> dict[str, StagedJournal]:
        """What of these lies in NAV, with lines and dimensions, by code."""

    def delete_journal(self, journal_id: str) -> None:
        """Remove it with its lines. No error where it is already gone."""

    def delete_empty_journals(self, names: Sequence[JournalName]) -> list[str]:
        """Remove the batches of those of these that hold no line but NAV's blank one.

        The answer: the codes of those of which nothing is left in NAV. Others hold lines, or NAV refused to
        remove them.
        """


def by_template(names: Sequence[JournalName]) -> dict[str, list[JournalName]]:
    found: dict[str, list[JournalName]] = {}
    for name in names:
        found.setdefault(name.template, []).append(name)
    return found
