"""OData V4: the pages that an administrator published, at `ODataV4/Company('NAME')/Service`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.nav import errors, odata, schema
from sandbox.nav.api import Api, Resource
from sandbox.nav.calls import Call, Reply
from sandbox.nav.company import ITEM_TEMPLATE, RECLASS_TEMPLATE
from sandbox.nav.entities import Entity, Row
from sandbox.nav.filters import Filter
from sandbox.nav.pages import DIMENSION_SET_ENTRIES, GENERAL_JOURNAL, PAGES, dimension_set_entries
from sandbox.nav.writing import split_body

POST_ITEM_JOURNAL = "C7Inventory_PostItemJournal"
POST_GENERAL_JOURNAL = "C7Journal_PostGeneralJournal"
_PARAMETERS = ("journalTemplateName", "journalBatchName", "documentNo")
_KEY = re.compile(r"\s*(?:(?P<name>\w+)=)?(?:'(?P<text>(?:[^']|'')*)'|(?P<number>\d+))\s*(?:,|$)")


class Services(Api):
    """Published pages: like the API, but for how the company and the records are addressed."""

    def _handle(self, call: Call) -> Reply:
        segments = call.segments
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
        page = PAGES.get(name)
        if name == DIMENSION_SET_ENTRIES.name:
            return Resource(DIMENSION_SET_ENTRIES, rows=dimension_set_entries(self.company))
        entity = page.entity if page else schema.PUBLISHED[name]
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
        if page is None or resource.rows is not None:
            return super()._rows(resource, wanted)
        rows = page.rows(self.company, wanted)
        if page is GENERAL_JOURNAL:
            return (row for row in rows if self.writer.general_journal.shows(row))
        return rows

    def _write(self, call: Call, resource: Resource, query: odata.Query) -> Reply:
        page = PAGES.get(resource.entity.name)
        if page is None:
            return super()._write(call, resource, query)
        on_page, row = self.writer.pages[page.entity.name], resource.row
        if row is not None:
            call.check_etag(row, required=call.method == "PATCH")
        with self.company.undo.transaction():
            if row is not None and call.method == "DELETE":
                on_page.delete(row["_source"])
                return Reply(204)
            values, _ = split_body(resource.entity, on_page.read(call.json()))
            if row is not None:
                written = row["_source"]
                on_page.modify(written, values)
            else:
                written = on_page.insert(values)
        shown = page.row(self.company, written)
        return self._entity(call, resource.entity, shown, query, 200 if row is not None else 201)


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
