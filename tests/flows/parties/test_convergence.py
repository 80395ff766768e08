"""Whatever people edit on both sides: it converges, nothing echoes, nobody is doubled."""

from __future__ import annotations

import random
from typing import Any

from cin7_nav.mappings.files import Direction
from cin7_nav.model import PartyField as F
from cin7_nav.model import Side
from cin7_nav.rules import party_fields
from cin7_nav.store.decisions import Answer

ROUNDS = 50
WORDS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper")
NUMBERS = ("V00010", "V00020", "V00030", "V00040")


def edit_cin7(flow: Any, chance: random.Random, id_: str, at: int) -> None:
    row = flow.supplier_row(id_)
    word, number = chance.choice(WORDS), chance.randint(1000, 9999)
    address, contact = dict(row["Addresses"][0]), dict(row["Contacts"][0])
    match chance.choice(("name", "name", "phone", "mail", "street", "terms", "status", "clear", "touch")):
        case "name":
            flow.change(id_, Name=f"{word} {at} {number} Ltd")
        case "phone":
            flow.change(id_, Contacts=[{**contact, "Phone": f"0113 496 {number}"}])
        case "mail":
            flow.change(id_, Contacts=[{**contact, "Email": f"{word}{number}@cin7.example; b@cin7.example"}])
        case "street":
            flow.change(id_, Addresses=[{**address, "Line1": f"{number} {word} Road", "City": word}])
        case "terms":
            flow.change(id_, PaymentTerm=chance.choice(("30 days", "14 days", "Cash")))
        case "status":
            flow.change(id_, Status=chance.choice(("Active", "Deprecated")))
        case "clear":
            flow.change(id_, Contacts=[{**contact, "Phone": ""}])
        case "touch":
            flow.change(id_, Comments=f"{word} {number}")  # changes the stamp and nothing that is kept


def edit_nav(flow: Any, chance: random.Random, id_: str, at: int) -> None:
    word, number = chance.choice(WORDS), chance.randint(1000, 9999)
    body = chance.choice(
        (
            {"displayName": f"{word} {at} {number} plc"},
            {"displayName": f"{word} {number} {at}"},
            {"phoneNumber": f"+44 113 496 {number}"},
            {"email": f"{word}{number}@nav.example"},
            {"addressLine1": f"{number} {word} Street", "city": word.upper()},
            {"country": chance.choice(("GB", "FR", "DE"))},
            {"blocked": chance.choice((" ", "Payment", "All"))},
            {"phoneNumber": ""},
            {"website": f"https://{word.lower()}{number}.example"},
        )
    )
    flow.change_vendor(id_, **body)


def test_fifty_rounds_of_edits_on_both_sides_converge_without_an_echo(linked: Any) -> None:
    chance = random.Random(4)
    pairs = {number: linked.seeded(number) for number in NUMBERS}
    links = {one: link.nav_id for one, link in linked.links().items()}
    asked = 0
    for at in range(ROUNDS):
        for number in chance.sample(NUMBERS, 2):
            cin7_id, nav_id = pairs[number]
            if chance.random() < 0.7:
                edit_cin7(linked, chance, cin7_id, at)
            if chance.random() < 0.7:
                edit_nav(linked, chance, nav_id, at)
        linked.poll()
        for review in linked.reviews():
            asked += 1
            assert linked.decide(str(review.id), chance.choice((Answer.CIN7, Answer.NAV))) is None
        if at % 5 == 4:
            linked.poll()
            linked.writes()
            linked.poll()
            assert linked.writes() == {}, f"echo after round {at}"
    linked.poll()
    assert asked >= 3  # both sides did change the same field at times
    assert {one: link.nav_id for one, link in linked.links().items()} == links
    rules = linked.mappings.parties.fields
    for number in NUMBERS:
        assert linked.problems(number) == []
        cin7, nav = linked.pair(number)
        for name, rule in rules.items():
            ours = party_fields.common(name, Side.CIN7, cin7.values[name], rule)
            theirs = party_fields.common(name, Side.NAV, nav.values[name], rule)
            # what one side emptied stays empty there; everything else is the same
            assert party_fields.agree(name, ours, theirs, rule) or not (ours and theirs), (number, name)
        row = linked.supplier_row(pairs[number][0])
        assert (len(row["Addresses"]), len(row["Contacts"])) == (1, 1)
    assert {rule.direction for rule in rules.values()} == {Direction.BOTH, Direction.NEWEST}
    assert F.WEBSITE in rules
