"""One purchase and one sale through all their documents in both systems, in each valuation.

Ten pieces are ordered at 5.00; the supplier charges 5.50 and 9.00 of freight that belongs into their cost,
and credits half a pound for each later. Two of them are sold at 12.00, and one comes back. Tax is 20 %. Goods
move in NAV by the stock flow, but where a test says that people move them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.flows.costs.clearing import ClearingReport, clearing_report, told
from cin7_nav.flows.costs.collect import collect_costs
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_items import NavItems, document_quantities
from cin7_nav.rules.numbers import receipt_no
from cin7_nav.store import audit

from stack.connections import SERVICES
from tests.flows.stock.conftest import Warehouse

SKU = "HV-0001"
INVENTORY, CLEARING, COGS = "2110", "5450", "7110"
PAYABLES, RECEIVABLES, REVENUE = "5410", "2310", "6110"
OUTPUT_TAX, INPUT_TAX = "5650", "5660"
AUTOMATIC = pytest.mark.parametrize("automatic", [True, False], ids=["automatic cost posting", "without it"])


class Trade:
    """The walk, and what there is to see of it."""

    def __init__(self, flow: Any, automatic: bool) -> None:
        self.flow = flow
        self.first = flow.today - dt.timedelta(days=6)
        self.second = flow.today - dt.timedelta(days=5)
        flow.sandbox.nav.patch(
            "settings", {"automatic_cost_posting": automatic, "direct_cost_applied_account": CLEARING}
        )
        nav = flow.sandbox.nav
        self.hook = NavHook(
            connection=Connection(
                conn_id="nav_default",
                conn_type="nav",
                host=nav.url,
                login="22222222-2222-4222-8222-222222222222",
                password="sandbox-nav-secret",
                extra=json.dumps(
                    {
                        "company": "Harbour & Vale Trading Ltd.",
                        "tenant_id": "11111111-1111-4111-8111-111111111111",
                        "environment": "sandbox",
                        "authority": nav.url,
                        "ca_bundle": str(nav.ca),
                        "services": SERVICES,
                    }
                ),
            ),
            sleep=lambda _: None,
        )
        self.stock = Warehouse(flow.database, flow.sandbox, flow.cin7, NavItems(self.hook), flow.directory)

    # --- what people do in Cin7 ---

    def buy(self, price: str = "5.50") -> dict[str, Any]:
        made: dict[str, Any] = self.flow.purchase(
            lines=[{"sku": SKU, "quantity": 10, "price": price}],
            charges=[{"description": "Freight", "price": "9.00", "account": "140"}],
            date=str(self.first),
        )
        self.cin7(f"purchase/{made['order_id']}/receive", date=str(self.first))
        return made

    def order(self) -> dict[str, Any]:
        """The goods come before the bill."""
        lines = [{"sku": SKU, "quantity": 10, "price": "5.00"}]
        order = self.cin7("purchase-order", lines=lines, approach="STOCK", date=str(self.first))
        self.cin7(f"purchase/{order['order_id']}/receive", date=str(self.first))
        return order

    def bill(self, order: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self.flow.purchase(
            order_id=order["order_id"],
            lines=[{"sku": SKU, "quantity": 10, "price": "5.50"}],
            charges=[{"description": "Freight", "price": "9.00", "account": "140"}],
            date=str(self.second),
        )
        return made

    def send_back(self, purchase: dict[str, Any], fraction: str) -> dict[str, Any]:
        """A part of the goods goes back to the supplier, who credits what they charged for it."""
        return self.cin7(
            f"invoice/{purchase['task_id']}/credit", fraction=fraction, restock=True, date=str(self.second)
        )

    def credit_price(self, purchase: dict[str, Any]) -> dict[str, Any]:
        """The supplier credits half a pound for each piece; no goods go back."""
        lines = [{"sku": SKU, "quantity": 10, "price": "0.50"}]
        return self.cin7(
            f"invoice/{purchase['task_id']}/credit", lines=lines, restock=False, date=str(self.second)
        )

    def sell(self) -> dict[str, Any]:
        made: dict[str, Any] = self.flow.sale(
            lines=[{"sku": SKU, "quantity": 2, "price": "12.00"}], date=str(self.second)
        )
        self.cin7(f"sale/{made['order_id']}/ship", date=str(self.second))
        return made

    def take_back(self, sale: dict[str, Any], *, restock: bool) -> dict[str, Any]:
        """One of the two pieces comes back."""
        return self.cin7(
            f"invoice/{sale['task_id']}/credit", fraction="0.5", restock=restock, date=str(self.second)
        )

    def cin7(self, what: str, **spec: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.flow.sandbox.cin7.post(what, {"announce": False, **spec})
        return made

    # --- what people do in NAV ---

    def move(self, number: str, entry_type: str, quantity: int, cost: str) -> None:
        """Goods come in or go out at NAV."""
        body = {
            "Journal_Template_Name": "ITEM",
            "Journal_Batch_Name": "CIN7",
            "Line_No": 20000,
            "Item_No": SKU,
            "Entry_Type": entry_type,
            "Posting_Date": str(self.first),
            "Document_No": number,
            "Location_Code": "LONDON",
            "Quantity": quantity,
            **({"Unit_Cost": Decimal(cost)} if entry_type == "Purchase" else {}),
        }
        self.hook.write("POST", self.hook.service("item_journal"), body)
        self.flow.sandbox.nav.post("post-item-journal", {"template": "ITEM", "batch": "CIN7"})

    # --- our flows ---

    def move_goods(self) -> None:
        self.stock.load()
        self.stock.round()

    def run(self) -> None:
        """The documents."""
        flow = self.flow
        flow.collect()
        collect_costs(flow.database, flow.cin7, flow.run, flow.mappings, self.first, self.second)
        flow.translate()
        while "received" in flow.deliver():
            flow.translate()
        flow.settle()

    # --- what is there afterwards ---

    def balances(self) -> dict[str, Decimal]:
        """NAV's balance of each account that has one, debit positive."""
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in self.flow.nav.entries_after(0):
            found[entry.account_no] += entry.amount
        return {account: amount for account, amount in found.items() if amount}

    def cin7_balances(self) -> dict[str, Decimal]:
        """The same of Cin7's own ledger."""
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in self.flow.cin7.transactions(self.first, self.flow.today):
            found[row["DebitAccountCode"]] += row["Amount"]
            found[row["CreditAccountCode"]] -= row["Amount"]
        return {account: amount for account, amount in found.items() if amount}

    def clearing(self) -> ClearingReport:
        flow = self.flow
        quantities = partial(document_quantities, self.hook)
        report = clearing_report(flow.database, flow.nav, flow.mappings, quantities)
        assert report is not None
        return report

    def cin7_cost(self) -> Decimal:
        """What one piece costs in Cin7."""
        (product,) = [one for one in self.flow.cin7.products() if one["SKU"] == SKU]
        return Decimal(product["AverageCost"])

    def standings(self) -> list[str]:
        return [one.standing.value for one in self.clearing().purchases]

    def goods(self) -> dict[tuple[str, str], Decimal]:
        """What NAV has on hand of each item and location."""
        return self.stock.nav_levels()

    def states(self) -> dict[str, int]:
        return dict(Counter(state for (state,) in self.flow.sql("SELECT state FROM document")))


@pytest.fixture
def valued_in_nav(flow: Any) -> Callable[[bool], Trade]:
    flow.sandbox.cin7.patch("settings", {"opening_stock": "none"})
    return lambda automatic: Trade(flow, automatic)


@pytest.fixture
def valued_in_cin7(flow: Any) -> Callable[[bool], Trade]:
    """The mappings and NAV's account cards as an accountant sets them up for this valuation."""
    flow.edit("company.yaml", "valuation: nav", "valuation: cin7")
    flow.edit("company.yaml", f'clearing_account: "{CLEARING}"\n', "")
    inventory = f'  - when: {{ cin7_account: "140" }}\n    account: "{INVENTORY}"\n'
    cogs = f'  - when: {{ cin7_account: "310", kind: cost_journal }}\n    account: "{COGS}"\n'
    flow.edit("accounts.yaml", "\nrules:\n", "\nrules:\n" + inventory + cogs)
    for account in (INVENTORY, COGS):
        flow.sandbox.nav.post("account", {"number": account, "direct_posting": True})
    return lambda automatic: Trade(flow, automatic)


def amounts(**by_name: str) -> dict[str, Decimal]:
    return {globals()[name.upper()]: Decimal(amount) for name, amount in by_name.items()}


def with_changes(before: dict[str, Decimal], changes: dict[str, Decimal]) -> dict[str, Decimal]:
    after = {account: before.get(account, 0) + changes.get(account, 0) for account in {*before, *changes}}
    return {account: Decimal(amount) for account, amount in after.items() if amount}


# --- NAV owns the value of stock ---


def test_valued_in_nav_everything_ends_where_it_belongs(valued_in_nav: Callable[[bool], Trade]) -> None:
    trade = valued_in_nav(True)
    purchase = trade.buy()
    trade.move_goods()
    trade.run()
    assert trade.balances() == amounts(
        inventory="64.00",  # 10 x 5.50 and their freight
        payables="-76.80",
        input_tax="12.80",
    )
    assert trade.standings() == ["settled"]

    trade.send_back(purchase, "0.5")
    trade.move_goods()
    trade.run()
    returned = amounts(inventory="32.00", payables="-38.40", input_tax="6.40")
    assert trade.balances() == returned
    assert trade.standings() == ["settled"]

    sale = trade.sell()
    trade.move_goods()
    trade.take_back(sale, restock=True)
    trade.move_goods()
    trade.run()
    restocked = trade.cin7_cost()
    changes = {
        INVENTORY: restocked - Decimal("12.80"),
        COGS: Decimal("12.80") - restocked,
        **amounts(receivables="14.40", revenue="-12.00", output_tax="-2.40"),  # half of the sale
    }
    assert trade.balances() == with_changes(returned, changes)
    assert trade.states() == {"posted": 4}
    assert trade.goods() == trade.stock.cin7_levels() == {(SKU, "LONDON"): 4}


def test_goods_before_their_bill_stand_on_the_clearing_account_until_it_comes(
    valued_in_nav: Callable[[bool], Trade],
) -> None:
    trade = valued_in_nav(True)
    order = trade.order()
    trade.move_goods()
    trade.run()
    assert trade.balances() == amounts(inventory="50.00", clearing="-50.00")
    assert trade.standings() == ["received, not invoiced"]

    billed = trade.bill(order)
    trade.run()
    dear = amounts(inventory="50.00", clearing="14.00", payables="-76.80", input_tax="12.80")
    assert trade.balances() == dear
    assert trade.standings() == ["price difference"]

    trade.credit_price(billed)
    trade.move_goods()
    trade.run()
    changes = amounts(clearing="-5.00", payables="6.00", input_tax="-1.00")
    assert trade.balances() == with_changes(dear, changes)  # what is left is the freight
    assert trade.standings() == ["price difference"]
    assert trade.clearing().balance == 9


def test_a_receipt_taken_back_takes_its_cost_off_the_clearing_account(
    valued_in_nav: Callable[[bool], Trade],
) -> None:
    trade = valued_in_nav(True)
    order = trade.order()
    trade.move_goods()
    assert trade.balances() == amounts(inventory="50.00", clearing="-50.00")
    trade.cin7(f"purchase/{order['order_id']}/undo-receipt")
    trade.move_goods()
    assert trade.balances() == {}
    assert trade.standings() == ["settled"]


def test_a_shipment_taken_back_takes_its_cost_out_of_cost_of_goods_sold(
    valued_in_nav: Callable[[bool], Trade],
) -> None:
    trade = valued_in_nav(True)
    trade.buy()
    sale = trade.sell()
    trade.move_goods()
    before = trade.balances()
    assert before[COGS] == Decimal("12.80")
    trade.cin7(f"sale/{sale['order_id']}/undo-shipment")
    trade.move_goods()
    assert trade.balances() == amounts(inventory="64.00", clearing="-64.00")


def test_a_return_to_the_supplier_that_is_undone_leaves_no_trace(
    valued_in_nav: Callable[[bool], Trade],
) -> None:
    trade = valued_in_nav(True)
    purchase = trade.buy()
    trade.move_goods()
    trade.run()
    before = trade.balances()
    returned = trade.send_back(purchase, "0.3")
    trade.move_goods()
    trade.run()
    assert trade.balances() != before
    trade.flow.act(returned, "void")
    trade.move_goods()
    trade.run()
    assert trade.balances() == before
    assert trade.standings() == ["settled"]


def test_goods_wait_that_go_back_without_a_posting_group(valued_in_nav: Callable[[bool], Trade]) -> None:
    trade = valued_in_nav(True)
    trade.stock.edit("purchase: CIN7-PURCH, ", "")
    purchase = trade.buy()
    sale = trade.sell()
    trade.send_back(purchase, "0.5")
    trade.take_back(sale, restock=True)
    trade.move_goods()
    assert trade.stock.problems() == ["posting_group_missing"]
    (told,) = [problem for one in trade.stock.all() for problem in one.problems]
    assert "for a purchase" in told.message
    assert trade.goods() == {(SKU, "LONDON"): 9}
    trade.stock.edit("posting_groups: {", "posting_groups: { purchase: CIN7-PURCH,")
    trade.move_goods()
    assert trade.goods() == trade.stock.cin7_levels() == {(SKU, "LONDON"): 4}


def test_valued_in_nav_without_automatic_cost_posting_cost_waits_in_the_item_ledger(
    valued_in_nav: Callable[[bool], Trade],
) -> None:
    trade = valued_in_nav(False)
    trade.buy()
    trade.sell()
    trade.move_goods()
    trade.run()
    assert [one.cost for one in trade.stock.ledger()] == [Decimal("64.00"), Decimal("-12.80")]
    assert trade.balances() == amounts(
        clearing="64.00",
        payables="-76.80",
        input_tax="12.80",
        receivables="28.80",
        revenue="-24.00",
        output_tax="-4.80",
    )
    (standing,) = trade.clearing().purchases
    assert standing.standing == "invoiced, not received"


def test_the_clearing_report_names_every_balance(valued_in_nav: Callable[[bool], Trade]) -> None:
    trade = valued_in_nav(True)
    billed, partly = trade.buy(), trade.buy()
    trade.move(receipt_no(partly["order_number"]), "Purchase", 4, "6.40")
    trade.move(receipt_no(partly["order_number"], 2), "Purchase", 4, "6.40")
    trade.move(receipt_no("PO-77777"), "Purchase", 1, "3.00")
    trade.move("OPENING", "Purchase", 1, "100.00")
    trade.run()
    report = trade.clearing()
    assert [(one.number, one.standing, one.balance) for one in report.purchases] == [
        (billed["order_number"], "invoiced, not received", 64),
        (partly["order_number"], "invoiced, not received", Decimal("12.80")),
        ("PO-77777", "received, not invoiced", -3),
    ]
    assert [(entry.document_no, entry.amount) for entry in report.others] == [("OPENING", -100)]
    assert report.balance == trade.balances()[CLEARING]
    lines = list(told(report))
    assert lines[0].startswith(f"{billed['order_number']}: invoiced, not received: 64")
    assert lines[-1] == f"balance of NAV account 5450: {report.balance}"


def test_an_invoice_taken_back_leaves_nothing_on_the_clearing_account(
    valued_in_nav: Callable[[bool], Trade],
) -> None:
    trade = valued_in_nav(True)
    purchase = trade.buy()
    trade.run()
    trade.flow.act(purchase, "void")
    trade.run()
    report = trade.clearing()
    assert [(one.standing, len(one.documents)) for one in report.purchases] == [("settled", 2)]
    assert trade.balances() == {}


def test_an_invoice_posted_anew_counts_its_pieces_once(valued_in_nav: Callable[[bool], Trade]) -> None:
    trade = valued_in_nav(True)
    purchase = trade.buy("5.00")
    trade.move_goods()
    trade.run()
    trade.flow.act(purchase, "undo")
    lines = [{"sku": SKU, "quantity": 10, "price": "5.50"}]
    trade.flow.act(purchase, "reauthorise", lines=lines, charges=[])
    trade.run()
    (found,) = trade.clearing().purchases
    assert (found.standing, found.balance, len(found.documents)) == ("price difference", -4, 4)


# --- Cin7 owns the value of stock ---


@AUTOMATIC
def test_valued_in_cin7_nav_agrees_with_cin7s_ledger_account_by_account(
    valued_in_cin7: Callable[[bool], Trade], automatic: bool
) -> None:
    trade = valued_in_cin7(automatic)
    purchase = trade.buy()
    sale = trade.sell()
    trade.credit_price(purchase)
    trade.take_back(sale, restock=True)
    trade.move_goods()
    trade.run()
    assert trade.goods() == {(SKU, "LONDON"): 9}
    ours, theirs = trade.balances(), trade.cin7_balances()
    pairs = {
        INVENTORY: "140",
        COGS: "310",
        PAYABLES: "800",
        RECEIVABLES: "610",
        REVENUE: "200",
    }
    assert {account: ours[account] for account in pairs} == {
        account: theirs[code] for account, code in pairs.items()
    }
    assert ours[OUTPUT_TAX] + ours[INPUT_TAX] == theirs["820"]
    assert CLEARING not in ours
    assert ours[COGS] > 0
    assert ours[INVENTORY] == Decimal("59.00") - ours[COGS]
    assert (ours[PAYABLES], ours[RECEIVABLES]) == (Decimal("-70.80"), Decimal("14.40"))
    assert sum(ours.values()) == 0


@AUTOMATIC
def test_a_late_change_of_cost_takes_the_day_back_and_posts_it_anew(
    valued_in_cin7: Callable[[bool], Trade], automatic: bool
) -> None:
    trade = valued_in_cin7(automatic)
    trade.buy()
    sale = trade.sell()
    trade.run()
    before = trade.balances()
    trade.cin7(f"sale/{sale['order_id']}/cost-change", amount="3.20")
    trade.run()
    after = trade.balances()
    assert after[COGS] - before[COGS] == Decimal("3.20")
    assert after[INVENTORY] - before[INVENTORY] == Decimal("-3.20")
    assert {account for account in after if after[account] != before[account]} == {COGS, INVENTORY}

    number = f"COST-{trade.second}"
    sent = trade.flow.sql(
        """
        SELECT v.nav_document_no, v.external_document_no, v.state, v.reverses IS NOT NULL, v.posting_date
        FROM delivery v JOIN document d ON d.id = v.document_id WHERE d.number = %s ORDER BY v.revision
        """,
        number,
    )
    assert sent[0][0] == f"C7V-{number}"
    assert [row[1:] for row in sent] == [
        (number, "posted", False, trade.second),
        (f"{number} R1", "posted", True, trade.second),
        (f"{number} /2", "posted", False, trade.second),
    ]
    entries = trade.flow.nav.posted_entries([row[0] for row in sent])
    assert len(entries) == 6
    key = f"cost_journal/{trade.second}/{trade.second}"
    assert [entry.to_state for entry in audit.trail(trade.flow.database, key)][-1] == "posted"


def test_a_change_of_a_closed_day_is_booked_on_the_first_open_one(
    valued_in_cin7: Callable[[bool], Trade],
) -> None:
    trade = valued_in_cin7(True)
    sale = trade.sell()
    trade.run()
    before = trade.balances()
    trade.flow.sandbox.nav.patch("settings", {"allow_posting_from": str(trade.flow.today)})
    trade.flow.passed += dt.timedelta(hours=1)
    trade.cin7(f"sale/{sale['order_id']}/cost-change", amount="3.20")
    trade.run()
    assert trade.balances()[COGS] - before[COGS] == Decimal("3.20")
    found = trade.flow.sql("SELECT posting_date FROM delivery WHERE nav_document_no LIKE 'C7V%%' ORDER BY id")
    assert [date for (date,) in found] == [trade.second, trade.flow.today, trade.flow.today]


def test_a_shipment_undone_takes_its_cost_back(valued_in_cin7: Callable[[bool], Trade]) -> None:
    trade = valued_in_cin7(True)
    sale = trade.sell()
    trade.run()
    assert trade.balances()[COGS] > 0
    trade.cin7(f"sale/{sale['order_id']}/undo-shipment")
    trade.run()
    assert {COGS, INVENTORY}.isdisjoint(trade.balances())
    assert trade.states() == {"posted": 1, "reversed": 1}


def test_goods_received_not_invoiced_stand_on_the_accrual_account(
    valued_in_cin7: Callable[[bool], Trade],
) -> None:
    trade = valued_in_cin7(True)
    flow = trade.flow
    flow.sandbox.cin7.patch("settings", {"accrued_inventory": True})
    accrual = f'  - when: {{ cin7_account: "815", kind: cost_journal }}\n    account: "{CLEARING}"\n'
    flow.edit("accounts.yaml", "\nrules:\n", "\nrules:\n" + accrual)
    lines = [{"sku": SKU, "quantity": 10, "price": "5.00"}]
    order = trade.cin7("purchase-order", lines=lines, approach="STOCK", date=str(trade.first))
    trade.cin7(f"purchase/{order['order_id']}/receive", date=str(trade.first))
    trade.run()
    assert trade.balances() == amounts(inventory="50.00", clearing="-50.00")
    flow.purchase(order_id=order["order_id"], lines=None, date=str(trade.second))
    trade.run()
    assert trade.balances() == amounts(inventory="50.00", payables="-60.00", input_tax="10.00")


def test_a_day_with_an_unmapped_account_waits_until_there_is_a_rule(
    valued_in_cin7: Callable[[bool], Trade],
) -> None:
    trade = valued_in_cin7(True)
    adjustment = {"quantity": "-2", "cost": "9.50", "account": "825", "date": str(trade.first)}
    trade.flow.sandbox.cin7.post("stock-adjustment", adjustment)
    trade.run()
    ((state, problems),) = trade.flow.sql("SELECT state, problems FROM document")
    assert (state, [problem["code"] for problem in problems]) == ("needs_attention", ["account_unmapped"])
    trade.flow.edit(
        "accounts.yaml", "\nrules:\n", '\nrules:\n  - { when: { cin7_account: "825" }, account: "8310" }\n'
    )
    trade.run()
    assert trade.balances() == {INVENTORY: -19, "8310": 19}
    assert trade.states() == {"posted": 1}
