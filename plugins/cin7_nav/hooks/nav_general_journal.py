"""A journal in the words of the published pages 39, 253 and 254: what is sent, what comes back, whether both
agree."""

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
    """A line as NAV holds it. Amounts in local currency, debit positive.

    Columns for which not every line has a use may be lacking on the page.
    """

    template: str
    batch: str
    line_no: int
    document_no: str
    external_document_no: str
    posting_date: dt.date
    currency: str
    """Empty for local currency."""
    applies_to: str
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
            applies_to=row.get("Applies_to_Doc_No", ""),
            line=JournalLine(
                account_type=AccountType(captions.read(row["Account_Type"])),
                account_no=row["Account_No"],
                amount=decimal(row["Amount_LCY"]),
                description=row["Description"],
                dimensions=tuple(dimensions),
                tax_code=row.get("VAT_Prod_Posting_Group", ""),
                foreign_amount=decimal(row["Amount"]) if row["Currency_Code"] else Decimal(0),
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
    *,
    description_length: int = DESCRIPTION_LENGTH,
    due_date: bool = False,
) -> dict[str, Any]:
    """The body of one line but for its number. NAV validates fields in the order they are sent: the account
    brings a description, a currency, a due date and dimensions, which ours replace; an amount in local
    currency after one in foreign currency fixes the line's rate (Microsoft's AL source).

    `due_date`: the page has the column, and this line is to carry it. Raises `Refused` for a dimension that
    the page has no field for.
    """
    is_party = line.account_type is not AccountType.GL
    return {
        "Journal_Template_Name": template,
        "Journal_Batch_Name": batch,
        "Posting_Date": journal.posting_date.isoformat(),
        **({"Document_Type": captions.sent(kind)} if (kind := document_type(journal)) else {}),
        "Document_No": journal.document_no,
        "External_Document_No": journal.external_document_no,
        "Account_Type": captions.sent(str(line.account_type)),
        "Account_No": line.account_no,
        "Description": line.description[:description_length],
        **({"VAT_Prod_Posting_Group": line.tax_code} if line.tax_code else {}),
        **_amounts(journal, line),
        **({"Due_Date": journal.due_date.isoformat()} if due_date and journal.due_date else {}),
        **(_application(journal, line, captions) if is_party and journal.applies_to else {}),
        **{_field(code, shortcuts): value for code, value in line.dimensions},
    }


def _amounts(journal: Journal, line: JournalLine) -> dict[str, Any]:
    amount = Decimal(format(line.amount, "f"))
    if not line.foreign_amount:
        return {"Currency_Code": "", "Amount": amount}
    foreign = Decimal(format(line.foreign_amount, "f"))
    return {"Currency_Code": journal.currency, "Amount": foreign, "Amount_LCY": amount}


def _application(journal: Journal, line: JournalLine, captions: Captions) -> dict[str, Any]:
    """What a credit memo settles is an invoice, and the other way round."""
    settled = "Invoice" if document_type(journal) == "Credit Memo" else "Credit Memo"
    return {"Applies_to_Doc_Type": captions.sent(settled), "Applies_to_Doc_No": journal.applies_to}


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
    applied = journal.applies_to
    for number, (theirs, ours) in enumerate(zip(lines, journal.lines, strict=True), start=1):
        pairs = (
            ("template", theirs.template, template),
            ("batch", theirs.batch, batch),
            ("account type", theirs.line.account_type, ours.account_type),
            ("account", theirs.line.account_no, ours.account_no),
            ("currency", theirs.currency, journal.currency if ours.foreign_amount else ""),
            ("amount in its currency", theirs.line.foreign_amount, ours.foreign_amount),
            ("tax code", theirs.line.tax_code if ours.tax_code else "", ours.tax_code),
            ("application", theirs.applies_to, "" if ours.account_type is AccountType.GL else applied),
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
