import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.model import AccountType, Fixer, Journal, JournalLine, RuleRef
from cin7_nav.rules.precheck import Chart, ChartAccount, ChartParty, precheck

CHART = Chart(
    accounts={
        "6110": ChartAccount("6110", "Sales, goods", "Posting", blocked=False, direct_posting=True),
        "2110": ChartAccount("2110", "Inventory", "Posting", blocked=False, direct_posting=False),
        "6950": ChartAccount("6950", "Sales, old", "Posting", blocked=True, direct_posting=True),
        "6000": ChartAccount("6000", "INCOME", "Heading", blocked=False, direct_posting=True),
    },
    dimension_values=frozenset({("REGION", "LONDON")}),
    customers={
        "C1": ChartParty("C1", "", ""),
        "C2": ChartParty("C2", "All", ""),
        "C3": ChartParty("C3", "Ship", "GBP"),
        "C4": ChartParty("C4", "", "EUR"),
    },
    vendors={"C1": ChartParty("C1", "Payment", "")},
    local_currency="GBP",
    posting_from=dt.date(2026, 2, 1),
    closed_periods=((dt.date(2025, 1, 1), dt.date(2025, 1, 31)),),
)


def journal(
    account: str = "6110",
    party: str = "C1",
    dimensions: Any = (("REGION", "LONDON"),),
    amount: str = "-10.00",
    party_type: AccountType = AccountType.CUSTOMER,
) -> Journal:
    rules = (RuleRef("accounts.yaml", 14), RuleRef("dimensions.yaml", 5))
    return Journal(
        "C7S-1",
        "1",
        dt.date(2026, 3, 2),
        (
            JournalLine(
                party_type, party, Decimal("10.00"), "x", (), (RuleRef("parties.yaml", 9),), ("total",)
            ),
            JournalLine(
                AccountType.GL, account, Decimal(amount), "x", dimensions, rules, ("line 3 (HV-0003)",)
            ),
        ),
    )


def check(*args: Any, **changes: Any) -> list[tuple[str, str, Fixer]]:
    return [
        (problem.code, problem.message, problem.fixer)
        for problem in precheck(journal(*args, **changes), CHART)
    ]


def test_a_journal_that_nav_takes_has_no_problems() -> None:
    assert check() == []
    assert check(party="C3") == []
    assert check(party_type=AccountType.VENDOR) == []


@pytest.mark.parametrize(
    ("changes", "code", "message", "fixer"),
    [
        (
            {"account": "2110"},
            "no_direct_posting",
            "NAV account 2110 (Inventory) does not allow direct posting; "
            "accounts.yaml:14 sends line 3 (HV-0003) there",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            {"account": "6950"},
            "account_blocked",
            "NAV account 6950 (Sales, old) is blocked; accounts.yaml:14 sends line 3 (HV-0003) there",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            {"account": "6000"},
            "account_not_posting",
            "NAV account 6000 (INCOME) is of type Heading and takes no entries; "
            "accounts.yaml:14 sends line 3 (HV-0003) there",
            Fixer.MAPPING_EDITOR,
        ),
        (
            {"account": "7777"},
            "account_not_in_nav",
            "NAV has no G/L account 7777; accounts.yaml:14 sends line 3 (HV-0003) there",
            Fixer.MAPPING_EDITOR,
        ),
        (
            {"dimensions": (("REGION", "LEEDS"),)},
            "dimension_value_not_in_nav",
            "NAV has no value LEEDS of dimension REGION; dimensions.yaml:5 sends line 3 (HV-0003) there",
            Fixer.MAPPING_EDITOR,
        ),
        (
            {"party": "C9"},
            "party_not_in_nav",
            "NAV customer C9 does not exist; parties.yaml:9 sends total there",
            Fixer.MAPPING_EDITOR,
        ),
        (
            {"party": "C2"},
            "party_blocked",
            "NAV customer C2 is blocked (All); parties.yaml:9 sends total there",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            {"party": "C4"},
            "party_currency",
            "NAV customer C4 has currency EUR, but the journal is in local currency",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            {"amount": "-9.99"},
            "out_of_balance",
            "the journal is out of balance by 0.01",
            Fixer.DATA_TEAM,
        ),
    ],
)
def test_each_refusal_is_foreseen(changes: dict[str, Any], code: str, message: str, fixer: Fixer) -> None:
    assert check(**changes) == [(code, message, fixer)]


@pytest.mark.parametrize(
    ("date", "chart", "expected"),
    [
        ("2026-01-31", CHART, ["date_not_allowed"]),
        ("2026-02-01", CHART, []),
        ("2025-01-31", CHART, ["date_not_allowed", "period_closed"]),
        ("2026-03-02", dataclasses.replace(CHART, posting_to=dt.date(2026, 3, 1)), ["date_not_allowed"]),
        ("2026-03-02", dataclasses.replace(CHART, posting_from=None), []),
    ],
)
def test_the_posting_date_must_be_open(date: str, chart: Chart, expected: list[str]) -> None:
    dated = dataclasses.replace(journal(), posting_date=dt.date.fromisoformat(date))
    assert [problem.code for problem in precheck(dated, chart)] == expected


def test_all_problems_come_at_once() -> None:
    found = check(account="2110", party="C2", dimensions=(("REGION", "X"),))
    assert [code for code, _, _ in found] == [
        "party_blocked",
        "no_direct_posting",
        "dimension_value_not_in_nav",
    ]
