"""Where NAV owns the value of stock: what stands on the clearing account, per purchase, and why.

An invoice debits the clearing account with what the supplier charges for goods, NAV credits it with what the
goods cost when they were received. A purchase that is received and invoiced at one price leaves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """Which of the two systems' documents an entry comes from."""

    INVOICE = "invoice"
    """A posted invoice, credit note or reversal of one."""
    RECEIPT = "receipt"
    """Received or returned goods that NAV put a value on."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What one NAV document posted to the clearing account for a purchase."""

    purchase: str
    """Cin7's order number."""
    side: Side
    document_no: str
    amount: Decimal
    """Local currency, debit positive."""
    quantity: Decimal | None = None
    """Pieces that were invoiced or received, negative ones credited or returned; None: not known."""


class Standing(StrEnum):
    """Why a purchase has the balance that it has."""

    SETTLED = "settled"
    RECEIVED_NOT_INVOICED = "received, not invoiced"
    INVOICED_NOT_RECEIVED = "invoiced, not received"
    PRICE_DIFFERENCE = "price difference"


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase on the clearing account. Amounts in local currency, debit positive."""

    number: str
    invoiced: Decimal
    received: Decimal
    """As posted: a credit, so negative for received goods."""
    standing: Standing
    documents: tuple[str, ...]
    """The NAV document numbers behind it, sorted."""

    @property
    def balance(self) -> Decimal:
        return self.invoiced + self.received


def clearing(posted: Iterable[Posted], tolerance: Decimal) -> list[Purchase]:
    """Each purchase with what stands on the clearing account for it, by number.

    A balance within the tolerance is settled. Otherwise the pieces decide where both sides know them: as
    many invoiced as received is a price difference, more of one than of the other lacks the rest on the
    other. Where they are not known, no balance is called a price difference: it lies on the larger side.
    """
    by_purchase: dict[str, list[Posted]] = {}
    for each in posted:
        by_purchase.setdefault(each.purchase, []).append(each)
    return [_purchase(number, by_purchase[number], tolerance) for number in sorted(by_purchase)]


def _purchase(number: str, posted: list[Posted], tolerance: Decimal) -> Purchase:
    invoices = [each for each in posted if each.side is Side.INVOICE]
    receipts = [each for each in posted if each.side is Side.RECEIPT]
    invoiced, received = _amount(invoices), _amount(receipts)
    return Purchase(
        number,
        invoiced,
        received,
        _standing(invoiced + received, _open_pieces(invoices, receipts), tolerance),
        tuple(sorted({each.document_no for each in posted})),
    )


def _standing(balance: Decimal, open_pieces: Decimal | None, tolerance: Decimal) -> Standing:
    if abs(balance) <= tolerance:
        return Standing.SETTLED
    if open_pieces == 0:
        return Standing.PRICE_DIFFERENCE
    more_invoiced = balance > 0 if open_pieces is None else open_pieces > 0
    return Standing.INVOICED_NOT_RECEIVED if more_invoiced else Standing.RECEIVED_NOT_INVOICED


def _open_pieces(invoices: list[Posted], receipts: list[Posted]) -> Decimal | None:
    """Pieces invoiced and not received, negative: received and not invoiced; None: not known."""
    if not receipts or not invoices:
        return None
    open_pieces = Decimal(0)
    for each in (*invoices, *receipts):
        if each.quantity is None:
            return None
        open_pieces += each.quantity if each.side is Side.INVOICE else -each.quantity
    return open_pieces


def _amount(posted: Iterable[Posted]) -> Decimal:
    return sum((each.amount for each in posted), Decimal(0))
