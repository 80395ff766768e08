"""Names of companies and people as they are compared: words without case, accents and legal form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

_FORMS = {
    "ltd": "limited limted ltd",
    "plc": "plc",
    "llp": "llp",
    "llc": "llc",
    "inc": "inc incorporated",
    "corp": "corp corporation",
    "gmbh": "gmbh mbh",
    "ag": "ag",
    "kg": "kg",
    "ohg": "ohg",
    "ug": "ug",
    "ev": "ev",
    "ek": "ek",
    "sa": "sa",
    "sarl": "sarl eurl",
    "sas": "sas sasu",
    "srl": "srl",
    "spa": "spa",
    "sl": "sl slu",
    "lda": "lda",
    "bv": "bv",
    "nv": "nv",
    "vof": "vof",
    "as": "as asa",
    "aps": "aps",
    "ab": "ab",
    "oy": "oy oyj",
    "spzoo": "spzoo zoo",
    "sro": "sro",
    "kft": "kft",
    "doo": "doo",
    "ooo": "ooo",
    "pty": "pty",
    "co": "co company",
}
_FORM_OF = {word: form for form, words in _FORMS.items() for word in words.split()}
_NO_FORM_OF_ITS_OWN = frozenset({"", "co", "pty"})
"""Said beside another legal form, or instead of one: nothing follows from it."""
_JOINING = frozenset({"and", "und", "et"})
_ROMAN = frozenset(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"])
_SPELLED = {
    "and": "",
    "und": "",
    "et": "",
    "y": "",
    "the": "",
    "saint": "st",
    "street": "st",
    "brothers": "bros",
    "gebrueder": "bros",
    "international": "intl",
    "manufacturing": "mfg",
    "engineering": "eng",
    "centre": "center",
    "services": "service",
    "supplies": "supply",
    "university": "uni",
    "doctor": "dr",
}
_TRADING = re.compile(r"\s+(?:t/a|trading as|d/b/a|dba|c/o)\s+.*$")
_APART = re.compile(r"[^a-z0-9]+")
_INITIALS = re.compile(r"\b((?:[a-z]\.\s?){2,}[a-z]?\b)")
_TYPO = 80
"""Least likeness of two words of which one may be a slip of the other."""
NEAR = 90
"""Least likeness of two names written without blanks."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart."""

    words: tuple[str, ...]
    """Sorted, without legal form and without words that say nothing."""
    form: str
    """Legal form; empty where none is said."""
    joined: str
    """The words in their order, written as one."""

    @property
    def key(self) -> str:
        """The words as one text, for a first look at many."""
        return " ".join(self.words)


@lru_cache(maxsize=200_000)
def name_of(text: str) -> Name:
    """Take a name apart. A script other than Latin is transliterated."""
    plain = anyascii(text).casefold().replace("&", " and ").replace("'", "")
    plain = _TRADING.sub("", plain)
    plain = _INITIALS.sub(lambda found: found[1].replace(".", "").replace(" ", "") + " ", plain)
    found = [word for word in _APART.split(plain) if word]
    forms: set[str] = set()
    words = list(found)
    while len(words) > 1 and (words[-1] in _FORM_OF or words[-1] in _JOINING):
        forms.add(_FORM_OF.get(words.pop(), ""))
    if len(words) > 1 and not forms - _NO_FORM_OF_ITS_OWN and words[0] in _FORM_OF:
        forms.add(_FORM_OF[words.pop(0)])
    form = " ".join(sorted(forms - _NO_FORM_OF_ITS_OWN))
    spelled = [said for word in words if (said := _SPELLED.get(word, word))] or words
    return Name(tuple(sorted(spelled)), form, "".join(spelled))


class Likeness:
    """How two names stand to each other."""

    EQUAL = "the same name"
    TYPO = "nearly the same name"
    PART = "one name is part of the other"
    OTHER = "another name"


def likeness(one: Name, other: Name) -> str:
    """A word or a number that only one of two otherwise like names has tells branches apart: `OTHER`."""
    if not one.words or not other.words:
        return Likeness.OTHER
    if one.words == other.words or one.joined == other.joined:
        return Likeness.EQUAL
    left, right = _left_over(one.words, other.words), _left_over(other.words, one.words)
    if not left or not right:
        rest = left or right
        only_short = all(len(word) < 2 and not word.isdigit() for word in rest)
        return Likeness.TYPO if only_short else Likeness.PART
    if len(left) == len(right) and _are_typos(left, right):
        return Likeness.TYPO
    if _numbers(one) == _numbers(other) and fuzz.ratio(one.joined, other.joined) >= NEAR:
        return Likeness.TYPO if len(one.words) != len(other.words) else Likeness.OTHER
    return Likeness.OTHER


def _left_over(words: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    rest = list(others)
    left = []
    for word in words:
        if word in rest:
            rest.remove(word)
        else:
            left.append(word)
    return left


def _are_typos(left: list[str], right: list[str]) -> bool:
    rest = list(right)
    for word in left:
        best = max(rest, key=lambda other: _alike(word, other))
        if _alike(word, best) < _TYPO:
            return False
        rest.remove(best)
    return True


def _alike(one: str, other: str) -> float:
    """0 to 100; numbers are alike only where they are equal."""
    if any(character.isdigit() for character in one + other) or {one, other} <= _ROMAN:
        return 100.0 if one == other else 0.0
    if one[0] == other[0] and min(len(one), len(other)) == 1:
        return 100.0  # an initial
    return OSA.normalized_similarity(one, other) * 100


def _numbers(name: Name) -> list[str]:
    return sorted(word for word in name.words if any(character.isdigit() for character in word))
