"""The numbers that a document carries in NAV. The same document gets the same numbers on every run."""

from __future__ import annotations

import hashlib
import re

from cin7_nav.mappings import Mappings
from cin7_nav.model import DocumentKey, Kind

DOCUMENT_NO_LENGTH = 20
EXTERNAL_DOCUMENT_NO_LENGTH = 35
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HASH_LENGTH = 6


def document_no(kind: Kind, number: str, key: DocumentKey, mappings: Mappings, revision: int = 0) -> str:
    """NAV document number: the kind's prefix and Cin7's number.

    A hash of the key follows wherever the number alone could meet another one: when it had to be changed
    or cut, on every revision after the first posting, and on all purchases, whose numbers people type.
    """
    prefix = mappings.company.prefixes[kind]
    readable = re.sub(r"[^A-Z0-9]+", "-", number.upper()).strip("-")
    is_own = kind.is_sale and readable == number and revision == 0
    if is_own and readable and len(prefix + readable) <= DOCUMENT_NO_LENGTH:
        return prefix + readable
    tail = _hash(f"{key}/{revision}")
    room = DOCUMENT_NO_LENGTH - len(prefix) - len(tail) - 1
    head = readable[:room].rstrip("-")
    return f"{prefix}{head}-{tail}" if head else f"{prefix}{tail}"


def external_document_no(number: str, kind: Kind, revision: int = 0, reversal: int = 0) -> str:
    """NAV external document number: Cin7's number, and on everything but the first posting a suffix.

    NAV refuses a second entry with the same number for the same vendor, and a reversal does not free it:
    ` CN` marks a credit note, ` /2` the second posting (`revision` 1), ` R1` the first reversal. NAV
    keeps it in upper case.
    """
    suffix = " CN" if kind.is_credit_note else ""
    suffix += f" /{revision + 1}" if revision else ""
    suffix += f" R{reversal}" if reversal else ""
    text = " ".join(number.split()).upper()
    room = EXTERNAL_DOCUMENT_NO_LENGTH - len(suffix)
    if len(text) > room:
        tail = f"-{_hash(text)}"
        text = text[: room - len(tail)].rstrip() + tail
    return text + suffix


def batch_code(delivery_id: int) -> str:
    """The NAV journal batch of a delivery: `C7` and eight base-36 digits."""
    if not 0 <= delivery_id < 36**8:
        raise ValueError(f"delivery id {delivery_id} does not fit into eight base-36 digits")
    return "C7" + _base36(delivery_id, 8)


def _hash(text: str) -> str:
    return _base36(int.from_bytes(hashlib.sha256(text.encode()).digest()) % 36**_HASH_LENGTH, _HASH_LENGTH)


def _base36(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
