"""How Business Central writes values: exact JSON numbers, escaped option names, dates that are never null."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from json.encoder import encode_basestring
from typing import Any

NO_DATE = "0001-01-01"
NO_DATETIME = "0001-01-01T00:00:00Z"
NO_GUID = "00000000-0000-0000-0000-000000000000"


class NotJson(ValueError):
    """A body that is not a JSON document."""


def loads(body: bytes) -> Any:
    """Parse JSON with every number that has a fraction or exponent as Decimal. Raises `NotJson`."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def dumps(value: Any) -> bytes:
    """Write JSON; a Decimal becomes a JSON number with all its digits, without an exponent."""
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts).encode()


def _write(value: Any, put: Any) -> None:
    if isinstance(value, str):
        put(encode_basestring(value))
    elif isinstance(value, dict):
        separator = "{"
        for name, member in value.items():
            put(f"{separator}{encode_basestring(name)}:")
            _write(member, put)
            separator = ","
        put("}" if value else "{}")
    elif isinstance(value, list | tuple):
        separator = "["
        for member in value:
            put(separator)
            _write(member, put)
            separator = ","
        put("]" if value else "[]")
    elif isinstance(value, bool):
        put("true" if value else "false")
    elif value is None:
        put("null")
    elif isinstance(value, Decimal):
        put(number(value))
    elif isinstance(value, int | float):
        put(json.dumps(value))
    else:
        raise TypeError(f"{type(value).__name__} has no JSON form here")


def number(value: Decimal) -> str:
    """A Decimal in plain digits, without trailing zeros: `12.5`, `0`, `-3`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def spoken(value: Decimal) -> str:
    """A Decimal as NAV puts it into messages in English: `1,234.5`."""
    text = number(abs(value))
    whole, _, fraction = text.partition(".")
    sign = "-" if value < 0 else ""
    return f"{sign}{int(whole):,}{'.' + fraction if fraction else ''}"


def cents(value: Decimal) -> Decimal:
    """Rounded to the amount rounding precision 0.01, halves away from zero."""
    return rounded(value, 2)


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Rounded to so many digits after the point, halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def escaped(option: str) -> str:
    """The wire name of an option caption: `G/L Account` → `G_x002F_L_x0020_Account`."""
    return re.sub(r"[^A-Za-z0-9_]", lambda hit: f"_x{ord(hit.group()):04X}_", option)


def unescaped(name: str) -> str:
    """The option caption behind a wire name; a plain caption stays as it is."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda hit: chr(int(hit.group(1), 16)), name)
