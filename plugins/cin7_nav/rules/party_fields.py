"""One field of a party on both sides: when two values are the same, how one side's is written on the other.

The common form of a value is NAV's: codes of countries, payment terms and currencies, `true` and `false`.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pycountry

from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.files import TooLong
from cin7_nav.mappings.parties import FieldRule
from cin7_nav.model import PartyField, Side
from cin7_nav.rules.party import tax_number_key

ROOM: dict[Side, dict[PartyField, int]] = {
    Side.NAV: {
        PartyField.NAME: 100,
        PartyField.TAX_NUMBER: 20,
        PartyField.CURRENCY: 10,
        PartyField.ADDRESS_LINE_1: 100,
        PartyField.ADDRESS_LINE_2: 50,
        PartyField.CITY: 30,
        PartyField.STATE: 30,
        PartyField.POSTAL_CODE: 20,
        PartyField.COUNTRY: 10,
        PartyField.PHONE: 30,
        PartyField.EMAIL: 80,
        PartyField.WEBSITE: 80,
    },
    Side.CIN7: {
        PartyField.NAME: 256,
        PartyField.POSTAL_CODE: 20,
        PartyField.PHONE: 50,
        PartyField.EMAIL: 256,
    },
}
"""Characters that a field holds, unless this NAV tells otherwise: Microsoft's page and table objects, Cin7's
API portal."""

NEVER_EMPTIED = frozenset({PartyField.NAME, PartyField.CURRENCY, PartyField.PAYMENT_TERMS})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff]+")
_SEPARATORS = re.compile(r"[;,\s]+")
_CODED = frozenset({PartyField.PAYMENT_TERMS, PartyField.TAX_LIABLE})


class Unmapped(ValueError):
    """A value has no counterpart on the other side; the text names it."""


def clean(text: str) -> str:
    """One line of printable text: control and zero-width characters become blanks, blanks are single."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def emails(text: str) -> list[str]:
    """The addresses of a field in which people keep several."""
    return [one.strip("<>") for one in _SEPARATORS.split(clean(text)) if "@" in one]


def digits(phone: str) -> str:
    """The digits of a phone number, without what marks an international or national call."""
    found = re.sub(r"\(0\)", "", phone)
    return re.sub(r"\D", "", found).lstrip("0")


def common(field: PartyField, side: Side, text: str, rule: FieldRule) -> str:
    """A side's value in the common form. Raises Unmapped."""
    text = clean(text)
    if side is Side.CIN7 and (mapped := rule.to_nav.get(fold(text))) is not None:
        return mapped
    if not text:
        return ""
    match field:
        case PartyField.EMAIL:
            return next(iter(emails(text)), text)
        case PartyField.COUNTRY:
            return country_code(text)
        case PartyField.CURRENCY:
            return text.upper()
    if field in _CODED and side is Side.CIN7:
        raise Unmapped(f'{rule.rule}: Cin7\'s {field.replace("_", " ")} "{text}" has no line under `values`')
    return text


def same(field: PartyField, one: str, other: str) -> bool:
    """Whether two values in the common form mean the same."""
    return one == other or _compared(field, one) == _compared(field, other)


def _compared(field: PartyField, text: str) -> str:
    match field:
        case PartyField.TAX_NUMBER:
            return tax_number_key(text)
        case PartyField.PHONE:
            return digits(text) or text
        case PartyField.POSTAL_CODE:
            return re.sub(r"\W", "", text).upper()
        case PartyField.EMAIL | PartyField.WEBSITE | PartyField.COUNTRY | PartyField.PAYMENT_TERMS:
            return text.casefold().rstrip("/")
        case _:
            return text


def written(field: PartyField, side: Side, value: str, there: str, rule: FieldRule) -> str:
    """What a common value becomes on `side`, which holds `there` now. Raises Unmapped."""
    if side is Side.NAV:
        return value.upper() if field in (PartyField.COUNTRY, PartyField.CURRENCY) else value
    if (mapped := rule.to_cin7.get(fold(value))) is not None:
        return mapped
    if field in _CODED and value:
        raise Unmapped(f'{rule.rule}: NAV\'s {field.replace("_", " ")} "{value}" has no line under `values`')
    if field is PartyField.COUNTRY and value:
        return country_name(value)
    if field is PartyField.EMAIL and len(several := emails(there)) > 1:
        return ";".join([value, *several[1:]]) if value else ""
    return value


def room(field: PartyField, side: Side, rule: FieldRule) -> int | None:
    """Characters that the side holds; None: any number."""
    return (rule.nav_room if side is Side.NAV else None) or ROOM[side].get(field)


def fitted(field: PartyField, side: Side, text: str, rule: FieldRule) -> str:
    """As much of the text as the side has room for."""
    most = room(field, side, rule)
    if most is None or length(text) <= most:
        return text
    while length(text) > most:
        text = text[:-1]
    return text.rstrip()


def agree(field: PartyField, cin7: str, nav: str, rule: FieldRule) -> bool:
    """Whether both sides say the same, as far as each has room and the rule lets it be cut."""
    if same(field, cin7, nav):
        return True
    if rule.too_long is not TooLong.CUT or not (cin7 and nav):
        return False
    in_nav, in_cin7 = fitted(field, Side.NAV, cin7, rule), fitted(field, Side.CIN7, nav, rule)
    return same(field, in_nav, nav) or same(field, in_cin7, cin7)


def length(text: str) -> int:
    """As NAV counts: characters outside the basic plane are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@lru_cache(maxsize=1000)
def country_code(text: str) -> str:
    """The ISO code of a country's name or code. Raises Unmapped."""
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError:
        raise Unmapped(f'"{text}" is no country that ISO 3166 knows: map it under `values`') from None


@lru_cache(maxsize=1000)
def country_name(code: str) -> str:
    found = pycountry.countries.get(alpha_2=code.upper())
    if found is None:
        raise Unmapped(f'"{code}" is no country code that ISO 3166 knows: map it under `values`')
    return str(getattr(found, "common_name", found.name))
