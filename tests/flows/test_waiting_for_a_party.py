"""A first invoice of a new supplier waits until the party flow made the vendor, then goes on by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cin7_nav.flows.parties.carry import Carrier
from cin7_nav.flows.parties.collect import Collector, Reader
from cin7_nav.hooks.nav_party_pages import nav_parties
from cin7_nav.mappings import Mappings
from cin7_nav.model import PartyKind
from cin7_nav.store import audit, parties
from cin7_nav.store.documents import Run

SUPPLIER = "Apex Consignments"
"""Nobody in NAV has its tax number."""
ON = "\nsynchronise:\n  suppliers: {}\n"


def carry_parties(flow: Any) -> None:
    """One run of the party flow."""
    assert isinstance(flow.mappings, Mappings)
    reader, run = Reader(flow.cin7, nav_parties(flow.nav._hook)), Run("parties_both_ways/run-1")
    Collector(flow.database, reader, run, [PartyKind.SUPPLIER]).changed()
    with parties.exclusive(flow.database):
        Carrier(flow.database, reader, flow.mappings, run, parties.now(flow.database)).carry()


@pytest.fixture
def on(flow: Any) -> Any:
    with (flow.directory / "parties.yaml").open("a") as file:
        file.write(ON)
    flow.edit("parties.yaml", "suppliers: {}", "suppliers: {}")
    return flow


def invoices(flow: Any) -> None:
    """One polling run of the invoice flow."""
    flow.collect()
    flow.translate()
    flow.deliver()
    flow.settle()


def test_an_invoice_goes_on_within_one_poll_of_the_vendors_creation(on: Any) -> None:
    made = on.purchase("100.00", supplier=SUPPLIER)
    invoices(on)
    assert (on.state(made), on.problems(made)) == ("needs_attention", ["party_unresolved"])
    carry_parties(on)
    invoices(on)
    assert on.is_posted_once(made)
    (trail,) = [one for one in audit.trail(on.database, str(on.stored(made).key)) if one.to_state == "ready"]
    assert "party_link:" in trail.rule


def test_a_link_counts_before_a_tax_number_and_a_line_of_the_mapping_before_a_link(on: Any) -> None:
    carry_parties(on)
    made = on.purchase("100.00", supplier="Anvil Hand Tools")
    card = on.cin7.suppliers_named("Anvil Hand Tools")[0]
    on.sql(
        "UPDATE party_link SET nav_id = NULL"
        " WHERE nav_id = (SELECT id FROM party_card WHERE number = 'V00030')"
    )
    on.sql("UPDATE party_link SET nav_id = (SELECT id FROM party_card WHERE number = 'V00030')"
           " WHERE cin7_id = %s", card["ID"].lower())  # fmt: skip
    invoices(on)
    assert "V00030" in json.dumps([line.account_no for line in on.stored(made).journal.lines])
    with_line = on.directory / "parties.yaml"
    with_line.write_text(
        with_line.read_text().replace(
            "suppliers:\n  Yeoman", "suppliers:\n  Anvil Hand Tools: V00040\n  Yeoman"
        )
    )
    on.edit("parties.yaml", "suppliers: {}", "suppliers: {}")
    second = on.purchase("120.00", supplier="Anvil Hand Tools")
    invoices(on)
    assert "V00040" in json.dumps([line.account_no for line in on.stored(second).journal.lines])


def test_a_new_vendor_without_posting_groups_is_told_the_nav_administrator(on: Any) -> None:
    on.sandbox.nav.patch("settings", {"party_templates": False})
    made = on.purchase("100.00", supplier=SUPPLIER)
    carry_parties(on)
    invoices(on)
    assert on.problems(made) == ["nav_refused_posting_setup"]
    (problem,) = on.stored(made).problems
    assert "Vendor Posting Group must have a value" in problem.message
    assert problem.fixer == "NAV administrator"


def test_a_tax_number_that_a_person_said_is_not_it_is_not_used(on: Any) -> None:
    carry_parties(on)
    card = on.cin7.suppliers_named("Anvil Hand Tools")[0]["ID"].lower()
    (link,) = [one for one in parties.links(on.database) if one.cin7_id == card]
    with on.database.transaction() as cursor:
        parties.end_link(cursor, link, "a person said so", Run("test"))
        parties.keep_apart(cursor, PartyKind.SUPPLIER, card, link.nav_id or "", "never")
    made = on.purchase("100.00", supplier="Anvil Hand Tools")
    invoices(on)
    assert on.problems(made) == ["party_unresolved"]
