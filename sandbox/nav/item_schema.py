"""The published pages of inventory: their fields are the captions of the page, with `_` for other signs.

Names, lengths and options are those of pages 40 and 38 in Microsoft's AL source. Options travel as plain
captions here, unlike in API v2.0 (seen in the field).
"""

from __future__ import annotations

from sandbox.nav.columns import ALL_VERBS, fixed
from sandbox.nav.entities import Entity, Field

ENTRY_TYPES = ("Purchase", "Sale", "Positive Adjmt.", "Negative Adjmt.")
LEDGER_ENTRY_TYPES = (*ENTRY_TYPES, "Transfer")
INBOUND = ("Purchase", "Positive Adjmt.")
SHORTCUTS = (
    "Shortcut_Dimension_1_Code",
    "Shortcut_Dimension_2_Code",
    *(f"ShortcutDimCode{number}" for number in range(3, 9)),
)

ITEM_JOURNAL = Entity(
    "ItemJournal",
    "ItemJournal",
    "Item Journal Line",
    (
        Field("Journal_Template_Name", "code", 10),
        Field("Journal_Batch_Name", "code", 10),
        Field("Line_No", "int"),
        Field("Posting_Date", "date"),
        Field("Document_Date", "date"),
        Field("Entry_Type", "option", options=ENTRY_TYPES),
        Field("Document_No", "code", 20),
        Field("External_Document_No", "code", 35),
        Field("Item_No", "code", 20),
        Field("Description", "text", 100),
        Field("Location_Code", "code", 10),
        Field("Gen_Bus_Posting_Group", "code", 20),
        fixed("Gen_Prod_Posting_Group", "code", 20),
        Field("Quantity", "decimal", decimals=5),
        fixed("Unit_of_Measure_Code", "code", 10),
        Field("Unit_Amount", "decimal", decimals=5),
        Field("Amount", "decimal"),
        Field("Unit_Cost", "decimal", decimals=5),
        *(Field(name, "code", 20) for name in SHORTCUTS),
    ),
    verbs=ALL_VERBS,
    order=("Journal_Template_Name", "Journal_Batch_Name", "Line_No"),
)

ITEM_RECLASS_JOURNAL = Entity(
    "ItemReclassJournal",
    "ItemReclassJournal",
    "Item Journal Line",
    (
        Field("Journal_Template_Name", "code", 10),
        Field("Journal_Batch_Name", "code", 10),
        Field("Line_No", "int"),
        Field("Posting_Date", "date"),
        Field("Document_Date", "date"),
        Field("Document_No", "code", 20),
        Field("External_Document_No", "code", 35),
        Field("Item_No", "code", 20),
        Field("Description", "text", 100),
        *(Field(name, "code", 20) for name in SHORTCUTS[:2]),
        Field("Location_Code", "code", 10),
        Field("New_Location_Code", "code", 10),
        Field("Quantity", "decimal", decimals=5),
        fixed("Unit_of_Measure_Code", "code", 10),
    ),
    verbs=ALL_VERBS,
    order=("Journal_Template_Name", "Journal_Batch_Name", "Line_No"),
)
"""Page 393: the same table as page 40, lines of entry type Transfer, in a template of its own."""

ITEM_LEDGER_ENTRIES = Entity(
    "ItemLedgerEntries",
    "ItemLedgerEntries",
    "Item Ledger Entry",
    (
        fixed("Entry_No", "int"),
        fixed("Posting_Date", "date"),
        fixed("Entry_Type", "option", options=LEDGER_ENTRY_TYPES),
        fixed("Document_Type", "option", options=(" ",)),
        fixed("Document_No", "code", 20),
        fixed("Item_No", "code", 20),
        fixed("Description", "text", 100),
        fixed("Global_Dimension_1_Code", "code", 20),
        fixed("Global_Dimension_2_Code", "code", 20),
        fixed("Location_Code", "code", 10),
        fixed("Quantity", "decimal"),
        fixed("Invoiced_Quantity", "decimal"),
        fixed("Remaining_Quantity", "decimal"),
        fixed("Sales_Amount_Actual", "decimal"),
        fixed("Cost_Amount_Actual", "decimal"),
        fixed("Open", "bool"),
    ),
    order=("Entry_No",),
)
