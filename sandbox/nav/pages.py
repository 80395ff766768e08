"""Pages of general ledger, parties and setup as an administrator publishes them over OData V4.

Field names are the captions of the pages in Microsoft's AL source, with `_` for other signs; the primary key
is there although a page does not show it. Each page shows a table that the API has too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.nav.columns import ALL_VERBS, fixed
from sandbox.nav.company import Company
from sandbox.nav.entities import Entity, Field, Row
from sandbox.nav.filters import Filter
from sandbox.nav.item_schema import SHORTCUTS
from sandbox.nav.ledger_schema import ACCOUNT_TYPES, DOCUMENT_TYPES

GL_TYPES = ("Posting", "Heading", "Total", "Begin-Total", "End-Total")
CUSTOMER_BLOCKED = (" ", "Ship", "Invoice", "All")
VENDOR_BLOCKED = (" ", "Payment", "All")
ITEM_TYPES = ("Inventory", "Service", "Non-Inventory")
VALUE_POSTING = (" ", "Code Mandatory", "Same Code", "No Code")
_TABLE_IDS = {"Customer": 18, "Vendor": 23, "Item": 27}

Shown = str | Callable[[Company, Row], Any]
"""The field of the table below, or how to work it out."""


@dataclass(frozen=True)
class Page:
    """One page. `source` is the table below it in API v2.0's words."""

    number: int
    entity: Entity
    source: str
    shown: Mapping[str, Shown]
    holds: Callable[[Row], bool] = lambda row: True

    def rows(self, company: Company, wanted: Filter | None = None) -> Iterable[Row]:
        """The records as the page shows them, those that may match."""
        for row in self._candidates(company, wanted or Filter()):
            if self.holds(row):
                yield self.row(company, row)

    def row(self, company: Company, row: Row) -> Row:
        """One record; `_source` is that of the table below."""
        found: Row = {"id": row["id"], "_version": row["_version"], "_source": row}
        for field in self.entity.fields:
            shown = self.shown[field.name]
            found[field.name] = row[shown] if isinstance(shown, str) else shown(company, row)
        return found

    def _candidates(self, company: Company, wanted: Filter) -> Iterable[Row]:
        table = company.tables[self.source]
        for condition in wanted.conditions:
            if len(condition.fields) == 1 and condition.values is not None:
                shown = self.shown[next(iter(condition.fields))]
                if isinstance(shown, str) and shown in table.indexes:
                    return [row for value in condition.values for row in table.find(shown, value)]
        return list(table.rows.values())


def _amount(_: Company, row: Row) -> Any:
    return row["debitAmount"] - row["creditAmount"]


def _shortcut(at: int) -> Callable[[Company, Row], str]:
    """The value of the dimension that is shortcut number `at`, from 1."""

    def shown(company: Company, row: Row) -> str:
        dimensions = company.world.dimensions
        code = dimensions[at - 1].code if at <= len(dimensions) else ""
        return str(row["_dimensions"].get(code, ""))

    return shown


def _modified_on(_: Company, row: Row) -> str:
    return str(row["lastModifiedDateTime"])[:10]


def _page(
    number: int, name: str, table: str, source: str, fields: Mapping[Field, Shown], **more: Any
) -> Page:
    holds = more.pop("holds", None)
    entity = Entity(name, name, table, tuple(fields), **more)
    shown = {field.name: shown for field, shown in fields.items()}
    return Page(number, entity, source, shown, holds) if holds else Page(number, entity, source, shown)


_ACCOUNT_FIELDS: dict[Field, Shown] = {
    fixed("No", "code", 20): "number",
    fixed("Name", "text", 100): "displayName",
    fixed("Account_Type", "option", options=GL_TYPES): "accountType",
    fixed("Direct_Posting", "bool"): "directPosting",
}
_BY_NUMBER = {"order": ("No",)}

CHART_OF_ACCOUNTS = _page(
    16,
    "Chart_of_Accounts",
    "G/L Account",
    "accounts",
    {**_ACCOUNT_FIELDS, fixed("Net_Change", "decimal"): "netChange"},
    **_BY_NUMBER,
)
GL_ACCOUNT_CARD = _page(
    17,
    "G_L_Account_Card",
    "G/L Account",
    "accounts",
    {**_ACCOUNT_FIELDS, fixed("Blocked", "bool"): "blocked"},
    **_BY_NUMBER,
)
GL_ENTRIES = _page(
    20,
    "G_LEntries",
    "G/L Entry",
    "generalLedgerEntries",
    {
        fixed("Entry_No", "int"): "entryNumber",
        fixed("Posting_Date", "date"): "postingDate",
        fixed("Document_Type", "option", options=DOCUMENT_TYPES): "documentType",
        fixed("Document_No", "code", 20): "documentNumber",
        fixed("G_L_Account_No", "code", 20): "accountNumber",
        fixed("Description", "text", 100): "description",
        fixed("Global_Dimension_1_Code", "code", 20): _shortcut(1),
        fixed("Global_Dimension_2_Code", "code", 20): _shortcut(2),
        fixed("Amount", "decimal"): _amount,
        fixed("Debit_Amount", "decimal"): "debitAmount",
        fixed("Credit_Amount", "decimal"): "creditAmount",
        fixed("Dimension_Set_ID", "int"): lambda company, row: company.dimension_set_id(row["_dimensions"]),
    },
    order=("Entry_No",),
)
DIMENSIONS = _page(
    536,
    "Dimensions",
    "Dimension",
    "dimensions",
    {fixed("Code", "code", 20): "code", fixed("Name", "text", 30): "displayName"},
    order=("Code",),
)
DIMENSION_VALUES = _page(
    537,
    "Dimension_Values",
    "Dimension Value",
    "dimensionValues",
    {
        fixed("Dimension_Code", "code", 20): lambda company, row: company.tables["dimensions"].rows[
            row["dimensionId"]
        ]["code"],
        fixed("Code", "code", 20): "code",
        fixed("Name", "text", 50): "displayName",
        fixed("Blocked", "bool"): "_blocked",
    },
    order=("Dimension_Code", "Code"),
)


def _terms(company: Company, row: Row) -> str:
    found = company.tables["paymentTerms"].rows.get(row["paymentTermsId"])
    return str(found["code"]) if found else ""


def _party(number: int, name: str, table: str, source: str, blocked: tuple[str, ...]) -> Page:
    return _page(
        number,
        name,
        table,
        source,
        {
            Field("No", "code", 20): "number",
            Field("Name", "text", 100): "displayName",
            Field("Address", "text", 100): "addressLine1",
            Field("Address_2", "text", 50): "addressLine2",
            Field("City", "text", 30): "city",
            Field("County", "text", 30): "state",
            Field("Post_Code", "code", 20): "postalCode",
            Field("Country_Region_Code", "code", 10): "country",
            Field("Phone_No", "text", 30): "phoneNumber",
            Field("E_Mail", "text", 80): "email",
            Field("Home_Page", "text", 80): "website",
            Field("VAT_Registration_No", "text", 20): "taxRegistrationNumber",
            Field("Tax_Liable", "bool"): "taxLiable",
            Field("Currency_Code", "code", 10): "currencyCode",
            Field("Payment_Terms_Code", "code", 10): _terms,
            Field("Blocked", "option", options=blocked): "blocked",
            fixed("Last_Date_Modified", "date"): _modified_on,
        },
        verbs=ALL_VERBS,
        **_BY_NUMBER,
    )


CUSTOMER_CARD = _party(21, "Customer_Card", "Customer", "customers", CUSTOMER_BLOCKED)
VENDOR_CARD = _party(26, "Vendor_Card", "Vendor", "vendors", VENDOR_BLOCKED)


def _owner(company: Company, row: Row) -> str:
    name = {"Customer": "customers", "Vendor": "vendors"}[row["parentType"]]
    return str(company.tables[name].rows[row["parentId"]]["number"])


DEFAULT_DIMENSIONS = _page(
    540,
    "Default_Dimensions",
    "Default Dimension",
    "defaultDimensions",
    {
        fixed("Table_ID", "int"): lambda _, row: _TABLE_IDS[row["parentType"]],
        fixed("No", "code", 20): _owner,
        fixed("Dimension_Code", "code", 20): "dimensionCode",
        fixed("Dimension_Value_Code", "code", 20): "dimensionValueCode",
        fixed("Value_Posting", "option", options=VALUE_POSTING): "postingValidation",
    },
    order=("Table_ID", "No", "Dimension_Code"),
)
GENERAL_LEDGER_SETUP = _page(
    118,
    "General_Ledger_Setup",
    "General Ledger Setup",
    "generalLedgerSetup",
    {
        fixed("Primary_Key", "code", 10): lambda _, row: "",
        fixed("LCY_Code", "code", 10): "localCurrencyCode",
        fixed("Allow_Posting_From", "date"): lambda company, row: _refreshed(company, row)[
            "allowPostingFrom"
        ],
        fixed("Allow_Posting_To", "date"): lambda company, row: _refreshed(company, row)["allowPostingTo"],
        fixed("Global_Dimension_1_Code", "code", 20): "shortcutDimension1Code",
        fixed("Global_Dimension_2_Code", "code", 20): "shortcutDimension2Code",
        **{
            fixed(f"Shortcut_Dimension_{at}_Code", "code", 20): f"shortcutDimension{at}Code"
            for at in range(1, 9)
        },
    },
    order=("Primary_Key",),
)


def _refreshed(company: Company, row: Row) -> Row:
    company.refresh_setup()
    return row


ACCOUNTING_PERIODS = _page(
    100,
    "Accounting_Periods",
    "Accounting Period",
    "accountingPeriods",
    {
        fixed("Starting_Date", "date"): "startingDate",
        fixed("Name", "text", 10): "name",
        fixed("New_Fiscal_Year", "bool"): "newFiscalYear",
        fixed("Closed", "bool"): "closed",
        fixed("Date_Locked", "bool"): "dateLocked",
    },
    order=("Starting_Date",),
)


def _posted(
    number: int, name: str, table: str, source: str, party: tuple[str, str], external: tuple[str, str]
) -> Page:
    return _page(
        number,
        name,
        table,
        source,
        {
            fixed("No", "code", 20): "number",
            fixed(party[0], "code", 20): party[1],
            fixed(external[0], "code", 35): external[1],
            fixed("Posting_Date", "date"): "postingDate",
            fixed("Amount_Including_VAT", "decimal"): "totalAmountIncludingTax",
            fixed("Cancelled", "bool"): lambda _, row: row["status"] == "Canceled",
        },
        holds=lambda row: row["status"] not in ("Draft", "In Review"),
        **_BY_NUMBER,
    )


_SOLD_TO = ("Sell_to_Customer_No", "customerNumber")
_BOUGHT_FROM = ("Buy_from_Vendor_No", "vendorNumber")
_EXTERNAL = ("External_Document_No", "externalDocumentNumber")

POSTED_SALES_INVOICES = _posted(
    143, "PostedSalesInvoices", "Sales Invoice Header", "salesInvoices", _SOLD_TO, _EXTERNAL
)
POSTED_SALES_CREDIT_MEMOS = _posted(
    144, "PostedSalesCreditMemos", "Sales Cr.Memo Header", "salesCreditMemos", _SOLD_TO, _EXTERNAL
)
POSTED_PURCHASE_INVOICES = _posted(
    146,
    "PostedPurchaseInvoices",
    "Purch. Inv. Header",
    "purchaseInvoices",
    _BOUGHT_FROM,
    ("Vendor_Invoice_No", "vendorInvoiceNumber"),
)
POSTED_PURCHASE_CREDIT_MEMOS = _posted(
    147,
    "PostedPurchaseCreditMemos",
    "Purch. Cr. Memo Hdr.",
    "purchaseCreditMemos",
    _BOUGHT_FROM,
    ("Vendor_Cr_Memo_No", "vendorCreditMemoNumber"),
)


def _template(company: Company, row: Row) -> str:
    return str(company.tables["journals"].rows[row["journalId"]]["templateDisplayName"])


def _journal(number: int, name: str, **more: Shown) -> Page:
    fields: dict[Field, Shown] = {
        Field("Journal_Template_Name", "code", 10): _template,
        Field("Journal_Batch_Name", "code", 10): "journalDisplayName",
        Field("Line_No", "int"): "lineNumber",
        Field("Posting_Date", "date"): "postingDate",
        Field("Document_Type", "option", options=DOCUMENT_TYPES): "_document_type",
        Field("Document_No", "code", 20): "documentNumber",
        Field("External_Document_No", "code", 35): "externalDocumentNumber",
        Field("Account_Type", "option", options=ACCOUNT_TYPES): "accountType",
        Field("Account_No", "code", 20): "accountNumber",
        Field("Description", "text", 100): "description",
        Field("VAT_Prod_Posting_Group", "code", 20): "taxCode",
        Field("Currency_Code", "code", 10): "_currency",
        Field("Amount", "decimal"): "amount",
        Field("Amount_LCY", "decimal"): lambda company, row: company.local_amount(row),
        Field("Bal_Account_Type", "option", options=ACCOUNT_TYPES): "balanceAccountType",
        Field("Bal_Account_No", "code", 20): "balancingAccountNumber",
        Field("Applies_to_Doc_Type", "option", options=DOCUMENT_TYPES): "_applies_to_type",
        Field("Applies_to_Doc_No", "code", 20): "_applies_to",
        **{Field(name, "code", 20): _shortcut(at) for at, name in enumerate(SHORTCUTS, 1)},
        Field("Comment", "text", 250): "comment",
        **{Field(name, "date"): shown for name, shown in more.items()},
    }
    order = ("Journal_Template_Name", "Journal_Batch_Name", "Line_No")
    return _page(number, name, "Gen. Journal Line", "journalLines", fields, verbs=ALL_VERBS, order=order)


GENERAL_JOURNAL = _journal(39, "GeneralJournal")
"""In the worldwide version it has no Due Date."""
SALES_JOURNAL = _journal(253, "SalesJournal", Due_Date="_due_date")
PURCHASE_JOURNAL = _journal(254, "PurchaseJournal", Due_Date="_due_date")
JOURNALS = (GENERAL_JOURNAL, SALES_JOURNAL, PURCHASE_JOURNAL)
"""Pages on one table."""

PAYMENT_TERMS = _page(
    4,
    "Payment_Terms",
    "Payment Terms",
    "paymentTerms",
    {fixed("Code", "code", 10): "code", fixed("Description", "text", 100): "displayName"},
    order=("Code",),
)
LOCATIONS = _page(
    15,
    "Location_List",
    "Location",
    "locations",
    {fixed("Code", "code", 10): "code", fixed("Name", "text", 100): "displayName"},
    order=("Code",),
)
ITEM_CARD = _page(
    30,
    "Item_Card",
    "Item",
    "items",
    {
        fixed("No", "code", 20): "number",
        fixed("Description", "text", 100): "displayName",
        fixed("Type", "option", options=ITEM_TYPES): "type",
        fixed("Blocked", "bool"): "blocked",
    },
    **_BY_NUMBER,
)

PAGES: dict[str, Page] = {
    page.entity.name: page
    for page in (
        CHART_OF_ACCOUNTS,
        GL_ACCOUNT_CARD,
        GL_ENTRIES,
        CUSTOMER_CARD,
        VENDOR_CARD,
        *JOURNALS,
        ACCOUNTING_PERIODS,
        GENERAL_LEDGER_SETUP,
        POSTED_SALES_INVOICES,
        POSTED_SALES_CREDIT_MEMOS,
        POSTED_PURCHASE_INVOICES,
        POSTED_PURCHASE_CREDIT_MEMOS,
        DIMENSIONS,
        DIMENSION_VALUES,
        DEFAULT_DIMENSIONS,
        LOCATIONS,
        ITEM_CARD,
        PAYMENT_TERMS,
    )
}


def dimension_set_entries(company: Company) -> list[Row]:
    """Page 479, which shows what every used dimension set is made of."""
    return [
        {
            "id": f"{number}/{code}",
            "_version": number,
            "Dimension_Set_ID": number,
            "Dimension_Code": code,
            "Dimension_Value_Code": value,
        }
        for used, number in company.dimension_sets.items()
        for code, value in used
    ]


DIMENSION_SET_ENTRIES = Entity(
    "Dimension_Set_Entries",
    "Dimension_Set_Entries",
    "Dimension Set Entry",
    (
        fixed("Dimension_Set_ID", "int"),
        fixed("Dimension_Code", "code", 20),
        fixed("Dimension_Value_Code", "code", 20),
    ),
    order=("Dimension_Set_ID", "Dimension_Code"),
)
