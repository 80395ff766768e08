"""Tax on lines of its own, shared out among accounts, and tax that NAV splits off by itself."""

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cin7_nav.mappings import Mappings
from cin7_nav.model import Fixer, Kind, SourceDocument, Translation
from cin7_nav.rules.amounts import cents
from cin7_nav.rules.tax import nav_tax, split
from cin7_nav.rules.translate import translate
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders
from tests.builders import COMPANY, PARTY, charge, document, line

LEVIED = """\
rules:
  - when: { tax_rule: VAT }
    account: "5650"
  - when: { tax_rule: VAT and levy }
    components:
      - { account: "5650", percent: 20 }
      - { account: "5651", percent: 3 }
  - when: { tax_rule: Compound }
    components:
      - { account: "5650", percent: 10 }
      - { account: "5651", percent: 5, compound: true }
"""
NAV_COMPANY = COMPANY.replace("tax_mode: explicit", "tax_mode: nav")
NAV_TAX = """\
rules:
  - when: { tax_rule: VAT }
    vat_code: STANDARD
    percent: 20
  - when: { tax_rule: Low }
    vat_code: REDUCED
    percent: 5
  - when: { tax_rule: ["Zero", ""] }
    vat_code: ZERO
    percent: 0
  - when: { tax_rule: Exempt }
    vat_code: EXEMPT
    percent: 0
"""

with tempfile.TemporaryDirectory() as directory:
    LEVY = builders.mappings(Path(directory), {"tax.yaml": LEVIED})
with tempfile.TemporaryDirectory() as directory:
    NAV = builders.mappings(Path(directory), {"company.yaml": NAV_COMPANY, "tax.yaml": NAV_TAX})


def run(source: SourceDocument, mappings: Mappings) -> Translation:
    return translate(source, mappings, PARTY, document_no="C7S-1")


def lines(source: SourceDocument, mappings: Mappings) -> list[tuple[Any, ...]]:
    found = run(source, mappings)
    assert found.journal is not None, found
    assert found.journal.balance == 0
    return [
        (each.account_no, str(each.amount), *((each.tax_code, str(each.predicted_tax)) * bool(each.tax_code)))
        for each in found.journal.lines
    ]


# --- explicit ---


def test_a_tax_of_several_components_is_split_in_proportion() -> None:
    found = lines(document(line("100", "23", tax_rule="VAT and levy")), LEVY)
    assert found == [("C00010", "123.00"), ("5650", "-20.00"), ("5651", "-3.00"), ("6110", "-100.00")]


def test_a_compound_component_is_charged_on_the_taxes_before_it() -> None:
    found = lines(document(line("100", "15.50", tax_rule="Compound")), LEVY)
    assert found == [("C00010", "115.50"), ("5650", "-10.00"), ("5651", "-5.50"), ("6110", "-100.00")]


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("23", ["20", "3"], ["20", "3"]),
        ("0.01", ["20", "3"], ["0.01", "0"]),
        ("-0.01", ["3", "20"], ["0", "-0.01"]),
        ("0.10", ["1", "1", "1"], ["0.04", "0.03", "0.03"]),
        ("-0.10", ["1", "1", "1"], ["-0.04", "-0.03", "-0.03"]),
        ("0.0005", ["1", "1"], ["0.0003", "0.0002"]),
        ("5", ["0", "7"], ["0", "5"]),
        ("0", ["1", "1"], ["0", "0"]),
    ],
)
def test_cents_go_to_the_largest_remainder(amount: str, weights: list[str], parts: list[str]) -> None:
    assert split(Decimal(amount), [*map(Decimal, weights)]) == [*map(Decimal, parts)]


@given(
    st.decimals("-100000", "100000", places=4, allow_nan=False),
    st.lists(st.decimals("0", "100", places=3, allow_nan=False), min_size=1, max_size=5).filter(any),
)
def test_the_parts_of_a_tax_add_up_to_it_exactly(amount: Decimal, weights: list[Decimal]) -> None:
    parts = split(amount, weights)
    assert sum(parts, Decimal(0)) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / sum(weights, Decimal(0))) < Decimal("0.01")


@pytest.mark.parametrize("inclusive", [True, False])
def test_zero_rated_lines_leave_no_tax_line(inclusive: bool) -> None:
    source = document(line("100", "0", tax_rule="VAT and levy"), tax_inclusive=inclusive)
    assert lines(source, LEVY) == [("C00010", "100.00"), ("6110", "-100.00")]


def test_with_total_calculation_the_lines_differ_from_the_documents_tax_by_cents() -> None:
    rows = [line("0.99", "0.1980", index, account="200") for index in range(1, 4)]
    source = document(*rows, tax=Decimal("0.59"), total=Decimal("3.56"))
    assert lines(source, LEVY) == [("C00010", "3.56"), ("5650", "-0.59"), ("6110", "-2.97")]
    rounded = [line("0.99", "0.20", index) for index in range(1, 4)]
    source = document(*rounded, tax=Decimal("0.59"), total=Decimal("3.56"))
    assert lines(source, LEVY) == [
        ("C00010", "3.56"),
        ("5650", "-0.60"),
        ("6110", "-2.97"),
        ("9140", "0.01"),
    ]


# --- left to NAV ---


def test_with_nav_tax_lines_are_gross_and_carry_the_vat_code() -> None:
    source = document(line("100", "20"), line("50", "2.50", 2, tax_rule="Low"), charge("10", "2", 3))
    assert lines(source, NAV) == [
        ("C00010", "184.50"),
        ("6110", "-52.50", "REDUCED", "-2.50"),
        ("6110", "-120.00", "STANDARD", "-20.00"),
        ("6810", "-12.00", "STANDARD", "-2.00"),
    ]


def test_vat_codes_of_one_rate_stay_apart() -> None:
    source = document(line("10", tax_rule="Zero"), line("5", "0", 2, tax_rule="Exempt"))
    assert lines(source, NAV) == [
        ("C00010", "15.00"),
        ("6110", "-5.00", "EXEMPT", "0.00"),
        ("6110", "-10.00", "ZERO", "0.00"),
    ]


def test_gross_is_the_line_itself_where_prices_include_tax() -> None:
    source = document(line("120", "20"), tax_inclusive=True, kind=Kind.SALE_CREDIT_NOTE)
    assert lines(source, NAV) == [("C00010", "-120.00"), ("6110", "120.00", "STANDARD", "20.00")]


def test_every_line_needs_a_code_lest_the_account_bring_its_own() -> None:
    source = document(line("10", tax_rule="Reverse charge"))
    (problem,) = run(source, NAV).problems
    assert problem.code == "tax_rule_unmapped"
    assert problem.message == (
        'tax rule "Reverse charge" has no NAV VAT code on a sale invoice: no rule in tax.yaml matches'
    )
    assert lines(document(line("10", tax_rule="")), NAV)[1] == ("6110", "-10.00", "ZERO", "0.00")


def test_navs_own_rounding_within_the_tolerance_is_its_own_affair() -> None:
    # Cin7 rounds each line up to 0.01, NAV computes on their sum.
    rows = [line("0.03", "0.01", index) for index in range(1, 5)]
    assert lines(document(*rows), NAV) == [("C00010", "0.16"), ("6110", "-0.16", "STANDARD", "-0.03")]


@pytest.mark.parametrize("kind", [Kind.SALE_INVOICE, Kind.PURCHASE_CREDIT_NOTE])
def test_a_tax_that_nav_would_compute_otherwise_stops_the_document(kind: Kind) -> None:
    account = "200" if kind.is_sale else "453"
    source = document(line("100", "17.50", account=account), kind=kind)
    (problem,) = run(source, NAV).problems
    assert (problem.code, problem.fixer) == ("tax_not_predicted", Fixer.ACCOUNTANT)
    assert problem.message.startswith("NAV would split off 19.58 of tax, Cin7 has 17.50")


def test_tax_in_foreign_currency_is_foretold_in_local_currency() -> None:
    source = document(line("100", "20"), currency="EUR", rate=Decimal("0.85431"))
    assert lines(source, NAV) == [("C00010", "102.52"), ("6110", "-102.52", "STANDARD", "-17.09")]


@pytest.mark.parametrize(
    ("amount", "percent", "tax"),
    [("120", "20", "20.00"), ("-0.03", "20", "-0.01"), ("10", "0", "0.00"), ("1.07", "7", "0.07")],
)
def test_nav_takes_the_tax_out_of_the_gross_amount(amount: str, percent: str, tax: str) -> None:
    assert str(nav_tax(Decimal(amount), Decimal(percent))) == tax


@given(
    st.lists(
        st.tuples(st.integers(10, 500000), st.sampled_from([("VAT", 20), ("Low", 5), ("Zero", 0)])),
        min_size=1,
        max_size=8,
    ),
    st.decimals("0.1", "3", places=5, allow_nan=False),
)
@settings(max_examples=60, deadline=None)
def test_left_to_nav_the_party_still_owes_what_cin7_says(
    rows: list[tuple[int, tuple[str, int]]], rate: Decimal
) -> None:
    rows_of = [
        line(str(Decimal(net) / 100), str(cents(Decimal(net * percent) / 10000)), index, tax_rule=rule)
        for index, (net, (rule, percent)) in enumerate(rows, start=1)
    ]
    source = document(*rows_of, currency="EUR", rate=rate)
    found = run(source, NAV)
    if found.journal is None:
        assert [problem.code for problem in found.problems] == ["tax_not_predicted"]
        return
    assert found.journal.balance == 0
    assert found.journal.lines[0].amount == cents(source.total * rate)
    predicted = sum((each.predicted_tax for each in found.journal.lines), Decimal(0))
    assert abs(predicted + source.tax * rate) <= Decimal("0.05")
