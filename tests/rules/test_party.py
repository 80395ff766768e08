from pathlib import Path

import pytest
from cin7_nav.model import Fixer, Kind, Problem
from cin7_nav.rules.party import ResolvedParty, TaxNumberMatch, resolve_party, tax_number_key

from tests import builders
from tests.builders import PARTY_ID, document, line

SALE = document(line("10"))
UNIQUE = TaxNumberMatch("GB 123", 1, ("C00070",))


def resolve(
    directory: Path,
    parties: str = "",
    match: TaxNumberMatch = UNIQUE,
    kind: Kind = Kind.SALE_INVOICE,
    on: str = "true",
) -> tuple[str, str, str] | Problem:
    text = f"match_tax_number: {on}\n{parties}"
    found = resolve_party(
        document(line("10"), kind=kind), builders.mappings(directory, {"parties.yaml": text}), match
    )
    return (found.number, found.how, str(found.rule)) if isinstance(found, ResolvedParty) else found


def test_an_explicit_id_comes_before_a_name_and_a_name_before_the_tax_number(tmp_path: Path) -> None:
    name = "customers:\n  smith & SONS: C2\n"
    assert resolve(tmp_path, name + f"  {PARTY_ID.upper()}: C1\n") == ("C1", "Cin7 ID", "parties.yaml:4")
    assert resolve(tmp_path, name) == ("C2", "Cin7 name", "parties.yaml:3")
    assert resolve(tmp_path) == ("C00070", "tax number", "parties.yaml:1")


def test_customers_and_suppliers_are_told_apart(tmp_path: Path) -> None:
    parties = "customers: { Smith & Sons: C1 }\nsuppliers: { Smith & Sons: V1 }\n"
    assert resolve(tmp_path, parties, kind=Kind.PURCHASE_INVOICE) == ("V1", "Cin7 name", "parties.yaml:3")


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        (TaxNumberMatch(), "Cin7 has no tax number for it"),
        (TaxNumberMatch(" - ", 1, ("C1",)), "Cin7 has no tax number for it"),
        (TaxNumberMatch("GB1", 1, ()), "nobody in NAV has its tax number"),
        (TaxNumberMatch("GB1", 1, ("C2", "C1")), "several in NAV have its tax number: C1, C2"),
        (TaxNumberMatch("GB1", 2, ("C1",)), "2 Cin7 customers share its tax number; candidates in NAV: C1"),
    ],
)
def test_whatever_is_not_unique_is_a_problem_naming_candidates(
    tmp_path: Path, match: TaxNumberMatch, reason: str
) -> None:
    found = resolve(tmp_path, match=match)
    assert isinstance(found, Problem)
    assert found.message == f'Cin7 customer "Smith & Sons" has no line in parties.yaml, and {reason}'
    assert (found.code, found.fixer) == ("party_unresolved", Fixer.MAPPING_EDITOR)


def test_tax_numbers_are_not_compared_where_that_is_switched_off(tmp_path: Path) -> None:
    found = resolve(tmp_path, on="false")
    assert isinstance(found, Problem)
    assert "parties.yaml:1 turns matching by tax number off" in found.message


def test_tax_numbers_are_compared_without_punctuation_and_case() -> None:
    assert tax_number_key(" gb 123.456-7 ") == tax_number_key("GB1234567")
    assert tax_number_key("GB1234567") != tax_number_key("1234567")
