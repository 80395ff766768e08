"""What a rule can ask about a document or one of its lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from cin7_nav.model import LineType, SourceDocument, SourceLine


class Field(StrEnum):
    """The conditions of a rule, strongest first: this written order decides which of two rules wins."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    CATEGORY = "category"
    CHARGE = "charge"
    LOCATION = "location"
    CHANNEL = "channel"
    SALES_REP = "sales_rep"
    ATTRIBUTE_1 = "attribute_1"
    ATTRIBUTE_2 = "attribute_2"
    ATTRIBUTE_3 = "attribute_3"
    ATTRIBUTE_4 = "attribute_4"
    ATTRIBUTE_5 = "attribute_5"
    ATTRIBUTE_6 = "attribute_6"
    ATTRIBUTE_7 = "attribute_7"
    ATTRIBUTE_8 = "attribute_8"
    ATTRIBUTE_9 = "attribute_9"
    ATTRIBUTE_10 = "attribute_10"
    TAX_RULE = "tax_rule"
    CIN7_ACCOUNT = "cin7_account"
    LINE = "line"
    KIND = "kind"


_WEIGHTS = {field: 1 << place for place, field in enumerate(reversed(Field))}


def rank(fields: Iterable[Field]) -> int:
    """The set of conditions as a binary number, the strongest condition its highest digit."""
    return sum(_WEIGHTS[field] for field in fields)


def fold(text: str) -> str:
    """The form in which names are compared: Cin7's own names are unique regardless of case."""
    return " ".join(text.split()).casefold()


class Facts:
    """What is known: field → its texts (a party has two, name and ID). A field that is absent is not
    known and matches no condition; an empty text is known to be empty and matches the condition `""`."""

    def __init__(self, texts: Mapping[Field, tuple[str, ...]]) -> None:
        self.texts = texts
        self._folded = {field: frozenset(map(fold, values)) for field, values in texts.items()}

    def match(self, when: Mapping[Field, frozenset[str]]) -> bool:
        return all(
            field in self._folded and not self._folded[field].isdisjoint(values)
            for field, values in when.items()
        )

    def with_line(self, line: SourceLine) -> Facts:
        known: dict[Field, tuple[str, ...]] = {
            Field.TAX_RULE: (line.tax_rule,),
            Field.CIN7_ACCOUNT: (line.account,),
            Field.LINE: (line.type,),
        }
        if line.type is LineType.CHARGE:
            known[Field.CHARGE] = (line.description,)
        if line.category is not None:
            known[Field.CATEGORY] = (line.category,)
        return Facts({**self.texts, **known})


def document_facts(document: SourceDocument) -> Facts:
    """What holds for the document as a whole; `with_line` adds what only a line knows."""
    kind = document.key.kind
    party = Field.CUSTOMER if kind.is_sale else Field.SUPPLIER
    return Facts(
        {
            Field.KIND: (kind,),
            party: (document.party_name, document.party_id),
            Field.LOCATION: (document.location,),
            Field.CHANNEL: (document.channel,),
            Field.SALES_REP: (document.sales_rep,),
            **{
                Field(f"attribute_{number}"): (document.attributes.get(str(number), ""),)
                for number in range(1, 11)
            },
        }
    )
