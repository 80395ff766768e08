"""Which rule wins, and that nothing but its conditions decides it."""

import tempfile
from pathlib import Path

import pytest
from cin7_nav.mappings import Mappings, load
from cin7_nav.mappings.facts import Facts, Field, document_facts, rank
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import Kind, Problem, SourceDocument
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders
from tests.builders import ACCOUNTS, DIMENSIONS, charge, document, line


def account(mappings: Mappings, source: SourceDocument) -> Hit | Problem:
    return mappings.account(document_facts(source).with_line(source.lines[0]), "line 1")


def with_rules(directory: Path, *rules: str) -> Mappings:
    text = ACCOUNTS + "".join(f"  - {{ when: {{ {when} }}, account: {value} }}\n" for when, value in rules)
    return builders.mappings(directory, {"accounts.yaml": text})


def test_the_order_of_strength_is_the_written_one() -> None:
    assert [field.value for field in Field if not field.startswith("attribute")] == [
        "customer",
        "supplier",
        "category",
        "charge",
        "location",
        "channel",
        "sales_rep",
        "tax_rule",
        "cin7_account",
        "line",
        "kind",
    ]
    for stronger, *weaker in [list(Field)[at:] for at in range(len(Field))]:
        assert rank([stronger]) > rank(weaker)


@pytest.mark.parametrize(
    ("when", "wins"),
    [
        ('cin7_account: "200", kind: sale_invoice', True),
        ("kind: sale_invoice", False),
        ("tax_rule: VAT", True),
        ("location: London", True),
        ("category: Tools", True),
        ("customer: smith & SONS", True),
        (f"customer: {builders.PARTY_ID.upper()}", True),
        ("supplier: Smith & Sons", False),
        ("location: Leeds", False),
        ('category: ""', False),
    ],
)
def test_a_rule_wins_over_the_account_alone_by_its_strongest_condition(
    tmp_path: Path, when: str, wins: bool
) -> None:
    found = account(with_rules(tmp_path, (when, "7000")), document(line("10")))
    assert isinstance(found, Hit)
    assert found.value == ("7000" if wins else "6110")
    assert str(found.rule) == ("accounts.yaml:10" if wins else "accounts.yaml:2")


def test_one_strong_condition_beats_many_weak_ones(tmp_path: Path) -> None:
    mappings = with_rules(
        tmp_path,
        ("customer: Smith & Sons", "1"),
        ('category: Tools, location: London, tax_rule: VAT, cin7_account: "200", kind: sale_invoice', "2"),
    )
    assert account(mappings, document(line("10"))).value == "1"  # type: ignore[union-attr]


def test_a_tie_that_only_the_document_shows_is_a_problem(tmp_path: Path) -> None:
    mappings = with_rules(tmp_path, ("customer: Smith & Sons", "1"), (f"customer: {builders.PARTY_ID}", "2"))
    found = account(mappings, document(line("10")))
    assert isinstance(found, Problem)
    assert found.code == "mapping_ambiguous"
    assert "accounts.yaml:10 and accounts.yaml:11" in found.message


def test_an_unmapped_account_is_a_problem_never_a_guess(tmp_path: Path) -> None:
    found = account(builders.mappings(tmp_path), document(line("10", account="499")))
    assert isinstance(found, Problem)
    assert (found.code, found.where) == ("account_unmapped", "line 1")
    assert (
        found.message
        == 'Cin7 account "499" has no NAV account on a sale invoice: no rule in accounts.yaml matches'
    )


def test_an_empty_account_needs_a_rule_that_says_so(tmp_path: Path) -> None:
    source = document(charge("10", account=""))
    assert isinstance(account(builders.mappings(tmp_path), source), Problem)
    found = account(with_rules(tmp_path, ('cin7_account: ""', "8310")), source)
    assert isinstance(found, Hit)
    assert found.value == "8310"


def test_purchases_on_an_inventory_account_go_to_clearing_and_sales_do_not(tmp_path: Path) -> None:
    mappings = with_rules(tmp_path, ("location: London", "7000"))
    bought = account(mappings, document(line("10", account="140"), kind=Kind.PURCHASE_INVOICE))
    sold = account(mappings, document(line("10", account="140")))
    assert (bought.value, sold.value) == ("5450", "7000")  # type: ignore[union-attr]


def values(mappings: Mappings, facts: Facts) -> dict[str, str] | list[str]:
    found = list(mappings.dimension_values(facts, "here"))
    problems = [each.message for each in found if isinstance(each, Problem)]
    return problems or {each[0]: each[1].value for each in found if not isinstance(each, Problem)}


def test_a_line_adds_its_category_to_the_documents_dimensions(tmp_path: Path) -> None:
    mappings = builders.mappings(tmp_path)
    source = document(line("10", category="paint"), charge("5"))
    facts = document_facts(source)
    assert values(mappings, facts) == {"REGION": "LONDON"}
    assert values(mappings, facts.with_line(source.lines[0])) == {"CATEGORY": "PAINT", "REGION": "LONDON"}
    assert values(mappings, facts.with_line(source.lines[1])) == {"REGION": "LONDON"}


def test_a_text_without_a_row_is_a_problem_an_empty_field_is_not(tmp_path: Path) -> None:
    mappings = builders.mappings(tmp_path)
    assert values(mappings, document_facts(document(location="Londn"))) == [
        'location "Londn" has no REGION value: the table at dimensions.yaml:4 has no row for it; '
        "did you mean London?"
    ]
    assert values(mappings, document_facts(document(location=""))) == {}


def test_a_row_for_the_empty_text_serves_empty_fields(tmp_path: Path) -> None:
    text = DIMENSIONS.replace("London: LONDON", '"": NOWHERE, London: LONDON')
    mappings = builders.mappings(tmp_path, {"dimensions.yaml": text})
    assert values(mappings, document_facts(document(location=""))) == {"REGION": "NOWHERE"}


def test_a_rule_beside_a_table_serves_what_the_table_lacks(tmp_path: Path) -> None:
    text = DIMENSIONS.replace("  CATEGORY:", "    - value: ELSEWHERE\n  CATEGORY:")
    mappings = builders.mappings(tmp_path, {"dimensions.yaml": text})
    assert values(mappings, document_facts(document(location="Leeds"))) == {"REGION": "ELSEWHERE"}
    assert values(mappings, document_facts(document(location="Glasgow"))) == {"REGION": "GLASGOW"}


def test_a_table_is_asked_only_where_its_condition_holds(tmp_path: Path) -> None:
    text = DIMENSIONS.replace("- from: location", "- when: { kind: purchase_invoice }\n      from: location")
    mappings = builders.mappings(tmp_path, {"dimensions.yaml": text})
    assert values(mappings, document_facts(document(location="Leeds"))) == {}


def test_attributes_can_decide(tmp_path: Path) -> None:
    text = DIMENSIONS + "  PROJECT:\n    - when: { attribute_3: Harbour }\n      value: P1\n"
    mappings = builders.mappings(tmp_path, {"dimensions.yaml": text})
    assert values(mappings, document_facts(document(attributes={"3": "harbour"})))["PROJECT"] == "P1"  # type: ignore[call-overload]
    assert "PROJECT" not in values(mappings, document_facts(document()))


def test_it_is_known_which_fields_the_rules_ask_for(tmp_path: Path) -> None:
    mappings = builders.mappings(tmp_path)
    assert mappings.asks_for(Field.CATEGORY)
    assert not mappings.asks_for(Field.SALES_REP)


CONDITIONS = {
    "kind": ["sale_invoice", "purchase_invoice"],
    "cin7_account": ["200", "453"],
    "tax_rule": ["VAT", "No VAT"],
    "location": ["London", "Glasgow"],
    "category": ["Tools", "Paint"],
    "customer": ["Smith & Sons", "Others"],
}


@st.composite
def rule_texts(draw: st.DrawFn) -> list[str]:
    fields = st.lists(st.sampled_from(sorted(CONDITIONS)), unique=True)
    texts = []
    for number in range(draw(st.integers(1, 6))):
        when = ", ".join(f'{field}: "{draw(st.sampled_from(CONDITIONS[field]))}"' for field in draw(fields))
        texts.append(f"  - {{ when: {{ {when} }}, account: A{number} }}\n")
    return texts


@given(rule_texts(), st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_neither_order_nor_files_of_the_rules_matter(texts: list[str], random, parts: int) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(texts, len(texts))
    split = {
        f"accounts.part{part}.yaml": "rules:\n" + "".join(shuffled[part::parts])
        for part in range(parts)
        if shuffled[part::parts]
    }
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        whole = load(builders.write_files(Path(one), {"accounts.yaml": "rules:\n" + "".join(texts)}))
        pieces = load(builders.write_files(Path(many), {"accounts.yaml": None, **split}))
    if isinstance(whole, list) or isinstance(pieces, list):
        assert isinstance(whole, list)
        assert isinstance(pieces, list)
        assert len(whole) == len(pieces)
        return
    for source in (
        document(line("1")),
        document(line("1", category="Paint", tax_rule="No VAT"), location="Glasgow"),
        document(line("1", account="453"), kind=Kind.PURCHASE_INVOICE),
    ):
        one_answer, other = account(whole, source), account(pieces, source)
        assert getattr(one_answer, "value", one_answer) == getattr(other, "value", other)
