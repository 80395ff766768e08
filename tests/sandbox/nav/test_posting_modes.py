"""The ways a company may be set up that change what posting does."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

LINES = (("8310", 5), ("6110", -5))
SCHEDULED = "Journal line cannot be modified because it has been scheduled for posting."


def test_with_the_job_queue_posting_only_schedules(nav: Any) -> None:
    nav.settings(post_with_job_queue=True)
    batch = nav.ready(*LINES)
    nav.line(batch, "8310", 7, documentNumber="D2")
    assert nav.post_journal(batch).status == 204
    assert nav.get("generalLedgerEntries").rows == []
    line = nav.lines(batch)[0]["id"]
    assert nav.patch(f"journalLines({line})", {"amount": 6}).message == SCHEDULED
    assert nav.delete(f"journalLines({line})").message == SCHEDULED
    assert "already been scheduled" in nav.post_journal(batch).message
    ran = nav.side.post("run-job-queue")
    assert ran["posted"] == ["D1"]
    assert [error["document"] for error in ran["errors"]] == ["D2"]
    assert "out of balance by 7" in ran["errors"][0]["message"]
    assert len(nav.entries()) == 2
    assert [row["documentNumber"] for row in nav.lines(batch)] == ["D2"]
    assert nav.patch(f"journalLines({nav.lines(batch)[0]['id']})", {"amount": 6}).status == 200


def test_the_job_queue_may_run_by_itself(nav: Any) -> None:
    nav.settings(post_with_job_queue=True, job_queue_seconds=0.01)
    nav.post_journal(nav.ready(*LINES))
    end = time.monotonic() + 10
    while not nav.entries():
        assert time.monotonic() < end
    assert len(nav.entries()) == 2


def test_with_an_approval_workflow_nothing_posts_before_a_yes(nav: Any) -> None:
    nav.settings(approval=True)
    batch = nav.ready(*LINES)
    assert nav.post_journal(batch).message == (
        "You cannot use Gen. Journal Batch: CIN7,C7TEST for this action.\\\\The restriction was imposed "
        "because the journal batch requires approval."
    )
    assert nav.side.post("approve", {"template": "CIN7", "batch": "C7TEST"}) == {"posted": ["D1"]}
    assert len(nav.entries()) == 2


def test_a_pending_approval_bars_changes_and_an_insert_cancels_it(nav: Any) -> None:
    nav.settings(approval=True)
    batch = nav.ready(*LINES)
    nav.side.post("request-approval", {"template": "CIN7", "batch": "C7TEST"})
    line = nav.lines(batch)[0]["id"]
    assert "You can't modify a record pending approval." in nav.patch(
        f"journalLines({line})", {"amount": 6}
    ).message  # fmt: skip
    assert nav.side.get("approvals")["batches"][0]["approval"] == "pending"
    nav.line(batch, "8310", 1)
    assert nav.side.get("approvals")["batches"][0]["approval"] == ""
    assert nav.patch(f"journalLines({line})", {"amount": 6}).status == 200


def test_a_number_series_numbers_documents_and_leaves_no_blank_line(nav: Any) -> None:
    nav.settings(batch_number_series=True, manual_numbers=False)
    batch = nav.batch()
    lines = f"journals({batch})/journalLines"
    first = nav.post(lines, {"accountNumber": "8310", "amount": 5}).body
    second = nav.post(lines, {"accountNumber": "6110", "amount": -5}).body
    third = nav.post(lines, {"accountNumber": "6110", "amount": -5}).body
    assert [one["documentNumber"] for one in (first, second, third)] == ["G00001", "G00001", "G00002"]
    nav.delete(f"journalLines({third['id']})")
    assert nav.post_journal(batch).status == 204
    assert nav.lines(batch) == []
    own = nav.ready(*LINES, code="C7OWN")
    assert nav.post_journal(own).message == (
        "You may not enter numbers manually. If you want to enter numbers manually, please activate "
        "Manual Nos. in No. Series GJNL-GEN."
    )
    nav.settings(manual_numbers=True)
    assert nav.post_journal(own).status == 204


def test_a_posting_number_series_replaces_our_number(nav: Any) -> None:
    nav.settings(posting_number_series=True)
    assert nav.post_journal(nav.ready(*LINES)).status == 204
    assert nav.entries() == []
    assert len(nav.entries("GP000001")) == 2


def test_incrementing_the_batch_name_makes_another_batch(nav: Any) -> None:
    nav.settings(increment_batch_name=True)
    batch = nav.ready(*LINES, code="C7009")
    assert nav.post_journal(batch).status == 204
    assert nav.get(f"journals({batch})").status == 404
    (new,) = nav.get("journals?$filter=templateDisplayName eq 'CIN7'").rows
    assert new["code"] == "C7010"
    assert nav.lines(new["id"]) == []


def test_copying_vat_setup_splits_the_tax_off(nav: Any) -> None:
    nav.settings(copy_vat_setup=True)
    batch = nav.batch()
    nav.line(batch, "C00010", 120, accountType="Customer")
    nav.line(batch, "6110", -120)
    assert nav.post_journal(batch).status == 204
    found = {row["accountNumber"]: row["debitAmount"] - row["creditAmount"] for row in nav.entries()}
    assert found == {"2310": Decimal(120), "6110": Decimal(-100), "5610": Decimal(-20)}


def test_vat_lines_do_not_go_with_two_parties(nav: Any) -> None:
    nav.settings(copy_vat_setup=True)
    batch = nav.batch()
    nav.line(batch, "C00010", 60, accountType="Customer")
    nav.line(batch, "C00020", 60, accountType="Customer")
    nav.line(batch, "6110", -120)
    assert "includes more than one customer or vendor" in nav.post_journal(batch).message
