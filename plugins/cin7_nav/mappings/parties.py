"""Which NAV customer or vendor a Cin7 party is, and how the two are kept the same: `parties.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.files import Direction, FieldEntry, NewInCin7, PartiesFile, Synchronise, TooLong
from cin7_nav.mappings.reader import Source, check
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import PartyField, PartyKind, RuleRef, Side

_UNWRITTEN = RuleRef("parties.yaml", 1)
"""Of what holds by default."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field is kept the same."""

    direction: Direction
    too_long: TooLong = TooLong.WAIT
    clears: bool = False
    to_nav: Mapping[str, str] = field(default_factory=dict)
    """Folded Cin7 text → NAV text."""
    to_cin7: Mapping[str, str] = field(default_factory=dict)
    """Folded NAV text → Cin7 text."""
    rule: RuleRef = _UNWRITTEN
    nav_room: int | None = None
    """Characters that this version of NAV holds, where it tells."""

    def may_write(self, side: Side) -> bool:
        """Whether the side ever gets the other one's value."""
        return self.direction.value != side.value


FieldRules = Mapping[PartyField, FieldRule]

_ASKED = (PartyField.NAME, PartyField.TAX_NUMBER, PartyField.CURRENCY, PartyField.BLOCKED)
_NEWEST = (
    PartyField.ADDRESS_LINE_1,
    PartyField.ADDRESS_LINE_2,
    PartyField.CITY,
    PartyField.STATE,
    PartyField.POSTAL_CODE,
    PartyField.COUNTRY,
    PartyField.PHONE,
    PartyField.EMAIL,
    PartyField.WEBSITE,
)
DEFAULT_FIELDS: FieldRules = MappingProxyType(
    {
        **{name: FieldRule(Direction.BOTH) for name in _ASKED},
        **{name: FieldRule(Direction.NEWEST) for name in _NEWEST},
    }
)
"""Who a party is gets asked about where both sides changed it; how to reach it follows the newest. Payment
terms and tax need a table, so they are left alone."""


@dataclass(frozen=True, slots=True)
class Parties:
    match_tax_number: bool
    match_tax_number_rule: Hit
    customers: Mapping[str, Hit]
    """Folded name or ID → NAV customer number."""
    suppliers: Mapping[str, Hit]
    create_in: Mapping[PartyKind, tuple[Side, ...]] = field(default_factory=dict)
    """The kinds that are kept the same, and on which sides new ones are made."""
    new_in_cin7: Mapping[PartyKind, Mapping[str, str]] = field(default_factory=dict)
    """What a new record in Cin7 gets, by Cin7's field names."""
    fields: FieldRules = field(default_factory=lambda: DEFAULT_FIELDS)

    def explicit(self, kind: PartyKind) -> Mapping[str, Hit]:
        return self.customers if kind is PartyKind.CUSTOMER else self.suppliers


T = TypeVar("T")


class _Once:
    """What may be said in one of several files only."""

    def __init__(self) -> None:
        self._first: dict[str, RuleRef] = {}

    def of(self, source: Source, name: str, value: T | None, before: T | None) -> T | None:
        if value is None:
            return before
        if name in self._first:
            found = f"`{name}` a second time (first at {self._first[name]})"
            source.fault((name,), found, "to be said once")
        self._first.setdefault(name, source.ref(name))
        return value


def parties(sources: Iterable[Source]) -> Parties | None:
    """Of all files together; None where one of them has errors."""
    customers: dict[str, Hit] = {}
    suppliers: dict[str, Hit] = {}
    switch: tuple[bool, Hit] | None = None
    synchronise: Synchronise | None = None
    new_in_cin7: NewInCin7 | None = None
    fields: FieldRules | None = None
    once = _Once()
    sources = list(sources)
    for source in sources:
        file = check(source, PartiesFile)
        if file is None:
            continue
        _collect(source, "customers", file.customers, customers)
        _collect(source, "suppliers", file.suppliers, suppliers)
        its = None
        if file.match_tax_number is not None:
            its = file.match_tax_number, Hit("match_tax_number", source.ref("match_tax_number"))
        switch = once.of(source, "match_tax_number", its, switch)
        synchronise = once.of(source, "synchronise", file.synchronise, synchronise)
        new_in_cin7 = once.of(source, "new_in_cin7", file.new_in_cin7, new_in_cin7)
        fields = once.of(source, "fields", _fields(source, file.fields), fields)
    if switch is None and sources and not any(source.errors for source in sources):
        sources[0].fault((), "no `match_tax_number`", "`match_tax_number: true` or `false`")
    if switch is None or any(source.errors for source in sources):
        return None
    return Parties(
        *switch,
        customers,
        suppliers,
        _create_in(synchronise),
        _new(new_in_cin7),
        DEFAULT_FIELDS if fields is None else fields,
    )


def _collect(source: Source, section: str, entries: Mapping[str, str], into: dict[str, Hit]) -> None:
    for name, number in entries.items():
        hit = Hit(number, source.ref(section, name))
        first = into.setdefault(fold(name), hit)
        if first is not hit:
            found = f'"{name}" a second time (first at {first.rule})'
            source.fault((section, name), found, "each party once, regardless of case")


def _fields(source: Source, entries: Mapping[PartyField, FieldEntry] | None) -> FieldRules | None:
    if entries is None:
        return None
    rules: dict[PartyField, FieldRule] = {}
    for name, entry in entries.items():
        to_cin7: dict[str, str] = {}
        for ours, theirs in entry.values.items():
            to_cin7.setdefault(fold(theirs), ours)
        rules[name] = FieldRule(
            entry.direction,
            entry.too_long,
            entry.clears,
            {fold(ours): theirs for ours, theirs in entry.values.items()},
            to_cin7,
            source.ref("fields", name),
        )
        if name in (PartyField.PAYMENT_TERMS, PartyField.TAX_LIABLE) and not entry.values:
            source.fault(("fields", name), f"`{name}` without `values`", "a table from Cin7's texts to NAV's")
    return rules


def _create_in(synchronise: Synchronise | None) -> dict[PartyKind, tuple[Side, ...]]:
    if synchronise is None:
        return {}
    entries = {PartyKind.CUSTOMER: synchronise.customers, PartyKind.SUPPLIER: synchronise.suppliers}
    return {kind: entry.create_in for kind, entry in entries.items() if entry}


def _new(new_in_cin7: NewInCin7 | None) -> dict[PartyKind, Mapping[str, str]]:
    names: dict[str, str] = {
        "account_receivable": "AccountReceivable",
        "account_payable": "AccountPayable",
        "revenue_account": "RevenueAccount",
        "tax_rule": "TaxRule",
        "payment_term": "PaymentTerm",
    }
    if new_in_cin7 is None:
        return {}
    entries: dict[PartyKind, Any] = {
        PartyKind.CUSTOMER: new_in_cin7.customers,
        PartyKind.SUPPLIER: new_in_cin7.suppliers,
    }
    return {
        kind: {names[name]: value for name, value in entry.model_dump().items()}
        for kind, entry in entries.items()
        if entry
    }
