"""All entity sets that this simulator serves."""

from __future__ import annotations

from sandbox.nav.columns import ALL_VERBS, MODIFIED, fixed
from sandbox.nav.entities import Entity, Field
from sandbox.nav.invoice_schema import (
    PURCHASE_CREDIT_MEMO_LINES,
    PURCHASE_CREDIT_MEMOS,
    PURCHASE_INVOICE_LINES,
    PURCHASE_INVOICES,
    SALES_CREDIT_MEMO_LINES,
    SALES_CREDIT_MEMOS,
    SALES_INVOICE_LINES,
    SALES_INVOICES,
)
from sandbox.nav.item_schema import ITEM_JOURNAL, ITEM_LEDGER_ENTRIES, ITEM_RECLASS_JOURNAL
from sandbox.nav.ledger_schema import DIMENSION_SET_LINES, GENERAL_LEDGER_ENTRIES, JOURNAL_LINES, JOURNALS
from sandbox.nav.master_schema import (
    ACCOUNTING_PERIODS,
    ACCOUNTS,
    COMPANIES,
    COMPANY_INFORMATION,
    CURRENCIES,
    CUSTOMERS,
    DEFAULT_DIMENSIONS,
    DIMENSION_VALUES,
    DIMENSIONS,
    GENERAL_LEDGER_SETUP,
    ITEMS,
    LOCATIONS,
    PAYMENT_TERMS,
    VENDORS,
)
from sandbox.nav.party_ledger import CUSTOMER_LEDGER, VENDOR_LEDGER

SUBSCRIPTIONS = Entity(
    "subscriptions",
    "subscription",
    "API Webhook Subscription",
    (
        fixed("subscriptionId", "text", 150),
        Field("notificationUrl", "text", 2048),
        Field("resource", "text", 2048),
        fixed("timestamp", "int"),
        fixed("userId", "guid"),
        MODIFIED,
        Field("clientState", "text", 2048),
        fixed("expirationDateTime", "datetime"),
        fixed("systemCreatedAt", "datetime"),
        fixed("systemCreatedBy", "guid"),
        fixed("systemModifiedAt", "datetime"),
        fixed("systemModifiedBy", "guid"),
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
        DEFAULT_DIMENSIONS,
        CUSTOMERS,
        VENDORS,
        CURRENCIES,
        PAYMENT_TERMS,
        ITEMS,
        LOCATIONS,
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
        PURCHASE_CREDIT_MEMOS,
        PURCHASE_CREDIT_MEMO_LINES,
        SALES_CREDIT_MEMOS,
        SALES_CREDIT_MEMO_LINES,
    )
}
PUBLISHED: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        ITEM_JOURNAL,
        ITEM_RECLASS_JOURNAL,
        ITEM_LEDGER_ENTRIES,
        CUSTOMER_LEDGER,
        VENDOR_LEDGER,
    )
}
"""The pages published over OData V4, by service name; API v2.0 does not know them."""
ENTITIES: dict[str, Entity] = {COMPANIES.name: COMPANIES, SUBSCRIPTIONS.name: SUBSCRIPTIONS, **IN_COMPANY}

NEEDS_PARENT = {
    "journalLines": "You must specify a journal batch ID or a journal ID to get a journal line.",
    "dimensionSetLines": "You must get to the parent first to create a dimension set line.",
    "purchaseInvoiceLines": "You must specify an Id or a Document Id to get the lines.",
    "salesInvoiceLines": "You must specify an Id or a Document Id to get the lines.",
    "purchaseCreditMemoLines": "You must specify an Id or a Document Id to get the lines.",
    "salesCreditMemoLines": "You must specify an Id or a Document Id to get the lines.",
    "defaultDimensions": "You must specify a parent id to get the default dimensions.",
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
    "paymentTerms",
    "purchaseInvoices",
    "salesCreditMemos",
    "salesInvoices",
    "vendors",
)
"""The sets here whose changes can be subscribed to."""

__all__ = [
    "ACCOUNTING_PERIODS",
    "ACCOUNTS",
    "COMPANIES",
    "COMPANY_INFORMATION",
    "CURRENCIES",
    "CUSTOMERS",
    "CUSTOMER_LEDGER",
    "DEFAULT_DIMENSIONS",
    "DIMENSIONS",
    "DIMENSION_SET_LINES",
    "DIMENSION_VALUES",
    "GENERAL_LEDGER_ENTRIES",
    "GENERAL_LEDGER_SETUP",
    "ITEMS",
    "ITEM_JOURNAL",
    "ITEM_LEDGER_ENTRIES",
    "ITEM_RECLASS_JOURNAL",
    "JOURNALS",
    "JOURNAL_LINES",
    "LOCATIONS",
    "NEEDS_PARENT",
    "PAYMENT_TERMS",
    "PUBLISHED",
    "PURCHASE_CREDIT_MEMOS",
    "PURCHASE_CREDIT_MEMO_LINES",
    "PURCHASE_INVOICES",
    "PURCHASE_INVOICE_LINES",
    "SALES_CREDIT_MEMOS",
    "SALES_CREDIT_MEMO_LINES",
    "SALES_INVOICES",
    "SALES_INVOICE_LINES",
    "SUBSCRIPTIONS",
    "VENDORS",
    "VENDOR_LEDGER",
    "WEBHOOKS",
]
