"""`journalLines`: how NAV writes a general journal line that comes through the API."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.nav import accounts
from sandbox.nav.accounts import ACCOUNT, BALANCING, GL, Side
from sandbox.nav.batches import SCHEDULED, Batches, check_not_pending, incremented
from sandbox.nav.company import Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import dialog, duplicate, relation
from sandbox.nav.schema import JOURNAL_LINES
from sandbox.nav.wire import NO_DATE, NO_GUID

NUMBER_SERIES = "GJNL-GEN"
NUMBER_PATTERN = "G{:05}"
_TAX_CODES = ("", "STANDARD", "REDUCED", "ZERO")
_DEFAULTS: Mapping[str, Any] = {
    "_dimensions": {},
    "_vat": None,
    "_currency": "",
    "_lcy": None,
    "_document_type": " ",
    "_due_date": NO_DATE,
    "_applies_to_type": " ",
    "_applies_to": "",
    "_job": "",
}


class Lines:
    """Writing lines. Every method raises `ApiError` where NAV refuses."""

    def __init__(self, company: Company, batches: Batches) -> None:
        self._company = company
        self._batches = batches
        self._table = company.tables["journalLines"]

    def insert(self, batch: Row, values: dict[str, Any]) -> Row:
        """A new line; `values` are the given fields in the order they were sent.

        The order matters: each field is validated in its turn, and an account type clears the account.
        """
        if "journalDisplayName" in values:
            raise dialog("The Journal Batch Display Name isn't editable.")
        given = self._validated(values)
        line = self._set_up(batch, values)
        if batch["_approval"]:
            # NAV asks whether to go on; without a user interface the answer is yes, and the request is off
            self._company.tables["journals"].change(batch, _approval="")
        self._apply(ACCOUNT, line, given)
        line["postingDate"] = values.get("postingDate", line["postingDate"])
        for name in ("externalDocumentNumber", "amount", "comment"):
            line[name] = values.get(name, line[name])
        if _lasts("description", values):
            line["description"] = values["description"]
        self._set_balancing(batch, line, values, given)
        line["taxCode"] = self._tax_code(values.get("taxCode", ""))
        line["_dimensions"] = self._default_dimensions(line)
        return self._table.insert(**line)

    def modify(self, line: Row, values: dict[str, Any]) -> None:
        """Plain validation of the changed fields on the line."""
        for name, caption in (("journalId", "Id"), ("journalDisplayName", "Display Name")):
            if name in values:
                raise dialog(f"The Journal Batch {caption} isn't editable.")
        self.check_modifiable(line, "modify")
        batch = self._company.tables["journals"].rows[line["journalId"]]
        if "lineNumber" in values and values["lineNumber"] != line["lineNumber"]:
            self._check_number(batch, values["lineNumber"])
        changed = dict(line)
        for side in (ACCOUNT, BALANCING):
            names = [name for name in values if name in (side.type, side.id, side.number)]
            if not names:
                continue
            before = {side.type: line[side.type]}
            if side.type not in names:
                before[side.number] = line[side.number]
            self._apply(side, changed, self._side_values(side, values, before))
        for name, value in values.items():
            if name not in (*_side_fields(ACCOUNT), *_side_fields(BALANCING)):
                changed[name] = self._tax_code(value) if name == "taxCode" else value
        if any(name in values for name in (*_side_fields(ACCOUNT), *_side_fields(BALANCING))):
            changed["_dimensions"] = self._default_dimensions(changed)
        self._check_sides(changed)
        self._table.change(
            line, **{name: value for name, value in changed.items() if line.get(name) != value}
        )

    def delete(self, line: Row) -> None:
        self.check_modifiable(line, "delete")
        self._table.delete(line)

    def insert_blank(self, batch: Row, last: Row) -> None:
        """The line that NAV leaves behind in a batch without a number series."""
        self._table.insert(
            **_DEFAULTS,
            journalId=batch["id"],
            journalDisplayName=batch["code"],
            lineNumber=10000,
            postingDate=last["postingDate"],
            documentNumber=last["documentNumber"],
        )

    def check_modifiable(self, line: Row, verb: str) -> None:
        if line["_job"] == "scheduled":
            raise dialog(SCHEDULED)
        check_not_pending(self._company.tables["journals"].rows[line["journalId"]], verb)

    def next_number(self) -> str:
        """The next document number of the batches' No. Series."""
        return NUMBER_PATTERN.format(self._company.series[NUMBER_SERIES] + 1)

    # --- within ---

    def _validated(self, values: dict[str, Any]) -> dict[str, Any]:
        """The accounts as the page's own field checks leave them, field by field in the order sent."""
        given = {ACCOUNT.type: GL, ACCOUNT.number: "", BALANCING.type: GL, BALANCING.number: ""}
        for side in (ACCOUNT, BALANCING):
            given.update(self._side_values(side, values, {side.type: GL}))
        return given

    def _side_values(self, side: Side, values: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        kind, number, by_id = before[side.type], before.get(side.number, ""), ""
        for name, value in values.items():
            if name == side.type:
                kind, number = value, ""
            elif name == side.id and value != NO_GUID and kind in (GL, accounts.BANK):
                found = self._company.tables["accounts"].rows.get(value) if kind == GL else None
                if found is None:
                    raise dialog(f'The "{side.id}" does not match to an Account.')
                number = by_id = found["number"]
            elif name == side.number:
                if value:
                    accounts.related(self._company, side, kind, value)
                if by_id and by_id != value:
                    raise dialog("The account values do not match to a specific Account.")
                number = value
        return {side.type: kind, side.number: number}

    def _set_up(self, batch: Row, values: dict[str, Any]) -> Row:
        """The line before anything given is applied: number, date and document as its neighbours suggest."""
        company, lines = self._company, self._batches.lines(batch)
        number = values.get("lineNumber") or (lines[-1]["lineNumber"] + 10000 if lines else 10000)
        if lines:
            self._check_number(batch, number)
        following = [line for line in lines if line["lineNumber"] > number]
        model = following[0] if following else lines[-1] if lines else None
        line = JOURNAL_LINES.fresh(**_DEFAULTS)
        del line["id"], line["lastModifiedDateTime"]
        line.update(journalId=batch["id"], journalDisplayName=batch["code"], lineNumber=number)
        line["postingDate"] = model["postingDate"] if model else company.today()
        line["documentNumber"] = self._document_number(model, lines, values)
        return line

    def _document_number(self, model: Row | None, lines: list[Row], values: dict[str, Any]) -> str:
        """The one given, or the one of the line before: an omitted number joins the previous document."""
        if values.get("documentNumber"):
            return str(values["documentNumber"])
        series = self._company.settings.batch_number_series
        if model is None:
            return self.next_number() if series else ""
        inherited = str(model["documentNumber"])
        document = [line for line in lines if line["documentNumber"] == inherited]
        open_amount = sum(
            (line["amount"] for line in document if not line["balancingAccountNumber"]), Decimal(0)
        )
        finished = series and open_amount == 0 and not is_blank(model)
        another = values.get("externalDocumentNumber", "") not in ("", model["externalDocumentNumber"])
        return (incremented(inherited) or inherited) if finished or another else inherited

    def _check_number(self, batch: Row, number: int) -> None:
        if any(line["lineNumber"] == number for line in self._batches.lines(batch)):
            raise duplicate(
                self._company.settings.duplicate_key_status,
                "Gen. Journal Line",
                {
                    "Journal Template Name": batch["templateDisplayName"],
                    "Journal Batch Name": batch["code"],
                    "Line No.": number,
                },
            )

    def _apply(self, side: Side, line: Row, given: dict[str, Any]) -> None:
        """Put an account on a line, with everything that follows from it."""
        kind, number = given[side.type], given[side.number]
        line[side.type], line[side.number] = kind, number
        line[side.id] = accounts.id_of(self._company, kind, number) if number else NO_GUID
        if side is ACCOUNT:
            line.update(description="", _currency="", _vat=None)
        if not number:
            return
        found = accounts.related(self._company, side, kind, number)
        accounts.check_new(kind, found)
        if side is ACCOUNT:
            line["description"] = found["displayName"]
            line["_currency"] = found.get("currencyCode", "")
            if self._company.settings.copy_vat_setup and kind == GL:
                line["_vat"] = self._company.vat(number)

    def _set_balancing(self, batch: Row, line: Row, values: dict[str, Any], given: dict[str, Any]) -> None:
        """The batch's balancing account first, then the caller's, which cannot be blank."""
        number = batch["balancingAccountNumber"]
        self._apply(BALANCING, line, {BALANCING.type: GL, BALANCING.number: number})
        if given[BALANCING.number]:
            self._apply(BALANCING, line, given)
        self._check_sides(line)

    def _check_sides(self, line: Row) -> None:
        parties = (accounts.CUSTOMER, accounts.VENDOR)
        if line["accountType"] in parties and line["balanceAccountType"] in parties:
            raise dialog("Account Type or Bal. Account Type must be G/L Account or Bank Account.")

    def _tax_code(self, code: str) -> str:
        if code not in _TAX_CODES:
            raise relation("VAT Prod. Posting Group", "Gen. Journal Line", code, "VAT Product Posting Group")
        return code

    def _default_dimensions(self, line: Row) -> dict[str, str]:
        sides = tuple((line[side.type], line[side.number]) for side in (BALANCING, ACCOUNT))
        return accounts.default_dimensions(self._company, sides)


def is_blank(line: Row) -> bool:
    """Whether posting passes the line over."""
    return not line["accountNumber"] and not line["balancingAccountNumber"] and line["amount"] == 0


def _side_fields(side: Side) -> tuple[str, str, str]:
    return side.type, side.id, side.number


def _lasts(name: str, values: dict[str, Any]) -> bool:
    """Whether a given description survives: an account that comes after it overwrites it."""
    names = list(values)
    return name in names and not any(later in _side_fields(ACCOUNT) for later in names[names.index(name) :])
