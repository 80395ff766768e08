"""Writing one record: what is sent, what is read back, and what a refusal means."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from cin7_nav.flows.parties.collect import Reader
from cin7_nav.hooks.errors import NotFound, OutcomeUnknown, Refused
from cin7_nav.hooks.nav_errors import nav_refusal
from cin7_nav.mappings.parties import FieldRules
from cin7_nav.model import Fixer, Party, PartyField, PartyKind, Problem, Side
from cin7_nav.rules import party_fields
from cin7_nav.rules.party_fields import Unmapped
from cin7_nav.wire.parties import IncompleteAddress, cin7_changes, cin7_new, cin7_party

log = logging.getLogger(__name__)

CHANGED_MEANWHILE = (409, 412)
"""NAV's answers to a stale ETag: documented as 412, seen as 409."""

_ADDRESS = frozenset(
    {
        PartyField.ADDRESS_LINE_1,
        PartyField.ADDRESS_LINE_2,
        PartyField.CITY,
        PartyField.STATE,
        PartyField.POSTAL_CODE,
        PartyField.COUNTRY,
    }
)


@dataclass
class Written:
    """What came of one attempt to write."""

    card: Party
    """As it was read after it, or is known now."""
    done: dict[PartyField, str] = field(default_factory=dict)
    problems: dict[PartyField, Problem] = field(default_factory=dict)
    unknown: bool = False
    """The answer was lost: whether it was written shows the record."""
    stale: bool = False
    """Somebody changed the record meanwhile: nothing was written, and it is to be looked at again."""


class Writer:
    def __init__(
        self, reader: Reader, rules: FieldRules, new_in_cin7: Mapping[PartyKind, Mapping[str, str]]
    ) -> None:
        self.reader = reader
        self.rules = rules
        self.new_in_cin7 = new_in_cin7

    def change(self, card: Party, changes: Mapping[PartyField, str]) -> Written:
        """Give a record these values. One that is refused does not hold up the others.

        Raises `NotFound` where the record is gone, and `hooks.errors` but `Refused`; after `OutcomeUnknown`
        the record is to be read again.
        """
        changes = dict(changes)
        problems = self._foreseen(card, changes)
        if not changes:
            return Written(card, problems=problems)
        try:
            after = self._send(card, changes)
        except IncompleteAddress as error:
            told = Problem("party_address_incomplete", str(error), card.place, Fixer.DATA_TEAM)
            rest = {name: value for name, value in changes.items() if name not in _ADDRESS}
            without = dict.fromkeys(changes.keys() & _ADDRESS, told)
            again = self.change(card, rest)
            return Written(again.card, again.done, {**problems, **without, **again.problems}, again.stale)
        except NotFound:
            raise
        except Refused as error:
            if error.status in CHANGED_MEANWHILE and card.side is Side.NAV:
                return Written(card, problems=problems, stale=True)
            if len(changes) == 1:
                return Written(card, problems={**problems, next(iter(changes)): self.refusal(error, card)})
            return self._one_by_one(card, changes, problems)
        if after is None:
            return Written(card, problems=problems, stale=True)
        return Written(after, changes, {**problems, **self._written_otherwise(after, changes)})

    def create(self, card: Party, values: Mapping[PartyField, str]) -> Party | Problem:
        """Make the other half of a record; the new record, or why not. Raises what `change` raises."""
        kind, side = card.kind, card.side.other
        try:
            if side is Side.NAV:
                return self.reader.nav.card(kind, self.reader.nav.create(kind, values).id)
            body = self._new_body(kind, values)
            write = (
                self.reader.cin7.write_customer
                if kind is PartyKind.CUSTOMER
                else self.reader.cin7.write_supplier
            )
            return self.reader.one(kind, side, str(write("POST", body)["ID"]).lower())
        except Refused as error:
            return self.refusal(error, card, side)

    def missing_defaults(self, kind: PartyKind) -> Problem | None:
        """Why nothing can be created in Cin7."""
        if kind in self.new_in_cin7:
            return None
        message = (
            f"parties.yaml does not say what a new {kind} gets in Cin7: accounts, tax rule, payment term"
        )
        return Problem(
            "party_defaults_missing", message, f"parties.yaml, new_in_cin7, {kind}s", Fixer.MAPPING_EDITOR
        )

    def refusal(self, error: Refused, card: Party, side: Side | None = None) -> Problem:
        side = side or card.side
        if side is Side.NAV:
            return nav_refusal(error, card.place)
        return Problem("cin7_refused", str(error), card.place, Fixer.DATA_TEAM)

    # --- within ---

    def _foreseen(self, card: Party, changes: dict[PartyField, str]) -> dict[PartyField, Problem]:
        """What NAV has no code for is taken out of the changes."""
        terms = changes.get(PartyField.PAYMENT_TERMS)
        if card.side is not Side.NAV or terms is None or self.reader.nav.codes.terms_id(terms) is not None:
            return {}
        del changes[PartyField.PAYMENT_TERMS]
        where = str(self.rules[PartyField.PAYMENT_TERMS].rule)
        message = f"NAV has no payment terms {terms}"
        return {
            PartyField.PAYMENT_TERMS: Problem(
                "payment_terms_not_in_nav", message, where, Fixer.MAPPING_EDITOR
            )
        }

    def _send(self, card: Party, changes: Mapping[PartyField, str]) -> Party | None:
        """The record as it is read back; None where it is not what `card` says any more."""
        reader, kind = self.reader, card.kind
        if card.side is Side.NAV:
            reader.nav.update(card, changes)
            return reader.one(kind, Side.NAV, card.id)
        row = reader.row(kind, card.id)
        if dict(cin7_party(kind, row).values) != dict(card.values):
            return None
        body = cin7_changes(kind, row, changes)
        write = reader.cin7.write_customer if kind is PartyKind.CUSTOMER else reader.cin7.write_supplier
        write("PUT", body)
        return reader.one(kind, Side.CIN7, card.id)

    def _one_by_one(
        self, card: Party, changes: Mapping[PartyField, str], problems: Mapping[PartyField, Problem]
    ) -> Written:
        result = Written(card, problems=dict(problems))
        for name, value in changes.items():
            try:
                each = self.change(result.card, {name: value})
            except OutcomeUnknown:
                if not result.done:
                    raise
                log.warning("%s: the answer to a change was lost", card.place)
                return result
            result.card = each.card
            result.done |= each.done
            result.problems |= each.problems
            result.stale = result.stale or each.stale
        return result

    def _written_otherwise(
        self, after: Party, changes: Mapping[PartyField, str]
    ) -> dict[PartyField, Problem]:
        """What the side made something else of."""
        found = {}
        for name, value in changes.items():
            rule = self.rules[name]
            try:
                sent = party_fields.common(name, after.side, value, rule)
                read = party_fields.common(name, after.side, after.values.get(name, ""), rule)
            except Unmapped:
                sent, read = value, after.values.get(name, "")
            if not party_fields.same(name, sent, read):
                message = f"{after.side.told} took {name} and shows it otherwise than it was sent"
                found[name] = Problem("party_written_differently", message, after.place, Fixer.DATA_TEAM)
        return found

    def _new_body(self, kind: PartyKind, values: Mapping[PartyField, str]) -> dict[str, object]:
        try:
            return cin7_new(kind, values, self.new_in_cin7[kind])
        except IncompleteAddress:
            rest = {name: value for name, value in values.items() if name not in _ADDRESS}
            return cin7_new(kind, rest, self.new_in_cin7[kind])
