"""The ledgers of customers and vendors, through the published pages 25 and 29: the same whichever channel
carries the journals. They show what the general ledger does not: whose entry it is, whether it is applied,
whether somebody reversed it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from cin7_nav.hooks.nav import NavHook, Row
from cin7_nav.hooks.nav_filters import chains
from cin7_nav.hooks.nav_journal import decimal
from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.rules.books import PartyEntry

SERVICES = {"customer_ledger": "Customer_No", "vendor_ledger": "Vendor_No"}
"""Our name of the published page → its field with the party's number."""

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


def applicable(hook: NavHook, journals: Sequence[Journal]) -> set[str]:
    """See `NavChannel.applicable`. None where the page of the party's ledger is not published to us.

    Only what is settled whole by it: what stays open of a journal is for people to apply.
    """
    found: set[str] = set()
    for service, party in SERVICES.items():
        wanted = [one for one in journals if one.applies_to and _service(one) == service]
        if not wanted or service not in hook.settings.extra.services:
            continue
        open_entries = {
            (row["Document_No"], row[party], row["Currency_Code"]): row
            for chain in chains("Document_No", sorted({one.applies_to for one in wanted}))
            for row in hook.rows(hook.service(service), {"$filter": f"Open eq true and ({chain})"})
        }
        for one in wanted:
            for line in one.lines:
                entry = open_entries.get((one.applies_to, line.account_no, one.currency))
                if entry and _covers(entry, line):
                    found.add(one.document_no)
    return found


def _covers(entry: Row, line: JournalLine) -> bool:
    """Whether so much of an open entry is left that the line is settled whole."""
    left, whole = decimal(entry["Remaining_Amt_LCY"]), decimal(entry["Amount_LCY"])
    if line.foreign_amount:
        return left == whole and -line.foreign_amount / decimal(entry["Amount"]) <= 1
    return 0 < -line.amount / left <= 1


def _service(journal: Journal) -> str:
    kinds = {line.account_type for line in journal.lines}
    if AccountType.CUSTOMER in kinds:
        return "customer_ledger"
    return "vendor_ledger" if AccountType.VENDOR in kinds else ""


def _filters(first: dt.date, last: dt.date, document_nos: Sequence[str]) -> Iterator[str]:
    yield f"Posting_Date ge {first} and Posting_Date le {last}"
    yield from chains("Document_No", document_nos)


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
