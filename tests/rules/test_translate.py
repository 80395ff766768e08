import dataclasses
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cin7_nav.mappings import Mappings
from cin7_nav.mappings.facts import Facts
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import (
    AccountType,
    Fixer,
    Journal,
    Kind,
    Problem,
    SourceDocument,
    SourceLine,
    SourceStatus,
    Translation,
)
from cin7_nav.rules.currency import base_currency_problems
from cin7_nav.rules.translate import translate

from tests import builders
from tests.builders import ACCOUNTS, COMPANY, PARTY, charge, document, line


@pytest.fixture
def mappings(tmp_path: Path) -> Mappings:
    return builders.mappings(tmp_path)


def run(source: SourceDocument, mappings: Mappings, **changes: Any) -> Translation:
    return translate(source, mappings, PARTY, **{"document_no": "C7S-INV-00202", **changes})


def journal(source: SourceDocument, mappings: Mappings) -> Journal:
    result = run(source, mappings)
    assert result.journal is not None, result
    return result.journal


def amounts(source: SourceDocument, mappings: Mappings) -> list[tuple[str, str]]:
    return [(each.account_no, str(each.amount)) for each in journal(source, mappings).lines]


def codes(source: SourceDocument, mappings: Mappings) -> list[str]:
    result = run(source, mappings)
    assert result.journal is None
    return [problem.code for problem in result.problems]


def test_a_sale_debits_the_customer_and_credits_revenue_and_tax(mappings: Mappings) -> None:
    found = journal(document(line("100", "20"), charge("9.50", "1.90")), mappings)
    assert [(each.account_type, each.account_no, each.amount) for each in found.lines] == [
        (AccountType.CUSTOMER, "C00010", Decimal("131.40")),
        (AccountType.GL, "5650", Decimal("-21.90")),
        (AccountType.GL, "6110", Decimal("-100.00")),
        (AccountType.GL, "6810", Decimal("-9.50")),
    ]
    assert (found.document_no, found.external_document_no) == ("C7S-INV-00202", "INV-00202")
    assert found.posting_date == dt.date(2026, 3, 2)


def test_a_purchase_is_the_mirror_and_stock_goes_to_clearing(mappings: Mappings) -> None:
    source = document(
        line("80", "16", account="140"), charge("20", "4", account="453"), kind=Kind.PURCHASE_INVOICE
    )
    found = journal(source, mappings)
    assert [(each.account_type, each.account_no, each.amount) for each in found.lines] == [
        (AccountType.VENDOR, "C00010", Decimal("-120.00")),
        (AccountType.GL, "5450", Decimal("80.00")),
        (AccountType.GL, "5660", Decimal("20.00")),
        (AccountType.GL, "8410", Decimal("20.00")),
    ]


def test_a_sale_credit_note_credits_the_customer_and_debits_revenue_and_tax(mappings: Mappings) -> None:
    source = document(line("100", "20"), charge("9.50", "1.90"), kind=Kind.SALE_CREDIT_NOTE)
    found = journal(source, mappings)
    assert [(each.account_type, each.account_no, str(each.amount)) for each in found.lines] == [
        (AccountType.CUSTOMER, "C00010", "-131.40"),
        (AccountType.GL, "5650", "21.90"),
        (AccountType.GL, "6110", "100.00"),
        (AccountType.GL, "6810", "9.50"),
    ]
    assert found.external_document_no == "INV-00202 CN"


def test_a_purchase_credit_note_debits_the_vendor_and_returns_stock_through_clearing(
    mappings: Mappings,
) -> None:
    source = document(
        line("80", "16", account="140"), charge("20", "4", account="453"), kind=Kind.PURCHASE_CREDIT_NOTE
    )
    found = journal(source, mappings)
    assert [(each.account_type, each.account_no, str(each.amount)) for each in found.lines] == [
        (AccountType.VENDOR, "C00010", "120.00"),
        (AccountType.GL, "5450", "-80.00"),
        (AccountType.GL, "5660", "-20.00"),
        (AccountType.GL, "8410", "-20.00"),
    ]


@pytest.mark.parametrize(
    ("credits", "expected"),
    [("INV-00202", "CR-1 credits INV-00202 Smith & Sons"), ("", "CR-1 Smith & Sons")],
)
def test_a_credit_note_names_the_invoice_that_it_credits(
    mappings: Mappings, credits: str, expected: str
) -> None:
    source = document(line("10"), kind=Kind.SALE_CREDIT_NOTE, number="CR-1", credits=credits)
    assert {each.description for each in journal(source, mappings).lines} == {expected}


def test_inclusive_lines_are_posted_without_their_tax(mappings: Mappings) -> None:
    source = document(line("120", "20"), tax_inclusive=True)
    assert amounts(source, mappings) == [("C00010", "120.00"), ("5650", "-20.00"), ("6110", "-100.00")]


def test_lines_of_one_account_and_dimension_set_are_summed(mappings: Mappings) -> None:
    source = document(line("10"), line("5", index=2), line("7", index=3, category="Paint"))
    found = journal(source, mappings)
    assert [
        (each.account_no, str(each.amount), each.dimensions, each.sources) for each in found.lines[1:]
    ] == [
        ("6110", "-7.00", (("CATEGORY", "PAINT"), ("REGION", "LONDON")), ("line 3 (HV-0003)",)),
        (
            "6110",
            "-15.00",
            (("CATEGORY", "TOOLS"), ("REGION", "LONDON")),
            ("line 1 (HV-0001)", "line 2 (HV-0002)"),
        ),
    ]


def test_the_party_line_carries_the_documents_dimensions_only(mappings: Mappings) -> None:
    party, tax, goods = journal(document(line("10", "2")), mappings).lines
    assert party.dimensions == tax.dimensions == (("REGION", "LONDON"),)
    assert goods.dimensions == (("CATEGORY", "TOOLS"), ("REGION", "LONDON"))


def test_every_line_names_the_rules_behind_it(mappings: Mappings) -> None:
    party, tax, goods = journal(document(line("10", "2")), mappings).lines
    assert [str(rule) for rule in party.rules] == ["dimensions.yaml:4", "parties.yaml:1"]
    assert [str(rule) for rule in tax.rules] == ["dimensions.yaml:4", "tax.yaml:2"]
    assert [str(rule) for rule in goods.rules] == [
        "accounts.yaml:2",
        "dimensions.yaml:4",
        "dimensions.yaml:7",
    ]


def test_a_discount_charge_is_a_debit_on_its_own_account(mappings: Mappings) -> None:
    source = document(line("100", "20"), charge("-10", "-2", account="225", description="Discount"))
    assert amounts(source, mappings) == [
        ("C00010", "108.00"),
        ("5650", "-18.00"),
        ("6110", "-100.00"),
        ("6910", "10.00"),
    ]


def test_lines_that_come_to_zero_are_dropped(mappings: Mappings) -> None:
    source = document(line("10"), line("-10", index=2), charge("5", index=3))
    assert amounts(source, mappings) == [("C00010", "5.00"), ("6810", "-5.00")]


def test_a_zero_total_is_skipped_for_that_reason(mappings: Mappings) -> None:
    result = run(document(line("10"), charge("-10", account="225")), mappings)
    assert (result.journal, result.problems) == (None, ())
    assert result.skipped == "its total is zero: there is nothing to post"


def test_four_decimals_become_cents_and_the_rest_goes_to_rounding(mappings: Mappings) -> None:
    source = document(line("10.0049", "2.0049"), charge("1.0049", "0.0010"))
    found = journal(source, mappings)
    assert [(each.account_no, str(each.amount)) for each in found.lines] == [
        ("C00010", "13.02"),
        ("5650", "-2.01"),
        ("6110", "-10.00"),
        ("6810", "-1.00"),
        ("9140", "-0.01"),
    ]
    rounding = found.lines[-1]
    assert rounding.sources == ("rounding",)
    assert "company.yaml:10" in map(str, rounding.rules)
    assert rounding.dimensions == (("REGION", "LONDON"),)


def test_a_half_cent_is_rounded_away_from_zero(mappings: Mappings) -> None:
    assert amounts(document(line("10.005")), mappings) == [("C00010", "10.01"), ("6110", "-10.01")]


def test_a_document_tax_that_differs_by_cents_goes_to_rounding(mappings: Mappings) -> None:
    source = document(
        line("10.10", "2.02"), charge("10.10", "2.02"), tax=Decimal("4.05"), total=Decimal("24.25")
    )
    assert amounts(source, mappings)[-1] == ("9140", "-0.01")


@pytest.mark.parametrize(("difference", "fits"), [("0.05", True), ("-0.05", True), ("0.06", False)])
def test_the_tolerance_is_the_limit(mappings: Mappings, difference: str, fits: bool) -> None:
    total = Decimal(100) + Decimal(difference)
    source = document(line("100"), total=total, total_before_tax=total)
    if fits:
        assert amounts(source, mappings)[-1] == ("9140", str(-Decimal(difference)))
    else:
        assert codes(source, mappings) == ["total_contradicts_lines"]


def test_each_contradiction_says_what_differs(mappings: Mappings) -> None:
    source = document(line("100", "20"), total=Decimal(130), tax=Decimal(25))
    messages = [problem.message for problem in run(source, mappings).problems]
    assert messages == [
        "the total of 130 contradicts net and tax, which come to 125",
        "the tax of 25 contradicts the lines' taxes, which come to 20",
        "the total of 130 contradicts the lines, which come to 120",
    ]


def test_many_small_roundings_beyond_the_tolerance_stop_the_invoice(tmp_path: Path) -> None:
    mappings = builders.mappings(tmp_path, {"company.yaml": COMPANY.replace("0.05", "0")})
    assert codes(document(line("10.004"), charge("10.004")), mappings) == ["rounding_beyond_tolerance"]


def test_a_document_without_lines_is_a_problem(mappings: Mappings) -> None:
    assert codes(document(), mappings) == ["no_lines"]
    assert "no_lines" in codes(document(total=Decimal(10), total_before_tax=Decimal(10)), mappings)


def test_all_problems_come_at_once_each_with_its_place(mappings: Mappings) -> None:
    source = document(
        line("10", account="499"),
        line("10", "0.30", index=2, tax_rule="Levy 3%"),
        line("10", index=3, account="499"),
        location="Leeds",
    )
    missing = Problem("party_unresolved", "nobody", "parties.yaml", Fixer.MAPPING_EDITOR)
    result = translate(source, mappings, missing, document_no="C7S-1")
    assert [(problem.code, problem.where) for problem in result.problems] == [
        ("party_unresolved", "parties.yaml"),
        ("dimension_unmapped", "INV-00202, line 1 (HV-0001), line 2 (HV-0002), line 3 (HV-0003)"),
        ("account_unmapped", "line 1 (HV-0001), line 3 (HV-0003)"),
        ("tax_rule_unmapped", "line 2 (HV-0002)"),
    ]
    assert result.problems[3].message == (
        'tax rule "Levy 3%" has no NAV account on a sale invoice: no rule in tax.yaml matches'
    )


def test_an_unknown_tax_rule_stops_even_untaxed_lines(mappings: Mappings) -> None:
    assert codes(document(line("10", tax_rule="Reverse charge")), mappings) == ["tax_rule_unmapped"]
    assert amounts(document(line("10", tax_rule="")), mappings)


def test_a_foreign_document_is_posted_in_local_currency_at_its_own_rate(mappings: Mappings) -> None:
    source = document(
        line("1000", "200"),
        charge("28.75", "5.75"),
        currency="EUR",
        rate=Decimal("0.85431"),
        party_name="Abbey & Sons",
        number="INV-1",
    )
    assert amounts(source, mappings) == [
        ("C00010", "1054.65"),
        ("5650", "-175.77"),
        ("6110", "-854.31"),
        ("6810", "-24.56"),
        ("9140", "-0.01"),
    ]
    (text,) = {each.description for each in journal(source, mappings).lines}
    assert text == "INV-1 Abbey & Sons EUR 1,234.50 at 0.85431"


def test_amount_and_rate_stay_in_the_description_however_long_the_name(mappings: Mappings) -> None:
    source = document(line("1234.5"), currency="EUR", rate=Decimal("0.854310"), party_name="Ä" * 300)
    (text,) = {each.description for each in journal(source, mappings).lines}
    assert text == "INV-00202 " + "Ä" * 66 + " EUR 1,234.50 at 0.85431"
    assert len(text) == 100


def test_the_tolerance_is_measured_in_document_currency(mappings: Mappings) -> None:
    off = {"total": Decimal("100.05"), "total_before_tax": Decimal("100.05")}
    strong = document(line("100"), currency="KWD", rate=Decimal(3), **off)
    assert amounts(strong, mappings) == [("C00010", "300.15"), ("6110", "-300.00"), ("9140", "-0.15")]
    too_much = {"total": Decimal("100.06"), "total_before_tax": Decimal("100.06")}
    weak = document(line("100"), currency="INR", rate=Decimal("0.01"), **too_much)
    assert codes(weak, mappings) == ["total_contradicts_lines"]


def test_a_total_that_is_nothing_in_local_currency_is_skipped(mappings: Mappings) -> None:
    source = document(line("0.40"), currency="VND", rate=Decimal("0.00003"))
    assert run(source, mappings).skipped == "its total comes to zero in GBP: nothing to post"


@pytest.mark.parametrize("rate", ["0", "-0.85"])
def test_without_a_rate_a_foreign_document_waits(mappings: Mappings, rate: str) -> None:
    (problem,) = run(document(line("10"), currency="EUR", rate=Decimal(rate)), mappings).problems
    assert (problem.code, problem.fixer) == ("rate_missing", Fixer.ACCOUNTANT)
    assert "no rate of EUR to GBP" in problem.message


def test_both_systems_keep_their_books_in_one_currency() -> None:
    source = document(line("10"), currency="EUR", base_currency="GBP", rate=Decimal("0.85"))
    assert not list(base_currency_problems(source, "GBP"))
    assert not list(base_currency_problems(source, ""))
    (problem,) = base_currency_problems(source, "EUR")
    assert (problem.code, problem.fixer) == ("base_currency", Fixer.NAV_ADMINISTRATOR)


def test_documents_before_go_live_stay_out(mappings: Mappings) -> None:
    early = document(line("10", account="499"), date=dt.date(2025, 12, 31))
    assert run(early, mappings).skipped == "dated 2025-12-31, before go-live on 2026-01-01 (company.yaml:2)"
    assert run(document(line("10"), date=dt.date(2026, 1, 1)), mappings).journal


@pytest.mark.parametrize("status", [SourceStatus.DRAFT, SourceStatus.VOIDED])
def test_what_is_not_authorised_is_not_posted(mappings: Mappings, status: SourceStatus) -> None:
    assert run(document(line("10"), status=status), mappings).skipped == f"its status in Cin7 is {status}"
    assert run(document(line("10"), status=SourceStatus.PAID), mappings).journal


def test_an_invoice_without_a_number_waits_for_one(mappings: Mappings) -> None:
    assert codes(document(line("10"), number=""), mappings) == ["number_missing"]


def test_a_product_of_unknown_category_waits_where_a_rule_asks_for_it(
    mappings: Mappings, tmp_path: Path
) -> None:
    source = document(line("10", category=None))
    assert codes(source, mappings) == ["category_unknown"]
    unasked = builders.mappings(tmp_path, {"dimensions.yaml": "dimensions: {}\n"})
    assert amounts(source, unasked) == [("C00010", "10.00"), ("6110", "-10.00")]


def test_the_description_is_number_and_name_cut_to_size(mappings: Mappings) -> None:
    found = journal(document(line("10"), party_name="Ä" * 120), mappings)
    assert {each.description for each in found.lines} == {"INV-00202 " + "Ä" * 90}


def test_a_later_posting_carries_another_external_number(mappings: Mappings) -> None:
    result = run(document(line("10")), mappings, revision=1)
    assert result.journal is not None
    assert result.journal.external_document_no == "INV-00202 /2"


def test_renumbering_lines_changes_no_amount(mappings: Mappings) -> None:
    lines = (line("10", "2"), line("20", "4", index=2), charge("5", "1", index=3))
    turned: tuple[SourceLine, ...] = tuple(
        dataclasses.replace(each, index=at) for at, each in enumerate(reversed(lines), start=1)
    )
    assert amounts(document(*lines), mappings) == amounts(document(*turned), mappings)


# --- charges ---

CHARGES = (
    ACCOUNTS
    + """\
  - when: { line: charge }
    account: "8200"
  - when: { charge: Freight }
    account: "8210"
  - when: { line: charge, kind: purchase_invoice }
    account: "8220"
"""
)


def test_charges_have_rules_of_their_own(tmp_path: Path) -> None:
    mappings = builders.mappings(tmp_path, {"accounts.yaml": CHARGES})
    source = document(
        line("100"),
        charge("10", account="999"),
        charge("5", index=3, account="999", description="Insurance"),
        charge("-3", index=4, account="999", description="insurance "),
    )
    assert amounts(source, mappings) == [
        ("C00010", "112.00"),
        ("6110", "-100.00"),
        ("8200", "-2.00"),
        ("8210", "-10.00"),
    ]


def test_a_service_purchase_is_all_charges(tmp_path: Path) -> None:
    mappings = builders.mappings(tmp_path, {"accounts.yaml": CHARGES})
    rows = [charge("40", "8", 1, account="1", description="Repair"), charge("7", "1.40", account="2")]
    source = document(*rows, kind=Kind.PURCHASE_INVOICE, order_type="Service Purchase")
    assert amounts(source, mappings) == [
        ("C00010", "-56.40"),
        ("5660", "9.40"),
        ("8210", "7.00"),
        ("8220", "40.00"),
    ]


@pytest.mark.parametrize("kind", [Kind.PURCHASE_INVOICE, Kind.PURCHASE_CREDIT_NOTE])
def test_landed_cost_goes_to_clearing_with_the_goods(tmp_path: Path, kind: Kind) -> None:
    mappings = builders.mappings(tmp_path, {"accounts.yaml": CHARGES})
    goods = line("80", account="140", category=None, product_id=None)
    source = document(goods, charge("20", account="140"), kind=kind)
    sign = "" if kind is Kind.PURCHASE_INVOICE else "-"
    assert amounts(source, mappings)[1:] == [("5450", f"{sign}100.00")]


def test_dimensions_may_hang_on_charges(tmp_path: Path) -> None:
    text = "dimensions:\n  COST:\n    - { from: charge, values: { Freight: FREIGHT } }\n"
    mappings = builders.mappings(tmp_path, {"dimensions.yaml": text})
    found = journal(document(line("10"), charge("5")), mappings)
    assert [each.dimensions for each in found.lines] == [(), (), (("COST", "FREIGHT"),)]
    other = document(line("10"), charge("5", description="Customs"))
    assert codes(other, mappings) == ["dimension_unmapped"]


def test_many_lines_are_looked_up_once_for_each_sort(
    mappings: Mappings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    lookup = Mappings.account

    def counted(self: Mappings, facts: Facts, where: str) -> Hit | Problem:
        asked.append(where)
        return lookup(self, facts, where)

    monkeypatch.setattr(Mappings, "account", counted)
    rows = [
        line(
            "10.01", "2.00", index, account=("200", "220")[index % 2], category=("Tools", "Paint")[index % 2]
        )
        for index in range(1, 501)
    ]
    found = journal(document(*rows), mappings)
    assert len(asked) == 2
    assert [str(each.amount) for each in found.lines] == ["6005.00", "-1000.00", "-2502.50", "-2502.50"]
    assert [len(each.sources) for each in found.lines] == [1, 500, 250, 250]


# --- what NAV can hold ---


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ('O\'Neil & "Söhne" <b>', 'O\'Neil & "Söhne" <b>'),
        ("東京商事 Ελλάς", "東京商事 Ελλάς"),
        ("a\tb\r\nc\x07d\u2028e", "a b c d e"),
        ("x" * 300, "x" * 90),
        ("😀" * 60, "😀" * 45),
        ("x" + "😀" * 60, "x" + "😀" * 44),
    ],
)
def test_names_reach_nav_as_far_as_its_field_holds_them(mappings: Mappings, name: str, expected: str) -> None:
    found = journal(document(line("10"), party_name=name), mappings)
    assert {each.description for each in found.lines} == {f"INV-00202 {expected}"}


def test_a_number_of_blanks_and_control_characters_is_none(mappings: Mappings) -> None:
    assert codes(document(line("10"), number=" \x07 "), mappings) == ["number_missing"]


def test_a_typed_number_becomes_one_line_for_nav(mappings: Mappings) -> None:
    found = journal(document(line("10"), number="inv\x07 4711\n/b"), mappings)
    assert found.external_document_no == "INV 4711 /B"
