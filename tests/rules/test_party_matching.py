"""The matcher on a labelled set: what is the same is found as far as it is clear, nothing false is linked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import count

import pytest
from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.rules.party_matching import Known, Matches, match
from cin7_nav.rules.party_names import Likeness, likeness, name_of

MOMENT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
_ids = count(1)


def party(side: Side, name: str, **values: str) -> Party:
    held = {PartyField.NAME: name, **{PartyField(field): value for field, value in values.items()}}
    number = next(_ids)
    return Party(PartyKind.SUPPLIER, side, f"{side}-{number:05}", f"V{number:05}" if side is Side.NAV else "",
                 held, MOMENT)  # fmt: skip


def cin7(name: str, **values: str) -> Party:
    return party(Side.CIN7, name, **values)


def nav(name: str, **values: str) -> Party:
    return party(Side.NAV, name, **values)


def linked(matches: Matches) -> list[tuple[str, str]]:
    return [(link.cin7.party.name, link.nav.party.name) for link in matches.links]


# --- names ---


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Abbott & Sons Ltd.", "ABBOTT AND SONS LIMITED", Likeness.EQUAL),
        ("Müller Werkzeuge GmbH & Co. KG", "Muller Werkzeuge", Likeness.EQUAL),
        ("Łódź Polish Delicatessen", "Lodz Polish Delicatessen", Likeness.EQUAL),
        ("A.B.C. Tools", "ABC Tools", Likeness.EQUAL),
        ("Blue Ridge Abrasives", "Blueridge Abrasives", Likeness.EQUAL),
        ("Sons & Abbott", "Abbott & Sons", Likeness.EQUAL),
        ("The Ivy Lane Nursery", "Ivy Lane Nursery", Likeness.EQUAL),
        ("Firth Switchgear t/a Firth Online", "Firth Switchgear", Likeness.EQUAL),
        ("Müller Workshops", "Mueller Workshops", Likeness.TYPO),
        ("Anvil Hand Tols", "Anvil Hand Tools", Likeness.TYPO),
        ("Anvil Tools", "Anvil Hand Tools", Likeness.PART),
        ("York Road Supplies North", "York Road Supplies South", Likeness.OTHER),
        ("Store 12", "Store 13", Likeness.OTHER),
        ("Acme Leeds", "Acme London", Likeness.OTHER),
        ("", "Acme", Likeness.OTHER),
    ],
)
def test_names_are_the_same_whatever_their_dress(one: str, other: str, expected: str) -> None:
    assert likeness(name_of(one), name_of(other)) == expected
    assert likeness(name_of(other), name_of(one)) == expected


def test_a_legal_form_is_kept_apart_from_the_name() -> None:
    assert name_of("Bexley Fasteners Limited").form == "ltd"
    assert name_of("Weber GmbH").form == "gmbh"
    assert name_of("Carter & Co").form == ""
    assert name_of("Limited").words == ("limited",)


# --- what links and what does not ---


def test_what_is_explicit_comes_before_everything() -> None:
    ours, theirs = cin7("Acme", tax_number="GB123456789"), nav("Other", tax_number="GB999999998")
    twin = nav("Acme", tax_number="GB123456789")
    found = match([ours], [theirs, twin], Known(explicit={"acme": theirs.number}))
    assert linked(found) == [("Acme", "Other")]
    assert found.links[0].how == "parties.yaml"


def test_an_explicit_line_that_leads_nowhere_is_asked_about() -> None:
    found = match([cin7("Acme")], [nav("Acme")], Known(explicit={"acme": "V99999"}))
    assert found.links == []
    assert "V99999" in found.doubts[0].note


def test_a_tax_number_links_where_it_is_unique_and_the_rest_does_not_contradict() -> None:
    found = match(
        [cin7("Acme", tax_number="GB 123 4567 89")], [nav("Acme UK", tax_number="123456789")], Known()
    )
    assert found.links[0].how == "tax number"


def test_a_tax_number_under_quite_another_name_is_asked_about() -> None:
    found = match(
        [cin7("Acme Leeds", tax_number="GB123456789")], [nav("Bolt York", tax_number="GB123456789")], Known()
    )
    assert found.links == []
    assert len(found.doubts) == 1


def test_a_shared_tax_number_tells_nothing_but_names_and_contacts_do() -> None:
    tax = {"tax_number": "GB123456789"}
    ours = [
        cin7("Acme North", email="north@acme.example", **tax),
        cin7("Acme South", phone="0113 496 0002", **tax),
    ]
    theirs = [
        nav("Acme South", phone="+44 113 496 0002", **tax),
        nav("Acme North", email="north@acme.example", **tax),
    ]
    assert sorted(linked(match(ours, theirs, Known()))) == [
        ("Acme North", "Acme North"), ("Acme South", "Acme South")
    ]  # fmt: skip


def test_a_name_alone_never_links_where_contacts_contradict() -> None:
    ours = cin7("Acme", email="info@acme.example", phone="0113 496 0001")
    theirs = nav("Acme", email="sales@other.example", phone="020 7946 0001")
    found = match([ours], [theirs], Known())
    assert found.links == []
    assert set(found.doubts[0].candidates[0].reasons) == {"the same name", "another e-mail", "another phone"}


def test_a_name_that_nobody_else_has_links_where_nothing_contradicts() -> None:
    assert linked(match([cin7("Acme Ltd")], [nav("ACME")], Known())) == [("Acme Ltd", "ACME")]


def test_several_clear_candidates_are_shown_side_by_side_the_best_first() -> None:
    ours = cin7("Acme", email="a@acme.example", phone="0113 496 0001")
    theirs = [nav("Acme", email="a@acme.example"), nav("Acme", email="a@acme.example", phone="0113 496 0001")]
    found = match([ours], theirs, Known())
    assert found.links == []
    (doubt,) = found.doubts
    assert [each.profile.id for each in doubt.candidates] == [theirs[1].id, theirs[0].id]


def test_what_a_person_said_is_never_the_same_is_not_tried_again() -> None:
    ours, theirs = cin7("Acme"), nav("Acme")
    found = match([ours], [theirs], Known(apart=frozenset({(ours.id, theirs.id)})))
    assert (found.links, found.doubts) == ([], [])
    assert [one.id for one in found.alone] == [ours.id, theirs.id]


def test_what_a_person_left_alone_is_neither_linked_nor_created() -> None:
    ours, theirs = cin7("Acme"), nav("Acme")
    found = match([ours], [theirs], Known(left_out=frozenset({ours.id})))
    assert found.links == []
    assert [one.id for one in found.alone] == [theirs.id]


def test_a_twin_of_a_linked_record_is_asked_about_not_created() -> None:
    first, twin, theirs = cin7("Acme", phone="0113 496 0001"), cin7("Acme Ltd"), nav("Acme")
    found = match([first, twin], [theirs], Known(linked={first.id: theirs.id}))
    (doubt,) = found.doubts
    assert doubt.profile.id == twin.id
    assert doubt.candidates[0].linked
    assert found.alone == []


def test_of_two_twins_that_only_one_side_has_one_is_created_and_one_asked_about() -> None:
    ours = [cin7("Acme Ltd", email="a@acme.example"), cin7("ACME Limited", email="a@acme.example")]
    found = match(ours, [], Known())
    assert (len(found.alone), len(found.doubts)) == (1, 1)


def test_branches_of_one_name_are_created_without_a_question() -> None:
    tax = {"tax_number": "GB123456789"}
    first, theirs = cin7("Acme Leeds", **tax), nav("Acme Leeds", **tax)
    found = match([first, cin7("Acme York", **tax)], [theirs], Known(linked={first.id: theirs.id}))
    assert [one.party.name for one in found.alone] == ["Acme York"]


def test_what_many_share_tells_nothing() -> None:
    phone = {"phone": "0800 496 0000"}
    ours = [cin7(f"Shop {word}", **phone) for word in ("Alder", "Beech", "Cedar", "Elm", "Fir")]
    theirs = [nav(f"Office {word}", **phone) for word in ("Ash", "Birch", "Chestnut", "Elder", "Fig")]
    found = match(ours, theirs, Known())
    assert (found.links, found.doubts) == ([], [])


# --- the labelled set ---

STREETS = (
    "Mill Lane",
    "Station Road",
    "High Street",
    "Quay Street",
    "Church Row",
    "Victoria Road",
    "Bridge End",
)
TOWNS = (
    ("Leeds", "LS1 4AP"),
    ("York", "YO1 7HH"),
    ("Bath", "BA1 1SU"),
    ("Hull", "HU1 3DZ"),
    ("Derby", "DE1 2QA"),
)

SAME = """\
Abbott & Sons Builders Ltd|ABBOTT AND SONS BUILDERS LIMITED
Ashdown Garden Centre|Ashdown Garden Center
Barlow Hardware Limited|Barlow Hardware
Beacon Hill Estates plc|Beacon Hill Estates PLC
Birch & Bramble|Birch and Bramble
Blackwater Boat Yard|Blackwater Boatyard
Brightside Decorators|Brigtside Decorators
Brookfield Academy Trust|Brookfield Acadamy Trust
Calder Valley Stores|Calder Vally Stores
Castle Street D.I.Y.|Castle St DIY
Chalk Farm Joinery|Chalk Farm Joinrey
Clyde Electrical Supplies|Clyde Electrical Supply
Copperfield Interiors LLP|Copperfield Interiors
Cross-Keys Hotel|Cross Keys Hotel
Dalton Property Care|Dalton Propery Care
Deepdale Nurseries|DEEPDALE NURSERIES
Driftwood & Co|Driftwood and Company
Eastgate Tool Hire|Eastgate  Tool-Hire
Elm Tree Landscapes|Elm Tree Landscaps
Fairweather Roofing Co Ltd|Fairweather Roofing
Fenwick & Daughters|Fenwick and Daughters
Foxglove Florists|Foxglove Florist's
Garden O'Clock|Garden OClock
Glen Affric Lodges|Glen Afric Lodges
Granite City Trade Centre|Granite City Trade Center
Greenacre Allotments|Greenacre Alotments
Hallam Fabrication|Halam Fabrication
Hartwell Kitchens|Hartwel Kitchens
Hawthorn Housing|Hawthorne Housing
Heron Marine Services|Heron Marine Service
Kestrel Facilities|Kestrel Facilties
Kingsway Painters|Kingsway  Painters
Larkspur Events|LARKSPUR EVENTS LTD
Lochside Ironmongers|Lochside Iron-mongers
Łódź Polish Delicatessen|Lodz Polish Delicatessen
Maple & Moss|Maple and Moss
Müller Workshops|Mueller Workshops
Müller Werkzeuge GmbH|Muller Werkzeuge GmbH
Weiß Logistik GmbH|Weiss Logistik GmbH
Größe Holzbau KG|Groesse Holzbau KG
Nordvik Værktøj ApS|Nordvik Vaerktoj ApS
Ångström Belysning AB|Angstrom Belysning AB
Smørrebrød Import A/S|Smorrebrod Import AS
Señor Gómez Cerámica SL|Senor Gomez Ceramica S.L.
Atelier Lumière Lille SARL|Atelier Lumiere Lille
Café Crème Équipement SAS|Cafe Creme Equipement
Société Dupré & Fils|Societe Dupre et Fils
Çelik Makine|Celik Makine
Dvořák Sklo s.r.o.|Dvorak Sklo sro
Škoda Nářadí|Skoda Naradi
Święta Lipka Meble Sp. z o.o.|Swieta Lipka Meble Sp z oo
Ромашка|Romashka
Сибирский Лес|Sibirskiy Les
Αθηνά Φωτισμός|Athina Fotismos
Ελλάς Μάρμαρα|Ellas Marmara
O'Brien's Timber Yard|OBriens Timber Yard
Old Mill Brewery|Old Mill Brewry
Orchard View Care Home|Orchard View Carehome
Pennine Fencing|Pennine  Fencing Ltd
Quayside Restorations|Quay Side Restorations
Ravenscroft Theatre|RAVENSCROFT THEATRE
Saint Mary's Hospice|St Marys Hospice
Hughes Brothers Transport|Hughes Bros Transport
Thornton International|Thornton Intl
Harding Manufacturing Ltd|Harding Mfg
Tannery Row Studios|Tanery Row Studios
Thistle & Thyme|Thistle and Thyme
The Upton Village Hall|Upton Village Hall
Victoria Park Rangers|Victoria Park Ranger
Weaver's Cottage Crafts|Weavers Cottage Crafts
Whitby Sea Cadets|Whitby Sea Cadetts
Albion Paint Works|Albion Paintworks
Anvil Hand Tools|Anvil Hand Tols
Aurora Lighting Inc.|Aurora Lighting Incorporated
Bexley Fasteners|Bexley Fastners
Blue Ridge Abrasives|Blueridge Abrasives
Caledonian Freight Lines|Caledonian Frieght Lines
Carr & Holt Brushes|Carr and Holt Brushes
Drummond Cable Corp|Drummond Cable Corporation
Dunlin Garden Machinery|Dunlin Garden Machinary
Evergreen Composts|Ever Green Composts
Firth Switchgear|Firth Switch Gear
Forge & Fettle|Forge and Fettle
Gresham Office Supplies|Gresham Office Supply
Harrow Seeds|Harrow Seeds (trading as HS)
Ingram Adhesives|Ingram Adhesive
Irwell Packaging|Irwell Packageing
Jackson's Ladders|Jacksons Ladders
Kelvin Batteries|Kelvin Battries
Langley Pipe Fittings|Langley Pipefittings
Lister & Reid Varnishes|Lister and Reid Varnishes
Meridian Power Tools|Meridian Powertools
Oakham Hosepipes|Oakham Hose Pipes
Parr Street Print|Parr St Print
Pentland Pottery|Pentland Potery
Quantock Quarry Products|Quantock Quary Products
Redcar Steelworks|Redcar Steel Works
Severn Side Solvents|Severnside Solvents
Solway Safety Wear|Solway Safetywear
Tamar Timber|Tamar Timbers
Trent Sockets & Plugs|Trent Sockets and Plugs
Ulverston Rope Company|Ulverston Rope
Vale of Belvoir Bulbs|Vale of Belvior Bulbs
Wessex Workwear|Wessex Work Wear
Yeoman Pallets|Yoeman Pallets
Zenith Cleaning Services|Zenith Cleaning Service
J. R. Whitfield Plumbing|JR Whitfield Plumbing
A.B.C. Signs|ABC Signs
Whitfield, J. R.|J R Whitfield
Sanders Peter Upholstery|Peter Sanders Upholstery"""
"""The same party, as the two systems write it."""

BRANCHES = """\
York Road Supplies North|York Road Supplies South
Acme Leeds|Acme London
Harrow Depot 12|Harrow Depot 13
Harrow Depot 1|Harrow Depot 11
Weber Stahl GmbH|Weber Stahl AG
Weber Bau GmbH|Weber Bau KG
Ridgeway Holdings Ltd|Ridgeway Holdings Inc
Oakwell East|Oakwell West
Linden Trading Scotland|Linden Trading Ireland
Carter Bros|Carter Sisters
Northern Rail Parts|Southern Rail Parts
Upper Mill Bakery|Lower Mill Bakery
Sunrise Care Phase I|Sunrise Care Phase II
Delta Store 2024|Delta Store 2025
Green Dragon Kendal|Green Dragon Keswick
Peak Outdoor Sheffield|Peak Outdoor Buxton"""
"""Parties of one group or family: they share a tax number and a head office, and are not the same."""

LOOK_ALIKE = """\
Smith Joinery|Smyth Joinery
Marlow Tools|Marlow Tiles
Hadley Glass|Hadley Grass
Fox Lane Motors|Fox Lane Meters
Brightwater Spa|Brightwater Spas Repairs
Queensway Dental|Queensway Rental
Baker Electrical|Barker Electrical
Mercer Foods|Mercer Floods
Parkin Print|Parking Print
Alton Towers Hire|Alton Flowers Hire
Kirkby Stone|Kirby Stone
Daltry Fabrics|Daltrey Fabrics
Hanson Timber|Hansen Timber
Stephens Marine|Stevens Marine
Reid Catering|Reed Catering
Clark Interiors|Clarke Interiors
Philips Seating|Phillips Seating
Bell & Howe|Bell & Home
Grant Engineering|Grange Engineering
Tyne Couriers|Tyne Carriers
Coastal Paint|Coastal Point
Hill Top Farm|Mill Top Farm
River Lodge|River Lodges Group
Castle Gate|Castle Grate"""
"""Parties that have nothing to do with each other and names that differ by a letter or two."""

STAND_INS = """\
Marsh Lane Foundry|Rowan Packaging
Sable Interiors|Tinder & Flint
Osprey Rigging|Penrose Ceramics
Galloway Glue|Hexham Hinges
Tarn Textiles|Ullswater Units
Nettle & Co|Oat Mills
Ruskin Frames|Sedge Baskets
Vickers Valves|Wharfe Wax
Arkle Awnings|Bolton Beds
Cobalt Coatings|Dovedale Doors
Esk Engines|Fell Filters
Gannet Gears|Holme Hoists
Inca Ink|Jura Joints
Kiln Kits|Lune Lamps
Mosaic Mats|Nidd Nails
Orrest Ovens|Pike Pumps
Quernmore Quilts|Rydal Ropes
Skiddaw Saws|Teal Taps
Ure Urns|Vale Vans
Wray Wheels|Yarrow Yarns"""
"""Two parties that have nothing in common but what a group of companies shares."""


@dataclass(frozen=True)
class Label:
    cin7: Party
    nav: Party
    same: bool
    sort: str


def _contacts(at: int, style: str) -> tuple[dict[str, str], dict[str, str]]:
    """What both sides know of one party, as differently as people type it."""
    town, postcode = TOWNS[at % len(TOWNS)]
    street = f"{3 + at} {STREETS[at % len(STREETS)]}"
    email, phone = f"office{at}@party{at}.example", f"0113 49{at:05}"
    tax = f"GB{700_000_000 + at * 7919}"
    place = {"address_line_1": street, "city": town, "postal_code": postcode, "country": "United Kingdom"}
    there = {**place, "postal_code": postcode.replace(" ", "").lower(), "country": "GB"}
    international = "+44 (0)" + phone[1:].replace(" ", "-")
    match style:
        case "all":
            shouted = {"email": email.upper(), "phone": international, "tax_number": tax[2:], **there}
            return {"email": email, "phone": phone, "tax_number": tax, **place}, shouted
        case "mail and phone":
            return {"email": email, "phone": phone}, {
                "email": f"{email}; x@y.example",
                "phone": international,
            }
        case "moved":
            elsewhere = {**there, "address_line_1": "1 New Street", "postal_code": "ZZ9 9ZZ"}
            return {"email": email, "phone": phone, **place}, {"email": email, "phone": phone, **elsewhere}
        case _:
            return {**place, "phone": phone}, {**there, "phone": international}


STYLES = ("all", "mail and phone", "moved", "address and phone")


def _group(at: int) -> dict[str, str]:
    """What companies of a group share: a VAT number, a head office, its switchboard."""
    return {"tax_number": f"GB{810_000_000 + at * 7919}", "email": f"group{at}@holding{at}.example"}


def labelled() -> list[Label]:
    labels = []
    names = [tuple(line.split("|")) for line in SAME.splitlines()]
    for at, (ours, theirs) in enumerate(names):
        for turn in range(2):
            number = 2 * at + turn
            style = STYLES[(at + 2 * turn) % len(STYLES)]
            here, there = _contacts(number, style)
            suffix = "" if turn == 0 else f" {_BRANCHES[at % len(_BRANCHES)]}"
            labels.append(Label(cin7(ours + suffix, **here), nav(theirs + suffix, **there), True, style))
    others = [(*line.split("|"), "one group") for line in (BRANCHES + "\n" + STAND_INS).splitlines()]
    others += [(*line.split("|"), "look alike") for line in LOOK_ALIKE.splitlines()]
    for at, (ours, theirs, sort) in enumerate(others):
        own, other = _contacts(1000 + 2 * at, "all")[0], _contacts(1001 + 2 * at, "all")[1]
        group, phone = _group(at), {"phone": own["phone"]}
        shared = [({**own, **group}, {**other, **group}), (group, group), (phone, phone), ({}, {})]
        near = [(own, other), (phone, {}), (phone, phone), ({}, {})]
        for turn in range(2):
            here, there = (shared if sort == "one group" else near)[(at + turn) % 4]
            suffix = f" {_BRANCHES[at % len(_BRANCHES)]}" if turn else ""
            labels.append(Label(cin7(ours + suffix, **here), nav(theirs + suffix, **there), False, sort))
    return labels


_BRANCHES = ("Aberdeen", "Bristol", "Cardiff", "Dundee", "Exeter", "Falkirk", "Gloucester")


def test_no_pair_of_the_labelled_set_is_linked_falsely(capsys: pytest.CaptureFixture[str]) -> None:
    labels = labelled()
    assert len(labels) >= 300
    truth = {label.cin7.id: label for label in labels if label.same}
    partner = {label.cin7.id: label.nav.id for label in truth.values()}
    every = [label.cin7 for label in labels], [label.nav for label in labels]
    found = match(*every, Known())
    false = [(one.cin7.party.name, one.nav.party.name, one.reasons) for one in found.links
             if partner.get(one.cin7.id) != one.nav.id]  # fmt: skip
    assert false == []
    right = {link.cin7.id for link in found.links}
    doubts = {
        doubt.profile.id: {each.profile.id for each in doubt.candidates}
        for doubt in found.doubts
        if doubt.profile.party.side is Side.CIN7
    }
    asked = {one for one in partner.keys() - right if partner[one] in doubts.get(one, ())}
    with capsys.disabled():
        print(  # noqa: T201
            f"\nparties: {len(labels)} labelled pairs, {len(partner)} of them the same; linked "
            f"{len(right) / len(partner):.1%}, asked about {len(asked) / len(partner):.1%}, false links 0"
        )
    assert len(right) / len(partner) >= 0.85
    lost = [truth[one].cin7.name for one in partner.keys() - right - asked]
    assert lost == []


def test_nothing_of_the_labelled_set_is_lost_or_counted_twice() -> None:
    labels = labelled()
    found = match([one.cin7 for one in labels], [one.nav for one in labels], Known())
    linked_ids = [side.id for link in found.links for side in (link.cin7, link.nav)]
    doubted = [doubt.profile.id for doubt in found.doubts]
    alone = [one.id for one in found.alone]
    assert len(linked_ids) == len(set(linked_ids))
    assert not set(linked_ids) & {*doubted, *alone}
    candidates = {each.profile.id for doubt in found.doubts for each in doubt.candidates}
    every = {one.id for label in labels for one in (label.cin7, label.nav)}
    assert every == {*linked_ids, *doubted, *alone} | candidates


def test_the_order_in_which_records_come_plays_no_part() -> None:
    labels = labelled()
    ours, theirs = [one.cin7 for one in labels], [one.nav for one in labels]
    forwards, backwards = match(ours, theirs, Known()), match(ours[::-1], theirs[::-1], Known())
    assert sorted(linked(forwards)) == sorted(linked(backwards))
