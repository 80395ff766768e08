"""A sale's life over the API: two-step creation, authorise, pay, undo, void, credit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

ZERO_ID = "00000000-0000-0000-0000-000000000000"
LINE = {"SKU": "HV-0004", "Quantity": 2, "Price": 150, "Discount": 12.5, "TaxRule": "20% VAT on Sales"}
FREIGHT = {"Description": "Freight", "Price": "9.99", "Quantity": 1, "TaxRule": "Zero rated Sales"}


def make(cin7: Any, kind: str = "Advanced", **header: Any) -> str:
    body = {"Customer": "Birch & Bramble", "Location": "London", "SaleType": kind, **header}
    sale_id: str = cin7.post("/sale", body)["ID"]
    cin7.post(
        "/sale/order",
        {"SaleID": sale_id, "Status": "AUTHORISED", "Lines": [LINE], "AdditionalCharges": [FREIGHT]},
    )
    return sale_id


def invoice(cin7: Any, sale_id: str, task_id: str = ZERO_ID, status: str = "AUTHORISED", **more: Any) -> Any:
    body = {"SaleID": sale_id, "TaskID": task_id, "CombineAdditionalCharges": False, "Status": status,
            "InvoiceDate": "2026-11-02T00:00:00", "InvoiceDueDate": "2026-12-02T00:00:00", "Lines": [LINE],
            "AdditionalCharges": [FREIGHT], **more}  # fmt: skip
    return cin7.post("/sale/invoice", body)["Invoices"][-1]


def read(cin7: Any, sale_id: str, **query: Any) -> Any:
    return cin7.get("/sale", ID=sale_id, **query)


def test_a_nested_order_is_silently_ignored(cin7: Any) -> None:
    body = {
        "Customer": "Birch & Bramble",
        "Location": "London",
        "Order": {"Status": "AUTHORISED", "Lines": [LINE]},
    }
    sale = cin7.post("/sale", body)
    assert (sale["Order"]["Status"], sale["Order"]["Lines"]) == ("NOT AVAILABLE", [])


def test_numbers_are_exact_and_nulls_present(cin7: Any) -> None:
    sale_id = make(cin7)
    invoice(cin7, sale_id)
    document = read(cin7, sale_id)["Invoices"][0]
    assert document["Lines"][0]["Total"] == Decimal("262.5")
    assert document["Lines"][0]["Tax"] == Decimal("52.5")
    assert document["AdditionalCharges"][0]["Total"] == Decimal("9.99")
    assert document["AdditionalCharges"][0]["Account"] == "220"
    assert (document["TotalBeforeTax"], document["Tax"], document["Total"]) == (
        Decimal("272.49"),
        Decimal("52.5"),
        Decimal("324.99"),
    )
    assert document["LinkedFulfillmentNumber"] is None
    assert document["InvoiceDate"] == "2026-11-02T00:00:00"


def test_inclusive_totals_are_gross(cin7: Any) -> None:
    sale_id = make(cin7, TaxInclusive="true")
    invoice(cin7, sale_id)
    sale = read(cin7, sale_id)
    document = sale["Invoices"][0]
    assert sale["TaxCalculation"] == "Inclusive"
    assert document["Lines"][0]["Total"] == Decimal("262.5")
    assert document["Lines"][0]["Tax"] == Decimal("43.75")
    assert (document["TotalBeforeTax"], document["Total"]) == (Decimal("228.74"), Decimal("272.49"))


def test_tax_by_document_may_differ_from_the_sum_of_the_lines(cin7: Any) -> None:
    cin7.settings(tax_calculation_method="Total")
    lines = [{"quantity": 1, "price": "0.13"}] * 3
    made = cin7.admin("POST", "sale-invoice", {"lines": lines})
    document = read(cin7, made["order_id"])["Invoices"][0]
    assert sum(line["Tax"] for line in document["Lines"]) == Decimal("0.09")
    assert document["Tax"] == Decimal("0.08")
    assert cin7.get("/me")["TaxCalculationMethod"] == "Total"


def test_the_invoice_endpoint_has_no_totals_and_no_payments(cin7: Any) -> None:
    sale_id = make(cin7)
    document = invoice(cin7, sale_id)
    assert not {"Payments", "TotalBeforeTax", "Tax", "Total", "Paid"} & document.keys()
    assert document["CombineAdditionalCharges"] is False


def test_combined_charges_move_into_the_lines(cin7: Any) -> None:
    sale_id = make(cin7)
    invoice(cin7, sale_id)
    document = read(cin7, sale_id, CombineAdditionalCharges="true")["Invoices"][0]
    assert [line["ProductID"] is None for line in document["Lines"]] == [False, True]
    assert document["AdditionalCharges"] == []


def test_simple_documents_share_the_sales_id_and_advanced_ones_do_not(cin7: Any) -> None:
    simple, advanced = make(cin7, "Simple"), make(cin7)
    assert invoice(cin7, simple)["TaskID"] == simple
    first, second = invoice(cin7, advanced), invoice(cin7, advanced)
    assert len({first["TaskID"], second["TaskID"], advanced}) == 3
    assert (first["InvoiceNumber"], second["InvoiceNumber"]) == ("INV-00002", "INV-00003")
    assert read(cin7, advanced)["Type"] == "Advanced Sale"


def test_service_sales_carry_everything_in_charges(cin7: Any) -> None:
    made = cin7.admin("POST", "sale-invoice", {"type": "Service"})
    sale = read(cin7, made["order_id"])
    assert sale["ServiceOnly"] is True
    assert sale["Invoices"][0]["Lines"] == []
    assert sale["Invoices"][0]["AdditionalCharges"][0]["Account"] == "210"
    assert sale["Invoices"][0]["TaskID"] == sale["ID"]


def test_an_advanced_sale_stays_ordered_until_it_is_completed(cin7: Any) -> None:
    sale_id = make(cin7)
    task = invoice(cin7, sale_id)["TaskID"]
    assert read(cin7, sale_id)["Status"] == "ORDERED"
    assert read(cin7, sale_id)["CombinedInvoiceStatus"] == "INVOICED"
    cin7.admin("POST", f"invoice/{task}/pay")
    assert read(cin7, sale_id)["Status"] == "COMPLETED"


class TestRefusals:
    def test_an_invoice_needs_an_authorised_order(self, cin7: Any) -> None:
        sale_id = cin7.post("/sale", {"Customer": "Birch & Bramble", "Location": "London"})["ID"]
        body = {"SaleID": sale_id, "TaskID": ZERO_ID, "Status": "AUTHORISED", "InvoiceDate": "2026-11-02",
                "InvoiceDueDate": "2026-11-02", "Lines": [LINE]}  # fmt: skip
        status, texts = cin7.refusal("POST", "/sale/invoice", body)
        assert (status, texts) == (400, ["Order should be authorised before the invoice"])

    @pytest.mark.parametrize(
        ("wrong", "text"),
        [
            (
                {"Total": 1},
                "attribute 'Total' doesn't match Claw hammer, professional. Expected value is: 262.50",
            ),
            ({"TaxRule": "VAT 19"}, "Tax rule 'VAT 19' was not found in reference book"),
            ({"TaxRule": None}, "Required attribute TaxRule is not provided."),
            ({"SKU": "HV-9999"}, "Product 'HV-9999' was not found"),
            ({"Account": "999"}, "Account with code '999' was not found in Chart of Accounts"),
        ],
    )
    def test_a_wrong_line_is_named(self, cin7: Any, wrong: dict[str, Any], text: str) -> None:
        sale_id = make(cin7)
        body = {"SaleID": sale_id, "TaskID": ZERO_ID, "Status": "DRAFT", "InvoiceDate": "2026-11-02",
                "InvoiceDueDate": "2026-11-02", "Lines": [LINE | wrong]}  # fmt: skip
        assert cin7.refusal("POST", "/sale/invoice", body) == (400, [text])
        assert cin7.get("/sale/invoice", SaleID=sale_id)["Invoices"] == []

    def test_only_some_problems_are_told_at_a_time(self, cin7: Any) -> None:
        sale_id = make(cin7)
        body = {"SaleID": sale_id, "Status": "DRAFT", "Lines": [LINE | {"SKU": f"X{n}"} for n in range(9)]}
        sale_id = cin7.post("/sale", {"Customer": "Birch & Bramble", "Location": "London"})["ID"]
        assert len(cin7.refusal("POST", "/sale/order", body | {"SaleID": sale_id})[1]) == 3

    def test_a_locked_date_blocks_authorising_and_voiding(self, cin7: Any) -> None:
        sale_id = make(cin7)
        task = invoice(cin7, sale_id)["TaskID"]
        cin7.settings(lock_date="2026-11-30")
        status, texts = cin7.refusal("DELETE", "/sale/invoice", TaskID=task, Void="true")
        assert status == 400
        assert "locked" in texts[0]

    def test_unknown_customer_location_and_missing_rate(self, cin7: Any) -> None:
        assert cin7.refusal("POST", "/sale", {"Customer": "Nobody", "Location": "London"})[1] == [
            "Customer 'Nobody' was not found"
        ]
        body = {"Customer": "Birch & Bramble", "Location": "Paris"}
        assert "Location 'Paris' was not found" in cin7.refusal("POST", "/sale", body)[1][0]
        body = {"Customer": "Atelier Lumière Lille", "Location": "London"}
        assert cin7.refusal("POST", "/sale", body)[1] == ["Required attribute CurrencyRate is not provided."]


class TestUndoAndVoid:
    def test_undo_keeps_task_number_and_lines_and_can_be_authorised_again(self, cin7: Any) -> None:
        sale_id = make(cin7)
        before = invoice(cin7, sale_id)
        undone = cin7.delete("/sale/invoice", TaskID=before["TaskID"])["Invoices"][0]
        assert undone == before | {"Status": "DRAFT"}
        again = invoice(cin7, sale_id, before["TaskID"], AdditionalCharges=[])
        assert (again["TaskID"], again["InvoiceNumber"]) == (before["TaskID"], before["InvoiceNumber"])
        assert again["Status"] == "AUTHORISED"
        assert again["AdditionalCharges"] == []

    @pytest.mark.parametrize(("switch", "lines"), [("kept", 1), ("emptied", 0)])
    def test_a_voided_revision_stays_beside_the_live_one(self, cin7: Any, switch: str, lines: int) -> None:
        cin7.settings(voided_lines=switch)
        sale_id = make(cin7)
        cin7.delete("/sale/invoice", TaskID=invoice(cin7, sale_id)["TaskID"], Void="true")
        invoice(cin7, sale_id)
        documents = read(cin7, sale_id)["Invoices"]
        assert [document["Status"] for document in documents] == ["VOIDED", "AUTHORISED"]
        assert len(documents[0]["Lines"]) == lines
        row = cin7.get("/saleList")["SaleList"][0]
        assert row["InvoiceAmount"] == Decimal("324.99")
        assert row["InvoiceNumber"] == documents[1]["InvoiceNumber"]

    def test_a_voided_invoice_cannot_come_back(self, cin7: Any) -> None:
        sale_id = make(cin7)
        task = invoice(cin7, sale_id)["TaskID"]
        cin7.delete("/sale/invoice", TaskID=task, Void="true")
        assert cin7.refusal("DELETE", "/sale/invoice", TaskID=task, Void="true")[0] == 400
        assert cin7.refusal("DELETE", "/sale/invoice", TaskID=task)[0] == 400

    def test_voiding_the_sale_voids_its_documents(self, cin7: Any) -> None:
        sale_id = make(cin7)
        invoice(cin7, sale_id)
        sale = cin7.delete("/sale", ID=sale_id, Void="true")
        assert (sale["Status"], sale["Invoices"][0]["Status"]) == ("VOIDED", "VOIDED")

    def test_an_order_with_a_standing_invoice_cannot_be_undone(self, cin7: Any) -> None:
        sale_id = make(cin7)
        task = invoice(cin7, sale_id)["TaskID"]
        assert cin7.refusal("DELETE", "/sale", ID=sale_id)[0] == 400
        cin7.delete("/sale/invoice", TaskID=task)
        assert cin7.delete("/sale", ID=sale_id)["Order"]["Status"] == "DRAFT"

    def test_put_leaves_what_is_omitted_and_empties_empty_arrays(self, cin7: Any) -> None:
        sale_id = make(cin7)
        task = invoice(cin7, sale_id, status="DRAFT", Memo="mind the step")["TaskID"]
        body = {"SaleID": sale_id, "TaskID": task, "AdditionalCharges": []}
        document = cin7.put("/sale/invoice", body)["Invoices"][0]
        assert (document["Memo"], len(document["Lines"])) == ("mind the step", 1)
        assert document["AdditionalCharges"] == []


class TestPayments:
    def body(self, task: str, amount: str) -> dict[str, Any]:
        return {"TaskID": task, "Type": "Payment", "Amount": amount, "DatePaid": "2026-11-05T00:00:00",
                "Account": "090", "CurrencyRate": 1}  # fmt: skip

    def test_paying_in_full_makes_it_paid_and_removing_takes_it_back(self, cin7: Any) -> None:
        sale_id = make(cin7)
        task = invoice(cin7, sale_id)["TaskID"]
        cin7.post("/sale/payment", self.body(task, "300"))
        assert read(cin7, sale_id)["Invoices"][0]["Status"] == "AUTHORISED"
        assert read(cin7, sale_id)["CombinedPaymentStatus"] == "PARTIALLY PAID"
        second = cin7.post("/sale/payment", self.body(task, "24.99"))
        document = read(cin7, sale_id)["Invoices"][0]
        assert (document["Status"], document["Paid"]) == ("PAID", Decimal("324.99"))
        assert [row["Amount"] for row in cin7.get("/sale/payment", SaleID=sale_id)] == [300, Decimal("24.99")]
        assert cin7.delete("/sale/payment", ID=second["ID"]) == {"Success": True}
        assert read(cin7, sale_id)["Invoices"][0]["Status"] == "AUTHORISED"

    def test_more_than_the_balance_is_refused(self, cin7: Any) -> None:
        sale_id = make(cin7)
        task = invoice(cin7, sale_id)["TaskID"]
        assert cin7.refusal("POST", "/sale/payment", self.body(task, "324.991"))[0] == 400

    def test_a_payment_touches_the_sale(self, cin7: Any) -> None:
        sale_id = make(cin7)
        task = invoice(cin7, sale_id)["TaskID"]
        since = cin7.admin("POST", "clock", {"advance_seconds": 60})["now"]
        assert cin7.get("/saleList", UpdatedSince=since)["Total"] == 0
        cin7.admin("POST", "clock", {"advance_seconds": 1})
        cin7.post("/sale/payment", self.body(task, "1"))
        assert cin7.get("/saleList", UpdatedSince=since)["Total"] == 1


class TestCreditNotes:
    def test_amounts_are_positive_and_reduce_the_invoice_amount(self, cin7: Any) -> None:
        sale_id = make(cin7)
        number = invoice(cin7, sale_id)["InvoiceNumber"]
        body = {"SaleID": sale_id, "TaskID": ZERO_ID, "CreditNoteInvoiceNumber": number,
                "Status": "AUTHORISED", "CreditNoteDate": "2026-11-03T00:00:00",
                "Lines": [LINE | {"Quantity": 1}]}  # fmt: skip
        note = cin7.post("/sale/creditnote", body)["CreditNotes"][0]
        assert (note["CreditNoteNumber"], note["Lines"][0]["Total"]) == ("CR-00001", Decimal("131.25"))
        assert read(cin7, sale_id)["CreditNotes"][0]["Total"] == Decimal("157.5")
        row = cin7.get("/saleCreditNoteList")["SaleList"][0]
        assert row["InvoiceAmount"] == Decimal("167.49")
        assert row["CombinedInvoiceStatus"] == "INVOICED / CREDITED"
        assert (row["RestockStatus"], "CombinedPaymentTotal" in row) == ("NOT AVAILABLE", False)

    def test_a_draft_invoice_cannot_be_credited(self, cin7: Any) -> None:
        sale_id = make(cin7)
        number = invoice(cin7, sale_id, status="DRAFT")["InvoiceNumber"]
        body = {"SaleID": sale_id, "TaskID": ZERO_ID, "CreditNoteInvoiceNumber": number, "Status": "DRAFT"}
        assert cin7.refusal("POST", "/sale/creditnote", body)[0] == 400

    def test_payment_info_comes_on_request(self, cin7: Any) -> None:
        made = cin7.admin("POST", "sale-invoice", {})
        note = cin7.admin("POST", f"invoice/{made['task_id']}/credit")
        cin7.admin("POST", f"invoice/{note['task_id']}/pay", {"amount": "1"})
        bare = cin7.get("/sale/creditnote", SaleID=made["order_id"])["CreditNotes"][0]
        full = cin7.get("/sale/creditnote", SaleID=made["order_id"], IncludePaymentInfo="true")
        assert "Payments" not in bare
        assert full["CreditNotes"][0]["Payments"][0]["Type"] == "Refund"
        assert full["CreditNotes"][0]["CreditNoteBalance"] == Decimal(note["total"]) - 1
