"""A rule, and which of several rules wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

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
class Case:
    """The conditions of a rule and its place; each sort of rule adds what follows from them."""

    when: Mapping[Field, frozenset[str]]
    """Field → the folded texts of which one must be given; every condition must hold."""
    ref: RuleRef

    @property
    def rank(self) -> int:
        return rank(self.when)


@dataclass(frozen=True, slots=True)
class Rule(Case):
    """A rule that gives one NAV code."""

    value: str


C = TypeVar("C", bound=Case)


def strongest(matching: Iterable[C]) -> C | Ambiguous | None:
    """The highest-ranking of the rules that match; their order in the files plays no part."""
    matching = list(matching)
    if not matching:
        return None
    highest = max(rule.rank for rule in matching)
    best = [rule for rule in matching if rule.rank == highest]
    if len(best) > 1:
        return Ambiguous(tuple(sorted((rule.ref for rule in best), key=lambda ref: (ref.file, ref.line))))
    return best[0]


def lookup(rules: Iterable[C], facts: Facts) -> C | Ambiguous | None:
    """The rule that decides these facts."""
    return strongest(rule for rule in rules if facts.match(rule.when))


def conflicts(rules: Iterable[C]) -> Iterator[tuple[C, C]]:
    """Pairs of rules with the same conditions and a combination of values that both match."""
    seen: dict[tuple[tuple[Field, str], ...], C] = {}
    for rule in rules:
        earlier: set[RuleRef] = set()
        fields = sorted(rule.when)
        for combination in product(*(sorted(rule.when[field]) for field in fields)):
            first = seen.setdefault(tuple(zip(fields, combination, strict=True)), rule)
            if first is not rule and first.ref not in earlier:
                earlier.add(first.ref)
                yield first, rule
