"""Posting an item journal batch: item ledger entries, stock on hand, and cost in the general ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from sandbox.nav import dimensions
from sandbox.nav.accounts import GL
from sandbox.nav.company import COST_OF_GOODS_SOLD, IN_TRANSIT, INVENTORY, Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import ApiError, dialog, field_validation
from sandbox.nav.item_journal import ItemJournal, check_filled
from sandbox.nav.item_schema import INBOUND, ITEM_JOURNAL, SHORTCUTS
from sandbox.nav.posting import Posting
from sandbox.nav.schema import JOURNAL_LINES
from sandbox.nav.wire import cents

_CARRIED = ("Posting_Date", "Document_No", "Item_No", "Description", "Location_Code")
"""What an item ledger entry takes from its journal line as it is."""


class ItemPosting:
    """Posts item batches. A refusal is an `ApiError`, and nothing is posted then."""

    def __init__(self, company: Company, journals: Iterable[ItemJournal], posting: Posting) -> None:
        """`posting` writes the general ledger."""
        self._company = company
        self._journals = {journal.template: journal for journal in journals}
        self._posting = posting
        self._ledger = company.tables["ItemLedgerEntries"]

    def post(self, template: str, batch: str, document_no: str = "") -> list[str]:
        """Post every line of the batch, as a person does, or those of one document; returns the document
        numbers."""
        journal = self._journals[template]
        all_lines = journal.lines(template, batch)
        lines = [line for line in all_lines if line["Item_No"] and document_no in ("", line["Document_No"])]
        if not lines:
            raise dialog("There is nothing to post.")
        with self._company.undo.transaction():
            for line in lines:
                self._check(line)
            for line in lines:
                self._post(line)
            blank = [line for line in all_lines if not line["Item_No"]]
            if len(lines) + len(blank) == len(all_lines):
                journal.replace(all_lines, lines[-1])
            else:
                for line in lines:
                    journal.delete(line)
        self._company.undo.commit()
        return sorted({line["Document_No"] for line in lines})

    def enter(self, line: Row) -> None:
        """Post one line that a person keyed in and that lies in no batch any more."""
        with self._company.undo.transaction():
            self._check(line)
            self._post(line)
        self._company.undo.commit()

    def open_stock(self, line: Row) -> None:
        """Post one line of the opening stock, whose date lies before every range that is open now."""
        with self._company.undo.transaction():
            self._post(line)
        self._company.undo.commit()

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
        if line["Posting_Date"] <= self._company.settings.inventory_closed_until:
            closed = dt.date.fromisoformat(self._company.settings.inventory_closed_until)
            raise dialog(
                f"You cannot post before {closed + dt.timedelta(days=1):%m/%d/%y} because the inventory "
                "period is already closed. You must re-open the inventory period first."
            )
        item = self._item(line)
        if item["blocked"]:
            raise field_validation(
                f"Blocked must be equal to 'No'  in Item: No.={item['number']}. Current value is 'Yes'."
            )
        if item["type"] != "Inventory":
            raise field_validation(
                f"Type must be equal to 'Inventory'  in Item: No.={item['number']}. "
                f"Current value is '{item['type']}'."
            )
        for name in ("Location_Code", "New_Location_Code"):
            if line.get(name) == IN_TRANSIT:
                raise dialog(f"You can use In-Transit location {IN_TRANSIT} for transfer orders only.")
            if name in line and not line[name] and self._company.settings.location_mandatory:
                check_filled(line, name)
        where = f"item journal line {template}, {batch}, {number}"
        dimensions.check_posting(self._company, where, self._ledger_line(line))

    def _post(self, line: Row) -> None:
        item = self._item(line)
        if "New_Location_Code" in line:
            cost = self._move(line, item, "Transfer", -line["Quantity"], None)
            self._move(
                line | {"Location_Code": line["New_Location_Code"]}, item, "Transfer", line["Quantity"], -cost
            )
            return
        inbound = line["Entry_Type"] in INBOUND
        quantity = line["Quantity"] if inbound else -line["Quantity"]
        given = cents(line["Unit_Cost"] * quantity) if inbound else None
        cost = self._move(line, item, line["Entry_Type"], quantity, given)
        if self._company.settings.automatic_cost_posting and cost:
            ledger_line, document = self._ledger_line(line), line["Document_No"]
            self._posting.enter(ledger_line, document, GL, INVENTORY, cost)
            self._posting.enter(ledger_line, document, GL, self._balancing(line), -cost)

    def _balancing(self, line: Row) -> str:
        """The account that General Posting Setup sets against inventory."""
        settings = self._company.settings
        match line["Entry_Type"]:
            case "Purchase":
                return settings.direct_cost_applied_account
            case "Sale":
                return COST_OF_GOODS_SOLD
        return settings.adjustment_accounts[line["Gen_Bus_Posting_Group"]]

    def _move(
        self, line: Row, item: Row, entry_type: str, quantity: Decimal, given: Decimal | None
    ) -> Decimal:
        """Write one item ledger entry; its cost is what was given, or what leaves at average cost."""
        found = self._ledger.find("Item_No", line["Item_No"])
        entries = sorted(found, key=lambda entry: int(entry["Entry_No"]))
        here = [entry for entry in entries if entry["Location_Code"] == line["Location_Code"]]
        if self._company.settings.prevent_negative_inventory and _total(here, "Quantity") + quantity < 0:
            raise dialog(f"You have insufficient quantity of Item {item['number']} on inventory.")
        cost = _outbound_cost(item, entries, quantity) if given is None else given
        remaining = self._apply(here, quantity)
        sale = entry_type == "Sale"
        self._ledger.insert(
            Entry_No=len(self._ledger.rows) + 1,
            Entry_Type=entry_type,
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
        return cost

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
            _dimensions={dimension.code: line[name] for dimension, name in shortcuts if line.get(name)},
        )


def _outbound_cost(item: Row, entries: Sequence[Row], quantity: Decimal) -> Decimal:
    """Cost, negative, at the average of what is on hand; at the card's unit cost where nothing is."""
    on_hand, value = _total(entries, "Quantity"), _total(entries, "Cost_Amount_Actual")
    if on_hand <= 0:
        return cents(item["unitCost"] * quantity)
    return cents(value * quantity / on_hand)


def _total(entries: Sequence[Row], field: str) -> Decimal:
    return sum((entry[field] for entry in entries), Decimal(0))
