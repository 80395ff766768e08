"""What people do to posted entries in NAV's own pages, and what a restored database has lost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sandbox.nav import party_ledger
from sandbox.nav.accounts import CUSTOMER, GL, VENDOR
from sandbox.nav.company import Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import dialog, not_found
from sandbox.nav.posting import Posting
from sandbox.nav.schema import JOURNAL_LINES
from sandbox.nav.store import Entries
from sandbox.nav.wire import cents

Money = Annotated[Decimal, BeforeValidator(lambda value: Decimal(str(value)))]
LEDGERS = {CUSTOMER: "Cust_LedgerEntries", VENDOR: "VendorLedgerEntries"}


class HandLine(BaseModel):
    """A line of a journal that a person posts; local currency, debit positive."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["G/L Account", "Customer", "Vendor"] = "G/L Account"
    account: str
    amount: Money
    dimensions: dict[str, str] = Field(default_factory=dict)


class HandJournal(BaseModel):
    """A general journal document that a person keys in and posts, under any number."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(max_length=20)
    date: dt.date | None = None
    external_number: str = Field("", max_length=35)
    description: str = "Keyed in by hand"
    lines: list[HandLine]


class Numbered(BaseModel):
    """A posted document by NAV's number."""

    model_config = ConfigDict(extra="forbid")

    number: str


class Correction(Numbered):
    """Other dimension values on posted entries (NAV's Correct Dimensions)."""

    account: str
    dimension: str
    value: str


class Application(BaseModel):
    """Two documents of one party that a person applies to each other."""

    model_config = ConfigDict(extra="forbid")

    party: Literal["customer", "vendor"]
    documents: tuple[str, str]


def post_journal(company: Company, posting: Posting, wanted: HandJournal) -> None:
    """Raises `ApiError` where it does not balance."""
    if sum((line.amount for line in wanted.lines), Decimal(0)):
        raise dialog(f"Document No. {wanted.number} is out of balance.")
    with company.undo.transaction():
        for line in wanted.lines:
            row = JOURNAL_LINES.fresh(
                postingDate=wanted.date.isoformat() if wanted.date else company.today(),
                externalDocumentNumber=wanted.external_number.upper(),
                description=wanted.description,
                _dimensions=dict(line.dimensions),
            )
            posting.enter(row, wanted.number.upper(), line.type, line.account, cents(line.amount))


def reverse(company: Company, posting: Posting, wanted: Numbered) -> None:
    """NAV's Reverse Transaction: the opposite under the same number; the party's entries are closed."""
    entries = _entries(company, wanted.number)
    with company.undo.transaction():
        for entry in entries:
            line = JOURNAL_LINES.fresh(
                postingDate=entry["postingDate"],
                description=entry["description"],
                _dimensions=entry["_dimensions"],
            )
            amount = entry["creditAmount"] - entry["debitAmount"]
            posting.enter(line, wanted.number, GL, entry["accountNumber"], amount)
        for name in LEDGERS.values():
            for row in company.tables[name].find("Document_No", wanted.number):
                company.tables[name].change(row, Reversed=True, Open=False, Remaining_Amt_LCY=Decimal(0))


def correct_dimensions(company: Company, wanted: Correction) -> None:
    dimension = company.dimension(wanted.dimension)
    if dimension is None or company.dimension_value(dimension, wanted.value) is None:
        raise not_found(f"There is no value {wanted.value} of dimension {wanted.dimension}.")
    for entry in _entries(company, wanted.number):
        if entry["accountNumber"] == wanted.account:
            entry["_dimensions"] = {**entry["_dimensions"], wanted.dimension: wanted.value}


def lose(company: Company, wanted: Numbered) -> None:
    """A document that NAV does not have any more, as after the restore of an older database."""
    ledger = company.ledger
    assert isinstance(ledger, Entries)
    for entry in _entries(company, wanted.number):
        ledger.lose(entry)
    for name in LEDGERS.values():
        for row in company.tables[name].find("Document_No", wanted.number):
            company.tables[name].delete(row)


def apply(company: Company, wanted: Application) -> None:
    table = company.tables[LEDGERS[CUSTOMER if wanted.party == "customer" else VENDOR]]
    found = [table.first("Document_No", number) for number in wanted.documents]
    first, second = found
    if first is None or second is None or first["Amount_LCY"] * second["Amount_LCY"] >= 0:
        raise not_found("There are no two entries of opposite sign under these numbers.")
    party_ledger.apply(table, first, second)


def _entries(company: Company, number: str) -> list[Row]:
    found = company.ledger.find("documentNumber", number)
    if not found:
        raise not_found(f"There are no entries of document {number}.")
    return found
