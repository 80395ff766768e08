"""`$filter`: the part of OData that Business Central understands, with its refusals and its leaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.nav import errors
from sandbox.nav.entities import Entity, Field, Row, read_date, read_datetime, read_guid
from sandbox.nav.wire import unescaped

Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<datetime>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<date>\d{4}-\d\d-\d\d)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w-]))"
    r"|(?P<name>[A-Za-z_][\w./]*)"
    r"|(?P<mark>[(),:]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}
_SEARCH: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}
_TEXT_FUNCTIONS = ("tolower", "toupper", "substring")
_SPECIAL = re.compile(r"[*?|&<>]|\.\.|^@")


@dataclass(frozen=True)
class Condition:
    """Part of a filter: which fields it reads and, where it is only equalities of one field, which values."""

    fields: frozenset[str]
    test: Test
    values: frozenset[Any] | None = None
    above: int | None = None
    """For `field gt N` or `ge N` on a whole number: N, less one for `ge`."""


@dataclass(frozen=True)
class Filter:
    """Conditions that must all hold."""

    conditions: tuple[Condition, ...] = ()

    def matches(self, row: Row) -> bool:
        return all(condition.test(row) for condition in self.conditions)

    @property
    def fields(self) -> frozenset[str]:
        return frozenset().union(*(condition.fields for condition in self.conditions))


def parse(text: str, entity: Entity, *, schema: str = "2.0") -> Filter:
    """Read a `$filter`. Raises `ApiError`: 400 for what is wrong, 501 for what Business Central cannot do."""
    parser = _Parser(_tokens(text), entity, extended=schema >= "2.1")
    conditions = parser.either()
    if parser.peek() is not None:
        raise _syntax(text)
    return Filter(tuple(conditions))


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        hit = _TOKEN.match(text, position)
        if hit is None or hit.lastgroup is None:
            raise _syntax(text)
        tokens.append((hit.lastgroup, hit.group(hit.lastgroup)))
        position = hit.end()
    return tokens


def _syntax(text: str) -> errors.ApiError:
    return errors.bad_request(f"Syntax error in the filter expression '{text}'.")


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], entity: Entity, *, extended: bool) -> None:
        self._tokens = tokens
        self._at = 0
        self._entity = entity
        self._extended = extended

    def peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def _take(self, wanted: str | None = None) -> tuple[str, str]:
        if self._at >= len(self._tokens) or (wanted is not None and self._tokens[self._at][1] != wanted):
            raise _syntax(" ".join(value for _, value in self._tokens))
        self._at += 1
        return self._tokens[self._at - 1]

    def either(self) -> list[Condition]:
        """`or` binds weakest; its sides must speak of one and the same field."""
        sides = [self._both()]
        while self.peek() == "or":
            self._take()
            sides.append(self._both())
        if len(sides) == 1:
            return sides[0]
        alternatives = [_all(side) for side in sides]
        fields = frozenset().union(*(side.fields for side in alternatives))
        if len(fields) > 1:
            raise errors.not_implemented(
                "The 'OR' operator is not supported on distinct fields on an OData filter."
            )
        values = [side.values for side in alternatives]
        known = [value for value in values if value is not None]
        tests = [side.test for side in alternatives]
        together = frozenset().union(*known) if len(known) == len(values) else None
        return [Condition(fields, lambda row: any(test(row) for test in tests), together)]

    def _both(self) -> list[Condition]:
        conditions = self._one()
        while self.peek() == "and":
            self._take()
            conditions = conditions + self._one()
        return conditions

    def _one(self) -> list[Condition]:
        kind, text = self._take()
        if text == "(":
            inner = self.either()
            self._take(")")
            return inner
        if kind != "name":
            raise errors.not_implemented("The filter expression must compare a field with a constant.")
        if text == "not":
            raise errors.not_implemented("The 'NOT' operator is not supported on an OData filter.")
        if text.rsplit("/", 1)[-1] in ("any", "all") and self.peek() == "(":
            self._skip_parentheses()
            return []
        if text in _SEARCH:
            return [self._search(text)]
        field, read = self._operand(text)
        return [self._comparison(field, read)]

    def _skip_parentheses(self) -> None:
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(self._take()[1], 0)
            if depth == 0:
                return

    def _search(self, name: str) -> Condition:
        """startswith, endswith, contains."""
        self._take("(")
        field, read = self._operand(self._take()[1], nested=True)
        self._take(",")
        needle = self._literal(field)
        self._take(")")
        if not isinstance(needle, str):
            raise errors.bad_request(f"No function signature for the function with name '{name}' matches.")
        if self.peek() in ("eq", "ne"):
            wanted = (self._take()[1] == "eq") == (self._take()[1] == "true")
        else:
            wanted = True
        search = _SEARCH[name]
        return Condition(frozenset({field.name}), lambda row: search(read(row), needle) is wanted)

    def _operand(self, name: str, *, nested: bool = False) -> tuple[Field, Callable[[Row], Any]]:
        """A field, or a text function of one."""
        if self.peek() != "(":
            if "/" in name or "." in name:
                raise errors.not_implemented("Filtering on a navigation property is not supported.")
            field = self._entity.field(name)
            return field, lambda row: row[field.name]
        if name not in _TEXT_FUNCTIONS:
            raise errors.not_implemented(f"The function '{name}' is not supported on an OData filter.")
        if nested and not self._extended:
            raise errors.not_implemented("Nested functions are not supported on an OData filter.")
        self._take("(")
        field, inner = self._operand(self._take()[1], nested=True)
        numbers = []
        while self.peek() == ",":
            self._take()
            numbers.append(int(self._take()[1]))
        self._take(")")
        if name == "tolower":
            return field, lambda row: inner(row).lower()
        if name == "toupper":
            return field, lambda row: inner(row).upper()
        start, end = numbers[0], sum(numbers) if len(numbers) > 1 else None
        return field, lambda row: inner(row)[start:end]

    def _comparison(self, field: Field, read: Callable[[Row], Any]) -> Condition:
        operator = self._take()[1]
        if operator == "in":
            if not self._extended:
                raise errors.not_implemented("The 'IN' operator is not supported on an OData filter.")
            return self._membership(field, read)
        if operator not in _COMPARE:
            raise errors.not_implemented(f"The operator '{operator}' is not supported on an OData filter.")
        plain = self._tokens[self._at - 2][1] == field.name
        wanted = self._literal(field, folded=plain)
        fields = frozenset({field.name})
        if operator in ("eq", "ne") and field.kind in ("code", "text") and _SPECIAL.search(wanted):
            leak = _al_filter(wanted)
            return Condition(fields, lambda row: leak(read(row)) is (operator == "eq"))
        compare = _COMPARE[operator]
        above = None
        if field.kind == "int" and operator in ("gt", "ge"):
            above = int(wanted) - (operator == "ge")
        values = frozenset({wanted}) if operator == "eq" and plain else None
        return Condition(fields, lambda row: compare(read(row), wanted), values, above)

    def _membership(self, field: Field, read: Callable[[Row], Any]) -> Condition:
        self._take("(")
        values = {self._literal(field)}
        while self.peek() == ",":
            self._take()
            values.add(self._literal(field))
        self._take(")")
        return Condition(frozenset({field.name}), lambda row: read(row) in values, frozenset(values))

    def _literal(self, field: Field, *, folded: bool = True) -> Any:
        """A constant as it compares with stored values; `folded`: codes in capitals."""
        kind, text = self._take()
        if kind == "name" and text == "null":
            return field.empty
        match field.kind, kind:
            case (("code" | "text"), "string"):
                value = text[1:-1].replace("''", "'")
                if field.length and len(value) > field.length:
                    raise errors.too_long(value, field.length, in_filter=True)
                return value.upper() if field.kind == "code" and folded else value
            case (("enum" | "option"), "string"):
                return field.read(unescaped(text[1:-1]))
            case "guid", "guid":
                return read_guid(text)
            case "date", "date":
                return read_date(text)
            case "datetime", ("datetime" | "date"):
                return read_datetime(text if kind == "datetime" else f"{text}T00:00:00Z")
            case (("decimal" | "int"), "number"):
                return Decimal(text)
            case "bool", "name" if text in ("true", "false"):
                return text == "true"
        raise errors.bad_request(
            f"A binary operator with incompatible types was detected. Found operand types '{field.edm}' and "
            f"'{text}'."
        )


def _all(conditions: list[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    fields: frozenset[str] = frozenset().union(*(condition.fields for condition in conditions))
    return Condition(fields, lambda row: all(condition.test(row) for condition in conditions))


def _al_filter(text: str) -> Callable[[str], bool]:
    """A string constant with NAV's own filter signs in it is taken as a NAV filter, not literally."""
    if "|" in text:
        options = [_al_filter(part) for part in text.split("|")]
        return lambda value: any(option(value) for option in options)
    if "&" in text:
        parts = [_al_filter(part.strip()) for part in text.split("&")]
        return lambda value: all(part(value) for part in parts)
    for sign, operator in (("<>", "ne"), (">=", "ge"), ("<=", "le"), (">", "gt"), ("<", "lt")):
        if text.startswith(sign):
            compare, bound = _COMPARE[operator], text[len(sign) :]
            return lambda value: compare(value, bound)
    if ".." in text:
        low, _, high = text.partition("..")
        return lambda value: (not low or value >= low) and (not high or value <= high)
    any_case = text.startswith("@")
    body = re.escape(text.removeprefix("@")).replace(r"\*", ".*").replace(r"\?", ".")
    pattern = re.compile(body, re.IGNORECASE if any_case else 0)
    return lambda value: pattern.fullmatch(value) is not None
