import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from cin7_nav.mappings import MappingError, load
from cin7_nav.mappings.files import Valuation
from cin7_nav.mappings.references import Referenced, references
from cin7_nav.model import Kind, Posting

from tests import builders
from tests.builders import ACCOUNTS, COMPANY, DIMENSIONS


def errors(directory: Path, changes: dict[str, str | None]) -> list[str]:
    loaded = load(builders.write_files(directory, changes))
    assert isinstance(loaded, list)
    return [str(error) for error in loaded]


def test_the_company_is_read_as_written(tmp_path: Path) -> None:
    company = builders.mappings(tmp_path).company
    assert (company.valuation, company.posting) == (Valuation.NAV, Posting.POST)
    assert (company.go_live, company.tolerance) == (dt.date(2026, 1, 1), Decimal("0.05"))
    assert company.prefixes[Kind.PURCHASE_INVOICE] == "C7P-"
    assert company.clearing_account is not None
    assert (company.clearing_account.value, str(company.clearing_account.rule)) == ("5450", "company.yaml:12")


def test_codes_keep_their_zeros_and_words_stay_words(tmp_path: Path) -> None:
    text = "rules:\n  - when: { cin7_account: 090, location: NO }\n    account: 0110\n"
    mappings = builders.mappings(tmp_path, {"accounts.yaml": text})
    (rule,) = mappings.accounts
    assert rule.value == "0110"
    assert sorted(map(sorted, rule.when.values())) == [["090"], ["no"]]


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        (
            "company.yaml",
            "valuation: nav",
            "valuation: navv",
            'company.yaml:1: found "navv"; allowed: nav or cin7 (did you mean nav?)',
        ),
        (
            "company.yaml",
            "valuation: nav\n",
            "",
            "company.yaml:1: found no `valuation`; allowed: `valuation` is required",
        ),
        (
            "company.yaml",
            "go_live: 2026-01-01",
            "go_live: 01.01.2026",
            'company.yaml:2: found go_live: "01.01.2026"; allowed: a date as 2026-01-31',
        ),
        (
            "company.yaml",
            "tolerance: 0.05",
            "tolerance: 5",
            'company.yaml:10: found tolerance: "5"; allowed: an amount from 0 to 1, such as 0.05',
        ),
        (
            "company.yaml",
            "posting: post",
            "posting: pots",
            'company.yaml:4: found "pots"; allowed: post, stage or hold (did you mean post?)',
        ),
        (
            "company.yaml",
            "C7P-{number}",
            "C7S-{number}",
            "company.yaml:7: found C7S- for purchase_invoice beside C7S- for sale_invoice; "
            "allowed: prefixes of which none begins like another",
        ),
        (
            "company.yaml",
            "C7P-{number}",
            "p_{number}",
            'company.yaml:7: found purchase_invoice: "p_{number}"; allowed: a prefix of 1 to 8 characters '
            "A-Z, 0-9 or -, then {number}, such as C7S-{number}",
        ),
        (
            "accounts.yaml",
            "when:",
            "whn:",
            "accounts.yaml:2: found `whn`; allowed: when, account (did you mean when?)",
        ),
        (
            "accounts.yaml",
            'account: "6110"',
            'account: "123456789012345678901"',
            'accounts.yaml:3: found account: "123456789012345678901"; '
            "allowed: a NAV code of 1 to 20 characters",
        ),
        (
            "accounts.yaml",
            'cin7_account: "200"',
            "cin7_account:",
            'accounts.yaml:2: found cin7_account: nothing; allowed: a text; write "" for an empty one',
        ),
        (
            "accounts.yaml",
            'cin7_account: "200"',
            "cin7_account: []",
            "accounts.yaml:2: found cin7_account: a list; allowed: at least one value",
        ),
        (
            "accounts.yaml",
            'cin7_account: "200"',
            "channel: Shopify",
            "accounts.yaml:2: found `channel`; allowed: kind, cin7_account, tax_rule, location, category, "
            "customer, supplier, line, charge (did you mean charge?)",
        ),
        (
            "tax.yaml",
            "kind: [sale_invoice, sale_credit_note]",
            "kind: sales_invoice",
            'tax.yaml:2: found "sales_invoice"; allowed: sale_invoice, purchase_invoice, sale_credit_note, '
            "purchase_credit_note or cost_journal (did you mean sale_invoice?)",
        ),
        (
            "dimensions.yaml",
            "from: location",
            "from: locaton",
            None,
        ),
        (
            "dimensions.yaml",
            "from: location",
            "when: { kind: sale_invoice }",
            "dimensions.yaml:3: found a rule that is neither; "
            "allowed: either `value`, or `from` together with `values`",
        ),
        (
            "dimensions.yaml",
            "Glasgow: GLASGOW",
            "london: GLASGOW",
            "dimensions.yaml:4: found a rule for the same case as dimensions.yaml:4; "
            "allowed: rules that differ in a condition, or in its values",
        ),
        (
            "parties.yaml",
            "match_tax_number: true",
            "match_tax_number: perhaps",
            None,
        ),
        (
            "parties.yaml",
            "match_tax_number: true",
            "customers: { Smith: C1 }",
            "parties.yaml:1: found no `match_tax_number`; allowed: `match_tax_number: true` or `false`",
        ),
        (
            "parties.yaml",
            "match_tax_number: true",
            "match_tax_number: true\ncustomers:\n  Smith: C1\n  SMITH: C2",
            'parties.yaml:4: found "SMITH" a second time (first at parties.yaml:3); '
            "allowed: each party once, regardless of case",
        ),
        (
            "parties.yaml",
            "match_tax_number: true",
            "match_tax_number: true\nmatch_tax_number: false",
            "parties.yaml:2: found `match_tax_number` a second time (first on line 1); "
            "allowed: each name once",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(
    tmp_path: Path, file: str, before: str, after: str, expected: str | None
) -> None:
    text = builders.FILES[file]
    assert before in text
    (error,) = errors(tmp_path, {file: text.replace(before, after, 1)})
    if expected is None:
        assert error.startswith(f"{file}:")
    else:
        assert error == expected


NAV_TAX = COMPANY.replace("tax_mode: explicit", "tax_mode: nav")
CODE = "rules:\n  - { when: { tax_rule: VAT }, vat_code: standard, percent: 20 }\n"
ACCOUNT = 'rules:\n  - { when: { tax_rule: VAT }, account: "5650" }\n'
SHARED = "rules:\n  - { when: { tax_rule: VAT }, components: [{ account: A, percent: 0 }] }\n"
BOTH = ACCOUNT.replace(" }\n", ", components: [{ account: A, percent: 2 }] }\n")


@pytest.mark.parametrize(
    ("company", "tax", "expected"),
    [
        (COMPANY, CODE, "found `vat_code` and `percent`; allowed: with `tax_mode: explicit`, either"),
        (COMPANY, BOTH, "found `account` and `components`; allowed: with `tax_mode: explicit`, either"),
        (COMPANY, "rules:\n  - { when: { tax_rule: VAT } }\n", "found neither; allowed: with"),
        (COMPANY, SHARED, "found components of 0 percent; allowed: at least one above 0"),
        (NAV_TAX, ACCOUNT, "found `account`; allowed: with `tax_mode: nav`, `vat_code` together with"),
        (NAV_TAX, CODE.replace(", percent: 20", ""), "found `vat_code`; allowed: with `tax_mode: nav`"),
        (NAV_TAX, CODE.replace("20", "120"), 'found percent: "120"; allowed: a percentage from 0 to 100'),
    ],
)
def test_tax_rules_say_what_the_tax_mode_needs_and_nothing_else(
    tmp_path: Path, company: str, tax: str, expected: str
) -> None:
    (error,) = errors(tmp_path, {"company.yaml": company, "tax.yaml": tax})
    assert error.startswith(f"tax.yaml:2: {expected}")


def test_the_tax_mode_has_no_default(tmp_path: Path) -> None:
    text = COMPANY.replace("tax_mode: explicit\n", "")
    (error,) = errors(tmp_path, {"company.yaml": text})
    assert error == "company.yaml:1: found no `tax_mode`; allowed: `tax_mode` is required"


def test_explicit_tax_is_warned_of_and_navs_own_is_not(tmp_path: Path) -> None:
    first, second = builders.mappings(tmp_path).warnings()
    assert first.startswith("company.yaml:3: with `tax_mode: explicit` NAV's VAT return does not contain")
    assert second.startswith("tax accounts 5650, 5660: each must allow direct posting")
    nav = builders.mappings(tmp_path, {"company.yaml": NAV_TAX, "tax.yaml": CODE})
    assert nav.warnings() == ()
    assert nav.tax[0].vat_code == "STANDARD"


@pytest.mark.parametrize("when", ["charge: Freight, line: item", "charge: Freight, category: Tools"])
def test_a_rule_for_a_charge_that_is_a_product_never_matches(tmp_path: Path, when: str) -> None:
    rule = f'  - {{ when: {{ {when} }}, account: "1" }}\n'
    (error,) = errors(tmp_path, {"accounts.yaml": ACCOUNTS + rule})
    assert "never matches" in error


def test_all_errors_of_all_files_come_at_once(tmp_path: Path) -> None:
    found = errors(
        tmp_path,
        {
            "company.yaml": COMPANY.replace("nav\n", "neither\n", 1).replace("0.05", "many"),
            "accounts.yaml": ACCOUNTS.replace("when:", "whn:"),
            "tax.yaml": None,
            "dimensions.yaml": "dimensions: [\n",
            "acounts.extra.yaml": ACCOUNTS,
        },
    )
    places = [error.split(": found")[0] for error in found]
    assert [place for place in places if place.startswith("accounts.yaml")] == [
        f"accounts.yaml:{number}" for number in (2, 4, 6, 8)
    ]
    assert {"company.yaml:1", "company.yaml:10", "tax.yaml:1", "acounts.extra.yaml:1"} <= set(places)
    assert any(error.startswith("dimensions.yaml:") for error in found)
    assert any("did you mean accounts?" in error for error in found)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('clearing_account: "5450"\n', "", "without `clearing_account`"),
        ('inventory_accounts: ["140"]\n', "", "without `inventory_accounts`"),
        ("valuation: nav", "valuation: cin7", "`clearing_account` with `valuation: cin7`"),
    ],
)
def test_a_mixed_valuation_is_refused(tmp_path: Path, before: str, after: str, expected: str) -> None:
    (error,) = errors(tmp_path, {"company.yaml": COMPANY.replace(before, after)})
    assert expected in error


VALUED_IN_CIN7 = COMPANY.replace("valuation: nav", "valuation: cin7").replace(
    'clearing_account: "5450"\n', ""
)
INVENTORY = '  - when: {{ cin7_account: "140"{} }}\n    account: "2110"\n'


@pytest.mark.parametrize(
    "rules",
    [
        INVENTORY.format(""),
        INVENTORY.format(", kind: [purchase_invoice, purchase_credit_note]")
        + INVENTORY.format(", kind: cost_journal"),
    ],
)
def test_cin7_valuation_needs_a_rule_for_each_inventory_account(tmp_path: Path, rules: str) -> None:
    files = {"company.yaml": VALUED_IN_CIN7, "accounts.yaml": ACCOUNTS + rules}
    assert builders.mappings(tmp_path, files).company.clearing_account is None


@pytest.mark.parametrize(
    ("rules", "lacking"),
    [
        ("", "purchase_invoice, purchase_credit_note, cost_journal"),
        (INVENTORY.format(", kind: purchase_invoice"), "purchase_credit_note, cost_journal"),
        (INVENTORY.format(", location: London"), "cost_journal"),
    ],
)
def test_cin7_valuation_names_the_rules_that_lack(tmp_path: Path, rules: str, lacking: str) -> None:
    files = {"company.yaml": VALUED_IN_CIN7, "accounts.yaml": ACCOUNTS + rules}
    (error,) = errors(tmp_path, files)
    assert error.startswith(
        f"company.yaml:11: found no rule in accounts.yaml for inventory account 140 on {lacking}; allowed:"
    )


def test_cin7_valuation_needs_inventory_accounts(tmp_path: Path) -> None:
    text = VALUED_IN_CIN7.replace('inventory_accounts: ["140"]\n', "")
    (error,) = errors(tmp_path, {"company.yaml": text})
    assert "`valuation: cin7` without `inventory_accounts`" in error


def test_nav_valuation_has_no_cost_journals(tmp_path: Path) -> None:
    rule = '  - when: { cin7_account: "310", kind: cost_journal }\n    account: "7110"\n'
    (error,) = errors(tmp_path, {"accounts.yaml": ACCOUNTS + rule})
    assert error.startswith("accounts.yaml:10: found a rule for cost_journal with `valuation: nav`")


def test_a_rule_for_purchases_on_an_inventory_account_contradicts_clearing(tmp_path: Path) -> None:
    rule = '  - when: { cin7_account: ["453", "140"], location: London }\n    account: "2110"\n'
    (error,) = errors(tmp_path, {"accounts.yaml": ACCOUNTS + rule})
    assert error.startswith("accounts.yaml:10: found a rule for inventory account 140 with `valuation: nav`")
    sales_only = rule.replace("location: London", "kind: sale_invoice")
    assert builders.mappings(tmp_path, {"accounts.yaml": ACCOUNTS + sales_only})


def test_a_rule_for_both_a_customer_and_a_supplier_never_matches(tmp_path: Path) -> None:
    rule = '  - when: { customer: A, supplier: B }\n    account: "1"\n'
    (error,) = errors(tmp_path, {"accounts.yaml": ACCOUNTS + rule})
    assert "never matches" in error


def test_overlapping_rules_are_found_across_files(tmp_path: Path) -> None:
    more = 'rules:\n  - when: { cin7_account: ["300", "200"] }\n    account: "6115"\n'
    assert errors(tmp_path, {"accounts.sales.yaml": more}) == [
        "accounts.yaml:2: found a rule for the same case as accounts.sales.yaml:2; "
        "allowed: rules that differ in a condition, or in its values"
    ]


def test_the_company_is_decided_once(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, {"company.north.yaml": COMPANY})
    assert error.startswith("company.yaml:1: found a second company file")


def test_a_dimension_may_be_spelt_only_one_way(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, {"dimensions.yaml": DIMENSIONS.replace("CATEGORY:", "region:")})
    assert "two spellings" in error


@pytest.mark.parametrize("text", ["", "# nothing\n", "- 1\n", "just words\n", "a: [1\n", "a: *b\n", "\x00"])
def test_a_file_that_is_no_mapping_is_an_error_not_a_crash(tmp_path: Path, text: str) -> None:
    assert any(error.startswith("company.yaml:") for error in errors(tmp_path, {"company.yaml": text}))


def test_unreadable_bytes_are_an_error_not_a_crash(tmp_path: Path) -> None:
    builders.write_files(tmp_path)
    (tmp_path / "tax.yaml").write_bytes(b"rules: \xff")
    loaded = load(tmp_path)
    assert isinstance(loaded, list)
    assert loaded == [MappingError("tax.yaml", 1, "unreadable characters", "a YAML file in UTF-8")]


def test_the_fingerprint_changes_with_any_content(tmp_path: Path) -> None:
    before = builders.mappings(tmp_path).fingerprint
    assert builders.mappings(tmp_path).fingerprint == before
    assert builders.mappings(tmp_path, {"parties.yaml": "match_tax_number: false\n"}).fingerprint != before


def test_every_nav_name_is_listed_with_its_place(tmp_path: Path) -> None:
    parties = "match_tax_number: true\ncustomers: { Smith: c1 }\nsuppliers:\n  Anvil: V1\n"
    found = references(builders.mappings(tmp_path, {"parties.yaml": parties}))
    listed = {(each.what, each.dimension, each.code, str(each.rule)) for each in found}
    assert {
        (Referenced.JOURNAL_TEMPLATE, "", "CIN7", "company.yaml:4"),
        (Referenced.ACCOUNT, "", "9140", "company.yaml:10"),
        (Referenced.ACCOUNT, "", "5450", "company.yaml:12"),
        (Referenced.ACCOUNT, "", "6110", "accounts.yaml:2"),
        (Referenced.ACCOUNT, "", "5660", "tax.yaml:4"),
        (Referenced.DIMENSION_VALUE, "REGION", "GLASGOW", "dimensions.yaml:4"),
        (Referenced.CUSTOMER, "", "C1", "parties.yaml:2"),
        (Referenced.VENDOR, "", "V1", "parties.yaml:4"),
    } <= listed
