"""A rule, and which of several rules wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from cin7_nav.mappings.facts import Facts, Field, rank
from cin7_nav.model import RuleRef


@dataclass(frozen=True, slots=True)
class Hit:
    """A value, and the line of the file that gave it."""

    value: str
    rule: RuleRef


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several rules of equal rank match: nothing tells which one is meant."""

    rules: tuple[RuleRef, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    when: Mapping[Field, frozenset[str]]
    """Field → the folded texts of which one must be given; every condition must hold."""
    value: str
    ref: RuleRef

    @property
    def rank(self) -> int:
        return rank(self.when)


def lookup(rules: Iterable[Rule], facts: Facts) -> Hit | Ambiguous | None:
    """The value of the highest-ranking rule that matches; their order in the files plays no part."""
    matching = [rule for rule in rules if facts.match(rule.when)]
    if not matching:
        return None
    highest = max(rule.rank for rule in matching)
    best = [rule for rule in matching if rule.rank == highest]
    if len(best) > 1:
        return Ambiguous(tuple(sorted((rule.ref for rule in best), key=lambda ref: (ref.file, ref.line))))
    return Hit(best[0].value, best[0].ref)


def conflicts(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Pairs of rules with the same conditions and a combination of values that both match."""
    seen: dict[tuple[tuple[Field, str], ...], Rule] = {}
    for rule in rules:
        earlier: set[RuleRef] = set()
        fields = sorted(rule.when)
        for combination in product(*(sorted(rule.when[field]) for field in fields)):
            first = seen.setdefault(tuple(zip(fields, combination, strict=True)), rule)
            if first is not rule and first.ref not in earlier:
                earlier.add(first.ref)
                yield first, rule
