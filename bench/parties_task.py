"""The child process that matches or sweeps. The answer goes to the file named as argument.

Job: `parties` (a side) and `seed`: make two sets of parties of a seed, match them, count what is false. With
`sweep`, directory of mapping files: one whole run of the flow on the connections of the environment.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cin7_nav.flows.parties.carry import Carrier
from cin7_nav.flows.parties.collect import Collector
from cin7_nav.flows.parties.tasks import desk
from cin7_nav.mappings import Mappings, load
from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.rules.party_matching import Known, match
from cin7_nav.store import parties as store
from cin7_nav.store.documents import Run

from bench.task import peak_bytes

MOMENT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
FIRST = (
    "Al", "Bel", "Cor", "Dan", "Est", "Fal", "Gor", "Hal", "Ing", "Jar", "Kel", "Lan", "Mor", "Nor",
    "Ost", "Pel", "Quin", "Ros", "Sel", "Tor", "Ul", "Van", "Wes", "Yar",
)  # fmt: skip
MIDDLE = (
    "a", "e", "i", "o", "u", "an", "en", "in", "on", "un", "ar", "er", "ir", "or", "ur",
)  # fmt: skip
LAST = (
    "by", "don", "field", "ford", "gate", "ham", "land", "ley", "mere", "mouth", "ness", "ridge",
    "stead", "ston", "thorpe", "ton", "wick", "wood", "worth",
)  # fmt: skip
TRADES = (
    "Tools", "Timber", "Paint", "Lighting", "Cable", "Packaging", "Foods", "Textiles", "Fasteners",
    "Hardware", "Logistics", "Freight", "Seeds", "Glass", "Steel", "Ceramics", "Print", "Furniture",
    "Motors", "Marine", "Garden", "Catering", "Cleaning", "Security", "Plumbing", "Roofing",
)  # fmt: skip
FORMS = (
    ("Ltd", "Limited"),
    ("plc", "PLC"),
    ("GmbH", "G.m.b.H."),
    ("Inc.", "Incorporated"),
    ("", ""),
    ("Ltd", ""),
)


def _name(chance: random.Random) -> str:
    words = [
        chance.choice(FIRST) + chance.choice(MIDDLE) + chance.choice(LAST)
        for _ in range(chance.choice((1, 1, 2)))
    ]
    return " ".join([*words, chance.choice(TRADES)])


def _typo(chance: random.Random, text: str) -> str:
    at = chance.randrange(1, len(text) - 1)
    return text[:at] + text[at + 1 :]


def parties(count: int, seed: int) -> tuple[list[Party], list[Party], dict[str, str]]:
    """Both sides, and which are the same: three in four, one in ten of them with a slip in its name."""
    chance = random.Random(seed)
    cin7, nav, truth = [], [], {}
    for at in range(count):
        name, other = _name(chance), _name(chance)
        same = chance.random() < 0.75
        form = chance.choice(FORMS)
        town = chance.randrange(100, 999)
        values = {
            PartyField.NAME: f"{name} {form[0]}".strip(),
            PartyField.EMAIL: f"office@{at}.cin7.example",
            PartyField.PHONE: f"0113 {chance.randrange(10**6):06}",
            PartyField.POSTAL_CODE: f"LS{town % 30} {town % 9}AP",
            PartyField.ADDRESS_LINE_1: f"{at % 180 + 1} High Street",
            PartyField.COUNTRY: "United Kingdom",
        }
        if chance.random() < 0.5:
            values[PartyField.TAX_NUMBER] = f"GB{100_000_000 + at * 37}"
        there = {**values, PartyField.COUNTRY: "GB"}
        if same:
            shown = _typo(chance, name) if chance.random() < 0.1 else name.upper()
            there[PartyField.NAME] = f"{shown} {form[1]}".strip()
        else:
            there |= {
                PartyField.NAME: other,
                PartyField.EMAIL: f"office@{at}.nav.example",
                PartyField.PHONE: f"0207 {chance.randrange(10**6):06}",
                PartyField.ADDRESS_LINE_1: f"{at % 170 + 1} Mill Lane",
                PartyField.TAX_NUMBER: "",
            }
        ours = Party(PartyKind.SUPPLIER, Side.CIN7, f"c{at:06}", "", values, MOMENT)
        theirs = Party(PartyKind.SUPPLIER, Side.NAV, f"n{at:06}", f"V{at:06}", there, MOMENT)
        cin7.append(ours)
        nav.append(theirs)
        if same:
            truth[ours.id] = theirs.id
    chance.shuffle(nav)
    return cin7, nav, truth


def sweep(directory: str) -> dict[str, Any]:
    """Read everything of both sides, and carry out what follows."""
    mappings = load(Path(directory))
    assert isinstance(mappings, Mappings), mappings
    run = Run("bench", "whole")
    started = time.perf_counter()
    with desk({"dag_run": SimpleNamespace(dag_id="parties_both_ways")}) as at:
        collected = Collector(at.database, at.reader, run, [PartyKind.SUPPLIER]).whole()
        with store.exclusive(at.database):
            carried = Carrier(at.database, at.reader, mappings, run, store.now(at.database)).carry()
    return {
        "seconds": time.perf_counter() - started,
        "read": collected.outcome["read"],
        "changed": collected.outcome["changed"],
        "outcome": dict(carried.outcome),
        "more": carried.more,
        "peak_bytes": peak_bytes(),
    }


def main(job: dict[str, Any]) -> dict[str, Any]:
    if "sweep" in job:
        return sweep(job["sweep"])
    cin7, nav, truth = parties(job["parties"], job["seed"])
    started = time.perf_counter()
    found = match(cin7, nav, Known())
    seconds = time.perf_counter() - started
    false = sum(truth.get(link.cin7.id) != link.nav.id for link in found.links)
    return {
        "seconds": seconds,
        "linked": len(found.links) - false,
        "false": false,
        "doubts": len(found.doubts),
        "alone": len(found.alone),
        "peak_bytes": peak_bytes(),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(json.load(sys.stdin))))
