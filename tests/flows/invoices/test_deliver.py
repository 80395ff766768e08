"""A document reaches NAV's ledger once, whatever gets lost on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.flows.invoices.deliver import agrees
from cin7_nav.hooks.channel import PostedEntry
from cin7_nav.hooks.errors import Unavailable, VendorError
from cin7_nav.hooks.nav_api_v2 import NavApiV2
from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.store import audit, documents
from cin7_nav.store.documents import Run

from tests.samples import DAY, gl, journal

INSERT, POST = "insert", "post"
Calls = Callable[[str], dict[str, int]]


# --- the whole way ---


def test_a_sale_is_posted_as_it_was_invoiced(flow: Any) -> None:
    made = flow.sale("100.00", location="Glasgow")
    flow.ready()
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)
    amounts = {entry.account_no: entry.amount for entry in flow.entries(made)}
    assert amounts == {"2310": Decimal("120.00"), "6110": Decimal("-100.00"), "5650": Decimal("-20.00")}
    assert {entry.posting_date for entry in flow.entries(made)} == {flow.today}
    assert {entry.document_no for entry in flow.entries(made)} == {f"C7S-{made['number']}"}
    states = [e.to_state for e in audit.trail(flow.database, str(flow.stored(made).key))]
    assert states == ["received", "ready", "sending", "posted"]


def test_a_purchase_is_posted_to_the_vendor(flow: Any) -> None:
    made = flow.purchase("50.00")
    flow.ready()
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)
    amounts = {entry.account_no: entry.amount for entry in flow.entries(made)}
    assert amounts == {"5410": Decimal("-60.00"), "5450": Decimal("50.00"), "5660": Decimal("10.00")}


def test_nothing_is_sent_twice(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.deliver()
    for _ in range(2):
        flow.ready()
        assert flow.deliver() == {}
    assert flow.is_posted_once(made)


def test_one_document_takes_four_calls_and_where_lines_go_one_by_one_one_more_for_each_but_the_first(
    flow: Any, calls: Calls
) -> None:
    made = flow.sale()
    flow.ready()
    calls("nav")
    flow.deliver()
    lines = 1 if flow.nav.is_atomic else len(flow.stored(made).journal.lines) + 4
    assert sum(calls("nav").values()) <= 3 + lines


@pytest.mark.api_v2("a page takes one line at a time")
def test_many_documents_take_fewer_than_three_calls_each(flow: Any, calls: Calls) -> None:
    days = {"from": str(flow.today - dt.timedelta(days=1)), "to": str(flow.today), "updated": "now"}
    flow.sandbox.cin7.post("bulk", {"sales": 15, "purchases": 10, **days})
    flow.ready()
    flow.deliver()  # teaches the accounts' default dimensions
    flow.sandbox.cin7.post("bulk", {"sales": 15, "purchases": 10, "seed": 2, **days})
    flow.ready()
    calls("nav")
    assert flow.deliver() == {"posted": 25}
    assert sum(calls("nav").values()) <= 3 * 25
    assert flow.sandbox.nav.get("sums")["balanced"] is True


# --- lost answers ---


@pytest.mark.parametrize("kind", ["lost_before", "lost_after", "reset", "truncated", "html"])
@pytest.mark.parametrize("step", [INSERT, POST])
def test_a_lost_answer_is_unknown_until_nav_is_asked(flow: Any, step: str, kind: str) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault(kind, getattr(flow.routes, step), "POST")
    first = flow.deliver()
    assert first in ({"unknown": 1}, {"posted": 1})
    flow.deliver()
    assert flow.is_posted_once(made)
    assert sum(flow.batches().values()) == 0


@pytest.mark.parametrize("step", [INSERT, POST])
def test_answers_that_get_lost_again_and_again_post_once(flow: Any, step: str) -> None:
    made = flow.sale()
    flow.ready()
    for _ in range(2):
        flow.sandbox.nav.fault("lost_before", getattr(flow.routes, step), "POST")
        assert flow.deliver() == {"unknown": 1}
    flow.sandbox.nav.fault("lost_after", getattr(flow.routes, step), "POST")
    flow.deliver()
    flow.deliver()
    assert flow.is_posted_once(made)


def test_a_posting_that_could_not_be_read_back_is_found_later(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    nav, entries = flow.sandbox.nav, flow.routes.entries
    flow.interrupt("post_journal", lambda: nav.fault("status", entries, "GET", times=None, status=503))
    assert flow.deliver() == {"unknown": 1}
    nav.delete("faults")
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


@pytest.mark.api_v2("on a page dimensions go with their line")
def test_a_task_killed_before_the_dimensions_are_set_posts_none_without_them(
    flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = flow.sale("100.00", channel="Till", location="Glasgow")
    flow.ready()
    flow.reference.learn_defaults({"6110": ["CHANNEL", "REGION"]})  # NAV refuses them in an insert then

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(NavApiV2, "_completed", killed)
        with pytest.raises(KeyboardInterrupt):
            flow.deliver()
    flow.forget_leases()
    flow.deliver()
    assert flow.is_posted_once(made)
    (entry,) = (one for one in flow.entries(made) if one.account_no == "6110")
    hook = flow.nav._hook
    (row,) = hook.rows(
        hook.entity("generalLedgerEntries"),
        {"$filter": f"entryNumber eq {entry.entry_no}", "$expand": "dimensionSetLines"},
    )
    found = {one["code"]: one["valueCode"] for one in row["dimensionSetLines"]}
    assert (found["CHANNEL"], found["REGION"]) == ("RETAIL", "GLASGOW")


def test_what_is_on_its_way_is_written_down_when_the_next_documents_can_not_be_looked_for(
    flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = {"from": str(flow.today), "to": str(flow.today), "updated": "now"}
    flow.sandbox.cin7.post("bulk", {"sales": 30, "purchases": 15, **days})
    flow.ready()
    asked: list[int] = []
    read = flow.nav.posted_entries

    def away_once(numbers: list[str]) -> Any:
        asked.append(len(numbers))
        if len(asked) == 2:
            raise Unavailable("NAV answered 503")
        return read(numbers)

    monkeypatch.setattr(flow.nav, "posted_entries", away_once)
    with pytest.raises(Unavailable):
        flow.deliver()
    assert asked == [40, 5, 40]
    assert flow.sql("SELECT state, count(*) FROM document GROUP BY state ORDER BY state") == [
        ("posted", 40),
        ("ready", 5),
    ]
    assert flow.sql("SELECT count(*) FROM document WHERE lease_owner IS NOT NULL") == [(0,)]
    assert flow.deliver() == {"posted": 5}


def test_while_nav_is_down_documents_stay_ready(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("status", ".*", times=None, status=503)
    with pytest.raises(VendorError):
        flow.deliver()
    assert flow.state(made) == "ready"
    flow.sandbox.nav.delete("faults")
    flow.run = Run("invoices_to_journal/run-2")
    assert flow.deliver() == {"posted": 1}


def test_while_nav_is_down_documents_in_doubt_stay_in_doubt(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("lost_after", flow.routes.post, "POST")
    flow.deliver()
    flow.sandbox.nav.fault("status", ".*", times=None, status=503)
    with pytest.raises(VendorError):
        flow.deliver()
    assert flow.state(made) == "unknown"
    flow.sandbox.nav.delete("faults")
    flow.deliver()
    assert flow.is_posted_once(made)


class Killed(BaseException):
    """The process dies here."""


def kill(*_: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    ("method", "before"),
    [("insert_journal", True), ("insert_journal", False), ("post_journal", False), ("find_journals", True)],
    ids=["before the insert", "after the insert", "after the post", "while asking"],
)
def test_a_killed_task_can_be_run_again(flow: Any, method: str, before: bool) -> None:
    made = flow.sale()
    flow.ready()
    if method == "find_journals":
        flow.sandbox.nav.fault("lost_after", flow.routes.insert, "POST")
        flow.deliver()
    flow.interrupt(method, kill, before=before)
    with pytest.raises(Killed):
        flow.deliver()
    assert flow.state(made) in ("sending", "unknown")
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def test_a_lost_document_does_not_hold_up_the_others(flow: Any) -> None:
    every = [flow.sale(price) for price in ("10.00", "20.00", "30.00")]
    flow.ready()
    flow.sandbox.nav.fault("lost_before", flow.routes.insert, "POST")
    assert flow.deliver() == {"unknown": 1, "posted": 2}
    flow.deliver()
    assert all(flow.is_posted_once(made) for made in every)


# --- what NAV would not take ---


def test_a_number_that_strangers_use_is_left_to_a_person(flow: Any, calls: Calls) -> None:
    made = flow.sale()
    flow.ready()
    theirs = flow.stored(made).journal
    amounts = ("7.00", "-7.00")
    lines = tuple(replace(line, amount=Decimal(a)) for line, a in zip(theirs.lines, amounts, strict=False))
    strangers = replace(theirs, lines=lines, external_document_no="X")
    flow.nav.post_journal(flow.nav.insert_journal("CIN7", "OTHERS", strangers, {}).journal_id)
    calls("nav")
    assert flow.deliver() == {"needs_attention": 1}
    assert flow.problems(made) == ["number_in_use"]
    assert not [route for route in calls("nav") if route.startswith("POST")]


def test_a_document_found_posted_is_not_posted_again(flow: Any, calls: Calls) -> None:
    made = flow.sale()
    flow.ready()
    earlier = flow.nav.insert_journal("CIN7", "EARLIER", flow.stored(made).journal, {})
    flow.nav.post_journal(earlier.journal_id)
    calls("nav")
    assert flow.deliver() == {"posted": 1}
    assert not [route for route in calls("nav") if route.startswith("POST")]
    assert flow.is_posted_once(made)


def test_a_blocked_account_is_seen_before_anything_is_sent(flow: Any, calls: Calls) -> None:
    made = flow.sale()
    flow.edit("accounts.yaml", '"6110"', '"6950"')
    flow.ready()
    calls("nav")
    assert flow.deliver() == {"needs_attention": 1}
    assert flow.problems(made) == ["account_blocked"]
    assert not [route for route in calls("nav") if route.startswith("POST")]
    flow.edit("accounts.yaml", '"6950"', '"6110"')
    assert flow.translate() == {"ready": 1}
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def test_reference_data_is_read_again_before_a_document_is_held_back(flow: Any, calls: Calls) -> None:
    made = flow.sale()
    flow.ready()
    flow.sql("UPDATE reference SET body = body || '{\"blocked\": true}' WHERE key = '6110'")
    flow.passed = dt.timedelta(minutes=2)
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def test_what_only_nav_knows_is_refused_and_leaves_no_batch(flow: Any) -> None:
    """Whether a dimension value is blocked, NAV's API does not say."""
    made = flow.sale()
    flow.edit("dimensions.yaml", "London: LONDON", "London: NORTH")
    flow.ready()
    assert flow.deliver() == {"needs_attention": 1}
    assert flow.problems(made) == ["nav_refused_dimension"]
    assert flow.batches() == {}
    flow.edit("dimensions.yaml", "London: NORTH", "London: LONDON")
    flow.translate()
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)
    assert flow.sql("SELECT count(*) FROM delivery") == [(1,)]


def test_a_refused_posting_leaves_no_batch(flow: Any) -> None:
    first = flow.purchase("10.00", number="BILL-7")
    flow.ready()
    flow.deliver()
    twin = flow.purchase("20.00", number="BILL-7")
    flow.ready()
    assert flow.deliver() == {"needs_attention": 1}
    assert _state(flow, first) == "posted"
    assert _state(flow, twin) == "needs_attention"
    assert sum(flow.batches().values()) == 0


def _state(flow: Any, made: dict[str, Any]) -> str:
    (stored,) = documents.find(flow.database, made["order_number"])
    return stored.state


def test_a_refusal_because_it_is_posted_already_is_none(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    real = flow.nav
    flow.interrupt("post_journal", real.post_journal, before=True)
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


@pytest.mark.api_v2("on a page ours replace the account's own")
def test_an_accounts_own_dimensions_are_learnt_once(flow: Any, calls: Calls) -> None:
    for number in ("AD-1", "AD-2"):
        lines = [{"sku": "Installation", "price": "80.00", "account": "400"}]
        made = flow.purchase(number=number, lines=lines)
        flow.ready()
        calls("nav")
        assert flow.deliver() == {"posted": 1}
        assert flow.is_posted_once(made)
        inserts = calls("nav")["POST journals"]
        assert inserts == (2 if number == "AD-1" else 1)
    assert flow.reference.account_defaults() == {"8110": ["CHANNEL"]}


def test_a_batch_that_somebody_changed_is_not_posted(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("lost_after", flow.routes.insert, "POST")
    assert flow.deliver() == {"unknown": 1}
    ((code,),) = flow.sql("SELECT batch_code FROM delivery")
    (ours,) = flow.lying(code)
    flow.nav.delete_journal(ours.journal_id)
    whole = flow.stored(made).journal
    changed = replace(whole, lines=(replace(whole.lines[0], amount=Decimal("1.20")), gl("6110", "-1.20")))
    flow.nav.insert_journal("CIN7", code, changed, {})
    assert flow.deliver() == {"unknown": 1}
    assert flow.problems(made) == ["batch_in_use"]
    assert flow.entries(made) == []


@pytest.mark.api_v2("the shared batch is never empty of others")
def test_an_emptied_batch_is_filled_again(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("lost_after", flow.routes.insert, "POST")
    assert flow.deliver() == {"unknown": 1}
    (code,) = flow.batches()
    (ours,) = flow.lying(code)
    flow.nav.delete_journal(ours.journal_id)
    other = replace(flow.stored(made).journal, document_no="OTHER-1", external_document_no="OTHER-1")
    flow.nav.post_journal(flow.nav.insert_journal("CIN7", code, other, {}).journal_id)
    assert flow.batches() == {code: 0}
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def test_a_posting_that_ends_while_nav_is_asked_is_seen(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("lost_before", flow.routes.post, "POST")
    assert flow.deliver() == {"unknown": 1}
    (code,) = flow.batches()
    (ours,) = flow.lying(code)
    real = flow.nav
    flow.interrupt("find_journals", lambda *_: real.post_journal(ours.journal_id), before=True)
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


# --- what happens in Cin7 meanwhile ---


def reauthorised(flow: Any, made: dict[str, Any], price: str) -> Callable[..., None]:
    def act(*_: object) -> None:
        flow.act(made, "undo")
        flow.act(made, "reauthorise", lines=[{"sku": "HV-0001", "price": price, "account": "200"}])
        sender, flow.run = flow.run, Run("invoices_to_journal/run-2")
        flow.collect()
        flow.run = sender

    return act


def test_a_void_while_it_is_sent_leads_to_its_reversal(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()

    def void() -> None:
        flow.act(made, "void")
        flow.collect()

    flow.interrupt("insert_journal", void)
    assert flow.deliver() == {"received": 1}
    flow.translate()
    assert flow.deliver() == {"reversed": 1}
    assert flow.net(made) == {}


def test_a_change_while_it_is_sent_leads_to_a_correction(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()
    flow.interrupt("post_journal", reauthorised(flow, made, "111.00"))
    assert flow.deliver() == {"received": 1}
    assert flow.amount(made, "6110") == [Decimal("-100.00")]
    for outcome in ({"received": 1}, {"posted": 1}):
        flow.translate()
        assert flow.deliver() == outcome
    assert flow.net(made)["6110"] == Decimal("-111.00")


def test_what_changed_while_nav_could_not_take_it_is_translated_anew(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()
    flow.interrupt("insert_journal", reauthorised(flow, made, "111.00"), before=True)
    flow.sandbox.nav.fault("status", flow.routes.insert, "POST", times=None, status=429)
    flow.deliver()
    flow.sandbox.nav.delete("faults")
    flow.translate()
    assert flow.deliver() == {"posted": 1}
    assert flow.amount(made, "6110") == [Decimal("-111.00")]


# --- what is proof ---


def entry(account: str, amount: str, **changes: Any) -> PostedEntry:
    return replace(PostedEntry(1, DAY, "C7S-INV-1", account, Decimal(amount), "sample"), **changes)


ENTRIES = (entry("2310", "120.00"), entry("6110", "-100.00"), entry("5650", "-20.00"))


@pytest.mark.parametrize(
    ("entries", "same"),
    [
        (ENTRIES, True),
        (ENTRIES[::-1], True),
        ((ENTRIES[0], entry("6110", "-60.00"), entry("6110", "-40.00"), ENTRIES[2]), True),
        ((ENTRIES[0], entry("6110", "-100.01"), entry("5650", "-19.99")), False),
        ((ENTRIES[0], entry("6120", "-100.00"), ENTRIES[2]), False),
        ((entry("2310", "100.00"), ENTRIES[1]), False),
        ((*ENTRIES, *ENTRIES), False),
        ((*ENTRIES, entry("5610", "20.00")), False),
        (tuple(replace(one, posting_date=DAY - dt.timedelta(days=1)) for one in ENTRIES), False),
        ((), False),
    ],
    ids=[
        "as sent",
        "in another order",
        "in more entries",
        "a cent apart",
        "on another account",
        "a line missing",
        "twice",
        "more than sent",
        "on another day",
        "nothing",
    ],
)
def test_entries_agree_only_with_the_very_journal(entries: tuple[PostedEntry, ...], same: bool) -> None:
    assert agrees(journal(), entries) is same


def test_a_journal_may_touch_an_account_to_and_fro() -> None:
    party = JournalLine(AccountType.VENDOR, "V00010", Decimal("-10.00"), "sample")
    sent = Journal("C7P-1", "1", DAY, (party, gl("5450", "15.00"), gl("5450", "-5.00")))
    assert agrees(sent, [entry("5410", "-10.00"), entry("5450", "15.00"), entry("5450", "-5.00")])


def test_of_two_documents_with_one_number_the_second_waits_and_others_go_on(flow: Any) -> None:
    first, second, other = flow.sale(), flow.sale(), flow.sale()
    flow.ready()
    number = f"C7S-{first['number']}"
    flow.sql(
        "UPDATE document SET journal = jsonb_set(journal, '{document_no}', %s) WHERE number = %s",
        f'"{number}"',
        second["number"],
    )
    assert flow.deliver() == {"posted": 2, "needs_attention": 1}
    assert {flow.state(first), flow.state(second)} == {"posted", "needs_attention"}
    assert flow.problems(first) + flow.problems(second) == ["number_taken"]
    assert flow.is_posted_once(other)


def test_a_link_slower_than_the_timeout_ends_in_asking_and_not_in_sending_again(flow: Any) -> None:
    """`timeout_s` of the connection says how long NAV may be silent."""
    made = flow.sale()
    flow.ready()
    extra = flow.nav._hook.settings.extra
    extra.timeout_s = 0.4
    flow.interrupt("insert_journal", lambda *_: slow(flow, 1.0), before=True)
    # the first call of an insert over pages only asks for its place: nothing was sent yet
    assert flow.deliver() == {"unknown" if flow.nav.is_atomic else "ready": 1}
    slow(flow, 0.0)
    flow.forget_leases()
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def slow(flow: Any, seconds: float) -> None:
    flow.sandbox.nav.patch("settings", {"latency_seconds": seconds})
