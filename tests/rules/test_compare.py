"""What is said of one document that both ledgers have."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.model import AccountType, Journal, JournalLine, Kind, State
from cin7_nav.rules.books import Booked, Entry
from cin7_nav.rules.cases import Case, Known, Sent, Terms
from cin7_nav.rules.compare import account_groups, compare

from tests.samples import DAY, PROBLEM

TERMS = Terms(Decimal("0.05"), frozenset({"2310"}), frozenset({"CHANNEL"}))
WEB = (("CHANNEL", "WEB"),)


def line(account: str, amount: str, *cin7: str, dimensions: Any = ()) -> JournalLine:
    return JournalLine(AccountType.GL, account, Decimal(amount), "", dimensions, cin7_accounts=cin7)


JOURNAL = Journal(
    "C7S-INV-1",
    "INV-1",
    DAY,
    (
        JournalLine(AccountType.CUSTOMER, "C00010", Decimal("120.00"), ""),
        line("6110", "-100.00", "200", dimensions=WEB),
        line("5650", "-20.00"),
    ),
)
SENT = Sent("C7S-INV-1", JOURNAL, False, "posted", 1, 3)


def booked(party: str = "120.00", net: str = "-100.00", day: dt.date = DAY) -> Booked:
    accounts = defaultdict(Decimal, {"200": Decimal(net), "820": -Decimal(party) - Decimal(net)})
    return Booked(Decimal(party), accounts, {day})


ENTRIES = (
    Entry(1, DAY, "C7S-INV-1", "2310", Decimal("120.00")),
    Entry(2, DAY, "C7S-INV-1", "6110", Decimal("-100.00"), (*WEB, ("REGION", "LONDON"))),
    Entry(3, DAY, "C7S-INV-1", "5650", Decimal("-20.00")),
)
CASE = Case(Kind.SALE_INVOICE, "INV-1", booked(), False, Known(State.POSTED, sent=(SENT,)), ENTRIES, None)


def found(case: Case) -> list[tuple[str, str]]:
    return [(str(one.sort), one.cause) for one in compare(case, TERMS)]


def test_what_agrees_has_no_finding_whatever_nav_added_by_default() -> None:
    assert found(CASE) == []


@pytest.mark.parametrize(
    ("cents", "exact", "differs"), [("0.05", False, False), ("0.06", False, True), ("0.01", True, True)]
)
def test_the_ledger_may_be_off_by_its_rounding_and_a_document_by_nothing(
    cents: str, exact: bool, differs: bool
) -> None:
    off = booked(str(Decimal("120.00") + Decimal(cents)))
    assert bool(found(replace(CASE, booked=off, is_exact=exact))) is differs


def test_a_document_that_was_never_sent_says_why_it_waits() -> None:
    waiting = Known(State.NEEDS_ATTENTION, (PROBLEM,))
    (finding,) = compare(replace(CASE, known=waiting, entries=()), TERMS)
    assert (finding.cause, finding.fixer) == (PROBLEM.code, PROBLEM.fixer)
    assert (finding.cin7_amount, finding.nav_amount, finding.amount) == (
        Decimal("120.00"),
        Decimal(0),
        Decimal("-120.00"),
    )


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        (State.RECEIVED, "on_its_way"),
        (State.STAGED, "staged"),
        (State.HELD, "held"),
        (State.SKIPPED, "changed_in_cin7"),
    ],
)
def test_each_state_is_a_cause_of_its_own(state: State, cause: str) -> None:
    assert found(replace(CASE, known=Known(state), entries=())) == [("missing", cause)]


def test_nothing_on_either_side_is_no_finding() -> None:
    assert found(replace(CASE, booked=Booked(), entries=())) == []


def test_a_wrong_account_shows_where_the_total_is_right() -> None:
    wrong = (ENTRIES[0], replace(ENTRIES[1], account="6120"), ENTRIES[2])
    assert found(replace(CASE, entries=wrong)) == [
        ("account", "posted_otherwise"),
        ("account", "posted_otherwise"),
    ]


def test_three_times_is_told_as_three_times() -> None:
    more = [replace(one, entry_no=one.entry_no + 10 * times) for times in (1, 2) for one in ENTRIES]
    (finding,) = compare(replace(CASE, entries=(*ENTRIES, *more)), TERMS)
    assert finding.cause == "posted_again_by_hand"
    assert "3 times" in finding.message


def test_cin7_accounts_that_share_a_nav_account_are_one_group() -> None:
    journal = replace(
        JOURNAL,
        lines=(line("6110", "-60", "200", "210"), line("6120", "-40", "205"), line("6110", "-9", "220")),
    )
    groups = {frozenset(cin7): nav for cin7, nav in account_groups(journal)}
    assert groups == {
        frozenset({"200", "210", "220"}): frozenset({"6110"}),
        frozenset({"205"}): frozenset({"6120"}),
    }
