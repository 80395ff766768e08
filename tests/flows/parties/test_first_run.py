"""Two existing systems meet for the first time, and what is new after that."""

from __future__ import annotations

from typing import Any

import pytest
from cin7_nav.hooks.errors import VendorError
from cin7_nav.model import PartyKind, Side
from cin7_nav.store import audit, parties
from cin7_nav.store.decisions import Answer

ADDRESS = {"Line1": "4 Dock Road", "City": "Leeds", "Postcode": "LS1 4AP", "Country": "United Kingdom"}


def test_what_is_clear_is_linked_and_what_only_cin7_has_is_created(flow: Any) -> None:
    flow.settle()
    links = flow.links().values()
    assert len(links) == 40
    assert not [one for one in links if one.missing or one.problems]
    assert {one.how for one in links} == {"parties.yaml", "tax number", "created"}
    (vendor,) = flow.vendors("Apex Consignments")
    assert vendor["email"] == "accounts@supplier39.example"
    assert vendor["country"] == "GB"
    assert flow.reviews() == []
    assert flow.writes() == {"PUT /supplier": 2, f"POST {flow.vendors_route}": 2}


def test_a_second_look_writes_nothing_and_reads_lists_only(linked: Any) -> None:
    for side in (linked.sandbox.cin7, linked.sandbox.nav):
        side.delete("calls")
    linked.sweep()
    cin7 = linked.sandbox.cin7.get("calls")["by_route"]
    nav = linked.sandbox.nav.get("calls")["by_route"]
    assert cin7 == {"GET /supplier": 1}
    read = {route: count for route, count in nav.items() if "token" not in route}
    assert read == {f"GET {linked.vendors_route}": 1}


def test_a_new_supplier_becomes_a_vendor_once(linked: Any) -> None:
    contact = {"Name": "Kim", "Email": "kim@kite.example", "Phone": "+44 161 496 0000", "Default": True}
    made = linked.supplier(
        "Kite & Cord Ltd",
        TaxNumber="GB999888777",
        Addresses=[{**ADDRESS, "Type": "Business"}],
        Contacts=[contact],
    )
    linked.poll()
    linked.poll()
    (vendor,) = linked.vendors("Kite & Cord Ltd")
    assert (vendor["taxRegistrationNumber"], vendor["city"]) == ("GB999888777", "Leeds")
    assert (vendor["phoneNumber"], vendor["email"]) == (contact["Phone"], contact["Email"])
    assert linked.link(made).nav_id == vendor["id"]
    states = [entry.to_state for entry in audit.trail(linked.database, linked.link(made).record)]
    assert states == ["creating", "linked"]


def test_a_new_vendor_becomes_a_supplier_with_the_accounts_of_the_mapping(linked: Any) -> None:
    vendor = linked.vendor(
        "Quill & Sons", addressLine1="1 Row", country="GB", city="Bath", email="q@quill.example"
    )
    linked.poll()
    linked.poll()
    link = linked.link(vendor["number"])
    row = linked.supplier_row(link.cin7_id)
    assert (row["Name"], row["AccountPayable"], row["Currency"]) == ("Quill & Sons", "800", "GBP")
    assert [(one["Line1"], one["Country"]) for one in row["Addresses"]] == [("1 Row", "United Kingdom")]
    assert [one["Email"] for one in row["Contacts"]] == ["q@quill.example"]


def test_what_is_out_of_use_is_not_brought_to_the_other_side(linked: Any) -> None:
    linked.supplier("Bygone Wares", Status="Deprecated")
    linked.poll()
    assert linked.vendors("Bygone Wares") == []


def test_nothing_is_created_where_the_mapping_does_not_want_it(flow: Any) -> None:
    flow.edit("suppliers: { create_in: [cin7, nav] }\n", "suppliers: { create_in: [cin7] }\n")
    flow.settle()
    assert flow.vendors("Apex Consignments") == []
    assert len(flow.links()) == 38


def test_only_what_the_mapping_names_is_kept_the_same(flow: Any) -> None:
    flow.kinds = tuple(PartyKind)
    flow.edit("  suppliers: { create_in: [cin7, nav] }\n", "")
    flow.settle()
    assert {one.kind for one in flow.links().values()} == {PartyKind.CUSTOMER}


def test_customers_go_the_same_way(flow: Any) -> None:
    flow.kinds = (PartyKind.CUSTOMER,)
    flow.settle()
    shared = [one for one in flow.links().values() if one.how == "name and contact"]
    assert len(shared) == 2  # they share a tax number and are told apart by name and contact
    flow.nav.write("POST", flow.nav.entity("customers"), {"displayName": "Plum & Pear"})
    flow.poll()
    (row,) = flow.cin7.customers_named("Plum & Pear")
    assert (row["AccountReceivable"], row["RevenueAccount"]) == ("610", "200")


def test_a_lost_answer_makes_no_second_vendor(linked: Any) -> None:
    made = linked.supplier("Kite & Cord Ltd")
    linked.sandbox.nav.fault("lost_after", f"/{linked.vendors_route}$", "POST")
    linked.poll()
    assert linked.link(made).missing is Side.NAV
    linked.poll()
    (vendor,) = linked.vendors("Kite & Cord Ltd")
    assert linked.link(made).nav_id == vendor["id"]


def test_a_call_that_never_arrived_is_made_again(linked: Any) -> None:
    made = linked.supplier("Kite & Cord Ltd")
    linked.sandbox.nav.fault("lost_before", f"/{linked.vendors_route}$", "POST")
    linked.poll()
    linked.poll()
    (vendor,) = linked.vendors("Kite & Cord Ltd")
    assert linked.link(made).nav_id == vendor["id"]


def test_a_lost_answer_makes_no_second_supplier(linked: Any) -> None:
    vendor = linked.vendor("Quill & Sons")
    linked.sandbox.cin7.fault("lost_after", r"/supplier$", "POST")
    linked.poll()
    assert linked.link(vendor["number"]).missing is Side.CIN7
    linked.poll()
    assert linked.link(vendor["number"]).cin7_id
    assert len(linked.cin7.suppliers_named("Quill & Sons")) == 1


@pytest.mark.parametrize(
    ("setting", "code"),
    [({"party_number_series": False}, "nav_refused_number_series")],
)
def test_what_nav_lacks_for_new_vendors_is_told_its_administrator(
    linked: Any, setting: dict[str, bool], code: str
) -> None:
    linked.sandbox.nav.patch("settings", setting)
    made = linked.supplier("Kite & Cord Ltd")
    linked.poll()
    (problem,) = linked.link(made).problems
    assert (problem.code, problem.fixer) == (code, "NAV administrator")
    assert "Vendor Nos. must have a value" in problem.message
    linked.sandbox.nav.patch("settings", dict.fromkeys(setting, True))
    linked.poll()  # what was refused is not sent again at once
    assert linked.vendors("Kite & Cord Ltd") == []
    linked.sql("UPDATE party_link SET tried_at = tried_at - interval '2 hours'")
    linked.poll()
    assert linked.link(made).problems == ()
    assert len(linked.vendors("Kite & Cord Ltd")) == 1


def test_without_defaults_for_cin7_a_new_vendor_waits_for_the_mapping_editor(linked: Any) -> None:
    linked.edit('  suppliers: { account_payable: "800"', '  # suppliers: { account_payable: "800"')
    vendor = linked.vendor("Quill & Sons")
    linked.poll()
    assert linked.problems(vendor["number"]) == ["party_defaults_missing"]


def test_a_vendor_that_somebody_made_meanwhile_is_matched_not_doubled(linked: Any) -> None:
    made = linked.supplier("Kite & Cord Ltd", TaxNumber="GB999888777")
    linked.collect()
    vendor = linked.vendor("Kite and Cord", taxRegistrationNumber="GB 999 888 777")
    linked.carry()
    assert linked.link(made).nav_id == vendor["id"]
    assert linked.vendors("Kite & Cord Ltd") == []


def test_two_runs_never_write_at_once(linked: Any) -> None:
    with parties.exclusive(linked.database), pytest.raises(parties.Busy):
        linked.carry()


def test_where_a_side_is_away_the_run_fails_and_the_next_one_goes_on(linked: Any) -> None:
    made = linked.supplier("Kite & Cord Ltd")
    linked.sandbox.nav.fault("status", f"/{linked.vendors_route}", times=None)
    with pytest.raises(VendorError):
        linked.poll()
    linked.sandbox.nav.delete("faults")
    linked.poll()
    assert len(linked.vendors("Kite & Cord Ltd")) == 1
    assert linked.link(made).nav_id


@pytest.mark.api_v2("on a page a card's number is its id")
def test_a_kept_supplier_number_stays_with_the_link_when_the_card_is_renumbered(linked: Any) -> None:
    cin7_id, nav_id = linked.seeded("V00010")
    linked.change_vendor(nav_id, number="V77777")
    linked.poll()
    known = parties.known(linked.database, PartyKind.SUPPLIER, [cin7_id])
    assert known[cin7_id].number == "V77777"


def test_people_answer_at_the_keyboard_only_what_is_asked(linked: Any) -> None:
    assert "nothing is asked" in str(linked.decide("V00010", Answer.CREATE))


def test_suppliers_that_both_sides_were_given_at_once_are_all_linked(flow: Any) -> None:
    for side in (flow.sandbox.cin7, flow.sandbox.nav):
        side.post("more-suppliers", {"count": 250})
    flow.settle()
    whole = [one for one in flow.links().values() if one.cin7_id and one.nav_id]
    assert len(whole) == 290
    flow.writes()
    assert flow.collect("whole").outcome["changed"] == 0
    assert flow.carry().outcome == {}
    assert flow.writes() == {}
