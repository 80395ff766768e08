"""What is told of lines that somebody changed in a journal batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.rules.staged_lines import differences
from hypothesis import given
from hypothesis import strategies as st

Lines = list[JournalLine]


def line(account: str, amount: str, kind: AccountType = AccountType.GL, **dimensions: str) -> JournalLine:
    return JournalLine(kind, account, Decimal(amount), "as sent", tuple(sorted(dimensions.items())))


LINES = (
    line("C00010", "120.00", AccountType.CUSTOMER),
    line("6110", "-60.00", CHANNEL="WEB"),
    line("6110", "-40.00", CHANNEL="SHOP"),
    line("5610", "-20.00"),
)
JOURNAL = Journal("SI-1", "INV-1", dt.date(2026, 11, 2), LINES)


def added(lines: Lines) -> Lines:
    return [*lines, line("8310", "5.00")]


def dearer(lines: Lines) -> Lines:
    return [lines[0], replace(lines[1], amount=Decimal("-61.00")), *lines[2:]]


def elsewhere(lines: Lines) -> Lines:
    return [*lines[:3], replace(lines[3], account_no="5620")]


def without_dimension(lines: Lines) -> Lines:
    return [lines[0], replace(lines[1], dimensions=()), *lines[2:]]


def swapped_dimensions(lines: Lines) -> Lines:
    one, other = lines[1].dimensions, lines[2].dimensions
    return [lines[0], replace(lines[1], dimensions=other), replace(lines[2], dimensions=one), lines[3]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (list, []),
        (lambda lines: lines[::-1], []),
        (lambda lines: [replace(one, description="other words") for one in lines], []),
        (lambda lines: [replace(one, dimensions=(*one.dimensions, ("REGION", "N"))) for one in lines], []),
        (added, ["a line of 5.00 on G/L Account 8310 was added"]),
        (lambda lines: lines[:3], ["the line of -20.00 on G/L Account 5610 is missing"]),
        (dearer, ["-61.00 instead of -60.00 on G/L Account 6110"]),
        (
            elsewhere,
            [
                "the line of -20.00 on G/L Account 5610 is missing",
                "a line of -20.00 on G/L Account 5620 was added",
            ],
        ),
        (without_dimension, ["CHANNEL blank instead of WEB on G/L Account 6110"]),
        (
            swapped_dimensions,
            [
                "CHANNEL SHOP instead of WEB on G/L Account 6110",
                "CHANNEL WEB instead of SHOP on G/L Account 6110",
            ],
        ),
    ],
)
def test_what_is_told(change: Callable[[Lines], Lines], told: list[str]) -> None:
    assert differences(JOURNAL, change(list(LINES)), {"SI-1"}) == told


def test_another_document_number_is_told() -> None:
    assert differences(JOURNAL, LINES, {"SI-1", "GJ-7"}) == ["document number GJ-7 instead of SI-1"]


AMOUNTS = st.sampled_from(["10.00", "-10.00", "20.00"])
SOME_LINES = st.lists(
    st.builds(line, st.sampled_from(["6110", "6120"]), AMOUNTS, CHANNEL=st.sampled_from(["WEB", "SHOP"])),
    min_size=1,
    max_size=6,
)


@given(SOME_LINES, st.randoms(use_true_random=False))
def test_an_order_is_no_difference(lines: Lines, random: object) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert not differences(replace(JOURNAL, lines=tuple(lines)), shuffled, {"SI-1"})


@given(SOME_LINES, SOME_LINES)
def test_nothing_is_told_of_equal_lines_only(ours: Lines, theirs: Lines) -> None:
    def counted(lines: Lines) -> list[tuple[object, ...]]:
        return sorted((one.account_no, one.amount, one.dimensions) for one in lines)

    told = differences(replace(JOURNAL, lines=tuple(ours)), theirs, {"SI-1"})
    assert (not told) == (counted(ours) == counted(theirs))
