"""Credit notes of every sort, as people make them: in part, with and without goods, and standing alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox.world import build_world

COST = build_world().products[0].cost
"""Of one HV-0001."""


def ledger(cin7: Any, *accounts: str) -> list[tuple[str, str, Decimal]]:
    rows = cin7.get("/transactions", Limit=1000)["Transactions"]
    found = [(row["DebitAccountCode"], row["CreditAccountCode"], Decimal(row["Amount"])) for row in rows]
    return [row for row in found if not accounts or set(row[:2]) == set(accounts)]


def balances(cin7: Any) -> dict[str, Decimal]:
    """Every Cin7 account that is not even, debit positive."""
    sums: dict[str, Decimal] = {}
    for debit, credit, amount in ledger(cin7):
        sums[debit] = sums.get(debit, Decimal(0)) + amount
        sums[credit] = sums.get(credit, Decimal(0)) - amount
    return {account: amount for account, amount in sums.items() if amount}


def sold(cin7: Any, **more: Any) -> Any:
    return cin7.admin("POST", "sale-invoice", {"lines": [{"quantity": 4, "price": "10"}], **more})


def credit(cin7: Any, made: Any, **body: Any) -> Any:
    return cin7.admin("POST", f"invoice/{made['task_id']}/credit", body)


def test_a_fraction_of_an_invoice_is_credited(cin7: Any) -> None:
    made = sold(cin7, charges=[{"price": "5"}])
    note = credit(cin7, made, fraction="0.5", date="2026-11-04", memo="half came back")
    shown = cin7.get("/sale", ID=made["order_id"])["CreditNotes"][0]
    assert (note["total_before_tax"], note["total"]) == ("22.50", "27.00")
    assert (shown["Lines"][0]["Quantity"], shown["AdditionalCharges"][0]["Total"]) == (2, Decimal("2.5"))
    assert (shown["CreditNoteDate"], shown["Memo"]) == ("2026-11-04T00:00:00", "half came back")
    assert (shown["CreditNoteInvoiceNumber"], shown["Restock"]) == (made["number"], [])


def test_a_restock_takes_back_the_cost_of_what_was_shipped(cin7: Any) -> None:
    made = sold(cin7)
    cin7.admin("POST", f"sale/{made['order_id']}/ship", {"lines": [{"quantity": 3}]})
    note = credit(cin7, made, restock=True)
    sale = cin7.get("/sale", ID=made["order_id"])
    assert ledger(cin7, "140", "310")[-1] == ("140", "310", 3 * COST)
    assert sale["COGSAmount"] == 0
    assert sale["CreditNotes"][0]["Restock"][0]["Quantity"] == 4
    assert cin7.get("/saleCreditNoteList")["SaleList"][0]["RestockStatus"] == "AUTHORISED"
    cin7.admin("POST", f"invoice/{note['task_id']}/undo")
    assert cin7.get("/sale", ID=made["order_id"])["COGSAmount"] == 3 * COST
    assert balances(cin7)["310"] == 3 * COST


def test_goods_that_were_never_shipped_come_back_without_cost(cin7: Any) -> None:
    credit(cin7, sold(cin7), restock=True)
    assert ledger(cin7, "140", "310") == []


def test_a_purchase_credit_note_unstocks_under_the_suppliers_number(cin7: Any) -> None:
    made = cin7.admin("POST", "purchase-invoice", {"lines": [{"quantity": 2, "price": "7"}]})
    credit(cin7, made, number="G 17/4", restock=True)
    note = cin7.get("/advanced-purchase", ID=made["order_id"])["CreditNote"][0]
    assert (note["CreditNoteNumber"], note["Unstock"][0]["Quantity"]) == ("G 17/4", 2)
    assert balances(cin7) == {}
    assert cin7.get("/purchaseCreditNoteList")["PurchaseList"][0]["UnstockStatus"] == "AUTHORISED"


@pytest.mark.parametrize("side", ["sale", "purchase"])
def test_a_credit_note_is_undone_authorised_again_and_voided_as_an_invoice_is(cin7: Any, side: str) -> None:
    made = cin7.admin("POST", f"{side}-invoice", {"lines": [{"price": "10"}]})
    before = balances(cin7)
    note = credit(cin7, made)
    assert balances(cin7) == {}
    cin7.admin("POST", f"invoice/{note['task_id']}/undo")
    assert balances(cin7) == before
    again = cin7.admin("POST", f"invoice/{note['task_id']}/reauthorise", {"lines": [{"price": "4"}]})
    assert (again["number"], again["total"]) == (note["number"], "4.80")
    cin7.admin("POST", f"invoice/{note['task_id']}/void")
    assert balances(cin7) == before
    facts = {one["kind"]: one for one in cin7.admin("GET", "truth")["invoices"]}[f"{side}_credit_note"]
    assert (facts["status"], facts["credits"]) == ("VOIDED", made["number"])


def test_a_draft_credit_note_posts_nothing_until_it_is_authorised(cin7: Any) -> None:
    made = sold(cin7)
    before = balances(cin7)
    note = credit(cin7, made, authorise=False)
    assert (note["status"], note["total"], balances(cin7)) == ("DRAFT", "48.00", before)
    assert cin7.admin("POST", f"invoice/{note['task_id']}/reauthorise")["status"] == "AUTHORISED"


class TestStandingAlone:
    def test_a_sale_is_nothing_but_the_credit_note(self, cin7: Any) -> None:
        body = {"customer": "Birch & Bramble", "lines": [{"price": "30"}], "date": "2026-11-05"}
        made = cin7.admin("POST", "credit-note", body)
        sale = cin7.get("/sale", ID=made["order_id"])
        assert (sale["Type"], sale["Invoices"], sale["Fulfilments"]) == ("Credit Note", [], [])
        note = sale["CreditNotes"][0]
        assert (note["TaskID"], note["CreditNoteInvoiceNumber"]) == (made["task_id"], None)
        assert (note["Status"], note["Total"]) == ("AUTHORISED", 36)
        assert ledger(cin7) == [("200", "610", Decimal(30)), ("820", "610", Decimal(6))]
        row = cin7.get("/saleCreditNoteList")["SaleList"][0]
        assert (row["Type"], row["InvoiceNumber"], row["InvoiceAmount"]) == ("Credit Note", None, -36)

    def test_a_purchase_shows_a_placeholder_for_the_invoice(self, cin7: Any) -> None:
        body = {"kind": "purchase", "supplier": "Anvil Hand Tools", "number": "G-9", "restock": True}
        made = cin7.admin("POST", "credit-note", body)
        purchase = cin7.get("/advanced-purchase", ID=made["order_id"])
        assert (purchase["Type"], purchase["Invoice"][0]["Status"]) == ("Credit Note", "NOT AVAILABLE")
        assert (purchase["CreditNote"][0]["CreditNoteNumber"], made["number"]) == ("G-9", "G-9")
        assert len(purchase["CreditNote"][0]["Unstock"]) == 1
        assert cin7.get("/purchaseCreditNoteList")["PurchaseList"][0]["Type"] == "Credit Note"
        assert cin7.refusal("GET", "/purchase", ID=made["order_id"])[0] == 400

    @pytest.mark.parametrize(("switch", "rows"), [("credit_note_list", 0), ("both", 1)])
    def test_the_other_lists_show_it_by_a_switch(self, cin7: Any, switch: str, rows: int) -> None:
        cin7.settings(standalone_in_lists=switch)
        for kind in ("sale", "purchase"):
            cin7.admin("POST", "credit-note", {"kind": kind})
            assert cin7.get(f"/{kind}List")["Total"] == rows
            assert cin7.get(f"/{kind}CreditNoteList")["Total"] == 1

    def test_it_is_announced_as_a_credit_note_alone(self, cin7: Any, receiver: Any) -> None:
        for kind in ("Sale/Created", "Sale/CreditNoteAuthorised"):
            body = {"Type": kind, "IsActive": True, "ExternalURL": receiver.url}
            cin7.post("/webhooks", body | {"ExternalAuthorizationType": "noauth"})
        made = cin7.admin("POST", "credit-note", {})
        _, _, message = receiver.wait_for(1)[0]
        assert (message["EventType"], message["TaskID"]) == ("Sale/CreditNoteAuthorised", made["task_id"])
        assert message["SaleID"] == made["order_id"]

    def test_it_can_be_voided(self, cin7: Any) -> None:
        made = cin7.admin("POST", "credit-note", {})
        assert cin7.admin("POST", f"invoice/{made['task_id']}/void")["status"] == "VOIDED"
        assert balances(cin7) == {}


class TestForeignCurrency:
    def test_the_ledger_takes_the_documents_own_rate(self, cin7: Any) -> None:
        lines = [{"price": "100", "tax_rule": "No VAT"}]
        body = {"customer": "Atelier Lumière Lille", "rate": "0.85", "document_rate": "0.9", "lines": lines}
        made = cin7.admin("POST", "sale-invoice", body)
        credit(cin7, made, rate="0.88")
        sale = cin7.get("/sale", ID=made["order_id"])
        assert sale["CurrencyRate"] == Decimal("0.85")
        assert sale["Invoices"][0]["CurrencyConversionRate"] == Decimal("0.9")
        assert sale["CreditNotes"][0]["CreditNoteConversionRate"] == Decimal("0.88")
        assert ledger(cin7) == [("610", "200", Decimal(90)), ("200", "610", Decimal(88))]

    def test_a_purchase_invoice_has_its_own_rate_too(self, cin7: Any) -> None:
        supplier = build_world().suppliers[35].name
        lines = [{"price": "100", "tax_rule": "No VAT"}]
        body = {"supplier": supplier, "rate": "0.78", "document_rate": "0.8", "lines": lines}
        made = cin7.admin("POST", "purchase-invoice", body)
        purchase = cin7.get("/advanced-purchase", ID=made["order_id"])
        assert (purchase["SupplierCurrency"], purchase["CurrencyRate"]) == ("USD", Decimal("0.78"))
        assert purchase["Invoice"][0]["CurrencyRate"] == Decimal("0.8")
        assert ledger(cin7) == [("140", "800", Decimal(80))]

    def test_a_party_given_another_currency_trades_in_it_at_its_usual_rate(self, cin7: Any) -> None:
        supplier = cin7.get("/supplier", Name="Anvil Hand Tools")["SupplierList"][0]
        cin7.put("/supplier", {"ID": supplier["ID"], "Currency": "EUR"})
        lines = [{"price": "100", "tax_rule": "No VAT"}]
        cin7.admin("POST", "purchase-invoice", {"supplier": "Anvil Hand Tools", "lines": lines})
        assert ledger(cin7) == [("140", "800", Decimal("85.43"))]


class TestOddDocuments:
    def test_fields_are_laid_over_a_document_and_polling_finds_it(self, cin7: Any) -> None:
        made = sold(cin7)
        since = cin7.admin("POST", "clock", {"advance_seconds": 60})["now"]
        odd = {"Lines": None, "Total": 12.3456, "Memo": "x" * 300, "Unheard": 1}
        cin7.admin("POST", f"invoice/{made['task_id']}/raw", odd)
        shown = cin7.get("/sale", ID=made["order_id"])["Invoices"][0]
        assert (shown["Lines"], shown["Total"], len(shown["Memo"])) == (None, Decimal("12.3456"), 300)
        assert shown["Unheard"] == 1
        bare = cin7.get("/sale/invoice", SaleID=made["order_id"])["Invoices"][0]
        assert (bare["Lines"], {"Total", "Unheard"} & bare.keys()) == (None, set())
        assert cin7.get("/saleList", UpdatedSince=since)["Total"] == 1

    def test_fields_are_laid_over_an_order(self, cin7: Any) -> None:
        made = cin7.admin("POST", "purchase-invoice", {})
        name = 'Žofie "&" O\'Neill 株式会社'
        cin7.admin("POST", f"purchase/{made['order_id']}/raw", {"Supplier": name, "CreditNote": None})
        purchase = cin7.get("/advanced-purchase", ID=made["order_id"])
        assert (purchase["Supplier"], purchase["CreditNote"]) == (name, None)

    def test_four_decimals_in_the_lines(self, cin7: Any) -> None:
        cin7.settings(line_decimals=4)
        made = sold(cin7, lines=[{"quantity": "3", "price": "0.3333"}])
        line = cin7.get("/sale", ID=made["order_id"])["Invoices"][0]["Lines"][0]
        assert line["Total"] == Decimal("0.9999")

    def test_one_number_of_two_suppliers_and_twice_of_one(self, cin7: Any) -> None:
        suppliers = (None, "Anvil Hand Tools", "Anvil Hand Tools")
        bodies = [{"number": "INV 1", "supplier": supplier} for supplier in suppliers]
        made = [cin7.admin("POST", "purchase-invoice", body) for body in bodies]
        assert {one["number"] for one in made} == {"INV 1"}
        assert len({one["task_id"] for one in made}) == 3

    def test_an_unknown_action_is_refused(self, cin7: Any) -> None:
        made = sold(cin7)
        for path in (f"invoice/{made['task_id']}/eat", f"sale/{made['order_id']}/eat"):
            with pytest.raises(requests.HTTPError, match="404"):
                cin7.admin("POST", path)
