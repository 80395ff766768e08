"""Which records of the two systems are the same party: linked where it is clear, asked where it is not.

What is known, by an explicit line or a unique tax number, comes first; then names with what can be held
against them: e-mail, phone, address, tax number, legal form, country. A name alone links only where it is
the same and nothing contradicts it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from rapidfuzz import fuzz, process

from cin7_nav.mappings.facts import fold
from cin7_nav.model import Party, PartyField, Side
from cin7_nav.rules import party_fields
from cin7_nav.rules.party import tax_number_key
from cin7_nav.rules.party_names import Likeness, Name, likeness, name_of

Pair = tuple[str, str]
"""A Cin7 id and a NAV id."""

SHARED_BY_MANY = 3
"""An e-mail, a phone or an address that more records of one side have says nothing about who somebody is."""
FIRST_LOOK = 78
"""Least likeness, 0 to 100, for which two names are looked at closely."""
AT_ONCE = 400
FEW = 40
"""Records that may share a word for it to be worth looking at."""
SHOWN = 8
"""Candidates that a person is shown."""
_FREE_MAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "hotmail.co.uk",
        "yahoo.com",
        "yahoo.co.uk",
        "icloud.com",
        "me.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "aol.com",
        "btinternet.com",
        "live.com",
        "msn.com",
        "proton.me",
        "orange.fr",
        "qq.com",
        "163.com",
    ]
)


@dataclass(frozen=True)
class Profile:
    """What a record is recognised by."""

    party: Party

    @property
    def id(self) -> str:
        return self.party.id

    @cached_property
    def name(self) -> Name:
        return name_of(party_fields.clean(self.party.name))

    @cached_property
    def tax(self) -> str:
        """Without the country's two letters; empty for what people type instead of one: `N/A`, `0000`."""
        key = tax_number_key(self._value(PartyField.TAX_NUMBER)).removeprefix(self.tax_country)
        figures = [character for character in key if character.isdigit()]
        return key if len(figures) >= 5 and len(set(figures)) > 1 else ""

    @cached_property
    def tax_country(self) -> str:
        """The two letters that a tax number begins with; empty where it is written without."""
        key = tax_number_key(self._value(PartyField.TAX_NUMBER))
        return key[:2] if len(key) >= 8 and key[:2].isalpha() else ""

    def same_tax(self, other: Profile) -> bool:
        countries = {self.tax_country, other.tax_country} - {""}
        return bool(self.tax) and self.tax == other.tax and len(countries) <= 1

    @cached_property
    def emails(self) -> frozenset[str]:
        return frozenset(one.casefold() for one in party_fields.emails(self._value(PartyField.EMAIL)))

    @cached_property
    def domains(self) -> frozenset[str]:
        return frozenset(one.rpartition("@")[2] for one in self.emails) - _FREE_MAIL

    @cached_property
    def phone(self) -> str:
        """The last nine digits: the country is said or not."""
        found = party_fields.digits(self._value(PartyField.PHONE))
        return found[-9:] if len(found) >= 7 else ""

    @cached_property
    def postcode(self) -> str:
        return fold(self._value(PartyField.POSTAL_CODE)).replace(" ", "").replace("-", "")

    @cached_property
    def address(self) -> str:
        """Postcode and house number with the street's first letters: `m4 1hn`, `12 high street`."""
        street = name_of(party_fields.clean(self._value(PartyField.ADDRESS_LINE_1)))
        return f"{self.postcode} {street.key}" if self.postcode and street.words else ""

    @cached_property
    def country(self) -> str:
        text = party_fields.clean(self._value(PartyField.COUNTRY))
        try:
            return party_fields.country_code(text) if text else ""
        except party_fields.Unmapped:
            return ""

    def _value(self, name: PartyField) -> str:
        return self.party.values.get(name, "")


class Grade(IntEnum):
    """What two records are to each other."""

    NONE = 0
    NEAR = 1
    """A person has to say."""
    CLEAR = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another record that may be the same party, and why."""

    profile: Profile
    grade: Grade
    score: int
    """0 to 100, for the order in which people see them."""
    reasons: tuple[str, ...]
    linked: bool = False
    """Whether it is linked to another record already."""


@dataclass(frozen=True, slots=True)
class Link:
    cin7: Profile
    nav: Profile
    how: str
    """`parties.yaml`, `tax number` or `name and contact`."""
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A record on which only a person can decide."""

    profile: Profile
    candidates: tuple[Candidate, ...]
    note: str = ""
    """What else is to be known."""


@dataclass
class Matches:
    links: list[Link] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    alone: list[Profile] = field(default_factory=list)
    """Records that nothing on the other side resembles."""


@dataclass(frozen=True)
class Known:
    """What is known before anything is compared."""

    explicit: Mapping[str, str] = field(default_factory=dict)
    """Folded Cin7 name or id → NAV number."""
    linked: Mapping[str, str] = field(default_factory=dict)
    """Cin7 id → NAV id."""
    apart: Collection[Pair] = frozenset()
    """Pairs that a person said are never the same."""
    left_out: Collection[str] = frozenset()
    """Records that a person said are to be left alone."""
    by_tax_number: bool = True


def match(cin7: Iterable[Party], nav: Iterable[Party], known: Known) -> Matches:
    """Compare what is not linked with everything on the other side."""
    return _Matching([Profile(one) for one in cin7], [Profile(one) for one in nav], known).result()


class _Shared:
    """How many records of one side have each contact."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._many: dict[str, frozenset[str]] = {}
        for name, values in _CONTACTS.items():
            counts: dict[str, int] = defaultdict(int)
            for profile in profiles:
                for value in values(profile):
                    counts[value] += 1
            self._many[name] = frozenset(one for one, count in counts.items() if count > SHARED_BY_MANY)

    def telling(self, name: str, profile: Profile) -> set[str]:
        return set(_CONTACTS[name](profile)) - self._many[name]


_CONTACTS: Mapping[str, Callable[[Profile], Collection[str]]] = {
    "e-mail": lambda one: one.emails,
    "phone": lambda one: (one.phone,) if one.phone else (),
    "address": lambda one: (one.address,) if one.address else (),
}


class _Matching:
    def __init__(self, cin7: list[Profile], nav: list[Profile], known: Known) -> None:
        self.known = known
        self.sides = {Side.CIN7: cin7, Side.NAV: nav}
        self.shared = {side: _Shared(profiles) for side, profiles in self.sides.items()}
        self.taxes = {side: _by(profiles, lambda one: one.tax) for side, profiles in self.sides.items()}
        self.links: list[Link] = []
        self.misnamed: list[Doubt] = []
        self.taken = {*known.linked.keys(), *known.linked.values()}
        self.set_aside: set[str] = set()
        """Those that an explicit line names in vain: nothing else is tried with them."""

    def result(self) -> Matches:
        self._link_explicit()
        self.set_aside = {doubt.profile.id for doubt in self.misnamed}
        if self.known.by_tax_number:
            self._link_by_tax_number()
        candidates = self._candidates()
        self._link_clear(candidates)
        matches = Matches(self.links, self.misnamed)
        for side in Side:
            self._sort_out(side, candidates, matches)
        return matches

    # --- what is known ---

    def _link_explicit(self) -> None:
        numbers = {one.party.number: one for one in self.sides[Side.NAV]}
        for ours in list(self._free(Side.CIN7)):
            number = self.known.explicit.get(fold(ours.id)) or self.known.explicit.get(fold(ours.party.name))
            if not number:
                continue
            theirs = numbers.get(number)
            if theirs and theirs.id not in self.taken and theirs.id not in self.known.left_out:
                self._link(ours, theirs, "parties.yaml", (f"parties.yaml names {theirs.party.number}",))
                continue
            what = "belongs to another record already" if theirs else "NAV does not have"
            self.misnamed.append(Doubt(ours, (), f"parties.yaml names {number}, which {what}"))

    def _link_by_tax_number(self) -> None:
        for ours in self._free(Side.CIN7):
            if not ours.tax or len(self.taxes[Side.CIN7][ours.tax]) != 1:
                continue
            there = self.taxes[Side.NAV].get(ours.tax, [])
            if len(there) != 1 or not self._is_free(there[0]) or not self._may(ours, there[0]):
                continue
            theirs = there[0]
            if not ours.same_tax(theirs):
                continue
            agreeing, _ = self._contacts(ours, theirs)
            alike = likeness(ours.name, theirs.name)
            if alike != Likeness.OTHER and not _hard(ours, theirs):
                self._link(ours, theirs, "tax number", ("the same tax number", alike, *agreeing))

    # --- names and contacts ---

    def _candidates(self) -> dict[str, list[Candidate]]:
        """By the id of each record that is not linked: what it may be on the other side."""
        found: defaultdict[str, list[Candidate]] = defaultdict(list)
        seen: set[Pair] = set()
        for ours, theirs in self._worth_a_look():
            pair = (ours.id, theirs.id)
            if pair in seen or not self._may(ours, theirs):
                continue
            seen.add(pair)
            grade, score, reasons = self.judged(ours, theirs)
            for one, other in ((ours, theirs), (theirs, ours)):
                linked = other.id in self.taken
                named = Likeness.EQUAL in reasons or Likeness.TYPO in reasons
                if one.id in self.taken or grade is Grade.NONE or (linked and not named):
                    continue
                found[one.id].append(Candidate(other, grade, score, reasons, linked))
        return found

    def _worth_a_look(self) -> Iterator[tuple[Profile, Profile]]:
        free = {side: list(self._free(side)) for side in Side}
        every = self.sides
        yield from self._like_names(free[Side.CIN7], every[Side.NAV])
        rest = [one for one in every[Side.CIN7] if one.id in self.taken]
        yield from self._like_names(rest, free[Side.NAV])
        for values in (*_CONTACTS.values(), _taxes):
            there = _index(every[Side.NAV], values)
            for ours in every[Side.CIN7]:
                for value in values(ours):
                    others = there.get(value, ())
                    if len(others) <= FEW:
                        yield from ((ours, theirs) for theirs in others if self._one_is_free(ours, theirs))
        yield from self._parts(free[Side.CIN7], every[Side.NAV])
        yield from ((ours, theirs) for theirs, ours in self._parts(free[Side.NAV], every[Side.CIN7]))

    def _like_names(
        self, ours: Sequence[Profile], theirs: Sequence[Profile]
    ) -> Iterator[tuple[Profile, Profile]]:
        keys = [one.name.key for one in theirs]
        for start in range(0, len(ours) if keys else 0, AT_ONCE):
            part = ours[start : start + AT_ONCE]
            scores = process.cdist(
                [one.name.key for one in part],
                keys,
                scorer=fuzz.ratio,
                score_cutoff=FIRST_LOOK,
                dtype=np.uint8,
            )
            rows, columns = scores.nonzero()
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
                yield part[row], theirs[column]

    def _parts(self, ours: Sequence[Profile], theirs: Sequence[Profile]) -> Iterator[tuple[Profile, Profile]]:
        """Pairs of which one name may be a part of the other: they share their rarest word."""
        words = _index(theirs, lambda one: set(one.name.words))
        for one in ours:
            rarest = min(one.name.words, key=lambda word: len(words.get(word, ())), default="")
            others = words.get(rarest, ())
            if len(others) <= FEW:
                yield from ((one, other) for other in others)

    def judged(self, ours: Profile, theirs: Profile) -> tuple[Grade, int, tuple[str, ...]]:
        """What two records are to each other, and the reasons."""
        alike = likeness(ours.name, theirs.name)
        agreeing, contradicting = self._contacts(ours, theirs)
        hard = _hard(ours, theirs)
        same_tax = ours.same_tax(theirs)
        points = len(agreeing) + same_tax
        against = len(contradicting)
        reasons = (
            alike,
            *(("the same tax number",) if same_tax else ()),
            *agreeing,
            *contradicting,
            *hard,
        )
        grade = Grade.NONE
        if alike == Likeness.EQUAL:
            clear = points > against if points else not against and self._has_one_name(ours, theirs)
            grade = Grade.CLEAR if clear and not hard else Grade.NEAR
        elif alike == Likeness.TYPO:
            grade = Grade.CLEAR if points >= 2 and points > against and not hard else Grade.NEAR
        elif alike == Likeness.PART:
            grade = Grade.NEAR if points or not against else Grade.NONE
        elif any(not one.endswith("address") for one in agreeing) or same_tax:
            grade = Grade.NEAR
        base = {Likeness.EQUAL: 70, Likeness.TYPO: 60, Likeness.PART: 45}.get(alike, 20)
        score = max(0, min(100, base + 12 * points - 8 * against - 20 * len(hard)))
        return grade, score, reasons

    def _contacts(self, ours: Profile, theirs: Profile) -> tuple[list[str], list[str]]:
        """What agrees and what contradicts, each as people read it."""
        agreeing, contradicting = [], []
        for name, values in _CONTACTS.items():
            one, other = set(values(ours)), set(values(theirs))
            both = one & other
            telling = both & self.shared[Side.CIN7].telling(name, ours)
            if telling & self.shared[Side.NAV].telling(name, theirs):
                agreeing.append(f"the same {name}")
            elif one and other and not both and not self._may_differ(name, ours, theirs):
                contradicting.append(f"another {name}")
        return agreeing, contradicting

    @staticmethod
    def _may_differ(name: str, ours: Profile, theirs: Profile) -> bool:
        """Two addresses of one domain are no contradiction, nor is a street spelled otherwise."""
        if name == "e-mail":
            return bool(ours.domains & theirs.domains)
        return name == "address" and ours.postcode == theirs.postcode

    def _has_one_name(self, ours: Profile, theirs: Profile) -> bool:
        """Whether nobody else on either side is called like that: a name alone is then enough."""
        names = self._names
        return len(names[Side.CIN7][ours.name.joined]) == len(names[Side.NAV][theirs.name.joined]) == 1

    @cached_property
    def _names(self) -> dict[Side, dict[str, list[Profile]]]:
        return {side: _by(profiles, lambda one: one.name.joined) for side, profiles in self.sides.items()}

    def _link_clear(self, candidates: Mapping[str, list[Candidate]]) -> None:
        """Link what is clear on both sides: each the only clear candidate of the other."""
        clear = {
            one: [each for each in found if each.grade is Grade.CLEAR] for one, found in candidates.items()
        }
        for ours in list(self._free(Side.CIN7)):
            there = clear.get(ours.id, [])
            if len(there) != 1 or there[0].linked:
                continue
            theirs = there[0].profile
            back = clear.get(theirs.id, [])
            if [each.profile.id for each in back] == [ours.id] and theirs.id not in self.taken:
                self._link(ours, theirs, "name and contact", there[0].reasons)

    # --- what is left ---

    def _sort_out(self, side: Side, candidates: Mapping[str, list[Candidate]], matches: Matches) -> None:
        """Those of one side that are not linked: in doubt or alone.

        A NAV record that a Cin7 record in doubt may be waits for that answer and asks none of its own.
        """
        asked = {
            each.profile.id
            for doubt in matches.doubts
            for each in doubt.candidates
            if doubt.profile.party.side is side.other
        }
        alone = []
        for one in self._free(side):
            if one.id in asked:
                continue
            found = list(filter(None, map(self._as_now, candidates.get(one.id, ()))))
            if found:
                found.sort(key=lambda each: (-each.score, each.profile.id))
                matches.doubts.append(Doubt(one, tuple(found[:SHOWN])))
            else:
                alone.append(one)
        self._sort_out_twins(alone, matches)

    def _as_now(self, candidate: Candidate) -> Candidate | None:
        """A candidate after others were linked: one that was linked meanwhile counts by its name only."""
        if candidate.profile.id not in self.taken or candidate.linked:
            return candidate
        named = Likeness.EQUAL in candidate.reasons or Likeness.TYPO in candidate.reasons
        if not named:
            return None
        return Candidate(candidate.profile, candidate.grade, candidate.score, candidate.reasons, linked=True)

    def _sort_out_twins(self, alone: Sequence[Profile], matches: Matches) -> None:
        """Of records of one side that look like one party the first is alone, the others are in doubt."""
        order = {one.id: at for at, one in enumerate(alone)}
        twins: defaultdict[str, list[Candidate]] = defaultdict(list)
        for one, other in self._like_names(alone, alone):
            if order[one.id] <= order[other.id] or (one.id, other.id) in self.known.apart:
                continue
            alike = likeness(one.name, other.name)
            agreeing, contradicting = self._contacts(one, other)
            same = alike == Likeness.EQUAL and (agreeing or not contradicting)
            if (same or (alike == Likeness.TYPO and agreeing)) and not _hard(one, other):
                reasons = (alike, *agreeing, *contradicting)
                twins[one.id].append(Candidate(other, Grade.NEAR, 60 + 12 * len(agreeing), reasons))
        for one in alone:
            if found := twins.get(one.id):
                matches.doubts.append(Doubt(one, tuple(found[:SHOWN])))
            else:
                matches.alone.append(one)

    # --- small things ---

    def _link(self, ours: Profile, theirs: Profile, how: str, reasons: Iterable[str]) -> None:
        self.links.append(Link(ours, theirs, how, tuple(reasons)))
        self.taken |= {ours.id, theirs.id}

    def _free(self, side: Side) -> Iterator[Profile]:
        return (one for one in self.sides[side] if self._is_free(one))

    def _is_free(self, one: Profile) -> bool:
        return not (one.id in self.taken or one.id in self.known.left_out or one.id in self.set_aside)

    def _one_is_free(self, ours: Profile, theirs: Profile) -> bool:
        return self._is_free(ours) or self._is_free(theirs)

    def _may(self, ours: Profile, theirs: Profile) -> bool:
        if (ours.id, theirs.id) in self.known.apart:
            return False
        return not any(one.id in self.known.left_out or one.id in self.set_aside for one in (ours, theirs))


def _taxes(one: Profile) -> Collection[str]:
    return (one.tax,) if one.tax else ()


def _hard(one: Profile, other: Profile) -> tuple[str, ...]:
    """What no likeness outweighs."""
    found = []
    if one.tax and other.tax and not one.same_tax(other):
        found.append("another tax number")
    if one.name.form and other.name.form and one.name.form != other.name.form:
        found.append("another legal form")
    if one.country and other.country and one.country != other.country:
        found.append("another country")
    return tuple(found)


def _by(profiles: Iterable[Profile], key: Callable[[Profile], str]) -> dict[str, list[Profile]]:
    found: defaultdict[str, list[Profile]] = defaultdict(list)
    for profile in profiles:
        if value := key(profile):
            found[value].append(profile)
    return found


def _index(
    profiles: Iterable[Profile], keys: Callable[[Profile], Collection[str]]
) -> dict[str, list[Profile]]:
    found: defaultdict[str, list[Profile]] = defaultdict(list)
    for profile in profiles:
        for value in keys(profile):
            found[value].append(profile)
    return found
