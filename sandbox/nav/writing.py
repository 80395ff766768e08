"""Inserting, changing and deleting records from JSON bodies, nested ones included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.nav import errors, schema
from sandbox.nav.batches import Batches
from sandbox.nav.company import Company
from sandbox.nav.dimensions import DimensionLines
from sandbox.nav.entities import Entity, Row
from sandbox.nav.general_journal import GeneralJournal
from sandbox.nav.item_journal import ItemJournal, ItemReclassJournal
from sandbox.nav.item_posting import ItemPosting
from sandbox.nav.journal import Lines
from sandbox.nav.pages import CUSTOMER_CARD, JOURNALS, VENDOR_CARD
from sandbox.nav.parties import Parties
from sandbox.nav.party_cards import PartyCards
from sandbox.nav.posting import Posting


class Writer:
    """All writes of the API. Callers open the transaction; `ApiError` says that NAV refuses."""

    def __init__(self, company: Company, scheduled: Callable[[], None]) -> None:
        """`scheduled` is told when a journal was only put into the job queue."""
        self.company = company
        self.batches = Batches(company)
        self.lines = Lines(company, self.batches)
        self.posting = Posting(company, self.batches, self.lines)
        self.general_journal = GeneralJournal(company, self.batches, self.lines)
        self.items = {one.entity.name: one for one in (ItemJournal(company), ItemReclassJournal(company))}
        self.item_posting = ItemPosting(company, self.items.values(), self.posting)
        self._dimensions = DimensionLines(company, self.lines)
        self._parties = Parties(company)
        self.pages: dict[str, GeneralJournal | PartyCards] = {
            **{page.entity.name: self.general_journal for page in JOURNALS},
            CUSTOMER_CARD.entity.name: PartyCards(company, CUSTOMER_CARD, schema.CUSTOMERS, self._parties),
            VENDOR_CARD.entity.name: PartyCards(company, VENDOR_CARD, schema.VENDORS, self._parties),
        }
        self._scheduled = scheduled

    def create(self, entity: Entity, parent: Row | None, body: Mapping[str, Any]) -> Row:
        """Insert a record with everything nested in the body."""
        values, nested = split_body(entity, body)
        row = self._insert(entity, parent, values)
        for name, bodies in nested:
            target = schema.IN_COMPANY[entity.navigation[name].target]
            if "POST" not in target.verbs:
                raise errors.method_not_allowed(target.singular, "insert")
            for one in bodies:
                self.create(target, row, one)
        return row

    def modify(self, entity: Entity, parent: Row | None, row: Row, body: Mapping[str, Any]) -> Row:
        """Change the given fields; there is no deep PATCH."""
        values, nested = split_body(entity, body)
        if nested:
            raise errors.not_implemented("Deep update is not supported.")
        if entity is schema.JOURNALS:
            self.batches.modify(row, values)
        elif entity is schema.JOURNAL_LINES:
            self.lines.modify(row, values)
        elif entity is schema.DIMENSION_SET_LINES:
            line = self._journal_line(parent, row["parentType"])
            self._dimensions.modify(line, row["id"], values)
            return self._dimension_line(line, row["id"])
        elif entity in (schema.CUSTOMERS, schema.VENDORS):
            self._parties.modify(entity, row, values)
        elif entity.name in self.items:
            self.items[entity.name].modify(row, values)
        else:
            self.company.tables[entity.name].change(row, **values)
        return row

    def delete(self, entity: Entity, parent: Row | None, row: Row) -> None:
        if entity is schema.JOURNALS:
            self.batches.delete(row)
        elif entity is schema.JOURNAL_LINES:
            self.lines.delete(row)
        elif entity is schema.DIMENSION_SET_LINES:
            self._dimensions.delete(self._journal_line(parent, row["parentType"]), row["id"])
        elif entity.name in self.items:
            self.items[entity.name].delete(row)
        else:
            self._parties.delete(entity, row)

    def post(self, batch: Row) -> None:
        """`Microsoft.NAV.post`."""
        if self.posting.post(batch):
            self._scheduled()

    def _insert(self, entity: Entity, parent: Row | None, values: dict[str, Any]) -> Row:
        if entity is schema.JOURNALS:
            return self.batches.create(values)
        if entity is schema.JOURNAL_LINES:
            return self.lines.insert(self._batch(parent, values), values)
        if entity is schema.DIMENSION_SET_LINES:
            line = self._journal_line(parent, "Journal Line")
            return self._dimension_line(line, self._dimensions.insert(line, values))
        if entity.name in self.items:
            return self.items[entity.name].insert(values)
        return self._parties.create(entity, values)

    def _batch(self, parent: Row | None, values: dict[str, Any]) -> Row:
        """The batch of a new line: from the path, or from `journalId`."""
        named = values.pop("journalId", None)
        if parent is not None:
            if named not in (None, parent["id"]):
                raise errors.dialog("The Journal Batch Id isn't editable.")
            return parent
        if named is None:
            raise errors.dialog(schema.NEEDS_PARENT["journalLines"])
        batch = self.company.tables["journals"].rows.get(named)
        if batch is None:
            raise errors.dialog(f"The General Journal Batch with ID {named} cannot be found.")
        return batch

    def _journal_line(self, parent: Row | None, parent_type: str) -> Row:
        """The journal line whose dimensions are written; those of other parents are read-only."""
        if parent is None:
            raise errors.dialog(schema.NEEDS_PARENT["dimensionSetLines"])
        if parent["id"] not in self.company.tables["journalLines"].rows:
            raise errors.dialog(
                f"Parent with ID {parent['id']} does not exist or dimension set lines are read only for "
                f"parent type {parent_type}."
            )
        return parent

    def _dimension_line(self, line: Row, dimension_id: str) -> Row:
        lines = self.company.dimension_set(schema.JOURNAL_LINES, line)
        return next(one for one in lines if one["id"] == dimension_id)


def split_body(
    entity: Entity, body: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, list[Mapping[str, Any]]]]]:
    """The fields of a body, read and in their order, and its nested collections; annotations are ignored."""
    values: dict[str, Any] = {}
    nested: list[tuple[str, list[Mapping[str, Any]]]] = []
    for name, value in body.items():
        if "@" in name:
            continue
        if name in entity.navigation:
            if not entity.navigation[name].many or not isinstance(value, list):
                raise errors.bad_request(f"The navigation property '{name}' must be given as a collection.")
            if not all(isinstance(one, dict) for one in value):
                raise errors.bad_request(f"An object was expected in the collection '{name}'.")
            nested.append((name, value))
            continue
        field = entity.by_name.get(name)
        if field is None:
            raise errors.bad_request(
                f"The property '{name}' does not exist on type 'Microsoft.NAV.{entity.singular}'. Make sure "
                "to only use property names that are defined by the type."
            )
        if not field.writable:
            raise errors.ApiError(400, "BadRequest_InvalidOperation", f"Control '{name}' is read-only.")
        values[name] = field.read(value)
    return values, nested
