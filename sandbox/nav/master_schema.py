"""The master data and setup of API v2.0, with the lengths and options of the real one."""

from __future__ import annotations

from sandbox.nav.columns import ALL_VERBS, ID, MODIFIED, address, fixed
from sandbox.nav.entities import Entity, Field, Navigation

COMPANIES = Entity(
    "companies",
    "company",
    "Company",
    (
        ID,
        fixed("systemVersion", "text"),
        fixed("timestamp", "int"),
        fixed("name", "text", 30),
        fixed("displayName", "text", 250),
        fixed("businessProfileId", "text", 250),
        fixed("systemCreatedAt", "datetime"),
        fixed("systemModifiedAt", "datetime"),
    ),
    order=("name",),
)

ACCOUNTS = Entity(
    "accounts",
    "account",
    "G/L Account",
    (
        ID,
        fixed("number", "code", 20),
        fixed("displayName", "text", 100),
        fixed(
            "category",
            "enum",
            options=(" ", "Assets", "Liabilities", "Equity", "Income", "Cost of Goods Sold", "Expense"),
        ),
        fixed("subCategory", "text", 80),
        fixed("blocked", "bool"),
        fixed("accountType", "enum", options=("Posting", "Heading", "Total", "Begin-Total", "End-Total")),
        fixed("directPosting", "bool"),
        fixed("netChange", "decimal"),
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
        fixed("code", "code", 20),
        fixed("displayName", "text", 30),
        fixed("consolidationCode", "code", 20),
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
        fixed("code", "code", 20),
        fixed("dimensionId", "guid"),
        fixed("displayName", "text", 50),
        fixed("consolidationCode", "code", 20),
        MODIFIED,
    ),
    order=("dimensionId", "code"),
)

DEFAULT_DIMENSIONS = Entity(
    "defaultDimensions",
    "defaultDimension",
    "Default Dimension",
    (
        ID,
        fixed("parentType", "enum", options=(" ", "Customer", "Item", "Vendor", "Employee")),
        fixed("parentId", "guid"),
        fixed("dimensionId", "guid"),
        fixed("dimensionCode", "code", 20),
        fixed("dimensionValueId", "guid"),
        fixed("dimensionValueCode", "code", 20),
        fixed("postingValidation", "enum", options=(" ", "Code Mandatory", "Same Code", "No Code")),
        MODIFIED,
    ),
    order=("parentId", "dimensionCode"),
)
_DEFAULT_DIMENSIONS = Navigation("defaultDimensions", "defaultDimensions", there="parentId")

CUSTOMERS = Entity(
    "customers",
    "customer",
    "Customer",
    (
        ID,
        Field("number", "code", 20),
        Field("displayName", "text", 100),
        Field("type", "enum", options=("Company", "Person")),
        *address(),
        Field("phoneNumber", "text", 30),
        Field("email", "text", 80),
        Field("website", "text", 80),
        Field("salespersonCode", "code", 20),
        fixed("balanceDue", "decimal"),
        Field("creditLimit", "decimal"),
        Field("taxLiable", "bool"),
        Field("taxAreaId", "guid"),
        fixed("taxAreaDisplayName", "text", 100),
        Field("taxRegistrationNumber", "text", 20),
        Field("currencyId", "guid"),
        Field("currencyCode", "code", 10),
        Field("paymentTermsId", "guid"),
        Field("shipmentMethodId", "guid"),
        Field("paymentMethodId", "guid"),
        Field("blocked", "enum", options=(" ", "Ship", "Invoice", "All")),
        MODIFIED,
    ),
    (_DEFAULT_DIMENSIONS,),
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
        *address(),
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
        fixed("balance", "decimal"),
        MODIFIED,
    ),
    (_DEFAULT_DIMENSIONS,),
    verbs=ALL_VERBS,
    order=("number",),
)

CURRENCIES = Entity(
    "currencies",
    "currency",
    "Currency",
    (
        ID,
        fixed("code", "code", 10),
        fixed("displayName", "text", 30),
        fixed("symbol", "text", 10),
        fixed("amountDecimalPlaces", "text", 5),
        fixed("amountRoundingPrecision", "decimal"),
        MODIFIED,
    ),
    order=("code",),
)

PAYMENT_TERMS = Entity(
    "paymentTerms",
    "paymentTerm",
    "Payment Terms",
    (
        ID,
        fixed("code", "code", 10),
        fixed("displayName", "text", 100),
        fixed("dueDateCalculation", "text", 32),
        fixed("discountDateCalculation", "text", 32),
        fixed("discountPercent", "decimal"),
        fixed("calculateDiscountOnCreditMemos", "bool"),
        MODIFIED,
    ),
    order=("code",),
)

LOCATIONS = Entity(
    "locations",
    "location",
    "Location",
    (
        ID,
        fixed("code", "code", 10),
        fixed("displayName", "text", 100),
        MODIFIED,
    ),
    order=("code",),
)
"""Read only here: nobody who is simulated changes a location."""

ITEMS = Entity(
    "items",
    "item",
    "Item",
    (
        ID,
        fixed("number", "code", 20),
        fixed("displayName", "text", 100),
        fixed("displayName2", "text", 50),
        fixed("type", "enum", options=("Inventory", "Service", "Non-Inventory")),
        fixed("itemCategoryId", "guid"),
        fixed("itemCategoryCode", "code", 20),
        fixed("blocked", "bool"),
        fixed("gtin", "code", 14),
        fixed("inventory", "decimal"),
        fixed("unitPrice", "decimal"),
        fixed("priceIncludesTax", "bool"),
        fixed("unitCost", "decimal"),
        fixed("taxGroupId", "guid"),
        fixed("taxGroupCode", "code", 20),
        fixed("baseUnitOfMeasureId", "guid"),
        fixed("baseUnitOfMeasureCode", "code", 10),
        fixed("generalProductPostingGroupCode", "code", 20),
        fixed("inventoryPostingGroupCode", "code", 20),
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
        fixed("allowPostingFrom", "date"),
        fixed("allowPostingTo", "date"),
        fixed("additionalReportingCurrency", "code", 10),
        fixed("localCurrencyCode", "code", 10),
        fixed("localCurrencySymbol", "text", 10),
        fixed("allowQueryFromConsolidation", "bool"),
        *(fixed(f"shortcutDimension{number}Code", "code", 20) for number in range(1, 9)),
        MODIFIED,
    ),
)

ACCOUNTING_PERIODS = Entity(
    "accountingPeriods",
    "accountingPeriod",
    "Accounting Period",
    (
        ID,
        fixed("startingDate", "date"),
        fixed("name", "text", 10),
        fixed("newFiscalYear", "bool"),
        fixed("closed", "bool"),
        fixed("dateLocked", "bool"),
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
        *address(),
        Field("phoneNumber", "text", 30),
        Field("faxNumber", "text", 30),
        Field("email", "text", 80),
        Field("website", "text", 80),
        Field("taxRegistrationNumber", "text", 20),
        fixed("currencyCode", "code", 10),
        fixed("currentFiscalYearStartDate", "date"),
        Field("industry", "text", 30),
        fixed("experience", "text", 30),
        MODIFIED,
    ),
    verbs=frozenset({"PATCH"}),
)
