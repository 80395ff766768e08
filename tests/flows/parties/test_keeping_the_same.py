"""A change on one side reaches the other, once, and nothing comes back from it."""

from __future__ import annotations

from typing import Any

import pytest
from cin7_nav.model import PartyField as F
from cin7_nav.store import audit
from cin7_nav.store.decisions import Answer

REF = "V00010"


def contact(flow: Any, id_: str) -> dict[str, Any]:
    (found,) = flow.supplier_row(id_)["Contacts"]
    return dict(found)


def test_a_change_in_cin7_reaches_nav_and_ends_there(linked: Any) -> None:
    cin7_id, _ = linked.seeded(REF)
    linked.change(cin7_id, Contacts=[{**contact(linked, cin7_id), "Phone": "+44 20 7946 9999"}])
    linked.writes()
    linked.poll()
    assert linked.values(REF, F.PHONE) == ("+44 20 7946 9999", "+44 20 7946 9999")
    assert linked.writes() == {f"PATCH {linked.vendors_route}()": 1}
    linked.poll()
    linked.land("Supplier/Updated", cin7_id)
    linked.collect("landed")
    linked.carry(thorough=False)
    assert linked.writes() == {}


@pytest.mark.parametrize("collection", [True, False])
def test_a_notification_of_nav_brings_the_change_without_a_poll(linked: Any, collection: bool) -> None:
    _, nav_id = linked.seeded(REF)
    linked.change_vendor(nav_id, phoneNumber="0113 496 0001")
    linked.land(
        "vendors/collection" if collection else "vendors/updated", "" if collection else nav_id, "nav"
    )
    linked.collect("landed")
    linked.carry(thorough=False)
    assert linked.values(REF, F.PHONE) == ("0113 496 0001", "0113 496 0001")


def test_a_change_in_nav_reaches_cin7_and_makes_no_second_contact_or_address(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    before = linked.supplier_row(cin7_id)
    linked.change_vendor(nav_id, phoneNumber="0113 496 0001", addressLine1="9 New Street")
    linked.writes()
    linked.poll()
    after = linked.supplier_row(cin7_id)
    assert [one["ID"] for one in after["Addresses"]] == [one["ID"] for one in before["Addresses"]]
    assert [one["ID"] for one in after["Contacts"]] == [one["ID"] for one in before["Contacts"]]
    assert after["Addresses"][0]["Line1"] == "9 New Street"
    assert linked.writes() == {"PUT /supplier": 1}
    linked.poll()
    assert linked.writes() == {}


def test_different_fields_changed_on_both_sides_both_arrive(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change(cin7_id, Name="Albion Paints")
    linked.change_vendor(nav_id, city="York")
    linked.poll()
    assert linked.values(REF, F.NAME) == ("Albion Paints", "Albion Paints")
    assert linked.values(REF, F.CITY) == ("York", "York")


def test_of_two_changes_of_how_to_reach_somebody_the_newest_counts(linked: Any) -> None:
    """A published card tells the day of its change alone: of two on one day a person chooses."""
    cin7_id, nav_id = linked.seeded(REF)
    linked.change_vendor(nav_id, email="old@nav.example")
    linked.change(cin7_id, Contacts=[{**contact(linked, cin7_id), "Email": "new@cin7.example"}])
    linked.poll()
    if linked.over_pages:
        assert linked.values(REF, F.EMAIL) == ("new@cin7.example", "old@nav.example")
        assert linked.decide("V00010", Answer.CIN7) is None
        linked.poll()
    assert linked.values(REF, F.EMAIL) == ("new@cin7.example", "new@cin7.example")


@pytest.mark.parametrize(("said", "name"), [(Answer.CIN7, "Albion in Cin7"), (Answer.NAV, "Albion in NAV")])
def test_of_two_changes_of_who_somebody_is_a_person_chooses(linked: Any, said: Answer, name: str) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change(cin7_id, Name="Albion in Cin7")
    linked.change_vendor(nav_id, displayName="Albion in NAV", city="York")
    linked.poll()
    assert linked.values(REF, F.NAME) == ("Albion in Cin7", "Albion in NAV")
    assert linked.values(REF, F.CITY) == ("York", "York")  # what is clear does not wait for the answer
    (review,) = linked.reviews()
    assert review.shown["fields"] == {"name": ["Albion in Cin7", "Albion in NAV"]}
    assert all(review.shown["modified"])
    linked.poll()
    assert [one.id for one in linked.reviews()] == [review.id]
    assert linked.decide(REF, Answer.LINK) is not None
    assert linked.decide(cin7_id, said) is None
    linked.poll()
    assert linked.values(REF, F.NAME) == (name, name)
    assert linked.reviews() == []
    trail = audit.trail(linked.database, f"party/supplier/cin7/{cin7_id}")
    assert trail[-1].why == f"{said} by ann: asked the buyer"


def test_a_choice_holds_for_the_values_that_were_shown_only(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change(cin7_id, Name="Albion in Cin7")
    linked.change_vendor(nav_id, displayName="Albion in NAV")
    linked.poll()
    linked.decide(cin7_id, Answer.CIN7)
    linked.change(cin7_id, Name="Albion once more")
    linked.poll()
    assert linked.values(REF, F.NAME) == ("Albion once more", "Albion in NAV")
    (review,) = linked.reviews()
    assert review.shown["fields"] == {"name": ["Albion once more", "Albion in NAV"]}


def test_what_both_changed_alike_needs_nothing(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change(cin7_id, Name="Albion Paints")
    linked.change_vendor(nav_id, displayName="Albion Paints")
    linked.writes()
    linked.poll()
    assert linked.writes() == {}


def test_an_emptied_field_empties_nothing_unless_the_mapping_says_so(linked: Any) -> None:
    _, nav_id = linked.seeded(REF)
    phone, _ = linked.values(REF, F.PHONE)
    linked.change_vendor(nav_id, phoneNumber="")
    linked.poll()
    assert linked.values(REF, F.PHONE) == (phone, "")
    linked.change_vendor(nav_id, phoneNumber="0113 496 0001")
    linked.poll()
    assert linked.values(REF, F.PHONE) == ("0113 496 0001", "0113 496 0001")
    linked.edit("phone: { direction: newest }", "phone: { direction: newest, clears: true }")
    linked.change_vendor(nav_id, phoneNumber="")
    linked.poll()
    assert linked.values(REF, F.PHONE) == ("", "")


def test_a_field_that_one_side_owns_is_put_back(linked: Any) -> None:
    linked.edit("name: { direction: both, too_long: wait }", "name: { direction: cin7 }")
    name, _ = linked.values(REF, F.NAME)
    _, nav_id = linked.seeded(REF)
    linked.change_vendor(nav_id, displayName="Changed in NAV")
    linked.poll()
    assert linked.values(REF, F.NAME) == (name, name)


def test_deprecated_and_blocked_go_together_and_back(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change(cin7_id, Status="Deprecated")
    linked.poll()
    assert linked.cards.card(linked.kinds[0], nav_id).values[F.BLOCKED] == "true"
    linked.change_vendor(nav_id, blocked=" ")
    linked.poll()
    assert linked.supplier_row(cin7_id)["Status"] == "Active"
    linked.change_vendor(nav_id, blocked="Payment")  # a bar on payments is NAV's own affair
    linked.writes()
    linked.poll()
    assert linked.writes() == {}


def test_payment_terms_and_countries_are_translated(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change(cin7_id, PaymentTerm="14 days")
    linked.change_vendor(nav_id, country="FR")
    linked.poll()
    assert linked.values(REF, F.PAYMENT_TERMS) == ("14 days", "14 DAYS")
    assert linked.values(REF, F.COUNTRY) == ("France", "FR")


def test_a_value_without_a_line_waits_and_the_other_fields_go_on(linked: Any) -> None:
    linked.edit("14 days: 14 DAYS, ", "")
    cin7_id, _ = linked.seeded(REF)
    linked.change(cin7_id, PaymentTerm="14 days", Name="Albion Paints")
    linked.poll()
    assert linked.problems(REF) == ["party_value_unmapped"]
    assert linked.values(REF, F.NAME)[1] == "Albion Paints"
    linked.edit("{ 30 days: 30 DAYS, ", "{ 30 days: 30 DAYS, 14 days: 14 DAYS, ")
    linked.poll()
    assert linked.problems(REF) == []
    assert linked.values(REF, F.PAYMENT_TERMS) == ("14 days", "14 DAYS")


def test_somebody_elses_change_between_reading_and_writing_is_not_overwritten(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change(cin7_id, Name="Albion Paints")
    linked.collect()
    linked.change_vendor(nav_id, city="York")  # the ETag that we hold is stale now
    linked.carry()
    assert linked.values(REF, F.NAME) == ("Albion Paints", "Albion Paints")
    assert linked.values(REF, F.CITY) == ("York", "York")


def test_a_change_in_cin7_between_reading_and_writing_is_not_overwritten(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change_vendor(nav_id, city="York")
    linked.collect()
    linked.change(cin7_id, Name="Albion Paints")
    linked.carry()
    assert linked.values(REF, F.CITY) == ("York", "York")
    assert linked.values(REF, F.NAME) == ("Albion Paints", "Albion Paints")


@pytest.mark.parametrize("kind", ["lost_before", "lost_after"])
@pytest.mark.parametrize("side", ["cin7", "nav"])
def test_a_lost_answer_to_a_change_is_made_good(linked: Any, side: str, kind: str) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    if side == "nav":
        linked.change(cin7_id, Name="Albion Paints")
        linked.sandbox.nav.fault(kind, rf"/{linked.vendors_route}\(", "PATCH")
    else:
        linked.change_vendor(nav_id, displayName="Albion Paints")
        linked.sandbox.cin7.fault(kind, r"/supplier$", "PUT")
    linked.poll()
    linked.poll()
    assert linked.values(REF, F.NAME) == ("Albion Paints", "Albion Paints")
    assert linked.problems(REF) == []


def test_the_trail_names_what_was_written_where(linked: Any) -> None:
    cin7_id, _ = linked.seeded(REF)
    linked.change(cin7_id, Name="Albion Paints")
    linked.poll()
    entry = audit.trail(linked.database, linked.link(REF).record)[-1]
    assert entry.why == "name written to NAV"
    assert len(entry.request_sha256) == 64
    assert audit.first_broken_link(linked.database) is None


def test_a_field_that_somebody_changed_meanwhile_in_nav_is_asked_about(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change(cin7_id, Name="Albion in Cin7")
    linked.collect()
    linked.change_vendor(nav_id, displayName="Albion in NAV")
    linked.carry()
    assert linked.values(REF, F.NAME) == ("Albion in Cin7", "Albion in NAV")
    assert len(linked.reviews()) == 1


def test_a_field_that_somebody_changed_meanwhile_in_cin7_is_asked_about(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded(REF)
    linked.change_vendor(nav_id, displayName="Albion in NAV")
    linked.collect()
    linked.change(cin7_id, Name="Albion in Cin7")
    linked.carry()
    assert linked.values(REF, F.NAME) == ("Albion in Cin7", "Albion in NAV")
    assert len(linked.reviews()) == 1
