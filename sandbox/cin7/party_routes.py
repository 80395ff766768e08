"""`/customer` and `/supplier`: lists, POST and partial PUT."""

from __future__ import annotations

from sandbox.cin7.bodies import required, rows
from sandbox.cin7.http import Handler, Request, Routes
from sandbox.cin7.lists import moment, page
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal, parse_moment, stamp_text

_REQUIRED = {
    "Customer": (
        "Name",
        "Status",
        "Currency",
        "PaymentTerm",
        "AccountReceivable",
        "RevenueAccount",
        "TaxRule",
    ),
    "Supplier": ("Name", "Currency", "PaymentTerm", "AccountPayable", "TaxRule", "Status"),
}
_SYSTEM_ACCOUNTS = {"AccountReceivable": "Accounts receivable", "AccountPayable": "Accounts payable"}
_NESTED = {"Addresses": ("Line1", "Country", "Type"), "Contacts": ("Name",)}
"""The nested lists, and what each of their entries needs."""
NAME_LENGTH = 256


def _records(tenant: Tenant, kind: str) -> dict[str, JsonObject]:
    return tenant.state.customers if kind == "Customer" else tenant.state.suppliers


def _listed(kind: str) -> Handler:
    def get(tenant: Tenant, request: Request) -> object:
        """`Name` is starts-with; deprecated ones are hidden unless asked for."""
        identifier, name = request.text("ID").lower(), request.text("Name").lower()
        since, deprecated = moment(request, "ModifiedSince"), request.flag("IncludeDeprecated")
        found = (
            record
            for record in _records(tenant, kind).values()
            if identifier in ("", record["ID"])
            and record["Name"].lower().startswith(name)
            and (deprecated or record["Status"] != "Deprecated")
            and (since is None or parse_moment(record["LastModifiedOn"], "LastModifiedOn") >= since)
        )
        return page(tenant, request, f"{kind}List", found, lambda record: record)

    return get


def _created(kind: str) -> Handler:
    def post(tenant: Tenant, request: Request) -> object:
        """IDs in the body are ignored; the answer carries new ones."""
        required(request.body, *_REQUIRED[kind])
        records = _records(tenant, kind)
        _check(tenant, kind, request.body, None)
        template: JsonObject = next(iter(records.values()))
        record: JsonObject = {name: _blank(value) for name, value in template.items()}
        record["ID"] = tenant.new_id(kind)
        records[record["ID"]] = record
        return _written(tenant, kind, record, request.body)

    return post


def _updated(kind: str) -> Handler:
    def put(tenant: Tenant, request: Request) -> object:
        """Partial: what the body omits stays; nested entries without ID are added (seen in the field)."""
        required(request.body, "ID")
        record = _records(tenant, kind).get(str(request.body["ID"]).lower())
        if record is None:
            raise Refusal(f"{kind} with specified ID not found")
        _check(tenant, kind, request.body, record)
        return _written(tenant, kind, record, request.body)

    return put


def _written(tenant: Tenant, kind: str, record: JsonObject, body: JsonObject) -> JsonObject:
    for name, value in body.items():
        if name in record and name not in (*_NESTED, "ID", "LastModifiedOn"):
            record[name] = "" if value is None else value
    for name in _NESTED:
        for entry in rows(body, name):
            _merge(tenant, record[name], entry)
    record["LastModifiedOn"] = stamp_text(tenant.clock.now())
    tenant.emit(f"{kind}/Updated", record)
    return {"Total": 1, "Page": 1, f"{kind}List": [record]}


def _merge(tenant: Tenant, entries: list[JsonObject], entry: JsonObject) -> None:
    identifier = str(entry.get("ID") or "").lower()
    for known in entries:
        if known["ID"] == identifier:
            known.update({name: value for name, value in entry.items() if name != "ID"})
            return
    entries.append({**entry, "ID": tenant.new_id("nested")})


def _check(tenant: Tenant, kind: str, body: JsonObject, record: JsonObject | None) -> None:
    problems = []
    name = body.get("Name")
    others = (one for one in _records(tenant, kind).values() if one is not record)
    if name is not None and len(str(name)) > NAME_LENGTH:
        problems.append(f"The field Name must be a string with a maximum length of {NAME_LENGTH}.")
    for nested, needed in _NESTED.items():
        for entry in rows(body, nested):
            known = {one["ID"]: one for one in record[nested]} if record else {}
            merged = {**known.get(str(entry.get("ID") or "").lower(), {}), **entry}
            problems += [f"{nested}: {field} is required" for field in needed if not merged.get(field)]
    if name is not None and any(one["Name"].lower() == str(name).lower() for one in others):
        problems.append(f"This {kind.lower()} already exists. {kind} name must be unique.")
    if body.get("TaxRule") is not None and body["TaxRule"] not in tenant.tax_rules:
        problems.append(f"Tax rule '{body['TaxRule']}' was not found in reference book")
    term = body.get("PaymentTerm")
    if term is not None and term not in ("30 days", "14 days", "Cash"):
        problems.append(f"Active payment term with name {term} was not found in Payment Terms reference book")
    for field, system in _SYSTEM_ACCOUNTS.items():
        account = tenant.accounts.get(str(body.get(field)))
        if body.get(field) is not None and (account is None or account.system_account != system):
            problems.append(f"{field} '{body[field]}' was not found in Chart of Accounts")
    representative = body.get("SalesRepresentative")
    if representative and representative not in {rep.name for rep in tenant.world.sales_reps}:
        problems.append(f"{representative} was not found in Company Contacts reference book")
    if problems:
        raise Refusal(*problems)


def _blank(value: object) -> object:
    if isinstance(value, bool):
        return False
    if isinstance(value, list):
        return []
    return "" if isinstance(value, str) else 0 if isinstance(value, int) else None


ROUTES: Routes = {
    f"/{kind.lower()}": {"GET": _listed(kind), "POST": _created(kind), "PUT": _updated(kind)}
    for kind in _REQUIRED
}
