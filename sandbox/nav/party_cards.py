"""The published cards of customers and vendors: how NAV writes them when they come through OData."""

from __future__ import annotations

from typing import Any

from sandbox.nav import captions
from sandbox.nav.company import Company
from sandbox.nav.entities import Entity, Row
from sandbox.nav.errors import not_an_option, relation
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

    def read(self, body: dict[str, Any]) -> dict[str, Any]:
        """A body with its options as NAV stores them, whatever language the server speaks."""
        return options_read(self._page, body, self._company.settings.option_language)

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


def options_read(page: Page, body: dict[str, Any], language: captions.Language) -> dict[str, Any]:
    """A body with options by name instead of by caption."""
    read = dict(body)
    for name, value in body.items():
        field = page.entity.by_name.get(name)
        if field is not None and field.options and isinstance(value, str):
            option = captions.named(value, language)
            if option is None:
                shown = tuple(captions.captioned(one, language) for one in field.options)
                raise not_an_option(value, shown)
            read[name] = option
    return read
