"""Cin7 Core's records, as its API v2 sends them. Field names are Cin7's own.

Line and document amounts are in document currency; rates are base currency units per one unit of document
currency (Cin7's API portal).
"""

from __future__ import annotations

from pydantic import AliasChoices, Field

from cin7_nav.wire.fields import Date, Guid, Number, OneOrMany, Record, Rows, Text, Timestamp, Upper


class Line(Record):
    """A product line of an invoice or credit note, sale or purchase."""

    ProductID: Guid = ""
    SKU: Text = ""
    Name: Text = ""
    Quantity: Number = None
    Price: Number = None
    Discount: Number = None
    """Percent."""
    Tax: Number = None
    Total: Number = None
    """After discount; without tax on tax-exclusive documents, with tax on inclusive ones."""
    TaxRule: Text = ""
    Account: Text = ""


class Charge(Record):
    """An additional charge: `Description` is the name of a service product, there is no product ID."""

    Description: Text = ""
    Quantity: Number = None
    Price: Number = None
    Discount: Number = None
    Tax: Number = None
    Total: Number = None
    TaxRule: Text = ""
    Account: Text = ""


class Part(Record):
    """What every invoice and credit note has, whatever it belongs to."""

    TaskID: Guid = ""
    Status: Upper = ""
    Lines: Rows[Line] = ()
    AdditionalCharges: Rows[Charge] = ()
    TotalBeforeTax: Number = None
    Tax: Number = None
    Total: Number = None


class SaleInvoice(Part):
    InvoiceNumber: Text = ""
    InvoiceDate: Date = None
    InvoiceDueDate: Date = None
    CurrencyConversionRate: Number = None


class SaleCreditNote(Part):
    CreditNoteNumber: Text = ""
    CreditNoteInvoiceNumber: Text = ""
    CreditNoteDate: Date = None
    CreditNoteConversionRate: Number = None


class PurchaseInvoice(Part):
    """On `/purchase` it has no TaskID, and Cin7's samples spell its number `InvocieNumber`."""

    InvoiceNumber: Text = Field(default="", validation_alias=AliasChoices("InvoiceNumber", "InvocieNumber"))
    InvoiceDate: Date = None
    InvoiceDueDate: Date = None
    CurrencyRate: Number = None
    """Not in Cin7's portal, but seen in the field."""


class PurchaseCreditNote(Part):
    CreditNoteNumber: Text = ""
    CreditNoteInvoiceNumber: Text = ""
    CreditNoteDate: Date = None
    CurrencyRate: Number = None


class SaleOrder(Record):
    SaleOrderNumber: Text = ""


class Attributes(Record):
    AdditionalAttribute1: Text = ""
    AdditionalAttribute2: Text = ""
    AdditionalAttribute3: Text = ""
    AdditionalAttribute4: Text = ""
    AdditionalAttribute5: Text = ""
    AdditionalAttribute6: Text = ""
    AdditionalAttribute7: Text = ""
    AdditionalAttribute8: Text = ""
    AdditionalAttribute9: Text = ""
    AdditionalAttribute10: Text = ""


class Document(Record):
    """What a sale and a purchase have in common."""

    ID: Guid
    Type: Text = ""
    BaseCurrency: Upper = ""
    TaxCalculation: Upper = ""
    """`INCLUSIVE` or `EXCLUSIVE`."""
    Location: Text = ""
    CurrencyRate: Number = None
    AdditionalAttributes: Attributes | None = None


class Sale(Document):
    """`GET /sale`."""

    Customer: Text = ""
    CustomerID: Guid = ""
    CustomerCurrency: Upper = ""
    SaleOrderDate: Date = None
    SalesRepresentative: Text = ""
    SourceChannel: Text = ""
    Order: SaleOrder | None = None
    Invoices: Rows[SaleInvoice] = ()
    CreditNotes: Rows[SaleCreditNote] = ()


class Purchase(Document):
    """`GET /advanced-purchase`, and the deprecated `GET /purchase` that sends objects instead of arrays."""

    Supplier: Text = ""
    SupplierID: Guid = ""
    SupplierCurrency: Upper = ""
    OrderNumber: Text = ""
    OrderDate: Date = None
    Invoice: OneOrMany[PurchaseInvoice] = ()
    CreditNote: OneOrMany[PurchaseCreditNote] = ()


class SaleListRow(Record):
    """A row of `saleList`, or of `saleCreditNoteList` under the same list key."""

    SaleID: Guid
    OrderNumber: Text = ""
    Status: Upper = ""
    Type: Text = ""
    Customer: Text = ""
    CustomerID: Guid = ""
    InvoiceNumber: Text = ""
    InvoiceDate: Date = None
    InvoiceAmount: Number = None
    """Invoices minus credit notes, in document currency."""
    CreditNoteNumber: Text = ""
    CreditNoteStatus: Upper = ""
    CombinedInvoiceStatus: Upper = ""
    BaseCurrency: Upper = ""
    CustomerCurrency: Upper = ""
    Updated: Timestamp = None


class PurchaseListRow(Record):
    """A row of `purchaseList`, or of `purchaseCreditNoteList` under the same list key."""

    ID: Guid
    OrderNumber: Text = ""
    Status: Upper = ""
    Type: Text = ""
    Supplier: Text = ""
    SupplierID: Guid = ""
    InvoiceNumber: Text = ""
    InvoiceDate: Date = None
    InvoiceAmount: Number = None
    InvoiceStatus: Upper = ""
    CreditNoteNumber: Text = ""
    CreditNoteStatus: Upper = ""
    CombinedInvoiceStatus: Upper = ""
    BaseCurrency: Upper = ""
    SupplierCurrency: Upper = ""
    LastUpdatedDate: Timestamp = None


class Transaction(Record):
    """A row of `/transactions`: one debit and one credit in base currency; no row ID (Cin7's API portal)."""

    TaskID: Guid
    DebitAccountCode: Text = ""
    CreditAccountCode: Text = ""
    Amount: Number = None
    EffectiveDate: Date = None
    Reference: Text = ""
    Type: Text = ""


class Party(Record):
    """What a customer and a supplier have in common."""

    ID: Guid
    Name: Text = ""
    Currency: Upper = ""
    TaxNumber: Text = ""
    TaxRule: Text = ""
    PaymentTerm: Text = ""
    Status: Upper = ""
    """`ACTIVE` or `DEPRECATED`."""
    LastModifiedOn: Timestamp = None


class Customer(Party):
    AccountReceivable: Text = ""
    RevenueAccount: Text = ""
    SalesRepresentative: Text = ""
    Location: Text = ""


class Supplier(Party):
    AccountPayable: Text = ""


class Product(Record):
    ID: Guid
    SKU: Text = ""
    Name: Text = ""
    Category: Text = ""
    Type: Text = ""
    """`Stock` or `Service`."""
    Status: Upper = ""
    LastModifiedOn: Timestamp = None


class Me(Record):
    """`GET /me`: the company."""

    Company: Text = ""
    Currency: Upper = ""
    TimeZone: Text = ""
    TaxCalculationMethod: Text = ""
    """`Row Total`: tax is rounded per line; `Total`: per document, so that line taxes may differ from it."""
    LockDate: Text = ""
    """As Cin7 writes it: possibly in the tenant's own date format, so it is not parsed."""
