"""The audit trail can be added to and read; whatever else is done to it is refused, or shows."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from cin7_nav.store import audit
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Database


def add(database: Database, *changes: Change) -> None:
    with database.transaction() as cursor:
        audit.append(cursor, changes)


def change(record: str = "sale_invoice/1/2", to: str = "received", **more: str) -> Change:
    return Change(record, None, to, "because", "dag/run", **more)


def execute_unguarded(database: Database, statement: str) -> None:
    """As the owner of the table, who can switch off what guards it."""
    with database.transaction() as cursor:
        cursor.execute(
            f"ALTER TABLE audit DISABLE TRIGGER ALL; {statement}; ALTER TABLE audit ENABLE TRIGGER ALL"
        )


def test_a_records_changes_come_back_in_order(database: Database) -> None:
    first = Change("a", None, "received", "found", "dag/run", raw_sha256="in")
    second = Change("a", "received", "ready", "translated", "dag/run", "accounts.yaml:12", "in", "out")
    add(database, first, change("b"))
    add(database, second)
    entries = audit.trail(database, "a")
    assert [
        Change(e.record, e.from_state, e.to_state, e.why, e.run, e.rule, e.raw_sha256, e.request_sha256)
        for e in entries
    ] == [first, second]
    assert entries[0].at < entries[1].at
    assert entries[0].hash != entries[1].hash


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET why = 'another reason'",
        "UPDATE audit SET id = DEFAULT",
        "DELETE FROM audit",
        "TRUNCATE audit",
    ],
)
def test_the_database_refuses_to_change_the_trail(database: Database, statement: str) -> None:
    add(database, change())
    with (
        pytest.raises(psycopg2.errors.RaiseException, match="append-only"),
        database.transaction() as cursor,
    ):
        cursor.execute(statement)
    assert len(audit.trail(database, "sale_invoice/1/2")) == 1


def test_an_untouched_trail_is_whole(database: Database) -> None:
    assert audit.first_broken_link(database) is None
    for number in range(5):
        add(database, change(str(number)), change(str(number), "ready"))
    assert audit.first_broken_link(database) is None


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE audit SET why = 'another reason' WHERE id = 3", 3),
        ("UPDATE audit SET from_state = 'ready' WHERE id = 2", 2),
        ("UPDATE audit SET at = at + interval '1 microsecond' WHERE id = 4", 4),
        ("UPDATE audit SET record = why, why = record WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 3", 4),
        ("DELETE FROM audit WHERE id = 1", 2),
        ("UPDATE audit SET why = 'x' WHERE id = 3; UPDATE audit a SET hash = audit_hash(a) WHERE id = 3", 4),
        (
            "INSERT INTO audit OVERRIDING SYSTEM VALUE SELECT 6, company, at, record, from_state, to_state,"
            " why, run, rule, raw_sha256, request_sha256, previous_hash, hash FROM audit WHERE id = 5",
            6,
        ),
    ],
    ids=["why", "from state", "when", "fields swapped", "deleted", "deleted first", "rehashed", "repeated"],
)
def test_tampering_shows_where_it_begins(database: Database, tampering: str, found: int) -> None:
    add(database, *(change(str(number)) for number in range(5)))
    execute_unguarded(database, tampering)
    assert audit.first_broken_link(database) == found


def test_text_cannot_be_moved_from_one_field_to_the_next(database: Database) -> None:
    add(database, Change("record", "received", "ready", "why\x1frun", "rest", "rule"))
    execute_unguarded(database, "UPDATE audit SET why = 'why', run = E'run\\x1frest'")
    assert audit.first_broken_link(database) == 1


def test_writers_at_once_make_one_unbroken_chain(database: Database) -> None:
    def write(number: int) -> None:
        add(database, *(change(f"{number}", f"step {step}") for step in range(5)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    assert audit.first_broken_link(database) is None
    with database.transaction() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT previous_hash) FROM audit")
        assert cursor.fetchone() == (120, 120)


def test_a_rolled_back_transaction_leaves_no_gap(database: Database) -> None:
    add(database, change("kept"))
    with contextlib.suppress(ZeroDivisionError), database.transaction() as cursor:
        audit.append(cursor, [change("lost")])
        _ = 1 / 0
    add(database, change("kept"))
    assert len(audit.trail(database, "kept")) == 2
    assert audit.trail(database, "lost") == []
    assert audit.first_broken_link(database) is None


def test_nothing_to_say_takes_no_lock(database: Database) -> None:
    with database.transaction() as holder:
        audit.append(holder, [change("a")])
        with database.transaction() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            audit.append(cursor, [])


def test_the_walk_names_the_first_broken_row_across_its_parts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_WALKED_AT_ONCE", 2)
    for number in range(5):
        with database.transaction() as cursor:
            audit.append(cursor, [Change(f"record-{number}", None, "received", "found", "dag/run")])
    whole = audit.verify(database)
    assert (whole.rows, whole.broken, len(whole.last_hash)) == (5, None, 64)
    with database.transaction() as cursor:
        cursor.execute("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
        cursor.execute("DELETE FROM audit WHERE record = 'record-2'")
        cursor.execute("SELECT id FROM audit WHERE record = 'record-3'")
        (after,) = cursor.fetchone() or (None,)
    assert audit.verify(database).broken == after


def test_an_empty_trail_is_whole(database: Database) -> None:
    assert audit.verify(database) == audit.Walked(0, None, "")
