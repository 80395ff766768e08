"""What NAV posts later is found, and nothing is left lying about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from cin7_nav.flows.invoices import settle
from cin7_nav.flows.invoices.collect import Occasion
from cin7_nav.store import deliveries, inbox, reading


@pytest.fixture
def later(flow: Any) -> Any:
    """A NAV that only schedules what it is asked to post."""
    flow.sandbox.nav.patch("settings", {"post_with_job_queue": True})
    return flow


def looked_ago(flow: Any, minutes: int) -> None:
    """The last look at the staged batches was that long ago."""
    then = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)
    reading.move_cursor(flow.database, settle.LOOKED, then.isoformat())


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_what_nav_scheduled_is_staged_until_it_is_in_the_ledger(later: Any) -> None:
    made = later.sale()
    later.ready()
    assert later.deliver() == {"staged": 1}
    later.settle()
    assert later.state(made) == "staged"
    later.sandbox.nav.post("run-job-queue")
    assert later.settle()["posted"] == 1
    assert later.is_posted_once(made)
    assert later.batches() == {}


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_later_ones_are_found_by_reading_on(later: Any, calls: Callable[[str], dict[str, int]]) -> None:
    first = later.sale()
    later.ready()
    later.deliver()
    later.sandbox.nav.post("run-job-queue")
    later.settle()
    more = [later.sale(price) for price in ("10.00", "20.00")]
    later.ready()
    assert later.deliver() == {"staged": 2}
    later.sandbox.nav.post("run-job-queue")
    calls("nav")
    assert later.settle()["posted"] == 2
    assert sum(calls("nav").values()) <= 6
    assert all(later.is_posted_once(made) for made in (first, *more))


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_entries_across_pages_are_one_document(later: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    later.sale()
    later.ready()
    later.deliver()
    later.sandbox.nav.post("run-job-queue")
    later.settle()
    made = later.sale()
    later.ready()
    later.deliver()
    later.sandbox.nav.post("run-job-queue")
    whole = later.nav.entries_after
    monkeypatch.setattr(later.nav, "entries_after", lambda after: whole(after, limit=2))
    assert later.settle()["posted"] == 1
    assert later.is_posted_once(made)


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_the_cursor_never_goes_back(later: Any) -> None:
    later.sale()
    later.ready()
    later.deliver()
    later.sandbox.nav.post("run-job-queue")
    later.settle()
    later.settle()
    cursor = int(reading.cursor_value(later.database, settle.ENTRIES) or 0)
    later.settle()
    assert int(reading.cursor_value(later.database, settle.ENTRIES) or 0) == cursor > 0


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_one_that_was_overlooked_is_found_when_its_batch_is_looked_at(
    later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "STAGED_PAGE", 1)
    posted, made = later.sale(), later.sale("5.00")
    later.ready()
    later.deliver()
    later.settle()
    later.sandbox.nav.post("run-job-queue")
    reading.move_cursor(later.database, settle.ENTRIES, "100000000")
    later.settle()
    assert (later.state(posted), later.state(made)) == ("staged", "staged")
    looked_ago(later, minutes=11)
    assert later.settle()["posted"] == 2
    assert later.is_posted_once(made)


def test_a_post_that_nav_confirmed_without_doing_it_is_asked_for_again_after_an_hour(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("no_effect", flow.routes.post)
    assert flow.deliver() == {"staged": 1}
    flow.settle()
    assert flow.deliver() == {}
    flow.sql("UPDATE document SET state_since = state_since - interval '61 minutes'")
    flow.settle()
    assert flow.state(made) == "unknown"
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def test_what_people_are_to_post_is_never_in_doubt(flow: Any) -> None:
    flow.edit("company.yaml", "posting: post", "posting: stage")
    made = flow.sale()
    flow.ready()
    flow.deliver()
    flow.edit("company.yaml", "posting: stage", "posting: post")
    flow.sql("UPDATE document SET state_since = state_since - interval '3 days'")
    flow.settle()
    assert flow.deliver() == {}
    assert (flow.state(made), flow.entries(made)) == ("staged", [])


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_a_job_that_failed_in_nav_leaves_the_document_staged(later: Any) -> None:
    made = later.sale()
    later.ready()
    later.deliver()
    later.sandbox.nav.patch("settings", {"allow_posting_to": "2020-01-01"})
    assert later.sandbox.nav.post("run-job-queue")["errors"]
    later.settle()
    assert later.state(made) == "staged"
    assert later.deliver() == {}


def test_in_staging_mode_people_post(flow: Any) -> None:
    flow.edit("company.yaml", "posting: post", "posting: stage")
    made = flow.sale()
    flow.ready()
    assert flow.deliver() == {"staged": 1}
    assert list(flow.batches().values()) == [3]
    assert flow.entries(made) == []
    assert flow.deliver() == {}
    flow.settle()
    assert list(flow.batches().values()) == [3]
    (staged,) = flow.lying(*flow.batches())
    flow.nav.post_journal(staged.journal_id)
    assert flow.settle()["posted"] == 1
    assert flow.is_posted_once(made)


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_a_void_while_it_waits_in_nav_is_taken_back_once_it_is_posted(later: Any) -> None:
    made = later.sale()
    later.ready()
    later.deliver()
    later.act(made, "void")
    later.collect()
    assert (later.state(made), later.problems(made)) == ("needs_attention", ["changed_after_staging"])
    later.sandbox.nav.post("run-job-queue")
    later.settle()
    assert later.state(made) == "received"
    later.translate()
    later.deliver()
    later.sandbox.nav.post("run-job-queue")
    later.settle()
    assert later.state(made) == "reversed"
    assert later.net(made) == {}


@pytest.mark.api_v2("the action posts at once, without the job queue")
def test_what_nav_posts_otherwise_is_told(later: Any) -> None:
    made = later.sale()
    later.ready()
    later.deliver()
    later.sandbox.nav.post("run-job-queue")
    later.sql("UPDATE delivery SET journal = jsonb_set(journal, '{lines,1,account_no}', '\"6120\"')")
    later.settle()
    assert (later.state(made), later.problems(made)) == ("needs_attention", ["posted_differently"])


@pytest.mark.api_v2("the shared batch is not ours to remove")
def test_empty_batches_are_removed_once(flow: Any, calls: Callable[[str], dict[str, int]]) -> None:
    for price in ("10.00", "20.00", "30.00"):
        flow.sale(price)
    flow.ready()
    flow.deliver()
    assert list(flow.batches().values()) == [0, 0, 0]
    assert flow.settle()["empty batches removed"] == 3
    assert flow.batches() == {}
    calls("nav")
    flow.settle()
    assert not [route for route in calls("nav") if not route.startswith("GET generalLedgerEntries")]


@pytest.mark.api_v2("the shared batch is not ours to remove")
def test_a_batch_with_lines_of_others_stays_and_keeps_no_other_from_being_removed(
    flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "BATCHES_AT_ONCE", 1)
    flow.sale("10.00")
    flow.sale("20.00")
    flow.ready()
    flow.deliver()
    shared = min(flow.batches())
    (batch,) = flow.lying(shared)
    line = {"accountType": "G/L Account", "accountNumber": "8310", "documentNumber": "GJ-1", "amount": 5}
    hook = flow.nav._hook
    hook.write("POST", hook.entity(f"journals({batch.journal_id})/journalLines"), line)
    assert flow.settle()["empty batches removed"] == 1
    assert list(flow.batches()) == [shared]
    (left,) = flow.lying(shared)
    hook.write("DELETE", hook.entity(f"journals({left.journal_id})"))
    assert flow.settle()["empty batches removed"] == 1


def test_events_are_done_when_all_is_dealt_with(flow: Any, calls: Callable[[str], dict[str, int]]) -> None:
    made = flow.sale()
    flow.land("Sale/InvoiceAuthorised", made["order_id"], made["order_number"])
    flow.collect(Occasion.LANDED)
    calls("nav")
    flow.settle(follow=False)
    assert flow.sql("SELECT state FROM inbox") == [("done",)]
    assert calls("nav") == {}
    assert inbox.waiting(flow.database, "invoices") == 0
