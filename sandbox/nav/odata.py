"""Query options: `$filter`, `$select`, `$expand`, `$orderby`, `$top`, `$skip`, `$count` and paging."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_plus

from sandbox.nav import errors, filters
from sandbox.nav.entities import Entity, Row
from sandbox.nav.filters import Filter
from sandbox.nav.store import Entries, Table, etag

Follow = Callable[[Entity, Row, str], tuple[Entity, Any]]
"""Where a navigation leads from a record: the target entity with its rows, its one row, or nothing."""

_KNOWN = {
    "$filter",
    "$select",
    "$expand",
    "$orderby",
    "$top",
    "$skip",
    "$count",
    "$skiptoken",
    "$schemaversion",
    "$format",
}


@dataclass(frozen=True)
class Query:
    """The options of one request, or of one level of `$expand`."""

    filter: Filter = field(default_factory=Filter)
    select: tuple[str, ...] | None = None
    expand: tuple[tuple[str, Query], ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    """Field names with whether they descend."""
    top: int | None = None
    skip: int = 0
    count: bool = False
    after: str | None = None
    """`$skiptoken`: the id of the last row already given."""


@dataclass(frozen=True)
class Page:
    """One answer's worth of rows."""

    rows: Sequence[Row]
    total: int
    after: str | None = None
    """Where the next page starts, if there is one."""
    top: int | None = None
    """What is left of `$top` for it."""


def split_query(text: str) -> dict[str, str]:
    """The options of a query string, decoded. A `;` is not a separator: `$expand` uses it."""
    pairs = (part.partition("=") for part in text.split("&") if part)
    return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}


def parse(options: dict[str, str], entity: Entity, target: Callable[[str], Entity]) -> Query:
    """Read options for `entity`; `target` finds the entity of a navigation. Raises `ApiError`."""
    for name in options:
        if name.startswith("$") and name not in _KNOWN:
            raise errors.bad_request(f"The query parameter '{name}' is not supported.")
    schema = options.get("$schemaversion", "2.0")
    text = options.get("$filter")
    return Query(
        filter=filters.parse(text, entity, schema=schema) if text is not None else Filter(),
        select=_select(options["$select"], entity) if "$select" in options else None,
        expand=_expand(options.get("$expand", ""), entity, target),
        order=_order(options.get("$orderby", ""), entity),
        top=_whole(options, "$top"),
        skip=_whole(options, "$skip") or 0,
        count=options.get("$count", "").lower() == "true",
        after=options.get("$skiptoken"),
    )


def _whole(options: dict[str, str], name: str) -> int | None:
    if name not in options:
        return None
    if not options[name].isdigit():
        raise errors.bad_request(f"Invalid value '{options[name]}' for {name} query option found.")
    return int(options[name])


def _select(text: str, entity: Entity) -> tuple[str, ...] | None:
    """Field names. One that is a navigation property makes those after it vanish (seen in the field)."""
    names: list[str] = []
    for name in (part.strip() for part in text.split(",")):
        if name == "*":
            return None
        if name in entity.navigation:
            break
        names.append(entity.field(name).name)
    return tuple(names)


def _order(text: str, entity: Entity) -> tuple[tuple[str, bool], ...]:
    order = []
    for part in text.split(","):
        words = part.split()
        if words:
            if len(words) > 2 or (len(words) == 2 and words[1] not in ("asc", "desc")):
                raise errors.bad_request(f"Syntax error in '$orderby={text}'.")
            order.append((entity.field(words[0]).name, words[-1] == "desc"))
    return tuple(order)


def _expand(text: str, entity: Entity, target: Callable[[str], Entity]) -> tuple[tuple[str, Query], ...]:
    expands = []
    for part in _split(text, ","):
        name, _, rest = part.partition("(")
        navigation = entity.navigation.get(name.strip())
        if navigation is None:
            raise errors.bad_request(
                f"Could not find a property named '{name.strip()}' on type 'Microsoft.NAV.{entity.singular}'."
            )
        options = {}
        for option in _split(rest.rstrip().removesuffix(")"), ";"):
            key, _, value = option.partition("=")
            options[key.strip()] = value
        expands.append((navigation.name, parse(options, target(navigation.target), target)))
    return tuple(expands)


def _split(text: str, separator: str) -> list[str]:
    """Split outside of parentheses and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, sign in enumerate(text):
        if sign == "'":
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if sign == separator and depth == 0:
                parts.append(text[start:at])
                start = at + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def candidates(table: Table, wanted: Filter) -> Iterable[Row]:
    """The rows that may match, by the best index at hand."""
    for condition in wanted.conditions:
        if len(condition.fields) == 1 and condition.values is not None:
            (name,) = condition.fields
            if name == "id":
                return [table.rows[key] for key in condition.values if key in table.rows]
            if name in table.indexes:
                return [row for value in condition.values for row in table.find(name, value)]
    for condition in wanted.conditions:
        if isinstance(table, Entries) and condition.above is not None:
            return table.after(condition.above)
        if len(condition.fields) == 1 and condition.fields <= table.indexes.keys():
            (name,) = condition.fields
            index = table.indexes[name]
            keys = [key for key in index if condition.test({name: key})]
            return [row for key in keys for row in index[key].values()]
    return table.rows.values()


def page(entity: Entity, rows: Iterable[Row], query: Query, *, size: int) -> Page:
    """Filter, order and cut rows as the server does: full pages of `size`, `$top` beyond that continued."""
    found = [row for row in rows if query.filter.matches(row)] if query.filter.conditions else list(rows)
    found.sort(key=lambda row: tuple(row[name] for name in entity.order))
    for name, descending in reversed(query.order):
        found.sort(key=lambda row: row[name], reverse=descending)
    total = len(found)
    if query.after is not None:
        position = next((at for at, row in enumerate(found) if row["id"] == query.after), None)
        if position is None:
            raise errors.bad_request("The skip token is not valid.")
        found = found[position + 1 :]
    elif query.skip:
        found = found[query.skip :]
    if query.top is not None and query.top <= size:
        return Page(found[: query.top], total)
    remaining = found if query.top is None else found[: query.top]
    if len(remaining) <= size:
        return Page(remaining, total)
    rest = None if query.top is None else query.top - size
    return Page(remaining[:size], total, after=remaining[size - 1]["id"], top=rest)


def next_link(url: str, options: dict[str, str], given: Page) -> str:
    """The absolute address of the next page: the same options, `aid=FIN` and the token."""
    kept = {
        name: value for name, value in options.items() if name not in ("$skiptoken", "$skip", "$top", "aid")
    }
    if given.top is not None:
        kept["$top"] = str(given.top)
    parts = [f"{name}={quote(value, safe='$,()')}" for name, value in kept.items()]
    return f"{url}?{'&'.join([*parts, 'aid=FIN', f'$skiptoken={given.after}'])}"


def shown(entity: Entity, row: Row, query: Query, follow: Follow) -> dict[str, Any]:
    """A record as the wire has it, with what `$select` and `$expand` ask for."""
    body: dict[str, Any] = {"@odata.etag": etag(row)}
    for item in entity.fields:
        if query.select is None or item.name in query.select:
            body[item.name] = item.shown(row[item.name])
    for name, inner in query.expand:
        target, found = follow(entity, row, name)
        if isinstance(found, list):
            body[name] = [
                shown(target, one, inner, follow) for one in page(target, found, inner, size=20_000).rows
            ]
        else:
            body[name] = None if found is None else shown(target, found, inner, follow)
    return body
