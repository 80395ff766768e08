import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.model import AccountType, Fixer, Journal, JournalLine, RuleRef
from cin7_nav.rules.precheck import (
    Chart,
    ChartAccount,
    ChartParty,
    DefaultDimension,
    fingerprint,
    first_open_date,
    precheck,
)
from hypothesis import given
from hypothesis import strategies as st

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
        "C5": ChartParty("C5", "Invoice", ""),
        "C6": ChartParty("C6", "", "", (DefaultDimension("REGION", "", "Code Mandatory"),)),
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
            "NAV customer C4 has currency EUR, and the document goes to NAV in GBP: over API v2.0 every "
            "document does so in local currency, over the channel odata_v4 in the card's where Cin7's "
            "document has the same one; otherwise empty Currency Code on the card; parties.yaml:9 sends "
            "total there",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            {"party": "C5"},
            "party_blocked",
            "NAV customer C5 is blocked (Invoice); parties.yaml:9 sends total there",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            {"party": "C6"},
            "dimension_demanded",
            "NAV customer C6 takes no line without dimension REGION (Code Mandatory), and no rule of "
            "dimensions.yaml sets it",
            Fixer.MAPPING_EDITOR,
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
        ("2026-03-02", replace(CHART, posting_to=dt.date(2026, 3, 1)), ["date_not_allowed"]),
        ("2026-03-02", replace(CHART, posting_from=None), []),
    ],
)
def test_the_posting_date_must_be_open(date: str, chart: Chart, expected: list[str]) -> None:
    dated = replace(journal(), posting_date=dt.date.fromisoformat(date))
    assert [problem.code for problem in precheck(dated, chart)] == expected


def test_all_problems_come_at_once() -> None:
    found = check(account="2110", party="C2", dimensions=(("REGION", "X"),))
    assert [code for code, _, _ in found] == [
        "party_blocked",
        "no_direct_posting",
        "dimension_value_not_in_nav",
    ]


@pytest.mark.parametrize(
    ("validation", "default", "sent", "refused"),
    [
        ("", "", "", False),
        ("", "LONDON", "GLASGOW", False),
        ("Code Mandatory", "", "", True),
        ("Code Mandatory", "", "LONDON", False),
        ("Code Mandatory", "LONDON", "", False),
        ("Same Code", "LONDON", "", False),
        ("Same Code", "LONDON", "LONDON", False),
        ("Same Code", "LONDON", "GLASGOW", True),
        ("Same Code", "", "GLASGOW", True),
        ("No Code", "", "LONDON", True),
        ("No Code", "", "", False),
    ],
)
def test_what_a_party_demands_of_a_dimension_is_foreseen(
    validation: str, default: str, sent: str, refused: bool
) -> None:
    party = ChartParty("C1", "", "", (DefaultDimension("REGION", default, validation),))
    values = frozenset({("REGION", "LONDON"), ("REGION", "GLASGOW")})
    chart = replace(CHART, customers={"C1": party}, dimension_values=values)
    first, second = journal().lines
    sent_lines = (replace(first, dimensions=(("REGION", sent),) if sent else ()), second)
    found = precheck(replace(journal(), lines=sent_lines), chart)
    assert [problem.code for problem in found] == (["dimension_demanded"] if refused else [])


JANUARY = (dt.date(2026, 1, 1), dt.date(2026, 1, 31))
FEBRUARY = (dt.date(2026, 2, 1), dt.date(2026, 2, 28))


@pytest.mark.parametrize(
    ("wanted", "since", "until", "closed", "expected"),
    [
        ("2026-03-02", None, None, (), "2026-03-02"),
        ("2026-03-02", "2026-03-05", None, (), "2026-03-05"),
        ("2026-01-15", None, None, (JANUARY,), "2026-02-01"),
        ("2026-01-15", None, None, (JANUARY, FEBRUARY), "2026-03-01"),
        ("2025-12-31", "2026-01-10", None, (JANUARY, FEBRUARY), "2026-03-01"),
        ("2026-01-15", None, "2026-02-28", (JANUARY, FEBRUARY), None),
        ("2026-03-02", None, "2026-03-01", (), None),
    ],
)
def test_a_reversal_takes_the_first_open_date(
    wanted: str, since: str | None, until: str | None, closed: Any, expected: str | None
) -> None:
    chart = Chart(
        {},
        frozenset(),
        {},
        {},
        posting_from=dt.date.fromisoformat(since) if since else None,
        posting_to=dt.date.fromisoformat(until) if until else None,
        closed_periods=closed,
    )
    found = first_open_date(chart, dt.date.fromisoformat(wanted))
    assert found == (dt.date.fromisoformat(expected) if expected else None)


days = st.dates(dt.date(2025, 12, 1), dt.date(2026, 4, 1))


@given(wanted=days, since=st.none() | days, until=st.none() | days)
def test_the_first_open_date_is_one_on_which_nothing_stands_in_the_way(
    wanted: dt.date, since: dt.date | None, until: dt.date | None
) -> None:
    chart = replace(CHART, posting_from=since, posting_to=until, closed_periods=(JANUARY, FEBRUARY))
    found = first_open_date(chart, wanted)

    def is_open(date: dt.date) -> bool:
        return not precheck(replace(journal(), posting_date=date), chart)

    later = (wanted + dt.timedelta(days=days) for days in range(200))
    assert found == next((date for date in later if is_open(date)), None)


@pytest.mark.parametrize(
    "changed",
    [
        replace(CHART, accounts={**CHART.accounts, "6110": replace(CHART.accounts["6110"], blocked=True)}),
        replace(CHART, accounts={}),
        replace(CHART, customers={"C1": ChartParty("C1", "All", "")}),
        replace(CHART, customers={"C1": ChartParty("C1", "", "", (DefaultDimension("A", "B", ""),))}),
        replace(CHART, dimension_values=frozenset()),
        replace(CHART, posting_from=None),
        replace(CHART, posting_to=dt.date(2027, 1, 1)),
        replace(CHART, closed_periods=((dt.date(2026, 3, 1), dt.date(2026, 3, 31)),)),
    ],
)
def test_the_fingerprint_moves_with_all_that_bears_on_the_journal(changed: Chart) -> None:
    assert fingerprint(journal(), changed) != fingerprint(journal(), CHART)


def test_the_fingerprint_moves_with_the_journal_and_its_twins() -> None:
    before = fingerprint(journal(), CHART)
    assert fingerprint(journal(amount="-9.99"), CHART) != before
    assert fingerprint(journal(), CHART, ["a twin"]) != before


def test_the_fingerprint_stays_while_only_other_things_change() -> None:
    others = replace(
        CHART,
        accounts={**CHART.accounts, "9999": CHART.accounts["6110"]},
        customers={**CHART.customers, "C9": ChartParty("C9", "All", "")},
        dimension_values=CHART.dimension_values | {("REGION", "LEEDS")},
        closed_periods=(),
    )
    assert fingerprint(journal(), others) == fingerprint(journal(), CHART)
    line = replace(journal().lines[0], description="another", sources=("elsewhere",))
    reworded = replace(journal(), lines=(line, journal().lines[1]))
    assert fingerprint(reworded, CHART) == fingerprint(journal(), CHART)
