"""The field types of Cin7's JSON, and reading a record into a model.

Cin7 is loose about types: null stands for an empty list or text, numbers come as text and codes as
numbers, dates carry zero to seven fraction digits with or without `Z` (Cin7's API portal, and seen in
the field). The types here accept all of that and nothing else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""NUL and halves of a surrogate pair: JSON can spell them, PostgreSQL and UTF-8 can't hold them."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?)?Z?")


class WireError(ValueError):
    """A vendor's record has another shape than it should have. Names the record and the field, no content."""

    def __init__(self, record: str, faults: tuple[tuple[str, str], ...]) -> None:
        self.record = record
        self.faults = faults
        """Pairs of field path, e.g. `Invoices[0].Lines[2].Total`, and what is wrong there."""
        super().__init__(f"{record}: " + "; ".join(f"{path}: {reason}" for path, reason in faults))


class Record(BaseModel):
    """Base of all wire models: unknown fields are ignored, because Cin7 adds some without notice."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _text(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", value).strip()
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise ValueError("text expected")


def _guid(value: object) -> object:
    if value is None or value == "":
        return ""
    text = str(value).strip().lower()
    if not _GUID.fullmatch(text):
        raise ValueError("GUID expected")
    return text


def _number(value: object) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, float):
        raise ValueError("a binary float has lost digits: parse JSON with parse_float=Decimal")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("number expected")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise ValueError("number expected") from None
    if not number.is_finite():
        raise ValueError("number expected")
    return number


def _moment(value: str) -> re.Match[str]:
    match = _MOMENT.fullmatch(value.strip())
    if match is None:
        raise ValueError("date as yyyy-MM-dd[THH:mm:ss[.fraction]][Z] expected")
    return match


def _date(value: object) -> object:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("date expected")
    return dt.date.fromisoformat(_moment(value)[1])


def _timestamp(value: object) -> object:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("timestamp expected")
    day, time, fraction = _moment(value).groups()
    moment = dt.datetime.fromisoformat(f"{day}T{time or '00:00:00'}")
    return moment.replace(microsecond=int((fraction or "")[:6].ljust(6, "0")), tzinfo=dt.UTC)


def _upper(value: object) -> object:
    text = _text(value)
    return text.upper() if isinstance(text, str) else text


def _rows(value: object) -> object:
    return () if value is None else value


def _one_or_many(value: object) -> object:
    if value is None:
        return ()
    return (value,) if isinstance(value, Mapping) else value


Text = Annotated[str, BeforeValidator(_text)]
"""Trimmed; null is empty; numbers in their own digits; what no database can hold is marked as lost."""
Upper = Annotated[str, BeforeValidator(_upper)]
"""Text of a closed vocabulary, such as a status: trimmed and upper case."""
Guid = Annotated[str, BeforeValidator(_guid)]
"""Lower case, because Cin7 sends both cases; empty when null."""
Number = Annotated[Decimal | None, BeforeValidator(_number)]
"""Exact; None when Cin7 sent none, which is not zero."""
Date = Annotated[dt.date | None, BeforeValidator(_date)]
"""A business date: the calendar day as written, whatever follows it."""
Timestamp = Annotated[dt.datetime | None, BeforeValidator(_timestamp)]
"""UTC, to the microsecond; Cin7's seventh digit is dropped."""

T = TypeVar("T")
Rows = Annotated[tuple[T, ...], BeforeValidator(_rows)]
"""A list; null is empty."""
OneOrMany = Annotated[tuple[T, ...], BeforeValidator(_one_or_many)]
"""A list where one endpoint sends an object and another an array of such objects."""

R = TypeVar("R", bound=Record)


def parse(model: type[R], data: Mapping[str, Any], record: str) -> R:
    """Read `data` (JSON parsed with `parse_float=Decimal`); raises `WireError` naming every fault."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = tuple(
            (path(fault["loc"]), fault["msg"].removeprefix("Value error, "))
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise WireError(record, faults) from None


def path(location: tuple[str | int, ...]) -> str:
    """`("Lines", 2, "Total")` as `Lines[2].Total`."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
