"""The types of the mapping files. What a file may hold is said here once: for the loader, and for the JSON
Schemas that editors complete and check with."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from cin7_nav.mappings import facts
from cin7_nav.model import Kind, LineType, PartyField, Posting, Side
from cin7_nav.movements import StockKind

HIGHEST_TOLERANCE = Decimal(1)
PREFIX = re.compile(r"([A-Z0-9-]{1,8})\{number\}")


class Valuation(StrEnum):
    """Which of the two systems owns the value of stock."""

    NAV = "nav"
    CIN7 = "cin7"


class TaxMode(StrEnum):
    """Who computes the tax of a document."""

    EXPLICIT = "explicit"
    NAV = "nav"


class EntryType(StrEnum):
    """NAV's item ledger entry types that can be carried to Cin7."""

    PURCHASE = "Purchase"
    SALE = "Sale"
    POSITIVE = "Positive Adjmt."
    NEGATIVE = "Negative Adjmt."
    TRANSFER = "Transfer"


_CIN7_KINDS_DEFAULT = tuple(kind for kind in StockKind if kind not in (StockKind.NAV_ENTRY, StockKind.LEVEL))
_CIN7_KINDS = [kind.value for kind in _CIN7_KINDS_DEFAULT]
_NAV_TYPES_DEFAULT = (EntryType.POSITIVE, EntryType.NEGATIVE, EntryType.TRANSFER)


def _many(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _factor(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        raise ValueError("a factor above 0, such as 12")
    return number


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


def _number(highest: Decimal | None, allowed: str) -> Callable[[object], Decimal]:
    def read(value: object) -> Decimal:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal(-1)
        if not number.is_finite() or number < 0 or (highest is not None and number > highest):
            raise ValueError(allowed)
        return number

    return read


def _true(value: object) -> bool:
    if str(value).casefold() != "true":
        raise ValueError("true; leave the condition out where it does not matter")
    return True


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
LineTypes = Annotated[
    tuple[LineType, ...],
    BeforeValidator(_several),
    _list_of({"type": "string", "enum": list(LineType)}),
]
Date = Annotated[dt.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Tolerance = Annotated[
    Decimal,
    BeforeValidator(_number(HIGHEST_TOLERANCE, f"an amount from 0 to {HIGHEST_TOLERANCE}, such as 0.05")),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": int(HIGHEST_TOLERANCE)}),
]
Percent = Annotated[
    Decimal,
    BeforeValidator(_number(Decimal(100), "a percentage from 0 to 100, such as 20")),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_number(None, "an amount such as 10000 or 99.50, not below 0")),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
Count = Annotated[
    int,
    BeforeValidator(_number(None, "a whole number such as 20, not below 0")),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]
OnlyTrue = Annotated[bool, BeforeValidator(_true), WithJsonSchema({"const": True})]
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
    """The largest difference per document, in its currency, that may go to the rounding account."""
    account: Code
    """The NAV account that takes differences of cents."""


class DocumentNumbers(Section):
    """How NAV document numbers are made: a prefix of its own for each kind, then Cin7's number."""

    sale_invoice: Pattern
    purchase_invoice: Pattern
    sale_credit_note: Pattern
    purchase_credit_note: Pattern
    cost_journal: Pattern = "C7V-{number}"
    """With `valuation: cin7`: the inventory movements of a day, numbered by their date."""


class CompanyFile(Section):
    valuation: Valuation
    """Which system owns the value of stock: `nav` or `cin7`. No default: a mixture counts stock twice."""
    go_live: Date
    """Documents dated before this day stay out of NAV."""
    tax_mode: TaxMode
    """`explicit`: Cin7's tax amounts become journal lines of their own, on the accounts of tax.yaml. `nav`:
    the lines carry gross amounts and the VAT codes of tax.yaml, and NAV splits the VAT off. No default."""
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
    line: LineTypes = ()
    """`item`: a product line; `charge`: an additional charge."""
    charge: Texts = ()
    """Additional charge, by its description."""

    def conditions(self) -> dict[facts.Field, frozenset[str]]:
        return _conditions(self, *type(self).model_fields)


def _conditions(when: Section, *names: str) -> dict[facts.Field, frozenset[str]]:
    return {
        facts.Field(name): frozenset(map(facts.fold, values))
        for name in names
        if (values := getattr(when, name))
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


class TaxComponent(Section):
    """One of several taxes under one Cin7 tax rule."""

    account: Code
    """NAV G/L account."""
    percent: Percent
    compound: bool = False
    """Whether it is charged on the taxes above it too."""


class TaxEntry(Section):
    """With `tax_mode: explicit` either `account` or `components`; with `nav` `vat_code` and `percent`."""

    when: When = When()
    account: Code | None = None
    """NAV G/L account."""
    components: tuple[TaxComponent, ...] = ()
    """The taxes that share the amount, in Cin7's order."""
    vat_code: Code | None = None
    """NAV VAT product posting group."""
    percent: Percent | None = None
    """The VAT rate that NAV has for it."""


class TaxFile(Section):
    rules: tuple[TaxEntry, ...]


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


class Direction(StrEnum):
    """Which side's value of a field counts."""

    CIN7 = "cin7"
    NAV = "nav"
    NEWEST = "newest"
    BOTH = "both"


class TooLong(StrEnum):
    """What becomes of a value that the other side has no room for."""

    WAIT = "wait"
    CUT = "cut"


Sides = Annotated[
    tuple[Side, ...],
    BeforeValidator(_several),
    _list_of({"type": "string", "enum": list(Side)}),
]


class FieldEntry(Section):
    """How one field is kept the same on both sides."""

    direction: Direction
    """`cin7`, `nav`: that side's value is put on the other one. `newest`: a change on either side is copied;
    where both changed, the record that was changed last counts. `both`: the same, but where both changed a
    person is asked."""
    too_long: TooLong = TooLong.WAIT
    """`wait`: a value that the other side has no room for waits, with a message. `cut`: it is cut there."""
    clears: bool = False
    """Whether emptying the field on one side empties it on the other."""
    values: dict[Text, Text] = {}
    """Cin7's text → NAV's. Of several Cin7 texts for one of NAV, the first is what NAV's becomes in Cin7."""


class SynchroniseEntry(Section):
    create_in: Sides = (Side.CIN7, Side.NAV)
    """On which sides a party that only the other one has is created."""


class Synchronise(Section):
    """What is kept the same. What is not named here is only reported: nothing is written."""

    customers: SynchroniseEntry | None = None
    suppliers: SynchroniseEntry | None = None


class NewCustomer(Section):
    """What Cin7 demands of a new customer and NAV does not know."""

    account_receivable: Text
    revenue_account: Text
    tax_rule: Text
    payment_term: Text


class NewSupplier(Section):
    """What Cin7 demands of a new supplier and NAV does not know."""

    account_payable: Text
    tax_rule: Text
    payment_term: Text


class NewInCin7(Section):
    customers: NewCustomer | None = None
    suppliers: NewSupplier | None = None


class PartiesFile(Section):
    match_tax_number: bool | None = None
    """Whether a party without a line here may be found by its tax number, if that is unique on both sides."""
    customers: dict[Text, Code] = {}
    """Cin7 customer, by name or ID → NAV customer number."""
    suppliers: dict[Text, Code] = {}
    """Cin7 supplier, by name or ID → NAV vendor number."""
    synchronise: Synchronise | None = None
    new_in_cin7: NewInCin7 | None = None
    fields: dict[PartyField, FieldEntry] | None = None
    """The fields that are kept the same, and how. Left out: the defaults."""


class PostingWhen(Section):
    kind: Kinds = ()
    customer: Texts = ()
    """Cin7 customer, by name or ID."""
    supplier: Texts = ()
    """Cin7 supplier, by name or ID."""
    amount_from: Amount | None = None
    """The least total of the document, in local currency without its sign."""
    amount_to: Amount | None = None
    """The total from which on the rule no longer matches."""
    first_document: OnlyTrue = False
    """`true`: only the first document of a customer or supplier."""

    def conditions(self) -> dict[facts.Field, frozenset[str]]:
        return _conditions(self, "kind", "customer", "supplier")


class PostingEntry(Section):
    when: PostingWhen = PostingWhen()
    posting: Posting
    """`post`: NAV posts at once. `stage`: the journal waits in NAV. `hold`: it waits for a person's yes."""


class PostingFile(Section):
    rules: tuple[PostingEntry, ...] = ()


EntryTypes = Annotated[
    tuple[EntryType, ...], BeforeValidator(_many), _list_of({"type": "string", "enum": list(EntryType)})
]
StockKinds = Annotated[
    tuple[StockKind, ...], BeforeValidator(_many), _list_of({"type": "string", "enum": _CIN7_KINDS})
]
Factor = Annotated[
    Decimal,
    BeforeValidator(_factor),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]


class ItemBatch(Section):
    """An item journal batch that people have set up in NAV."""

    template: TemplateName
    batch: TemplateName


class Levels(Section):
    """What may happen to a difference of levels that the nightly comparison finds."""

    tolerance: Amount = Decimal(0)
    """Pieces of an item in a location up to which a difference is not told."""
    owner: Side | None = None
    """Whose level counts: the other system's is adjusted where the difference is the same in two comparisons
    and nothing explains it. Without: differences are told, and nothing is adjusted."""
    cap: Count = 0
    """With `owner`: as many levels a run adjusts by itself. Where more differ it adjusts none, until a
    person says yes."""


class PostingGroups(Section):
    """NAV's general business posting groups for goods that go back. NAV takes no negative purchase and no
    negative sale on an item journal line, so they are adjustments there, and the inventory adjustment account
    of the group decides where their cost is posted."""

    purchase: Code | None = None
    """Its inventory adjustment account is the clearing account: returns to suppliers, receipts taken back."""
    sale: Code | None = None
    """Its inventory adjustment account is cost of goods sold: customers' returns, shipments taken back."""


class StockFile(Section):
    posting: Posting
    """`post`: the action that the NAV connection names posts at once. `stage`: the lines wait in the batch
    for NAV's warehouse people."""
    journal: ItemBatch
    """Where receipts, shipments, returns, adjustments and stock takes go."""
    reclass_journal: ItemBatch | None = None
    """Where transfers go; without it each becomes two adjustments, the second at the cost of the first."""
    locations: dict[Text, TemplateName]
    """Cin7 warehouse, or one of its bins as `Warehouse: BIN` → NAV location. A bin without a line of its own
    goes by its warehouse. Several may share one NAV location."""
    adjust_at: dict[TemplateName, Text] = {}
    """NAV location → the Cin7 warehouse that NAV's own movements there are adjusted in; needed where several
    share the location."""
    in_transit: TemplateName | None = None
    """An ordinary NAV location for goods that have left one warehouse and not reached the other."""
    items: dict[Text, Code] = {}
    """Cin7 SKU → NAV item number, where the two differ."""
    units: dict[Text, Factor] = {}
    """Cin7 SKU → how many of NAV's base unit are one of Cin7's, where that is not one."""
    to_nav: StockKinds = _CIN7_KINDS_DEFAULT
    """Which Cin7 documents become item journal lines."""
    to_cin7: EntryTypes = _NAV_TYPES_DEFAULT
    """Which item ledger entries of NAV's own become Cin7 stock adjustments."""
    adjustment_account: Text | None = None
    """Cin7 account of those adjustments; without it Cin7's own default."""
    posting_groups: PostingGroups = PostingGroups()
    """Needed where NAV owns the value of stock (`valuation: nav`)."""
    levels: Levels = Levels()


FILES: dict[str, type[Section]] = {
    "company": CompanyFile,
    "accounts": AccountsFile,
    "dimensions": DimensionsFile,
    "tax": TaxFile,
    "parties": PartiesFile,
    "posting": PostingFile,
    "stock": StockFile,
}
"""File name up to its first dot → its type."""
OPTIONAL = frozenset({"posting", "stock"})
"""What need not be there."""
