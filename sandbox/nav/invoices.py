"""Invoices and credit memos that people key in by hand in NAV: the twins that must be noticed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sandbox.nav import accounts
from sandbox.nav.accounts import CUSTOMER, GL, VENDOR
from sandbox.nav.company import INPUT_VAT, OUTPUT_VAT, Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import not_found
from sandbox.nav.posting import Posting
from sandbox.nav.schema import JOURNAL_LINES
from sandbox.nav.wire import cents

Money = Annotated[Decimal, BeforeValidator(lambda value: Decimal(str(value)))]


@dataclass(frozen=True)
class Sort:
    """One of the four documents, and where the API shows it."""

    entity: str
    lines: str
    document_type: str
    series: str
    is_purchase: bool
    external: str
    """The field that holds the other side's number."""

    @property
    def sign(self) -> int:
        """Of the amount on the G/L account: debit positive."""
        return 1 if self.is_purchase is (self.document_type == "Invoice") else -1


PURCHASE_INVOICE = Sort(
    "purchaseInvoices", "purchaseInvoiceLines", "Invoice", "1080{:04}", True, "vendorInvoiceNumber"
)
SALES_INVOICE = Sort(
    "salesInvoices", "salesInvoiceLines", "Invoice", "1030{:04}", False, "externalDocumentNumber"
)
PURCHASE_CREDIT_MEMO = Sort(
    "purchaseCreditMemos",
    "purchaseCreditMemoLines",
    "Credit Memo",
    "1090{:04}",
    True,
    "vendorCreditMemoNumber",
)
SALES_CREDIT_MEMO = Sort(
    "salesCreditMemos", "salesCreditMemoLines", "Credit Memo", "1040{:04}", False, "externalDocumentNumber"
)
_CANCELLING = {"purchaseInvoices": PURCHASE_CREDIT_MEMO, "salesInvoices": SALES_CREDIT_MEMO}


class HandKeyed(BaseModel):
    """An invoice or a credit memo; amounts positive, before tax, in local currency."""

    model_config = ConfigDict(extra="forbid")

    number: str | None = Field(None, max_length=20)
    """NAV's own document number; drawn where it is not given."""
    party: str | None = None
    """Customer or vendor number; null: the first one."""
    external_number: str = Field("", max_length=35)
    """The vendor's number, or the customer's external document number."""
    date: dt.date | None = None
    account: str | None = None
    amount: Money = Decimal("100.00")
    tax_percent: Money = Decimal(20)
    description: str = "Keyed in by hand"
    draft: bool = False
    """Not posted yet: shown, but without entries."""


class Named(BaseModel):
    """An invoice by NAV's number."""

    model_config = ConfigDict(extra="forbid")

    number: str


def key_in(company: Company, posting: Posting, sort: Sort, wanted: HandKeyed) -> Row:
    """Write a document as the user interface would, and show it in the API. Raises `ApiError`."""
    party_kind = VENDOR if sort.is_purchase else CUSTOMER
    number = wanted.party or ("V00010" if sort.is_purchase else "C00010")
    party = accounts.related(company, accounts.ACCOUNT, party_kind, number)
    account = accounts.related(
        company, accounts.ACCOUNT, GL, wanted.account or ("8310" if sort.is_purchase else "6110")
    )
    amount, tax = cents(wanted.amount), cents(wanted.amount * wanted.tax_percent / 100)
    day = (wanted.date or company.clock.today()).isoformat()
    external = wanted.external_number.upper()
    with company.undo.transaction():
        document = wanted.number or company.draw(sort.entity, sort.series)
        line = JOURNAL_LINES.fresh(
            postingDate=day,
            externalDocumentNumber=external,
            description=wanted.description,
            _dimensions=accounts.default_dimensions(company, ((GL, account["number"]),)),
        )
        entries = (
            (party_kind, party["number"], -sort.sign * (amount + tax)),
            (GL, account["number"], sort.sign * amount),
            (GL, INPUT_VAT if sort.is_purchase else OUTPUT_VAT, sort.sign * tax),
        )
        for entry_kind, entry_number, value in entries:
            if value and not wanted.draft:
                posting.enter(line, document, entry_kind, entry_number, value, sort.document_type)
        row = company.tables[sort.entity].insert(
            number=document,
            postingDate=day,
            dueDate=(dt.date.fromisoformat(day) + dt.timedelta(days=30)).isoformat(),
            currencyCode="GBP",
            totalAmountExcludingTax=amount,
            totalTaxAmount=tax,
            totalAmountIncludingTax=amount + tax,
            status="Draft" if wanted.draft else "Open",
            **{"invoiceDate" if sort.document_type == "Invoice" else "creditMemoDate": day},
            **({"remainingAmount": amount + tax} if sort is SALES_INVOICE else {}),
            **{sort.external: external},
            **_party_fields(sort, party),
        )
        company.tables[sort.lines].insert(
            documentId=row["id"],
            sequence=10000,
            accountId=account["id"],
            lineType="Account",
            lineObjectNumber=account["number"],
            description=wanted.description,
            quantity=Decimal(1),
            amountExcludingTax=amount,
            taxPercent=wanted.tax_percent,
            totalTaxAmount=tax,
            amountIncludingTax=amount + tax,
            **{"unitCost" if sort.is_purchase else "unitPrice": amount},
        )
    return row


def cancel(company: Company, posting: Posting, sort: Sort, wanted: Named) -> Row:
    """Take an open invoice back as NAV's action Cancel does: a corrective credit memo undoes its entries.

    The answer is the credit memo.
    """
    invoice = company.tables[sort.entity].first("number", wanted.number)
    if invoice is None or invoice["status"] != "Open":
        raise not_found(f"There is no open document {wanted.number} among {sort.entity}.")
    (line,) = company.tables[sort.lines].find("documentId", invoice["id"])
    opposite = _CANCELLING[sort.entity]
    with company.undo.transaction():
        memo = key_in(
            company,
            posting,
            opposite,
            HandKeyed(
                party=invoice["vendorNumber" if sort.is_purchase else "customerNumber"],
                external_number=invoice["number"],
                account=line["lineObjectNumber"],
                amount=line["amountExcludingTax"],
                tax_percent=line["taxPercent"],
                date=dt.date.fromisoformat(invoice["postingDate"]),
                description=f"Cancels {invoice['number']}",
            ),
        )
        links = {"invoiceId": invoice["id"], "invoiceNumber": invoice["number"]}
        company.tables[opposite.entity].change(memo, status="Corrective", **links)
        company.tables[sort.entity].change(invoice, status="Canceled")
    return memo


def delete_draft(company: Company, sort: Sort, wanted: Named) -> Row:
    """Remove what is not posted; nothing of it stays."""
    draft = company.tables[sort.entity].first("number", wanted.number)
    if draft is None or draft["status"] != "Draft":
        raise not_found(f"There is no draft {wanted.number} among {sort.entity}.")
    for line in company.tables[sort.lines].find("documentId", draft["id"]):
        company.tables[sort.lines].delete(line)
    company.tables[sort.entity].delete(draft)
    return draft


def _party_fields(sort: Sort, party: Row) -> Row:
    if sort.is_purchase:
        return {
            "vendorId": party["id"],
            "vendorNumber": party["number"],
            "vendorName": party["displayName"],
            "payToVendorId": party["id"],
            "payToVendorNumber": party["number"],
            "payToName": party["displayName"],
        }
    return {
        "customerId": party["id"],
        "customerNumber": party["number"],
        "customerName": party["displayName"],
        "billToCustomerId": party["id"],
        "billToCustomerNumber": party["number"],
        "billToName": party["displayName"],
    }
