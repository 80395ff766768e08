"""Received documents become journals, or wait saying why; what waits goes on when its cause is gone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.flows.invoices.preview import in_nav, preview
from cin7_nav.flows.invoices.translate import InvalidMappings
from cin7_nav.mappings import Mappings
from cin7_nav.model import SourceStatus, State
from cin7_nav.store import audit, documents
from cin7_nav.store.documents import Scope


def test_a_document_becomes_a_journal_with_its_rules(flow: Any) -> None:
    made = flow.sale("100.00", location="Manchester", channel="Till", sales_rep="Eve Fox")
    flow.collect()
    assert flow.translate() == {"ready": 1}
    journal = flow.stored(made).journal
    assert (journal.document_no, journal.balance) == (f"C7S-{made['number']}", Decimal(0))
    (sales,) = (line for line in journal.lines if line.account_no == "6110")
    dimensions = dict(sales.dimensions)
    assert (dimensions["REGION"], dimensions["CHANNEL"], dimensions["SALESPERSON"]) == (
        "MANCHESTER",
        "RETAIL",
        "EF",
    )
    assert dimensions["CATEGORY"] in ("TOOLS", "GARDEN", "PAINT", "ELECTRIC")
    assert "accounts.yaml" in audit.trail(flow.database, str(flow.stored(made).key))[-1].rule


def test_a_document_without_a_mapping_waits_until_there_is_one(flow: Any) -> None:
    made, other = flow.sale(charges=[{"tax_rule": "Levy 3%"}]), flow.sale()
    flow.collect()
    assert flow.translate() == {"needs_attention": 1, "ready": 1}
    assert flow.problems(made) == ["tax_rule_unmapped"]
    assert flow.state(other) == "ready"
    assert flow.translate() == {"needs_attention": 1}
    flow.edit("tax.yaml", "rules:\n", 'rules:\n  - when: { tax_rule: "Levy 3%" }\n    account: "5650"\n')
    assert flow.translate() == {"ready": 1}
    assert flow.deliver() == {"posted": 2}
    assert flow.is_posted_once(made)


def test_a_problem_that_stays_is_told_once(flow: Any) -> None:
    made = flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    flow.collect()
    for _ in range(3):
        flow.translate()
    assert flow.sql("SELECT problem_repeats FROM document") == [(2,)]
    assert len(audit.trail(flow.database, str(flow.stored(made).key))) == 2


def test_all_that_is_wrong_is_told_at_once(flow: Any) -> None:
    made = flow.sale(sales_rep="Nobody", channel="Catalogue", charges=[{"tax_rule": "Levy 3%"}])
    flow.collect()
    flow.translate()
    assert set(flow.problems(made)) == {"dimension_unmapped", "tax_rule_unmapped"}
    assert len(flow.problems(made)) == 3


def test_without_retry_what_waits_is_left_alone(flow: Any) -> None:
    made = flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    flow.collect()
    flow.translate()
    assert flow.translate(retry=False) == {}
    assert flow.state(made) == "needs_attention"


def test_only_the_documents_of_the_scope_are_translated(flow: Any) -> None:
    made, other = flow.sale(), flow.sale()
    flow.collect()
    assert flow.translate(Scope(numbers=(made["number"],))) == {"ready": 1}
    assert flow.state(other) == "received"


def test_what_is_under_way_is_not_translated_again(flow: Any) -> None:
    flow.edit("company.yaml", "posting: post", "posting: stage")
    made = flow.sale()
    flow.ready()
    assert flow.deliver() == {"staged": 1}
    flow.act(made, "void")
    flow.collect()
    assert flow.problems(made) == ["changed_after_staging"]
    assert flow.translate() == {}


def test_a_document_before_go_live_is_skipped(flow: Any) -> None:
    made = flow.sale(date=str(flow.today))
    flow.edit("company.yaml", "go_live: 2026-01-01", f"go_live: {flow.today.year + 1}-01-01")
    flow.collect()
    assert flow.translate() == {"skipped": 1}
    assert "before go-live" in audit.trail(flow.database, str(flow.stored(made).key))[-1].why


def test_with_invalid_mappings_every_document_waits_and_says_so(flow: Any) -> None:
    every = [flow.sale(), flow.purchase()]
    flow.edit("accounts.yaml", 'cin7_account: "200"', 'cin7_acount: "200"')
    flow.collect()
    with pytest.raises(InvalidMappings, match=r"accounts\.yaml"):
        flow.translate()
    for made in every:
        (problem,) = flow.stored(made).problems
        assert (problem.code, problem.fixer) == ("mapping_invalid", "mapping editor")
        assert problem.where.startswith("accounts.yaml:")
    with pytest.raises(InvalidMappings):
        flow.translate()
    assert flow.sql("SELECT problem_repeats FROM document") == [(1,), (1,)]
    flow.edit("accounts.yaml", 'cin7_acount: "200"', 'cin7_account: "200"')
    assert flow.translate() == {"ready": 2}
    assert flow.deliver() == {"posted": 2}


def test_invalid_mappings_are_told_even_without_documents(flow: Any) -> None:
    flow.edit("accounts.yaml", 'cin7_account: "200"', 'cin7_acount: "200"')
    with pytest.raises(InvalidMappings):
        flow.translate()


# --- parties ---


def test_a_party_without_tax_number_is_the_one_named(flow: Any) -> None:
    made = flow.sale(customer="Thistle & Thyme")
    flow.collect()
    flow.translate()
    assert flow.stored(made).journal.lines[0].account_no == "C00520"


def test_a_party_that_cannot_be_told_waits_until_it_is_named(flow: Any) -> None:
    made = flow.sale(customer="Thistle & Thyme")
    flow.edit("parties.yaml", "  Thistle & Thyme: C00520\n", "")
    flow.collect()
    flow.translate()
    assert flow.problems(made) == ["party_unresolved"]
    flow.edit("parties.yaml", "customers:\n", "customers:\n  thistle & thyme: C00520\n")
    assert flow.translate() == {"ready": 1}


# --- preview ---


def test_a_preview_shows_the_journal_and_touches_nothing(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.collect()
    flow.reference.refresh(flow.passed, products=True)
    assert isinstance(flow.mappings, Mappings)
    (shown,) = preview(flow.database, [flow.stored(made).document], flow.mappings, flow.reference)
    assert (shown.state, shown.problems) == ("ready", ())
    assert shown.journal is not None
    assert shown.journal.document_no == f"C7S-{made['number']}"
    assert shown.journal.lines[0].amount == Decimal("120.00")
    assert flow.state(made) == "received"
    assert in_nav(flow.nav, shown.journal.document_no, "CIN7", None).entries == ()


def test_a_preview_shows_what_stands_in_the_ledger_and_what_would_take_it_back(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()
    flow.deliver()
    posted = flow.stored(made).journal
    (shown,) = preview(flow.database, [flow.stored(made).document], flow.mappings, flow.reference)
    assert (shown.state, shown.journal) == ("posted", posted)
    voided = replace(flow.stored(made).document, status=SourceStatus.VOIDED)
    (shown,) = preview(flow.database, [voided], flow.mappings, flow.reference)
    assert shown.state == "ready"
    assert [line.amount for line in shown.journal.lines] == [-line.amount for line in posted.lines]
    assert flow.state(made) == "posted"


def test_a_preview_names_what_nav_would_refuse(flow: Any) -> None:
    made = flow.sale()
    flow.edit("accounts.yaml", '"6110"', '"6950"')
    flow.collect()
    flow.reference.refresh(flow.passed, products=True)
    (shown,) = preview(flow.database, [flow.stored(made).document], flow.mappings, flow.reference)
    assert [problem.code for problem in shown.problems] == ["account_blocked"]
    assert documents.counts(flow.database, Scope()) == {State.RECEIVED: 1}


def test_a_preview_shows_what_nav_holds_already(flow: Any) -> None:
    made = flow.sale()
    flow.edit("company.yaml", "posting: post", "posting: stage")
    flow.ready()
    flow.deliver()
    ((number, code),) = flow.sql("SELECT nav_document_no, batch_code FROM delivery")
    held = in_nav(flow.nav, number, "CIN7", code)
    assert (held.entries, [len(one.lines) for one in held.staged]) == ((), [3])
    flow.nav.post_journal(held.staged[0].journal_id)
    held = in_nav(flow.nav, flow.nav_number(made), "CIN7", code)
    assert (len(held.entries), held.staged) == (3, ())
