"""The pages that NAV's administrator publishes for the channel `odata_v4`: how the connection's `services`
name them, their number in NAV, and the name that we propose. Field names are the captions of the pages in
Microsoft's AL source, with `_` for other signs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedPage:
    number: int
    name: str
    is_needed: bool = True
    """Else something is given up without it: see `why`."""
    why: str = ""


PAGES = {
    "general_journal": PublishedPage(39, "GeneralJournal"),
    "sales_journal": PublishedPage(
        253, "SalesJournal", False, "customers' documents are due by the payment terms of the card"
    ),
    "purchase_journal": PublishedPage(
        254, "PurchaseJournal", False, "vendors' documents are due by the payment terms of the card"
    ),
    "gl_entries": PublishedPage(20, "G_LEntries"),
    "gl_account_card": PublishedPage(17, "G_L_Account_Card"),
    "dimensions": PublishedPage(536, "Dimensions"),
    "dimension_values": PublishedPage(537, "Dimension_Values"),
    "dimension_set_entries": PublishedPage(479, "Dimension_Set_Entries"),
    "customer_card": PublishedPage(21, "Customer_Card"),
    "vendor_card": PublishedPage(26, "Vendor_Card"),
    "general_ledger_setup": PublishedPage(118, "General_Ledger_Setup"),
    "accounting_periods": PublishedPage(100, "Accounting_Periods"),
    "payment_terms": PublishedPage(
        4, "Payment_Terms", False, "suppliers and customers can't be kept the same"
    ),
    "item_card": PublishedPage(30, "Item_Card", False, "`check --nav` compares no items"),
    "location_list": PublishedPage(15, "Location_List", False, "`check --nav` compares no locations"),
    "default_dimensions": PublishedPage(
        540, "Default_Dimensions", False, "mandatory dimensions of parties are noticed only when NAV refuses"
    ),
    "posted_purchase_invoices": PublishedPage(
        146, "PostedPurchaseInvoices", False, "bills keyed in by hand are not found"
    ),
    "posted_sales_invoices": PublishedPage(
        143, "PostedSalesInvoices", False, "sales invoices keyed in by hand are not found"
    ),
    "posted_purchase_credit_memos": PublishedPage(
        147, "PostedPurchaseCreditMemos", False, "purchase credit memos keyed in by hand are not found"
    ),
    "posted_sales_credit_memos": PublishedPage(
        144, "PostedSalesCreditMemos", False, "sales credit memos keyed in by hand are not found"
    ),
    "customer_ledger": PublishedPage(
        25, "Cust_LedgerEntries", False, "what customers owe can't be proved by `reconciliation`"
    ),
    "vendor_ledger": PublishedPage(
        29, "VendorLedgerEntries", False, "what vendors are owed can't be proved by `reconciliation`"
    ),
}
