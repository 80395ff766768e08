"""What parties.yaml says of keeping parties the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from cin7_nav.mappings import load
from cin7_nav.mappings.files import Direction, TooLong
from cin7_nav.mappings.parties import DEFAULT_FIELDS
from cin7_nav.model import PartyField, PartyKind, Side

from tests import builders

BASE = "match_tax_number: true\n"


def errors(directory: Path, text: str) -> list[str]:
    found = load(builders.write_files(directory, {"parties.yaml": BASE + text}))
    assert isinstance(found, list)
    return [str(one) for one in found]


def test_a_file_without_the_new_sections_keeps_nothing_the_same(tmp_path: Path) -> None:
    parties = builders.mappings(tmp_path).parties
    assert (parties.create_in, parties.new_in_cin7, parties.fields) == ({}, {}, DEFAULT_FIELDS)


def test_no_default_overwrites_anything_with_an_empty_value() -> None:
    assert not any(rule.clears for rule in DEFAULT_FIELDS.values())
    assert {rule.too_long for rule in DEFAULT_FIELDS.values()} == {TooLong.WAIT}


def test_kinds_sides_accounts_and_fields_are_read(tmp_path: Path) -> None:
    text = """\
synchronise:
  customers: { create_in: cin7 }
  suppliers: {}
new_in_cin7:
  suppliers: { account_payable: "800", tax_rule: No VAT, payment_term: Cash }
fields:
  name: { direction: nav, too_long: cut }
  tax_liable: { direction: cin7, values: { 20% VAT: true, 5% VAT: true, No VAT: false } }
"""
    parties = builders.mappings(tmp_path, {"parties.yaml": BASE + text}).parties
    assert parties.create_in == {PartyKind.CUSTOMER: (Side.CIN7,), PartyKind.SUPPLIER: (Side.CIN7, Side.NAV)}
    assert parties.new_in_cin7[PartyKind.SUPPLIER]["AccountPayable"] == "800"
    assert set(parties.fields) == {PartyField.NAME, PartyField.TAX_LIABLE}
    assert parties.fields[PartyField.NAME].direction is Direction.NAV
    assert str(parties.fields[PartyField.NAME].rule) == "parties.yaml:8"
    rule = parties.fields[PartyField.TAX_LIABLE]
    assert (rule.to_nav["no vat"], rule.to_cin7["true"]) == ("false", "20% VAT")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields:\n  name: { direction: latest }\n", "parties.yaml:3"),
        ("fields:\n  shoe_size: { direction: nav }\n", "parties.yaml:3"),
        ("fields:\n  payment_terms: { direction: nav }\n", "`payment_terms` without `values`"),
        ("synchronise:\n  suppliers: { create_in: [cin8] }\n", "cin8"),
        ("synchronise:\n  vendors: {}\n", "allowed: customers, suppliers"),
        ("synchronise:\n  supplier: {}\n", "did you mean suppliers?"),
        ("new_in_cin7:\n  suppliers: { tax_rule: x, payment_term: y }\n", "`account_payable` is required"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (found, *_) = errors(tmp_path, text)
    assert said in found


def test_each_section_is_said_in_one_file_only(tmp_path: Path) -> None:
    files = {"parties.yaml": BASE + "synchronise: {}\n", "parties.more.yaml": "synchronise: {}\n"}
    found = load(builders.write_files(tmp_path, files))
    assert isinstance(found, list)
    assert "`synchronise` a second time (first at parties.more.yaml:1)" in str(found[0])
