"""Small valid examples of our own words, to be varied by the tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from cin7_nav.model import (
    AccountType,
    DocumentKey,
    Fixer,
    Journal,
    JournalLine,
    Kind,
    LineType,
    Problem,
    RuleRef,
    SourceDocument,
    SourceLine,
    SourceStatus,
)

DAY = dt.date(2026, 11, 20)
PROBLEM = Problem("account_unmapped", "no rule matches", "line 1", Fixer.MAPPING_EDITOR)


def document(number: str = "INV-1", **changes: Any) -> SourceDocument:
    """A sales invoice over 120.00, of them 20.00 tax; its ids derive from the number."""
    line = SourceLine(
        index=1,
        type=LineType.ITEM,
        description="Hammer",
        quantity=Decimal(4),
        price=Decimal("25.00"),
        discount_percent=Decimal(0),
        tax=Decimal("20.00"),
        total=Decimal("100.00"),
        tax_rule="20% VAT on Sales",
        account="200",
        sku="HV-0001",
        product_id="product-1",
    )
    invoice = SourceDocument(
        key=DocumentKey(Kind.SALE_INVOICE, f"order-{number}", f"task-{number}"),
        number=number,
        status=SourceStatus.AUTHORISED,
        order_number=number.replace("INV", "SO"),
        order_type="Simple Sale",
        party_id="party-1",
        party_name="Abbey & Sons",
        date=DAY,
        due_date=None,
        currency="GBP",
        base_currency="GBP",
        rate=Decimal(1),
        tax_inclusive=False,
        lines=(line,),
        total_before_tax=Decimal("100.00"),
        tax=Decimal("20.00"),
        total=Decimal("120.00"),
        location="London",
    )
    return replace(invoice, **changes)


def gl(account: str, amount: str, *rules: RuleRef) -> JournalLine:
    return JournalLine(AccountType.GL, account, Decimal(amount), "sample", rules=rules)


def journal(number: str = "C7S-INV-1", *lines: JournalLine) -> Journal:
    """The journal of `document`, or one of the given lines."""
    return Journal(
        document_no=number,
        external_document_no=number.removeprefix("C7S-"),
        posting_date=DAY,
        lines=lines
        or (
            JournalLine(AccountType.CUSTOMER, "C00010", Decimal("120.00"), "sample"),
            gl("6110", "-100.00", RuleRef("accounts.yaml", 12)),
            gl("5650", "-20.00", RuleRef("tax.yaml", 11)),
        ),
    )
