"""The ledgers of customers and vendors, through the published pages 25 and 29: the same whichever channel
carries the journals. They show what the general ledger does not: whose entry it is, whether it is applied,
whether somebody reversed it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from cin7_nav.hooks.nav import NavHook, Row
from cin7_nav.hooks.nav_journal import decimal
from cin7_nav.rules.books import PartyEntry

SERVICES = {"customer_ledger": "Customer_No", "vendor_ledger": "Vendor_No"}
"""Our name of the published page → its field with the party's number."""

_AT_ONCE = 40
_FIELDS = (
    "Entry_No,Posting_Date,Document_No,External_Document_No,{party},Amount_LCY,Remaining_Amt_LCY,Open,"
    "Reversed"
)


def party_entries(
    hook: NavHook, first: dt.date, last: dt.date, document_nos: Sequence[str] = ()
) -> list[PartyEntry] | None:
    """See `NavChannel.party_entries`. Both pages, or none: half of them would prove half a period."""
    if not SERVICES.keys() <= hook.settings.extra.services.keys():
        return None
    found: dict[tuple[str, int], PartyEntry] = {}
    for service, party in SERVICES.items():
        for where in _filters(first, last, document_nos):
            options = {"$filter": where, "$select": _FIELDS.format(party=party)}
            for row in hook.rows(hook.service(service), options):
                entry = _entry(row, party)
                found[service, entry.entry_no] = entry
    return list(found.values())


def _filters(first: dt.date, last: dt.date, document_nos: Sequence[str]) -> Iterator[str]:
    yield f"Posting_Date ge {first} and Posting_Date le {last}"
    for start in range(0, len(document_nos), _AT_ONCE):
        part = document_nos[start : start + _AT_ONCE]
        yield " or ".join(f"Document_No eq '{number}'" for number in part)


def _entry(row: Row, party: str) -> PartyEntry:
    return PartyEntry(
        entry_no=int(row["Entry_No"]),
        date=dt.date.fromisoformat(row["Posting_Date"]),
        document_no=row["Document_No"],
        external_no=row["External_Document_No"],
        party_no=row[party],
        amount=decimal(row["Amount_LCY"]),
        remaining=decimal(row["Remaining_Amt_LCY"]),
        is_open=bool(row["Open"]),
        is_reversed=bool(row["Reversed"]),
    )
