"""The vocabulary of the API: fields with their lengths and options, entity sets and their navigations."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from sandbox.nav import errors
from sandbox.nav.wire import NO_DATE, NO_DATETIME, NO_GUID, escaped, rounded, unescaped

Row = dict[str, Any]
"""One record: wire names to stored values. Names that begin with `_` never reach the wire.

Stored are: guid, code, text and enum captions as str, dates and date-times as ISO str (they sort as they
are), amounts as Decimal.
"""

Kind = Literal["guid", "code", "text", "date", "datetime", "decimal", "int", "bool", "enum", "option"]

_EDM: dict[Kind, str] = {
    "guid": "Edm.Guid",
    "code": "Edm.String",
    "text": "Edm.String",
    "date": "Edm.Date",
    "datetime": "Edm.DateTimeOffset",
    "decimal": "Edm.Decimal",
    "int": "Edm.Int32",
    "bool": "Edm.Boolean",
    "enum": "Edm.String",
    "option": "Edm.String",
}
_EMPTY: dict[Kind, Any] = {
    "guid": NO_GUID,
    "code": "",
    "text": "",
    "date": NO_DATE,
    "datetime": NO_DATETIME,
    "decimal": Decimal(0),
    "int": 0,
    "bool": False,
}


@dataclass(frozen=True)
class Field:
    """One property of an entity. `length` bounds code and text.

    `options` are the captions of an enum, or of an `option`: an enum that travels unescaped.
    """

    name: str
    kind: Kind
    length: int = 0
    options: tuple[str, ...] = ()
    writable: bool = True
    decimals: int = 2
    """To how many digits after the point NAV rounds a decimal."""

    @property
    def edm(self) -> str:
        """Its OData primitive type."""
        return _EDM[self.kind]

    @property
    def empty(self) -> Any:
        """What NAV stores where nothing was given."""
        return self.options[0] if self.kind in ("enum", "option") else _EMPTY[self.kind]

    def shown(self, value: Any) -> Any:
        """A stored value as the wire has it."""
        return escaped(value) if self.kind == "enum" else value

    def read(self, value: Any) -> Any:
        """A JSON value as NAV stores it. Raises `ApiError`: wrong type, too long, no such option."""
        if value is None:
            raise errors.ApiError(
                400,
                "BadRequest_RequiredParamNotProvided",
                f"A null value was found for the property named '{self.name}', which has the expected type "
                f"'{self.edm}[Nullable=False]'. The expected type does not allow null values.",
            )
        match self.kind:
            case "code" | "text":
                return self._text(value)
            case "enum" | "option":
                return self._option(value)
            case "decimal":
                if isinstance(value, bool) or not isinstance(value, Decimal | int):
                    raise errors.unreadable(value, self.edm)
                return rounded(Decimal(value), self.decimals)
            case "int":
                if isinstance(value, bool) or not isinstance(value, int):
                    raise errors.unreadable(value, self.edm)
                return value
            case "bool":
                if not isinstance(value, bool):
                    raise errors.unreadable(value, self.edm)
                return value
            case "guid":
                return read_guid(value)
            case "date":
                return read_date(value)
            case "datetime":
                return read_datetime(value)

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise errors.unreadable(value, self.edm)
        text = value.strip().upper() if self.kind == "code" else value
        if self.length and len(text) > self.length:
            raise errors.too_long(text, self.length)
        return text

    def _option(self, value: Any) -> str:
        if not isinstance(value, str):
            raise errors.unreadable(value, self.edm)
        caption = unescaped(value)
        for option in self.options:
            if option.lower() == caption.lower() or (option == " " and caption.strip() == ""):
                return option
        raise errors.not_an_option(value, self.options)


def read_guid(value: Any) -> str:
    """A GUID in lower case; raises `Application_InvalidGUID`."""
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise errors.ApiError(
            400, "Application_InvalidGUID", f"The format of the GUID '{value}' is not valid."
        ) from None


def read_date(value: Any) -> str:
    """A calendar date as ISO text; raises `BadRequest`."""
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError(value)
        return dt.date.fromisoformat(value).isoformat()
    except ValueError:
        raise errors.bad_request(f"Unable to convert value to Date: '{value}'") from None


def read_datetime(value: Any) -> str:
    """A moment as ISO text in UTC with milliseconds; one without an offset is taken as UTC."""
    try:
        if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\dT", value):
            raise ValueError(value)
        moment = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        raise errors.unreadable(value, "Edm.DateTimeOffset") from None
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))


def stamp(moment: dt.datetime) -> str:
    """A moment as the API writes it: UTC, milliseconds, `Z`."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@dataclass(frozen=True)
class Navigation:
    """A property that leads to other records: those whose `there` field equals this record's `here` field."""

    name: str
    target: str
    here: str = "id"
    there: str = "id"
    many: bool = True


@dataclass(frozen=True)
class Entity:
    """An entity set of the API."""

    name: str
    singular: str
    table: str
    """The caption of the table below it, as messages name it."""
    fields: tuple[Field, ...]
    navigations: tuple[Navigation, ...] = ()
    verbs: frozenset[str] = frozenset()
    """What may be done besides reading: any of POST, PATCH, DELETE."""
    order: tuple[str, ...] = ("id",)
    """The primary key, in which lists come without `$orderby`."""
    key: str = "id"

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def navigation(self) -> Mapping[str, Navigation]:
        return {navigation.name: navigation for navigation in self.navigations}

    def field(self, name: str) -> Field:
        """Raises `BadRequest` for a name that the entity does not have."""
        try:
            return self.by_name[name]
        except KeyError:
            raise errors.bad_request(
                f"Could not find a property named '{name}' on type 'Microsoft.NAV.{self.singular}'."
            ) from None

    def fresh(self, **values: Any) -> Row:
        """A record with NAV's empty value in every field that is not given."""
        return {field.name: field.empty for field in self.fields} | values
