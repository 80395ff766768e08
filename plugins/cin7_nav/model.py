"""Our own words: what a Cin7 document is, what a NAV journal is, and what can be wrong with either.

Nothing here knows a vendor's field name, a database or Airflow. Amounts are `Decimal`; in a journal a
positive amount is a debit and a negative one a credit, in local currency unless said otherwise.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What sort of document it is; part of its key and the first thing a mapping rule can match."""

    SALE_INVOICE = "sale_invoice"
    PURCHASE_INVOICE = "purchase_invoice"
    SALE_CREDIT_NOTE = "sale_credit_note"
    PURCHASE_CREDIT_NOTE = "purchase_credit_note"
    COST_JOURNAL = "cost_journal"
    """The inventory movements of one day in Cin7's ledger: no party, `order_id` and `task_id` are the day."""

    @property
    def is_sale(self) -> bool:
        return self in (Kind.SALE_INVOICE, Kind.SALE_CREDIT_NOTE)

    @property
    def is_purchase(self) -> bool:
        return self in (Kind.PURCHASE_INVOICE, Kind.PURCHASE_CREDIT_NOTE)

    @property
    def is_credit_note(self) -> bool:
        return self in (Kind.SALE_CREDIT_NOTE, Kind.PURCHASE_CREDIT_NOTE)


class State(StrEnum):
    """Where a document is on its way into the ledger."""

    RECEIVED = "received"
    READY = "ready"
    SENDING = "sending"
    STAGED = "staged"
    POSTED = "posted"
    NEEDS_ATTENTION = "needs_attention"
    HELD = "held"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    REVERSED = "reversed"


class Posting(StrEnum):
    """What happens to a document's journal: NAV posts it at once, it waits in NAV for people to post it, or
    it waits here for a person's yes."""

    POST = "post"
    STAGE = "stage"
    HOLD = "hold"


class SourceStatus(StrEnum):
    """What Cin7 says of a document. `PAID` counts as authorised everywhere."""

    NOT_AVAILABLE = "NOT AVAILABLE"
    DRAFT = "DRAFT"
    AUTHORISED = "AUTHORISED"
    PAID = "PAID"
    VOIDED = "VOIDED"

    @property
    def is_authorised(self) -> bool:
        return self in (SourceStatus.AUTHORISED, SourceStatus.PAID)


class Fixer(StrEnum):
    """Who can remove the cause of a problem."""

    MAPPING_EDITOR = "mapping editor"
    NAV_ADMINISTRATOR = "NAV administrator"
    ACCOUNTANT = "accountant"
    DATA_TEAM = "data team"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document waits: what is wrong, where, and who can fix it. An error as a value."""

    code: str
    """Stable, machine-readable, e.g. `account_unmapped`."""
    message: str
    """A plain sentence: what was found and what would be right."""
    where: str
    """The place to look: `line 3`, `accounts.yaml:14`, `NAV account 6110`."""
    fixer: Fixer


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """The identity of one Cin7 document: `(SaleID | PurchaseID, TaskID)`, GUIDs in lower case."""

    kind: Kind
    order_id: str
    task_id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.order_id}/{self.task_id}"


class LineType(StrEnum):
    ITEM = "item"
    CHARGE = "charge"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a Cin7 document, in document currency."""

    index: int
    """1-based, items first, then additional charges: the number that messages name."""
    type: LineType
    description: str
    quantity: Decimal
    price: Decimal
    discount_percent: Decimal
    tax: Decimal
    total: Decimal
    """After discount; net of tax when the document is tax exclusive, gross when inclusive."""
    tax_rule: str
    account: str
    """Cin7 account code, may be empty when Cin7 sent none."""
    sku: str | None = None
    product_id: str | None = None
    category: str | None = None
    """Product category; filled from cached products where a mapping rule asks for it."""

    @property
    def place(self) -> str:
        name = self.sku or self.description
        return f"line {self.index} ({name})" if name else f"line {self.index}"


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A Cin7 invoice or credit note, read whole. Credit-note amounts are positive, as Cin7 sends them."""

    key: DocumentKey
    number: str
    """Cin7's number (sales) or the number that the supplier's paper carries (purchases)."""
    status: SourceStatus
    order_number: str
    order_type: str
    """`Simple Sale`, `Advanced Sale`, `Service Sale`, `Simple Purchase`, …"""
    party_id: str
    party_name: str
    date: dt.date
    due_date: dt.date | None
    currency: str
    base_currency: str
    rate: Decimal
    """Base currency units per one unit of document currency; zero where Cin7 gave none."""
    tax_inclusive: bool
    lines: tuple[SourceLine, ...]
    total_before_tax: Decimal
    tax: Decimal
    total: Decimal
    location: str = ""
    channel: str = ""
    sales_rep: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Additional attributes of the document by number, `"1"` to `"10"`; empty ones left out."""
    credits: str = ""
    """Of a credit note: the number of the invoice that it credits; empty where it stands alone."""

    def content_hash(self) -> str:
        """SHA-256 of everything that could alter the journal.

        Payments, memos and the step from AUTHORISED to PAID are left out: they change no posting.
        """
        parts: list[str] = [
            str(self.key),
            self.number,
            self.party_id,
            self.date.isoformat(),
            self.due_date.isoformat() if self.due_date else "",
            self.currency,
            _plain(self.rate),
            str(self.tax_inclusive),
            self.location,
            self.channel,
            self.sales_rep,
            *([f"credits {self.credits}"] if self.credits else ()),
            *(f"{name}={value}" for name, value in sorted(self.attributes.items())),
            _plain(self.total_before_tax),
            _plain(self.tax),
            _plain(self.total),
        ]
        for line in self.lines:
            parts += [
                line.type,
                line.sku or "",
                line.description,
                _plain(line.quantity),
                _plain(line.tax),
                _plain(line.total),
                line.tax_rule,
                line.account,
            ]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _plain(number: Decimal) -> str:
    """The same text for 10, 10.0 and 10.00."""
    return format(number.normalize(), "f")


@dataclass(frozen=True, slots=True)
class RuleRef:
    """Which line of which mapping file decided something."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class AccountType(StrEnum):
    """NAV's journal account types, in NAV's words."""

    GL = "G/L Account"
    CUSTOMER = "Customer"
    VENDOR = "Vendor"
    BANK = "Bank Account"


Dimensions = tuple[tuple[str, str], ...]
"""A dimension set: `(dimension code, value code)` pairs, sorted by code."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line of a NAV general journal. Positive amount: debit; negative: credit."""

    account_type: AccountType
    account_no: str
    amount: Decimal
    description: str
    dimensions: Dimensions = ()
    rules: tuple[RuleRef, ...] = ()
    """The mapping rules behind the account and the dimensions."""
    sources: tuple[str, ...] = ()
    """The places in the Cin7 document that this line sums up."""
    tax_code: str = ""
    """NAV VAT product posting group, where NAV itself is to split VAT off the amount, which is then gross."""
    predicted_tax: Decimal = Decimal(0)
    """The VAT that NAV will split off the amount, with its sign; zero without a tax code."""
    cin7_accounts: tuple[str, ...] = ()
    """The Cin7 account codes whose amounts it carries, sorted; none on party, tax and rounding lines."""
    foreign_amount: Decimal = Decimal(0)
    """The amount in the journal's currency, with the sign of `amount`; zero on a line in local currency."""


@dataclass(frozen=True, slots=True)
class Journal:
    """One balanced NAV document: the sum of its amounts is zero."""

    document_no: str
    """At most 20 characters of `[A-Z0-9-]`."""
    external_document_no: str
    """At most 35 characters."""
    posting_date: dt.date
    lines: tuple[JournalLine, ...]
    currency: str = ""
    """That of the customer's or vendor's card, in which NAV keeps the document; empty for local currency."""
    due_date: dt.date | None = None
    """None: NAV's, by the payment terms of the card."""
    applies_to: str = ""
    """NAV document number of the open entry that posting it settles."""

    def posts_like(self, other: Journal) -> bool:
        """Whether both say the same to NAV, whatever their descriptions and the rules behind their lines.

        Nor does the due date count: on an open entry people change it in NAV.
        """
        return self._posted() == other._posted()

    def _posted(self) -> tuple[object, ...]:
        lines = [
            (
                line.account_type,
                line.account_no,
                line.amount,
                line.foreign_amount,
                line.dimensions,
                line.tax_code,
            )
            for line in self.lines
        ]
        return self.external_document_no, self.posting_date, self.currency, lines

    @property
    def balance(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Translation:
    """What became of a document: a journal, or a reason to skip it, or every problem at once."""

    journal: Journal | None = None
    skipped: str | None = None
    problems: tuple[Problem, ...] = ()
    posting: Posting = Posting.POST
    """What is to happen to the journal, by the rule for such documents."""
    posting_rule: RuleRef | None = None
    """The rule that says so; None without a journal."""


class Side(StrEnum):
    """One of the two systems."""

    CIN7 = "cin7"
    NAV = "nav"

    @property
    def other(self) -> Side:
        return Side.NAV if self is Side.CIN7 else Side.CIN7

    @property
    def told(self) -> str:
        return "Cin7" if self is Side.CIN7 else "NAV"


class PartyKind(StrEnum):
    """What sort of party it is, in Cin7's words; a supplier is a vendor in NAV."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"

    def named(self, side: Side) -> str:
        """The side's own word for it."""
        return "vendor" if self is PartyKind.SUPPLIER and side is Side.NAV else str(self)


class PartyField(StrEnum):
    """What both systems know of a party and keep the same."""

    NAME = "name"
    TAX_NUMBER = "tax_number"
    CURRENCY = "currency"
    PAYMENT_TERMS = "payment_terms"
    TAX_LIABLE = "tax_liable"
    """Cin7: the name of the tax rule; NAV: `true` or `false`."""
    BLOCKED = "blocked"
    """`true`: deprecated in Cin7, blocked for all in NAV."""
    ADDRESS_LINE_1 = "address_line_1"
    ADDRESS_LINE_2 = "address_line_2"
    CITY = "city"
    STATE = "state"
    POSTAL_CODE = "postal_code"
    COUNTRY = "country"
    """Cin7: its name; NAV: its code."""
    PHONE = "phone"
    EMAIL = "email"
    WEBSITE = "website"


@dataclass(frozen=True, slots=True)
class Party:
    """A customer or supplier as one of the systems has it."""

    kind: PartyKind
    side: Side
    id: str
    """GUID in lower case; it survives renaming and renumbering."""
    number: str
    """NAV's number; empty in Cin7, which has none."""
    values: Mapping[PartyField, str]
    """As the side writes them; an empty text where it has none."""
    modified: dt.datetime
    version: str = ""
    """NAV's ETag."""

    @property
    def name(self) -> str:
        return self.values.get(PartyField.NAME, "")

    @property
    def place(self) -> str:
        """Where to look it up, without anybody's name."""
        return f"{self.side.told} {self.kind.named(self.side)} {self.number or self.id}"
