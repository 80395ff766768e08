"""Posting an item journal batch: item ledger entries, stock on hand, and cost in the general ledger."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sandbox.nav import dimensions
from sandbox.nav.accounts import GL
from sandbox.nav.company import COST_OF_GOODS_SOLD, INVENTORY, Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import ApiError, dialog, field_validation
from sandbox.nav.item_journal import ItemJournal, check_filled
from sandbox.nav.item_schema import INBOUND, ITEM_JOURNAL, SHORTCUTS
from sandbox.nav.posting import Posting
from sandbox.nav.schema import JOURNAL_LINES
from sandbox.nav.wire import cents

_CARRIED = ("Posting_Date", "Entry_Type", "Document_No", "Item_No", "Description", "Location_Code")
"""What an item ledger entry takes from its journal line as it is."""


class ItemPosting:
    """Posts item batches. A refusal is an `ApiError`, and nothing is posted then."""

    def __init__(self, company: Company, journal: ItemJournal, posting: Posting) -> None:
        """`posting` writes the general ledger."""
        self._company = company
        self._journal = journal
        self._posting = posting
        self._ledger = company.tables["ItemLedgerEntries"]

    def post(self, template: str, batch: str) -> list[str]:
        """Post every line of the batch, as a person does; returns the document numbers."""
        all_lines = self._journal.lines(template, batch)
        lines = [line for line in all_lines if line["Item_No"]]
        if not lines:
            raise dialog("There is nothing to post.")
        with self._company.undo.transaction():
            for line in lines:
                self._check(line)
            for line in lines:
                self._post(line)
            self._journal.replace(all_lines, lines[-1])
        self._company.undo.commit()
        return sorted({line["Document_No"] for line in lines})

    def _check(self, line: Row) -> None:
        template, batch, number = (line[name] for name in ITEM_JOURNAL.order)
        for name in ("Document_No", "Quantity"):
            check_filled(line, name)
        first, last = self._company.posting_range()
        if line["Posting_Date"] < first or (last and line["Posting_Date"] > last):
            raise dialog(
                "Posting Date is not within your range of allowed posting dates in Item Journal Line Journal "
                f"Template Name='{template}',Journal Batch Name='{batch}',Line No.='{number}'."
            )
        item = self._item(line)
        if item["type"] != "Inventory":
            raise field_validation(
                f"Type must be equal to 'Inventory'  in Item: No.={item['number']}. "
                f"Current value is '{item['type']}'."
            )
        where = f"item journal line {template}, {batch}, {number}"
        dimensions.check_posting(self._company, where, self._ledger_line(line))

    def _post(self, line: Row) -> None:
        item, inbound = self._item(line), line["Entry_Type"] in INBOUND
        quantity = line["Quantity"] if inbound else -line["Quantity"]
        found = self._ledger.find("Item_No", line["Item_No"])
        entries = sorted(found, key=lambda entry: int(entry["Entry_No"]))
        here = [entry for entry in entries if entry["Location_Code"] == line["Location_Code"]]
        if self._company.settings.prevent_negative_inventory and _total(here, "Quantity") + quantity < 0:
            raise dialog(f"You have insufficient quantity of Item {item['number']} on inventory.")
        cost = cents(line["Unit_Cost"] * quantity) if inbound else _outbound_cost(item, entries, quantity)
        remaining = self._apply(here, quantity)
        sale = line["Entry_Type"] == "Sale"
        self._ledger.insert(
            Entry_No=len(self._ledger.rows) + 1,
            Global_Dimension_1_Code=line[SHORTCUTS[0]],
            Global_Dimension_2_Code=line[SHORTCUTS[1]],
            Quantity=quantity,
            Invoiced_Quantity=quantity,
            Remaining_Quantity=remaining,
            Sales_Amount_Actual=line["Amount"] if sale else Decimal(0),
            Cost_Amount_Actual=cost,
            Open=bool(remaining),
            **{name: line[name] for name in _CARRIED},
        )
        self._company.add(item, "inventory", quantity)
        if self._company.settings.automatic_cost_posting and cost:
            ledger_line, document = self._ledger_line(line), line["Document_No"]
            applied = self._company.settings.direct_cost_applied_account
            balancing = applied if inbound else COST_OF_GOODS_SOLD
            self._posting.enter(ledger_line, document, GL, INVENTORY, cost)
            self._posting.enter(ledger_line, document, GL, balancing, -cost)

    def _apply(self, entries: Sequence[Row], quantity: Decimal) -> Decimal:
        """Apply a movement to open entries of the other sign, oldest first; returns what stays open."""
        for entry in entries:
            open_quantity = entry["Remaining_Quantity"]
            if open_quantity * quantity < 0:
                left = open_quantity + quantity
                kept = left if left * open_quantity > 0 else Decimal(0)
                self._ledger.change(entry, Remaining_Quantity=kept, Open=bool(kept))
                quantity = left - kept
        return quantity

    def _item(self, line: Row) -> Row:
        item = self._company.by_number("items", line["Item_No"])
        if item is None:
            text = f"The Item does not exist. Identification fields and values: No.='{line['Item_No']}'"
            raise ApiError(400, "Internal_RecordNotFound", text)
        return item

    def _ledger_line(self, line: Row) -> Row:
        """The line as the general ledger sees it."""
        shortcuts = zip(self._company.world.dimensions, SHORTCUTS, strict=False)
        return JOURNAL_LINES.fresh(
            postingDate=line["Posting_Date"],
            description=line["Description"],
            _dimensions={dimension.code: line[name] for dimension, name in shortcuts if line[name]},
        )


def _outbound_cost(item: Row, entries: Sequence[Row], quantity: Decimal) -> Decimal:
    """Cost, negative, at the average of what is on hand; at the card's unit cost where nothing is."""
    on_hand, value = _total(entries, "Quantity"), _total(entries, "Cost_Amount_Actual")
    if on_hand <= 0:
        return cents(item["unitCost"] * quantity)
    return cents(value * quantity / on_hand)


def _total(entries: Sequence[Row], field: str) -> Decimal:
    return sum((entry[field] for entry in entries), Decimal(0))
