"""A journal in the words of the published page 39: what is sent, what comes back, whether both agree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.hooks.errors import Refused
from cin7_nav.hooks.nav_captions import Captions
from cin7_nav.hooks.nav_journal import DESCRIPTION_LENGTH, Mismatch, decimal
from cin7_nav.model import AccountType, Journal, JournalLine


@dataclass(frozen=True, slots=True)
class PageLine:
    """A line as NAV holds it. Amounts in local currency, debit positive."""

    template: str
    batch: str
    line_no: int
    document_no: str
    external_document_no: str
    posting_date: dt.date
    currency: str
    line: JournalLine

    @classmethod
    def of(cls, row: Mapping[str, Any], shortcuts: Mapping[str, str], captions: Captions) -> PageLine:
        """`shortcuts`: dimension code → field of the page."""
        dimensions = sorted((code, row[name]) for code, name in shortcuts.items() if row.get(name))
        return cls(
            template=row["Journal_Template_Name"],
            batch=row["Journal_Batch_Name"],
            line_no=int(row["Line_No"]),
            document_no=row["Document_No"],
            external_document_no=row["External_Document_No"],
            posting_date=dt.date.fromisoformat(row["Posting_Date"]),
            currency=row["Currency_Code"],
            line=JournalLine(
                account_type=AccountType(captions.read(row["Account_Type"])),
                account_no=row["Account_No"],
                amount=decimal(row["Amount_LCY"]),
                description=row["Description"],
                dimensions=tuple(dimensions),
            ),
        )


def document_type(journal: Journal) -> str:
    """What the document is in NAV's ledgers of customers and vendors; empty for one of G/L accounts alone.

    NAV checks the sign by it: an invoice is what a customer owes (debit) or a vendor is owed (credit), a
    credit memo the opposite, and so is what takes an invoice back.
    """
    for line in journal.lines:
        if line.account_type is not AccountType.GL and line.amount:
            owes = line.account_type is AccountType.CUSTOMER
            return "Invoice" if (line.amount > 0) is owes else "Credit Memo"
    return ""


def insert_body(
    template: str,
    batch: str,
    journal: Journal,
    line: JournalLine,
    shortcuts: Mapping[str, str],
    captions: Captions,
) -> dict[str, Any]:
    """The body of one line but for its number. NAV validates fields in the order they are sent: the account
    brings a description, a currency and dimensions, which ours replace.

    Raises `Refused` for a dimension that the page has no field for.
    """
    return {
        "Journal_Template_Name": template,
        "Journal_Batch_Name": batch,
        "Posting_Date": journal.posting_date.isoformat(),
        **({"Document_Type": captions.sent(kind)} if (kind := document_type(journal)) else {}),
        "Document_No": journal.document_no,
        "External_Document_No": journal.external_document_no,
        "Account_Type": captions.sent(str(line.account_type)),
        "Account_No": line.account_no,
        "Description": line.description[:DESCRIPTION_LENGTH],
        "Currency_Code": "",
        "Amount": Decimal(format(line.amount, "f")),
        **{_field(code, shortcuts): value for code, value in line.dimensions},
    }


def _field(code: str, shortcuts: Mapping[str, str]) -> str:
    if code not in shortcuts:
        raise Refused(
            f"dimension {code} has no field on NAV's general journal page: make it a shortcut dimension in"
            " General Ledger Setup, or leave it out in dimensions.yaml",
            status=501,
        )
    return shortcuts[code]


def verify(lines: Sequence[PageLine], template: str, batch: str, journal: Journal) -> None:
    """Raises `Mismatch` unless every line is there as it was sent, and with our dimensions."""
    verify_lines(lines, template, batch, journal)
    for number, (theirs, ours) in enumerate(zip(lines, journal.lines, strict=True), start=1):
        found = dict(theirs.line.dimensions)
        for code, value in ours.dimensions:
            if found.get(code) != value:
                raise Mismatch(f"line {number} has {code} {found.get(code, 'blank')} instead of {value}")


def verify_lines(lines: Sequence[PageLine], template: str, batch: str, journal: Journal) -> None:
    """The same but for dimensions."""
    if len(lines) != len(journal.lines):
        raise Mismatch(f"{len(lines)} lines instead of {len(journal.lines)}")
    for number, (theirs, ours) in enumerate(zip(lines, journal.lines, strict=True), start=1):
        pairs = (
            ("template", theirs.template, template),
            ("batch", theirs.batch, batch),
            ("account type", theirs.line.account_type, ours.account_type),
            ("account", theirs.line.account_no, ours.account_no),
            ("currency", theirs.currency, ""),
            ("amount", theirs.line.amount, ours.amount),
            ("document number", theirs.document_no, journal.document_no),
            (
                "external document number",
                theirs.external_document_no.upper(),
                journal.external_document_no.upper(),
            ),
            ("posting date", theirs.posting_date, journal.posting_date),
        )
        for name, found, sent in pairs:
            if found != sent:
                raise Mismatch(f"line {number} has {name} {found} instead of {sent}")
