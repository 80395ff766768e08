"""The rows of Cin7's own ledger, `GET /transactions`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.wire.fields import Date, Number, Record, Text, WireError, parse


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One debit and one credit of the same amount. Rows have no id; a reversal is a row with the same
    accounts and a negative amount (Cin7's API portal)."""

    debit: str
    credit: str
    """Cin7 account codes."""
    amount: Decimal
    """Base currency, signed."""
    date: dt.date
    """The effective date, a business date."""
    type: str
    """What made it: `Sale`, `Purchase`, `StockAdjustment`, `Journal`, …"""
    task_id: str = ""
    """The id of the document, or of the sale or purchase that it belongs to; lower case."""
    reference: str = ""
    """The document's number; of a credit note behind that of its invoice, `INV-00004/CR-00002`."""


class _Row(Record):
    DebitAccountCode: Text = ""
    CreditAccountCode: Text = ""
    Amount: Number = None
    EffectiveDate: Date = None
    Type: Text = ""
    TaskID: Text = ""
    Reference: Text = ""


def ledger_row(row: Mapping[str, Any]) -> LedgerRow:
    """Raises `WireError` where an account, the amount, the date or the type is missing: no data is never
    zero."""
    record = f"transaction of {str(row.get('EffectiveDate'))[:10]}"
    parsed = parse(_Row, row, record)
    if not parsed.DebitAccountCode or not parsed.CreditAccountCode:
        raise WireError(record, (("DebitAccountCode, CreditAccountCode", "two account codes expected"),))
    if parsed.Amount is None or parsed.EffectiveDate is None:
        raise WireError(record, (("Amount, EffectiveDate", "expected, found none"),))
    if not parsed.Type:
        raise WireError(record, (("Type", "expected, found none: it tells an invoice's row from others"),))
    return LedgerRow(
        parsed.DebitAccountCode,
        parsed.CreditAccountCode,
        parsed.Amount,
        parsed.EffectiveDate,
        parsed.Type,
        parsed.TaskID.lower(),
        parsed.Reference,
    )
