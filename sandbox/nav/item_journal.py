"""The published page `ItemJournal`: how NAV writes an item journal line that comes through OData."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.nav.company import ITEM_BATCHES, ITEM_TEMPLATE, RECLASS_TEMPLATE, Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import bad_request, duplicate, field_validation, relation
from sandbox.nav.item_schema import ITEM_JOURNAL, ITEM_RECLASS_JOURNAL, SHORTCUTS
from sandbox.nav.wire import cents, rounded

_KEY = ITEM_JOURNAL.order
_PRICED = ("Item_No", "Entry_Type", "Location_Code", "Quantity", "Unit_Amount", "Unit_Cost")
"""Fields after which NAV works out the amount anew."""
_CAPTIONS = {
    "Item_No": "Item No.",
    "Document_No": "Document No.",
    "Quantity": "Quantity",
    "Location_Code": "Location Code",
    "New_Location_Code": "New Location Code",
}


class ItemJournal:
    """Writing item journal lines. Every method raises `ApiError` where NAV refuses."""

    entity = ITEM_JOURNAL
    template = ITEM_TEMPLATE
    kept: tuple[str, ...] = (*_KEY[:2], "Posting_Date", "Document_Date", "Entry_Type", "Document_No")
    """What the blank line takes from the last posted one."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._table = company.tables[self.entity.name]

    def insert(self, values: dict[str, Any]) -> Row:
        """A new line. The fields are validated in the order they were sent, as Microsoft's AL source does it.

        An item, entry type or location that comes after a cost puts the card's cost in its place; location,
        quantity and cost need the item before them. A line number is not drawn: not given, it is 0.
        """
        today = self._company.today()
        line = self.entity.fresh(Posting_Date=today, Document_Date=today)
        self._validate(line, {name: values.get(name, line[name]) for name in _KEY} | values)
        self._check_key(line)
        return self._table.insert(**line)

    def modify(self, line: Row, values: dict[str, Any]) -> None:
        """Validate the changed fields on the line; a changed key renames it."""
        changed = dict(line)
        self._validate(changed, values)
        if any(changed[name] != line[name] for name in _KEY):
            self._check_key(changed)
        self._table.change(line, **{name: changed[name] for name in self.entity.by_name})

    def delete(self, line: Row) -> None:
        self._table.delete(line)

    def lines(self, template: str, batch: str) -> list[Row]:
        """The lines of a batch by line number."""
        found = self._table.find("Journal_Batch_Name", batch)
        lines = [line for line in found if line["Journal_Template_Name"] == template]
        return sorted(lines, key=lambda line: int(line["Line_No"]))

    def replace(self, lines: list[Row], last: Row) -> None:
        """Remove posted lines and leave NAV's blank line behind, since the batches have no number series."""
        for line in lines:
            self._table.delete(line)
        self._table.insert(Line_No=10000, **{name: last[name] for name in self.kept})

    def _validate(self, line: Row, values: dict[str, Any]) -> None:
        for name, value in values.items():
            self._check(line, name, value)
            line[name] = value
            match name:
                case "Posting_Date":
                    line["Document_Date"] = value
                case "Item_No" | "Entry_Type":
                    self._take_item(line)
                case "Location_Code":
                    self._take_prices(line)
                case "Amount":
                    line["Unit_Amount"] = rounded(value / line["Quantity"], 5)
                case "Unit_Cost" if line["Entry_Type"] != "Sale":
                    line["Unit_Amount"] = value
            if name in ("Amount", "Unit_Amount") and line["Entry_Type"] != "Sale":
                line["Unit_Cost"] = line["Unit_Amount"]
            if name in _PRICED:
                line["Amount"] = cents(line["Quantity"] * line["Unit_Amount"])

    def _check(self, line: Row, name: str, value: Any) -> None:
        table, company = self.entity.table, self._company
        if name == "Journal_Template_Name" and value != self.template:
            raise relation("Journal Template Name", table, value, "Item Journal Template")
        if name == "Journal_Batch_Name" and value not in ITEM_BATCHES:
            raise relation("Journal Batch Name", table, value, "Item Journal Batch")
        if name == "Item_No" and value and company.by_number("items", value) is None:
            raise relation("Item No.", table, value, "Item")
        if name in ("Location_Code", "New_Location_Code") and value and value not in company.locations:
            raise relation(name.replace("_", " "), table, value, "Location")
        if name == "Gen_Bus_Posting_Group" and value and value not in company.settings.adjustment_accounts:
            raise relation("Gen. Bus. Posting Group", table, value, "Gen. Business Posting Group")
        if name in SHORTCUTS and value:
            at = SHORTCUTS.index(name)
            dimensions = company.world.dimensions
            row = company.dimension(dimensions[at].code) if at < len(dimensions) else None
            if row is None or company.dimension_value(row, value) is None:
                raise relation(name.replace("_", " "), table, value, "Dimension Value")
        if name == "Quantity" and value < 0:
            raise bad_request(f"The value must be greater than or equal to 0. Value: {value}.")
        if name in ("Location_Code", "Unit_Cost") or (name == "Quantity" and value):
            check_filled(line, "Item_No")
        if name == "Amount":
            check_filled(line, "Quantity")

    def _take_item(self, line: Row) -> None:
        """What the item's card puts on a line."""
        item = self._company.by_number("items", line["Item_No"])
        line["Description"] = item["displayName"] if item else ""
        line["Unit_of_Measure_Code"] = item["baseUnitOfMeasureCode"] if item else ""
        line["Gen_Prod_Posting_Group"] = item["generalProductPostingGroupCode"] if item else ""
        self._take_prices(line)

    def _take_prices(self, line: Row) -> None:
        item = self._company.by_number("items", line["Item_No"])
        line["Unit_Cost"] = item["unitCost"] if item else Decimal(0)
        line["Unit_Amount"] = (
            item["unitPrice"] if item and line["Entry_Type"] == "Sale" else line["Unit_Cost"]
        )

    def _check_key(self, line: Row) -> None:
        template, batch, number = (line[name] for name in _KEY)
        if any(one["Line_No"] == number for one in self.lines(template, batch)):
            raise duplicate(
                self._company.settings.duplicate_key_status,
                self.entity.table,
                {"Journal Template Name": template, "Journal Batch Name": batch, "Line No.": number},
            )


class ItemReclassJournal(ItemJournal):
    """Lines that move goods from one location to another: quantity and place, no cost."""

    entity = ITEM_RECLASS_JOURNAL
    template = RECLASS_TEMPLATE
    kept = (*_KEY[:2], "Posting_Date", "Document_Date", "Document_No")

    def _validate(self, line: Row, values: dict[str, Any]) -> None:
        for name, value in values.items():
            self._check(line, name, value)
            line[name] = value
            if name == "Posting_Date":
                line["Document_Date"] = value
            if name == "Item_No":
                item = self._company.by_number("items", value)
                line["Description"] = item["displayName"] if item else ""
                line["Unit_of_Measure_Code"] = item["baseUnitOfMeasureCode"] if item else ""


def check_filled(line: Row, name: str) -> None:
    """Raises what AL's `TestField` does, where a field is zero or empty."""
    if not line[name]:
        template, batch, number = (line[field] for field in _KEY)
        raise field_validation(
            f"{_CAPTIONS[name]} must have a value in Item Journal Line: Journal Template Name={template}, "
            f"Journal Batch Name={batch}, Line No.={number}. It cannot be zero or empty."
        )
