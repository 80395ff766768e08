"""Which days of Cin7's ledger are read when, and what becomes of a day that changed."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cin7_nav.flows.costs.collect import (
    CURSOR,
    LIFETIME,
    REREAD,
    collect_costs,
    collect_due_costs,
    last_day_over,
)
from cin7_nav.flows.invoices.collect import Occasion
from cin7_nav.flows.invoices.tasks import Assignment, Desk, collected_costs
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.errors import Unavailable
from cin7_nav.mappings import Mappings
from cin7_nav.store import documents, reading
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run, Scope, Stored

from tests import builders

RUN = Run("invoices_to_journal/run-1", "poll")
DAY = dt.timedelta(days=1)
FRIDAY = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
COMPANY = (
    builders.COMPANY.replace("valuation: nav", "valuation: cin7")
    .replace('clearing_account: "5450"\n', "")
    .replace("go_live: 2026-01-01", "go_live: 2026-06-01")
)
INVENTORY = '  - when: { cin7_account: "140" }\n    account: "2110"\n'


class Ledger:
    """Cin7, as far as its ledger."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.asked: list[tuple[dt.date, dt.date]] = []
        self.calls: Counter[str] = Counter()
        self.is_down = False

    def book(self, amount: str, day: dt.date = FRIDAY, debit: str = "310", credit: str = "140") -> None:
        self.rows.append(
            {
                "TaskID": "t",
                "DebitAccountCode": debit,
                "CreditAccountCode": credit,
                "Amount": Decimal(amount),
                "EffectiveDate": f"{day}T00:00:00Z",
                "Type": "Sale",
            }
        )

    def transactions(self, first: dt.date, last: dt.date) -> Iterator[dict[str, Any]]:
        if self.is_down:
            raise Unavailable("Cin7 is away")
        self.asked.append((first, last))
        for row in self.rows:
            if first <= dt.date.fromisoformat(row["EffectiveDate"][:10]) <= last:
                yield row

    def accounts(self) -> list[dict[str, Any]]:
        self.calls["accounts"] += 1
        return [
            {"Code": "610", "SystemAccount": "Accounts receivable"},
            {"Code": "140", "SystemAccount": None},
        ]

    def me(self) -> dict[str, Any]:
        self.calls["me"] += 1
        return {"Company": "Ours", "Currency": "GBP"}


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture(scope="module")
def mappings(tmp_path_factory: pytest.TempPathFactory) -> Mappings:
    files = {"company.yaml": COMPANY, "accounts.yaml": builders.ACCOUNTS + INVENTORY}
    return builders.mappings(tmp_path_factory.mktemp("maps"), files)


def read(
    database: Database, ledger: Ledger, mappings: Mappings, first: dt.date = FRIDAY, last: dt.date = FRIDAY
) -> dict[str, int]:
    found = collect_costs(database, cast(Cin7Hook, ledger), RUN, mappings, first, last, now=NOW)
    return {what: count for what, count in found.items() if count}


def due(database: Database, ledger: Ledger, mappings: Mappings, now: dt.datetime) -> list[Any]:
    """The ranges that were asked for."""
    ledger.asked.clear()
    collect_due_costs(database, cast(Cin7Hook, ledger), RUN, mappings, now)
    return list(ledger.asked)


def stored(database: Database, day: dt.date = FRIDAY) -> Stored:
    (found,) = documents.find(database, f"COST-{day}")
    return found


def test_a_day_is_kept_with_the_rows_behind_it(
    database: Database, ledger: Ledger, mappings: Mappings
) -> None:
    ledger.book("60")
    ledger.book("100", debit="610", credit="200")
    assert read(database, ledger, mappings) == {"new": 1}
    kept = stored(database)
    assert (kept.state, kept.document.total, kept.document.currency) == ("received", -60, "GBP")
    with database.transaction() as cursor:
        cursor.execute("SELECT body FROM payload WHERE sha256 = %s", (kept.raw_sha256,))
        ((body,),) = cursor.fetchall()
    assert "310" in str(body)
    assert "610" not in str(body)


def test_days_without_movements_leave_nothing(database: Database, ledger: Ledger, mappings: Mappings) -> None:
    ledger.book("100", debit="610", credit="200")
    assert read(database, ledger, mappings, FRIDAY - 9 * DAY) == {}


def test_a_changed_day_is_received_again_and_an_unchanged_one_is_not(
    database: Database, ledger: Ledger, mappings: Mappings
) -> None:
    ledger.book("60")
    read(database, ledger, mappings)
    assert read(database, ledger, mappings) == {"unchanged": 1}
    ledger.book("3.20")
    assert read(database, ledger, mappings) == {"changed in Cin7 before it was sent": 1}
    assert stored(database).document.total == Decimal("-63.20")


def test_a_day_that_comes_to_nothing_is_void(database: Database, ledger: Ledger, mappings: Mappings) -> None:
    ledger.book("60")
    read(database, ledger, mappings)
    ledger.book("-60")
    assert read(database, ledger, mappings) == {"voided in Cin7 before it was sent": 1}
    assert stored(database).state == "skipped"


def test_only_days_since_go_live_that_are_over_everywhere_are_read(
    database: Database, ledger: Ledger, mappings: Mappings
) -> None:
    read(database, ledger, mappings, dt.date(2026, 5, 1), dt.date(2026, 6, 2))
    read(database, ledger, mappings, FRIDAY, dt.date(2026, 12, 31))
    read(database, ledger, mappings, dt.date(2026, 5, 1), dt.date(2026, 5, 31))
    assert ledger.asked == [
        (dt.date(2026, 6, 1), dt.date(2026, 6, 2)),
        (FRIDAY, dt.date(2026, 11, 21)),
    ]


@pytest.mark.parametrize(
    ("hour", "last"), [(11, dt.date(2026, 11, 21)), (12, dt.date(2026, 11, 22)), (23, dt.date(2026, 11, 22))]
)
def test_a_day_is_over_once_it_is_over_in_the_west(hour: int, last: dt.date) -> None:
    assert last_day_over(dt.datetime(2026, 11, 23, hour, tzinfo=dt.UTC)) == last


def test_the_first_reading_goes_back_to_go_live_in_pieces(
    database: Database, ledger: Ledger, mappings: Mappings
) -> None:
    ledger.book("60")
    asked = due(database, ledger, mappings, NOW)
    assert asked[0][0] == dt.date(2026, 6, 1)
    assert asked[-1][1] == dt.date(2026, 11, 21)
    assert all(second[0] == first[1] + DAY for first, second in itertools.pairwise(asked))
    assert stored(database).state == "received"


def test_days_are_read_again_once_their_lifetime_is_over(
    database: Database, ledger: Ledger, mappings: Mappings
) -> None:
    due(database, ledger, mappings, NOW)
    assert due(database, ledger, mappings, NOW + LIFETIME) == []
    again = due(database, ledger, mappings, NOW + LIFETIME + dt.timedelta(minutes=1))
    assert (again[0][0], again[-1][1]) == (last_day_over(NOW) - REREAD, last_day_over(NOW + LIFETIME))
    assert ledger.calls == {"accounts": 1, "me": 1}


def test_after_a_long_silence_no_day_is_missed(
    database: Database, ledger: Ledger, mappings: Mappings
) -> None:
    due(database, ledger, mappings, NOW)
    later = due(database, ledger, mappings, NOW + 90 * DAY)
    assert (later[0][0], later[-1][1]) == (last_day_over(NOW) - REREAD, last_day_over(NOW) + 90 * DAY)
    assert ledger.calls == {"accounts": 2, "me": 2}


def test_a_reading_that_failed_is_due_again(database: Database, ledger: Ledger, mappings: Mappings) -> None:
    ledger.is_down = True
    with pytest.raises(Unavailable):
        due(database, ledger, mappings, NOW)
    ledger.is_down = False
    assert due(database, ledger, mappings, NOW)[0][0] == dt.date(2026, 6, 1)


def test_a_day_that_cant_be_read_waits_alone_and_says_so(
    database: Database, ledger: Ledger, mappings: Mappings
) -> None:
    ledger.book("60")
    ledger.book("5", FRIDAY - DAY)
    ledger.rows[0]["Amount"] = None
    assert read(database, ledger, mappings, FRIDAY - DAY) == {"new": 1, "unreadable": 1}
    ((side, day, _, problem, _),) = reading.problems(database)
    assert (side, day) == ("ledger", "2026-11-20")
    assert "Amount" in problem
    assert documents.find(database, f"COST-{FRIDAY}") == []

    ledger.rows[0]["Amount"] = Decimal(60)
    assert read(database, ledger, mappings) == {"new": 1}
    assert reading.problems(database) == []


def test_nothing_is_read_where_nav_owns_the_value_of_stock(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    ledger.book("60")
    nav = builders.mappings(tmp_path)
    assert read(database, ledger, nav) == {}
    assert due(database, ledger, nav, NOW) == []


@pytest.mark.parametrize(
    ("occasion", "scope", "asked"),
    [
        (Occasion.NAMED, Scope(numbers=("INV-00012", "COST-2026-10-05")), dt.date(2026, 10, 5)),
        (Occasion.DAY, Scope(since=dt.date(2026, 9, 7), until=dt.date(2026, 9, 7)), dt.date(2026, 9, 7)),
    ],
)
def test_a_run_reads_the_days_that_it_is_about(
    database: Database,
    ledger: Ledger,
    mappings: Mappings,
    occasion: Occasion,
    scope: Scope,
    asked: dt.date,
) -> None:
    reading.move_cursor(database, CURSOR, dt.datetime.now(dt.UTC).isoformat())
    at = cast(Desk, SimpleNamespace(database=database, cin7=ledger))
    collected_costs(at, mappings, Assignment(occasion, RUN, scope, False))
    assert ledger.asked == [(asked, asked)]
