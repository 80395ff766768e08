"""Texts as NAV's fields hold them."""

from __future__ import annotations

import unicodedata

DESCRIPTION_LENGTH = 100
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def one_line(text: str) -> str:
    """The text without control characters and repeated spaces; every script and punctuation mark stays."""
    printable = (" " if unicodedata.category(each) in _UNPRINTABLE else each for each in text)
    return " ".join("".join(printable).split())


def cut(text: str, length: int) -> str:
    """As much of the text as fits into so many UTF-16 units: .NET and SQL Server, and so NAV, count these."""
    return text.encode("utf-16-le")[: 2 * length].decode("utf-16-le", errors="ignore").rstrip()


def length(text: str) -> int:
    """In UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def description(text: str, ending: str = "") -> str:
    """The text as a NAV description: one line, cut to what NAV holds. The ending is never cut."""
    tail = f" {ending}" if ending else ""
    return cut(one_line(text), DESCRIPTION_LENGTH - length(tail)) + tail
