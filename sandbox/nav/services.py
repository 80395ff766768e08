"""OData V4: the pages that an administrator published, at `ODataV4/Company('NAME')/Service`."""

from __future__ import annotations

import re
from typing import Any

from sandbox.nav import errors, odata, schema
from sandbox.nav.api import Api, Resource
from sandbox.nav.calls import Call, Reply
from sandbox.nav.company import ITEM_TEMPLATE, RECLASS_TEMPLATE
from sandbox.nav.entities import Entity

POST_ITEM_JOURNAL = "C7Inventory_PostItemJournal"
_PARAMETERS = ("journalTemplateName", "journalBatchName", "documentNo")
_KEY = re.compile(r"\s*(?:(?P<name>\w+)=)?(?:'(?P<text>(?:[^']|'')*)'|(?P<number>\d+))\s*(?:,|$)")


class Services(Api):
    """Published pages: like the API, but for how the company and the records are addressed."""

    def _handle(self, call: Call) -> Reply:
        segments = call.segments
        if [name for name, _ in segments] == [POST_ITEM_JOURNAL]:
            return self._post_item_journal(call)
        if len(segments) < 2 or segments[0][0] != "Company":
            raise errors.unknown_segment(segments[0][0] if segments else "")
        self._check_company(segments[0][1] or "")
        if segments[1][0] not in schema.PUBLISHED:
            raise errors.unknown_segment(segments[1][0])
        return self._in_company(call, odata.split_query(call.query), segments[1:])

    def _post_item_journal(self, call: Call) -> Reply:
        """The company's own codeunit, published as an unbound action: posts the lines of one document."""
        options = odata.split_query(call.query)
        if not self.company.settings.item_posting_action:
            raise errors.unknown_segment(POST_ITEM_JOURNAL)
        if call.method != "POST":
            raise errors.method_not_allowed(POST_ITEM_JOURNAL, call.method)
        name = options.get("company", "")
        self._check_company(f"Id={name}" if name == self.company.id else name)
        body = call.json()
        missing = [one for one in _PARAMETERS if not isinstance(body.get(one), str)]
        if missing:
            raise errors.bad_request(f"The parameter '{missing[0]}' is missing in the request payload.")
        template, batch, document = (str(body[one]).upper() for one in _PARAMETERS)
        if template not in (ITEM_TEMPLATE, RECLASS_TEMPLATE):
            raise errors.dialog(f"The Item Journal Template {template} does not exist.")
        posted = self.writer.item_posting.post(template, batch, document)
        context = f"{call.root}$metadata#Edm.String"
        return Reply(200, {"@odata.context": context, "value": str(len(posted))})

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
        entity = schema.PUBLISHED[name]
        if key is None:
            return Resource(entity)
        wanted = _read_key(entity, key)
        for row in self.company.tables[name].rows.values():
            if all(row[field] == value for field, value in wanted.items()):
                return Resource(entity, row, single=True)
        shown = ",".join(f"{field}='{value}'" for field, value in wanted.items())
        raise errors.not_found(
            f"The {entity.table} does not exist. Identification fields and values: {shown}"
        )


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
