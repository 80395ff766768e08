"""Levels are compared exactly, and what one side lacks is zero there."""

from decimal import Decimal

import pytest
from cin7_nav.rules.levels import Drift, cause, differing, frame, rows


def test_levels_of_one_item_and_location_are_summed() -> None:
    table = frame([("A", "L", Decimal("1.5")), ("A", "L", Decimal("0.00001")), ("B", "L", Decimal(2))])
    assert table["pieces"].tolist() == [150001, 200000]


def test_what_one_side_lacks_is_zero_there() -> None:
    cin7 = frame([("A", "L", Decimal(1)), ("B", "L", Decimal(2))])
    nav = frame([("B", "L", Decimal(2)), ("C", "L", Decimal("0.1"))])
    assert rows(differing(cin7, nav, Decimal(0))) == [("A", "L", 100000, 0), ("C", "L", 0, 10000)]
    assert rows(differing(cin7, nav, Decimal("0.1"))) == [("A", "L", 100000, 0)]


def test_empty_tables_compare_too() -> None:
    assert rows(differing(frame([]), frame([]), Decimal(0))) == []
    assert rows(differing(frame([]), frame([("A", "L", Decimal(1))]), Decimal(0))) == [("A", "L", 0, 100000)]


def test_a_quantity_finer_than_nav_keeps_is_refused() -> None:
    with pytest.raises(ValueError, match="more than five decimals"):
        frame([("A", "L", Decimal("0.000001"))])


def test_a_difference_is_worth_its_pieces() -> None:
    drift = Drift("A", "L", Decimal(3), Decimal("5.5"), Decimal("1.333"))
    assert (drift.difference, drift.value) == (Decimal("2.5"), Decimal("3.33"))


@pytest.mark.parametrize(
    ("waiting", "moved", "mapped", "explained", "expected"),
    [
        (["ready"], [], False, True, "the location is mapped to none on the other side"),
        (["ready"], [], True, True, "not yet delivered"),
        (["ready", "needs_attention"], [], True, True, "a movement waits for somebody"),
        (["ready"], [], True, False, "not yet delivered, and more"),
        ([], ["to_nav", "to_cin7"], True, False, "moved on both sides since they agreed"),
        ([], ["to_nav"], True, False, "not explained"),
        ([], [], True, False, "moved on one side without a movement that is known here"),
    ],
)
def test_the_likely_cause(
    waiting: list[str], moved: list[str], mapped: bool, explained: bool, expected: str
) -> None:
    assert cause(waiting, moved, mapped=mapped, explained=explained) == expected
