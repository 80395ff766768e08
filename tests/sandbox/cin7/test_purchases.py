"""A purchase's life over the API, arrays and objects, and the ledger rows behind everything."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

ZERO_ID = "00000000-0000-0000-0000-000000000000"
LINE = {"SKU": "HV-0002", "Quantity": 4, "Price": "10.25", "TaxRule": "20% VAT on Purchases"}


def make(cin7: Any, kind: str = "Advanced", **header: Any) -> str:
    body = {"Supplier": "Anvil Hand Tools", "Location": "London", "Approach": "INVOICE", "PurchaseType": kind}
    purchase_id: str = cin7.post("/advanced-purchase", body | header)["ID"]
    cin7.post("/purchase/order", {"TaskID": purchase_id, "Status": "AUTHORISED", "Lines": [LINE]})
    return purchase_id


def invoice(cin7: Any, purchase_id: str, number: str = "A/1", **more: Any) -> Any:
    body = {"PurchaseID": purchase_id, "TaskID": ZERO_ID, "Status": "AUTHORISED", "InvoiceNumber": number,
            "InvoiceDate": "2026-11-02T00:00:00", "Lines": [LINE], **more}  # fmt: skip
    return cin7.post("/advanced-purchase/invoice", body)["Invoices"][-1]


def read(cin7: Any, purchase_id: str) -> Any:
    return cin7.get("/advanced-purchase", ID=purchase_id)


def ledger(cin7: Any) -> list[tuple[str, str, Decimal]]:
    rows = cin7.get("/transactions", Limit=1000)["Transactions"]
    return [(row["DebitAccountCode"], row["CreditAccountCode"], Decimal(row["Amount"])) for row in rows]


def test_parts_that_do_not_exist_yet_show_a_placeholder(cin7: Any) -> None:
    purchase_id = make(cin7)
    purchase = read(cin7, purchase_id)
    for part in ("StockReceived", "PutAway", "Invoice", "CreditNote", "ManualJournals"):
        assert [(one["Status"], one["TaskID"]) for one in purchase[part]] == [("NOT AVAILABLE", purchase_id)]


def test_the_suppliers_number_is_kept_and_need_not_be_unique(cin7: Any) -> None:
    first, second = make(cin7), make(cin7)
    assert invoice(cin7, first, "INV 7/26")["InvoiceNumber"] == "INV 7/26"
    assert invoice(cin7, second, "INV 7/26")["InvoiceNumber"] == "INV 7/26"


def test_groups_of_an_advanced_purchase_have_their_own_tasks(cin7: Any) -> None:
    purchase_id = make(cin7)
    first, second = invoice(cin7, purchase_id), invoice(cin7, purchase_id, "A/2")
    assert [first["InvoicingAndReceivingNumber"], second["InvoicingAndReceivingNumber"]] == [1, 2]
    assert len({first["TaskID"], second["TaskID"], purchase_id}) == 3
    assert second["InvoiceTotalAmount"] == Decimal("49.2")


def test_the_deprecated_endpoint_sends_objects_and_a_misspelt_number(cin7: Any) -> None:
    purchase_id = make(cin7, "Simple")
    invoice(cin7, purchase_id)
    purchase = cin7.get("/purchase", ID=purchase_id)
    assert purchase["Invoice"]["InvocieNumber"] == "A/1"
    assert not {"InvoiceNumber", "TaskID"} & purchase["Invoice"].keys()
    assert purchase["CreditNote"]["Unstock"] == {"Status": "NOT AVAILABLE", "Lines": []}
    assert purchase["StockReceived"] == {"Status": "NOT AVAILABLE", "Lines": []}
    cin7.settings(invoice_number_spelling="InvoiceNumber")
    assert cin7.get("/purchase", ID=purchase_id)["Invoice"]["InvoiceNumber"] == "A/1"
    assert read(cin7, purchase_id)["Invoice"][0]["TaskID"] == purchase_id


@pytest.mark.parametrize("kind", ["Advanced", "Service"])
def test_the_deprecated_endpoint_refuses_all_but_simple_purchases(cin7: Any, kind: str) -> None:
    made = cin7.admin("POST", "purchase-invoice", {"type": kind})
    status, texts = cin7.refusal("GET", "/purchase", ID=made["order_id"])
    assert status == 400
    assert texts[0].startswith("This endpoint is deprecated")


def test_service_purchases_carry_everything_in_charges(cin7: Any) -> None:
    charge = {"description": "Installation", "price": "80", "account": "400"}
    made = cin7.admin("POST", "purchase-invoice", {"type": "Service", "charges": [charge]})
    purchase = read(cin7, made["order_id"])
    assert (purchase["Type"], purchase["IsServiceOnly"]) == ("Service Purchase", True)
    assert purchase["Invoice"][0]["Lines"] == []
    assert purchase["Invoice"][0]["AdditionalCharges"][0]["Account"] == "400"


class TestStock:
    def receive(self, purchase_id: str, **more: Any) -> dict[str, Any]:
        line = {"SKU": "HV-0002", "Quantity": 4, "Location": "London", "Date": "2026-11-03"}
        return {"PurchaseID": purchase_id, "Status": "AUTHORISED", "Lines": [line], **more}

    def test_invoice_first_refuses_stock_before_the_invoice(self, cin7: Any) -> None:
        purchase_id = make(cin7)
        _, texts = cin7.refusal("POST", "/advanced-purchase/stock", self.receive(purchase_id))
        assert texts == ["'Invoice First' approach option set. Please authorise Invoice before StockReceived"]

    def test_stock_first_refuses_the_invoice_before_stock(self, cin7: Any) -> None:
        purchase_id = make(cin7, Approach="STOCK")
        body = {"PurchaseID": purchase_id, "Status": "AUTHORISED", "InvoiceNumber": "1",
                "InvoiceDate": "2026-11-02", "Lines": [LINE]}  # fmt: skip
        assert "Stock First" in cin7.refusal("POST", "/advanced-purchase/invoice", body)[1][0]

    def test_the_group_of_the_invoice_is_received_without_location_and_put_away_with(self, cin7: Any) -> None:
        purchase_id = make(cin7)
        task = invoice(cin7, purchase_id)["TaskID"]
        cin7.post("/advanced-purchase/stock", self.receive(purchase_id, TaskID=task))
        purchase = read(cin7, purchase_id)
        assert purchase["StockReceived"][0]["TaskID"] == task
        assert purchase["StockReceived"][0]["Lines"][0]["Location"] is None
        assert purchase["PutAway"][0]["Lines"][0]["Location"] == "London"
        assert purchase["CombinedReceivingStatus"] == "FULLY RECEIVED"

    def test_receiving_turns_a_simple_purchase_into_an_advanced_one(self, cin7: Any) -> None:
        purchase_id = make(cin7, "Simple")
        invoice(cin7, purchase_id)
        cin7.post("/advanced-purchase/stock", self.receive(purchase_id, TaskID=purchase_id))
        assert read(cin7, purchase_id)["Type"] == "Advanced Purchase"

    def test_a_line_without_date_or_with_a_bin_name_is_refused(self, cin7: Any) -> None:
        purchase_id = make(cin7)
        invoice(cin7, purchase_id)
        body = self.receive(purchase_id)
        assert cin7.refusal(
            "POST", "/advanced-purchase/stock", body | {"Lines": [{**body["Lines"][0], "Date": None}]}
        )[1] == ["'Date' is required for 'Lines' line"]
        wrong = body | {"Lines": [{**body["Lines"][0], "Location": "London: A-01"}]}
        assert (
            "not found in Locations reference book"
            in cin7.refusal("POST", "/advanced-purchase/stock", wrong)[1][0]
        )

    def test_deleting_answers_200_and_removes_nothing(self, cin7: Any) -> None:
        purchase_id = make(cin7)
        task = invoice(cin7, purchase_id)["TaskID"]
        cin7.post("/advanced-purchase/stock", self.receive(purchase_id, TaskID=task))
        assert len(cin7.delete("/advanced-purchase/stock", TaskID=task)["StockReceiving"]) == 1


class TestLedger:
    def test_an_authorised_invoice_debits_its_accounts_and_the_tax(self, cin7: Any) -> None:
        purchase_id = make(cin7)
        invoice(cin7, purchase_id, AdditionalCharges=[
            {"Description": "Freight", "Price": 5, "TaxRule": "Zero rated Purchases"}])  # fmt: skip
        assert ledger(cin7) == [
            ("140", "800", Decimal(41)),
            ("425", "800", Decimal(5)),
            ("820", "800", Decimal("8.2")),
        ]

    def test_undo_and_void_reverse_with_negative_rows(self, cin7: Any) -> None:
        purchase_id = make(cin7)
        task = invoice(cin7, purchase_id)["TaskID"]
        cin7.delete("/advanced-purchase/invoice", TaskID=task)
        assert [amount for *_, amount in ledger(cin7)] == [41, Decimal("8.2"), -41, Decimal("-8.2")]
        invoice(cin7, purchase_id, TaskID=task, Lines=[LINE | {"Quantity": 1}])
        cin7.delete("/advanced-purchase/invoice", TaskID=task, Void="true")
        amounts = [amount for *_, amount in ledger(cin7)]
        assert (len(amounts), sum(amounts)) == (8, 0)
        assert amounts[-2:] == [Decimal("-10.25"), Decimal("-2.05")]

    def test_credit_notes_and_payments_have_their_own_rows(self, cin7: Any) -> None:
        made = cin7.admin("POST", "sale-invoice", {"lines": [{"price": "10"}]})
        cin7.admin("POST", f"invoice/{made['task_id']}/pay", {"amount": "2"})
        cin7.admin("POST", f"invoice/{made['task_id']}/credit")
        assert ledger(cin7) == [
            ("610", "200", Decimal(10)),
            ("610", "820", Decimal(2)),
            ("090", "610", Decimal(2)),
            ("200", "610", Decimal(10)),
            ("820", "610", Decimal(2)),
        ]

    def test_foreign_documents_are_in_base_currency(self, cin7: Any) -> None:
        cin7.admin("POST", "sale-invoice", {"customer": "Atelier Lumière Lille", "rate": "0.85432",
                   "lines": [{"price": "100", "tax_rule": "No VAT"}]})  # fmt: skip
        assert ledger(cin7) == [("610", "200", Decimal("85.43"))]

    @pytest.mark.parametrize("switch", ["document", "order"])
    def test_rows_carry_the_document_or_the_order(self, cin7: Any, switch: str) -> None:
        cin7.settings(transaction_task_id=switch)
        purchase_id = make(cin7)
        task = invoice(cin7, purchase_id)["TaskID"]
        rows = cin7.get("/transactions")["Transactions"]
        assert {row["TaskID"] for row in rows} == {task if switch == "document" else purchase_id}
        assert rows[0]["Reference"] == "A/1"
        assert rows[0]["Transaction"] == "Anvil Hand Tools - A/1"
        assert rows[0]["Type"] == "Purchase"

    def test_the_bounds_of_the_dates_are_exclusive(self, cin7: Any) -> None:
        invoice(cin7, make(cin7))
        wide = cin7.get("/transactions", FromDate="2026-11-01", ToDate="2026-11-03")
        assert wide["Total"] == 2
        assert cin7.get("/transactions", FromDate="2026-11-02", ToDate="2026-11-03")["Total"] == 0
        assert cin7.get("/transactions", FromDate="2026-11-01", ToDate="2026-11-02")["Total"] == 0
        assert cin7.get("/transactions", Account="820")["Total"] == 1


def test_an_undone_simple_invoice_is_refused_by_the_api_and_done_by_people(cin7: Any) -> None:
    purchase_id = make(cin7, "Simple")
    invoice(cin7, purchase_id)
    assert cin7.refusal("DELETE", "/advanced-purchase/invoice", TaskID=purchase_id)[0] == 400
    assert cin7.admin("POST", f"invoice/{purchase_id}/undo")["status"] == "DRAFT"


def test_payments_are_found_by_number(cin7: Any) -> None:
    made = cin7.admin("POST", "purchase-invoice", {"number": "Q-1"})
    cin7.admin("POST", f"invoice/{made['task_id']}/pay")
    rows = cin7.get("/advanced-purchase/payment", InvoiceNumber="Q-1")
    assert [(row["PurchaseID"], row["Type"], row["DepositID"]) for row in rows] == [
        (made["order_id"], "Payment", None)
    ]
    assert cin7.get("/advanced-purchase/payment", InvoiceNumber="Q-2") == []
    assert read(cin7, made["order_id"])["Invoice"][0]["Status"] == "PAID"


def test_a_credit_note_needs_the_suppliers_number_and_unstocks(cin7: Any) -> None:
    purchase_id = make(cin7)
    invoice(cin7, purchase_id)
    stock = {"SKU": "HV-0002", "Quantity": 1, "Location": "London"}
    body = {"PurchaseID": purchase_id, "TaskID": ZERO_ID, "CreditNoteInvoiceNumber": "A/1",
            "Status": "AUTHORISED", "Lines": [LINE | {"Quantity": 1}], "Unstock": [stock]}  # fmt: skip
    assert cin7.refusal("POST", "/advanced-purchase/creditnote", body)[1] == [
        "Required attribute CreditNoteNumber is not provided."
    ]
    note = cin7.post("/advanced-purchase/creditnote", body | {"CreditNoteNumber": "G 1"})["CreditNotes"][0]
    assert (note["Total"], note["Unstock"][0]["Location"]) == (Decimal("12.3"), "London")
    row = cin7.get("/purchaseCreditNoteList")["PurchaseList"][0]
    assert row["CreditNoteNumber"] == "G 1"
    assert not row["LastUpdatedDate"].endswith("Z")
