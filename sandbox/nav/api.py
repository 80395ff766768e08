"""API v2.0: finding what a path names, reading it, and handing writes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.nav import errors, metadata, odata, schema
from sandbox.nav.calls import Call, Reply, refusal
from sandbox.nav.company import DEFAULT_TEMPLATE, Company
from sandbox.nav.entities import Entity, Row, read_guid
from sandbox.nav.errors import ApiError
from sandbox.nav.filters import Filter
from sandbox.nav.writing import Writer

POST_ACTION = "microsoft.nav.post"
_PARENT_FIELDS = {"id", "journalId", "documentId", "parentId"}


@dataclass(frozen=True)
class Resource:
    """What a path leads to: one record, or a set of them, below an optional parent record."""

    entity: Entity
    row: Row | None = None
    parent: Row | None = None
    rows: list[Row] | None = None
    """The records of a set below a parent; none for a whole table, which has indexes."""
    single: bool = False


class Api:
    """Serves one company. `handle` never waits, so whatever it does is done at once."""

    def __init__(self, company: Company, writer: Writer) -> None:
        self.company = company
        self.writer = writer

    def handle(self, call: Call) -> Reply:
        """Answer a request; errors become answers too."""
        try:
            return self._handle(call)
        except ApiError as error:
            return refusal(error)

    def _handle(self, call: Call) -> Reply:
        segments = call.segments
        options = odata.split_query(call.query)
        if not segments:
            return Reply(200, metadata.service_document(call.root))
        if segments == [("$metadata", None)]:
            return Reply(200, metadata.document(), content_type="application/xml")
        name, key = segments[0]
        if name == "companies" and len(segments) == 1:
            self._only_get(call, schema.COMPANIES)
            return self._companies(call, options, key)
        if name == "companies" and key is not None:
            self._check_company(key)
            return self._in_company(call, options, segments[1:])
        if name in schema.IN_COMPANY:
            self._check_named_company(call, options)
            return self._in_company(call, options, segments)
        raise errors.unknown_segment(name)

    # --- companies ---

    def _companies(self, call: Call, options: dict[str, str], key: str | None) -> Reply:
        query = odata.parse(options, schema.COMPANIES, schema.IN_COMPANY.__getitem__)
        row = self.company.company_row()
        if key is not None:
            self._check_company(key)
            return self._entity(call, schema.COMPANIES, row, query)
        return self._page(call, schema.COMPANIES, [row], options, query)

    def _check_company(self, key: str) -> None:
        if read_guid(key) != self.company.id:
            raise errors.ApiError(404, "Internal_CompanyNotFound", "Cannot find the requested company.")

    def _check_named_company(self, call: Call, options: dict[str, str]) -> None:
        """The company of a short address: from `?company=`, or from a header inside a `$batch`."""
        named = options.get("company") or call.headers.get("companyid") or call.headers.get("company")
        if named not in (None, self.company.id, self.company.company_row()["name"]):
            raise errors.ApiError(404, "Internal_CompanyNotFound", "Cannot find the requested company.")

    # --- what lies in a company ---

    def _in_company(
        self, call: Call, options: dict[str, str], segments: list[tuple[str, str | None]]
    ) -> Reply:
        last = segments[-1][0].lower()
        if last == POST_ACTION and len(segments) == 2 and segments[0][0] == "journals":
            return self._post_journal(call, segments[0][1])
        counted = last == "$count"
        resource = self._resolve(segments[:-1] if counted else segments)
        query = odata.parse(options, resource.entity, schema.IN_COMPANY.__getitem__)
        if call.method == "GET" and counted:
            return Reply(200, f"\ufeff{self._count(resource, query)}".encode(), content_type="text/plain")
        if call.method == "GET":
            return self._read(call, resource, options, query)
        if call.headers.get("data-access-intent", "").lower() == "readonly":
            raise errors.bad_request("Data-Access-Intent 'ReadOnly' is only allowed for reading.")
        verb = {"POST": "insert", "PATCH": "modify", "DELETE": "delete"}.get(call.method, call.method)
        if call.method not in resource.entity.verbs or (call.method == "POST") is resource.single:
            raise errors.method_not_allowed(resource.entity.singular, verb)
        return self._write(call, resource, query)

    def _resolve(self, segments: list[tuple[str, str | None]]) -> Resource:
        name, key = segments[0]
        if name not in schema.IN_COMPANY:
            raise errors.unknown_segment(name)
        if name == "generalLedgerSetup":
            self.company.refresh_setup()
        resource = self._keyed(Resource(schema.IN_COMPANY[name]), key)
        for name, key in segments[1:]:
            entity, row = resource.entity, resource.row
            if row is None or name not in entity.navigation:
                raise errors.unknown_segment(name)
            target, found = self.company.follow(entity, row, name)
            if entity.navigation[name].many:
                resource = self._keyed(Resource(target, parent=row, rows=found), key)
            elif found is None:
                raise errors.not_found("The requested resource does not exist.")
            else:
                resource = Resource(target, found, row, single=True)
        return resource

    def _keyed(self, resource: Resource, key: str | None) -> Resource:
        """The set itself, or its record with this key."""
        if key is None:
            return resource
        entity, wanted = resource.entity, read_guid(key)
        if resource.rows is None and entity is schema.DIMENSION_SET_LINES:
            raise errors.dialog(schema.NEEDS_PARENT[entity.name])
        if resource.rows is None:
            row = self.company.tables[entity.name].rows.get(wanted)
        else:
            row = next((one for one in resource.rows if one["id"] == wanted), None)
        if row is None:
            raise errors.not_found(
                f"The {entity.table} does not exist. Identification fields and values: SystemId='{wanted}'"
            )
        return Resource(entity, row, resource.parent, single=True)

    def _rows(self, resource: Resource, wanted: Filter) -> Iterable[Row]:
        """The records of a set that may match."""
        if resource.rows is not None:
            return resource.rows
        entity = resource.entity
        if entity.name in schema.NEEDS_PARENT and not wanted.fields & _PARENT_FIELDS:
            raise errors.dialog(schema.NEEDS_PARENT[entity.name])
        rows = odata.candidates(self.company.tables[entity.name], wanted)
        if entity is schema.JOURNALS and "templateDisplayName" not in wanted.fields:
            return [row for row in rows if row["templateDisplayName"] == DEFAULT_TEMPLATE]
        return rows

    # --- reading ---

    def _read(self, call: Call, resource: Resource, options: dict[str, str], query: odata.Query) -> Reply:
        if resource.row is not None:
            return self._entity(call, resource.entity, resource.row, query)
        rows = self._rows(resource, query.filter)
        return self._page(call, resource.entity, rows, options, query)

    def _count(self, resource: Resource, query: odata.Query) -> int:
        if resource.single:
            raise errors.not_found()
        return sum(query.filter.matches(row) for row in self._rows(resource, query.filter))

    def _page(
        self, call: Call, entity: Entity, rows: Iterable[Row], options: dict[str, str], query: odata.Query
    ) -> Reply:
        given = odata.page(entity, rows, query, size=call.page_size(self.company.settings.page_size))
        body: dict[str, Any] = {"@odata.context": self._context(call)}
        if query.count:
            body["@odata.count"] = given.total
        body["value"] = [odata.shown(entity, row, query, self.company.follow) for row in given.rows]
        if given.after is not None:
            body["@odata.nextLink"] = odata.next_link(call.url, options, given)
        return Reply(200, body)

    def _entity(self, call: Call, entity: Entity, row: Row, query: odata.Query, status: int = 200) -> Reply:
        shown = odata.shown(entity, row, query, self.company.follow)
        return Reply(status, {"@odata.context": f"{self._context(call)}/$entity", **shown})

    def _context(self, call: Call) -> str:
        return f"{call.root}$metadata#{call.path}"

    # --- writing ---

    def _write(self, call: Call, resource: Resource, query: odata.Query) -> Reply:
        if call.method == "POST":
            with self.company.undo.transaction():
                row = self.writer.create(resource.entity, resource.parent, call.json())
            if call.prefers("return-no-content") or call.prefers("return=minimal"):
                return Reply(204)
            if not self.company.settings.expand_on_insert:
                query = odata.Query(select=query.select)
            return self._entity(call, resource.entity, row, query, 201)
        assert resource.row is not None
        call.check_etag(resource.row, required=call.method == "PATCH")
        with self.company.undo.transaction():
            if call.method == "DELETE":
                self.writer.delete(resource.entity, resource.parent, resource.row)
                return Reply(204)
            row = self.writer.modify(resource.entity, resource.parent, resource.row, call.json())
        return self._entity(call, resource.entity, row, query)

    def _post_journal(self, call: Call, key: str | None) -> Reply:
        if call.method != "POST":
            raise errors.method_not_allowed("journal", call.method)
        if key is None:
            raise errors.not_found()
        batch = self.company.tables["journals"].rows.get(read_guid(key))
        if batch is None:
            raise errors.dialog(f"The General Journal Batch with ID {key} cannot be found.")
        call.check_etag(batch, required=False)
        self.writer.post(batch)
        return Reply(204)

    def _only_get(self, call: Call, entity: Entity) -> None:
        if call.method != "GET":
            raise errors.method_not_allowed(entity.singular, call.method)
