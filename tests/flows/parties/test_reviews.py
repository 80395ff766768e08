"""What is not clear waits for a person, whose answer is remembered; bad input waits with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from cin7_nav.model import PartyField as F
from cin7_nav.model import PartyKind
from cin7_nav.store import audit, parties
from cin7_nav.store.decisions import Answer

MAIL = {"Name": "Kim", "Email": "kim@kite.example", "Default": True}


def doubtful(flow: Any) -> tuple[str, dict[str, Any]]:
    """A supplier and a vendor of one name whose contacts contradict."""
    vendor = flow.vendor("Kite & Cord", email="sales@other.example", phoneNumber="0113 496 0001")
    made = flow.supplier("Kite & Cord Ltd", Contacts=[{**MAIL, "Phone": "0161 496 0999"}])
    flow.poll()
    return made, vendor


def test_a_name_with_other_contacts_is_asked_about_with_both_side_by_side(linked: Any) -> None:
    made, vendor = doubtful(linked)
    (review,) = linked.reviews()
    assert (review.side, review.record_id) == ("cin7", made)
    (candidate,) = review.shown["candidates"]
    assert candidate["number"] == vendor["number"]
    assert candidate["values"]["email"] == "sales@other.example"
    assert set(candidate["reasons"]) == {"the same name", "another e-mail", "another phone"}
    linked.poll()
    assert [one.id for one in linked.reviews()] == [review.id]
    assert len(linked.vendors("Kite & Cord Ltd")) == 0
    assert linked.cin7.suppliers_named("Kite & Cord") == []


def test_a_person_links_them(linked: Any) -> None:
    made, vendor = doubtful(linked)
    assert linked.decide(made, Answer.LINK) is None  # there is one candidate only
    linked.poll()
    link = linked.link(made)
    assert (link.nav_id, link.how) == (vendor["id"], "a person")
    assert "link with" in link.why
    assert "by ann: asked the buyer" in link.why
    assert linked.reviews() == [] or {one.question for one in linked.reviews()} == {"party_conflict"}


def test_a_person_has_a_new_record_created(linked: Any) -> None:
    made, vendor = doubtful(linked)
    assert linked.decide(made, Answer.CREATE) is None
    linked.poll()
    (mine,) = linked.vendors("Kite & Cord Ltd")
    assert linked.link(made).nav_id == mine["id"] != vendor["id"]


def test_what_a_person_said_is_never_the_same_is_not_asked_again(linked: Any) -> None:
    made, vendor = doubtful(linked)
    assert linked.decide(made, Answer.NEVER) is None
    linked.poll()
    linked.poll()
    assert linked.link(made).nav_id != vendor["id"]
    assert linked.link(vendor["number"]).cin7_id != made
    assert [one.question for one in linked.reviews()] == []


def test_what_a_person_left_alone_stays_alone(linked: Any) -> None:
    made, vendor = doubtful(linked)
    assert linked.decide(made, Answer.IGNORE) is None
    linked.poll()
    linked.change(made, Name="Kite & Cord and more")
    linked.poll()
    assert made not in linked.links()
    assert linked.reviews() == []
    assert linked.link(vendor["number"]).cin7_id  # the vendor, nobody's twin now, went to Cin7


def test_an_answer_needs_a_reason_and_a_record_that_is_there(linked: Any) -> None:
    from cin7_nav.flows.decisions.answering import decide_party

    made, _ = doubtful(linked)
    assert "reason" in str(decide_party(linked.database, made, Answer.LINK, " ", "ann"))
    assert "no vendor V99999" in str(linked.decide(made, Answer.LINK, "V99999"))
    assert "linked with another" in str(linked.decide(made, Answer.LINK, "V00010"))
    assert "no answer" in str(linked.decide(made, Answer.POST))


def test_a_question_is_put_anew_when_the_record_changes(linked: Any) -> None:
    made, _ = doubtful(linked)
    (before,) = linked.reviews()
    linked.change(made, TaxNumber="GB123123123")
    linked.poll()
    (after,) = linked.reviews()
    assert after.id != before.id
    assert after.shown["record"]["values"]["tax_number"] == "GB123123123"


def test_a_question_goes_when_the_doubt_goes(linked: Any) -> None:
    made, vendor = doubtful(linked)
    linked.change_vendor(vendor["id"], displayName="Something else", email="x@else.example")
    linked.poll()
    assert linked.reviews() == []
    assert linked.link(made).nav_id != vendor["id"]


def test_duplicates_on_one_side_are_created_once_and_asked_about(linked: Any) -> None:
    first = linked.supplier("Kite & Cord Ltd", Contacts=[MAIL])
    second = linked.supplier("KITE AND CORD LIMITED", Contacts=[MAIL])
    linked.poll()
    linked.poll()
    vendors = linked.vendors("Kite & Cord Ltd") + linked.vendors("KITE AND CORD LIMITED")
    assert len(vendors) == 1
    (review,) = linked.reviews()
    assert {review.record_id} < {first, second}


def test_a_vendor_that_was_deleted_is_not_made_again_by_itself(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded("V00010")
    linked.delete_vendor(nav_id)
    linked.sweep()
    assert linked.problems(cin7_id) == ["party_gone"]
    assert parties.known(linked.database, PartyKind.SUPPLIER, [cin7_id]) == {}
    (review,) = linked.reviews()
    assert "gone from NAV" in review.shown["note"]
    assert linked.decide(cin7_id, Answer.CREATE) is None
    linked.poll()
    assert linked.link(cin7_id).nav_id not in (None, nav_id)
    assert linked.problems(cin7_id) == []


def test_an_event_of_a_deleted_record_is_done_with(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded("V00010")
    linked.land("vendors/deleted", nav_id, "nav")
    linked.delete_vendor(nav_id)
    collected = linked.collect("landed")
    assert len(collected.events) == 1
    linked.carry(thorough=False)
    assert linked.problems(cin7_id) == ["party_gone"]


# --- bad input ---


@pytest.mark.parametrize("length", [101, 256])
def test_a_name_that_nav_has_no_room_for_waits_and_is_not_cut(linked: Any, length: int) -> None:
    name = ("Kite and Cord " * 20)[: length - 1] + "x"
    made = linked.supplier(name)
    linked.poll()
    (problem,) = linked.link(made).problems
    assert problem.code == "party_value_too_long"
    assert f"{length} characters, NAV has room for 100" in problem.message
    linked.change(made, Name="Kite & Cord")
    linked.poll()
    assert len(linked.vendors("Kite & Cord")) == 1
    assert linked.link(made).problems == ()


@pytest.mark.parametrize("channel", ["odata_v4"], indirect=True)
def test_an_older_nav_is_known_to_have_less_room(linked: Any) -> None:
    linked.edit("name: { direction: both, too_long: wait }", "name: { direction: both, too_long: cut }")
    linked.sandbox.nav.patch("settings", {"longest_text": 50})
    linked.nav._columns = {}
    linked.__post_init__()
    name = "Kite and Cord " * 5 + "x"
    made = linked.supplier(name)
    linked.poll()
    cin7, nav = linked.pair(made)
    assert (cin7.values[F.NAME], nav.values[F.NAME]) == (name, name[:50].strip())
    linked.writes()
    linked.poll()
    assert linked.writes() == {}


def test_a_name_is_cut_where_the_mapping_says_so_and_stays_whole_in_cin7(linked: Any) -> None:
    linked.edit("name: { direction: both, too_long: wait }", "name: { direction: both, too_long: cut }")
    name = "Kite and Cord " * 10 + "x"
    made = linked.supplier(name)
    linked.poll()
    linked.poll()
    cin7, nav = linked.pair(made)
    assert cin7.values[F.NAME] == name
    assert nav.values[F.NAME] == name[:100].strip()
    assert "cut" in audit.trail(linked.database, linked.link(made).record)[-1].why
    linked.writes()
    linked.poll()
    assert linked.writes() == {}


def test_of_several_mail_addresses_in_one_field_the_first_counts_and_the_others_stay(linked: Any) -> None:
    made = linked.supplier("Kite & Cord", Contacts=[{**MAIL, "Email": "a@kite.example; b@kite.example"}])
    linked.poll()
    linked.poll()
    (vendor,) = linked.vendors("Kite & Cord")
    assert vendor["email"] == "a@kite.example"
    linked.change_vendor(vendor["id"], email="c@kite.example")
    linked.poll()
    (contact,) = linked.supplier_row(made)["Contacts"]
    assert contact["Email"] == "c@kite.example;b@kite.example"
    linked.writes()
    linked.poll()
    assert linked.writes() == {}


def test_control_characters_become_blanks_in_nav(linked: Any) -> None:
    linked.supplier("Kite\t&\u200b Cord\u0007")
    linked.poll()
    assert len(linked.vendors("Kite & Cord")) == 1
    linked.writes()
    linked.poll()
    assert linked.writes() == {}


def test_a_name_that_cin7_gives_to_another_waits_and_the_other_fields_go_on(linked: Any) -> None:
    taken, _ = linked.pair("V00020")
    _, nav_id = linked.seeded("V00010")
    linked.change_vendor(nav_id, displayName=taken.name, city="York")
    linked.poll()
    (problem,) = linked.link("V00010").problems
    assert problem.code == "cin7_refused"
    assert "unique" in problem.message
    assert linked.values("V00010", F.CITY) == ("York", "York")
    linked.change_vendor(nav_id, displayName="A name of its own")
    linked.poll()
    assert linked.problems("V00010") == []


def test_a_vendor_that_gets_the_name_of_another_supplier_stays_linked_with_its_own(linked: Any) -> None:
    before = {one: link.nav_id for one, link in linked.links().items()}
    _, nav_id = linked.seeded("V00010")
    taken, _ = linked.pair("V00020")
    linked.change_vendor(nav_id, displayName=taken.name)
    linked.poll()
    assert {one: link.nav_id for one, link in linked.links().items()} == before


def test_an_address_without_country_is_left_out_and_told(linked: Any) -> None:
    vendor = linked.vendor("Quill & Sons", addressLine1="1 Row", city="Bath")
    linked.poll()
    linked.poll()
    assert linked.link(vendor["number"]).cin7_id
    assert linked.problems(vendor["number"]) == ["party_address_incomplete"]
    linked.change_vendor(vendor["id"], country="GB")
    linked.poll()
    assert linked.problems(vendor["number"]) == []
    assert linked.values(vendor["number"], F.CITY) == ("Bath", "Bath")


def test_no_second_supplier_of_a_name_is_tried(linked: Any) -> None:
    made, _ = doubtful(linked)
    linked.change(made, Name="Kite & Cord")
    linked.poll()
    (review,) = linked.reviews()
    assert linked.decide(str(review.id), Answer.NEVER) is None
    linked.poll()
    vendor = linked.vendors("Kite & Cord")[0]
    assert linked.problems(vendor["number"]) == ["party_name_taken"]


@pytest.mark.parametrize("side", ["cin7", "nav"])
def test_a_vendor_deleted_between_reading_and_writing_is_noted_as_gone(linked: Any, side: str) -> None:
    cin7_id, nav_id = linked.seeded("V00010")
    if side == "nav":
        linked.change(cin7_id, Name="Albion Paints", Contacts=[])
    else:
        linked.change_vendor(nav_id, displayName="Albion Paints", city="York")
    linked.collect()
    linked.delete_vendor(nav_id)
    linked.carry()
    linked.sweep()
    assert linked.problems(cin7_id) == ["party_gone"]
    assert len(linked.reviews()) == 1
