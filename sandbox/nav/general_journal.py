"""The published pages 39, 253 and 254: how NAV writes a general journal line that comes by OData."""

from __future__ import annotations

from typing import Any

from sandbox.nav.batches import Batches
from sandbox.nav.company import Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import field_validation, relation
from sandbox.nav.item_schema import SHORTCUTS
from sandbox.nav.journal import Lines

_PLACE = ("Journal_Template_Name", "Journal_Batch_Name")
_LINE = {
    "Line_No": "lineNumber",
    "Posting_Date": "postingDate",
    "Document_No": "documentNumber",
    "External_Document_No": "externalDocumentNumber",
    "Account_Type": "accountType",
    "Account_No": "accountNumber",
    "Description": "description",
    "VAT_Prod_Posting_Group": "taxCode",
    "Amount": "amount",
    "Bal_Account_Type": "balanceAccountType",
    "Bal_Account_No": "balancingAccountNumber",
    "Comment": "comment",
}
"""Fields of the page that API v2.0 has under another name: NAV validates them the same way."""

_PLAIN = {
    "Document_Type": "_document_type",
    "Due_Date": "_due_date",
    "Applies_to_Doc_Type": "_applies_to_type",
    "Applies_to_Doc_No": "_applies_to",
}
"""Fields that API v2.0 does not have."""


class GeneralJournal:
    """Writing lines. Every method raises `ApiError` where NAV refuses."""

    def __init__(self, company: Company, batches: Batches, lines: Lines) -> None:
        self._company = company
        self._batches = batches
        self._lines = lines

    def insert(self, values: dict[str, Any]) -> Row:
        """A new line of an existing batch. A dimension replaces what the account has by default."""
        template, code = self.place(*(values.get(name, "") for name in _PLACE))
        batch = self._batches.named(template, code)
        if batch is None:
            raise relation("Journal Batch Name", "Gen. Journal Line", code, "Gen. Journal Batch")
        line = self._lines.insert(batch, _renamed(values))
        self._put_rest(line, values)
        return line

    def delete(self, line: Row) -> None:
        self._lines.delete(line)

    def modify(self, line: Row, values: dict[str, Any]) -> None:
        self._lines.modify(line, _renamed(values))
        self._put_rest(line, values)

    def place(self, template: str, code: str) -> tuple[str, str]:
        """The template and batch that a line goes to and that the page shows, where these are asked for."""
        if not self._company.settings.first_batch:
            return template, code
        every = self._company.tables["journals"].rows.values()
        return min((row["templateDisplayName"], row["code"]) for row in every) if every else ("", "")

    def shows(self, line: Row) -> bool:
        """Whether the page lists a line, which is one of `rows`."""
        there = tuple(line[name] for name in _PLACE)
        return not self._company.settings.first_batch or there == self.place("", "")

    def _put_rest(self, line: Row, values: dict[str, Any]) -> None:
        """What API v2.0 has no field for."""
        changes: dict[str, Any] = {}
        for name, ours in _PLAIN.items():
            if name in values:
                changes[ours] = values[name]
        if "Currency_Code" in values:
            code = values["Currency_Code"]
            if code and self._company.tables["currencies"].first("code", code) is None:
                raise relation("Currency Code", "Gen. Journal Line", code, "Currency")
            changes["_currency"] = code
        if values.get("Amount_LCY") == 0 and changes.get("_currency", line["_currency"]):
            raise field_validation(
                "Amount (LCY) must have a value in Gen. Journal Line: It cannot be zero or empty."
            )
        if "Amount_LCY" in values or "Amount" in values or "Currency_Code" in values:
            changes["_lcy"] = values.get("Amount_LCY")
        given = {name: values[name] for name in SHORTCUTS if name in values}
        if given:
            changes["_dimensions"] = self._with_dimensions(line["_dimensions"], given)
        if changes:
            self._company.tables["journalLines"].change(line, **changes)

    def _with_dimensions(self, before: dict[str, str], given: dict[str, str]) -> dict[str, str]:
        company, found = self._company, dict(before)
        for name, value in given.items():
            at = SHORTCUTS.index(name)
            dimensions = company.world.dimensions
            code = dimensions[at].code if at < len(dimensions) else ""
            row = company.dimension(code)
            if not value:
                found.pop(code, None)
            elif row is None or company.dimension_value(row, value) is None:
                raise relation(name.replace("_", " "), "Gen. Journal Line", value, "Dimension Value")
            else:
                found[code] = value
        return dict(sorted(found.items()))


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {_LINE[name]: value for name, value in values.items() if name in _LINE}
