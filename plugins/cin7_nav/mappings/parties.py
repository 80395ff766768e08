"""Which NAV customer or vendor a Cin7 party is: `parties.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.files import PartiesFile
from cin7_nav.mappings.reader import Source, check
from cin7_nav.mappings.rules import Hit


@dataclass(frozen=True, slots=True)
class Parties:
    match_tax_number: bool
    match_tax_number_rule: Hit
    customers: Mapping[str, Hit]
    """Folded name or ID → NAV customer number."""
    suppliers: Mapping[str, Hit]


def parties(sources: Iterable[Source]) -> Parties | None:
    """Of all files together; None where one of them has errors."""
    customers: dict[str, Hit] = {}
    suppliers: dict[str, Hit] = {}
    switch: tuple[bool, Hit] | None = None
    sources = list(sources)
    for source in sources:
        file = check(source, PartiesFile)
        if file is None:
            continue
        _collect(source, "customers", file.customers, customers)
        _collect(source, "suppliers", file.suppliers, suppliers)
        if file.match_tax_number is None:
            continue
        if switch:
            found = f"`match_tax_number` a second time (first at {switch[1].rule})"
            source.fault(("match_tax_number",), found, "to be said once")
        switch = (file.match_tax_number, Hit("match_tax_number", source.ref("match_tax_number")))
    if switch is None and sources and not any(source.errors for source in sources):
        sources[0].fault((), "no `match_tax_number`", "`match_tax_number: true` or `false`")
    if switch is None or any(source.errors for source in sources):
        return None
    return Parties(*switch, customers, suppliers)


def _collect(source: Source, section: str, entries: Mapping[str, str], into: dict[str, Hit]) -> None:
    for name, number in entries.items():
        hit = Hit(number, source.ref(section, name))
        first = into.setdefault(fold(name), hit)
        if first is not hit:
            found = f'"{name}" a second time (first at {first.rule})'
            source.fault((section, name), found, "each party once, regardless of case")
