"""Tax rules with several components, and what the ledger makes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sandbox.world import build_world

RULES = {rule.name: rule for rule in build_world().tax_rules}


def ledger(cin7: Any) -> dict[tuple[str, str], Decimal]:
    rows = cin7.get("/transactions", Limit=1000)["Transactions"]
    return {(row["DebitAccountCode"], row["CreditAccountCode"]): Decimal(row["Amount"]) for row in rows}


def test_a_compounding_component_bears_on_those_before_it() -> None:
    assert (RULES["Levy + VAT on Sales"].percent, RULES["VAT on Levy on Sales"].percent) == (
        Decimal(23),
        Decimal("23.6"),
    )
    assert RULES["VAT on Levy on Sales"].shares(Decimal("23.60")) == [
        ("825", Decimal(3)),
        ("820", Decimal("20.6")),
    ]


def test_the_last_component_takes_what_rounding_leaves() -> None:
    for tax in (Decimal("0.01"), Decimal("0.07"), Decimal("-1.11"), Decimal(0)):
        assert sum(amount for _, amount in RULES["Levy + VAT on Sales"].shares(tax)) == tax


def test_components_are_shown_with_their_accounts_and_the_percentage_as_a_plain_sum(cin7: Any) -> None:
    rule = cin7.get("/ref/tax", Name="VAT on Levy on Purchases")["TaxRuleList"][0]
    assert (rule["TaxPercent"], rule["IsTaxForPurchase"], rule["IsTaxForSale"]) == (23, True, False)
    shown = [
        (one["Percent"], one["AccountCode"], one["Compound"], one["ComponentOrder"])
        for one in rule["Components"]
    ]
    assert shown == [("3.0000000000", "825", "0", "1"), ("20.0000000000", "820", "1", "2")]
    assert len({one["ID"] for one in rule["Components"]}) == 2


@pytest.mark.parametrize("method", ["Row Total", "Total"])
def test_the_ledger_splits_the_tax_by_component(cin7: Any, method: str) -> None:
    cin7.settings(tax_calculation_method=method)
    lines = [{"price": "100", "tax_rule": "VAT on Levy on Purchases"}]
    made = cin7.admin("POST", "purchase-invoice", {"lines": lines})
    assert (made["tax"], made["total"]) == ("23.60", "123.60")
    assert ledger(cin7) == {("140", "800"): 100, ("825", "800"): 3, ("820", "800"): Decimal("20.6")}


def test_an_inclusive_document_holds_the_compounded_tax(cin7: Any) -> None:
    lines = [{"price": "123.60", "tax_rule": "VAT on Levy on Sales"}]
    made = cin7.admin("POST", "sale-invoice", {"lines": lines, "inclusive": True})
    assert (made["total_before_tax"], made["tax"], made["total"]) == ("100.00", "23.60", "123.60")


def test_exempt_lines_bear_no_tax(cin7: Any) -> None:
    cin7.admin("POST", "sale-invoice", {"lines": [{"price": "10", "tax_rule": "Exempt Sales"}]})
    assert ledger(cin7) == {("610", "200"): 10}


def test_cents_between_the_lines_and_the_total_go_to_rounding(cin7: Any) -> None:
    cin7.settings(tax_calculation_method="Total")
    made = cin7.admin("POST", "sale-invoice", {"lines": [{"price": "0.10"}] * 4, "inclusive": True})
    assert (made["tax"], made["total"]) == ("0.07", "0.40")
    assert ledger(cin7) == {
        ("610", "200"): Decimal("0.32"),
        ("610", "820"): Decimal("0.07"),
        ("610", "860"): Decimal("0.01"),
    }
