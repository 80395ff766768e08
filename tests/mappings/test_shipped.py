"""The files that come with the project: valid, known to editors, and fitting the sandbox company."""

from pathlib import Path

import pytest
from cin7_nav.mappings import Mappings, load, schedule
from cin7_nav.mappings.facts import Facts, Field, fold
from cin7_nav.mappings.references import Referenced, references
from cin7_nav.mappings.rules import Hit
from cin7_nav.mappings.schema import schemas
from cin7_nav.mappings.tax import TaxRule
from cin7_nav.model import Kind, Problem

from sandbox.world import build_world

INCLUDE = Path(__file__).parents[2] / "include"
WORLD = build_world(1)
YAML = sorted([*(INCLUDE / "mappings").glob("*.yaml"), INCLUDE / "schedule.yaml"])


@pytest.fixture(scope="module")
def shipped() -> Mappings:
    loaded = load(INCLUDE / "mappings")
    assert isinstance(loaded, Mappings), loaded
    return loaded


def facts(kind: Kind, **texts: str) -> Facts:
    return Facts({Field.KIND: (kind,), **{Field(name): (text,) for name, text in texts.items()}})


def test_the_schedule_has_no_warnings() -> None:
    assert schedule.load(INCLUDE / "schedule.yaml")[1] == ()


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_each_file_names_its_schema_for_editors(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    target = (path.parent / first.removeprefix(prefix)).resolve()
    assert target == INCLUDE / "mappings" / "schemas" / f"{path.stem}.json"
    assert target.exists()


def test_the_schemas_are_current() -> None:
    directory = INCLUDE / "mappings" / "schemas"
    assert {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir()} == schemas()


def test_everything_named_exists_in_nav_and_takes_entries(shipped: Mappings) -> None:
    postable = {
        account.number
        for account in WORLD.nav_accounts
        if account.account_type == "Posting" and account.direct_posting and not account.blocked
    }
    values = {
        (each.code, value.code) for each in WORLD.dimensions for value in each.values if not value.blocked
    }
    for each in references(shipped):
        if each.what is Referenced.ACCOUNT:
            assert each.code in postable, each
        elif each.what is Referenced.DIMENSION_VALUE:
            assert (each.dimension, each.code) in values, each


def test_parties_without_a_tax_number_are_linked_to_their_own_cards(shipped: Mappings) -> None:
    for explicit, parties in (
        (shipped.parties.customers, WORLD.customers),
        (shipped.parties.suppliers, WORLD.suppliers),
    ):
        linked = {fold(party.name): party.nav_number for party in parties if party.tax_number is None}
        assert {name: hit.value for name, hit in explicit.items()} == linked


def test_all_tax_rules_but_those_with_a_levy_are_mapped(shipped: Mappings) -> None:
    for rule in WORLD.tax_rules:
        kinds = [
            *([Kind.SALE_INVOICE] if rule.for_sale else []),
            *([Kind.PURCHASE_INVOICE] if rule.for_purchase else []),
        ]
        for kind in kinds:
            found = shipped.tax_rule(facts(kind, tax_rule=rule.name), "")
            assert isinstance(found, Problem if "Levy" in rule.name else TaxRule), (rule.name, kind)


def test_sales_and_costs_of_all_kinds_are_mapped(shipped: Mappings) -> None:
    for account in WORLD.cin7_accounts:
        if account.account_class == "REVENUE":
            assert isinstance(shipped.account(facts(Kind.SALE_INVOICE, cin7_account=account.code), ""), Hit)
        if account.account_class == "EXPENSE" and account.code != "310":
            assert isinstance(
                shipped.account(facts(Kind.PURCHASE_INVOICE, cin7_account=account.code), ""), Hit
            )
    stock = shipped.account(facts(Kind.PURCHASE_INVOICE, cin7_account="140"), "")
    assert isinstance(stock, Hit)
    assert stock.value == "5450"


def test_every_source_of_a_dimension_has_its_value(shipped: Mappings) -> None:
    def value(code: str, kind: Kind = Kind.SALE_INVOICE, **texts: str) -> str | None:
        found = dict(
            each for each in shipped.dimension_values(facts(kind, **texts), "") if isinstance(each, tuple)
        )
        return found[code].value if code in found else None

    for location in WORLD.locations:
        assert value("REGION", location=location.name) == location.code
    for channel, expected in WORLD.source_channels:
        assert value("CHANNEL", channel=channel) == expected
    for rep in WORLD.sales_reps:
        assert value("SALESPERSON", sales_rep=rep.name) == rep.code
    for category, expected in WORLD.categories:
        assert value("CATEGORY", category=category) == expected
    assert value("CHANNEL", Kind.PURCHASE_INVOICE, channel="", cin7_account="400") == "TRADE"
    assert value("CHANNEL", Kind.PURCHASE_INVOICE, channel="", cin7_account="453") is None
