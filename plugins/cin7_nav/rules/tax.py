"""Tax on a document: shared out among accounts, or left to NAV and foretold."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from cin7_nav.rules.amounts import CENT, cents


def split(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The amount in proportion to the weights, in whole cents (or in its own last decimal, where it has more)
    by largest remainder: the parts add up to it exactly. At least one weight is above zero."""
    unit = min(CENT, Decimal(1).scaleb(int(amount.normalize().as_tuple().exponent)))
    units, whole = abs(amount) / unit, sum(weights, Decimal(0))
    exact = [units * weight / whole for weight in weights]
    parts = [share.to_integral_value(ROUND_FLOOR) for share in exact]
    missing = int(units - sum(parts, Decimal(0)))
    by_remainder = sorted(range(len(weights)), key=lambda at: parts[at] - exact[at])
    for at in by_remainder[:missing]:
        parts[at] += 1
    return [(part * unit).copy_sign(amount) if part else Decimal(0) for part in parts]


def nav_tax(gross: Decimal, percent: Decimal) -> Decimal:
    """The VAT that NAV splits off a journal line's amount, with its sign (Microsoft's AL source)."""
    return cents(gross * percent / (100 + percent)) + 0  # no negative zero
