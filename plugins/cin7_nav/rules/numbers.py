"""The numbers that a document carries in NAV. The same document gets the same numbers on every run."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

from cin7_nav.mappings import Mappings
from cin7_nav.model import DocumentKey, Kind
from cin7_nav.movements import MOVEMENT_PREFIXES, StockKey, StockKind
from cin7_nav.rules import texts

DOCUMENT_NO_LENGTH = 20
EXTERNAL_DOCUMENT_NO_LENGTH = 35
RECEIPT_PREFIX = MOVEMENT_PREFIXES[StockKind.RECEIPT]
"""What the NAV document numbers of received goods begin with."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HASH_LENGTH = 6


def document_no(kind: Kind, number: str, key: DocumentKey, mappings: Mappings, revision: int = 0) -> str:
    """NAV document number: the kind's prefix and Cin7's number.

    A hash of the key follows wherever the number alone could meet another one: when it had to be changed
    or cut, on every revision after the first posting, and on all purchases, whose numbers people type.
    """
    prefix = mappings.company.prefixes[kind]
    readable = re.sub(r"[^A-Z0-9]+", "-", number.upper()).strip("-")
    is_own = not kind.is_purchase and readable == number and revision == 0
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
    return _with_suffix(texts.one_line(number).upper(), suffix)


def reversal_external_document_no(posted: str, reversal: int) -> str:
    """The external document number of the reversal of what was `posted` under this one: ` R1` for the
    document's first reversal. NAV does not free a number by a reversal."""
    return _with_suffix(posted, f" R{reversal}")


def _with_suffix(text: str, suffix: str) -> str:
    """The text with its suffix whole; where there is no room for both, the text ends in a hash of itself."""
    room = EXTERNAL_DOCUMENT_NO_LENGTH - len(suffix)
    if texts.length(text) > room:
        tail = f"-{_hash(text)}"
        text = texts.cut(text, room - len(tail)) + tail
    return text + suffix


def receipt_no(order_number: str, receipt: int = 1) -> str:
    """NAV document number of a purchase's receipts, counted from 1: `C7R-PO-00012`, then `C7R-PO-00012-2`.

    Automatic cost posting writes G/L entries under it, so its prefix is none of the invoices'. A hash of the
    order number follows where that had to be changed or cut, or ends like a count.
    """
    if not 1 <= receipt <= 99:
        raise ValueError(f"receipt {receipt} of {order_number} is not one of the 99 that have a number")
    readable = re.sub(r"[^A-Z0-9]+", "-", order_number.upper()).strip("-")
    room = DOCUMENT_NO_LENGTH - len(RECEIPT_PREFIX) - len("-99")
    if readable != order_number or len(readable) > room or re.search(r"-\d{1,2}$", readable):
        tail = _hash(order_number)
        readable = f"{readable[: room - len(tail) - 1].rstrip('-')}-{tail}".strip("-")
    return RECEIPT_PREFIX + readable + (f"-{receipt}" if receipt > 1 else "")


def movement_no(key: StockKey, number: str, revision: int, receipts: int = 0) -> str:
    """NAV document number of what a Cin7 document moves; each later change of it has a number of its own.

    `receipts`: how many numbers the purchase of a receipt has already; receipts are counted by their order,
    so that what stands on the clearing account can be told by purchase. Numbers that Cin7 gives to one stock
    document only are kept as they are; a hash of the key follows on all others and on every later revision.
    """
    if key.kind is StockKind.RECEIPT:
        return receipt_no(number, receipts + 1)
    prefix = MOVEMENT_PREFIXES[key.kind]
    readable = re.sub(r"[^A-Z0-9]+", "-", number.upper()).strip("-")
    counted = key.kind in (StockKind.ADJUSTMENT, StockKind.TAKE, StockKind.TRANSFER)
    plain = counted and readable == number and revision == 0
    if plain and readable and len(prefix + readable) <= DOCUMENT_NO_LENGTH:
        return prefix + readable
    tail = _hash(f"{key}/{revision}")
    room = DOCUMENT_NO_LENGTH - len(prefix) - len(tail) - 1
    head = readable[:room].rstrip("-")
    return f"{prefix}{head}-{tail}" if head else f"{prefix}{tail}"


def level_no(day: dt.date, item_no: str, location_code: str, moment: dt.datetime) -> str:
    """NAV document number of the adjustment of a level."""
    return f"{MOVEMENT_PREFIXES[StockKind.LEVEL]}{day:%Y%m%d}-{_hash(f'{item_no}/{location_code}/{moment}')}"


def batch_code(nav_document_no: str) -> str:
    """The NAV journal batch of a NAV document: `C7` and eight base-36 digits.

    It follows from the number alone: where our database is older than NAV, after a restore, a document that
    goes out again meets the batch that it was already given, and no other document gets that one.
    """
    return "C7" + _hash(nav_document_no, 8)


def _hash(text: str, length: int = _HASH_LENGTH) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()) % 36**length
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
