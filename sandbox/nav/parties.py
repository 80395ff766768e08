"""`customers` and `vendors`: creating and changing cards."""

from __future__ import annotations

from typing import Any

from sandbox.nav.company import Company
from sandbox.nav.entities import Entity, Row
from sandbox.nav.errors import dialog, duplicate, field_validation
from sandbox.nav.schema import CUSTOMERS
from sandbox.nav.wire import NO_GUID


class Parties:
    """Writing cards. Every method raises `ApiError` where NAV refuses."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def create(self, entity: Entity, values: dict[str, Any]) -> Row:
        """A new card; without a number it gets the next one of the series."""
        if entity is CUSTOMERS and not values.get("displayName"):
            raise dialog('A "displayName" must be provided.')
        number = values.get("number") or self._draw(entity)
        self._check_free(entity, number)
        values = {**self._with_currency(self._with_terms(values)), "number": number}
        postable = self._company.settings.party_templates
        return self._company.tables[entity.name].insert(**values, _postable=postable)

    def modify(self, entity: Entity, row: Row, values: dict[str, Any]) -> None:
        """Change fields; a new `number` renames the card."""
        if values.get("number", row["number"]) != row["number"]:
            self._check_free(entity, values["number"])
        self._company.tables[entity.name].change(row, **self._with_currency(self._with_terms(values)))

    def delete(self, entity: Entity, row: Row) -> None:
        """Remove a card that has no open balance."""
        if row["balanceDue" if entity is CUSTOMERS else "balance"]:
            raise dialog(
                f"You cannot delete {entity.table} {row['number']} because there is at least one outstanding "
                "entry."
            )
        self._company.tables[entity.name].delete(row)

    def _draw(self, entity: Entity) -> str:
        customer = entity is CUSTOMERS
        if not self._company.settings.party_number_series:
            setup = "Sales & Receivables Setup" if customer else "Purchases & Payables Setup"
            raise field_validation(
                f"{entity.table} Nos. must have a value in {setup}: Primary Key=. It cannot be zero or empty."
            )
        return self._company.draw(entity.table, ("C" if customer else "V") + "9{:04}")

    def _with_terms(self, values: dict[str, Any]) -> dict[str, Any]:
        wanted = values.get("paymentTermsId", NO_GUID)
        if wanted != NO_GUID and wanted not in self._company.tables["paymentTerms"].rows:
            raise dialog('The "paymentTermsId" does not match to a Payment Terms.')
        return values

    def _check_free(self, entity: Entity, number: str) -> None:
        if self._company.by_number(entity.name, number):
            raise duplicate(self._company.settings.duplicate_key_status, entity.table, {"No.": number})

    def _with_currency(self, values: dict[str, Any]) -> dict[str, Any]:
        """Currency id and code agree; the local currency is kept as blank."""
        table = self._company.tables["currencies"]
        if values.get("currencyId", NO_GUID) != NO_GUID:
            found = table.rows.get(values["currencyId"])
            if found is None:
                raise dialog('The "currencyId" does not match to a Currency.')
            if values.get("currencyCode", found["code"]) != found["code"]:
                raise dialog(
                    'The "currencyId" and "currencyCode" values do not match to a specific Currency.'
                )
            return {**values, "currencyCode": found["code"]}
        if "currencyCode" not in values:
            return values
        setup = next(iter(self._company.tables["generalLedgerSetup"].rows.values()))
        code = "" if values["currencyCode"] == setup["localCurrencyCode"] else values["currencyCode"]
        found = table.first("code", code) if code else None
        if code and found is None:
            raise dialog('The "currencyCode" does not match to a Currency.')
        return {**values, "currencyCode": code, "currencyId": found["id"] if found else NO_GUID}
