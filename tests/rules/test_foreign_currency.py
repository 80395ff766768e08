"""A document in its own currency beside the ledger's: both are in balance, whatever was rounded."""

from __future__ import annotations

from decimal import Decimal

from cin7_nav.model import AccountType, JournalLine
from cin7_nav.rules.amounts import cents
from cin7_nav.rules.currency import in_foreign_currency
from hypothesis import given
from hypothesis import strategies as st

AMOUNTS = st.decimals("-5000", "5000", places=2).filter(bool)
RATES = st.decimals("0.0005", "2000", places=4).filter(bool)


def journal(amounts: list[Decimal], rate: Decimal) -> tuple[list[JournalLine], list[Decimal]]:
    """Lines in local currency, what rounding left on a line of its own at the end, and their amounts."""
    total = -sum(amounts, Decimal(0))
    local = [cents(total * rate), *(cents(amount * rate) for amount in amounts)]
    local.append(-sum(local, Decimal(0)))
    kinds = [AccountType.CUSTOMER, *[AccountType.GL] * (len(local) - 1)]
    lines = [
        JournalLine(kind, str(at), amount, "")
        for at, (kind, amount) in enumerate(zip(kinds, local, strict=True))
    ]
    return lines, [total, *amounts, Decimal(0)]


@given(st.lists(AMOUNTS, min_size=1, max_size=12), RATES)
def test_both_currencies_balance_and_signs_agree(amounts: list[Decimal], rate: Decimal) -> None:
    lines, foreign = journal(amounts, rate)
    found = in_foreign_currency(lines, foreign[0], foreign[1:])
    assert [line.amount for line in found] == [line.amount for line in lines]
    assert found[0].foreign_amount == foreign[0]
    in_it = [line for line in found[1:] if line.foreign_amount]
    if in_it:
        assert sum(line.foreign_amount for line in found) == 0
    largest = max(in_it, key=lambda line: abs(line.foreign_amount), default=None)
    assert all(line.foreign_amount * line.amount > 0 for line in in_it if line is not largest)


def test_what_is_nothing_in_local_currency_goes_to_the_largest_line() -> None:
    lines = [
        JournalLine(AccountType.CUSTOMER, "C", Decimal("1.00"), ""),
        JournalLine(AccountType.GL, "1", Decimal("-1.00"), ""),
        JournalLine(AccountType.GL, "2", Decimal("0.00"), ""),
    ]
    found = in_foreign_currency(lines, Decimal("100.20"), [Decimal("-100.00"), Decimal("-0.20")])
    assert [line.foreign_amount for line in found] == [Decimal("100.20"), Decimal("-100.20"), 0]
