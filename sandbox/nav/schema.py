"""The entities of API v2.0 that this simulator serves, with the lengths and options of the real ones."""

from __future__ import annotations

from sandbox.nav.entities import Entity, Field, Kind, Navigation

ACCOUNT_TYPES = ("G/L Account", "Customer", "Vendor", "Bank Account")
DOCUMENT_TYPES = (" ", "Payment", "Invoice", "Credit Memo", "Finance Charge Memo", "Reminder", "Refund")
PARENT_TYPES = ("Journal Line", "General Ledger Entry")
ALL_VERBS = frozenset({"POST", "PATCH", "DELETE"})

ID = Field("id", "guid", writable=False)
MODIFIED = Field("lastModifiedDateTime", "datetime", writable=False)


def _fixed(name: str, kind: Kind, length: int = 0, options: tuple[str, ...] = ()) -> Field:
    return Field(name, kind, length, options, writable=False)


def _address(prefix: str = "") -> tuple[Field, ...]:
    def name(plain: str) -> str:
        return prefix + plain[0].upper() + plain[1:] if prefix else plain

    return (
        Field(name("addressLine1"), "text", 100),
        Field(name("addressLine2"), "text", 50),
        Field(name("city"), "text", 30),
        Field(name("state"), "text", 30),
        Field(name("country"), "code", 10),
        Field(name("postCode" if prefix else "postalCode"), "code", 20),
    )


COMPANIES = Entity(
    "companies",
    "company",
    "Company",
    (
        ID,
        _fixed("systemVersion", "text"),
        _fixed("timestamp", "int"),
        _fixed("name", "text", 30),
        _fixed("displayName", "text", 250),
        _fixed("businessProfileId", "text", 250),
        _fixed("systemCreatedAt", "datetime"),
        _fixed("systemModifiedAt", "datetime"),
    ),
    order=("name",),
)

ACCOUNTS = Entity(
    "accounts",
    "account",
    "G/L Account",
    (
        ID,
        _fixed("number", "code", 20),
        _fixed("displayName", "text", 100),
        _fixed(
            "category",
            "enum",
            options=(" ", "Assets", "Liabilities", "Equity", "Income", "Cost of Goods Sold", "Expense"),
        ),
        _fixed("subCategory", "text", 80),
        _fixed("blocked", "bool"),
        _fixed("accountType", "enum", options=("Posting", "Heading", "Total", "Begin-Total", "End-Total")),
        _fixed("directPosting", "bool"),
        _fixed("netChange", "decimal"),
        MODIFIED,
    ),
    order=("number",),
)

DIMENSIONS = Entity(
    "dimensions",
    "dimension",
    "Dimension",
    (
        ID,
        _fixed("code", "code", 20),
        _fixed("displayName", "text", 30),
        _fixed("consolidationCode", "code", 20),
        MODIFIED,
    ),
    (Navigation("dimensionValues", "dimensionValues", there="dimensionId"),),
    order=("code",),
)

DIMENSION_VALUES = Entity(
    "dimensionValues",
    "dimensionValue",
    "Dimension Value",
    (
        ID,
        _fixed("code", "code", 20),
        _fixed("dimensionId", "guid"),
        _fixed("displayName", "text", 50),
        _fixed("consolidationCode", "code", 20),
        MODIFIED,
    ),
    order=("dimensionId", "code"),
)

CUSTOMERS = Entity(
    "customers",
    "customer",
    "Customer",
    (
        ID,
        Field("number", "code", 20),
        Field("displayName", "text", 100),
        Field("type", "enum", options=("Company", "Person")),
        *_address(),
        Field("phoneNumber", "text", 30),
        Field("email", "text", 80),
        Field("website", "text", 80),
        Field("salespersonCode", "code", 20),
        _fixed("balanceDue", "decimal"),
        Field("creditLimit", "decimal"),
        Field("taxLiable", "bool"),
        Field("taxAreaId", "guid"),
        _fixed("taxAreaDisplayName", "text", 100),
        Field("taxRegistrationNumber", "text", 20),
        Field("currencyId", "guid"),
        Field("currencyCode", "code", 10),
        Field("paymentTermsId", "guid"),
        Field("shipmentMethodId", "guid"),
        Field("paymentMethodId", "guid"),
        Field("blocked", "enum", options=(" ", "Ship", "Invoice", "All")),
        MODIFIED,
    ),
    verbs=ALL_VERBS,
    order=("number",),
)

VENDORS = Entity(
    "vendors",
    "vendor",
    "Vendor",
    (
        ID,
        Field("number", "code", 20),
        Field("displayName", "text", 100),
        *_address(),
        Field("phoneNumber", "text", 30),
        Field("email", "text", 80),
        Field("website", "text", 80),
        Field("taxRegistrationNumber", "text", 20),
        Field("currencyId", "guid"),
        Field("currencyCode", "code", 10),
        Field("irs1099Code", "code", 10),
        Field("paymentTermsId", "guid"),
        Field("paymentMethodId", "guid"),
        Field("taxLiable", "bool"),
        Field("blocked", "enum", options=(" ", "Payment", "All")),
        _fixed("balance", "decimal"),
        MODIFIED,
    ),
    verbs=ALL_VERBS,
    order=("number",),
)

CURRENCIES = Entity(
    "currencies",
    "currency",
    "Currency",
    (
        ID,
        _fixed("code", "code", 10),
        _fixed("displayName", "text", 30),
        _fixed("symbol", "text", 10),
        _fixed("amountDecimalPlaces", "text", 5),
        _fixed("amountRoundingPrecision", "decimal"),
        MODIFIED,
    ),
    order=("code",),
)

ITEMS = Entity(
    "items",
    "item",
    "Item",
    (
        ID,
        _fixed("number", "code", 20),
        _fixed("displayName", "text", 100),
        _fixed("displayName2", "text", 50),
        _fixed("type", "enum", options=("Inventory", "Service", "Non-Inventory")),
        _fixed("itemCategoryId", "guid"),
        _fixed("itemCategoryCode", "code", 20),
        _fixed("blocked", "bool"),
        _fixed("gtin", "code", 14),
        _fixed("inventory", "decimal"),
        _fixed("unitPrice", "decimal"),
        _fixed("priceIncludesTax", "bool"),
        _fixed("unitCost", "decimal"),
        _fixed("taxGroupId", "guid"),
        _fixed("taxGroupCode", "code", 20),
        _fixed("baseUnitOfMeasureId", "guid"),
        _fixed("baseUnitOfMeasureCode", "code", 10),
        _fixed("generalProductPostingGroupCode", "code", 20),
        _fixed("inventoryPostingGroupCode", "code", 20),
        MODIFIED,
    ),
    order=("number",),
)

GENERAL_LEDGER_SETUP = Entity(
    "generalLedgerSetup",
    "generalLedgerSetup",
    "General Ledger Setup",
    (
        ID,
        _fixed("allowPostingFrom", "date"),
        _fixed("allowPostingTo", "date"),
        _fixed("additionalReportingCurrency", "code", 10),
        _fixed("localCurrencyCode", "code", 10),
        _fixed("localCurrencySymbol", "text", 10),
        _fixed("allowQueryFromConsolidation", "bool"),
        *(_fixed(f"shortcutDimension{number}Code", "code", 20) for number in range(1, 9)),
        MODIFIED,
    ),
)

ACCOUNTING_PERIODS = Entity(
    "accountingPeriods",
    "accountingPeriod",
    "Accounting Period",
    (
        ID,
        _fixed("startingDate", "date"),
        _fixed("name", "text", 10),
        _fixed("newFiscalYear", "bool"),
        _fixed("closed", "bool"),
        _fixed("dateLocked", "bool"),
        MODIFIED,
    ),
    order=("startingDate",),
)

COMPANY_INFORMATION = Entity(
    "companyInformation",
    "companyInformation",
    "Company Information",
    (
        ID,
        Field("displayName", "text", 100),
        *_address(),
        Field("phoneNumber", "text", 30),
        Field("faxNumber", "text", 30),
        Field("email", "text", 80),
        Field("website", "text", 80),
        Field("taxRegistrationNumber", "text", 20),
        _fixed("currencyCode", "code", 10),
        _fixed("currentFiscalYearStartDate", "date"),
        Field("industry", "text", 30),
        _fixed("experience", "text", 30),
        MODIFIED,
    ),
    verbs=frozenset({"PATCH"}),
)

DIMENSION_SET_LINES = Entity(
    "dimensionSetLines",
    "dimensionSetLine",
    "Dimension Set Entry",
    (
        Field("id", "guid"),
        Field("code", "code", 20),
        _fixed("consolidationCode", "code", 20),
        _fixed("parentId", "guid"),
        _fixed("parentType", "enum", options=PARENT_TYPES),
        _fixed("displayName", "text", 30),
        Field("valueId", "guid"),
        Field("valueCode", "code", 20),
        _fixed("valueConsolidationCode", "code", 20),
        _fixed("valueDisplayName", "text", 50),
    ),
    verbs=ALL_VERBS,
    order=("code",),
)

GENERAL_LEDGER_ENTRIES = Entity(
    "generalLedgerEntries",
    "generalLedgerEntry",
    "G/L Entry",
    (
        ID,
        _fixed("entryNumber", "int"),
        _fixed("postingDate", "date"),
        _fixed("documentNumber", "code", 20),
        _fixed("documentType", "enum", options=DOCUMENT_TYPES),
        _fixed("accountId", "guid"),
        _fixed("accountNumber", "code", 20),
        _fixed("description", "text", 100),
        _fixed("debitAmount", "decimal"),
        _fixed("creditAmount", "decimal"),
        _fixed("additionalCurrencyDebitAmount", "decimal"),
        _fixed("additionalCurrencyCreditAmount", "decimal"),
        MODIFIED,
    ),
    (
        Navigation("account", "accounts", here="accountId", many=False),
        Navigation("dimensionSetLines", "dimensionSetLines", there="parentId"),
    ),
    order=("entryNumber",),
)

JOURNALS = Entity(
    "journals",
    "journal",
    "Gen. Journal Batch",
    (
        ID,
        Field("code", "code", 10),
        Field("displayName", "text", 100),
        Field("templateDisplayName", "code", 10),
        MODIFIED,
        Field("balancingAccountId", "guid"),
        _fixed("balancingAccountNumber", "code", 20),
    ),
    (
        Navigation("account", "accounts", here="balancingAccountId", many=False),
        Navigation("journalLines", "journalLines", there="journalId"),
    ),
    verbs=ALL_VERBS,
    order=("templateDisplayName", "code"),
)

JOURNAL_LINES = Entity(
    "journalLines",
    "journalLine",
    "Gen. Journal Line",
    (
        ID,
        Field("journalId", "guid"),
        Field("journalDisplayName", "code", 10),
        Field("lineNumber", "int"),
        Field("accountType", "enum", options=ACCOUNT_TYPES),
        Field("accountId", "guid"),
        Field("accountNumber", "code", 20),
        Field("postingDate", "date"),
        Field("documentNumber", "code", 20),
        Field("externalDocumentNumber", "code", 35),
        Field("amount", "decimal"),
        Field("description", "text", 100),
        Field("comment", "text", 250),
        Field("taxCode", "code", 20),
        Field("balanceAccountType", "enum", options=ACCOUNT_TYPES),
        Field("balancingAccountId", "guid"),
        Field("balancingAccountNumber", "code", 20),
        MODIFIED,
    ),
    (
        Navigation("account", "accounts", here="accountId", many=False),
        Navigation("journal", "journals", here="journalId", many=False),
        Navigation("dimensionSetLines", "dimensionSetLines", there="parentId"),
    ),
    verbs=ALL_VERBS,
    order=("lineNumber",),
)

_INVOICE_STATUS = (" ", "Draft", "In Review", "Open", "Paid", "Canceled", "Corrective")
_INVOICE_TOTALS = (
    _fixed("discountAmount", "decimal"),
    _fixed("discountAppliedBeforeTax", "bool"),
    _fixed("totalAmountExcludingTax", "decimal"),
    _fixed("totalTaxAmount", "decimal"),
    _fixed("totalAmountIncludingTax", "decimal"),
    _fixed("status", "enum", options=_INVOICE_STATUS),
    MODIFIED,
)
_INVOICE_CURRENCY = (
    _fixed("shortcutDimension1Code", "code", 20),
    _fixed("shortcutDimension2Code", "code", 20),
    _fixed("currencyId", "guid"),
    _fixed("currencyCode", "code", 10),
    _fixed("orderId", "guid"),
    _fixed("orderNumber", "code", 20),
    _fixed("pricesIncludeTax", "bool"),
)

PURCHASE_INVOICES = Entity(
    "purchaseInvoices",
    "purchaseInvoice",
    "Purch. Inv. Entity Aggregate",
    (
        ID,
        _fixed("number", "code", 20),
        _fixed("postingDate", "date"),
        _fixed("invoiceDate", "date"),
        _fixed("dueDate", "date"),
        _fixed("vendorInvoiceNumber", "code", 35),
        _fixed("vendorId", "guid"),
        _fixed("vendorNumber", "code", 20),
        _fixed("vendorName", "text", 100),
        _fixed("payToVendorId", "guid"),
        _fixed("payToVendorNumber", "code", 20),
        _fixed("payToName", "text", 100),
        *_address("buyFrom"),
        *_INVOICE_CURRENCY,
        _fixed("purchaser", "code", 20),
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
        _fixed("number", "code", 20),
        _fixed("externalDocumentNumber", "code", 35),
        _fixed("invoiceDate", "date"),
        _fixed("postingDate", "date"),
        _fixed("dueDate", "date"),
        _fixed("customerPurchaseOrderReference", "text", 35),
        _fixed("customerId", "guid"),
        _fixed("customerNumber", "code", 20),
        _fixed("customerName", "text", 100),
        _fixed("billToCustomerId", "guid"),
        _fixed("billToCustomerNumber", "code", 20),
        _fixed("billToName", "text", 100),
        *_address("sellTo"),
        *_INVOICE_CURRENCY,
        _fixed("salesperson", "code", 20),
        _fixed("remainingAmount", "decimal"),
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
            _fixed("documentId", "guid"),
            _fixed("sequence", "int"),
            _fixed("itemId", "guid"),
            _fixed("accountId", "guid"),
            _fixed("lineType", "enum", options=_LINE_TYPES),
            _fixed("lineObjectNumber", "code", 20),
            _fixed("description", "text", 100),
            _fixed(price, "decimal"),
            _fixed("quantity", "decimal"),
            _fixed("discountAmount", "decimal"),
            _fixed("discountPercent", "decimal"),
            _fixed("amountExcludingTax", "decimal"),
            _fixed("taxCode", "code", 50),
            _fixed("taxPercent", "decimal"),
            _fixed("totalTaxAmount", "decimal"),
            _fixed("amountIncludingTax", "decimal"),
        ),
        order=("sequence",),
    )


PURCHASE_INVOICE_LINES = _invoice_line("purchaseInvoiceLines", "purchaseInvoiceLine", "unitCost")
SALES_INVOICE_LINES = _invoice_line("salesInvoiceLines", "salesInvoiceLine", "unitPrice")

SUBSCRIPTIONS = Entity(
    "subscriptions",
    "subscription",
    "API Webhook Subscription",
    (
        _fixed("subscriptionId", "text", 150),
        Field("notificationUrl", "text", 2048),
        Field("resource", "text", 2048),
        _fixed("timestamp", "int"),
        _fixed("userId", "guid"),
        MODIFIED,
        Field("clientState", "text", 2048),
        _fixed("expirationDateTime", "datetime"),
        _fixed("systemCreatedAt", "datetime"),
        _fixed("systemCreatedBy", "guid"),
        _fixed("systemModifiedAt", "datetime"),
        _fixed("systemModifiedBy", "guid"),
    ),
    verbs=ALL_VERBS,
    order=("subscriptionId",),
    key="subscriptionId",
)

IN_COMPANY: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        ACCOUNTS,
        DIMENSIONS,
        DIMENSION_VALUES,
        CUSTOMERS,
        VENDORS,
        CURRENCIES,
        ITEMS,
        GENERAL_LEDGER_SETUP,
        ACCOUNTING_PERIODS,
        COMPANY_INFORMATION,
        GENERAL_LEDGER_ENTRIES,
        DIMENSION_SET_LINES,
        JOURNALS,
        JOURNAL_LINES,
        PURCHASE_INVOICES,
        PURCHASE_INVOICE_LINES,
        SALES_INVOICES,
        SALES_INVOICE_LINES,
    )
}
ENTITIES: dict[str, Entity] = {COMPANIES.name: COMPANIES, SUBSCRIPTIONS.name: SUBSCRIPTIONS, **IN_COMPANY}

NEEDS_PARENT = {
    "journalLines": "You must specify a journal batch ID or a journal ID to get a journal line.",
    "dimensionSetLines": "You must get to the parent first to create a dimension set line.",
    "purchaseInvoiceLines": "You must specify an Id or a Document Id to get the lines.",
    "salesInvoiceLines": "You must specify an Id or a Document Id to get the lines.",
}
"""Sets that cannot be listed on their own, with what the server says."""

WEBHOOKS = (
    "accounts",
    "companyInformation",
    "currencies",
    "customers",
    "dimensions",
    "dimensionValues",
    "generalLedgerEntries",
    "items",
    "journals",
    "purchaseInvoices",
    "salesInvoices",
    "vendors",
)
"""The sets here whose changes can be subscribed to."""
