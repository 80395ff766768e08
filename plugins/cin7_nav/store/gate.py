"""How many calls are under way at once, over all processes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cin7_nav.store.database import Database

_TRY = "SELECT s FROM generate_series(0, %s) AS s WHERE pg_try_advisory_xact_lock(%s, s) LIMIT 1"
_QUEUE = "SELECT pg_advisory_xact_lock(%s, %s)"


class Gate:
    """Lets at most `places` callers through at a time, whatever process they run in.

    Each place is an advisory lock of PostgreSQL, held by an open transaction: a process that dies frees it.
    """

    def __init__(self, database: Database, name: str, places: int) -> None:
        self._database = database
        self._places = places
        self._lock_class = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big", signed=True)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place; where none is free, wait in line for one, without polling."""
        with self._database.transaction() as cursor:
            cursor.execute(_TRY, (self._places - 1, self._lock_class))
            if cursor.fetchone() is None:
                line = threading.get_native_id() % self._places
                cursor.execute(_QUEUE, (self._lock_class, line))
            yield
