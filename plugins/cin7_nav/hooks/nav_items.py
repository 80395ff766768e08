"""NAV's item journals and item ledger, through the published pages: the same whichever channel carries the
general journals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from cin7_nav.hooks.errors import NotFound, Refused
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_captions import Captions
from cin7_nav.hooks.nav_errors import ALREADY_EXISTS
from cin7_nav.hooks.nav_filters import chains, literal
from cin7_nav.hooks.nav_journal import decimal
from cin7_nav.mappings.files import ItemBatch

ITEM_CARD, LOCATION_LIST = "item_card", "location_list"
SERVICE = "item_ledger"
JOURNAL, RECLASS, ACTION = "item_journal", "item_reclass_journal", "post_item_journal"
LINE_STEP = 10_000
_ENTRY_FIELDS = (
    "Entry_No,Posting_Date,Entry_Type,Document_No,Item_No,Location_Code,Quantity,Cost_Amount_Actual"
)


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """An item ledger entry: pieces in the base unit and their cost, negative for what left."""

    entry_no: int
    posting_date: dt.date
    entry_type: str
    document_no: str
    item_no: str
    location_code: str
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item journal line as NAV holds it; of a reclassification without entry type and cost."""

    line_no: int
    document_no: str
    item_no: str
    location_code: str
    quantity: Decimal
    entry_type: str = ""
    new_location_code: str = ""
    external_document_no: str = ""
    posting_date: dt.date | None = None
    unit_cost: Decimal | None = None
    """None: NAV's own."""
    posting_group: str = ""
    """General business posting group."""

    def says(self, other: ItemLine) -> bool:
        """Whether both move the same, whatever their cost."""
        return self._moved() == other._moved()

    def _moved(self) -> tuple[object, ...]:
        return (
            self.document_no,
            self.item_no,
            self.location_code,
            self.new_location_code,
            self.entry_type,
            self.quantity,
            self.posting_date,
        )


@dataclass(frozen=True, slots=True)
class ItemCard:
    """What an item's card says of moving it."""

    type: str
    """`Inventory`, `Service` or `Non-Inventory`."""
    blocked: bool


class NavItems:
    """What the stock flow asks of NAV. Raises `hooks.errors`."""

    def __init__(self, hook: NavHook) -> None:
        self._hook = hook
        self._captions = Captions(hook.settings.extra.language)

    @property
    def can_reclassify(self) -> bool:
        return RECLASS in self._hook.settings.extra.services

    def location_codes(self) -> set[str]:
        """All locations. Raises `NotFound` where this NAV does not show them."""
        if self._has_pages:
            return {str(row["Code"]) for row in self._hook.rows(self._published(LOCATION_LIST))}
        rows = self._hook.rows(self._hook.entity("locations"), {"$select": "code"})
        return {str(row["code"]) for row in rows}

    def cards(self, numbers: Sequence[str]) -> dict[str, ItemCard]:
        """The cards of these items, by number; those that NAV lacks are left out. Raises as above."""
        if self._has_pages:
            return {
                str(row["No"]): ItemCard(self._captions.read(row["Type"]), bool(row["Blocked"]))
                for chain in chains("No", numbers)
                for row in self._hook.rows(self._published(ITEM_CARD), {"$filter": chain})
            }
        path, fields = self._hook.entity("items"), "number,type,blocked"
        return {
            str(row["number"]): ItemCard(str(row["type"]), bool(row["blocked"]))
            for chain in chains("number", numbers)
            for row in self._hook.rows(path, {"$filter": chain, "$select": fields})
        }

    @property
    def _has_pages(self) -> bool:
        """Whether this NAV is read over published pages alone."""
        return self._hook.settings.extra.channel == "odata_v4"

    def _published(self, key: str) -> str:
        if key not in self._hook.settings.extra.services:
            raise NotFound(f"the connection's services name no {key}", status=404)
        return self._hook.service(key)

    def lines(self, batch: ItemBatch, *, reclass: bool) -> list[ItemLine]:
        """What lies in a batch, whoever put it there, without NAV's blank line."""
        wanted = (
            f"Journal_Template_Name eq {literal(batch.template)} and "
            f"Journal_Batch_Name eq {literal(batch.batch)}"
        )
        rows = self._hook.rows(self._page(reclass), {"$filter": wanted})
        return sorted((self._line(row) for row in rows if row["Item_No"]), key=lambda line: line.line_no)

    def insert(self, batch: ItemBatch, line: ItemLine, *, reclass: bool) -> None:
        """Insert one line. Fields go in the order in which NAV must validate them.

        One that is there already under this number and says the same counts as inserted: the key keeps a
        late twin of a lost call out. Raises `Refused`, `OutcomeUnknown`.
        """
        body: dict[str, Any] = {
            "Journal_Template_Name": batch.template,
            "Journal_Batch_Name": batch.batch,
            "Line_No": line.line_no,
            "Item_No": line.item_no,
            **({} if reclass else {"Entry_Type": self._captions.sent(line.entry_type)}),
            "Posting_Date": line.posting_date,
            "Document_No": line.document_no,
            "External_Document_No": line.external_document_no,
            "Location_Code": line.location_code,
            **({"New_Location_Code": line.new_location_code} if reclass else {}),
            **({"Gen_Bus_Posting_Group": line.posting_group} if line.posting_group else {}),
            "Quantity": line.quantity,
            **({"Unit_Cost": line.unit_cost} if line.unit_cost is not None else {}),
        }
        try:
            self._hook.write("POST", self._page(reclass), body)
        except Refused as error:
            if error.code != ALREADY_EXISTS or not self._is_there(batch, line, reclass=reclass):
                raise

    def delete(self, batch: ItemBatch, line_no: int, *, reclass: bool) -> None:
        """Remove a line. No error where it is already gone."""
        try:
            self._hook.write("DELETE", self._line_path(batch, line_no, reclass=reclass), repeatable=True)
        except NotFound:
            return

    def post(self, batch: ItemBatch, document_no: str) -> None:
        """Ask NAV to post the lines of one document, by the action that the company has published.

        Raises `Refused` (nothing posted), `OutcomeUnknown`. Success is not proof: the ledger is.
        """
        body = {
            "journalTemplateName": batch.template,
            "journalBatchName": batch.batch,
            "documentNo": document_no,
        }
        self._hook.write("POST", self._hook.action(ACTION), body, params=self._hook.action_company())

    def entries(self, document_nos: Sequence[str]) -> list[ItemEntry]:
        """The entries of these document numbers: one call for up to about 40 of them."""
        path = self._hook.service(SERVICE)
        return [
            self._entry(row)
            for chain in chains("Document_No", document_nos)
            for row in self._hook.rows(path, {"$filter": chain, "$select": _ENTRY_FIELDS})
        ]

    def entries_after(self, entry_no: int, *, since: dt.date | None = None) -> Iterator[ItemEntry]:
        """Entries with a higher number, ascending; `since` leaves out what is dated before."""
        condition = f"Entry_No gt {entry_no}" + (f" and Posting_Date ge {since}" if since else "")
        options = {"$filter": condition, "$orderby": "Entry_No", "$select": _ENTRY_FIELDS}
        return (self._entry(row) for row in self._hook.rows(self._hook.service(SERVICE), options))

    def _page(self, reclass: bool) -> str:
        return self._hook.service(RECLASS if reclass else JOURNAL)

    def _line_path(self, batch: ItemBatch, line_no: int, *, reclass: bool) -> str:
        template, name = quote(literal(batch.template)), quote(literal(batch.batch))
        key = f"Journal_Template_Name={template},Journal_Batch_Name={name},Line_No={line_no}"
        return f"{self._page(reclass)}({key})"

    def _is_there(self, batch: ItemBatch, line: ItemLine, *, reclass: bool) -> bool:
        try:
            return self._line(self._hook.get(self._line_path(batch, line.line_no, reclass=reclass))).says(
                line
            )
        except NotFound:
            return False

    def _line(self, row: Mapping[str, Any]) -> ItemLine:
        return ItemLine(
            int(row["Line_No"]),
            str(row["Document_No"]),
            str(row["Item_No"]),
            str(row["Location_Code"]),
            decimal(row["Quantity"]),
            self._captions.read(row.get("Entry_Type") or ""),
            str(row.get("New_Location_Code") or ""),
            str(row["External_Document_No"]),
            dt.date.fromisoformat(row["Posting_Date"]),
        )

    def _entry(self, row: Mapping[str, Any]) -> ItemEntry:
        return ItemEntry(
            int(row["Entry_No"]),
            dt.date.fromisoformat(row["Posting_Date"]),
            self._captions.read(row["Entry_Type"]),
            str(row["Document_No"]),
            str(row["Item_No"]),
            str(row["Location_Code"]),
            decimal(row["Quantity"]),
            decimal(row["Cost_Amount_Actual"]),
        )


def document_quantities(hook: NavHook, document_nos: Sequence[str]) -> dict[str, Decimal] | None:
    """Pieces that these documents moved in all, incoming ones positive; a document that moved none is left
    out. None where the connection's `services` name no `item_ledger`."""
    if SERVICE not in hook.settings.extra.services:
        return None
    found: dict[str, Decimal] = {}
    for entry in NavItems(hook).entries(document_nos):
        found[entry.document_no] = found.get(entry.document_no, Decimal(0)) + entry.quantity
    return found
