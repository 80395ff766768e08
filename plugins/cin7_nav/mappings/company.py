"""The decisions that hold for the whole company: `company.yaml`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.files import PREFIX, CompanyFile, Posting, Valuation
from cin7_nav.mappings.reader import Source, check
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import Kind, RuleRef


@dataclass(frozen=True, slots=True)
class Company:
    valuation: Valuation
    go_live: dt.date
    go_live_rule: RuleRef
    template: Hit
    posting: Posting
    tolerance: Decimal
    rounding_account: Hit
    prefixes: Mapping[Kind, str]
    """What NAV document numbers of each kind begin with."""
    inventory_accounts: frozenset[str]
    """Cin7 account codes, folded."""
    clearing_account: Hit | None
    """Present exactly when NAV owns inventory value."""


def company(source: Source) -> Company | None:
    """None where the source now has errors."""
    _check_valuation(source)
    faults = len(source.errors)
    file = check_all(source)
    if file is None or faults:
        return None
    prefixes = {kind: file.document_numbers.model_dump()[kind].removesuffix("{number}") for kind in Kind}
    for one, other in permutations(Kind, 2):
        if prefixes[other].startswith(prefixes[one]) and (one < other or prefixes[one] != prefixes[other]):
            found = f"{prefixes[other]} for {other}, which begins like {prefixes[one]} for {one}"
            allowed = "prefixes that cannot be mistaken for one another"
            source.fault(("document_numbers", other), found, allowed)
    if source.errors:
        return None
    return Company(
        valuation=file.valuation,
        go_live=file.go_live,
        go_live_rule=source.ref("go_live"),
        template=Hit(file.journal.template, source.ref("journal", "template")),
        posting=file.journal.posting,
        tolerance=file.rounding.tolerance,
        rounding_account=Hit(file.rounding.account, source.ref("rounding", "account")),
        prefixes=prefixes,
        inventory_accounts=frozenset(map(fold, file.inventory_accounts)),
        clearing_account=Hit(file.clearing_account, source.ref("clearing_account"))
        if file.clearing_account
        else None,
    )
