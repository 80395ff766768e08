"""The types of the mapping files. What a file may hold is said here once: for the loader, and for the JSON
Schemas that editors complete and check with."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from cin7_nav.mappings import facts
from cin7_nav.model import Kind

HIGHEST_TOLERANCE = Decimal(1)
PREFIX = re.compile(r"([A-Z0-9-]{1,8})\{number\}")


class Valuation(StrEnum):
    """Which of the two systems owns the value of stock."""

    NAV = "nav"
    CIN7 = "cin7"


class Posting(StrEnum):
    """What happens to a journal in NAV: posted at once, or left for people to post."""

    POST = "post"
    STAGE = "stage"


def _code(length: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= length:
            raise ValueError(f"a NAV code of 1 to {length} characters")
        return value.upper()

    return read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('a text; write "" for an empty one')
    return value


def _several(value: object) -> object:
    if value == []:
        raise ValueError("at least one value")
    return value if isinstance(value, list) else [value]


def _date(value: object) -> dt.date:
    try:
        if isinstance(value, str) and len(value) == 10:
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("a date as 2026-01-31")


def _tolerance(value: object) -> Decimal:
    try:
        tolerance = Decimal(str(value))
    except InvalidOperation:
        tolerance = Decimal(-1)
    if not (tolerance.is_finite() and 0 <= tolerance <= HIGHEST_TOLERANCE):
        raise ValueError(f"an amount from 0 to {HIGHEST_TOLERANCE}, such as 0.05")
    return tolerance


def _pattern(value: object) -> str:
    if not isinstance(value, str) or not PREFIX.fullmatch(value):
        raise ValueError("a prefix of 1 to 8 characters A-Z, 0-9 or -, then {number}, such as C7S-{number}")
    return value


def _scalar(**extra: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "integer"], **extra})


def _list_of(item: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]})


_SCALAR: dict[str, Any] = {"type": ["string", "integer"]}
Code = Annotated[str, BeforeValidator(_code(20)), _scalar(maxLength=20)]
TemplateName = Annotated[str, BeforeValidator(_code(10)), _scalar(maxLength=10)]
Text = Annotated[str, BeforeValidator(_text), _scalar()]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_several), _list_of(_SCALAR)]
Kinds = Annotated[
    tuple[Kind, ...],
    BeforeValidator(_several),
    _list_of({"type": "string", "enum": list(Kind)}),
]
Date = Annotated[dt.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Tolerance = Annotated[
    Decimal,
    BeforeValidator(_tolerance),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": int(HIGHEST_TOLERANCE)}),
]
Pattern = Annotated[
    str, BeforeValidator(_pattern), WithJsonSchema({"type": "string", "pattern": f"^{PREFIX.pattern}$"})
]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Journal(Section):
    template: TemplateName
    """The NAV general journal template that our batches are made in."""
    posting: Posting
    """`post`: NAV posts at once. `stage`: the journal waits in NAV for a person to post it."""


class Rounding(Section):
    tolerance: Tolerance
    """The largest difference per invoice, in local currency, that may go to the rounding account."""
    account: Code
    """The NAV account that takes differences of cents."""


class DocumentNumbers(Section):
    """How NAV document numbers are made: a prefix of its own for each kind, then Cin7's number."""

    sale_invoice: Pattern
    purchase_invoice: Pattern
    sale_credit_note: Pattern
    purchase_credit_note: Pattern


class CompanyFile(Section):
    valuation: Valuation
    """Which system owns the value of stock: `nav` or `cin7`. No default: a mixture counts stock twice."""
    go_live: Date
    """Invoices dated before this day stay out of NAV."""
    tax_mode: Literal["explicit"]
    """`explicit`: Cin7's tax amounts become journal lines of their own, on the accounts of tax.yaml."""
    journal: Journal
    document_numbers: DocumentNumbers
    rounding: Rounding
    inventory_accounts: Texts = ()
    """The Cin7 accounts that hold the value of stock."""
    clearing_account: Code | None = None
    """With `valuation: nav`: the NAV account that NAV credits when goods are received."""


class When(Section):
    """The conditions of a rule: all of them must hold; of several values in one condition, any."""

    kind: Kinds = ()
    cin7_account: Texts = ()
    """Cin7 account code of the line."""
    tax_rule: Texts = ()
    """Cin7 tax rule of the line, by name."""
    location: Texts = ()
    """Cin7 location of the sale or purchase."""
    category: Texts = ()
    """Category of the line's product."""
    customer: Texts = ()
    """Cin7 customer, by name or ID."""
    supplier: Texts = ()
    """Cin7 supplier, by name or ID."""

    def conditions(self) -> dict[facts.Field, frozenset[str]]:
        return {
            facts.Field(name): frozenset(map(facts.fold, values))
            for name in type(self).model_fields
            if (values := getattr(self, name))
        }


class DimensionWhen(When):
    channel: Texts = ()
    """Source channel of the sale."""
    sales_rep: Texts = ()
    """Sales representative of the sale."""
    attribute_1: Texts = ()
    """Additional attribute 1 of the sale or purchase; the same up to 10."""
    attribute_2: Texts = ()
    attribute_3: Texts = ()
    attribute_4: Texts = ()
    attribute_5: Texts = ()
    attribute_6: Texts = ()
    attribute_7: Texts = ()
    attribute_8: Texts = ()
    attribute_9: Texts = ()
    attribute_10: Texts = ()


class AccountRule(Section):
    when: When = When()
    account: Code
    """NAV G/L account."""


class AccountsFile(Section):
    rules: tuple[AccountRule, ...]


class TaxFile(Section):
    rules: tuple[AccountRule, ...]


class DimensionRule(Section):
    """Either one `value`, or a table: `from` names a field, `values` says what each of its texts means."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["value"]},
                {"required": ["from", "values"]},
            ]
        }
    )

    when: DimensionWhen = DimensionWhen()
    value: Code | None = None
    """NAV dimension value."""
    from_: facts.Field | None = Field(default=None, alias="from")
    """The field that the table reads."""
    values: dict[Text, Code] | None = None
    """Cin7's text → NAV dimension value. The text "" stands for an empty field."""


class DimensionsFile(Section):
    dimensions: dict[Code, tuple[DimensionRule, ...]]
    """NAV dimension code → its rules."""


class PartiesFile(Section):
    match_tax_number: bool | None = None
    """Whether a party without a line here may be found by its tax number, if that is unique on both sides."""
    customers: dict[Text, Code] = {}
    """Cin7 customer, by name or ID → NAV customer number."""
    suppliers: dict[Text, Code] = {}
    """Cin7 supplier, by name or ID → NAV vendor number."""


FILES: dict[str, type[Section]] = {
    "company": CompanyFile,
    "accounts": AccountsFile,
    "dimensions": DimensionsFile,
    "tax": TaxFile,
    "parties": PartiesFile,
}
"""File name up to its first dot → its type."""
