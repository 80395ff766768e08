"""The ledgers of customers and vendors, as the published pages 25 and 29 show them.

Names are the captions of the pages in Microsoft's AL source, with `_` for other signs. Amounts have the
sign of the general ledger: what a customer owes is positive, what a vendor is owed negative.
"""

from __future__ import annotations

from decimal import Decimal

from sandbox.nav.columns import fixed
from sandbox.nav.entities import Entity, Field, Row
from sandbox.nav.errors import dialog
from sandbox.nav.ledger_schema import DOCUMENT_TYPES
from sandbox.nav.store import Table
from sandbox.nav.wire import NO_DATE


def _fields(party: str) -> tuple[Field, ...]:
    return (
        fixed("Entry_No", "int"),
        fixed("Posting_Date", "date"),
        fixed("Document_Type", "option", options=DOCUMENT_TYPES),
        fixed("Document_No", "code", 20),
        fixed("External_Document_No", "code", 35),
        fixed(f"{party}_No", "code", 20),
        fixed("Description", "text", 100),
        fixed("Due_Date", "date"),
        fixed("Currency_Code", "code", 10),
        fixed("Amount", "decimal"),
        fixed("Original_Amt_LCY", "decimal"),
        fixed("Amount_LCY", "decimal"),
        fixed("Remaining_Amt_LCY", "decimal"),
        fixed("Open", "bool"),
        fixed("Reversed", "bool"),
    )


CUSTOMER_LEDGER = Entity(
    "Cust_LedgerEntries",
    "Cust_LedgerEntries",
    "Cust. Ledger Entry",
    _fields("Customer"),
    order=("Entry_No",),
)
VENDOR_LEDGER = Entity(
    "VendorLedgerEntries",
    "VendorLedgerEntries",
    "Vendor Ledger Entry",
    _fields("Vendor"),
    order=("Entry_No",),
)


def enter(
    table: Table, party: str, entry_no: int, line: Row, document: str, kind: str, amount: Decimal
) -> None:
    """The entry that posting a line of a customer or vendor makes; it has the number of its G/L entry. Open,
    as far as the line is not applied to another one. `amount` is in local currency."""
    name = "Customer_No" if table.entity is CUSTOMER_LEDGER else "Vendor_No"
    currency = line.get("_currency", "")
    entry = table.insert(
        Due_Date=line.get("_due_date", NO_DATE),
        Currency_Code=currency,
        Amount=line["amount"].copy_sign(amount) if currency else amount,
        Entry_No=entry_no,
        Posting_Date=line["postingDate"],
        Document_Type=kind,
        Document_No=document,
        External_Document_No=line["externalDocumentNumber"],
        Description=line["description"],
        Original_Amt_LCY=amount,
        Amount_LCY=amount,
        Remaining_Amt_LCY=amount,
        Open=True,
        **{name: party},
    )
    if line.get("_applies_to"):
        apply(table, entry, _applied_to(table, name, party, line))


def _applied_to(table: Table, name: str, party: str, line: Row) -> Row:
    """The open entry that a line names. The text is the one that NAV has for a filter without a record."""
    wanted = {
        "Document_No": line["_applies_to"],
        "Document_Type": line["_applies_to_type"],
        name: party,
        "Open": True,
    }
    for entry in table.rows.values():
        if all(entry[field] == value for field, value in wanted.items()):
            if entry["Currency_Code"] != line["_currency"]:
                raise dialog("All entries in one application must be in the same currency.")
            return entry
    filters = ", ".join(f"{field.replace('_', ' ')}: {value}" for field, value in wanted.items())
    raise dialog(f"There is no {table.entity.table} within the filter.\\\\Filters: {filters}")


def apply(table: Table, first: Row, second: Row) -> None:
    """Apply two entries of opposite sign to each other: the smaller one is closed."""
    settled = min(abs(first["Remaining_Amt_LCY"]), abs(second["Remaining_Amt_LCY"]))
    for entry in (first, second):
        left = entry["Remaining_Amt_LCY"]
        left -= settled.copy_sign(left)
        table.change(entry, Remaining_Amt_LCY=left, Open=bool(left))
