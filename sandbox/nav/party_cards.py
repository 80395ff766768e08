"""The published cards of customers and vendors: how NAV writes them when they come through OData."""

from __future__ import annotations

from typing import Any

from sandbox.nav.company import Company
from sandbox.nav.entities import Entity, Row
from sandbox.nav.errors import relation
from sandbox.nav.pages import Page
from sandbox.nav.parties import Parties
from sandbox.nav.wire import NO_GUID


class PartyCards:
    """Writing cards of one page. Every method raises `ApiError` where NAV refuses."""

    def __init__(self, company: Company, page: Page, entity: Entity, parties: Parties) -> None:
        """`entity`: the set of API v2.0 that shows the same table."""
        self._company = company
        self._page = page
        self._entity = entity
        self._parties = parties

    def insert(self, values: dict[str, Any]) -> Row:
        return self._parties.create(self._entity, self._renamed(values))

    def modify(self, row: Row, values: dict[str, Any]) -> None:
        self._parties.modify(self._entity, row, self._renamed(values))

    def delete(self, row: Row) -> None:
        self._parties.delete(self._entity, row)

    def _renamed(self, values: dict[str, Any]) -> dict[str, Any]:
        """In the words of the API, with the id of the payment terms in place of their code."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            if name == "Payment_Terms_Code":
                found["paymentTermsId"] = self._terms_id(value)
            else:
                shown = self._page.shown[name]
                assert isinstance(shown, str)
                found[shown] = value
        return found

    def _terms_id(self, code: str) -> str:
        if not code:
            return NO_GUID
        for row in self._company.tables["paymentTerms"].rows.values():
            if row["code"] == code:
                return str(row["id"])
        raise relation("Payment Terms Code", self._entity.table, code, "Payment Terms")
