"""What waits for a person or for NAV: asked once, answered, tried again when it is worth it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.flows.decisions.answering import decide
from cin7_nav.store import audit
from cin7_nav.store.decisions import Answer
from cin7_nav.store.documents import Run, Scope

HOLD = "rules:\n  - when: { kind: sale_invoice, amount_from: 500 }\n    posting: hold\n"


def run(flow: Any) -> None:
    flow.collect()
    flow.translate()
    while "received" in flow.deliver():
        flow.translate()
    flow.settle()


def trail(flow: Any, made: dict[str, Any]) -> list[audit.Entry]:
    return audit.trail(flow.database, str(flow.stored(made).key))


@pytest.fixture
def holding(flow: Any) -> Any:
    (flow.directory / "posting.yaml").write_text(HOLD)
    flow.edit("posting.yaml", "500", "500")
    return flow


def answer(flow: Any, made: dict[str, Any], said: Answer, **more: str) -> str | None:
    return decide(flow.database, made["number"], said, "checked with the buyer", "ann", **more)


def test_what_a_rule_holds_waits_for_a_yes_and_the_others_go_on(holding: Any) -> None:
    large, small = holding.sale("600.00"), holding.sale("40.00")
    run(holding)
    assert (holding.state(large), holding.problems(large)) == ("held", ["held_by_rule"])
    assert holding.is_posted_once(small)
    run(holding)
    assert len(trail(holding, large)) == 2
    assert answer(holding, large, Answer.POST) is None
    run(holding)
    assert holding.is_posted_once(large)
    assert any("approved by ann: checked with the buyer" in entry.why for entry in trail(holding, large))


def test_what_a_person_skips_is_skipped_with_who_and_why(holding: Any) -> None:
    made = holding.sale("600.00")
    run(holding)
    answer(holding, made, Answer.SKIP)
    run(holding)
    assert holding.state(made) == "skipped"
    assert trail(holding, made)[-1].why == "skipped by ann: checked with the buyer"
    assert holding.net(made) == {}


def test_a_yes_holds_for_what_was_seen_only(holding: Any) -> None:
    made = holding.sale("600.00")
    run(holding)
    answer(holding, made, Answer.POST)
    holding.act(made, "undo")
    holding.act(made, "reauthorise", lines=[{"sku": "HV-0001", "price": "900.00", "account": "200"}])
    run(holding)
    assert holding.state(made) == "held"


def test_a_yes_holds_for_the_journal_that_was_shown_only(holding: Any) -> None:
    made = holding.sale("600.00")
    run(holding)
    answer(holding, made, Answer.POST)
    holding.edit("accounts.yaml", 'account: "6110"', 'account: "6120"')
    run(holding)
    assert holding.state(made) == "held"
    run(holding)
    assert (holding.state(made), holding.net(made)) == ("held", {})
    answer(holding, made, Answer.POST)
    run(holding)
    assert holding.amount(made, "6120") == [Decimal("-600.00")]


def test_an_invoice_that_somebody_keyed_by_hand_is_held_with_both_numbers(flow: Any) -> None:
    made = flow.purchase("100.00")
    flow.ready()
    vendor = next(
        line.account_no for line in flow.stored(made).journal.lines if "Vendor" in line.account_type
    )
    keyed = flow.sandbox.nav.post(
        "purchase-invoice", {"party": vendor, "external_number": made["number"], "amount": "100.00"}
    )
    flow.passed += dt.timedelta(hours=2)
    flow.reference.refresh(dt.timedelta(0))
    run(flow)
    assert (flow.state(made), flow.problems(made)) == ("held", ["twin_in_nav"])
    (problem,) = flow.stored(made).problems
    assert made["number"] in problem.message
    assert keyed["number"] in problem.message
    run(flow)
    told = len(trail(flow, made))
    run(flow)
    assert len(trail(flow, made)) == told


@pytest.mark.api_v2("published are posted documents only, beside which NAV takes no second one")
@pytest.mark.parametrize(
    ("said", "state", "posted"),
    [(Answer.LINK, "skipped", 0), (Answer.POST, "posted", 1), (Answer.SKIP, "skipped", 0)],
)
def test_the_twin_is_linked_or_posted_beside_or_skipped(
    flow: Any, said: Answer, state: str, posted: int
) -> None:
    made = flow.purchase("100.00")
    flow.ready()
    vendor = next(
        line.account_no for line in flow.stored(made).journal.lines if "Vendor" in line.account_type
    )
    keyed = flow.sandbox.nav.post(
        "purchase-invoice",
        {"party": vendor, "external_number": f"{made['number']}", "amount": "100.00", "draft": True},
    )
    flow.reference.refresh(dt.timedelta(0))
    run(flow)
    assert flow.state(made) == "held"
    answer(flow, made, said, **({"nav_number": keyed["number"]} if said is Answer.LINK else {}))
    run(flow)
    assert flow.state(made) == state
    assert len(flow.entries(made)) == posted * len(flow.stored(made).journal.lines)
    if said is Answer.LINK:
        assert keyed["number"] in trail(flow, made)[-1].why


# --- what people put aside ---


def test_what_needs_attention_can_be_skipped_with_who_and_why(flow: Any) -> None:
    made = flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    run(flow)
    assert answer(flow, made, Answer.SKIP) is None
    run(flow)
    assert flow.state(made) == "skipped"
    assert trail(flow, made)[-1].why == "skipped by ann: checked with the buyer"


def test_what_stands_in_the_ledger_can_not_be_skipped(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    flow.act(made, "undo")
    flow.act(made, "reauthorise", lines=[{"sku": "HV-0001", "price": "90.00", "account": "815"}])
    run(flow)
    assert "stands in NAV's ledger" in str(answer(flow, made, Answer.SKIP))


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_what_nav_posted_otherwise_can_be_left_as_it_is(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()

    def spoil() -> None:
        flow.sql("UPDATE delivery SET journal = jsonb_set(journal, '{lines,1,account_no}', '\"6120\"')")

    flow.sandbox.nav.patch("settings", {"post_with_job_queue": True})
    flow.deliver()
    spoil()
    flow.sandbox.nav.post("run-job-queue")
    flow.settle()
    assert flow.problems(made) == ["posted_differently"]
    run(flow)
    assert flow.problems(made) == ["posted_differently"]
    assert answer(flow, made, Answer.SKIP) is not None
    assert answer(flow, made, Answer.POST) is None
    run(flow)
    assert flow.state(made) == "posted"
    assert "left as NAV posted it" in trail(flow, made)[-1].why


def test_staged_lines_that_somebody_deleted_can_be_left_deleted(flow: Any) -> None:
    flow.edit("company.yaml", "posting: post", "posting: stage")
    made = flow.sale("100.00")
    run(flow)
    (batch,) = flow.lying(*flow.batches())
    flow.nav.delete_journal(batch.journal_id)
    flow.sql("DELETE FROM read_cursor WHERE name = 'nav_staged_batches'")
    run(flow)
    assert flow.problems(made) == ["staged_lines_deleted"]
    assert answer(flow, made, Answer.SKIP) is None
    flow.sql("DELETE FROM read_cursor WHERE name = 'nav_staged_batches'")
    run(flow)
    assert flow.state(made) == "skipped"


# --- what NAV refused ---


def refused(flow: Any) -> dict[str, Any]:
    """NAV refuses what our reference data did not foresee: its user may not post to that day."""
    made: dict[str, Any] = flow.sale("100.00")
    flow.sandbox.nav.patch("settings", {"user_posting_to": str(flow.today - dt.timedelta(days=3))})
    run(flow)
    assert flow.state(made) == "needs_attention"
    return made


def test_what_nav_refused_is_not_sent_again_while_nothing_changed(flow: Any) -> None:
    made = refused(flow)
    told = len(trail(flow, made))
    flow.sandbox.nav.delete("calls")
    for _ in range(3):
        run(flow)
    assert "POST /journals" not in str(flow.sandbox.nav.get("calls")["by_route"])
    assert len(trail(flow, made)) == told
    ((repeats,),) = flow.sql("SELECT problem_repeats FROM document")
    assert repeats == 3


def test_what_nav_refused_is_tried_again_after_some_hours(flow: Any) -> None:
    made = refused(flow)
    flow.sandbox.nav.patch("settings", {"user_posting_to": ""})
    flow.passed += dt.timedelta(hours=7)
    run(flow)
    assert flow.is_posted_once(made)


def test_what_nav_refused_is_tried_again_when_its_journal_changed(flow: Any) -> None:
    made = refused(flow)
    flow.sandbox.nav.patch("settings", {"user_posting_to": ""})
    flow.edit("accounts.yaml", 'account: "6110"', 'account: "6120"')
    run(flow)
    assert flow.is_posted_once(made)


def test_what_nav_refused_is_tried_again_when_somebody_names_it(flow: Any) -> None:
    made = refused(flow)
    flow.sandbox.nav.patch("settings", {"user_posting_to": ""})
    flow.run = Run("invoices_to_journal/manual")
    scope = Scope(numbers=(made["number"],))
    flow.translate(scope)
    assert flow.deliver(scope) == {"posted": 1}


def test_the_first_cause_is_kept_while_others_come_and_go(flow: Any) -> None:
    made = flow.sale("100.00", charges=[{"tax_rule": "Levy 3%"}])
    flow.sandbox.nav.patch("settings", {"user_posting_to": str(flow.today - dt.timedelta(days=3))})
    run(flow)
    flow.edit("tax.yaml", "rules:\n", 'rules:\n  - when: { tax_rule: "Levy 3%" }\n    account: "5650"\n')
    run(flow)
    assert flow.problems(made) != ["tax_rule_unmapped"]
    ((first, repeats),) = flow.sql("SELECT first_problems->0->>'code', problem_repeats FROM document")
    assert (first, repeats) == ("tax_rule_unmapped", 1)


# --- credit notes ---


def test_a_credit_note_is_posted_and_is_to_be_applied_to_its_invoice(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    note = flow.sandbox.cin7.post(f"invoice/{made['task_id']}/credit", {"announce": False, "restock": True})
    run(flow)
    assert flow.state(note) == "posted"
    entries = {entry.account_no: entry.amount for entry in flow.entries(note)}
    assert (entries["2310"], entries["6110"]) == (Decimal("-120.00"), Decimal("100.00"))
    done_by = None if flow.nav.is_atomic else "applied by NAV on posting"
    assert flow.sql("SELECT applies_to, why, done_by FROM application") == [
        (flow.nav_number(made), "credits it", done_by)
    ]


def test_a_credit_note_that_stands_alone_is_found_and_applied_to_nothing(flow: Any) -> None:
    note = flow.sandbox.cin7.post("credit-note", {"kind": "sale", "announce": False})
    run(flow)
    assert flow.state(note) == "posted"
    assert flow.sql("SELECT * FROM application") == []


def test_a_voided_credit_note_is_taken_back(flow: Any) -> None:
    made = flow.purchase("100.00")
    run(flow)
    note = flow.sandbox.cin7.post(f"invoice/{made['task_id']}/credit", {"announce": False, "number": "SC-9"})
    run(flow)
    flow.act(note, "void")
    run(flow)
    assert (flow.state(note), flow.net(note)) == ("reversed", {})
    first = "taken back" if flow.nav.is_atomic else "applied by NAV on posting"
    done_by = [one for (one,) in flow.sql("SELECT done_by FROM application ORDER BY delivery_id")]
    assert done_by == [first, None]
