"""Reading the directory of mapping files, all errors at once; and looking things up in what was read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from cin7_nav.mappings import subscriptions
from cin7_nav.mappings.company import Company, company
from cin7_nav.mappings.dimensions import Dimension, ambiguous, dimensions
from cin7_nav.mappings.facts import Facts, Field
from cin7_nav.mappings.files import FILES, OPTIONAL, AccountsFile, TaxMode
from cin7_nav.mappings.parties import Parties, parties
from cin7_nav.mappings.posting import PostingRule, posting_rules
from cin7_nav.mappings.reader import MappingError, Source, check, nearest, read
from cin7_nav.mappings.rules import Ambiguous, Case, Hit, Rule, conflicts, lookup, strongest
from cin7_nav.mappings.stock import Stock, stock
from cin7_nav.mappings.tax import TaxRule, tax_rules
from cin7_nav.model import Fixer, Kind, LineType, Posting, Problem, RuleRef
from cin7_nav.movements import MOVEMENT_PREFIXES

_PURCHASES = frozenset(kind.value for kind in Kind if kind.is_purchase)


@dataclass(frozen=True, slots=True)
class Mappings:
    """Everything the mapping files say. Lookups answer with the value and its rule, or with a problem."""

    company: Company
    accounts: tuple[Rule, ...]
    tax: tuple[TaxRule, ...]
    dimensions: Mapping[str, Dimension]
    parties: Parties
    posting_rules: tuple[PostingRule, ...]
    stock: Stock | None
    """None: no stock is carried."""
    fingerprint: str
    """SHA-256 of the files' contents: another one means that somebody edited them."""

    def account(self, facts: Facts, where: str) -> Hit | Problem:
        """The NAV account of a line. Where NAV owns inventory value, purchase lines on an inventory account
        go to the clearing account and nowhere else."""
        if self.company.clearing_account and facts.match(
            {Field.KIND: _PURCHASES, Field.CIN7_ACCOUNT: self.company.inventory_accounts}
        ):
            return self.company.clearing_account
        found = lookup(self.accounts, facts)
        if isinstance(found, Rule):
            return Hit(found.value, found.ref)
        text = _text(facts, Field.CIN7_ACCOUNT)
        if found is not None:
            return ambiguous(f'Cin7 account "{text}"', found, where)
        what = f'Cin7 account "{text}"' if text else "a line without Cin7 account"
        message = f"{what} has no NAV account on a {_kind(facts)}: no rule in accounts.yaml matches"
        return Problem("account_unmapped", message, where, Fixer.MAPPING_EDITOR)

    def tax_rule(self, facts: Facts, where: str) -> TaxRule | Problem:
        """What becomes of the tax of a line."""
        found = lookup(self.tax, facts)
        if isinstance(found, TaxRule):
            return found
        text = _text(facts, Field.TAX_RULE)
        if found is not None:
            return ambiguous(f'tax rule "{text}"', found, where)
        what = f'tax rule "{text}"' if text else "a line without tax rule"
        lacks = "NAV account" if self.company.tax_mode is TaxMode.EXPLICIT else "NAV VAT code"
        message = f"{what} has no {lacks} on a {_kind(facts)}: no rule in tax.yaml matches"
        return Problem("tax_rule_unmapped", message, where, Fixer.MAPPING_EDITOR)

    def posting(
        self, facts: Facts, local_total: Decimal, is_first: bool
    ) -> tuple[Posting, RuleRef] | Problem:
        """What is to happen to a document's journal, and the rule that says so.

        `local_total` in local currency, its sign plays no part; `is_first`: the first one of its party.
        """
        total = abs(local_total)
        found = strongest(
            rule for rule in self.posting_rules if rule.matches(facts, total, is_first=is_first)
        )
        if isinstance(found, Ambiguous):
            return ambiguous("how to post the document", found, "posting.yaml")
        if found is None:
            return self.company.posting, self.company.posting_rule
        return found.posting, found.ref

    @property
    def asks_first_document(self) -> bool:
        """Whether any rule treats the first document of a party in its own way."""
        return any(rule.first_document for rule in self.posting_rules)

    def warnings(self) -> tuple[str, ...]:
        """What the files decide that an accountant should know of, one sentence each."""
        if self.company.tax_mode is TaxMode.NAV:
            return ()
        accounts = sorted({component.account for rule in self.tax for component in rule.components})
        return (
            f"{self.company.tax_mode_rule}: with `tax_mode: explicit` NAV's VAT return does not contain the "
            "tax of these documents: take it from the tax accounts",
            f"tax accounts {', '.join(accounts) or '(none)'}: each must allow direct posting in NAV and have "
            "no general posting type, else NAV refuses the tax or computes its own on it",
        )

    def dimension_values(self, facts: Facts, where: str) -> Iterator[tuple[str, Hit] | Problem]:
        """Pairs of dimension code and value; dimensions without a value are left out."""
        for code, dimension in self.dimensions.items():
            found = dimension.value(facts, where)
            if isinstance(found, Hit):
                yield code, found
            elif found is not None:
                yield found

    def asks_for(self, field: Field) -> bool:
        """Whether any rule depends on this field, e.g. on the product category, which must then be filled."""
        rules = [
            *self.accounts,
            *self.tax,
            *(rule for each in self.dimensions.values() for rule in each.rules),
        ]
        return any(field in rule.when for rule in rules)


def _text(facts: Facts, field: Field) -> str:
    return next(iter(facts.texts.get(field, ())), "")


def _kind(facts: Facts) -> str:
    return _text(facts, Field.KIND).replace("_", " ")


def load(directory: Path) -> Mappings | list[MappingError]:
    """Read every `*.yaml` in the directory; the name up to its first dot says what a file holds.

    `subscriptions.yaml` is apart: it decides about no document. Rules of one sort may be spread over several
    files (`accounts.yaml`, `accounts.sales.yaml`): neither the files nor their order nor the order of their
    rules plays a part. Returns all errors of all files.
    """
    sources: dict[str, list[Source]] = {sort: [] for sort in FILES}
    errors: list[MappingError] = []
    digest = hashlib.sha256()
    for path in sorted([*directory.glob("*.yaml"), *directory.glob("*.yml")]):
        if path.name == subscriptions.FILE:
            continue
        sort = path.name.partition(".")[0]
        if sort not in FILES or path.suffix != ".yaml":
            allowed = ", ".join(f"{name}.yaml" for name in FILES)
            errors.append(
                MappingError(path.name, 1, f"a file called {path.name}", allowed, nearest(sort, [*FILES]))
            )
            continue
        digest.update(f"{path.name}\0{len(path.read_bytes())}\0".encode() + path.read_bytes())
        sources[sort].append(read(path))
    for sort, found in sources.items():
        if not found and sort not in OPTIONAL:
            errors.append(
                MappingError(f"{sort}.yaml", 1, "no such file", f"a file {sort}.yaml in {directory.name}/")
            )
    for extra in sources["company"][1:]:
        extra.fault((), f"a second company file beside {sources['company'][0].file}", "one company.yaml")

    its_company = company(sources["company"][0]) if sources["company"] else None
    accounts = _account_rules(sources["accounts"])
    tax = tax_rules(sources["tax"], its_company.tax_mode if its_company else None)
    its_dimensions = dimensions(sources["dimensions"])
    its_parties = parties(sources["parties"])
    its_posting_rules = posting_rules(sources["posting"])
    its_stock = stock(sources["stock"])

    files = {source.file: source for group in sources.values() for source in group}
    sorts: list[Iterable[Case]] = [
        accounts,
        tax,
        *(dimension.rules for dimension in its_dimensions.values()),
    ]
    for rules in sorts:
        _check_rules(rules, files)
    if its_company and its_stock:
        _check_movement_prefixes(its_company, sources["company"][0])
    if its_company:
        _check_inventory_accounts(its_company, accounts, files)
    errors += [error for source in files.values() for error in source.errors]
    if errors or its_company is None or its_parties is None:
        return sorted(errors, key=lambda error: (error.file, error.line))
    return Mappings(
        its_company,
        accounts,
        tax,
        its_dimensions,
        its_parties,
        its_posting_rules,
        its_stock,
        digest.hexdigest(),
    )


def _account_rules(sources: Iterable[Source]) -> tuple[Rule, ...]:
    return tuple(
        Rule(entry.when.conditions(), source.ref("rules", at), entry.account)
        for source in sources
        if (file := check(source, AccountsFile)) is not None
        for at, entry in enumerate(file.rules)
    )


def _check_movement_prefixes(its_company: Company, source: Source) -> None:
    """Item documents have prefixes of their own: automatic cost posting writes G/L entries under them."""
    for kind, prefix in its_company.prefixes.items():
        for taken in MOVEMENT_PREFIXES.values():
            if prefix.startswith(taken) or taken.startswith(prefix):
                source.fault(
                    ("document_numbers", kind),
                    f"{prefix}, with which stock movements begin",
                    "another prefix",
                )


def _check_rules(rules: Iterable[Case], files: Mapping[str, Source]) -> None:
    rules = list(rules)
    for first, second in conflicts(rules):
        found = f"a rule for the same case as {first.ref}"
        _fault(files, second.ref, found, "rules that differ in a condition, or in its values")
    for rule in rules:
        if {Field.CUSTOMER, Field.SUPPLIER} <= set(rule.when):
            _fault(files, rule.ref, "a rule that never matches", "conditions on a customer or on a supplier")
        if Field.CHARGE in rule.when and (Field.CATEGORY in rule.when or _is_for_items(rule)):
            allowed = "conditions on a charge or on a product line"
            _fault(files, rule.ref, "a rule that never matches", allowed)


def _is_for_items(rule: Case) -> bool:
    return rule.when.get(Field.LINE) == frozenset((LineType.ITEM.value,))


def _check_inventory_accounts(
    its_company: Company, accounts: Iterable[Rule], files: Mapping[str, Source]
) -> None:
    """Where NAV owns the value of stock, a rule for an inventory account beside the clearing account would be
    a second answer, and there are no cost journals; where Cin7 owns it, both need a rule for each."""
    if its_company.clearing_account is None:
        _check_cin7_valuation(its_company, accounts, files)
        return
    for rule in accounts:
        named = rule.when.get(Field.CIN7_ACCOUNT, frozenset()) & its_company.inventory_accounts
        if named and not rule.when.get(Field.KIND, _PURCHASES).isdisjoint(_PURCHASES):
            found = f"a rule for inventory account {', '.join(sorted(named))} with `valuation: nav`"
            allowed = (
                f"no such rule: {its_company.clearing_account.rule} sends those purchase lines to clearing"
            )
            _fault(files, rule.ref, found, allowed)
        if rule.when.get(Field.KIND) == frozenset((Kind.COST_JOURNAL.value,)):
            found = f"a rule for {Kind.COST_JOURNAL} with `valuation: nav`"
            _fault(files, rule.ref, found, "no such rule: NAV books the cost of goods itself")


def _check_cin7_valuation(
    its_company: Company, accounts: Iterable[Rule], files: Mapping[str, Source]
) -> None:
    """Each inventory account has a rule for what is bought on it and one for what Cin7 books on it."""
    accounts = list(accounts)
    for account in sorted(its_company.inventory_accounts):
        lacking = [
            kind
            for kind in Kind
            if (kind.is_purchase or kind is Kind.COST_JOURNAL)
            and not any(
                account in rule.when.get(Field.CIN7_ACCOUNT, {account})
                and kind in rule.when.get(Field.KIND, {kind})
                and (kind.is_purchase or set(rule.when) <= {Field.CIN7_ACCOUNT, Field.KIND})
                for rule in accounts
            )
        ]
        if lacking:
            found = f"no rule in accounts.yaml for inventory account {account} on {', '.join(lacking)}"
            allowed = "with `valuation: cin7` a rule that names NAV's inventory account"
            _fault(files, its_company.inventory_accounts_rule, found, allowed)


def _fault(files: Mapping[str, Source], ref: RuleRef, found: str, allowed: str) -> None:
    files[ref.file].errors.append(MappingError(ref.file, ref.line, found, allowed))
