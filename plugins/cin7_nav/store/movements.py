"""Movements of stock: what one document or entry moves, and where that is on its way."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.model import Problem, State
from cin7_nav.movements import IN_DOUBT, OPEN, Direction, Movement, NavWords, StockKind, StockLine
from cin7_nav.store import audit, codec
from cin7_nav.store.audit import Change
from cin7_nav.store.database import Cursor, Database, values
from cin7_nav.store.documents import Run

UNSETTLED = (*OPEN, *IN_DOUBT)

_COLUMNS = (
    "id, direction, kind, number, line, state, problems, nav, document_id, document_no, external_document_no,"
    " line_no, entry_no"
)


def movement_of(row: Sequence[Any]) -> Movement:
    (identity, direction, kind, number, line, state, problems, nav, document_id, document_no, external,
     line_no, entry_no) = row  # fmt: skip
    return Movement(
        identity,
        Direction(direction),
        StockKind(kind),
        number,
        codec.STOCK_LINE.validate_python(line),
        State(state),
        codec.PROBLEMS.validate_python(problems),
        codec.NAV_WORDS.validate_python(nav) if nav else None,
        document_id,
        document_no,
        external,
        line_no,
        entry_no,
    )


@contextmanager
def turn(database: Database) -> Iterator[None]:
    """Only one process at a time works on stock: others wait here. A process that dies frees it."""
    connection = database.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_lock(hashtext('cin7_nav.stock'), hashtext(%s))", (database.company,)
            )
        connection.commit()
        yield
    finally:
        connection.close()


def unsettled(database: Database, direction: Direction) -> list[Movement]:
    """All of which it is not known that they have arrived or never will, in their order; staged ones left
    out.

    The order is that of their dates; of one day what comes in goes first, because Cin7 tells no times.
    """
    found = _select(database, "direction = %s AND state = ANY (%s)", direction, list(UNSETTLED))
    return sorted(found, key=lambda one: (one.line.date, one.is_outbound, one.id))


def of_ids(database: Database, ids: Collection[int]) -> list[Movement]:
    return _select(database, "id = ANY (%s)", list(ids))


def of_number(database: Database, number: str) -> list[Movement]:
    """The movements of a Cin7 order or document, or under a NAV document number."""
    return _select(
        database,
        "(number = %s OR document_no = %s OR document_id IN"
        " (SELECT id FROM stock_document WHERE order_number = %s))",
        number,
        number,
        number,
    )


def staged(database: Database) -> list[Movement]:
    return _select(database, "direction = 'to_nav' AND state = 'staged'")


def _select(database: Database, condition: str, *parameters: object) -> list[Movement]:
    with database.transaction() as cursor:
        return select(cursor, condition, *parameters)


def select(cursor: Cursor, condition: str, *parameters: object) -> list[Movement]:
    cursor.execute(
        f"SELECT {_COLUMNS} FROM movement WHERE company = %s AND {condition} ORDER BY id",
        (cursor.company, *parameters),
    )
    return list(map(movement_of, cursor.fetchall()))


@dataclass(frozen=True, slots=True)
class New:
    """A movement that was just found."""

    direction: Direction
    kind: StockKind
    number: str
    line: StockLine
    document_no: str
    why: str
    external_document_no: str = ""
    document_id: int | None = None
    entry_no: int | None = None
    nav: NavWords | None = None


def insert(cursor: Cursor, new: Sequence[New], run: Run, raw_sha256: str = "") -> tuple[int, list[Change]]:
    """Store what was found, once; how many there were, and their changes for the audit trail."""
    rows = values(
        cursor,
        """
        INSERT INTO movement (company, direction, kind, document_id, number, line, sku, movement_date, state,
                              nav, document_no, external_document_no, entry_no, run)
        VALUES %s ON CONFLICT (company, entry_no) WHERE direction = 'to_cin7' DO NOTHING
        RETURNING id, entry_no
        """,
        [
            (
                cursor.company,
                one.direction,
                one.kind,
                one.document_id,
                one.number,
                codec.STOCK_LINE.dump_json(one.line).decode(),
                one.line.sku,
                one.line.date,
                State.RECEIVED,
                codec.NAV_WORDS.dump_json(one.nav).decode() if one.nav else None,
                one.document_no,
                one.external_document_no,
                one.entry_no,
                run.name,
            )
            for one in new
        ],
    )
    entries = {one.entry_no: one for one in new if one.entry_no is not None}
    stored = [
        (identity, entries[entry_no] if entry_no is not None else new[at])
        for at, (identity, entry_no) in enumerate(rows)
    ]
    changes = [
        Change(record_of(identity), None, State.RECEIVED, one.why, run.name, raw_sha256=raw_sha256)
        for identity, one in stored
    ]
    return len(rows), changes


def record_of(movement_id: int) -> str:
    """What the audit trail calls a movement."""
    return f"movement/{movement_id}"


@dataclass(frozen=True, slots=True)
class Step:
    """What was decided or learnt of a movement."""

    movement: Movement
    state: State
    why: str
    problems: tuple[Problem, ...] = ()
    nav: NavWords | None = None
    """None: as before."""
    line_no: int | None = None
    cost: Decimal | None = None
    rule: str = ""


def write(cursor: Cursor, steps: Sequence[Step], run: Run) -> None:
    """Store steps and their audit rows; call it last in a transaction. A step that changes nothing that
    people see makes no audit row."""
    values(
        cursor,
        """
        UPDATE movement SET state = new.state, problems = new.problems::jsonb,
            state_since = CASE WHEN movement.state = new.state THEN state_since ELSE clock_timestamp() END,
            problem_since = CASE WHEN new.problems = '[]' THEN NULL
                            ELSE coalesce(problem_since, clock_timestamp()) END,
            nav = coalesce(new.nav::jsonb, movement.nav), line_no = coalesce(new.line_no, movement.line_no),
            cost = coalesce(new.cost, movement.cost), run = new.run,
            done_at = CASE WHEN new.state IN ('posted', 'skipped')
                      THEN coalesce(done_at, clock_timestamp()) END
        FROM (VALUES %s) AS new (id, state, problems, nav, line_no, cost, run) WHERE movement.id = new.id
        """,
        [
            (
                step.movement.id,
                step.state,
                codec.PROBLEMS.dump_json(step.problems).decode(),
                codec.NAV_WORDS.dump_json(step.nav).decode() if step.nav else None,
                step.line_no,
                step.cost,
                run.name,
            )
            for step in steps
        ],
        template="(%s, %s, %s, %s, %s::integer, %s::numeric, %s)",
    )
    audit.append(cursor, [_change(step, run) for step in steps if _is_news(step)])


def _is_news(step: Step) -> bool:
    return (step.state, step.problems) != (step.movement.state, step.movement.problems)


def _change(step: Step, run: Run) -> Change:
    return Change(
        record_of(step.movement.id),
        step.movement.state,
        step.state,
        step.why,
        run.name,
        step.rule,
        request_sha256=codec.sha256(json.dumps([step.movement.document_no, str(step.line_no)]))
        if step.state is State.SENDING
        else "",
    )


def counts(database: Database) -> dict[str, int]:
    """`<direction> <state>` → how many movements."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT direction, state, count(*) FROM movement WHERE company = %s GROUP BY 1, 2 ORDER BY 1, 2",
            (cursor.company,),
        )
        return {f"{direction} {state}": count for direction, state, count in cursor.fetchall()}


def ours(database: Database, numbers: Collection[str]) -> set[str]:
    """Those of these NAV document numbers that are of movements which we took to NAV."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT DISTINCT document_no FROM movement"
            " WHERE company = %s AND direction = 'to_nav' AND document_no = ANY (%s)",
            (cursor.company, list(numbers)),
        )
        return {number for (number,) in cursor.fetchall()}
