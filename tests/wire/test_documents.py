import copy
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cin7_nav.model import Kind, LineType, SourceStatus
from cin7_nav.wire.documents import purchase_documents, sale_documents
from cin7_nav.wire.fields import WireError

SALE = json.loads((Path(__file__).parent / "sale.json").read_text(), parse_float=Decimal)
INVOICE = SALE["Invoices"][1]
PURCHASE = {
    "ID": "a2000000-0000-4000-8000-00000000000a",
    "Supplier": "Anvil Ltd",
    "SupplierID": "b2000000-0000-4000-8000-00000000000b",
    "BaseCurrency": "GBP",
    "SupplierCurrency": "GBP",
    "TaxCalculation": "Inclusive",
    "CurrencyRate": 1,
    "OrderNumber": "PO-00001",
    "OrderDate": "2026-02-01T00:00:00",
}
PURCHASE_INVOICE = {
    "InvoiceDate": "2026-02-14T00:00:00",
    "InvocieNumber": "4711/b",
    "Status": "AUTHORISED",
    "Lines": [],
    "AdditionalCharges": [
        {
            "Description": "Repair",
            "Reference": "",
            "Quantity": 1,
            "Price": 12,
            "Discount": 0,
            "Tax": 2,
            "Total": 12,
            "TaxRule": "VAT",
            "Account": "453",
            "NonInventory": True,
        }
    ],
    "TotalBeforeTax": 10,
    "Tax": 2,
    "Total": 12,
}


def sale(**invoice: Any) -> dict[str, Any]:
    changed = copy.deepcopy(SALE)
    changed["Invoices"] = [{**INVOICE, **invoice}]
    changed["CreditNotes"] = None
    return changed


def test_a_sale_gives_its_invoices_and_credit_notes_without_placeholders() -> None:
    voided, paid, credit_note = sale_documents(SALE)
    assert [each.status for each in (voided, paid, credit_note)] == [
        SourceStatus.VOIDED,
        SourceStatus.PAID,
        SourceStatus.AUTHORISED,
    ]
    assert credit_note.key.kind is Kind.SALE_CREDIT_NOTE
    assert (credit_note.number, credit_note.date) == ("CR-00001", dt.date(2026, 3, 9))
    assert voided.lines == ()
    assert voided.total == 0


def test_an_invoice_is_read_whole() -> None:
    _, invoice, _ = sale_documents(SALE)
    assert str(invoice.key) == (
        "sale_invoice/a1000000-0000-4000-8000-00000000000a/d1000000-0000-4000-8000-00000000000d"
    )
    assert (invoice.number, invoice.order_number, invoice.order_type) == (
        "INV-00202",
        "SO-00120",
        "Advanced Sale",
    )
    assert (invoice.party_name, invoice.location, invoice.channel) == ("Smith & Sons", "London", "")
    assert (invoice.sales_rep, invoice.attributes) == ("Eve Fox", {"1": "North", "10": "false"})
    assert (invoice.currency, invoice.base_currency, invoice.tax_inclusive) == ("EUR", "USD", False)
    assert (invoice.total_before_tax, invoice.tax, invoice.total) == (
        Decimal("160.1234"),
        Decimal("30.4"),
        Decimal("190.5234"),
    )
    item, freight = invoice.lines
    assert (item.index, item.type, item.sku, item.account) == (1, LineType.ITEM, "A-1", "200")
    assert (item.price, item.discount_percent, item.total) == (Decimal(50), Decimal(0), Decimal("150.1234"))
    assert item.product_id == "e1000000-0000-4000-8000-00000000000e"
    assert (freight.index, freight.type, freight.sku) == (2, LineType.CHARGE, None)
    assert freight.place == "line 2 (Freight)"


def test_a_business_date_is_the_day_as_written_whatever_follows() -> None:
    _, invoice, _ = sale_documents(SALE)
    assert invoice.date == dt.date(2026, 3, 3)
    assert invoice.due_date == dt.date(2026, 4, 2)


def test_the_rate_is_the_documents_own() -> None:
    _, invoice, credit_note = sale_documents(SALE)
    assert (invoice.rate, credit_note.rate) == (Decimal("1.0841"), Decimal("1.1"))


def test_without_a_rate_of_its_own_the_headers_counts() -> None:
    (invoice,) = sale_documents(sale(CurrencyConversionRate=None))
    assert invoice.rate == Decimal("1.08321")


@pytest.mark.parametrize("rate", [None, 0, "0.0000"])
def test_a_foreign_document_without_any_rate_has_none(rate: object) -> None:
    (invoice,) = sale_documents({**sale(CurrencyConversionRate=rate), "CurrencyRate": rate})
    assert invoice.rate == 0


def test_in_base_currency_the_rate_is_one_whatever_cin7_sends() -> None:
    (invoice,) = sale_documents({**sale(CurrencyConversionRate=None), "CustomerCurrency": "usd"})
    assert (invoice.currency, invoice.rate) == ("USD", 1)


def test_a_document_that_hides_its_base_currency_is_refused() -> None:
    with pytest.raises(WireError, match="BaseCurrency"):
        sale_documents({**SALE, "BaseCurrency": None})


def test_texts_are_read_as_they_are_and_null_lists_are_empty() -> None:
    name = 'O\'Neil & "Söhne" 東京 <b>'
    (invoice,) = sale_documents({**sale(AdditionalCharges=None, Memo="m" * 300), "Customer": name})
    assert invoice.party_name == name
    assert [each.type for each in invoice.lines] == [LineType.ITEM]
    (bare,) = sale_documents(sale(Lines=None, AdditionalCharges=None))
    assert bare.lines == ()


def test_what_no_database_can_hold_is_marked_as_lost() -> None:
    (invoice,) = sale_documents({**sale(), "Customer": "A\0B\ud83d"})
    assert invoice.party_name == "A\ufffdB\ufffd"
    assert invoice.content_hash()


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("INV-00202 ", "INV-00202"),
        ("CR-00001", ""),
        ("INV-99999", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_credit_note_credits_the_invoice_that_it_names_if_there_is_one(
    named: str | None, expected: str
) -> None:
    changed = copy.deepcopy(SALE)
    changed["CreditNotes"][0]["CreditNoteInvoiceNumber"] = named
    assert [each.credits for each in sale_documents(changed)] == ["", "", expected]


def test_a_purchase_credit_note_credits_its_invoice() -> None:
    note = {
        **PURCHASE_INVOICE,
        "CreditNoteNumber": "G-1",
        "CreditNoteDate": "2026-02-20",
        "CreditNoteInvoiceNumber": "4711/b",
    }
    _, found = purchase_documents({**PURCHASE, "Invoice": PURCHASE_INVOICE, "CreditNote": note})
    assert (found.key.kind, found.number, found.credits) == (Kind.PURCHASE_CREDIT_NOTE, "G-1", "4711/b")
    (alone,) = purchase_documents({**PURCHASE, "Invoice": None, "CreditNote": [note]})
    assert alone.credits == ""


@pytest.mark.parametrize(
    ("own", "named", "rate"), [(None, "4711/b", "0.81"), ("0.79", "4711/b", "0.79"), (None, "?", "0.75")]
)
def test_a_purchase_credit_note_without_a_rate_has_that_of_the_invoice_it_credits(
    own: str | None, named: str, rate: str
) -> None:
    invoice = {**PURCHASE_INVOICE, "CurrencyRate": Decimal("0.81")}
    note = {
        **PURCHASE_INVOICE,
        "CurrencyRate": Decimal(own) if own else None,
        "CreditNoteNumber": "G-1",
        "CreditNoteDate": "2026-02-20",
        "CreditNoteInvoiceNumber": named,
    }
    header = {**PURCHASE, "SupplierCurrency": "USD", "CurrencyRate": Decimal("0.75")}
    _, found = purchase_documents({**header, "Invoice": [invoice], "CreditNote": [note]})
    assert found.rate == Decimal(rate)


def test_a_simple_purchase_sends_objects_and_misspells_its_number() -> None:
    placeholder = {"Status": "NOT AVAILABLE", "Lines": [], "AdditionalCharges": []}
    (invoice,) = purchase_documents({**PURCHASE, "Invoice": PURCHASE_INVOICE, "CreditNote": placeholder})
    assert invoice.number == "4711/b"
    assert invoice.key.task_id == invoice.key.order_id == PURCHASE["ID"]
    assert (invoice.order_type, invoice.order_number) == ("Simple Purchase", "PO-00001")
    assert invoice.tax_inclusive
    assert [each.type for each in invoice.lines] == [LineType.CHARGE]


def test_an_advanced_purchase_sends_arrays() -> None:
    first = {
        **PURCHASE_INVOICE,
        "TaskID": "C2000000-0000-4000-8000-00000000000C",
        "InvoiceNumber": "X",
        "InvocieNumber": None,
    }
    (invoice,) = purchase_documents(
        {**PURCHASE, "Type": "Service Purchase", "Invoice": [first], "CreditNote": []}
    )
    assert (invoice.number, invoice.key.task_id) == ("X", "c2000000-0000-4000-8000-00000000000c")


def test_a_draft_without_amounts_or_date_is_no_fault() -> None:
    lines = [{"SKU": "A-1", "Quantity": 1}]
    (draft,) = sale_documents(sale(Status="DRAFT", InvoiceDate=None, Total=None, Lines=lines))
    assert (draft.status, draft.date) == (SourceStatus.DRAFT, dt.date(2026, 3, 1))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"Total": None}, "Invoices[0].Total"),
        ({"Total": "12,50"}, "Invoices[0].Total"),
        ({"Total": 12.5}, "Invoices[0].Total"),
        ({"Total": Decimal("NaN")}, "Invoices[0].Total"),
        ({"Total": True}, "Invoices[0].Total"),
        ({"InvoiceDate": None}, "Invoices[0].InvoiceDate"),
        ({"InvoiceDate": "03/02/2026"}, "Invoices[0].InvoiceDate"),
        ({"InvoiceDate": "2026-02-30T00:00:00"}, "Invoices[0].InvoiceDate"),
        ({"Status": "SHREDDED"}, "Invoices[0].Status"),
        ({"TaskID": "no-guid"}, "Invoices[0].TaskID"),
        ({"Lines": [{**INVOICE["Lines"][0], "Tax": None}]}, "Invoices[0].Lines[0].Tax"),
        ({"Lines": "none"}, "Invoices[0].Lines"),
        ({"Lines": [None]}, "Invoices[0].Lines[0]"),
    ],
)
def test_a_wrong_shape_names_record_and_field(change: dict[str, Any], path: str) -> None:
    with pytest.raises(WireError) as raised:
        sale_documents(sale(**change))
    assert [fault[0] for fault in raised.value.faults] == [path]
    assert str(raised.value).startswith(f"sale {SALE['ID'].lower()}: {path}: ")


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(WireError) as raised:
        sale_documents(sale(Total=None, Tax=None))
    assert [fault[0] for fault in raised.value.faults] == ["Invoices[0].Tax", "Invoices[0].Total"]


def test_a_document_that_says_nothing_about_tax_is_refused() -> None:
    with pytest.raises(WireError, match="TaxCalculation"):
        sale_documents({**SALE, "TaxCalculation": None})


def test_the_same_content_hashes_the_same_however_it_is_written() -> None:
    (first,) = sale_documents(sale())
    (second,) = sale_documents(sale(Total=Decimal("190.523400"), Status="AUTHORISED"))
    assert first.content_hash() == second.content_hash()
