"""Purchase and sales invoices as API v2.0 shows them; here they can only be read."""

from __future__ import annotations

from sandbox.nav.columns import ID, MODIFIED, address, fixed
from sandbox.nav.entities import Entity, Navigation

_INVOICE_STATUS = (" ", "Draft", "In Review", "Open", "Paid", "Canceled", "Corrective")
_INVOICE_TOTALS = (
    fixed("discountAmount", "decimal"),
    fixed("discountAppliedBeforeTax", "bool"),
    fixed("totalAmountExcludingTax", "decimal"),
    fixed("totalTaxAmount", "decimal"),
    fixed("totalAmountIncludingTax", "decimal"),
    fixed("status", "enum", options=_INVOICE_STATUS),
    MODIFIED,
)
_INVOICE_CURRENCY = (
    fixed("shortcutDimension1Code", "code", 20),
    fixed("shortcutDimension2Code", "code", 20),
    fixed("currencyId", "guid"),
    fixed("currencyCode", "code", 10),
    fixed("orderId", "guid"),
    fixed("orderNumber", "code", 20),
    fixed("pricesIncludeTax", "bool"),
)

PURCHASE_INVOICES = Entity(
    "purchaseInvoices",
    "purchaseInvoice",
    "Purch. Inv. Entity Aggregate",
    (
        ID,
        fixed("number", "code", 20),
        fixed("postingDate", "date"),
        fixed("invoiceDate", "date"),
        fixed("dueDate", "date"),
        fixed("vendorInvoiceNumber", "code", 35),
        fixed("vendorId", "guid"),
        fixed("vendorNumber", "code", 20),
        fixed("vendorName", "text", 100),
        fixed("payToVendorId", "guid"),
        fixed("payToVendorNumber", "code", 20),
        fixed("payToName", "text", 100),
        *address("buyFrom"),
        *_INVOICE_CURRENCY,
        fixed("purchaser", "code", 20),
        *_INVOICE_TOTALS,
    ),
    (
        Navigation("vendor", "vendors", here="vendorId", many=False),
        Navigation("purchaseInvoiceLines", "purchaseInvoiceLines", there="documentId"),
    ),
    order=("number",),
)

SALES_INVOICES = Entity(
    "salesInvoices",
    "salesInvoice",
    "Sales Invoice Entity Aggregate",
    (
        ID,
        fixed("number", "code", 20),
        fixed("externalDocumentNumber", "code", 35),
        fixed("invoiceDate", "date"),
        fixed("postingDate", "date"),
        fixed("dueDate", "date"),
        fixed("customerPurchaseOrderReference", "text", 35),
        fixed("customerId", "guid"),
        fixed("customerNumber", "code", 20),
        fixed("customerName", "text", 100),
        fixed("billToCustomerId", "guid"),
        fixed("billToCustomerNumber", "code", 20),
        fixed("billToName", "text", 100),
        *address("sellTo"),
        *_INVOICE_CURRENCY,
        fixed("salesperson", "code", 20),
        fixed("remainingAmount", "decimal"),
        *_INVOICE_TOTALS,
    ),
    (
        Navigation("customer", "customers", here="customerId", many=False),
        Navigation("salesInvoiceLines", "salesInvoiceLines", there="documentId"),
    ),
    order=("number",),
)

_LINE_TYPES = ("Comment", "Account", "Item", "Resource", "Fixed Asset", "Charge", "Allocation Account")


def _invoice_line(name: str, singular: str, price: str) -> Entity:
    return Entity(
        name,
        singular,
        "Purch. Inv. Line Aggregate" if price == "unitCost" else "Sales Invoice Line Aggregate",
        (
            ID,
            fixed("documentId", "guid"),
            fixed("sequence", "int"),
            fixed("itemId", "guid"),
            fixed("accountId", "guid"),
            fixed("lineType", "enum", options=_LINE_TYPES),
            fixed("lineObjectNumber", "code", 20),
            fixed("description", "text", 100),
            fixed(price, "decimal"),
            fixed("quantity", "decimal"),
            fixed("discountAmount", "decimal"),
            fixed("discountPercent", "decimal"),
            fixed("amountExcludingTax", "decimal"),
            fixed("taxCode", "code", 50),
            fixed("taxPercent", "decimal"),
            fixed("totalTaxAmount", "decimal"),
            fixed("amountIncludingTax", "decimal"),
        ),
        order=("sequence",),
    )


PURCHASE_INVOICE_LINES = _invoice_line("purchaseInvoiceLines", "purchaseInvoiceLine", "unitCost")
SALES_INVOICE_LINES = _invoice_line("salesInvoiceLines", "salesInvoiceLine", "unitPrice")
