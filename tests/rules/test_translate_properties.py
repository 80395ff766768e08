"""What holds for every invoice that translates, whatever is on it."""

import dataclasses
import random
import tempfile
from decimal import Decimal
from pathlib import Path

from cin7_nav.model import Kind, SourceDocument
from cin7_nav.rules.amounts import CENT, cents, gross
from cin7_nav.rules.translate import translate
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests import builders
from tests.builders import PARTY, charge, document, line

with tempfile.TemporaryDirectory() as directory:
    MAPPINGS = builders.mappings(Path(directory))

AMOUNTS = st.decimals("-500", "5000", places=4, allow_nan=False, allow_infinity=False)


@st.composite
def documents(draw: st.DrawFn) -> SourceDocument:
    kind = draw(st.sampled_from([kind for kind in Kind if kind.is_sale or kind.is_purchase]))
    accounts = st.sampled_from(["200", "220", "225"] if kind.is_sale else ["140", "453"])
    lines = []
    for index in range(1, draw(st.integers(1, 12)) + 1):
        total = draw(AMOUNTS)
        tax = (total * draw(st.sampled_from([Decimal(0), Decimal("0.05"), Decimal("0.2")]))).quantize(
            Decimal("0.0001")
        )
        make = draw(st.sampled_from([line, charge]))
        account = draw(accounts)
        each = make(str(total), str(tax), index, account=account)
        lines.append(each)
    source = document(
        *lines,
        kind=kind,
        tax_inclusive=draw(st.booleans()),
        location=draw(st.sampled_from(["London", "Glasgow", ""])),
    )
    drift = draw(st.sampled_from(["0", "0.01", "-0.02"]))
    return document(
        *lines,
        kind=kind,
        tax_inclusive=source.tax_inclusive,
        location=source.location,
        total=source.total + Decimal(drift),
        total_before_tax=source.total_before_tax + Decimal(drift),
    )


@given(documents())
@settings(max_examples=60, deadline=None)
def test_it_balances_and_the_party_line_is_cin7s_total(source: SourceDocument) -> None:
    journal = translate(source, MAPPINGS, PARTY, document_no="C7S-1").journal
    assume(journal is not None)
    assert journal is not None
    assert journal.balance == 0
    party, *rest = journal.lines
    debited = source.key.kind in (Kind.SALE_INVOICE, Kind.PURCHASE_CREDIT_NOTE)
    assert party.amount == (cents(source.total) if debited else -cents(source.total))
    assert all(each.amount and each.amount == cents(each.amount) for each in journal.lines)
    assert len({(each.account_no, each.dimensions) for each in rest}) == len(rest)
    assert all(
        -Decimal("0.05") <= each.amount <= Decimal("0.05") for each in rest if each.account_no == "9140"
    )


@given(documents(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_lines_does_not_matter_and_nothing_varies(
    source: SourceDocument, rnd: random.Random
) -> None:
    shuffled = list(source.lines)
    rnd.shuffle(shuffled)
    turned = document(
        *shuffled,
        kind=source.key.kind,
        tax_inclusive=source.tax_inclusive,
        location=source.location,
        total=source.total,
        total_before_tax=source.total_before_tax,
    )
    first = translate(source, MAPPINGS, PARTY, document_no="C7S-1")
    assert translate(source, MAPPINGS, PARTY, document_no="C7S-1") == first
    assert translate(turned, MAPPINGS, PARTY, document_no="C7S-1").journal == first.journal


@given(documents())
@settings(max_examples=30, deadline=None)
def test_the_outcome_is_one_of_three(source: SourceDocument) -> None:
    result = translate(source, MAPPINGS, PARTY, document_no="C7S-1")
    assert sum(map(bool, (result.journal, result.skipped, result.problems))) == 1


RATES = st.one_of(
    st.decimals("0.00001", "2", places=5, allow_nan=False),
    st.decimals("2", "20000", places=2, allow_nan=False),
)


@given(documents(), RATES)
@settings(max_examples=60, deadline=None)
def test_in_foreign_currency_it_balances_and_rounding_is_bounded(
    source: SourceDocument, rate: Decimal
) -> None:
    foreign = dataclasses.replace(source, currency="EUR", rate=rate)
    journal = translate(foreign, MAPPINGS, PARTY, document_no="C7S-1").journal
    at_home = translate(source, MAPPINGS, PARTY, document_no="C7S-1").journal
    assume(cents(source.total * rate))
    assert (journal is None) == (at_home is None)
    assume(journal is not None and at_home is not None)
    assert journal is not None
    assert journal.balance == 0
    party, *rest = journal.lines
    debited = source.key.kind in (Kind.SALE_INVOICE, Kind.PURCHASE_CREDIT_NOTE)
    assert party.amount == cents(source.total * rate) * (1 if debited else -1)
    assert all(each.amount == cents(each.amount) for each in journal.lines)
    rounding = sum((each.amount for each in rest if each.account_no == "9140"), Decimal(0))
    postings = len(source.lines) * 2 + 1
    off_by = source.total_before_tax + source.tax - sum(gross(source, each) for each in source.lines)
    assert abs(rounding) <= abs(off_by) * rate + CENT / 2 * postings
