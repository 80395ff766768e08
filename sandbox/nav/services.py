"""OData V4: the pages that an administrator published, at `ODataV4/Company('NAME')/Service`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sandbox.nav import captions, errors, metadata, odata, schema
from sandbox.nav.api import Api, Resource
from sandbox.nav.calls import Call, Reply
from sandbox.nav.company import ITEM_TEMPLATE, RECLASS_TEMPLATE
from sandbox.nav.entities import Entity, Field, Row
from sandbox.nav.filters import Filter
from sandbox.nav.pages import DIMENSION_SET_ENTRIES, JOURNALS, PAGES, Page, dimension_set_entries
from sandbox.nav.writing import split_body

POST_ITEM_JOURNAL = "C7Inventory_PostItemJournal"
POST_GENERAL_JOURNAL = "C7Journal_PostGeneralJournal"
_PARAMETERS = ("journalTemplateName", "journalBatchName", "documentNo")
_KEY = re.compile(r"\s*(?:(?P<name>\w+)=)?(?:'(?P<text>(?:[^']|'')*)'|(?P<number>\d+))\s*(?:,|$)")


class Services(Api):
    """Published pages: like the API, but for how the company and the records are addressed."""

    def _handle(self, call: Call) -> Reply:
        segments = call.segments
        if segments == [("$metadata", None)]:
            entities = {**self._entities(), DIMENSION_SET_ENTRIES.name: DIMENSION_SET_ENTRIES}
            return Reply(200, metadata.document(entities), content_type="application/xml")
        if [name for name, _ in segments] in ([POST_ITEM_JOURNAL], [POST_GENERAL_JOURNAL]):
            return self._post(call, segments[0][0])
        if len(segments) < 2 or segments[0][0] != "Company":
            raise errors.unknown_segment(segments[0][0] if segments else "")
        self._check_company(segments[0][1] or "")
        service = segments[1][0]
        known = service in schema.PUBLISHED or service in PAGES or service == DIMENSION_SET_ENTRIES.name
        if not known or service in self.company.settings.unpublished:
            raise errors.unknown_segment(service)
        return self._in_company(call, odata.split_query(call.query), segments[1:])

    def _post(self, call: Call, action: str) -> Reply:
        """The company's own codeunit, published as an unbound action: posts the lines of one document."""
        options, settings = odata.split_query(call.query), self.company.settings
        published = {
            POST_ITEM_JOURNAL: settings.item_posting_action,
            POST_GENERAL_JOURNAL: settings.journal_posting_action,
        }
        if not published[action]:
            raise errors.unknown_segment(action)
        if call.method != "POST":
            raise errors.method_not_allowed(action, call.method)
        name = options.get("company", "")
        self._check_company(f"Id={name}" if name == self.company.id else name)
        body = call.json()
        missing = [one for one in _PARAMETERS if not isinstance(body.get(one), str)]
        if missing:
            raise errors.bad_request(f"The parameter '{missing[0]}' is missing in the request payload.")
        template, batch, document = (str(body[one]).upper() for one in _PARAMETERS)
        posted = self._posted(action, template, batch, document)
        context = f"{call.root}$metadata#Edm.String"
        return Reply(200, {"@odata.context": context, "value": str(posted)})

    def _posted(self, action: str, template: str, batch: str, document: str) -> int:
        """How many lines it posted."""
        if action == POST_ITEM_JOURNAL:
            if template not in (ITEM_TEMPLATE, RECLASS_TEMPLATE):
                raise errors.dialog(f"The Item Journal Template {template} does not exist.")
            return len(self.writer.item_posting.post(template, batch, document))
        found = self.writer.batches.named(template, batch)
        if found is None:
            raise errors.dialog(f"The Gen. Journal Batch {template}, {batch} does not exist.")
        return self.writer.posting.post_document(found, document)

    def _entities(self) -> Mapping[str, Entity]:
        """The published pages as this version of NAV has them."""
        settings = self.company.settings
        return _of_version(settings.longest_text, settings.lacking_columns)

    def _check_company(self, key: str) -> None:
        """By its name, which is case-sensitive, or by `Id=`."""
        if key.startswith("Id="):
            super()._check_company(key.removeprefix("Id="))
        elif key != self.company.company_row()["name"]:
            raise errors.ApiError(404, "Internal_CompanyNotFound", "Cannot find the requested company.")

    def _resolve(self, segments: list[tuple[str, str | None]]) -> Resource:
        (name, key), *further = segments
        if further:
            raise errors.unknown_segment(further[0][0])
        if name == DIMENSION_SET_ENTRIES.name:
            return Resource(DIMENSION_SET_ENTRIES, rows=dimension_set_entries(self.company))
        page, entity = PAGES.get(name), self._entities()[name]
        if key is None:
            return Resource(entity)
        wanted = _read_key(entity, key)
        rows = page.rows(self.company) if page else self.company.tables[name].rows.values()
        for row in rows:
            if all(row[field] == value for field, value in wanted.items()):
                return Resource(entity, row, single=True)
        shown = ",".join(f"{field}='{value}'" for field, value in wanted.items())
        raise errors.not_found(
            f"The {entity.table} does not exist. Identification fields and values: {shown}"
        )

    def _rows(self, resource: Resource, wanted: Filter) -> Iterable[Row]:
        page = PAGES.get(resource.entity.name)
        if resource.rows is not None:
            return resource.rows
        rows = super()._rows(resource, wanted) if page is None else page.rows(self.company, wanted)
        if page in JOURNALS:
            rows = (row for row in rows if self.writer.general_journal.shows(row))
        return (self._captioned(resource.entity, row) for row in rows)

    def _write(self, call: Call, resource: Resource, query: odata.Query) -> Reply:
        page = PAGES.get(resource.entity.name)
        row, writer = resource.row, self.writer
        if row is not None:
            call.check_etag(row, required=call.method == "PATCH")
        with self.company.undo.transaction():
            if row is not None and call.method == "DELETE":
                if page is None:
                    writer.delete(resource.entity, None, row)
                else:
                    writer.pages[page.entity.name].delete(row["_source"])
                return Reply(204)
            body = self._read_options(resource.entity, call.json())
            if page is not None:
                shown = page.row(self.company, self._written(page, resource, body))
            elif row is not None:
                shown = writer.modify(resource.entity, None, row, body)
            else:
                shown = writer.create(resource.entity, None, body)
        return self._entity(call, resource.entity, shown, query, 200 if row is not None else 201)

    def _written(self, page: Page, resource: Resource, body: dict[str, Any]) -> Row:
        on_page, row = self.writer.pages[page.entity.name], resource.row
        values, _ = split_body(resource.entity, body)
        if row is None:
            return on_page.insert(values)
        written: Row = row["_source"]
        on_page.modify(written, values)
        return written

    def _entity(self, call: Call, entity: Entity, row: Row, query: odata.Query, status: int = 200) -> Reply:
        return super()._entity(call, entity, self._captioned(entity, row), query, status)

    def _captioned(self, entity: Entity, row: Row) -> Row:
        """A record with its options in the server's language."""
        language = self.company.settings.option_language
        options = [field.name for field in entity.fields if field.options]
        return row | {name: captions.captioned(row[name], language) for name in options}

    def _read_options(self, entity: Entity, body: dict[str, Any]) -> dict[str, Any]:
        """A body with its options as NAV stores them, whatever language the server speaks."""
        read, language = dict(body), self.company.settings.option_language
        for name, value in body.items():
            field = entity.by_name.get(name)
            if field is not None and field.options and isinstance(value, str):
                option = captions.named(value, language)
                if option is None:
                    shown = tuple(captions.captioned(one, language) for one in field.options)
                    raise errors.not_an_option(value, shown)
                read[name] = option
        return read


@cache
def _of_version(longest_text: int, lacking: frozenset[str]) -> Mapping[str, Entity]:
    every = {**schema.PUBLISHED, **{name: page.entity for name, page in PAGES.items()}}

    def fields(entity: Entity) -> Iterable[Field]:
        for field in entity.fields:
            if f"{entity.name}.{field.name}" not in lacking:
                text = field.kind == "text" and 50 < field.length <= 100
                yield replace(field, length=min(field.length, longest_text)) if text else field

    return {name: replace(entity, fields=tuple(fields(entity))) for name, entity in every.items()}


def _read_key(entity: Entity, text: str) -> dict[str, Any]:
    """The primary key of a record, by name; a single key may come without. Raises `BadRequest`."""
    found: dict[str, Any] = {}
    hits = list(_KEY.finditer(text))
    for hit in hits:
        name = hit["name"] or entity.order[0]
        value = int(hit["number"]) if hit["number"] else hit["text"].replace("''", "'")
        found[name] = entity.field(name).read(value)
    if set(found) != set(entity.order) or len(hits) != len(found) or hits[-1].end() != len(text):
        raise errors.bad_request(f"The key ({text}) does not match the key of {entity.name}.")
    return {name: found[name] for name in entity.order}
