"""What counts as the same document keyed into NAV by hand, and what a person is told of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.model import AccountType, DocumentKey, Fixer, Journal, JournalLine, Kind
from cin7_nav.rules.numbers import external_document_no
from cin7_nav.rules.twins import NavDocument, NavLines, is_alive, twin_key, twin_keys, twin_problem
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import DAY, document, gl

PARTY_OF = {
    Kind.SALE_INVOICE: (AccountType.CUSTOMER, "C00010"),
    Kind.SALE_CREDIT_NOTE: (AccountType.CUSTOMER, "C00010"),
    Kind.PURCHASE_INVOICE: (AccountType.VENDOR, "V00010"),
    Kind.PURCHASE_CREDIT_NOTE: (AccountType.VENDOR, "V00010"),
}


def pair(number: str, kind: Kind = Kind.PURCHASE_INVOICE, **suffix: int) -> tuple[Any, Journal]:
    """A document and the journal that it became."""
    party = JournalLine(*PARTY_OF[kind], Decimal("-120.00"), "total")
    journal = Journal(
        "C7P-1", external_document_no(number, kind, **suffix), DAY, (party, gl("8310", "120.00"))
    )
    return replace(document(number), key=DocumentKey(kind, "order", "task")), journal


def is_twin(keyed: str, number: str, kind: Kind = Kind.PURCHASE_INVOICE, **suffix: int) -> bool:
    return twin_key(PARTY_OF[kind][1], keyed) in twin_keys(*pair(number, kind, **suffix))


@pytest.mark.parametrize(
    ("keyed", "number", "kind", "suffix"),
    [
        ("INV-9", "INV-9", Kind.PURCHASE_INVOICE, {}),
        ("inv-9", "INV-9", Kind.PURCHASE_INVOICE, {}),
        ("INV 9", " inv   9 ", Kind.PURCHASE_INVOICE, {}),
        ("INV-9", "INV-9", Kind.PURCHASE_INVOICE, {"revision": 1}),
        ("INV-9 /2", "INV-9", Kind.PURCHASE_INVOICE, {"revision": 1}),
        ("CN-4", "CN-4", Kind.PURCHASE_CREDIT_NOTE, {}),
        ("CN-4 CN", "CN-4", Kind.PURCHASE_CREDIT_NOTE, {}),
        ("INV-9", "INV-9", Kind.SALE_INVOICE, {}),
        ("X" * 35, "X" * 60, Kind.PURCHASE_INVOICE, {}),
        ("A R1", "A R1", Kind.PURCHASE_INVOICE, {}),
    ],
)
def test_the_same_number_is_recognised(keyed: str, number: str, kind: Kind, suffix: dict[str, int]) -> None:
    assert is_twin(keyed, number, kind, **suffix)


@pytest.mark.parametrize(("keyed", "number"), [("INV-90", "INV-9"), ("INV9", "INV-9"), ("", "INV-9")])
def test_another_number_is_not(keyed: str, number: str) -> None:
    assert not is_twin(keyed, number)


def test_another_partys_document_of_that_number_is_not() -> None:
    assert twin_key("V00020", "INV-9") not in twin_keys(*pair("INV-9"))


def test_a_reversal_waits_for_no_twin() -> None:
    assert twin_keys(*pair("INV-9", reversal=1)) == frozenset()


def test_a_document_without_party_has_none() -> None:
    cost = replace(document("COST-2026-11-20"), key=DocumentKey(Kind.COST_JOURNAL, "day", "day"))
    journal = Journal("C7K-1", "COST-2026-11-20", DAY, (gl("7110", "5.00"), gl("2110", "-5.00")))
    assert twin_keys(cost, journal) == frozenset()


@pytest.mark.parametrize(
    ("status", "alive"),
    [
        ("Draft", True),
        ("In Review", True),
        ("Open", True),
        ("Paid", True),
        ("Canceled", False),
        ("Corrective", False),
    ],
)
def test_what_was_taken_back_is_no_twin(status: str, alive: bool) -> None:
    assert is_alive(status) is alive


words = st.lists(st.text("abcXYZ019-/&", min_size=1, max_size=8), min_size=1, max_size=4)


@given(words, st.sampled_from(sorted(PARTY_OF)))
def test_case_and_spacing_do_not_matter(number: list[str], kind: Kind) -> None:
    assert is_twin("  ".join(number).swapcase(), " ".join(number), kind)


def test_a_person_sees_both_numbers_dates_and_amounts() -> None:
    twin = NavDocument(
        "id-1",
        Kind.PURCHASE_INVOICE,
        "10800001",
        "V00010",
        "INV-9",
        dt.date(2026, 11, 18),
        Decimal("96.00"),
        "Open",
    )
    problem = twin_problem(twin, pair("INV-9")[1])
    assert (problem.code, problem.where) == ("twin_in_nav", "NAV purchase invoice 10800001")
    assert problem.fixer is Fixer.ACCOUNTANT
    assert problem.message == (
        "NAV purchase invoice 10800001 (Open) of vendor V00010 has the number INV-9, dated 2026-11-18, over "
        "96.00, while Cin7's, dated 2026-11-20, over 120.00, is to be C7P-1: somebody keyed it in; "
        "answer whether it is the same"
    )


def test_a_person_sees_where_lines_lie() -> None:
    problem = twin_problem(NavLines("CIN7", "STRAY", "C7P-1", DAY, 3, Decimal("120.00")), pair("INV-9")[1])
    assert (problem.code, problem.where) == ("twin_in_nav", "NAV batch STRAY of template CIN7")
    assert "3 journal lines of C7P-1, dated 2026-11-20, debit 120.00" in problem.message
