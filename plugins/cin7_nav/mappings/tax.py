"""What becomes of the tax of a line: `tax.yaml`, read as the company's tax mode asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.mappings.files import TaxComponent, TaxEntry, TaxFile, TaxMode
from cin7_nav.mappings.reader import Location, Source, check
from cin7_nav.mappings.rules import Case

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Component:
    """A share of a tax."""

    account: str
    """NAV G/L account."""
    weight: Decimal
    """Percent of the net amount, earlier components below a compound one included; only the proportion of
    the weights counts."""


@dataclass(frozen=True, slots=True)
class TaxRule(Case):
    components: tuple[Component, ...] = ()
    """Mode `explicit`: the accounts that share the tax amount; at least one."""
    vat_code: str = ""
    """Mode `nav`: NAV's VAT product posting group."""
    percent: Decimal = Decimal(0)
    """Mode `nav`: NAV's VAT rate for that group."""


def tax_rules(sources: Iterable[Source], mode: TaxMode | None) -> tuple[TaxRule, ...]:
    """Of all files together; without a mode (the company file has errors) only their form is checked."""
    return tuple(
        _rule(source, entry, ("rules", at), mode)
        for source in sources
        if (file := check(source, TaxFile)) is not None
        for at, entry in enumerate(file.rules)
    )


def _rule(source: Source, entry: TaxEntry, location: Location, mode: TaxMode | None) -> TaxRule:
    _check_mode(source, entry, location, mode)
    whole = [TaxComponent(account=entry.account, percent=HUNDRED)] if entry.account else []
    components = tuple(_weighed(entry.components or whole))
    if components and not any(component.weight for component in components):
        source.fault((*location, "components"), "components of 0 percent", "at least one above 0")
    return TaxRule(
        entry.when.conditions(),
        source.ref(*location),
        components,
        entry.vat_code or "",
        entry.percent or Decimal(0),
    )


def _weighed(components: Iterable[TaxComponent]) -> Iterator[Component]:
    """A compound component is charged on the net amount and the taxes before it."""
    earlier = Decimal(0)
    for component in components:
        weight = component.percent * (1 + earlier / HUNDRED) if component.compound else component.percent
        yield Component(component.account, weight)
        earlier += weight


def _check_mode(source: Source, entry: TaxEntry, location: Location, mode: TaxMode | None) -> None:
    accounts = [name for name in ("account", "components") if getattr(entry, name)]
    codes = [name for name in ("vat_code", "percent") if getattr(entry, name) is not None]
    if mode is TaxMode.EXPLICIT and (len(accounts) != 1 or codes):
        found = " and ".join(f"`{name}`" for name in accounts + codes) or "neither"
        source.fault(location, found, "with `tax_mode: explicit`, either `account` or `components`")
    if mode is TaxMode.NAV and (len(codes) != 2 or accounts):
        found = " and ".join(f"`{name}`" for name in accounts + codes) or "neither"
        source.fault(location, found, "with `tax_mode: nav`, `vat_code` together with `percent`")
