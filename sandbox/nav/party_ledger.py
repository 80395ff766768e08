"""The ledgers of customers and vendors, as the published pages 25 and 29 show them.

Names are the captions of the pages in Microsoft's AL source, with `_` for other signs. Amounts have the
sign of the general ledger: what a customer owes is positive, what a vendor is owed negative.
"""

from __future__ import annotations

from decimal import Decimal

from sandbox.nav.columns import fixed
from sandbox.nav.entities import Entity, Field, Row
from sandbox.nav.ledger_schema import DOCUMENT_TYPES
from sandbox.nav.store import Table


def _fields(party: str) -> tuple[Field, ...]:
    return (
        fixed("Entry_No", "int"),
        fixed("Posting_Date", "date"),
        fixed("Document_Type", "option", options=DOCUMENT_TYPES),
        fixed("Document_No", "code", 20),
        fixed("External_Document_No", "code", 35),
        fixed(f"{party}_No", "code", 20),
        fixed("Description", "text", 100),
        fixed("Currency_Code", "code", 10),
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
    """The open entry that posting a line of a customer or vendor makes; it has the number of its G/L
    entry."""
    name = "Customer_No" if table.entity is CUSTOMER_LEDGER else "Vendor_No"
    table.insert(
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


def apply(table: Table, first: Row, second: Row) -> None:
    """Apply two entries of opposite sign to each other: the smaller one is closed."""
    settled = min(abs(first["Remaining_Amt_LCY"]), abs(second["Remaining_Amt_LCY"]))
    for entry in (first, second):
        left = entry["Remaining_Amt_LCY"]
        left -= settled.copy_sign(left)
        table.change(entry, Remaining_Amt_LCY=left, Open=bool(left))
