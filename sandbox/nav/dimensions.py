"""`dimensionSetLines` of journal lines, and the dimension checks of posting."""

from __future__ import annotations

from typing import Any

from sandbox.nav.company import Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import dialog, not_found
from sandbox.nav.journal import Lines
from sandbox.world import DefaultDimension


class DimensionLines:
    """Writing a journal line's dimensions. Every write gives the line a new version."""

    def __init__(self, company: Company, lines: Lines) -> None:
        self._company = company
        self._lines = lines
        self._table = company.tables["journalLines"]

    def insert(self, line: Row, values: dict[str, Any]) -> str:
        """Add a dimension; returns its id. One that an account's default already put there is refused."""
        self._lines.check_modifiable(line, "modify")
        dimension = self._dimension(values)
        value = self._value(dimension, values)
        if dimension["code"] in line["_dimensions"]:
            raise dialog(
                "The dimension set line already exists. Check existing dimension set lines and the default "
                "dimension set lines on the parent."
            )
        self._write(line, {**line["_dimensions"], dimension["code"]: value["code"]})
        return str(dimension["id"])

    def modify(self, line: Row, dimension_id: str, values: dict[str, Any]) -> None:
        """Give a dimension of the line another value."""
        self._lines.check_modifiable(line, "modify")
        dimension = self._of_line(line, dimension_id)
        if values.get("code", dimension["code"]) != dimension["code"] or (
            values.get("id", dimension["id"]) != dimension["id"]
        ):
            raise dialog('The "id" and "code" fields cannot be modified.')
        value = self._value(dimension, values)
        self._write(line, {**line["_dimensions"], dimension["code"]: value["code"]})

    def delete(self, line: Row, dimension_id: str) -> None:
        self._lines.check_modifiable(line, "modify")
        code = self._of_line(line, dimension_id)["code"]
        self._write(line, {name: value for name, value in line["_dimensions"].items() if name != code})

    def _write(self, line: Row, dimensions: dict[str, str]) -> None:
        self._table.change(line, _dimensions=dict(sorted(dimensions.items())))

    def _of_line(self, line: Row, dimension_id: str) -> Row:
        dimension = self._company.tables["dimensions"].rows.get(dimension_id)
        if dimension is None or dimension["code"] not in line["_dimensions"]:
            raise not_found()
        return dimension

    def _dimension(self, values: dict[str, Any]) -> Row:
        if not values.get("id") and not values.get("code"):
            raise dialog('The "id" or "code" field must be filled in.')
        if values.get("id"):
            dimension = self._company.tables["dimensions"].rows.get(values["id"])
            if dimension is None:
                raise dialog('The "id" does not match to a Dimension.')
            if values.get("code", dimension["code"]) != dimension["code"]:
                raise dialog("The dimension values do not match to a specific Dimension.")
            return dimension
        dimension = self._company.dimension(values["code"])
        if dimension is None:
            raise dialog('The "code" does not match to a Dimension.')
        return dimension

    def _value(self, dimension: Row, values: dict[str, Any]) -> Row:
        if not values.get("valueId") and not values.get("valueCode"):
            raise dialog('The "valueId" or "valueCode" field must be filled in.')
        if values.get("valueId"):
            value = self._company.tables["dimensionValues"].rows.get(values["valueId"])
            if value is None or value["dimensionId"] != dimension["id"]:
                raise dialog('The "valueId" does not match to a Dimension Value.')
            if values.get("valueCode", value["code"]) != value["code"]:
                raise dialog('The "valueId" and "valueCode" do not match to a specific Dimension Value.')
            return value
        value = self._company.dimension_value(dimension, values["valueCode"])
        if value is None:
            raise dialog('The "valueCode" does not match to a Dimension Value.')
        return value


def check_posting(company: Company, where: str, line: Row) -> None:
    """Blocked values, then what the accounts demand; `where` is `Gen. Journal Line GENERAL, X, 10000`."""
    for code, value_code in line["_dimensions"].items():
        dimension = company.dimension(code)
        value = company.dimension_value(dimension, value_code) if dimension else None
        if value is not None and value["_blocked"]:
            raise dialog(
                f"The combination of dimensions used in {where} is blocked. "
                f"Dimension Value {code} - {value_code} is blocked."
            )
    sides = (("accountType", "accountNumber"), ("balanceAccountType", "balancingAccountNumber"))
    for kind, number in ((line[kind], line[number]) for kind, number in sides):
        for default in company.default_dimensions(kind, number):
            error = _demand(default, f"{kind} {number}", line["_dimensions"].get(default.dimension, ""))
            if error:
                raise dialog(f"A dimension used in {where} has caused an error. {error}")


def _demand(default: DefaultDimension, account: str, used: str) -> str | None:
    code, value = default.dimension, default.value
    if default.posting_validation == "Code Mandatory" and not used:
        return f"Select a Dimension Value Code for the Dimension Code {code} for {account}."
    if default.posting_validation == "Same Code" and used != value:
        return (
            f"The Dimension value code must be {value or 'blank'} for Dimension code {code} for {account}. "
            f"Currently it's {used}."
        )
    if default.posting_validation == "No Code" and used:
        return f"The Dimension value code must be blank for Dimension code {code} for {account}."
    return None
