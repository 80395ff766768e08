"""Taking in what Cin7 says of a document, before and after it was sent; who holds it; what was decided."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.model import DocumentKey, Kind, SourceStatus, State
from cin7_nav.store import audit, documents
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Outcome
from cin7_nav.store.documents import Run, Scope

from tests.samples import DAY, PROBLEM, document, journal

INVOICE = document()
DRAFT = replace(INVOICE, status=SourceStatus.DRAFT)
VOIDED = replace(INVOICE, status=SourceStatus.VOIDED)
OTHER_CONTENT = replace(INVOICE, total=Decimal("121.00"), tax=Decimal("21.00"))


def trail(database: Database) -> list[tuple[str | None, str]]:
    return [(entry.from_state, entry.to_state) for entry in audit.trail(database, str(INVOICE.key))]


# --- before it was sent ---


def test_an_authorised_document_is_received(database: Database, desk: Any) -> None:
    assert desk.record(INVOICE) == {"new": 1}
    stored = desk.stored(INVOICE.key)
    assert (stored.document, stored.state, stored.revision) == (INVOICE, State.RECEIVED, 0)
    assert stored.content_hash == INVOICE.content_hash()
    (entry,) = audit.trail(database, str(INVOICE.key))
    assert (entry.from_state, entry.to_state, entry.run) == (None, "received", "dag/run")
    assert entry.why == "found by poll"
    assert entry.raw_sha256 == stored.raw_sha256 != ""


@pytest.mark.parametrize("draft", [DRAFT, VOIDED], ids=["draft", "voided"])
def test_what_was_never_authorised_is_not_taken_in(desk: Any, draft: Any) -> None:
    assert desk.record(draft) == {}
    assert desk.sql("SELECT count(*) FROM document") == [(0,)]


def test_the_raw_answer_is_kept_once(desk: Any) -> None:
    desk.record(INVOICE)
    desk.record(INVOICE)
    assert desk.sql("SELECT body FROM payload") == [({"order": 1},)]


@pytest.mark.parametrize(
    "again",
    [INVOICE, replace(INVOICE, status=SourceStatus.PAID), replace(INVOICE, total=Decimal("120.0"))],
    ids=["the same", "paid meanwhile", "written otherwise"],
)
def test_what_leaves_the_journal_alone_is_no_change(database: Database, desk: Any, again: Any) -> None:
    desk.ready(INVOICE)
    assert desk.record(again) == {"unchanged": 1}
    assert desk.stored(INVOICE.key).state is State.READY
    assert trail(database) == [(None, "received"), ("received", "ready")]


def test_all_documents_of_an_order_are_told_apart(desk: Any) -> None:
    second = replace(INVOICE, key=replace(INVOICE.key, task_id="task-2"), number="INV-1/2")
    note = replace(INVOICE, key=DocumentKey(Kind.SALE_CREDIT_NOTE, INVOICE.key.order_id, INVOICE.key.task_id))
    assert desk.record(INVOICE, second, note) == {"new": 3}
    assert desk.record(INVOICE, replace(second, total=Decimal(1)), note) == {
        "unchanged": 2,
        "changed in Cin7 before it was sent": 1,
    }


@pytest.mark.parametrize("state", [State.READY, State.NEEDS_ATTENTION])
def test_a_change_before_sending_starts_anew(database: Database, desk: Any, state: State) -> None:
    desk.record(INVOICE)
    desk.decide(desk.stored(INVOICE.key), state, problems=(PROBLEM,))
    assert desk.record(OTHER_CONTENT) == {"changed in Cin7 before it was sent": 1}
    stored = desk.stored(INVOICE.key)
    assert (stored.state, stored.problems, stored.document) == (State.RECEIVED, (), OTHER_CONTENT)
    assert trail(database)[-1] == (state, "received")


@pytest.mark.parametrize("withdrawn", [DRAFT, VOIDED], ids=["undone", "voided"])
def test_a_document_withdrawn_before_sending_is_skipped(
    database: Database, desk: Any, withdrawn: Any
) -> None:
    desk.ready(INVOICE)
    why = f"{withdrawn.status.lower()} in Cin7 before it was sent"
    assert desk.record(withdrawn) == {why: 1}
    assert desk.stored(INVOICE.key).state is State.SKIPPED
    assert desk.record(withdrawn) == {"unchanged": 1}
    assert trail(database)[2:] == [("ready", "skipped")]


@pytest.mark.parametrize("again", [INVOICE, OTHER_CONTENT], ids=["the same", "changed"])
def test_an_undone_document_that_is_authorised_again_goes_on(desk: Any, again: Any) -> None:
    desk.ready(INVOICE)
    desk.record(DRAFT)
    desk.record(again)
    assert desk.stored(INVOICE.key).state is State.RECEIVED


def test_what_a_person_skipped_stays_skipped_until_it_changes(desk: Any) -> None:
    desk.record(INVOICE)
    desk.decide(desk.stored(INVOICE.key), State.SKIPPED)
    assert desk.record(INVOICE) == {"unchanged": 1}
    assert desk.stored(INVOICE.key).state is State.SKIPPED
    desk.record(OTHER_CONTENT)
    assert desk.stored(INVOICE.key).state is State.RECEIVED


def test_a_document_that_nav_refused_may_still_change(desk: Any) -> None:
    delivery = desk.keyed(desk.ready(INVOICE))
    desk.learnt(delivery, Outcome.REFUSED, State.NEEDS_ATTENTION)
    desk.record(OTHER_CONTENT)
    assert desk.stored(INVOICE.key).state is State.RECEIVED


# --- after it was sent ---


CHANGES = pytest.mark.parametrize(
    "changed", [OTHER_CONTENT, DRAFT, VOIDED], ids=["changed", "undone", "voided"]
)


@CHANGES
def test_a_change_after_posting_is_to_be_corrected(database: Database, desk: Any, changed: Any) -> None:
    desk.posted(INVOICE)
    desk.record(changed)
    assert desk.stored(INVOICE.key).state is State.RECEIVED
    desk.record(changed)
    assert trail(database)[-1] == ("posted", "received")


@CHANGES
def test_a_change_while_people_are_to_post_it_needs_a_person(desk: Any, changed: Any) -> None:
    desk.learnt(desk.keyed(desk.ready(INVOICE)), Outcome.STAGED, State.STAGED)
    desk.record(changed)
    stored = desk.stored(INVOICE.key)
    assert (stored.state, [one.code for one in stored.problems]) == (
        State.NEEDS_ATTENTION,
        ["changed_after_staging"],
    )


@pytest.mark.parametrize(
    ("outcome", "state", "between"),
    [
        (Outcome.POSTED, State.POSTED, State.RECEIVED),
        (Outcome.STAGED, State.STAGED, State.NEEDS_ATTENTION),
    ],
)
@pytest.mark.parametrize("changed", [OTHER_CONTENT, DRAFT], ids=["changed", "undone"])
def test_what_is_again_as_it_was_sent_is_done(
    database: Database, desk: Any, outcome: Outcome, state: State, between: State, changed: Any
) -> None:
    desk.learnt(desk.keyed(desk.ready(INVOICE)), outcome, state)
    desk.record(changed)
    desk.record(INVOICE)
    stored = desk.stored(INVOICE.key)
    assert (stored.state, stored.problems) == (state, ())
    assert trail(database)[-1] == (between, state)


def test_another_problem_does_not_go_away_by_reading_again(desk: Any) -> None:
    posted = desk.posted(INVOICE)
    desk.decide(posted, State.NEEDS_ATTENTION, problems=(replace(PROBLEM, code="posted_differently"),))
    desk.record(INVOICE)
    assert desk.stored(INVOICE.key).state is State.NEEDS_ATTENTION


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
@pytest.mark.parametrize("changed", [OTHER_CONTENT, VOIDED], ids=["changed", "voided"])
def test_while_nav_is_being_asked_a_change_waits(desk: Any, state: State, changed: Any) -> None:
    delivery = desk.keyed(desk.ready(INVOICE))
    if state is State.UNKNOWN:
        desk.learnt(delivery, Outcome.UNKNOWN, State.UNKNOWN)
    desk.record(changed)
    stored = desk.stored(INVOICE.key)
    assert (stored.state, stored.document) == (state, changed)


# --- who holds it ---


def claim(database: Database, owner: str, limit: int = 10, **more: Any) -> list[str]:
    claimed = documents.claim(database, [State.RECEIVED], Scope(), Run(owner), limit, **more)
    return [stored.document.number for stored in claimed]


def test_a_claimed_document_is_nobody_elses(database: Database, desk: Any) -> None:
    for number in ("INV-1", "INV-2", "INV-3"):
        desk.record(document(number))
    assert claim(database, "a", 2) == ["INV-1", "INV-2"]
    assert claim(database, "b") == ["INV-3"]
    assert claim(database, "c") == []


def test_a_retried_task_gets_its_own_documents_again_at_once(database: Database, desk: Any) -> None:
    desk.record(INVOICE)
    assert claim(database, "a") == claim(database, "a") == ["INV-1"]


def test_a_lease_that_ended_is_taken_over(database: Database, desk: Any) -> None:
    desk.record(INVOICE)
    claim(database, "a")
    desk.sql("UPDATE document SET lease_until = clock_timestamp() - interval '1 second'")
    assert claim(database, "b") == ["INV-1"]
    assert claim(database, "a") == []


def test_claims_do_not_wait_for_each_other(database: Database, desk: Any) -> None:
    for number in ("INV-1", "INV-2"):
        desk.record(document(number))
    impatient = Database(f"{database.dsn} options='-c lock_timeout=1s'")
    with database.transaction() as cursor:
        cursor.execute("SELECT FROM document WHERE number = 'INV-1' FOR UPDATE")
        assert claim(impatient, "b") == ["INV-2"]
    impatient.close()


def test_many_claims_at_once_share_without_overlap(database: Database, desk: Any) -> None:
    every = [f"INV-{n}" for n in range(40)]
    for number in every:
        desk.record(document(number))
    with ThreadPoolExecutor(8) as pool:
        shares = list(pool.map(lambda owner: claim(database, f"run {owner}", 7), range(8)))
    assert sorted(number for share in shares for number in share) == sorted(every)


def test_a_walk_passes_each_document_once(database: Database, desk: Any) -> None:
    for number in ("INV-1", "INV-2"):
        desk.record(document(number))
    last = desk.stored(document("INV-1").key).id
    assert claim(database, "a", after=last) == ["INV-2"]


def test_only_its_holder_lets_go_of_a_document(database: Database, desk: Any) -> None:
    desk.record(INVOICE)
    stored = desk.stored(INVOICE.key)
    claim(database, "a")
    documents.release(database, [stored.id], Run("b"))
    assert claim(database, "b") == []
    documents.release(database, [stored.id], Run("a"))
    assert claim(database, "b") == ["INV-1"]


@pytest.mark.parametrize(
    ("outcome", "claimed"),
    [(Outcome.UNKNOWN, 0), (Outcome.STAGED, 0), (Outcome.POSTED, 1), (Outcome.REFUSED, 1)],
)
def test_what_is_under_way_can_be_left_out_of_a_claim(
    database: Database, desk: Any, outcome: Outcome, claimed: int
) -> None:
    desk.learnt(desk.keyed(desk.ready(INVOICE)), outcome, State.NEEDS_ATTENTION)
    waiting = [State.NEEDS_ATTENTION]
    found = documents.claim(database, waiting, Scope(), desk.run, 9, not_under_way=True)
    assert len(found) == claimed
    assert len(documents.claim(database, waiting, Scope(), desk.run, 9)) == 1


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (Scope(), {"INV-1", "INV-2"}),
        (Scope(numbers=("INV-2",)), {"INV-2"}),
        (Scope(numbers=("SO-1", "unknown")), {"INV-1"}),
        (Scope(since=DAY), {"INV-1"}),
        (Scope(until=DAY - dt.timedelta(days=1)), {"INV-2"}),
        (Scope(since=DAY - dt.timedelta(days=1), until=DAY), {"INV-1", "INV-2"}),
        (Scope(run="dag/other"), {"INV-2"}),
    ],
)
def test_a_scope_names_documents_days_or_a_run(
    database: Database, desk: Any, scope: Scope, found: set[str]
) -> None:
    desk.record(INVOICE)
    desk.record(document("INV-2", date=DAY - dt.timedelta(days=1)), run=Run("dag/other"))
    selected = documents.select(database, [State.RECEIVED], scope)
    assert {stored.document.number for stored in selected} == found
    assert documents.counts(database, scope) == {"received": len(found)}


@pytest.mark.parametrize("number", ["INV-1", "SO-1", "C7S-INV-1", "c7s-inv-1"])
def test_a_document_is_found_by_any_of_its_numbers(database: Database, desk: Any, number: str) -> None:
    desk.posted(INVOICE)
    desk.posted(document("INV-2"))
    assert [stored.key for stored in documents.find(database, number)] == [INVOICE.key]


# --- what was decided ---


def test_a_decision_keeps_the_journal_and_lets_go(database: Database, desk: Any) -> None:
    desk.record(INVOICE)
    claim(database, "a")
    stored = desk.decide(desk.stored(INVOICE.key), State.READY, journal=journal())
    assert stored.journal == journal()
    assert desk.sql("SELECT lease_owner, lease_until FROM document") == [(None, None)]
    assert desk.decide(stored, State.NEEDS_ATTENTION, problems=(PROBLEM,)).journal == journal()


def test_a_problem_that_repeats_is_counted_and_not_audited(database: Database, desk: Any) -> None:
    desk.record(INVOICE)
    first = desk.decide(desk.stored(INVOICE.key), State.NEEDS_ATTENTION, problems=(PROBLEM,))
    ((since, repeats, state_since),) = desk.sql(
        "SELECT problem_since, problem_repeats, state_since FROM document"
    )
    assert repeats == 0
    again = desk.decide(
        desk.decide(first, State.NEEDS_ATTENTION, problems=(PROBLEM,)), first.state, "", (PROBLEM,)
    )
    assert desk.sql("SELECT problem_since, problem_repeats, state_since FROM document") == [
        (since, 2, state_since)
    ]
    assert trail(database) == [(None, "received"), ("received", "needs_attention")]
    other = replace(PROBLEM, message="a different one")
    desk.decide(again, State.NEEDS_ATTENTION, problems=(other,))
    assert desk.sql("SELECT problem_repeats, problem_since FROM document") == [(3, since)]
    assert len(trail(database)) == 3


CAUSE = "SELECT first_problems->0->>'message', problem_since IS NULL, problem_repeats FROM document"


def test_while_a_document_waits_its_first_cause_is_kept(desk: Any) -> None:
    desk.record(INVOICE)
    waiting = desk.decide(desk.stored(INVOICE.key), State.NEEDS_ATTENTION, problems=(PROBLEM,))
    tried = desk.decide(waiting, State.READY)
    assert (tried.problems, desk.sql(CAUSE)) == ((), [(PROBLEM.message, False, 0)])
    desk.decide(tried, State.NEEDS_ATTENTION, problems=(replace(PROBLEM, message="a later one"),))
    assert desk.sql(CAUSE) == [(PROBLEM.message, False, 1)]


def test_a_problem_that_is_gone_leaves_nothing_behind(desk: Any) -> None:
    desk.record(INVOICE)
    waiting = desk.decide(desk.stored(INVOICE.key), State.NEEDS_ATTENTION, problems=(PROBLEM,))
    desk.decide(desk.decide(waiting, State.READY), State.POSTED)
    assert desk.sql(CAUSE) == [(None, True, 0)]


def test_amounts_come_back_to_the_last_digit(desk: Any) -> None:
    odd = document("INV-9", total=Decimal("0.1000000000000000055511151231257827"), rate=Decimal("1.10"))
    desk.record(odd)
    stored = desk.stored(odd.key).document
    assert (str(stored.total), str(stored.rate)) == (str(odd.total), "1.10")
