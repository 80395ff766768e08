"""What stops a document before it is sent: what people keyed into NAV, and what NAV would refuse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from cin7_nav.flows.invoices.checks import Checks
from cin7_nav.flows.invoices.preview import preview
from cin7_nav.flows.invoices.reference import USABLE, WHOLE
from cin7_nav.model import Fixer, Problem

Calls = Callable[[str], dict[str, int]]
LISTS = ("purchaseInvoices", "salesInvoices", "purchaseCreditMemos", "salesCreditMemos", "journals")
PAGE_LISTS = (
    "PostedPurchaseInvoices",
    "PostedSalesInvoices",
    "PostedPurchaseCreditMemos",
    "PostedSalesCreditMemos",
    "GeneralJournal",
)


def ready(flow: Any, *, purchase: bool = True, **spec: Any) -> dict[str, Any]:
    made: dict[str, Any] = flow.purchase(**spec) if purchase else flow.sale(**spec)
    flow.ready()
    return made


def pairs(flow: Any, made: dict[str, Any]) -> list[Any]:
    stored = flow.stored(made)
    return [(stored, stored.journal)]


def age(flow: Any, by: dt.timedelta) -> None:
    """Let what is cached be older."""
    flow.sql("UPDATE reference_set SET fetched_at = fetched_at - %s", by)


def refresh(flow: Any, after: dt.timedelta = USABLE) -> None:
    """The next run that takes nothing as it is cached any more."""
    age(flow, after + dt.timedelta(minutes=1))
    flow.reference.refresh(USABLE)


def found(flow: Any, made: dict[str, Any], answer: str = "") -> tuple[Problem, ...]:
    """The problems of a document at a later look, some minutes on."""
    stored = flow.stored(made)
    age(flow, dt.timedelta(minutes=2))
    answered = {stored.id: answer} if answer else {}
    problems = Checks(flow.database, flow.reference).problems(pairs(flow, made), answered)
    return problems[stored.id]


def codes(flow: Any, made: dict[str, Any], answer: str = "") -> list[str]:
    return [problem.code for problem in found(flow, made, answer)]


def key_in(flow: Any, made: dict[str, Any], what: str = "purchase-invoice", **spec: Any) -> dict[str, Any]:
    """A person keys the document into NAV, under the party that it goes to."""
    party = next(line.account_no for line in flow.stored(made).journal.lines if line.account_no[0] in "CV")
    spec = {"party": party, "external_number": made["number"], **spec}
    keyed: dict[str, Any] = flow.sandbox.nav.post(what, spec)
    refresh(flow)
    return keyed


# --- twins ---


@pytest.mark.parametrize(
    ("purchase", "what", "name"),
    [(True, "purchase-invoice", "purchase invoice"), (False, "sales-invoice", "sales invoice")],
)
def test_an_invoice_keyed_in_by_hand_is_found(flow: Any, purchase: bool, what: str, name: str) -> None:
    made = ready(flow, purchase=purchase)
    assert codes(flow, made) == []
    keyed = key_in(flow, made, what, amount=80)
    (problem,) = found(flow, made)
    assert problem.code == "twin_in_nav"
    assert problem.where == f"NAV {name} {keyed['number']}"
    for told in (keyed["number"], "96.00", flow.nav_number(made), made["total"], str(flow.today)):
        assert told in problem.message


@pytest.mark.api_v2("published are posted documents only")
def test_a_draft_counts_and_case_and_spacing_do_not(flow: Any) -> None:
    made = ready(flow, number="Inv 77")
    key_in(flow, made, external_number="INV  77", draft=True)
    assert codes(flow, made) == ["twin_in_nav"]


def test_another_number_or_another_party_is_no_twin(flow: Any) -> None:
    made = ready(flow)
    key_in(flow, made, external_number=made["number"] + "0")
    key_in(flow, made, party="V00200")
    assert codes(flow, made) == []


def test_a_cancelled_invoice_is_no_twin_any_more(flow: Any) -> None:
    made = ready(flow)
    keyed = key_in(flow, made)
    assert codes(flow, made) == ["twin_in_nav"]
    flow.sandbox.nav.post("purchase-invoice/cancel", {"number": keyed["number"]})
    assert codes(flow, made) == []


@pytest.mark.api_v2("published are posted documents only")
def test_a_draft_that_was_deleted_is_no_twin_any_more(flow: Any, calls: Calls) -> None:
    made = ready(flow)
    keyed = key_in(flow, made, draft=True)
    key_in(flow, made, external_number="another", draft=True)
    assert codes(flow, made) == ["twin_in_nav"]
    flow.sandbox.nav.post("purchase-invoice/delete", {"number": keyed["number"]})
    assert codes(flow, made) == []
    calls("nav")
    assert codes(flow, made) == []
    assert calls("nav") == {}


def test_the_answer_to_post_anyway_drops_the_twin_and_nothing_else(flow: Any) -> None:
    made = ready(flow)
    key_in(flow, made)
    assert codes(flow, made, "post") == []
    assert codes(flow, made, "link") == ["twin_in_nav"]
    flow.sandbox.nav.patch("settings", {"allow_posting_from": "2999-01-01"})
    key_in(flow, made, external_number="another")
    assert codes(flow, made, "post") == ["date_not_allowed"]


def test_what_was_posted_long_before_go_live_is_not_even_read(flow: Any) -> None:
    made = ready(flow)
    assert flow.reference.company is not None
    flow.sandbox.nav.patch("settings", {"allow_posting_from": ""})
    age(flow, WHOLE)
    long_ago = flow.reference.company.go_live - dt.timedelta(days=93)
    key_in(flow, made, date=str(long_ago))
    assert codes(flow, made) == []


@pytest.mark.api_v2("there is only the shared batch")
def test_lines_of_ours_in_another_batch_are_found(flow: Any) -> None:
    made = ready(flow)
    stray = flow.stored(made).journal
    flow.nav.insert_journal("CIN7", "STRAY", stray, {})
    refresh(flow)
    (problem,) = found(flow, made)
    assert (problem.code, problem.where) == ("twin_in_nav", "NAV batch STRAY of template CIN7")
    (held,) = flow.lying("STRAY")
    flow.nav.delete_journal(held.journal_id)
    assert codes(flow, made) == []


@pytest.mark.api_v2("posting leaves nothing of a document")
def test_a_batch_of_the_documents_own_and_what_posting_left_behind_are_no_twins(flow: Any) -> None:
    made = ready(flow)
    assert flow.deliver() == {"posted": 1}
    journal = flow.stored(made).journal
    ((code,),) = flow.sql("SELECT batch_code FROM delivery")
    refresh(flow)
    assert codes(flow, made) == []
    (batch,) = flow.lying(code)
    flow.nav.delete_journal(batch.journal_id)
    flow.nav.insert_journal("CIN7", code, journal, {})
    refresh(flow)
    assert codes(flow, made) == []


def test_a_preview_names_the_twin(flow: Any) -> None:
    made = ready(flow)
    key_in(flow, made)
    (shown,) = preview(flow.database, [flow.stored(made).document], flow.mappings, flow.reference)
    assert [problem.code for problem in shown.problems] == ["twin_in_nav"]


# --- calls ---


def test_checking_many_documents_asks_nav_nothing_while_the_lists_are_fresh(flow: Any, calls: Calls) -> None:
    made = [flow.purchase() for _ in range(5)]
    flow.ready()
    calls("nav")
    ready_pairs = [pair for one in made for pair in pairs(flow, one)]
    problems = Checks(flow.database, flow.reference).problems(ready_pairs)
    assert not any(problems.values())
    assert calls("nav") == {}


def test_refreshing_takes_one_call_for_each_list(flow: Any, calls: Calls) -> None:
    made = ready(flow)
    key_in(flow, made)
    calls("nav")
    refresh(flow)
    asked = calls("nav")
    lists = LISTS if flow.nav.is_atomic else PAGE_LISTS
    assert {name: asked[f"GET {name}"] for name in lists} == dict.fromkeys(lists, 1)


def test_without_valid_mappings_nobody_looks_for_twins(flow: Any, calls: Calls) -> None:
    flow.reference.company = None
    calls("nav")
    flow.reference.refresh(USABLE)
    assert not {f"GET {name}" for name in (*LISTS, *PAGE_LISTS)} & calls("nav").keys()


# --- what NAV would refuse ---


def test_a_dimension_that_a_vendor_demands_is_missed_before_sending_and_heals(flow: Any) -> None:
    made = ready(flow)
    vendor = next(line for line in flow.stored(made).journal.lines if line.account_no.startswith("V"))
    sent = dict(vendor.dimensions)
    free = next(code for code in ("SALESPERSON", "CATEGORY", "CHANNEL", "REGION") if code not in sent)
    demand = {"party": "vendor", "number": vendor.account_no, "dimension": free}
    flow.sandbox.nav.post("default-dimension", {**demand, "posting_validation": "Code Mandatory"})
    refresh(flow, WHOLE)
    (problem,) = found(flow, made)
    assert problem.code == "dimension_demanded"
    assert free in problem.message
    flow.sandbox.nav.post("default-dimension", demand)
    age(flow, dt.timedelta(minutes=15))
    assert codes(flow, made) == []


def test_what_bears_on_a_document_changes_with_nav_and_with_nothing_else(flow: Any) -> None:
    made = ready(flow)
    checks = Checks(flow.database, flow.reference)

    def look() -> str:
        refresh(flow)
        (hashed,) = checks.fingerprints(pairs(flow, made)).values()
        return hashed

    before = look()
    flow.sandbox.nav.post("sales-invoice", {"external_number": "unrelated"})
    assert look() == before
    flow.sandbox.nav.patch("settings", {"allow_posting_to": "2999-12-31"})
    after = look()
    assert after != before
    key_in(flow, made)
    assert look() != after


# --- through the step that sends ---


def test_a_document_with_a_twin_is_held_and_nothing_of_it_reaches_nav(flow: Any, calls: Calls) -> None:
    made = ready(flow)
    key_in(flow, made)
    calls("nav")
    assert flow.deliver() == {"held": 1}
    assert flow.problems(made) == ["twin_in_nav"]
    assert not [route for route in calls("nav") if not route.startswith("GET")]
    assert flow.entries(made) == []


def test_a_dimension_that_only_posting_misses_is_told_in_navs_words(flow: Any) -> None:
    made = ready(flow)
    party = next(line.account_no for line in flow.stored(made).journal.lines if line.account_no[0] == "V")
    demand = {"dimension": "SALESPERSON", "posting_validation": "Code Mandatory"}
    flow.sandbox.nav.post("default-dimension", {"party": "vendor", "number": party, **demand})
    assert flow.deliver() == {"needs_attention": 1}
    (problem,) = flow.stored(made).problems
    assert (problem.code, problem.fixer) == ("nav_refused_dimension", Fixer.MAPPING_EDITOR)
    assert "Select a Dimension Value Code for the Dimension Code SALESPERSON" in problem.message
    assert "CorrelationId" not in problem.message


def test_what_the_user_may_not_post_is_told_in_navs_words(flow: Any) -> None:
    made = ready(flow)
    flow.sandbox.nav.patch("settings", {"user_posting_to": "2000-01-01"})
    assert flow.deliver() == {"needs_attention": 1}
    (problem,) = flow.stored(made).problems
    assert (problem.code, problem.fixer) == ("nav_refused_date", Fixer.NAV_ADMINISTRATOR)
    assert "range of allowed posting dates" in problem.message
