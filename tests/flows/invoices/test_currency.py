"""Documents in foreign currency, from Cin7 to NAV's ledger in local currency."""

from decimal import Decimal
from typing import Any

from cin7_nav.rules.amounts import cents

from sandbox.world import build_world

EURO_CUSTOMER = next(each for each in build_world(1).customers if each.currency == "EUR").name


def test_a_document_is_posted_at_its_own_rate_on_a_card_in_local_currency(flow: Any) -> None:
    flow.edit("parties.yaml", "customers:\n", f'customers:\n  "{EURO_CUSTOMER}": C00010\n')
    made = flow.sale("1028.75", customer=EURO_CUSTOMER, rate="0.9", document_rate="0.85431")
    flow.ready()
    flow.deliver()
    assert flow.state(made) == "posted"
    rate, total = Decimal("0.85431"), Decimal(made["total"])
    net = flow.net(made)
    assert net["2310"] == cents(total * rate)
    assert net["6110"] == -cents(Decimal("1028.75") * rate)
    assert sum(net.values()) == 0
    assert abs(net.get("9140", Decimal(0))) <= Decimal("0.02")
    (text,) = {entry.description for entry in flow.entries(made)}
    assert text == f"{made['number']} {EURO_CUSTOMER} EUR {total:,.2f} at 0.85431"


def test_nothing_is_sent_to_a_ledger_in_another_currency_than_cin7s(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sql(
        """UPDATE reference SET body = body || '{"localCurrencyCode": "USD"}'"""
        " WHERE source = 'nav' AND entity = 'generalLedgerSetup'"
    )
    flow.deliver()
    assert flow.problems(made) == ["base_currency"]
