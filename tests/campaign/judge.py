"""Is every document in the ledger net exactly once? Asked of both systems; shares no code with the product.

What the books should say of a document is `stack.verdict.expected`. The first amount of a document is that
of no other and of no other state of the same one, so that NAV's entries need no reference to be told apart:
documents that take each other back to the cent count for nothing, and what is left must be one document for
each that stands in Cin7.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from stack.verdict import PAYABLES, RECEIVABLES, Booking, booked, expected

STANDS = ("AUTHORISED", "PAID")


def faults(truth: Iterable[dict[str, Any]], entries: Iterable[dict[str, Any]]) -> list[str]:
    """Everything that is wrong in NAV's books, in words."""
    bookings = booked(entries)
    wanted: dict[Booking, list[str]] = defaultdict(list)
    for invoice in truth:
        if invoice["status"] in STANDS:
            wanted[expected(invoice)].append(f"{invoice['kind']} {invoice['number']} of {invoice['total']}")
    found: dict[Booking, list[str]] = defaultdict(list)
    for number, booking in _standing(bookings).items():
        found[booking].append(number)
    wrong = []
    for booking in wanted.keys() | found.keys():
        names, numbers = wanted[booking], found[booking]
        if len(names) > len(numbers):
            wrong.append(f"missing in NAV: {', '.join(names)}, expected {booking}")
        elif len(numbers) > len(names):
            more = "posted more than once" if names else "in NAV and not in Cin7"
            wrong.append(f"{more}: {', '.join(numbers)}, {booking}")
    for number, booking in bookings.items():
        if sum((amount for _, amount in booking.sums), Decimal(0)):
            wrong.append(f"debit and credit differ: {number}, {booking}")
    control = _control(bookings.values())
    owed = _control(wanted_booking for wanted_booking, names in wanted.items() for _ in names)
    if control != owed:
        wrong.append(f"the parties' control accounts stand at {dict(control)} instead of {dict(owed)}")
    return wrong


def _standing(bookings: Mapping[str, Booking]) -> dict[str, Booking]:
    """The NAV documents that no other one takes back."""
    standing = dict(bookings)
    by_sums: dict[frozenset[tuple[str, Decimal]], list[str]] = defaultdict(list)
    for number, booking in sorted(bookings.items()):
        reverse = frozenset((account, -amount) for account, amount in booking.sums)
        if by_sums[reverse]:
            del standing[number], standing[by_sums[reverse].pop()]
        else:
            by_sums[booking.sums].append(number)
    return standing


def _control(bookings: Iterable[Booking]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for booking in bookings:
        for account, amount in booking.sums:
            if account in (RECEIVABLES, PAYABLES):
                sums[account] += amount  # type: ignore[assignment]
    return Counter({account: amount for account, amount in sums.items() if amount})
