"""How many calls the Cin7 account may still make, shared by every process through PostgreSQL.

Cin7 counts 60 calls per rolling 60 seconds and application key (Cin7's API portal), and successful answers
carry no counter. So each allowed call is a row, a slot: taken before the call, and free again one window
after its answer. Cin7 then never sees more than the limit in any window, however our processes interleave,
and a process that dies gives its slots back by itself.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from time import sleep as really_sleep
from typing import Literal

from cin7_nav.store.database import Database

LimitScope = Literal["key", "account"]

_TAKE = """
    UPDATE api_slot SET free_at = clock_timestamp() + make_interval(secs => %(held)s)
    WHERE (bucket, slot) = (
        SELECT bucket, slot FROM api_slot
        WHERE bucket = ANY(%(buckets)s) AND free_at <= clock_timestamp()
        ORDER BY free_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING bucket, slot
"""
_EARLIEST = """
    SELECT extract(epoch FROM min(free_at) - clock_timestamp())::float FROM api_slot WHERE bucket = ANY(%s)
"""
_RELEASE = """
    UPDATE api_slot SET free_at = clock_timestamp() + make_interval(secs => %s)
    WHERE bucket = %s AND slot = %s
"""
_PENALISE = """
    UPDATE api_slot SET free_at = greatest(free_at, clock_timestamp() + make_interval(secs => %s))
    WHERE bucket = %s
"""
_DROP_ABOVE = "DELETE FROM api_slot WHERE bucket = ANY(%s) AND slot > %s"
_ADD_MISSING = """
    INSERT INTO api_slot (bucket, slot, free_at)
    SELECT bucket, slot, clock_timestamp() FROM unnest(%s) AS bucket, generate_series(1, %s) AS slot
    ORDER BY bucket, slot ON CONFLICT DO NOTHING
"""
_SHORTEST_NAP_S = 0.001
_LONGEST_NAP_S = 1.0


class CallBudget:
    """The calls that a set of application keys may make. Thread-safe.

    `limit_scope` says what the vendor counts by: each key, or the `account` that the keys belong to.
    `calls_per_minute` 0 means that nothing is counted: no rows, no SQL, only penalties are waited out.
    `window_s` is the vendor's window, `call_timeout_s` the longest that one call may last.
    """

    def __init__(
        self,
        database: Database | None,
        keys: Sequence[str],
        calls_per_minute: int,
        limit_scope: LimitScope = "key",
        *,
        account: str = "",
        window_s: float = 60.0,
        call_timeout_s: float = 120.0,
        patience_s: float = 600.0,
        sleep: Callable[[float], None] = really_sleep,
    ) -> None:
        if calls_per_minute and database is None:
            raise ValueError("calls can only be counted in a database")
        self._database = database if calls_per_minute else None
        self._calls_per_window = calls_per_minute
        self._window_s = window_s
        self._call_timeout_s = call_timeout_s
        self._patience_s = patience_s
        self._sleep = sleep
        self._keys: dict[str, list[str]] = {}
        for key in keys:
            self._keys.setdefault(_bucket(account if limit_scope == "account" else key), []).append(key)
        self._turn = itertools.count()
        self._uncounted_turn = itertools.count()
        self._penalised_until = dict.fromkeys(self._keys, 0.0)
        self._seeded = False

    @contextmanager
    def slot(self) -> Iterator[str]:
        """The application key to use for one call; waits until one may be used.

        Raises `TimeoutError` when none became free for `patience_s`.
        """
        bucket, slot = self._acquire()
        keys = self._keys[bucket]
        try:
            yield keys[next(self._turn) % len(keys)]
        finally:
            if self._database:
                with self._database.transaction() as cursor:
                    cursor.execute(_RELEASE, (self._window_s, bucket, slot))

    def penalise(self, key: str, seconds: float) -> None:
        """Let no call use this key (or its account) for so long, because the vendor refused one."""
        bucket = next(bucket for bucket, keys in self._keys.items() if key in keys)
        if self._database:
            with self._database.transaction() as cursor:
                cursor.execute(_PENALISE, (seconds, bucket))
        else:
            self._penalised_until[bucket] = monotonic() + seconds

    def _acquire(self) -> tuple[str, int]:
        waited = 0.0
        while True:
            taken, wait = self._take_counted(self._database) if self._database else self._take_uncounted()
            if taken:
                return taken
            if waited >= self._patience_s:
                raise TimeoutError(f"no call to the vendor became free in {self._patience_s:.0f} s")
            nap = min(max(wait, _SHORTEST_NAP_S), _LONGEST_NAP_S)
            self._sleep(nap)
            waited += nap

    def _take_counted(self, database: Database) -> tuple[tuple[str, int] | None, float]:
        buckets = list(self._keys)
        with database.transaction() as cursor:
            if not self._seeded:
                cursor.execute(_DROP_ABOVE, (buckets, self._calls_per_window))
                cursor.execute(_ADD_MISSING, (buckets, self._calls_per_window))
                self._seeded = True
            cursor.execute(_TAKE, {"held": self._call_timeout_s + self._window_s, "buckets": buckets})
            if taken := cursor.fetchone():
                return (taken[0], taken[1]), 0.0
            cursor.execute(_EARLIEST, (buckets,))
            (wait,) = cursor.fetchone() or (None,)
            self._seeded = wait is not None
            return None, wait or 0.0

    def _take_uncounted(self) -> tuple[tuple[str, int] | None, float]:
        now, turn, buckets = monotonic(), next(self._uncounted_turn), list(self._keys)
        waits = {bucket: max(0.0, self._penalised_until[bucket] - now) for bucket in buckets}
        first = turn % len(buckets)
        bucket = min(buckets[first:] + buckets[:first], key=waits.__getitem__)
        return (None, waits[bucket]) if waits[bucket] else ((bucket, 0), 0.0)


def _bucket(name: str) -> str:
    """What stands for a key or an account in the database, which never sees the key itself."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
