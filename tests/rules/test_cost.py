"""Which rows of Cin7's ledger move inventory value, and the journal of a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from cin7_nav.mappings import Mappings
from cin7_nav.model import AccountType, Kind, SourceDocument, Translation
from cin7_nav.rules.cost import (
    LedgerAccounts,
    carried_accounts,
    cost_day,
    cost_days,
    moves_value,
    translate_cost,
)
from cin7_nav.rules.numbers import document_no
from cin7_nav.wire.ledger import LedgerRow, ledger_row
from hypothesis import given
from hypothesis import strategies as st

from tests import builders

DAY = dt.date(2026, 11, 20)
ACCOUNTS = LedgerAccounts(frozenset({"140", "141"}), frozenset({"610", "800", "820"}))
COMPANY = builders.COMPANY.replace("valuation: nav", "valuation: cin7").replace(
    'clearing_account: "5450"', ""
)
RULES = (
    builders.ACCOUNTS
    + """\
  - when: { cin7_account: ["140", "141"] }
    account: "2120"
  - when: { cin7_account: "310", kind: cost_journal }
    account: "7120"
"""
)


def row(debit: str, credit: str, amount: str, type_: str = "Sale", date: dt.date = DAY) -> LedgerRow:
    return LedgerRow(debit, credit, Decimal(amount), date, type_)


def day(*rows: LedgerRow) -> SourceDocument:
    (document,) = cost_days(rows, ACCOUNTS, [DAY], "GBP")
    return document


def lines(document: SourceDocument) -> list[tuple[str, str]]:
    return [(line.account, str(line.total)) for line in document.lines]


def translated(mappings: Mappings, document: SourceDocument) -> Translation:
    number = document_no(document.key.kind, document.number, document.key, mappings)
    return translate_cost(document, mappings, document_no=number)


@pytest.fixture(scope="module")
def mappings(tmp_path_factory: pytest.TempPathFactory) -> Mappings:
    return builders.mappings(
        tmp_path_factory.mktemp("maps"), {"company.yaml": COMPANY, "accounts.yaml": RULES}
    )


@pytest.mark.parametrize(
    ("counts", "example", "why"),
    [
        (True, row("310", "140", "60"), "a shipment"),
        (True, row("310", "140", "-60"), "its reversal"),
        (True, row("140", "310", "20"), "a restock"),
        (True, row("429", "140", "5", "StockAdjustment"), "an adjustment"),
        (True, row("140", "425", "9", "Purchase"), "freight that Cin7 spreads into the goods"),
        (True, row("140", "141", "9", "Journal"), "from one inventory account to another"),
        (True, row("140", "800", "9", "Journal"), "a manual journal: no document carries it"),
        (True, row("140", "090", "9", "MoneySpend"), "money spent on stock"),
        (False, row("140", "800", "80", "Purchase"), "a purchase invoice"),
        (False, row("800", "140", "80", "Purchase"), "a purchase credit note"),
        (False, row("140", "820", "8", "Purchase"), "tax of a purchase"),
        (False, row("610", "140", "8", "Sale"), "a sales line on the inventory account"),
        (False, row("610", "200", "100"), "revenue"),
        (False, row("140", "140", "100"), "one account on both sides"),
    ],
)
def test_only_what_no_invoice_carries_moves_inventory_value(
    counts: bool, example: LedgerRow, why: str
) -> None:
    assert moves_value(example, ACCOUNTS) is counts, why


def test_control_and_tax_accounts_are_known_by_cin7s_mark_old_and_new() -> None:
    chart = [
        ("610", "Accounts receivable", "DEBTORS"),
        ("801", "CREDITORS", ""),
        ("820", "GST", "GST"),
        ("860", "Rounding", "ROUNDING"),
        ("140", "", ""),
    ]
    assert carried_accounts(chart) == {"610", "801", "820"}


def test_a_day_is_the_net_per_pair_of_accounts() -> None:
    document = day(
        row("310", "140", "60"),
        row("310", "140", "-10"),
        row("140", "310", "15"),
        row("429", "140", "5", "StockTake"),
        row("140", "800", "80", "Purchase"),
    )
    assert lines(document) == [("140", "-35.00"), ("310", "35.00"), ("140", "-5.00"), ("429", "5.00")]
    assert (document.number, document.total, document.key.order_id) == ("COST-2026-11-20", -40, "2026-11-20")
    assert document.lines[0].description == "140 against 310"


def test_a_day_is_known_by_its_number() -> None:
    assert cost_day(day(row("310", "140", "60")).number) == DAY
    assert [cost_day(number) for number in ("COST-1", "2026-11-20", "INV-00012")] == [None, None, None]


def test_rows_of_other_days_are_left_out() -> None:
    assert not day(row("310", "140", "60", date=DAY + dt.timedelta(days=1))).lines


@pytest.mark.parametrize("rows", [(), (row("310", "140", "60"), row("310", "140", "-60"))])
def test_a_day_that_nets_to_nothing_is_void(rows: Sequence[LedgerRow]) -> None:
    document = day(*rows)
    assert (document.status, document.lines, document.total) == ("VOIDED", (), 0)


def test_the_same_net_is_the_same_content_whatever_its_rows() -> None:
    one = day(row("310", "140", "60"), row("140", "310", "10"))
    other = day(row("310", "140", "20"), row("310", "140", "30"))
    changed = day(row("310", "140", "51"))
    assert one.content_hash() == other.content_hash() != changed.content_hash()


def test_a_day_becomes_a_journal_without_a_party(mappings: Mappings) -> None:
    journal = translated(mappings, day(row("310", "140", "60"), row("310", "141", "1"))).journal
    assert journal is not None
    assert (journal.document_no, journal.external_document_no) == ("C7V-COST-2026-11-20", "COST-2026-11-20")
    assert journal.posting_date == DAY
    assert [(line.account_no, line.amount) for line in journal.lines] == [("2120", -61), ("7120", 61)]
    assert {line.account_type for line in journal.lines} == {AccountType.GL}
    assert [str(rule) for rule in journal.lines[1].rules] == ["accounts.yaml:12"]
    assert journal.lines[1].sources == ("line 2 (310 against 140)", "line 4 (310 against 141)")


def test_a_day_that_nav_is_closed_for_is_posted_on_the_first_open_one(mappings: Mappings) -> None:
    document, december = day(row("310", "140", "60")), dt.date(2026, 12, 1)
    journal = translate_cost(document, mappings, document_no="C7V-1", open_date=december).journal
    assert journal is not None
    assert journal.posting_date == december
    assert {line.description for line in journal.lines} == {"Inventory movements of 2026-11-20 in Cin7"}


def test_a_later_revision_gets_numbers_of_its_own(mappings: Mappings) -> None:
    document = day(row("310", "140", "60"))
    number = document_no(Kind.COST_JOURNAL, document.number, document.key, mappings, 2)
    journal = translate_cost(document, mappings, document_no=number, revision=2).journal
    assert journal is not None
    assert journal.document_no.startswith("C7V-COST-2026-")
    assert len(journal.document_no) <= 20
    assert journal.external_document_no == "COST-2026-11-20 /3"


def test_accounts_without_a_rule_are_named_once(mappings: Mappings) -> None:
    document = day(row("999", "140", "5", "Journal"), row("999", "141", "5", "Journal"))
    (problem,) = translated(mappings, document).problems
    assert problem.code == "account_unmapped"
    assert problem.message == (
        'Cin7 account "999" has no NAV account on a cost journal: no rule in accounts.yaml matches'
    )
    assert problem.where == "COST-2026-11-20, Cin7 account 999"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (day(), "nothing moved inventory value on that day"),
        (day(row("140", "141", "9", "Journal")), "its movements fall on one NAV account"),
    ],
)
def test_a_day_without_effect_is_skipped(mappings: Mappings, document: SourceDocument, why: str) -> None:
    assert (translated(mappings, document).skipped or "").startswith(why)


def test_dimensions_come_from_the_rules_that_match_a_cost_journal(tmp_path: Path) -> None:
    more = "  CHANNEL:\n    - when: { kind: cost_journal, cin7_account: '310' }\n      value: TRADE\n"
    files = {
        "company.yaml": COMPANY,
        "accounts.yaml": RULES,
        "dimensions.yaml": builders.DIMENSIONS + more,
    }
    journal = translated(builders.mappings(tmp_path, files), day(row("310", "140", "60"))).journal
    assert journal is not None
    assert [line.dimensions for line in journal.lines] == [(), (("CHANNEL", "TRADE"),)]


def test_a_row_without_amount_account_or_date_is_refused() -> None:
    whole = {
        "DebitAccountCode": "310",
        "CreditAccountCode": 140,
        "Amount": Decimal("1.5"),
        "EffectiveDate": "2026-11-20T00:00:00Z",
        "Type": "Sale",
    }
    assert ledger_row(whole) == row("310", "140", "1.5")
    for name in ("DebitAccountCode", "CreditAccountCode", "Amount", "EffectiveDate", "Type"):
        with pytest.raises(ValueError, match="expected"):
            ledger_row({**whole, name: None})


codes = st.sampled_from(["140", "141", "310", "429", "800", "610", "425"])
ledgers = st.lists(
    st.builds(
        row,
        codes,
        codes,
        st.integers(-10_000, 10_000).map(lambda cents: str(Decimal(cents).scaleb(-2))),
        st.sampled_from(["Sale", "Purchase", "Journal", "StockAdjustment"]),
    ),
    max_size=30,
)


@given(ledgers)
def test_any_day_balances_and_its_inventory_changes_as_cin7_says(rows: list[LedgerRow]) -> None:
    document = day(*rows)
    inventory: dict[str, Decimal] = {}
    for each in filter(lambda one: moves_value(one, ACCOUNTS), rows):
        for account, amount in ((each.debit, each.amount), (each.credit, -each.amount)):
            inventory[account] = inventory.get(account, Decimal(0)) + amount
    found: dict[str, Decimal] = dict.fromkeys(inventory, Decimal(0))
    for line in document.lines:
        found[line.account] += line.total
    assert found == inventory
    assert sum(line.total for line in document.lines) == 0
    assert day(*reversed(rows)).content_hash() == document.content_hash()
