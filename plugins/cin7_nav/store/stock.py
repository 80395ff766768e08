"""What Cin7 said of its stock documents, and the movements that follow from each change."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cin7_nav.model import State
from cin7_nav.movements import (
    OPEN,
    Direction,
    Movement,
    StockDocument,
    StockKey,
    StockKind,
    StockLine,
)
from cin7_nav.rules.movement import difference
from cin7_nav.rules.numbers import EXTERNAL_DOCUMENT_NO_LENGTH, movement_no
from cin7_nav.rules.texts import cut
from cin7_nav.store import audit, codec, movements
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Cursor, Database, values
from cin7_nav.store.documents import Run
from cin7_nav.store.movements import New, Step


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of one of Cin7's lists, as far as it tells whether the record must be read."""

    list: str
    """`sale`, `purchase`, `adjustment`, `take` or `transfer`."""
    record_id: str
    number: str
    fingerprint: str
    moves: bool
    """Whether the row leaves open or says that something has moved."""


def remember(database: Database, rows: Sequence[ListRow]) -> None:
    """Take in list rows. One that has moved nothing yet, and is not known, needs no reading."""
    newest = {(row.list, row.record_id): row for row in rows}
    with database.transaction() as cursor:
        values(
            cursor,
            """
            INSERT INTO stock_row (company, list, record_id, number, fingerprint, read_as)
            SELECT company, list, record_id, number, fingerprint,
                   CASE WHEN moves THEN NULL ELSE fingerprint END
            FROM (VALUES %s) AS new (company, list, record_id, number, fingerprint, moves)
            ON CONFLICT (company, list, record_id) DO UPDATE SET
                number = excluded.number, fingerprint = excluded.fingerprint,
                read_as = CASE WHEN excluded.read_as IS NOT NULL AND NOT EXISTS (
                        SELECT FROM stock_document d
                        WHERE d.company = excluded.company AND d.order_id = excluded.record_id)
                    THEN excluded.read_as ELSE stock_row.read_as END
            WHERE stock_row.fingerprint <> excluded.fingerprint
            """,
            [
                (cursor.company, row.list, row.record_id, row.number, row.fingerprint, row.moves)
                for row in newest.values()
            ],
        )


def unread(database: Database, list_: str, limit: int, skip: Collection[str] = ()) -> list[tuple[str, str]]:
    """`(record id, fingerprint)` of rows whose records were not read in this state."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT record_id, fingerprint FROM stock_row
            WHERE company = %s AND list = %s AND read_as IS DISTINCT FROM fingerprint
              AND NOT record_id = ANY (%s)
            ORDER BY number, record_id LIMIT %s
            """,
            (cursor.company, list_, list(skip), limit),
        )
        return list(cursor.fetchall())


def records_named(database: Database, numbers: Collection[str]) -> list[tuple[str, str]]:
    """`(list, record id)` of what has one of these numbers, or holds a document that has."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT list, record_id FROM stock_row WHERE company = %(company)s AND number = ANY (%(numbers)s)
            UNION
            SELECT r.list, r.record_id FROM stock_document d
            JOIN stock_row r ON r.company = d.company AND r.record_id = d.order_id
            WHERE d.company = %(company)s
              AND (d.number = ANY (%(numbers)s) OR d.order_number = ANY (%(numbers)s))
            """,
            {"company": cursor.company, "numbers": list(numbers)},
        )
        return list(cursor.fetchall())


def unreadable(database: Database, list_: str, record_id: str, problem: str) -> None:
    """This record could not be read; it stays unread and is tried again."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO stock_row (company, list, record_id, number, fingerprint, problem, problem_since)
            VALUES (%s, %s, %s, '', '', %s, clock_timestamp())
            ON CONFLICT (company, list, record_id) DO UPDATE SET problem = excluded.problem,
                problem_since = coalesce(stock_row.problem_since, excluded.problem_since)
            """,
            (cursor.company, list_, record_id, problem),
        )


def problems(database: Database) -> list[tuple[str, str, str, str, dt.datetime]]:
    """`(list, record id, number, problem, since)` of the records that can't be read."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT list, record_id, number, problem, problem_since FROM stock_row
            WHERE company = %s AND problem IS NOT NULL ORDER BY problem_since
            """,
            (cursor.company,),
        )
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Read:
    """One record as just read."""

    list: str
    record_id: str
    fingerprint: str
    """That of its list row, where one named it; empty: found without a list."""
    raw: Any
    documents: Sequence[StockDocument]


def record(database: Database, reads: Sequence[Read], run: Run) -> Counter[str]:
    """Take in stock documents, all or none of them: what each moves now, less what was sent for it, becomes
    movements. Reading the same again makes none.

    What we adjusted in Cin7 ourselves comes back here and goes no further: it counts as sent.
    """
    outcome: Counter[str] = Counter()
    changes: list[Change] = []
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('cin7_nav.stock_record'), hashtext(%s))", (cursor.company,)
        )
        for read in reads:
            body = codec.canonical(read.raw)
            sha256 = codec.sha256(body)
            cursor.execute(
                "INSERT INTO payload (sha256, body) VALUES (%s, %s) ON CONFLICT DO NOTHING", (sha256, body)
            )
            for document in read.documents:
                found, changed = _take_in(cursor, document, sha256, run)
                outcome[found] += 1
                changes += changed
        _mark_read(cursor, reads)
        audit.append(cursor, changes)
    return outcome


def _mark_read(cursor: Cursor, reads: Sequence[Read]) -> None:
    values(
        cursor,
        """
        INSERT INTO stock_row (company, list, record_id, number, fingerprint, read_as) VALUES %s
        ON CONFLICT (company, list, record_id) DO UPDATE SET problem = NULL, problem_since = NULL,
            read_as = CASE WHEN excluded.read_as = '' THEN stock_row.read_as ELSE excluded.read_as END
        """,
        [
            (
                cursor.company,
                read.list,
                read.record_id,
                read.documents[0].order_number if read.documents else "",
                read.fingerprint,
                read.fingerprint,
            )
            for read in {(read.list, read.record_id): read for read in reads}.values()
        ],
    )


def _take_in(cursor: Cursor, document: StockDocument, sha256: str, run: Run) -> tuple[str, list[Change]]:
    known = _known(cursor, document.key)
    mine = _own_adjustment(cursor, document, run)
    own, changes = mine if mine else (None, [])
    if known is None:
        if not document.lines and own is None:
            return "moves nothing", []
        known = _insert_document(cursor, document, sha256)
    document_id, content_hash, revision = known
    if content_hash == document.content_hash() and own is None:
        _see(cursor, document_id, document, sha256, revision)
        return "unchanged", []
    rows = movements.select(cursor, "document_id = %s", document_id)
    sent = [_as_sent(cursor, row) for row in rows if row.state not in (*OPEN, State.SKIPPED)]
    if own is not None:
        sent += own
    due = difference(document.lines, sent)
    waiting = [row for row in rows if row.state in OPEN]
    if sorted(map(_moves, due)) == sorted(_moves(row.line) for row in waiting):
        _see(cursor, document_id, document, sha256, revision)
        return ("ours, come back" if own is not None and not due else "unchanged"), changes
    changes += _withdraw(cursor, waiting, run)
    # revision counts numbers given, so that the number of what was withdrawn is never given again
    number = movement_no(document.key, document.number, revision, _receipts(cursor, document.key))
    external = cut(document.number.upper(), EXTERNAL_DOCUMENT_NO_LENGTH)
    why = f"{document.status.lower()} in Cin7, found by {run.found_by}"
    if rows or own is not None:
        why = f"changed in Cin7: {why}"
    new = [
        New(
            Direction.TO_NAV,
            document.key.kind,
            document.number,
            line,
            number,
            why,
            external,
            document_id,
        )
        for line in due
    ]
    _, found = movements.insert(cursor, new, run, sha256)
    _see(cursor, document_id, document, sha256, revision + bool(new))
    return ("changed" if rows else "new"), changes + found


def _moves(line: StockLine) -> tuple[str, ...]:
    return (*map(str, line.identity), format(line.quantity.normalize(), "f"))


def _as_sent(cursor: Cursor, row: Movement) -> StockLine:
    """What was sent, at what NAV booked for it: what comes back costs what it left for."""
    cursor.execute("SELECT cost FROM movement WHERE id = %s", (row.id,))
    found = cursor.fetchone()
    cost: Decimal | None = found[0] if found else None
    if cost is None or not row.line.quantity:
        return row.line
    return replace(row.line, unit_cost=abs(cost / row.line.quantity))


def _known(cursor: Cursor, key: StockKey) -> tuple[int, str, int] | None:
    cursor.execute(
        """
        SELECT id, content_hash, revision FROM stock_document
        WHERE company = %s AND kind = %s AND order_id = %s AND task_id = %s
        """,
        (cursor.company, key.kind, key.order_id, key.task_id),
    )
    found: tuple[int, str, int] | None = cursor.fetchone()
    return found


def _insert_document(cursor: Cursor, document: StockDocument, sha256: str) -> tuple[int, str, int]:
    key = document.key
    cursor.execute(
        """
        INSERT INTO stock_document (company, kind, order_id, task_id, number, order_number, status,
                                    content_hash, raw_sha256)
        VALUES (%s, %s, %s, %s, %s, %s, %s, '', %s) RETURNING id
        """,
        (
            cursor.company,
            key.kind,
            key.order_id,
            key.task_id,
            document.number,
            document.order_number,
            document.status,
            sha256,
        ),
    )
    row = cursor.fetchone()
    assert row is not None
    return row[0], "", 0


def _see(cursor: Cursor, document_id: int, document: StockDocument, sha256: str, revision: int) -> None:
    cursor.execute(
        """
        UPDATE stock_document SET number = %s, order_number = %s, status = %s, content_hash = %s,
            raw_sha256 = %s, revision = %s WHERE id = %s
        """,
        (
            document.number,
            document.order_number,
            document.status,
            document.content_hash(),
            sha256,
            revision,
            document_id,
        ),
    )


def _receipts(cursor: Cursor, key: StockKey) -> int:
    """How many NAV document numbers the purchase of a receipt has been given."""
    if key.kind is not StockKind.RECEIPT:
        return 0
    cursor.execute(
        """
        SELECT count(DISTINCT m.document_no) FROM movement m JOIN stock_document d ON d.id = m.document_id
        WHERE d.company = %s AND d.order_id = %s AND m.kind = 'receipt'
        """,
        (cursor.company, key.order_id),
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _withdraw(cursor: Cursor, waiting: Sequence[Movement], run: Run) -> list[Change]:
    why = "changed in Cin7 before it was sent"
    cursor.execute(
        """
        UPDATE movement SET state = 'skipped', problems = '[]', problem_since = NULL,
            state_since = clock_timestamp(), done_at = clock_timestamp() WHERE id = ANY (%s)
        """,
        ([row.id for row in waiting],),
    )
    return [Change(movements.record_of(row.id), row.state, State.SKIPPED, why, run.name) for row in waiting]


# --- adjustments that we made in Cin7 ourselves ---

REFERENCES = ENTRY_REFERENCE, LEVEL_REFERENCE = "NAV-ILE-", "NAV-LEVEL-"


def reference_of(movement: Movement, further: int) -> str:
    """What our adjustments in Cin7 carry: `NAV-ILE-` and the entry's number, for a level `NAV-LEVEL-` and our
    own; further ones of one movement end in `/2` and so on."""
    entry_no = movement.entry_no
    first = f"{LEVEL_REFERENCE}{movement.id}" if entry_no is None else f"{ENTRY_REFERENCE}{entry_no}"
    return first + (f"/{further + 1}" if further else "")


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An adjustment that we made in Cin7, or were about to."""

    id: int
    movement_id: int
    reference: str
    applied: Decimal | None
    """What it changed, in Cin7's unit; None: not known."""


def adjustments(database: Database, ids: Collection[int]) -> Mapping[int, list[Adjustment]]:
    """Those of each of these movements, in their order."""
    found: dict[int, list[Adjustment]] = {one: [] for one in ids}
    with database.transaction() as cursor:
        cursor.execute(
            """
            SELECT id, movement_id, reference, applied FROM stock_adjustment
            WHERE movement_id = ANY (%s) ORDER BY id
            """,
            (list(ids),),
        )
        for row in cursor.fetchall():
            found[row[1]].append(Adjustment(*row))
    return found


def store_adjustment(
    database: Database, step: Step, reference: str, on_hand: Decimal, target: Decimal, run: Run
) -> int:
    """The key, before anything is sent; the movement is `sending` from here on. The adjustment's id."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO stock_adjustment (company, movement_id, reference, on_hand, target)
            VALUES (%s, %s, %s, %s, %s) RETURNING id
            """,
            (cursor.company, step.movement.id, reference, on_hand, target),
        )
        row = cursor.fetchone()
        assert row is not None
        movements.write(cursor, [step], run)
        return int(row[0])


def adjusted(database: Database, adjustment_id: int, document: StockDocument | None) -> Decimal:
    """Cin7 has made this document of an adjustment, or none at all; what it changed."""
    line = document.lines[0] if document and document.lines else None
    applied = line.quantity if line else Decimal(0)
    with database.transaction() as cursor:
        _fill(cursor, adjustment_id, document, applied, line)
    return applied


def _fill(
    cursor: Cursor,
    adjustment_id: int,
    document: StockDocument | None,
    applied: Decimal,
    line: StockLine | None,
) -> None:
    cursor.execute(
        "UPDATE stock_adjustment SET task_id = %s, applied = %s, line = %s WHERE id = %s",
        (
            document.key.task_id if document else None,
            applied,
            codec.STOCK_LINE.dump_json(line).decode() if line else None,
            adjustment_id,
        ),
    )


def own_tasks(database: Database, ids: Collection[str]) -> set[str]:
    """Those of these Cin7 tasks that are adjustments of ours whose effect is known."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT task_id FROM stock_adjustment WHERE company = %s AND task_id = ANY (%s)",
            (cursor.company, list(ids)),
        )
        return {task for (task,) in cursor.fetchall()}


def _own_adjustment(
    cursor: Cursor, document: StockDocument, run: Run
) -> tuple[list[StockLine], list[Change]] | None:
    """What an adjustment that we made moved when it was made; None where it is not ours.

    One whose answer was lost is known by its reference. So is a second one under the same reference, made by
    a call that had been given up: what arrived of its movement is then looked at again.
    """
    if document.key.kind is not StockKind.ADJUSTMENT or not document.reference.startswith(REFERENCES):
        return None
    cursor.execute(
        "SELECT id, movement_id, task_id, applied, line FROM stock_adjustment"
        " WHERE company = %s AND (task_id = %s OR reference = %s) ORDER BY id",
        (cursor.company, document.key.task_id, document.reference),
    )
    rows = cursor.fetchall()
    for _, _, task_id, applied, line in rows:
        if task_id == document.key.task_id:
            found = codec.STOCK_LINE.validate_python(line)
            return [replace(found, quantity=applied)], []
    if not rows or not document.lines:
        return None
    line = document.lines[0]
    waiting = [row for row in rows if row[2] is None and row[3] is None]
    if waiting:
        adjustment_id, movement_id = waiting[0][:2]
    else:
        movement_id = rows[0][1]
        cursor.execute(
            "INSERT INTO stock_adjustment (company, movement_id, reference) VALUES (%s, %s, %s) RETURNING id",
            (cursor.company, movement_id, document.reference),
        )
        (adjustment_id,) = cursor.fetchone() or (0,)
    _fill(cursor, adjustment_id, document, line.quantity, line)
    return [line], _reopened(cursor, movement_id, document, run)


def _reopened(cursor: Cursor, movement_id: int, document: StockDocument, run: Run) -> list[Change]:
    """More is known of what arrived: whether it is what was due is looked at again."""
    (movement,) = movements.select(cursor, "id = %s", movement_id)
    cursor.execute(
        "UPDATE movement SET state = 'unknown', state_since = clock_timestamp() WHERE id = %s", (movement_id,)
    )
    why = f"Cin7 has adjustment {document.number} under {document.reference}"
    record = movements.record_of(movement_id)
    return [Change(record, movement.state, State.UNKNOWN, why, run.name)]
