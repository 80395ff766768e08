"""Which documents NAV posts at once, which wait in NAV and which wait for a person's yes: `posting.yaml`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from cin7_nav.mappings.facts import Facts, Field
from cin7_nav.mappings.files import PostingFile
from cin7_nav.mappings.reader import MappingError, Source, check
from cin7_nav.mappings.rules import Case
from cin7_nav.model import Posting


@dataclass(frozen=True, slots=True)
class PostingRule(Case):
    posting: Posting
    amount_from: Decimal | None
    """The least total, in local currency without its sign."""
    amount_to: Decimal | None
    """The total from which on the rule matches no longer."""
    first_document: bool
    """Whether it matches only the first document of its party."""

    @property
    def rank(self) -> int:
        """The conditions as a binary number, strongest first: this written order decides which rule wins."""
        has_amount = self.amount_from is not None or self.amount_to is not None
        given = (
            Field.CUSTOMER in self.when,
            Field.SUPPLIER in self.when,
            self.first_document,
            has_amount,
            Field.KIND in self.when,
        )
        return sum(1 << place for place, is_given in enumerate(reversed(given)) if is_given)

    def matches(self, facts: Facts, total: Decimal, *, is_first: bool) -> bool:
        """`total` in local currency, without its sign."""
        return (
            facts.match(self.when)
            and (self.amount_from is None or total >= self.amount_from)
            and (self.amount_to is None or total < self.amount_to)
            and (is_first or not self.first_document)
        )

    def meets(self, other: PostingRule) -> bool:
        """Whether there are documents that both match, as far as the rules themselves show."""
        texts = all(not self.when[field].isdisjoint(other.when[field]) for field in self.when)
        return (
            texts and _below(self.amount_from, other.amount_to) and _below(other.amount_from, self.amount_to)
        )


def _below(lower: Decimal | None, upper: Decimal | None) -> bool:
    return lower is None or upper is None or lower < upper


def posting_rules(sources: Iterable[Source]) -> tuple[PostingRule, ...]:
    """Of all files together, each with its faults in its source."""
    sources = list(sources)
    rules: list[PostingRule] = []
    for source in sources:
        file = check(source, PostingFile)
        for at, entry in enumerate(file.rules if file else ()):
            when = entry.when
            if not _below(when.amount_from, when.amount_to):
                source.fault(("rules", at), "a rule that never matches", "`amount_from` below `amount_to`")
            if when.customer and when.supplier:
                allowed = "conditions on a customer or on a supplier"
                source.fault(("rules", at), "a rule that never matches", allowed)
            rules.append(
                PostingRule(
                    when.conditions(),
                    source.ref("rules", at),
                    entry.posting,
                    when.amount_from,
                    when.amount_to,
                    when.first_document,
                )
            )
    files = {source.file: source for source in sources}
    for first, second in combinations(rules, 2):
        if first.rank == second.rank and first.meets(second):
            found = f"a rule for some of the documents of {first.ref}"
            allowed = "rules that differ in a condition, or in its values"
            error = MappingError(second.ref.file, second.ref.line, found, allowed)
            files[second.ref.file].errors.append(error)
    return tuple(rules)
