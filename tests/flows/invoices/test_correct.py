"""What was posted and is no longer what Cin7 says is taken back and, where due, posted anew."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from cin7_nav.store import audit


def run(flow: Any) -> None:
    """A polling run; what was taken back is posted anew in the same run."""
    flow.collect()
    flow.translate()
    while "received" in flow.deliver():
        flow.translate()
    flow.settle()


def changed(flow: Any, made: dict[str, Any], price: str, account: str = "200") -> None:
    flow.act(made, "undo")
    flow.act(made, "reauthorise", lines=[{"sku": "HV-0001", "price": price, "account": account}])


def test_a_voided_invoice_is_taken_back(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    flow.act(made, "void")
    run(flow)
    assert flow.state(made) == "reversed"
    assert flow.net(made) == {}
    first, reversal = flow.deliveries(made)
    assert first == (f"C7S-{made['number']}", made["number"], "posted", False)
    assert reversal[0].startswith(f"C7S-{made['number']}-")
    assert reversal[1:] == (f"{made['number']} R1", "posted", True)


def test_the_reversal_has_the_same_accounts_and_dimensions_and_says_what_it_is(flow: Any) -> None:
    made = flow.purchase("100.00", charges=[{"account": "425", "price": "9.00"}])
    run(flow)
    posted = flow.stored(made).journal
    flow.act(made, "void")
    run(flow)
    taken_back = flow.stored(made).journal
    assert [(line.account_no, line.dimensions, -line.amount) for line in taken_back.lines] == [
        (line.account_no, line.dimensions, line.amount) for line in posted.lines
    ]
    entries = flow.nav.posted_entries([taken_back.document_no])
    assert {entry.posting_date for entry in entries} == {posted.posting_date}
    assert all(f"REVERSED {posted.document_no} DO NOT PAY" in entry.description for entry in entries)


def test_an_invoice_authorised_again_with_other_amounts_is_taken_back_and_posted_anew(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    changed(flow, made, "130.00")
    run(flow)
    assert flow.state(made) == "posted"
    assert flow.net(made)["6110"] == Decimal("-130.00")
    assert [external for _, external, _, _ in flow.deliveries(made)] == [
        made["number"],
        f"{made['number']} R1",
        f"{made['number']} /2",
    ]
    states = [entry.to_state for entry in audit.trail(flow.database, str(flow.stored(made).key))]
    assert states == [
        *("received", "ready", "sending", "posted"),
        *("received", "ready", "sending"),
        *("received", "ready", "sending", "posted"),
    ]


def test_corrections_of_corrections_stay_one_chain(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    for price in ("110.00", "120.00", "130.00"):
        changed(flow, made, price)
        run(flow)
    flow.act(made, "void")
    run(flow)
    assert flow.net(made) == {}
    assert [reversal for *_, reversal in flow.deliveries(made)] == [False, True] * 4
    assert [external.removeprefix(made["number"]) for _, external, _, _ in flow.deliveries(made)] == [
        *("", " R1", " /2", " /2 R2", " /3", " /3 R3", " /4", " /4 R4"),
    ]


def test_an_undone_invoice_is_taken_back_and_posted_anew_when_it_is_authorised_again(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    flow.act(made, "undo")
    run(flow)
    assert (flow.state(made), flow.net(made)) == ("reversed", {})
    flow.act(made, "reauthorise")
    run(flow)
    assert flow.state(made) == "posted"
    assert flow.net(made)["6110"] == Decimal("-100.00")


def test_undone_and_authorised_again_as_it_was_posts_nothing(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    changed(flow, made, "100.00")
    run(flow)
    assert flow.is_posted_once(made)
    assert len(flow.deliveries(made)) == 1


def test_a_payment_posts_nothing(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    flow.act(made, "pay")
    run(flow)
    assert flow.is_posted_once(made)
    assert len(flow.deliveries(made)) == 1


def test_the_reversal_undoes_what_was_posted_not_what_would_be_posted_today(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    flow.edit("accounts.yaml", 'account: "6110"', 'account: "6120"')
    changed(flow, made, "130.00")
    run(flow)
    assert flow.net(made)["6120"] == Decimal("-130.00")
    assert "6110" not in flow.net(made)


def test_while_the_new_content_has_no_mapping_the_old_posting_stands(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    changed(flow, made, "130.00", account="815")
    run(flow)
    assert (flow.state(made), flow.problems(made)) == ("needs_attention", ["account_unmapped"])
    assert flow.net(made)["6110"] == Decimal("-100.00")
    flow.edit("accounts.yaml", 'cin7_account: "200" }', 'cin7_account: ["200", "815"] }')
    run(flow)
    assert flow.net(made)["6110"] == Decimal("-130.00")


def test_a_reversal_into_a_closed_period_moves_to_the_first_open_day_and_says_so(flow: Any) -> None:
    made = flow.sale("100.00", date=str(flow.today - dt.timedelta(days=10)))
    run(flow)
    opens = flow.today - dt.timedelta(days=2)
    flow.sandbox.nav.patch("settings", {"allow_posting_from": str(opens)})
    flow.passed += dt.timedelta(hours=2)
    flow.act(made, "void")
    run(flow)
    assert flow.net(made) == {}
    taken_back = flow.stored(made).journal
    assert taken_back.posting_date == opens
    told = [entry.why for entry in audit.trail(flow.database, str(flow.stored(made).key))]
    assert any(f"dated {opens}" in why for why in told)


def test_a_reversal_whose_answer_was_lost_is_posted_once(flow: Any) -> None:
    made = flow.sale("100.00")
    run(flow)
    flow.act(made, "void")
    flow.sandbox.nav.fault("lost_after", flow.routes.post, "POST")
    run(flow)
    assert flow.state(made) == "unknown"
    run(flow)
    assert (flow.state(made), flow.net(made), len(flow.deliveries(made))) == ("reversed", {}, 2)
