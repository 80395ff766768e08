"""Carry: answers are carried out, records are matched, created and kept the same."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from cin7_nav.flows.parties.collect import OVERLAP, Collector, Reader
from cin7_nav.flows.parties.planning import (
    CREATED,
    Board,
    new_values,
    review_of,
    review_of_conflicts,
    review_of_widow,
)
from cin7_nav.flows.parties.writing import Writer, Written
from cin7_nav.hooks.channel import Entity
from cin7_nav.hooks.errors import NotFound, OutcomeUnknown
from cin7_nav.mappings.load import Mappings
from cin7_nav.mappings.parties import FieldRules
from cin7_nav.model import Fixer, Party, PartyField, PartyKind, Problem, Side
from cin7_nav.rules import party_fields
from cin7_nav.rules.party_matching import Link as Found
from cin7_nav.rules.party_matching import Profile
from cin7_nav.rules.party_merging import Merge, last_changed, merge
from cin7_nav.store import audit, parties, reference, reviews
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Cursor, Database
from cin7_nav.store.decisions import Answer
from cin7_nav.store.documents import Run
from cin7_nav.store.parties import Link
from cin7_nav.store.reviews import CONFLICT, MATCH, Review

log = logging.getLogger(__name__)

WRITTEN_PER_RUN = 100
"""Links for which one run writes; the rest is the next run's, so that fresh events get their turn."""

LOOKED_AT_TOGETHER = 500
ROUNDS = 3
"""So often a record that changes under our hands is merged anew."""

BY_A_PERSON = "a person"
_ENTITIES = {PartyKind.CUSTOMER: Entity.CUSTOMERS, PartyKind.SUPPLIER: Entity.VENDORS}
"""What the invoice flow has cached of NAV's cards."""


@dataclass
class Carried:
    """What a run did."""

    outcome: Counter[str] = field(default_factory=Counter)
    linked: int = 0
    """Links that came about: documents may have waited for them."""
    more: bool = False


class Carrier:
    """The writing half of the flow, for one run. One may be at work at a time: `parties.exclusive`."""

    def __init__(
        self,
        database: Database,
        reader: Reader,
        mappings: Mappings,
        run: Run,
        now: dt.datetime,
        *,
        thorough: bool = True,
    ) -> None:
        """`thorough`: compare all that is not linked, also where none of it changed."""
        self.database = database
        self.reader = reader
        self.mappings = mappings
        self.run = run
        self.started = now
        self.writer = Writer(reader, mappings.parties.fields, mappings.parties.new_in_cin7)
        self.carried = Carried()
        self._written = 0
        self._thorough = thorough
        self._created_in_nav = False

    @cached_property
    def rules(self) -> FieldRules:
        """The mapping's, with what this version of NAV has room for."""
        room = self.reader.nav.room
        return {
            name: replace(rule, nav_room=room.get(name))
            for name, rule in self.mappings.parties.fields.items()
        }

    def carry(self) -> Carried:
        """Everything that is due. Safe to repeat at any point. Raises `hooks.errors` where a side is away."""
        for kind in self.mappings.parties.create_in:
            compare = self._carry_out_answers(kind) or self._thorough
            again = True
            while again:
                self._adopt(kind)
                if compare or parties.has_new(self.database, kind):
                    self._match(kind)
                compare = again = self._work(kind)
            if self._created_in_nav:
                reference.expire(self.database, "nav", _ENTITIES[kind])
        return self.carried

    # --- what people answered ---

    def _carry_out_answers(self, kind: PartyKind) -> bool:
        """Whether there were any."""
        answers = reviews.answered(self.database, kind)
        for review in answers:
            refusal = self._carry_out(kind, review)
            with self.database.transaction() as cursor:
                reviews.carried_out(cursor, review)
                if refusal:
                    name = f"party/{kind}/{review.side}/{review.record_id}"
                    why = f"{review.told}: not carried out, {refusal}"
                    audit.append(cursor, [Change(name, "answered", "in_review", why, self.run.name)])
            self.carried.outcome[f"answers {'refused' if refusal else 'carried out'}"] += 1
        return bool(answers)

    def _carry_out(self, kind: PartyKind, review: Review) -> str | None:
        """Why the answer can't be carried out any more; None where it was."""
        standing = parties.link_of(self.database, kind, review.side, review.record_id)
        if review.question == CONFLICT:
            if standing is None:
                return "the record is not linked any more"
            side = Side(str(review.answer))
            chosen = {
                PartyField(name): (side, pair[0], pair[1]) for name, pair in review.shown["fields"].items()
            }
            with self.database.transaction() as cursor:
                parties.choose(cursor, standing.id, chosen)
            return None
        other: Party | None = None
        if review.answer is Answer.LINK:
            found = self._target(kind, review)
            if isinstance(found, str):
                return found
            other = found
        with self.database.transaction() as cursor:
            if standing:
                parties.end_link(cursor, standing, review.told, self.run)
            match review.answer:
                case Answer.LINK:
                    assert other is not None
                    ids = _pair(review.side, review.record_id, other.id)
                    parties.forget_apart(cursor, kind, ids)
                    parties.add_link(cursor, kind, *ids, BY_A_PERSON, review.told, self.run)
                    self.carried.linked += 1
                case Answer.CREATE:
                    ids_ = _pair(review.side, review.record_id, None)
                    parties.add_link(cursor, kind, *ids_, BY_A_PERSON, review.told, self.run)
                case Answer.IGNORE:
                    parties.keep_apart(cursor, kind, review.record_id, "", review.told)
                case Answer.NEVER:
                    for each in review.shown["candidates"]:
                        pair = _pair(review.side, review.record_id, each["id"])
                        if each["side"] == review.side:
                            pair = (review.record_id, each["id"])
                        parties.keep_apart(cursor, kind, str(pair[0]), str(pair[1]), review.told)
        return None

    def _target(self, kind: PartyKind, review: Review) -> Party | str:
        found = [
            one
            for one in parties.find(self.database, review.target)
            if one.kind is kind and one.side is review.side.other
        ]
        if len(found) != 1:
            return f"{review.side.other.told} has {len(found) or 'no'} such record"
        link = parties.link_of(self.database, kind, found[0].side, found[0].id)
        if link and link.of(review.side) not in (None, review.record_id):
            return "the record named is linked with another one"
        return found[0]

    # --- which belong together ---

    def _adopt(self, kind: PartyKind) -> None:
        """Records that an earlier attempt to create them did create: its answer was lost."""
        open_ = [one for one in parties.links(self.database, kind) if one.missing and one.intended_at]
        if not open_:
            return
        if any(one.missing is Side.NAV for one in open_):
            self._look_again(kind)
        taken = {id_ for one in parties.links(self.database, kind) for id_ in (one.cin7_id, one.nav_id)}
        for link in open_:
            side = link.missing
            assert side is not None
            assert link.intended_at is not None
            since = link.intended_at - OVERLAP
            cards = parties.cards(self.database, kind, side).values()
            mine = [
                one
                for one in cards
                if one.id not in taken and last_changed(one) >= since and self._is_as_intended(link, one)
            ]
            if len(mine) == 1:
                self._complete(link, side, mine[0], "found after its answer was lost")
                taken.add(mine[0].id)

    def _is_as_intended(self, link: Link, card: Party) -> bool:
        return all(
            party_fields.same(name, party_fields.clean(value), party_fields.clean(card.values.get(name, "")))
            for name, value in (link.intent or {}).items()
        )

    def _match(self, kind: PartyKind) -> None:
        board = Board.of(self.database, kind, self.mappings)
        widows = list(board.widowed())
        wanted = [review_of_widow(left, lost) for _, left, lost in widows]
        linked = {*board.known.linked, *board.known.linked.values(), *board.known.left_out}
        if all(set(cards) <= linked for cards in board.cards.values()):
            reviews.put(self.database, kind, MATCH, wanted)
            return
        matches = board.matches()
        for some in _parts(matches.links):
            with self.database.transaction() as cursor:
                for found in some:
                    self._link(cursor, board, found)
        new = [one for one in matches.alone if one.id not in board.creating and self._is_to_be_created(one)]
        for part in _parts(new):
            with self.database.transaction() as cursor:
                for one in part:
                    pair = _pair(one.party.side, one.id, None)
                    parties.add_link(cursor, kind, *pair, CREATED, "nobody there resembles it", self.run)
        for doubt in matches.doubts:
            for each in (doubt.profile, *(one.profile for one in doubt.candidates)):
                if (pending := board.creating.get(each.id)) and each.party.side is not pending.missing:
                    self._end(pending, "something resembles it by now")
        wanted += [review_of(doubt) for doubt in matches.doubts]
        self.carried.outcome["reviews"] += reviews.put(self.database, kind, MATCH, wanted)
        told = [doubt.profile for doubt in matches.doubts]
        told += [one for one in matches.alone if not self._is_to_be_created(one)]
        with self.database.transaction() as cursor:
            parties.settled(cursor, kind, [one.party for one in told])

    def _link(self, cursor: Cursor, board: Board, found: Found) -> None:
        why = ", ".join(found.reasons)
        pending = [board.creating[one] for one in (found.cin7.id, found.nav.id) if one in board.creating]
        if len(pending) == 1:
            side = pending[0].missing or Side.NAV
            id_ = found.nav.id if side is Side.NAV else found.cin7.id
            parties.complete_link(cursor, pending[0], side, id_, f"{found.how}: {why}", self.run)
        else:
            for one in pending:
                parties.end_link(cursor, one, "its other half is there by now", self.run)
            pair = found.cin7.id, found.nav.id
            if not parties.add_link(cursor, board.kind, *pair, found.how, why, self.run):
                return
        self.carried.linked += 1
        self.carried.outcome["linked"] += 1

    def _is_to_be_created(self, one: Profile) -> bool:
        """Those that are put out of use are not brought to the other side."""
        wanted = self.mappings.parties.create_in[one.party.kind]
        return one.party.side.other in wanted and one.party.values.get(PartyField.BLOCKED) != "true"

    # --- links ---

    def _work(self, kind: PartyKind) -> bool:
        """Create what is missing and merge what changed; whether something turned up that must be matched."""
        looked = False
        while links := parties.due_links(self.database, kind, LOOKED_AT_TOGETHER, self.started):
            cards = {
                side: parties.cards(self.database, kind, side, {one.of(side) or "" for one in links})
                for side in Side
            }
            missing = [one for one in links if one.missing]
            if any(one.missing is Side.NAV for one in missing) and not looked:
                looked = True
                if self._look_again(kind):
                    return True
            quiet: list[tuple[Link, Merge, Sequence[Party]]] = []
            for link in links:
                if self._written >= WRITTEN_PER_RUN:
                    break
                side = link.missing
                if side is not None:
                    source = cards[side.other].get(link.of(side.other) or "")
                    if source is None:
                        self._end(link, "the record was removed before its other half was created")
                    elif self._create(link, source, side):
                        return True
                    continue
                pair = [cards[side].get(link.of(side) or "") for side in (Side.CIN7, Side.NAV)]
                cin7, nav = pair
                if cin7 is None or nav is None:
                    self._note_widow(link, [one for one in pair if one])
                    continue
                merged = merge(cin7, nav, link.snapshot, self.rules, link.chosen)
                if merged.to_cin7 or merged.to_nav:
                    self._keep_the_same(link, cin7, nav)
                else:
                    quiet.append((link, merged, (cin7, nav)))
            self._settle_quiet(kind, quiet)
            if self._written >= WRITTEN_PER_RUN:
                self.carried.more = bool(parties.due_links(self.database, kind, 1, self.started))
                return False
        return False

    def _look_again(self, kind: PartyKind) -> bool:
        """Read what NAV has since the last look; whether there are records that nobody knew."""
        before = parties.ids(self.database, kind, Side.NAV)
        Collector(self.database, self.reader, self.run, [kind]).read_list(kind, Side.NAV)
        return bool(parties.ids(self.database, kind, Side.NAV) - before)

    def _create(self, link: Link, source: Party, side: Side) -> bool:
        """Make the missing record; whether one of that name turned up instead, to be matched first."""
        values, problems, cut = new_values(source, self.rules)
        if not values.get(PartyField.NAME) and not problems:
            problems.append(Problem("party_without_name", "it has no name", source.place, Fixer.DATA_TEAM))
        if side is Side.CIN7 and (lacking := self.writer.missing_defaults(link.kind)):
            problems.append(lacking)
        terms = values.get(PartyField.PAYMENT_TERMS)
        if side is Side.NAV and terms and self.reader.nav.codes.terms_id(terms) is None:
            rule = self.rules[PartyField.PAYMENT_TERMS].rule
            problems.append(
                Problem(
                    "payment_terms_not_in_nav",
                    f"NAV has no payment terms {terms}",
                    str(rule),
                    Fixer.MAPPING_EDITOR,
                )
            )
        if problems:
            self._settle(link, (source,), problems)
            return False
        if side is Side.CIN7 and (namesakes := self.reader.named(link.kind, values[PartyField.NAME])):
            return self._meet(link, source, namesakes)
        with self.database.transaction() as cursor:
            parties.intend(cursor, link, values)
        self._written += 1
        try:
            made = self.writer.create(source, values)
        except OutcomeUnknown:
            log.warning("%s: the answer to its creation in %s was lost", source.place, side.told)
            self.carried.outcome["unknown"] += 1
            self._settle(link, (), [])
            return False
        if isinstance(made, Problem):
            with self.database.transaction() as cursor:
                parties.give_up(cursor, link)
            self._settle(link, (source,), [made])
            self.carried.outcome["refused"] += 1
            return False
        self._complete(link, side, made, "; ".join([f"created in {side.told}", *cut]))
        self.carried.outcome[f"created in {side.told}"] += 1
        self._created_in_nav = self._created_in_nav or side is Side.NAV
        return False

    def _meet(self, link: Link, source: Party, namesakes: Sequence[Party]) -> bool:
        """Cin7 has a record of the name already, and takes no second one."""
        new = parties.record(self.database, namesakes)
        (there, *_) = namesakes
        standing = parties.link_of(self.database, link.kind, Side.CIN7, there.id)
        if standing is None and link.intended_at and self._is_as_intended(link, there):
            self._complete(link, Side.CIN7, there, "found after its answer was lost")
            return False
        if standing is None and link.how != BY_A_PERSON and new:
            self._end(link, "Cin7 has one of this name by now")
            return True
        message = f"Cin7 already has a {link.kind} of this name, and names are unique there"
        self._settle(link, (source,), [Problem("party_name_taken", message, source.place, Fixer.DATA_TEAM)])
        return False

    def _keep_the_same(self, link: Link, cin7: Party, nav: Party) -> None:
        """Merge, write, read back, until both agree as far as they can."""
        self._written += 1
        cards = {Side.CIN7: cin7, Side.NAV: nav}
        snapshot = dict(link.snapshot)
        failed: dict[PartyField, Problem] = {}
        told: list[str] = []
        sent: list[object] = []
        merged = Merge()
        unknown = False
        for _ in range(ROUNDS):
            rules = {n: rule for n, rule in self.rules.items() if n not in failed}
            merged = merge(cards[Side.CIN7], cards[Side.NAV], snapshot, rules, link.chosen)
            if not (merged.to_cin7 or merged.to_nav) or unknown:
                break
            for side in Side:
                changes = merged.changes(side)
                if not changes:
                    continue
                try:
                    result = self._changed(cards[side], changes)
                except NotFound:
                    parties.gone(self.database, link.kind, side, [cards[side].id])
                    return
                unknown = unknown or result.unknown
                cards[side] = result.card
                failed |= result.problems
                if result.done:
                    sent.append({str(name): value for name, value in result.done.items()})
                    told.append(f"{', '.join(result.done)} written to {side.told}")
                    self.carried.outcome[f"changed in {side.told}"] += 1
                for name in result.done.keys() & result.problems.keys():
                    snapshot[name] = (
                        cards[Side.CIN7].values.get(name, ""),
                        cards[Side.NAV].values.get(name, ""),
                    )
            told += merged.cut
        kept = {n: pair for n, pair in snapshot.items() if n in failed}
        problems = [*merged.problems, *dict.fromkeys(failed.values())]
        done = not (merged.to_cin7 or merged.to_nav)
        parties.record(self.database, list(cards.values()), settled=done)
        with self.database.transaction() as cursor:
            request = json.dumps(sent, sort_keys=True, ensure_ascii=False) if sent else ""
            parties.settle_link(
                cursor, link, {**merged.settled, **kept}, problems, told, self.run, request=request
            )
            if done:
                parties.settled(cursor, link.kind, list(cards.values()))
            self._ask(cursor, link.kind, cards, merged)
        if not done:
            parties.mark_due(self.database, link.kind, Side.CIN7, [cin7.id])

    def _changed(self, card: Party, changes: Mapping[PartyField, str]) -> Written:
        """One attempt to write; a record that is not what we know is read again. Raises NotFound."""
        try:
            result = self.writer.change(card, changes)
        except OutcomeUnknown:
            log.warning("%s: the answer to a change was lost", card.place)
            self.carried.outcome["unknown"] += 1
            return Written(self.reader.one(card.kind, card.side, card.id), unknown=True)
        return (
            replace(result, card=self.reader.one(card.kind, card.side, card.id)) if result.stale else result
        )

    def _settle_quiet(self, kind: PartyKind, quiet: Iterable[tuple[Link, Merge, Sequence[Party]]]) -> None:
        """Links for which nothing is to be written."""
        with self.database.transaction() as cursor:
            for link, merged, (cin7, nav) in quiet:
                if self._says_something(link, merged):
                    parties.settle_link(cursor, link, merged.settled, merged.problems, [], self.run)
                parties.settled(cursor, kind, (cin7, nav))
                self._ask(cursor, kind, {Side.CIN7: cin7, Side.NAV: nav}, merged)

    def _ask(self, cursor: Cursor, kind: PartyKind, cards: Mapping[Side, Party], merged: Merge) -> None:
        cin7, nav = cards[Side.CIN7], cards[Side.NAV]
        if merged.conflicts:
            reviews.put_one(cursor, kind, review_of_conflicts(cin7, nav, merged.conflicts))
            self.carried.outcome["conflicts"] += 1
        else:
            reviews.withdraw(cursor, kind, Side.CIN7, cin7.id, CONFLICT)

    @staticmethod
    def _says_something(link: Link, merged: Merge) -> bool:
        waits = link.chosen or merged.problems or link.problems
        return bool(waits) or merged.settled != link.snapshot or link.tried_at is None

    # --- small things ---

    def _complete(self, link: Link, side: Side, made: Party, why: str) -> None:
        parties.record(self.database, [made])
        with self.database.transaction() as cursor:
            parties.complete_link(cursor, link, side, made.id, why, self.run)
        self.carried.linked += 1

    def _end(self, link: Link, why: str) -> None:
        with self.database.transaction() as cursor:
            parties.end_link(cursor, link, why, self.run)

    def _settle(self, link: Link, read: Sequence[Party], problems: Sequence[Problem]) -> None:
        with self.database.transaction() as cursor:
            parties.settle_link(cursor, link, link.snapshot, problems, [], self.run)
            parties.settled(cursor, link.kind, read)

    def _note_widow(self, link: Link, left: Sequence[Party]) -> None:
        where = left[0].place if left else link.record
        message = (
            "the record that it is linked with is gone: say in the DAG decisions what is to become of it"
        )
        if not left:
            self._end(link, "both records are gone")
            return
        self._settle(link, left, [Problem("party_gone", message, where, Fixer.ACCOUNTANT)])


P = TypeVar("P")


def _parts(every: Sequence[P]) -> Iterator[Sequence[P]]:
    """As many as are written in one transaction."""
    return (every[start : start + 200] for start in range(0, len(every), 200))


def _pair(side: Side, id_: str, other: str | None) -> tuple[str | None, str | None]:
    """A record's id and that of its other half, Cin7 first."""
    return (id_, other) if side is Side.CIN7 else (other, id_)
