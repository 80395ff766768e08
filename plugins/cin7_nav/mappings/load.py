"""Reading the directory of mapping files, all errors at once; and looking things up in what was read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cin7_nav.mappings.company import Company, company
from cin7_nav.mappings.dimensions import Dimension, ambiguous, dimensions
from cin7_nav.mappings.facts import Facts, Field
from cin7_nav.mappings.files import FILES, AccountsFile, TaxFile
from cin7_nav.mappings.parties import Parties, parties
from cin7_nav.mappings.reader import MappingError, Source, check, nearest, read
from cin7_nav.mappings.rules import Ambiguous, Hit, Rule, conflicts, lookup
from cin7_nav.model import Fixer, Kind, Problem, RuleRef

_PURCHASES = frozenset(kind.value for kind in Kind if not kind.is_sale)


@dataclass(frozen=True, slots=True)
class Mappings:
    """Everything the mapping files say. Lookups answer with the value and its rule, or with a problem."""

    company: Company
    accounts: tuple[Rule, ...]
    tax: tuple[Rule, ...]
    dimensions: Mapping[str, Dimension]
    parties: Parties
    fingerprint: str
    """SHA-256 of the files' contents: another one means that somebody edited them."""

    def account(self, facts: Facts, where: str) -> Hit | Problem:
        """The NAV account of a line. Where NAV owns inventory value, purchase lines on an inventory account
        go to the clearing account and nowhere else."""
        if self.company.clearing_account and facts.match(
            {Field.KIND: _PURCHASES, Field.CIN7_ACCOUNT: self.company.inventory_accounts}
        ):
            return self.company.clearing_account
        return _account(self.accounts, facts, where, Field.CIN7_ACCOUNT, "Cin7 account", "accounts.yaml")

    def tax_account(self, facts: Facts, where: str) -> Hit | Problem:
        """The NAV account that takes the tax of a line."""
        return _account(self.tax, facts, where, Field.TAX_RULE, "tax rule", "tax.yaml")

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


def _account(
    rules: Iterable[Rule], facts: Facts, where: str, field: Field, name: str, file: str
) -> Hit | Problem:
    found = lookup(rules, facts)
    if isinstance(found, Hit):
        return found
    text = next(iter(facts.texts.get(field, ())), "")
    if isinstance(found, Ambiguous):
        return ambiguous(f'{name} "{text}"', found, where)
    kind = facts.texts[Field.KIND][0].replace("_", " ")
    code = "tax_rule_unmapped" if field is Field.TAX_RULE else "account_unmapped"
    what = f'{name} "{text}"' if text else f"a line without {name}"
    message = f"{what} has no NAV account on a {kind}: no rule in {file} matches"
    return Problem(code, message, where, Fixer.MAPPING_EDITOR)


def load(directory: Path) -> Mappings | list[MappingError]:
    """Read every `*.yaml` in the directory; the name up to its first dot says what a file holds.

    Rules of one sort may be spread over several files (`accounts.yaml`, `accounts.sales.yaml`): neither the
    files nor their order nor the order of their rules plays a part. Returns all errors of all files.
    """
    sources: dict[str, list[Source]] = {sort: [] for sort in FILES}
    errors: list[MappingError] = []
    digest = hashlib.sha256()
    for path in sorted([*directory.glob("*.yaml"), *directory.glob("*.yml")]):
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
        if not found:
            errors.append(
                MappingError(f"{sort}.yaml", 1, "no such file", f"a file {sort}.yaml in {directory.name}/")
            )
    for extra in sources["company"][1:]:
        extra.fault((), f"a second company file beside {sources['company'][0].file}", "one company.yaml")

    its_company = company(sources["company"][0]) if sources["company"] else None
    accounts = _account_rules(sources["accounts"], AccountsFile)
    tax = _account_rules(sources["tax"], TaxFile)
    its_dimensions = dimensions(sources["dimensions"])
    its_parties = parties(sources["parties"])

    files = {source.file: source for group in sources.values() for source in group}
    for rules in (accounts, tax, *(dimension.rules for dimension in its_dimensions.values())):
        _check_rules(rules, files)
    if its_company:
        _check_inventory_accounts(its_company, accounts, files)
    errors += [error for source in files.values() for error in source.errors]
    if errors or its_company is None or its_parties is None:
        return sorted(errors, key=lambda error: (error.file, error.line))
    return Mappings(its_company, accounts, tax, its_dimensions, its_parties, digest.hexdigest())


def _account_rules(sources: Iterable[Source], model: type[AccountsFile | TaxFile]) -> tuple[Rule, ...]:
    return tuple(
        Rule(entry.when.conditions(), entry.account, source.ref("rules", at))
        for source in sources
        if (file := check(source, model)) is not None
        for at, entry in enumerate(file.rules)
    )


def _check_rules(rules: Iterable[Rule], files: Mapping[str, Source]) -> None:
    rules = list(rules)
    for first, second in conflicts(rules):
        found = f"a rule for the same case as {first.ref}"
        _fault(files, second.ref, found, "rules that differ in a condition, or in its values")
    for rule in rules:
        if {Field.CUSTOMER, Field.SUPPLIER} <= set(rule.when):
            _fault(files, rule.ref, "a rule that never matches", "conditions on a customer or on a supplier")


def _check_inventory_accounts(
    its_company: Company, accounts: Iterable[Rule], files: Mapping[str, Source]
) -> None:
    """A rule for an inventory account beside the clearing account would be a second answer."""
    if its_company.clearing_account is None:
        return
    for rule in accounts:
        named = rule.when.get(Field.CIN7_ACCOUNT, frozenset()) & its_company.inventory_accounts
        if named and not rule.when.get(Field.KIND, _PURCHASES).isdisjoint(_PURCHASES):
            found = f"a rule for inventory account {', '.join(sorted(named))} with `valuation: nav`"
            allowed = (
                f"no such rule: {its_company.clearing_account.rule} sends those purchase lines to clearing"
            )
            _fault(files, rule.ref, found, allowed)


def _fault(files: Mapping[str, Source], ref: RuleRef, found: str, allowed: str) -> None:
    files[ref.file].errors.append(MappingError(ref.file, ref.line, found, allowed))
