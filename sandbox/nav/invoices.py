"""Invoices that a person keys in by hand in NAV: the twins that an integration must notice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sandbox.nav import accounts
from sandbox.nav.accounts import CUSTOMER, GL, VENDOR
from sandbox.nav.company import INPUT_VAT, OUTPUT_VAT, Company
from sandbox.nav.entities import Row
from sandbox.nav.posting import Posting
from sandbox.nav.schema import JOURNAL_LINES
from sandbox.nav.wire import cents

Money = Annotated[Decimal, BeforeValidator(lambda value: Decimal(str(value)))]


class HandKeyed(BaseModel):
    """A posted invoice; amounts positive, before tax, in local currency."""

    model_config = ConfigDict(extra="forbid")

    number: str | None = Field(None, max_length=20)
    """NAV's own posted invoice number; drawn where it is not given."""
    party: str | None = None
    """Customer or vendor number; null: the first one."""
    external_number: str = Field("", max_length=35)
    """The vendor's invoice number, or the customer's external document number."""
    date: dt.date | None = None
    account: str | None = None
    amount: Money = Decimal("100.00")
    tax_percent: Money = Decimal(20)
    description: str = "Keyed in by hand"


def key_in(company: Company, posting: Posting, kind: Literal["purchase", "sales"], wanted: HandKeyed) -> Row:
    """Post an invoice as the user interface would, and show it among the invoices. Raises `ApiError`."""
    purchase = kind == "purchase"
    party_kind = VENDOR if purchase else CUSTOMER
    number = wanted.party or ("V00010" if purchase else "C00010")
    party = accounts.related(company, accounts.ACCOUNT, party_kind, number)
    account = accounts.related(
        company, accounts.ACCOUNT, GL, wanted.account or ("8310" if purchase else "6110")
    )
    amount, tax = cents(wanted.amount), cents(wanted.amount * wanted.tax_percent / 100)
    day = (wanted.date or company.clock.today()).isoformat()
    with company.undo.transaction():
        document = wanted.number or company.draw(kind, "1080{:04}" if purchase else "1030{:04}")
        line = JOURNAL_LINES.fresh(
            postingDate=day,
            externalDocumentNumber=wanted.external_number.upper(),
            description=wanted.description,
            _dimensions=accounts.default_dimensions(company, (account["number"],)),
        )
        sign = 1 if purchase else -1
        entries = (
            (party_kind, party["number"], -sign * (amount + tax)),
            (GL, account["number"], sign * amount),
            (GL, INPUT_VAT if purchase else OUTPUT_VAT, sign * tax),
        )
        for entry_kind, entry_number, value in entries:
            if value:
                posting.enter(line, document, entry_kind, entry_number, value, "Invoice")
        row = company.tables[f"{'purchase' if purchase else 'sales'}Invoices"].insert(
            number=document,
            postingDate=day,
            invoiceDate=day,
            dueDate=(dt.date.fromisoformat(day) + dt.timedelta(days=30)).isoformat(),
            currencyCode="GBP",
            totalAmountExcludingTax=amount,
            totalTaxAmount=tax,
            totalAmountIncludingTax=amount + tax,
            status="Open",
            **_party_fields(purchase, party, wanted.external_number.upper(), amount + tax),
        )
        company.tables[f"{'purchase' if purchase else 'sales'}InvoiceLines"].insert(
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
            **{"unitCost" if purchase else "unitPrice": amount},
        )
    return row


def _party_fields(purchase: bool, party: Row, external: str, total: Decimal) -> Row:
    if purchase:
        return {
            "vendorInvoiceNumber": external,
            "vendorId": party["id"],
            "vendorNumber": party["number"],
            "vendorName": party["displayName"],
            "payToVendorId": party["id"],
            "payToVendorNumber": party["number"],
            "payToName": party["displayName"],
        }
    return {
        "externalDocumentNumber": external,
        "customerId": party["id"],
        "customerNumber": party["number"],
        "customerName": party["displayName"],
        "billToCustomerId": party["id"],
        "billToCustomerNumber": party["number"],
        "billToName": party["displayName"],
        "remainingAmount": total,
    }
