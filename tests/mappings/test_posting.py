"""Which documents are posted at once, staged or held."""

from decimal import Decimal
from pathlib import Path

import pytest
from cin7_nav.mappings import Mappings, load
from cin7_nav.mappings.facts import document_facts
from cin7_nav.model import Kind, Posting, Problem, RuleRef
from cin7_nav.rules.translate import translate

from tests import builders
from tests.builders import PARTY, PARTY_ID, document, line


def with_rules(directory: Path, *rules: str) -> Mappings:
    return builders.mappings(directory, {"posting.yaml": text_of(*rules)})


def text_of(*rules: str) -> str:
    """One rule per line, the first on line 2: `conditions -> posting`."""
    rows = [rule.split(" -> ") for rule in rules]
    return "rules:\n" + "".join(f"  - {{ when: {{ {when} }}, posting: {how} }}\n" for when, how in rows)


def how(
    mappings: Mappings, total: str = "100", *, first: bool = False, kind: Kind = Kind.SALE_INVOICE
) -> tuple[Posting, str] | Problem:
    facts = document_facts(document(line("1"), kind=kind))
    found = mappings.posting(facts, Decimal(total), first)
    return found if isinstance(found, Problem) else (found[0], str(found[1]))


def test_without_a_rule_the_companys_way_holds(tmp_path: Path) -> None:
    assert how(builders.mappings(tmp_path)) == (Posting.POST, "company.yaml:4")
    empty = builders.mappings(tmp_path, {"posting.yaml": "# nothing\n"})
    assert how(empty) == (Posting.POST, "company.yaml:4")
    assert not empty.asks_first_document


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        ("999.99", Posting.POST),
        ("1000", Posting.STAGE),
        ("-1000", Posting.STAGE),
        ("9999.99", Posting.STAGE),
        ("10000", Posting.HOLD),
    ],
)
def test_amounts_count_from_the_lower_bound_up_to_the_upper_one(
    tmp_path: Path, total: str, expected: Posting
) -> None:
    mappings = with_rules(
        tmp_path, "amount_from: 1000, amount_to: 10000 -> stage", "amount_from: 10000 -> hold"
    )
    found = how(mappings, total)
    assert isinstance(found, tuple)
    assert found[0] == expected


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ("customer: Smith & Sons", "first_document: true, amount_from: 1, kind: sale_invoice"),
        ("first_document: true", "amount_from: 1, kind: sale_invoice"),
        ("amount_from: 1", "kind: sale_invoice"),
        ("kind: sale_invoice", ""),
        ("amount_from: 1, kind: sale_invoice", "amount_from: 1"),
    ],
)
def test_the_strongest_condition_wins_whatever_the_order(tmp_path: Path, stronger: str, weaker: str) -> None:
    one, other = f"{stronger} -> hold", f"{weaker} -> stage"
    assert how(with_rules(tmp_path, one, other), first=True) == (Posting.HOLD, "posting.yaml:2")
    assert how(with_rules(tmp_path, other, one), first=True) == (Posting.HOLD, "posting.yaml:3")


def test_a_rule_for_first_documents_leaves_the_later_ones_alone(tmp_path: Path) -> None:
    mappings = with_rules(tmp_path, "kind: purchase_invoice, first_document: true -> hold")
    assert mappings.asks_first_document
    assert how(mappings, first=True, kind=Kind.PURCHASE_INVOICE) == (Posting.HOLD, "posting.yaml:2")
    assert how(mappings, first=False, kind=Kind.PURCHASE_INVOICE) == (Posting.POST, "company.yaml:4")
    assert how(mappings, first=True) == (Posting.POST, "company.yaml:4")


@pytest.mark.parametrize(
    ("rules", "line_no", "found"),
    [
        (["kind: sale_invoice -> hold", "kind: [sale_invoice] -> stage"], 3, "posting.yaml:2"),
        (["amount_from: 1000 -> stage", "amount_from: 10000 -> hold"], 3, "posting.yaml:2"),
        (["amount_from: 1000 -> stage", "amount_to: 1001 -> hold"], 3, "posting.yaml:2"),
        (["amount_from: 10, amount_to: 10 -> hold"], 2, "never matches"),
        (["customer: A, supplier: B -> hold"], 2, "never matches"),
        (["first_document: false -> hold"], 2, "first_document"),
        (["amount_from: much -> hold"], 2, "amount_from"),
        (["amount_from: -1 -> hold"], 2, "amount_from"),
        (["cin7_account: 200 -> hold"], 2, "cin7_account"),
        (["kind: sale_invoice -> never"], 2, "never"),
    ],
)
def test_what_could_be_decided_two_ways_or_never_is_refused_when_read(
    tmp_path: Path, rules: list[str], line_no: int, found: str
) -> None:
    loaded = load(builders.write_files(tmp_path, {"posting.yaml": text_of(*rules)}))
    assert isinstance(loaded, list)
    (error,) = loaded
    assert (error.file, error.line) == ("posting.yaml", line_no)
    assert found in str(error)


def test_bands_that_only_touch_and_parties_that_differ_are_no_conflict(tmp_path: Path) -> None:
    assert with_rules(
        tmp_path,
        "amount_from: 5, amount_to: 10 -> hold",
        "amount_from: 10 -> stage",
        "customer: A -> hold",
        "customer: B -> stage",
    )


def test_a_tie_that_only_the_document_shows_makes_it_wait(tmp_path: Path) -> None:
    mappings = with_rules(tmp_path, "customer: Smith & Sons -> hold", f"customer: {PARTY_ID} -> stage")
    result = translate(document(line("10")), mappings, PARTY, document_no="C7S-1")
    (problem,) = result.problems
    assert problem.code == "mapping_ambiguous"
    assert "posting.yaml:2 and posting.yaml:3" in problem.message


def test_a_translation_says_how_to_post_and_by_which_rule(tmp_path: Path) -> None:
    mappings = with_rules(tmp_path, "amount_from: 100 -> stage", "first_document: true -> hold")
    dear = document(line("100"), currency="EUR", rate=Decimal("1.5"))
    cheap = document(line("100"), currency="EUR", rate=Decimal("0.5"))
    found = [
        translate(source, mappings, PARTY, document_no="C7S-1", first=first)
        for source, first in ((dear, False), (cheap, False), (cheap, True))
    ]
    assert [(each.posting, each.posting_rule) for each in found] == [
        (Posting.STAGE, RuleRef("posting.yaml", 2)),
        (Posting.POST, RuleRef("company.yaml", 4)),
        (Posting.HOLD, RuleRef("posting.yaml", 3)),
    ]
