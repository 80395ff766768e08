"""The opposite of a journal that was posted."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.rules import texts


def reversal(
    journal: Journal, *, document_no: str, external_document_no: str, posting_date: dt.date, why: str
) -> Journal:
    """The journal that takes `journal` back and is applied to it: same accounts, dimensions and tax codes,
    opposite signs, in the same currency.

    Each description names the document that is reversed and `why`, before what the line said; where a
    vendor is concerned also that nobody shall pay it.
    """
    is_bill = any(line.account_type is AccountType.VENDOR for line in journal.lines)
    mark = f"REVERSED {journal.document_no}" + (" DO NOT PAY" if is_bill else "")
    return Journal(
        document_no=document_no,
        external_document_no=external_document_no,
        posting_date=posting_date,
        currency=journal.currency,
        applies_to=journal.document_no,
        lines=tuple(_opposite(line, f"{mark}: {why}; {line.description}") for line in journal.lines),
    )


def _opposite(line: JournalLine, description: str) -> JournalLine:
    return replace(
        line,
        amount=-line.amount,
        foreign_amount=-line.foreign_amount,
        predicted_tax=-line.predicted_tax,
        description=texts.description(description),
    )
