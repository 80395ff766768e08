"""The cache of the vendors' reference data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from cin7_nav.store import reference
from cin7_nav.store.database import Database
from cin7_nav.store.reference import Row

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def store(database: Database, *rows: Row, whole: bool, at: dt.datetime = NOON) -> None:
    reference.store(database, "nav", "vendors", rows, at, whole=whole)


def keys(database: Database, **more: object) -> list[str]:
    return [row.key for row in reference.rows(database, "nav", "vendors", **more)]  # type: ignore[arg-type]


def test_what_was_never_asked_for_has_no_age(database: Database) -> None:
    assert reference.fetched_at(database, "nav", "vendors") is None
    store(database, whole=True)
    assert reference.fetched_at(database, "nav", "vendors") == NOON
    assert reference.fetched_at(database, "cin7", "vendors") is None


def test_a_whole_answer_removes_what_is_gone(database: Database) -> None:
    store(database, Row("V1", {"name": "old"}), Row("V2", {}), whole=True)
    store(database, Row("V1", {"name": "new"}), Row("V3", {}), whole=True, at=NOON + dt.timedelta(hours=1))
    assert keys(database) == ["V1", "V3"]
    assert reference.rows(database, "nav", "vendors", keys=["V1"]) == [Row("V1", {"name": "new"})]
    assert reference.fetched_at(database, "nav", "vendors") == NOON + dt.timedelta(hours=1)


def test_a_partial_answer_adds_and_changes_only(database: Database) -> None:
    store(database, Row("V1", {"name": "old"}, "GB1"), Row("V2", {}), whole=True)
    store(database, Row("V1", {"name": "new"}, "GB2"), Row("V3", {}), whole=False)
    assert keys(database) == ["V1", "V2", "V3"]
    assert reference.rows(database, "nav", "vendors", keys=["V1"]) == [Row("V1", {"name": "new"}, "GB2")]


def test_other_entities_and_sources_are_left_alone(database: Database) -> None:
    store(database, Row("V1", {}), whole=True)
    reference.store(database, "nav", "customers", [Row("C1", {})], NOON, whole=True)
    reference.store(database, "cin7", "vendors", [], NOON, whole=True)
    assert keys(database) == ["V1"]


def test_a_record_that_shifts_between_pages_is_taken_once(database: Database) -> None:
    store(database, Row("V1", {"page": 1}), Row("V1", {"page": 2}), whole=True)
    assert reference.rows(database, "nav", "vendors") == [Row("V1", {"page": 2})]


def test_more_rows_than_one_statement_carries_are_all_taken(database: Database) -> None:
    store(database, *(Row(f"V{number:05}", {}) for number in range(2500)), whole=True)
    assert len(keys(database)) == 2500


def test_rows_are_found_by_key_or_by_a_shared_second_key(database: Database) -> None:
    store(
        database, Row("V1", {}, "GB1"), Row("V2", {}, "GB1"), Row("V3", {}, "GB3"), Row("V4", {}), whole=True
    )
    assert keys(database, lookups=["GB1"]) == ["V1", "V2"]
    assert keys(database, keys=["V4"], lookups=["GB3"]) == ["V3", "V4"]
    assert keys(database, keys=["V2", "unknown"]) == ["V2"]


def test_an_empty_second_key_is_nobodys(database: Database) -> None:
    store(database, Row("V1", {}), whole=True)
    assert keys(database, lookups=[""]) == []
    assert keys(database, keys=[]) == []


def test_numbers_keep_every_digit(database: Database) -> None:
    store(database, Row("V1", {"balance": Decimal("0.10"), "count": 3}), whole=True)
    (row,) = reference.rows(database, "nav", "vendors")
    assert str(row.body["balance"]) == "0.10"
