"""Purchase and sales invoices and credit memos as API v2.0 shows them; here they can only be read."""

from __future__ import annotations

from sandbox.nav.columns import ID, MODIFIED, address, fixed
from sandbox.nav.entities import Entity, Navigation

_INVOICE_STATUS = (" ", "Draft", "In Review", "Open", "Paid", "Canceled", "Corrective")
_MEMO_STATUS = (" ", "Draft", "In Review", "Open", "Canceled", "Corrective", "Paid")
_TOTALS = (
    fixed("discountAmount", "decimal"),
    fixed("discountAppliedBeforeTax", "bool"),
    fixed("totalAmountExcludingTax", "decimal"),
    fixed("totalTaxAmount", "decimal"),
    fixed("totalAmountIncludingTax", "decimal"),
)
_INVOICE_TOTALS = (*_TOTALS, fixed("status", "enum", options=_INVOICE_STATUS), MODIFIED)
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

_MEMO_CURRENCY = tuple(one for one in _INVOICE_CURRENCY if not one.name.startswith("order"))
_MEMO_TOTALS = (
    *_TOTALS,
    fixed("status", "enum", options=_MEMO_STATUS),
    MODIFIED,
    fixed("invoiceId", "guid"),
    fixed("invoiceNumber", "code", 20),
)

PURCHASE_CREDIT_MEMOS = Entity(
    "purchaseCreditMemos",
    "purchaseCreditMemo",
    "Purch. Cr. Memo Entity Buffer",
    (
        ID,
        fixed("number", "code", 20),
        fixed("creditMemoDate", "date"),
        fixed("postingDate", "date"),
        fixed("dueDate", "date"),
        fixed("vendorId", "guid"),
        fixed("vendorNumber", "code", 20),
        fixed("vendorName", "text", 100),
        fixed("vendorCreditMemoNumber", "code", 35),
        fixed("payToVendorId", "guid"),
        fixed("payToVendorNumber", "code", 20),
        fixed("payToName", "text", 100),
        *address("buyFrom"),
        *_MEMO_CURRENCY,
        fixed("purchaser", "code", 20),
        *_MEMO_TOTALS,
    ),
    (
        Navigation("vendor", "vendors", here="vendorId", many=False),
        Navigation("purchaseCreditMemoLines", "purchaseCreditMemoLines", there="documentId"),
    ),
    order=("number",),
)

SALES_CREDIT_MEMOS = Entity(
    "salesCreditMemos",
    "salesCreditMemo",
    "Sales Cr. Memo Entity Buffer",
    (
        ID,
        fixed("number", "code", 20),
        fixed("externalDocumentNumber", "code", 35),
        fixed("creditMemoDate", "date"),
        fixed("postingDate", "date"),
        fixed("dueDate", "date"),
        fixed("customerId", "guid"),
        fixed("customerNumber", "code", 20),
        fixed("customerName", "text", 100),
        fixed("billToCustomerId", "guid"),
        fixed("billToCustomerNumber", "code", 20),
        fixed("billToName", "text", 100),
        *address("sellTo"),
        *_MEMO_CURRENCY,
        fixed("salesperson", "code", 20),
        *_MEMO_TOTALS,
    ),
    (
        Navigation("customer", "customers", here="customerId", many=False),
        Navigation("salesCreditMemoLines", "salesCreditMemoLines", there="documentId"),
    ),
    order=("number",),
)

_LINE_TYPES = ("Comment", "Account", "Item", "Resource", "Fixed Asset", "Charge", "Allocation Account")


def _line(name: str, singular: str, table: str, price: str) -> Entity:
    return Entity(
        name,
        singular,
        table,
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


PURCHASE_INVOICE_LINES = _line(
    "purchaseInvoiceLines", "purchaseInvoiceLine", "Purch. Inv. Line Aggregate", "unitCost"
)
SALES_INVOICE_LINES = _line(
    "salesInvoiceLines", "salesInvoiceLine", "Sales Invoice Line Aggregate", "unitPrice"
)
PURCHASE_CREDIT_MEMO_LINES = _line(
    "purchaseCreditMemoLines", "purchaseCreditMemoLine", "Purch. Cr. Memo Line Aggregate", "unitCost"
)
SALES_CREDIT_MEMO_LINES = _line(
    "salesCreditMemoLines", "salesCreditMemoLine", "Sales Cr. Memo Line Aggregate", "unitPrice"
)
