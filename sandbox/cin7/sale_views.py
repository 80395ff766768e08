"""Sales as Cin7 sends them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sandbox.cin7.common_views import (
    PRODUCT_EXTRAS,
    additional_attributes,
    amounts,
    invoice_status,
    overlay,
    payment_row,
    payment_status,
    product_keys,
    split,
    stock_row,
)
from sandbox.cin7.documents import CENT, ZERO, Document, Fulfilment, Line, Order, Part, Payment, Sale
from sandbox.cin7.ledger import Entry
from sandbox.cin7.tenant import Tenant, balance
from sandbox.cin7.wire import JsonObject, date_text, stamp_text
from sandbox.world import BASE_CURRENCY


def sale_status(sale: Sale) -> str:
    """The overall Status: an advanced sale stays ORDERED until it is COMPLETED (Cin7's API portal)."""
    if sale.voided:
        return "VOIDED"
    if sale.type == "Credit Note":
        settled = sale.live_credit_notes and balance(sale) == 0
        return "COMPLETED" if settled else "CREDITED" if sale.live_credit_notes else "ORDERED"
    if sale.live_invoices and balance(sale) == 0 and sale.wholly_invoiced:
        return "COMPLETED"
    if sale.type != "Advanced":
        if sale.live_credit_notes:
            return "CREDITED"
        if sale.live_invoices:
            return "INVOICED"
        if any(invoice.status == "DRAFT" for invoice in sale.invoices):
            return "INVOICING"
    if sale.order.status == "AUTHORISED":
        return "ORDERED"
    if sale.order.status == "DRAFT":
        return "ORDERING"
    return {"AUTHORISED": "ESTIMATED", "DRAFT": "ESTIMATING"}.get(sale.quote.status, "DRAFT")


def list_row(sale: Sale, *, credit_notes: bool = False) -> JsonObject:
    """A row of saleList, or (`credit_notes`) of saleCreditNoteList."""
    invoice = next((one for one in sale.invoices if one.status != "VOIDED"), None)
    note = next((one for one in sale.credit_notes if one.status != "VOIDED"), None)
    stages = Stages.of(sale)
    row = {
        "SaleID": sale.id,
        "OrderNumber": sale.number,
        "Status": sale_status(sale),
        "OrderDate": date_text(sale.date),
        "InvoiceDate": date_text(invoice.date) if invoice else None,
        "Customer": sale.party,
        "CustomerID": sale.party_id,
        "InvoiceNumber": invoice.number if invoice else None,
        "CustomerReference": sale.reference,
        "InvoiceAmount": sale.invoiced - sale.credited,
        "PaidAmount": sale.paid,
        "SaleInvoicesTotalAmount": sale.invoiced,
        "InvoiceDueDate": date_text(invoice.due_date) if invoice else None,
        "ShipBy": date_text(sale.needed_by),
        "BaseCurrency": BASE_CURRENCY,
        "CustomerCurrency": sale.currency,
        "CreditNoteNumber": note.number if note else None,
        "Updated": stamp_text(sale.updated),
        "QuoteStatus": "" if sale.type == "Credit Note" else sale.quote.status,
        "OrderStatus": sale.order.status,
        "CombinedPickingStatus": stages.picking,
        "CombinedPaymentStatus": payment_status(sale),
        "CombinedTrackingNumbers": "",
        "CombinedPackingStatus": stages.packing,
        "CombinedShippingStatus": stages.shipping,
        "CombinedInvoiceStatus": invoice_status(sale),
        "CombinedPaymentTotal": sale.paid,
        "CreditNoteStatus": credit_note_status(sale),
        "FulFilmentStatus": stages.fulfilment,
        "Type": sale.shown_type,
        "SourceChannel": sale.channel,
        "ExternalID": sale.external_id,
        "OrderLocationID": None,
    }
    if credit_notes:
        del row["SaleInvoicesTotalAmount"], row["CombinedPaymentTotal"]
        row["RestockStatus"] = "AUTHORISED" if note and note.stock else "NOT AVAILABLE"
    return row


def credit_note_status(order: Order) -> str:
    notes = order.credit_notes
    return notes[-1].status if notes else "NOT AVAILABLE"


def sale_body(
    tenant: Tenant, sale: Sale, *, combine: bool = False, movements: bool = True, transactions: bool = False
) -> JsonObject:
    """`GET /sale`."""
    stages = Stages.of(sale)
    body: JsonObject = {
        "ID": sale.id,
        "Customer": sale.party,
        "CustomerID": sale.party_id,
        "Contact": sale.contact,
        "Phone": sale.phone,
        "Email": sale.email,
        "DefaultAccount": sale.account,
        "SkipQuote": sale.skip_quote,
        "BillingAddress": sale.billing,
        "ShippingAddress": {**sale.shipping, "Company": sale.party, "Contact": sale.contact,
                            "ShipToOther": False},
        "ShippingNotes": sale.shipping_notes,
        "BaseCurrency": BASE_CURRENCY,
        "CustomerCurrency": sale.currency,
        "TaxRule": sale.tax_rule,
        "TaxCalculation": "Inclusive" if sale.inclusive else "Exclusive",
        "Terms": sale.terms,
        "PriceTier": sale.price_tier,
        "ShipBy": date_text(sale.needed_by),
        "Location": sale.location,
        "SaleOrderDate": date_text(sale.date),
        "LastModifiedOn": stamp_text(sale.updated),
        "Note": sale.note,
        "CustomerReference": sale.reference,
        "COGSAmount": sale.cost,
        "Status": sale_status(sale),
        "CombinedPickingStatus": stages.picking,
        "CombinedPackingStatus": stages.packing,
        "CombinedShippingStatus": stages.shipping,
        "FulFilmentStatus": stages.fulfilment,
        "CombinedInvoiceStatus": invoice_status(sale),
        "CombinedPaymentStatus": payment_status(sale),
        "CombinedTrackingNumbers": "",
        "Carrier": sale.carrier,
        "CurrencyRate": sale.rate,
        "SalesRepresentative": sale.sales_rep,
        "ServiceOnly": sale.type == "Service",
        "Type": sale.shown_type,
        "SourceChannel": sale.channel,
        "Quote": {"Memo": sale.quote.memo, "Status": sale.quote.status, "Prepayments": [],
                  **_stage_rows(sale.quote, combine, order=False)},
        "Order": {"SaleOrderNumber": sale.number, "Memo": sale.order.memo, "Status": sale.order.status,
                  **_stage_rows(sale.order, combine, order=True)},
        "Fulfilments": fulfilments(sale)["Fulfilments"],
        "Invoices": [invoice_element(sale, invoice, combine) for invoice in sale.invoices],
        "CreditNotes": [credit_note_element(sale, note, combine) for note in sale.credit_notes],
        "ManualJournals": {"Status": "NOT AVAILABLE", "Lines": []},
        "ExternalID": sale.external_id,
        "AdditionalAttributes": additional_attributes(sale),
        "Attachments": [],
    }  # fmt: skip
    if movements:
        body["InventoryMovements"] = [
            {
                "TaskID": one.task_id,
                "ProductID": one.product.id,
                "Date": date_text(one.date),
                "COGS": one.cost,
                **PRODUCT_EXTRAS,
            }
            for one in sale.movements
        ]
    if transactions:
        entries = tenant.state.ledger.of_order(sale.id)
        body["Transactions"] = [_transaction(entry) for entry in entries]
    return {**body, **sale.raw}


def order_body(sale: Sale, combine: bool) -> JsonObject:
    """`GET /sale/order`."""
    return {
        "SaleID": sale.id,
        "SaleOrderNumber": sale.number,
        "CombineAdditionalCharges": combine,
        "Memo": sale.order.memo,
        "Status": sale.order.status,
        **_stage_rows(sale.order, combine, order=True),
    }


def quote_body(sale: Sale, combine: bool) -> JsonObject:
    """`GET /sale/quote`."""
    return {
        "SaleID": sale.id,
        "CombineAdditionalCharges": combine,
        "Memo": sale.quote.memo,
        "Status": sale.quote.status,
        "Prepayments": [],
        **_stage_rows(sale.quote, combine, order=False),
    }


def invoices_body(sale: Sale, combine: bool) -> JsonObject:
    """`GET /sale/invoice`: without payments and totals."""
    return {"SaleID": sale.id, "Invoices": [_invoice(sale, one, combine) for one in sale.invoices]}


def credit_notes_body(sale: Sale, combine: bool, payments: bool) -> JsonObject:
    """`GET /sale/creditnote`: without totals."""
    elements = []
    for note in sale.credit_notes:
        element = {**_credit_note(sale, note, combine), "CombineAdditionalCharges": combine}
        if payments:
            element["CreditNoteBalance"] = note.totals.total - note.paid
            element["Payments"] = [payment_body(sale, note, payment) for payment in note.payments]
        elements.append(element)
    return {"SaleID": sale.id, "CreditNotes": elements}


def payment_body(sale: Sale, document: Document, payment: Payment) -> JsonObject:
    """An element of `GET /sale/payment`."""
    is_invoice = document.kind == "invoice"
    row = payment_row(payment)
    return {
        "SaleID": sale.id,
        "TaskID": document.task_id,
        "ID": row.pop("ID"),
        "SaleOrderNumber": sale.number,
        "InvoiceNumber": document.number if is_invoice else None,
        "CreditNoteNumber": None if is_invoice else document.number,
        "Type": payment.type,
        **row,
        "CreditID": None,
    }


def fulfilments(sale: Sale) -> JsonObject:
    """`GET /sale/fulfilment`: one empty task once the order is authorised, until goods are shipped."""
    if sale.type in ("Service", "Credit Note") or sale.order.status not in ("AUTHORISED", "VOIDED"):
        return {"SaleID": sale.id, "Fulfilments": []}
    if sale.fulfilments:
        return {"SaleID": sale.id, "Fulfilments": [_fulfilment(sale, one) for one in sale.fulfilments]}
    if sale.voided:
        return {"SaleID": sale.id, "Fulfilments": []}
    linked = next((invoice.number for invoice in sale.live_invoices), None)
    nothing: JsonObject = {"Status": "NOT AVAILABLE", "Lines": []}
    ship: JsonObject = {
        "Status": "NOT AVAILABLE",
        "RequireBy": date_text(sale.needed_by),
        "ShippingAddress": sale.shipping,
        "ShippingNotes": sale.shipping_notes,
        "Lines": [],
    }
    task = {"TaskID": sale.id, "FulfillmentNumber": 1, "LinkedInvoiceNumber": linked,
            "FulFilmentStatus": "NOT FULFILLED", "Pick": nothing, "Pack": nothing, "Ship": ship}  # fmt: skip
    return {"SaleID": sale.id, "Fulfilments": [task]}


def _fulfilment(sale: Sale, fulfilment: Fulfilment) -> JsonObject:
    """A task whose goods were picked and packed in one box, and shipped unless that was undone."""
    invoices = sale.live_invoices
    at = fulfilment.number - 1
    packed = "VOIDED" if fulfilment.voided else "AUTHORISED"
    shipped = packed if fulfilment.voided or fulfilment.shipped else "NOT AVAILABLE"
    rows = [
        {**stock_row(line), "NonInventory": line.non_inventory, **PRODUCT_EXTRAS} for line in fulfilment.lines
    ]
    parcel: JsonObject = {
        "ID": fulfilment.ship_id,
        "ShipmentDate": date_text(fulfilment.date),
        "Carrier": sale.carrier,
        "Boxes": "Box 1",
        "TrackingNumber": "",
        "TrackingURL": "",
        "IsShipped": True,
    }
    return {
        "TaskID": fulfilment.task_id,
        "FulfillmentNumber": fulfilment.number,
        "LinkedInvoiceNumber": invoices[at].number if at < len(invoices) else None,
        "FulFilmentStatus": "VOIDED"
        if fulfilment.voided
        else "FULFILLED"
        if fulfilment.shipped
        else "NOT FULFILLED",
        "Pick": {"Status": packed, "Lines": rows},
        "Pack": {
            "Status": packed,
            "Lines": [{**row, "Box": "Box 1", "WarrantyRegistrationNumber": None} for row in rows],
        },
        "Ship": {
            "Status": shipped,
            "RequireBy": date_text(sale.needed_by),
            "ShippingAddress": sale.shipping,
            "ShippingNotes": sale.shipping_notes,
            "Lines": [parcel] if fulfilment.shipped else [],
        },
    }


def invoice_element(sale: Sale, invoice: Document, combine: bool) -> JsonObject:
    """An element of `Invoices[]` in `GET /sale`."""
    element = _invoice(sale, invoice, combine)
    del element["CombineAdditionalCharges"]
    payments = [payment_row(payment) for payment in invoice.payments]
    sums = {**amounts(invoice.totals), "Paid": invoice.paid}
    return {**element, "Payments": payments, **sums, **invoice.raw}


def credit_note_element(sale: Sale, note: Document, combine: bool) -> JsonObject:
    refunds = [payment_row(payment) for payment in note.payments]
    return {**_credit_note(sale, note, combine), "Refunds": refunds, **amounts(note.totals), **note.raw}


def _invoice(sale: Sale, invoice: Document, combine: bool) -> JsonObject:
    body = {
        "TaskID": invoice.task_id,
        "CombineAdditionalCharges": combine,
        "InvoiceNumber": invoice.number,
        "Memo": invoice.memo,
        "Status": invoice.status,
        "InvoiceDate": date_text(invoice.date),
        "InvoiceDueDate": date_text(invoice.due_date),
        "CurrencyConversionRate": invoice.rate,
        "BillingAddressLine1": sale.billing.get("DisplayAddressLine1"),
        "BillingAddressLine2": sale.billing.get("DisplayAddressLine2"),
        "LinkedFulfillmentNumber": invoice.linked_fulfilment,
        **_document_rows(invoice, combine),
    }
    return overlay(body, invoice.raw)


def _credit_note(sale: Sale, note: Document, combine: bool) -> JsonObject:
    body = {
        "TaskID": note.task_id,
        "CreditNoteInvoiceNumber": note.invoice_number or None,
        "Memo": note.memo,
        "Status": note.status,
        "CreditNoteDate": date_text(note.date),
        "CreditNoteNumber": note.number,
        "CreditNoteConversionRate": note.rate,
        **_document_rows(note, combine),
        "Restock": [{**stock_row(line), **PRODUCT_EXTRAS} for line in note.stock],
    }
    return overlay(body, note.raw)


def _document_rows(document: Document, combine: bool) -> JsonObject:
    lines, charges = split(document.lines, document.charges, combine)
    return {
        "Lines": [
            {
                **product_keys(line.product),
                "Name": line.description,
                **_figures(line),
                "AverageCost": line.product.cost if line.product else ZERO,
                "TaxRule": line.tax_rule,
                "Account": line.account,
                "Comment": line.comment,
                **PRODUCT_EXTRAS,
            }
            for line in lines
        ],
        "AdditionalCharges": [
            {
                "Description": line.description,
                **_figures(line),
                "TaxRule": line.tax_rule,
                "Account": line.account,
                "Comment": line.comment,
            }
            for line in charges
        ],
    }


def _stage_rows(part: Part, combine: bool, *, order: bool) -> JsonObject:
    lines, charges = split(part.lines, part.charges, combine)
    flags = {"DropShip": False, "Backorder": False, "BackorderQuantity": 0} if order else {}
    return {
        "Lines": [
            {
                **product_keys(line.product),
                "Name": line.description,
                **_figures(line),
                "AverageCost": line.product.cost if line.product else ZERO,
                "TaxRule": line.tax_rule,
                "Comment": line.comment,
                **flags,
                **PRODUCT_EXTRAS,
            }
            for line in lines
        ],
        "AdditionalCharges": [
            {
                "Description": line.description,
                **_figures(line),
                "TaxRule": line.tax_rule,
                "Comment": line.comment,
            }
            for line in charges
        ],
        **amounts(part.totals),
    }


def _figures(line: Line) -> JsonObject:
    return {
        "Quantity": line.quantity,
        "Price": line.price,
        "Discount": line.discount,
        "Tax": line.tax,
        "Total": line.total,
    }


def _transaction(entry: Entry) -> JsonObject:
    return {
        "TaskID": entry.task_id,
        "TransactionID": entry.id,
        "Debit": entry.debit,
        "Credit": entry.credit,
        "Description": entry.reference,
        "Amount": entry.amount.quantize(CENT),
        "EffectiveDate": date_text(entry.date),
    }


@dataclass(frozen=True, slots=True)
class Stages:
    """The combined fulfilment statuses of a sale. Picking and packing are done in one step here."""

    picking: str = "NOT AVAILABLE"
    packing: str = "NOT AVAILABLE"
    shipping: str = "NOT AVAILABLE"
    fulfilment: str = "NOT AVAILABLE"

    @staticmethod
    def of(sale: Sale) -> Stages:
        if sale.voided:
            return Stages("VOIDED", "VOIDED", "VOIDED", "VOIDED")
        if not sale.fulfilments:
            return Stages()
        packed, shipped = (
            sum((line.quantity for one in tasks for line in one.lines), ZERO)
            for tasks in (sale.fulfilments, [one for one in sale.fulfilments if one.shipped])
        )
        ordered = sum(
            (one.quantity for one in sale.order.lines if one.product and one.product.type == "Stock"), ZERO
        )

        def combined(done: Decimal, word: str) -> str:
            return word if done >= ordered else f"PARTIALLY {word}" if done else f"NOT {word}"

        return Stages(
            combined(packed, "PICKED"),
            combined(packed, "PACKED"),
            combined(shipped, "SHIPPED"),
            combined(shipped, "FULFILLED"),
        )
