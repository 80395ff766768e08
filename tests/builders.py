"""Documents and mapping files for tests, plain where a test does not say otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from cin7_nav.mappings import Mappings, load
from cin7_nav.model import DocumentKey, Kind, LineType, RuleRef, SourceDocument, SourceLine, SourceStatus
from cin7_nav.rules.party import ResolvedParty

ORDER_ID = "aaaaaaaa-0000-4000-8000-000000000001"
TASK_ID = "aaaaaaaa-0000-4000-8000-000000000002"
PARTY_ID = "aaaaaaaa-0000-4000-8000-000000000003"

COMPANY = """\
valuation: nav
go_live: 2026-01-01
tax_mode: explicit
journal: { template: CIN7, posting: post }
document_numbers:
  sale_invoice: C7S-{number}
  purchase_invoice: C7P-{number}
  sale_credit_note: C7C-{number}
  purchase_credit_note: C7D-{number}
rounding: { tolerance: 0.05, account: "9140" }
inventory_accounts: ["140"]
clearing_account: "5450"
"""
ACCOUNTS = """\
rules:
  - when: { cin7_account: "200" }
    account: "6110"
  - when: { cin7_account: "220" }
    account: "6810"
  - when: { cin7_account: "225" }
    account: "6910"
  - when: { cin7_account: "453" }
    account: "8410"
"""
TAX = """\
rules:
  - when: { tax_rule: VAT, kind: [sale_invoice, sale_credit_note] }
    account: "5650"
  - when: { tax_rule: VAT, kind: [purchase_invoice, purchase_credit_note] }
    account: "5660"
"""
DIMENSIONS = """\
dimensions:
  REGION:
    - from: location
      values: { London: LONDON, Glasgow: GLASGOW }
  CATEGORY:
    - from: category
      values: { Tools: TOOLS, Paint: PAINT }
"""
PARTIES = "match_tax_number: true\n"
FILES = {
    "company.yaml": COMPANY,
    "accounts.yaml": ACCOUNTS,
    "tax.yaml": TAX,
    "dimensions.yaml": DIMENSIONS,
    "parties.yaml": PARTIES,
}
PARTY = ResolvedParty("C00010", RuleRef("parties.yaml", 1), "tax number")


def write_files(directory: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """The plain files with some replaced, added or (None) left out."""
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            (directory / name).write_text(text, encoding="utf-8")
    return directory


def mappings(directory: Path, changes: Mapping[str, str | None] | None = None) -> Mappings:
    loaded = load(write_files(directory, changes))
    assert isinstance(loaded, Mappings), [str(error) for error in loaded]
    return loaded


def line(total: str, tax: str = "0", index: int = 1, **changes: Any) -> SourceLine:
    values: dict[str, Any] = {
        "index": index,
        "type": LineType.ITEM,
        "description": "Hammer",
        "quantity": Decimal(1),
        "price": Decimal(total),
        "discount_percent": Decimal(0),
        "tax": Decimal(tax),
        "total": Decimal(total),
        "tax_rule": "VAT",
        "account": "200",
        "sku": f"HV-{index:04}",
        "product_id": PARTY_ID,
        "category": "Tools",
    }
    return SourceLine(**{**values, **changes})


def charge(total: str, tax: str = "0", index: int = 2, **changes: Any) -> SourceLine:
    own = {"type": LineType.CHARGE, "description": "Freight", "account": "220"}
    return line(total, tax, index, **{**own, "sku": None, "product_id": None, "category": None, **changes})


def document(*lines: SourceLine, **changes: Any) -> SourceDocument:
    """A sales invoice whose totals agree with its lines."""
    kind = changes.pop("kind", Kind.SALE_INVOICE)
    tax = sum((each.tax for each in lines), Decimal(0))
    total = sum((each.total for each in lines), Decimal(0))
    if not changes.get("tax_inclusive"):
        total += tax
    values: dict[str, Any] = {
        "key": DocumentKey(kind, ORDER_ID, TASK_ID),
        "number": "INV-00202",
        "status": SourceStatus.AUTHORISED,
        "order_number": "SO-00120",
        "order_type": "Simple Sale",
        "party_id": PARTY_ID,
        "party_name": "Smith & Sons",
        "date": dt.date(2026, 3, 2),
        "due_date": None,
        "currency": "GBP",
        "base_currency": "GBP",
        "rate": Decimal(1),
        "tax_inclusive": False,
        "lines": lines,
        "total_before_tax": total - tax,
        "tax": tax,
        "total": total,
        "location": "London",
    }
    return SourceDocument(**{**values, **changes})
