"""Two linked records become one truth: a three-way merge per field against what both sides last agreed on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from cin7_nav.mappings.files import Direction, TooLong
from cin7_nav.mappings.parties import FieldRule, FieldRules
from cin7_nav.model import Fixer, Party, PartyField, Problem, Side
from cin7_nav.rules import party_fields
from cin7_nav.rules.party_fields import NEVER_EMPTIED, Unmapped

Snapshot = Mapping[PartyField, tuple[str, str]]
"""Field → what Cin7 and NAV held when they were last settled, each in its own words."""

Chosen = Mapping[PartyField, tuple[Side, str, str]]
"""Field → whose value a person chose, and the two values that were shown."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that both sides changed differently and on which only a person can decide."""

    field: PartyField
    cin7: str
    nav: str


@dataclass(slots=True)
class Merge:
    """What follows for a link."""

    to_cin7: dict[PartyField, str] = field(default_factory=dict)
    """In Cin7's words."""
    to_nav: dict[PartyField, str] = field(default_factory=dict)
    settled: dict[PartyField, tuple[str, str]] = field(default_factory=dict)
    """The snapshot as far as nothing has to be written for it: it replaces the former one."""
    conflicts: list[Conflict] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    """What is written shorter than it is, one sentence each."""

    def changes(self, side: Side) -> dict[PartyField, str]:
        return self.to_cin7 if side is Side.CIN7 else self.to_nav


def merge(cin7: Party, nav: Party, before: Snapshot, rules: FieldRules, chosen: Chosen) -> Merge:
    """Compare the records field by field. What can't be decided or written says so and leaves both sides."""
    result = Merge()
    newest = _newest(cin7, nav)
    for name, rule in rules.items():
        held = cin7.values.get(name, ""), nav.values.get(name, "")
        past = before.get(name)
        try:
            _Field(name, rule, held, past, result, newest, chosen.get(name)).merge()
        except Unmapped as error:
            result.problems.append(
                Problem("party_value_unmapped", str(error), f"{cin7.place}, {name}", Fixer.MAPPING_EDITOR)
            )
            if past is not None:
                result.settled[name] = past
    return result


def last_changed(card: Party) -> dt.datetime:
    """The latest moment of a card's last change. NAV's published cards tell the day alone, as midnight."""
    midnight = card.modified.replace(hour=0, minute=0, second=0, microsecond=0)
    only_day = card.side is Side.NAV and card.modified == midnight
    return card.modified + dt.timedelta(days=1) if only_day else card.modified


def _newest(cin7: Party, nav: Party) -> Side | None:
    """None where it can't be told, as on the day of a change of which only the day is known."""
    if cin7.modified > last_changed(nav):
        return Side.CIN7
    return Side.NAV if nav.modified > cin7.modified else None


@dataclass(frozen=True, slots=True)
class _Field:
    name: PartyField
    rule: FieldRule
    held: tuple[str, str]
    past: tuple[str, str] | None
    result: Merge
    newest: Side | None
    chosen: tuple[Side, str, str] | None

    def merge(self) -> None:
        cin7, nav = self._common(Side.CIN7, self.held[0]), self._common(Side.NAV, self.held[1])
        if party_fields.agree(self.name, cin7, nav, self.rule):
            self._settle()
            return
        changed = {Side.CIN7, Side.NAV}
        if self.past is not None:
            changed = {
                side
                for side, now, then in zip((Side.CIN7, Side.NAV), (cin7, nav), self.past, strict=True)
                if not party_fields.same(self.name, now, self._common(side, then))
            }
        if not changed:
            self._settle()
            return
        source = self._source(changed, {Side.CIN7: cin7, Side.NAV: nav})
        if source is None:
            return
        self._copy(source, cin7 if source is Side.CIN7 else nav)

    def _source(self, changed: set[Side], values: Mapping[Side, str]) -> Side | None:
        """Whose value is to be copied; None where nothing is, which has been noted."""
        if self.chosen and self.chosen[1:] == self.held:
            return self.chosen[0]
        empty = [side for side, value in values.items() if not value]
        may_clear = self.rule.clears and self.past is not None and self.name not in NEVER_EMPTIED
        if empty and not may_clear:
            if self.past is not None and empty[0] in changed and empty[0].other not in changed:
                self._settle()  # it was emptied there: neither side is filled or emptied by that
                return None
            if self.rule.may_write(empty[0]):
                return empty[0].other
            self._settle()
            return None
        if self.rule.direction in (Direction.CIN7, Direction.NAV):
            return Side(self.rule.direction.value)
        if len(changed) == 1:
            return next(iter(changed))
        if self.rule.direction is Direction.NEWEST and self.newest:
            return self.newest
        self.result.conflicts.append(Conflict(self.name, *self.held))
        self._keep()
        return None

    def _copy(self, source: Side, value: str) -> None:
        target = source.other
        there = self.held[0] if target is Side.CIN7 else self.held[1]
        text = party_fields.written(self.name, target, value, there, self.rule)
        fitted = party_fields.fitted(self.name, target, text, self.rule)
        if fitted != text:
            room = party_fields.room(self.name, target, self.rule)
            told = (
                f"{self.name} has {party_fields.length(text)} characters, {target.told} has room for {room}"
            )
            if self.rule.too_long is TooLong.WAIT:
                advice = f"{told}: shorten it in {source.told}, or let {self.rule.rule} cut it"
                where = f"{source.told}, {self.name}"
                self.result.problems.append(Problem("party_value_too_long", advice, where, Fixer.DATA_TEAM))
                self._keep()
                return
            self.result.cut.append(f"{told}: cut")
        self.result.changes(target)[self.name] = fitted
        self._keep()

    def _common(self, side: Side, text: str) -> str:
        return party_fields.common(self.name, side, text, self.rule)

    def _settle(self) -> None:
        """They may stay like this until somebody changes one of them."""
        self.result.settled[self.name] = self.held

    def _keep(self) -> None:
        if self.past is not None:
            self.result.settled[self.name] = self.past
