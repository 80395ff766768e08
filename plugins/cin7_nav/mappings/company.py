"""The decisions that hold for the whole company: `company.yaml`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.files import CompanyFile, TaxMode, Valuation
from cin7_nav.mappings.reader import Source, check
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import Kind, Posting, RuleRef


@dataclass(frozen=True, slots=True)
class Company:
    valuation: Valuation
    go_live: dt.date
    go_live_rule: RuleRef
    template: Hit
    tax_mode: TaxMode
    tax_mode_rule: RuleRef
    posting: Posting
    """What happens to a journal for which posting.yaml has no rule."""
    posting_rule: RuleRef
    tolerance: Decimal
    rounding_account: Hit
    prefixes: Mapping[Kind, str]
    """What NAV document numbers of each kind begin with."""
    inventory_accounts: frozenset[str]
    """Cin7 account codes, folded."""
    inventory_accounts_rule: RuleRef
    clearing_account: Hit | None
    """Present exactly when NAV owns inventory value."""


def company(source: Source) -> Company | None:
    """None where the source has errors."""
    file = check(source, CompanyFile)
    _check_valuation(source)
    if file is None:
        return None
    prefixes = {
        Kind(kind): pattern.removesuffix("{number}")
        for kind, pattern in file.document_numbers.model_dump().items()
    }
    _check_prefixes(source, prefixes)
    if source.errors:
        return None
    clearing = file.clearing_account
    return Company(
        valuation=file.valuation,
        go_live=file.go_live,
        go_live_rule=source.ref("go_live"),
        template=Hit(file.journal.template, source.ref("journal", "template")),
        tax_mode=file.tax_mode,
        tax_mode_rule=source.ref("tax_mode"),
        posting=file.journal.posting,
        posting_rule=source.ref("journal", "posting"),
        tolerance=file.rounding.tolerance,
        rounding_account=Hit(file.rounding.account, source.ref("rounding", "account")),
        prefixes=prefixes,
        inventory_accounts=frozenset(map(fold, file.inventory_accounts)),
        inventory_accounts_rule=source.ref("inventory_accounts"),
        clearing_account=Hit(clearing, source.ref("clearing_account")) if clearing else None,
    )


def _check_valuation(source: Source) -> None:
    """Refuse a mixture of the two valuations: it would count stock twice or not at all."""
    if not isinstance(source.data, dict):
        return
    valuation = source.data.get("valuation")
    clearing = source.data.get("clearing_account")
    if valuation == Valuation.NAV and not clearing:
        allowed = "the NAV account that NAV credits when goods are received"
        source.fault(("valuation",), "`valuation: nav` without `clearing_account`", allowed)
    if valuation in tuple(Valuation) and not source.data.get("inventory_accounts"):
        allowed = "the Cin7 accounts that hold the value of stock"
        source.fault(("valuation",), f"`valuation: {valuation}` without `inventory_accounts`", allowed)
    if valuation == Valuation.CIN7 and clearing:
        allowed = "no clearing account: with `valuation: cin7` NAV books no value on receipts"
        source.fault(("clearing_account",), "`clearing_account` with `valuation: cin7`", allowed)


def _check_prefixes(source: Source, prefixes: Mapping[Kind, str]) -> None:
    for one, other in combinations(prefixes, 2):
        first, second = prefixes[one], prefixes[other]
        if first.startswith(second) or second.startswith(first):
            found = f"{second} for {other} beside {first} for {one}"
            source.fault(("document_numbers", other), found, "prefixes of which none begins like another")
