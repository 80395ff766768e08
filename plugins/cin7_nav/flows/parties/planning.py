"""What is to be done with the parties of one kind, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cin7_nav.mappings.load import Mappings
from cin7_nav.mappings.parties import FieldRules
from cin7_nav.model import Fixer, Party, PartyField, PartyKind, Problem, Side
from cin7_nav.rules import party_fields
from cin7_nav.rules.party_fields import Unmapped
from cin7_nav.rules.party_matching import Candidate, Doubt, Known, Matches, Profile, match
from cin7_nav.rules.party_merging import Conflict
from cin7_nav.store import parties
from cin7_nav.store.database import Database
from cin7_nav.store.parties import Link
from cin7_nav.store.reviews import CONFLICT, MATCH, Open

CREATED = "created"
"""How a link came about whose one record was made after the other."""


@dataclass(frozen=True)
class Board:
    """Every record of one kind, and what is known of them."""

    kind: PartyKind
    cards: Mapping[Side, Mapping[str, Party]]
    links: tuple[Link, ...]
    known: Known
    creating: Mapping[str, Link]
    """By the id of their one record: what is to be created and was not sent yet. It may still turn out to be
    there."""

    @classmethod
    def of(cls, database: Database, kind: PartyKind, mappings: Mappings) -> Board:
        links = tuple(parties.links(database, kind))
        apart = parties.apart(database, kind)
        explicit = {name: hit.value for name, hit in mappings.parties.explicit(kind).items()}
        creating = {
            one.cin7_id or one.nav_id or "": one
            for one in links
            if one.missing and one.intended_at is None and one.how == CREATED
        }
        standing = [one for one in links if one not in creating.values()]
        known = Known(
            explicit=explicit,
            linked={one.cin7_id or f"new {one.id}": one.nav_id or f"new {one.id}" for one in standing},
            apart=frozenset(pair for pair in apart if pair[1]),
            left_out=frozenset(one for one, other in apart if not other),
            by_tax_number=mappings.parties.match_tax_number,
        )
        cards = {side: parties.cards(database, kind, side) for side in Side}
        return cls(kind, cards, links, known, creating)

    def matches(self) -> Matches:
        return match(self.cards[Side.CIN7].values(), self.cards[Side.NAV].values(), self.known)

    def widowed(self) -> Iterator[tuple[Link, Party, Side]]:
        """Links of which one record is gone: the other one, and the side that lost its record."""
        for link in self.links:
            for side in Side:
                lost, left = link.of(side), link.of(side.other)
                if lost and left and lost not in self.cards[side] and left in self.cards[side.other]:
                    yield link, self.cards[side.other][left], side


def review_of(doubt: Doubt) -> Open:
    """A record in doubt as a question, with the candidates side by side."""
    one = doubt.profile.party
    shown: dict[str, Any] = {
        "record": _shown(one),
        "candidates": [_candidate(each) for each in doubt.candidates],
        "note": doubt.note,
    }
    return Open(one.side, one.id, MATCH, shown)


def review_of_widow(left: Party, lost: Side) -> Open:
    note = f"the record that it was linked with is gone from {lost.told}"
    return review_of(Doubt(Profile(left), (), note))


def review_of_conflicts(cin7: Party, nav: Party, conflicts: list[Conflict]) -> Open:
    """Fields that both sides changed, with both values and when each side changed."""
    shown = {
        "fields": {str(one.field): [one.cin7, one.nav] for one in conflicts},
        "nav_number": nav.number,
        "modified": [cin7.modified.isoformat(), nav.modified.isoformat()],
    }
    return Open(Side.CIN7, cin7.id, CONFLICT, shown)


def _shown(one: Party) -> dict[str, Any]:
    held = {str(name): value for name, value in one.values.items() if value}
    return {"side": str(one.side), "id": one.id, "number": one.number, "values": held}


def _candidate(each: Candidate) -> dict[str, Any]:
    return {
        **_shown(each.profile.party),
        "score": each.score,
        "reasons": list(each.reasons),
        "linked": each.linked,
    }


def new_values(card: Party, rules: FieldRules) -> tuple[dict[PartyField, str], list[Problem], list[str]]:
    """What a new record on the other side gets, in that side's words; what stands in the way; what is cut."""
    values: dict[PartyField, str] = {}
    problems: list[Problem] = []
    cut: list[str] = []
    target = card.side.other
    for name, rule in rules.items():
        where = f"{card.place}, {name}"
        try:
            common = party_fields.common(name, card.side, card.values.get(name, ""), rule)
            text = party_fields.written(name, target, common, "", rule) if common else ""
        except Unmapped as error:
            problems.append(Problem("party_value_unmapped", str(error), where, Fixer.MAPPING_EDITOR))
            continue
        fitted = party_fields.fitted(name, target, text, rule)
        if fitted != text:
            told = f"{name} has {party_fields.length(text)} characters, {target.told} has room for "
            told += str(party_fields.room(name, target, rule))
            if rule.too_long.value == "wait":
                advice = f"{told}: shorten it in {card.side.told}, or let {rule.rule} cut it"
                problems.append(Problem("party_value_too_long", advice, where, Fixer.DATA_TEAM))
            else:
                cut.append(f"{told}: cut")
        if fitted:
            values[name] = fitted
    return values, problems, cut
