"""Cin7's JSON: exact decimal numbers, business dates, timestamps, and the bodies of refusals."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from starlette.responses import Response

JsonObject = dict[str, Any]


class Refusal(Exception):
    """Cin7 says no: a status and the problems found (it reports only a handful at a time)."""

    def __init__(self, *texts: str, status: int = 400, code: int | None = None) -> None:
        super().__init__("; ".join(texts))
        self.status = status
        self.code = status if code is None else code
        self.texts = texts[:3]


def _number(value: object) -> float | int:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    if value == value.to_integral_value():
        return int(value)
    if len(value.normalize().as_tuple().digits) > 15:
        raise ValueError("a number with more than 15 digits cannot be written exactly")
    return float(value)


def dumps(body: object) -> bytes:
    """Encode; a Decimal of up to 15 significant digits is written digit by digit."""
    return json.dumps(body, default=_number, ensure_ascii=False, separators=(",", ":")).encode()


def loads(body: bytes) -> Any:
    """Decode; every number with a fraction becomes a Decimal."""
    return json.loads(body, parse_float=Decimal)


def answer(body: object, status: int = 200) -> Response:
    return Response(dumps(body), status, media_type="application/json; charset=utf-8")


def date_text(day: dt.date | None) -> str | None:
    """A business date as Cin7 writes it: midnight, no zone."""
    return f"{day.isoformat()}T00:00:00" if day else None


def stamp_text(moment: dt.datetime) -> str:
    """A timestamp with three fraction digits and `Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def parse_date(value: object, name: str) -> dt.date | None:
    """A business date from a request body; the time of day is ignored."""
    if value in (None, ""):
        return None
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise Refusal(f"'{name}' is not a valid date") from error


def parse_moment(value: str, name: str) -> dt.datetime:
    """A date parameter: ISO 8601, UTC unless it says otherwise."""
    try:
        moment = dt.datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError as error:
        raise Refusal(f"'{name}' is not a valid date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def parse_decimal(value: object, name: str, default: Decimal = Decimal(0)) -> Decimal:
    if value is None or value == "":
        return default
    try:
        number = Decimal(str(value))
    except ArithmeticError as error:
        raise Refusal(f"'{name}' is not a valid number") from error
    if not number.is_finite():
        raise Refusal(f"'{name}' is not a valid number")
    return number


def parse_bool(value: object) -> bool:
    """Cin7 takes JSON booleans and the strings of its own samples (`"false"`)."""
    return value is True or str(value).strip().lower() in ("true", "1")
