"""`journals`: general journal batches."""

from __future__ import annotations

import re
from typing import Any

from sandbox.nav import accounts
from sandbox.nav.company import DEFAULT_TEMPLATE, TEMPLATES, Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import dialog, duplicate, field_validation, relation
from sandbox.nav.wire import NO_GUID

SCHEDULED = "Journal line cannot be modified because it has been scheduled for posting."


class Batches:
    """Creating, renaming and deleting batches. Every method raises `ApiError` where NAV refuses."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._table = company.tables["journals"]
        self._lines = company.tables["journalLines"]

    def create(self, values: dict[str, Any]) -> Row:
        """A new batch. One made by the API has no number series."""
        values = self._checked({"templateDisplayName": DEFAULT_TEMPLATE, **values})
        self._check_name(values["templateDisplayName"], values.get("code", ""))
        return self._table.insert(_approval="", **values)

    def modify(self, batch: Row, values: dict[str, Any]) -> None:
        """Change fields; a new `code` renames the batch with its lines."""
        check_not_pending(batch, "modify")
        values = self._checked(values)
        renamed = {**batch, **values}
        template, code = renamed["templateDisplayName"], renamed["code"]
        if (template, code) != (batch["templateDisplayName"], batch["code"]):
            self._check_name(template, code)
        self._table.change(batch, **values)
        for line in self.lines(batch):
            if line["journalDisplayName"] != batch["code"]:
                self._lines.change(line, journalDisplayName=batch["code"])

    def delete(self, batch: Row) -> None:
        """Remove the batch and its lines; an open approval request goes with it."""
        lines = self.lines(batch)
        if any(line["_job"] == "scheduled" for line in lines):
            raise dialog(SCHEDULED)
        for line in lines:
            self._lines.delete(line)
        self._table.delete(batch)

    def lines(self, batch: Row) -> list[Row]:
        """Its lines by line number."""
        return sorted(self._lines.find("journalId", batch["id"]), key=lambda line: int(line["lineNumber"]))

    def named(self, template: str, code: str) -> Row | None:
        """The batch with this name."""
        found = (row for row in self._table.find("code", code) if row["templateDisplayName"] == template)
        return next(found, None)

    def increment(self, batch: Row) -> None:
        """Give the batch the next name, as Increment Batch Name does: a new record, a new id."""
        code = incremented(batch["code"])
        if not code:
            return
        self._table.delete(batch)
        if self.named(batch["templateDisplayName"], code) is None:
            kept = {
                name: value
                for name, value in batch.items()
                if name not in ("id", "code", "lastModifiedDateTime", "_version")
            }
            self._table.insert(code=code, **kept)

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        template = values.get("templateDisplayName")
        if template is not None and template not in TEMPLATES:
            raise relation("Journal Template Name", "Gen. Journal Batch", template, "Gen. Journal Template")
        balancing = values.get("balancingAccountId")
        if balancing is None:
            return values
        if balancing == NO_GUID:
            return {**values, "balancingAccountNumber": ""}
        account = self._company.tables["accounts"].rows.get(balancing)
        if account is None or account["accountType"] != "Posting" or account["blocked"]:
            raise dialog('The "balancingAccountId" does not match to an Account.')
        accounts.check_direct_posting(account)
        return {**values, "balancingAccountNumber": account["number"]}

    def _check_name(self, template: str, code: str) -> None:
        if not code:
            raise field_validation(
                f"Name must have a value in Gen. Journal Batch: Journal Template Name={template}, Name=. "
                "It cannot be zero or empty."
            )
        if self.named(template, code):
            raise duplicate(
                self._company.settings.duplicate_key_status,
                "Gen. Journal Batch",
                {"Journal Template Name": template, "Name": code},
            )


def check_not_pending(batch: Row, verb: str) -> None:
    """A record with an open approval request cannot be changed."""
    if batch["_approval"] == "pending":
        raise dialog(
            f"You can't {verb} a record pending approval. Add a comment or reject the approval to {verb} the "
            "record."
        )


def incremented(name: str) -> str:
    """AL's IncStr: the last number in the text plus one, width kept; empty where there is no number."""
    hits = list(re.finditer(r"\d+", name))
    if not hits:
        return ""
    last = hits[-1]
    number = str(int(last.group()) + 1).zfill(len(last.group()))
    return name[: last.start()] + number + name[last.end() :]
