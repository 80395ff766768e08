"""Options of published pages in the language of NAV's server, which sends and takes their captions.

NAV shows options as captions unless its administrator sets `ServicesOptionFormat` to OptionString
(Microsoft's server settings); then they are English whatever the language. German captions: Microsoft's
German version.
"""

from __future__ import annotations

from collections.abc import Mapping

from cin7_nav.hooks.errors import Misconfigured
from cin7_nav.model import Fixer

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
    "Ship": "Liefern",
    "All": "Alle",
    "Inventory": "Lager",
    "Service": "Service",
    "Non-Inventory": "Nicht Lager",
    "Purchase": "Einkauf",
    "Sale": "Verkauf",
    "Positive Adjmt.": "Zugang",
    "Negative Adjmt.": "Abgang",
    "Transfer": "Umlagerung",
    "Code Mandatory": "Code notwendig",
    "Same Code": "Gleicher Code",
    "No Code": "Kein Code",
}
_CAPTIONS: Mapping[str, Mapping[str, str]] = {
    "en-US": {name: name for name in _GERMAN},
    "de-DE": _GERMAN,
}


class Captions:
    """The options' names, which are English, and their captions in one language."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._caption = _CAPTIONS[language]
        self._name = {caption: name for name, caption in self._caption.items()}

    def sent(self, name: str) -> str:
        """What NAV is to be sent for an option."""
        return self._caption[name]

    def read(self, caption: str) -> str:
        """The option that NAV shows; empty for the blank one. Raises Misconfigured for one of another
        language."""
        caption = caption.strip()
        if not caption:
            return ""
        if caption not in self._name:
            raise Misconfigured(
                f"NAV shows an option as {caption!r}, which is not of the language {self._language}: set"
                " `language` in the connection, or ServicesOptionFormat to OptionString on the server",
                fixer=Fixer.DATA_TEAM,
            )
        return self._name[caption]
