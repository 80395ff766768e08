"""Option values in the language of the server, as published pages show them (`ServicesOptionFormat` is
OptionCaption)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en-US", "de-DE"]

_GERMAN: Mapping[str, str] = {
    "Posting": "Konto",
    "Heading": "Überschrift",
    "Total": "Summe",
    "Begin-Total": "Von-Summe",
    "End-Total": "Bis-Summe",
    "G/L Account": "Sachkonto",
    "Customer": "Debitor",
    "Vendor": "Kreditor",
    "Bank Account": "Bankkonto",
    "Payment": "Zahlung",
    "Invoice": "Rechnung",
    "Credit Memo": "Gutschrift",
    "Finance Charge Memo": "Zinsrechnung",
    "Reminder": "Mahnung",
    "Refund": "Erstattung",
    "Ship": "Liefern",
    "All": "Alle",
    "Code Mandatory": "Code notwendig",
    "Same Code": "Gleicher Code",
    "No Code": "Kein Code",
    "Inventory": "Lager",
    "Service": "Service",
    "Non-Inventory": "Nicht Lager",
    "Purchase": "Einkauf",
    "Sale": "Verkauf",
    "Positive Adjmt.": "Zugang",
    "Negative Adjmt.": "Abgang",
    "Transfer": "Umlagerung",
}
_ENGLISH = {caption: name for name, caption in _GERMAN.items()}


def captioned(value: str, language: Language) -> str:
    """An option's name as the server shows it."""
    return _GERMAN.get(value, value) if language == "de-DE" else value


def named(caption: str, language: Language) -> str | None:
    """The option behind a caption; None where the language has none such."""
    if language == "en-US" or not caption.strip():
        return caption
    return _ENGLISH.get(caption)
