"""What a flow may ask of NAV, whichever channel carries it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

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


@dataclass(frozen=True, slots=True)
class StagedJournal:
    """A journal batch found in NAV that carries one of our documents."""

    journal_id: str
    code: str
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
        """Create the batch `code` with all lines and dimensions whole, verified against `journal`.

        `account_defaults`: account number → dimension codes known to be on its lines by default; these are
        set after the insert, because NAV refuses them inside it. A dimension that NAV reports as already
        there is handled the same way and named in `learnt_defaults` of the answer.
        Raises `Refused` (nothing is left behind in NAV), `OutcomeUnknown`.
        """

    def complete_journal(self, journal_id: str, journal: Journal) -> StagedJournal:
        """Give the lines of a batch that carries `journal` the dimensions that they lack: an insert that was
        interrupted may have left them out. Verified like an insert.

        Raises `Refused` where the batch holds other lines or NAV does not let them be changed.
        """

    def post_journal(self, journal_id: str) -> None:
        """Ask NAV to post the batch. Success is not proof: NAV may only have scheduled it.

        Raises `Refused` (nothing posted), `OutcomeUnknown`.
        """

    def find_journals(self, template: str, codes: Sequence[str]) -> list[StagedJournal]:
        """The batches with these codes that exist, with their lines and dimensions."""

    def delete_journal(self, journal_id: str) -> None:
        """Remove a batch and its lines. No error where it is already gone."""

    def delete_empty_journals(self, template: str, codes: Sequence[str]) -> list[str]:
        """Remove those of these batches that hold no line but NAV's blank one.

        The answer: those that are not in NAV any more. Others hold lines, or NAV refused to remove them.
        """


def batches(nav: NavChannel, names: Iterable[tuple[str, str]]) -> dict[str, StagedJournal]:
    """Those of these batches, `(template, code)`, that exist in NAV, by code."""
    by_template: dict[str, list[str]] = defaultdict(list)
    for template, code in names:
        by_template[template].append(code)
    return {
        journal.code: journal
        for template, codes in by_template.items()
        for journal in nav.find_journals(template, codes)
    }
