"""Everything in NAV that the mapping files name, so that it can be compared with NAV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cin7_nav.mappings.load import Mappings
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import RuleRef


class Referenced(StrEnum):
    ACCOUNT = "G/L account"
    DIMENSION_VALUE = "dimension value"
    CUSTOMER = "customer"
    VENDOR = "vendor"
    JOURNAL_TEMPLATE = "journal template"


@dataclass(frozen=True, slots=True)
class Reference:
    what: Referenced
    code: str
    rule: RuleRef
    dimension: str = ""
    """The dimension's code, where a dimension value is named."""


def references(mappings: Mappings) -> tuple[Reference, ...]:
    """One entry per place that names something in NAV."""
    return tuple(_references(mappings))


def _references(mappings: Mappings) -> Iterator[Reference]:
    company = mappings.company
    yield _named(Referenced.JOURNAL_TEMPLATE, company.template)
    yield _named(Referenced.ACCOUNT, company.rounding_account)
    if company.clearing_account:
        yield _named(Referenced.ACCOUNT, company.clearing_account)
    for rule in mappings.accounts:
        yield Reference(Referenced.ACCOUNT, rule.value, rule.ref)
    for tax_rule in mappings.tax:
        for component in tax_rule.components:
            yield Reference(Referenced.ACCOUNT, component.account, tax_rule.ref)
    for dimension in mappings.dimensions.values():
        for rule in dimension.rules:
            yield Reference(Referenced.DIMENSION_VALUE, rule.value, rule.ref, dimension.code)
    for hit in mappings.parties.customers.values():
        yield _named(Referenced.CUSTOMER, hit)
    for hit in mappings.parties.suppliers.values():
        yield _named(Referenced.VENDOR, hit)


def _named(what: Referenced, hit: Hit) -> Reference:
    return Reference(what, hit.value, hit.rule)
