"""Senders that are refused again and again are put off before they cost anything."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

REFUSALS_A_MINUTE = 60
"""What one address may get wrong in a minute; what is right is not counted."""

ADDRESSES = 10_000
"""Addresses that are remembered at once."""

KNOWN_S = 60.0
"""How long a secret that proved right need not be looked up before a body is read. Landing looks it up
always."""


class Limiter:
    """Counts refusals by address within the current minute, in bounded memory."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._minute = -1
        self._refused: dict[str, int] = {}

    def note(self, address: str) -> None:
        """Something from this address was refused."""
        self._turn()
        if address in self._refused or len(self._refused) < ADDRESSES:
            self._refused[address] = self._refused.get(address, 0) + 1

    def is_over(self, address: str) -> bool:
        """Whether this address has got too much wrong lately."""
        self._turn()
        return self._refused.get(address, 0) >= REFUSALS_A_MINUTE

    def _turn(self) -> None:
        minute = int(self._now() // 60)
        if minute != self._minute:
            self._minute, self._refused = minute, {}


class Known:
    """Secrets that proved right a short time ago, by sender and hash, in bounded memory."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._until: dict[tuple[str, bytes], float] = {}

    def note(self, source: str, secret: bytes) -> None:
        if len(self._until) > ADDRESSES:
            self._until.clear()
        self._until[source, secret] = self._now() + KNOWN_S

    def forget(self, source: str, secret: bytes) -> None:
        self._until.pop((source, secret), None)

    def has(self, source: str, secret: bytes) -> bool:
        return self._until.get((source, secret), 0.0) > self._now()
