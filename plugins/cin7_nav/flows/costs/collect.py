"""Collect, where Cin7 owns the value of stock: read days of Cin7's ledger and keep each as a document.

A day is read once it is over everywhere on earth, so that it is not posted while it still grows. As Cin7 also
changes days that are long over (a purchase invoiced later changes the cost of what was sold already), and its
ledger names no changes, the days of the last `REREAD` are read again every `LIFETIME`. A change of an older
day is found when a sweep or backfill reads that day.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.mappings.files import Valuation
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import SourceDocument
from cin7_nav.rules.cost import LedgerAccounts, carried_accounts, cost_days, moves_value
from cin7_nav.store import documents, reading, reference
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Read, Run
from cin7_nav.store.reading import Header
from cin7_nav.wire.fields import WireError
from cin7_nav.wire.ledger import LedgerRow, ledger_row

log = logging.getLogger(__name__)

REREAD = dt.timedelta(days=35)
"""How far back from the last day read before days are read again: a month's late invoices, and some."""

LIFETIME = dt.timedelta(hours=4)
"""How long the days count as read. 36 days of 2,000 ledger rows each are 72 calls: six readings a day take
432 of the 86,400 calls that one application key has in that time."""

ACCOUNTS_LIFETIME = dt.timedelta(hours=20)
"""Age above which Cin7's chart of accounts and base currency are asked for anew: two calls."""

CURSOR = "cost_days"
"""The moment of the last reading; the days that were over by then are read."""

_SIDE = "ledger"
"""What days are noted under beside the orders that can't be read."""
_SETTINGS = "ledger_settings"
_WESTERNMOST = dt.timedelta(hours=12)
_DAY = dt.timedelta(days=1)


def last_day_over(now: dt.datetime) -> dt.date:
    """The latest day that is over in every time zone."""
    return (now - _WESTERNMOST).astimezone(dt.UTC).date() - _DAY


def collect_due_costs(
    database: Database, cin7: Cin7Hook, run: Run, mappings: Mappings, now: dt.datetime
) -> Counter[str]:
    """What every run does: where the last reading is older than `LIFETIME`, read the days since go-live that
    were never read, and the `REREAD` before them again. Counts by what became of each day.

    The cursor moves only when all of them are stored. Errors: those of `collect_costs`.
    """
    if mappings.company.valuation is not Valuation.CIN7:
        return Counter()
    value = reading.cursor_value(database, CURSOR)
    read_at = dt.datetime.fromisoformat(value) if value else None
    if read_at and now - read_at <= LIFETIME:
        return Counter()
    first = last_day_over(read_at) - REREAD if read_at else mappings.company.go_live
    outcome = collect_costs(database, cin7, run, mappings, first, last_day_over(now), now=now)
    reading.move_cursor(database, CURSOR, now.isoformat())
    return outcome


def collect_costs(
    database: Database,
    cin7: Cin7Hook,
    run: Run,
    mappings: Mappings,
    first: dt.date,
    last: dt.date,
    *,
    now: dt.datetime | None = None,
) -> Counter[str]:
    """Read these days of Cin7's ledger, both included, as far as they are since go-live and over.

    Days that came out otherwise than before are in state `received` after it. A day with a row that lacks
    something is left as it was and noted as unreadable, until it can be read. Safe to repeat. Raises
    `hooks.errors.VendorError`; the days stored until then stay.
    """
    if mappings.company.valuation is not Valuation.CIN7:
        return Counter()
    now = now or dt.datetime.now(dt.UTC)
    first, last = max(first, mappings.company.go_live), min(last, last_day_over(now))
    outcome: Counter[str] = Counter()
    if first > last:
        return outcome
    accounts, base_currency = _ledger_settings(database, cin7, mappings, now)
    noted = {day for side, day, *_ in reading.problems(database) if side == _SIDE}
    for start, end in _spans(first, last):
        rows = _Rows.of(cin7.transactions(start, end), accounts)
        days = {start + _DAY * number for number in range((end - start).days + 1)}
        found = cost_days(rows.moving, accounts, days - rows.unreadable.keys(), base_currency)
        reads = [
            Read(rows.raw[day.date], (day,), _readable(day) if day.key.order_id in noted else None)
            for day in found
        ]
        outcome += documents.record(database, reads, run)
        for date, problem in sorted(rows.unreadable.items()):
            log.warning("%s of Cin7's ledger can't be read: %s", date, problem)
            reading.unreadable(database, _SIDE, date.isoformat(), problem)
            outcome["unreadable"] += 1
    return outcome


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of some days of the ledger."""

    moving: list[LedgerRow]
    """Those that move inventory value."""
    raw: Mapping[dt.date, list[Any]]
    """The same as Cin7 sent them, by day."""
    unreadable: Mapping[dt.date, str]
    """What is wrong with a day."""

    @classmethod
    def of(cls, sent: Iterable[Mapping[str, Any]], accounts: LedgerAccounts) -> _Rows:
        moving: list[LedgerRow] = []
        raw: defaultdict[dt.date, list[Any]] = defaultdict(list)
        unreadable: dict[dt.date, str] = {}
        for each in sent:
            try:
                row = ledger_row(each)
            except WireError as error:
                unreadable[dt.date.fromisoformat(each["EffectiveDate"][:10])] = str(error)
                continue
            if moves_value(row, accounts):
                moving.append(row)
                raw[row.date].append(each)
        return cls(moving, raw, unreadable)


def _readable(day: SourceDocument) -> Header:
    """A day that was noted as unreadable and is not any more."""
    return Header(_SIDE, day.key.order_id, day.number, "", day.date, "", False)


def _spans(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """The range in pieces that fit into memory and into one transaction."""
    while first <= last:
        end = min(first + REREAD, last)
        yield first, end
        first = end + _DAY


def _ledger_settings(
    database: Database, cin7: Cin7Hook, mappings: Mappings, now: dt.datetime
) -> tuple[LedgerAccounts, str]:
    """The accounts that decide what counts, and the base currency; Cin7's part of it cached."""
    asked_at = reference.fetched_at(database, "cin7", _SETTINGS)
    if asked_at is None or now - asked_at > ACCOUNTS_LIFETIME:
        chart = [
            (str(row.get("Code") or ""), row.get("SystemAccount") or "", row.get("SystemAccountCode") or "")
            for row in cin7.accounts()
        ]
        body = {"carried": sorted(carried_accounts(chart)), "currency": str(cin7.me().get("Currency") or "")}
        reference.store(database, "cin7", _SETTINGS, [reference.Row("", body)], now, whole=True)
    (kept,) = reference.rows(database, "cin7", _SETTINGS)
    accounts = LedgerAccounts(mappings.company.inventory_accounts, frozenset(kept.body["carried"]))
    return accounts, kept.body["currency"]
