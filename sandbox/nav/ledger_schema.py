"""Journals, ledger entries and their dimensions, with the lengths and options of the real ones."""

from __future__ import annotations

from sandbox.nav.columns import ALL_VERBS, ID, MODIFIED, fixed
from sandbox.nav.entities import Entity, Field, Navigation

ACCOUNT_TYPES = ("G/L Account", "Customer", "Vendor", "Bank Account")
DOCUMENT_TYPES = (" ", "Payment", "Invoice", "Credit Memo", "Finance Charge Memo", "Reminder", "Refund")
PARENT_TYPES = ("Journal Line", "General Ledger Entry")

DIMENSION_SET_LINES = Entity(
    "dimensionSetLines",
    "dimensionSetLine",
    "Dimension Set Entry",
    (
        Field("id", "guid"),
        Field("code", "code", 20),
        fixed("consolidationCode", "code", 20),
        fixed("parentId", "guid"),
        fixed("parentType", "enum", options=PARENT_TYPES),
        fixed("displayName", "text", 30),
        Field("valueId", "guid"),
        Field("valueCode", "code", 20),
        fixed("valueConsolidationCode", "code", 20),
        fixed("valueDisplayName", "text", 50),
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
        fixed("entryNumber", "int"),
        fixed("postingDate", "date"),
        fixed("documentNumber", "code", 20),
        fixed("documentType", "enum", options=DOCUMENT_TYPES),
        fixed("accountId", "guid"),
        fixed("accountNumber", "code", 20),
        fixed("description", "text", 100),
        fixed("debitAmount", "decimal"),
        fixed("creditAmount", "decimal"),
        fixed("additionalCurrencyDebitAmount", "decimal"),
        fixed("additionalCurrencyCreditAmount", "decimal"),
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
        fixed("balancingAccountNumber", "code", 20),
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
