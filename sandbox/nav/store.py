"""Tables in memory with indexes, row versions, and transactions by an undo log."""

from __future__ import annotations

import base64
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from sandbox.nav.entities import Entity, Row

Listener = Callable[["Table", Row, str], None]


class Undo:
    """Takes writes back. Writes happen without a pause in one event loop, so one log serves all requests."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []
        self._floor = 0
        self._depth = 0
        self._held = 0

    def note(self, step: Callable[[], None]) -> None:
        """Say how to take back the write just made."""
        if self._depth or self._held:
            self._steps.append(step)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what happens inside; inner ones nest."""
        mark = len(self._steps)
        self._depth += 1
        try:
            yield
        except BaseException:
            self._back(max(mark, self._floor))
            raise
        finally:
            self._depth -= 1
            self._forget()

    def commit(self) -> None:
        """Keep what was written so far, whatever the transactions around do later (AL's `Commit`)."""
        self._floor = len(self._steps)

    def hold(self) -> Callable[[], None]:
        """Start remembering past all commits; the returned function takes everything back."""
        mark = len(self._steps)
        self._held += 1

        def back() -> None:
            self._back(mark)
            self._held -= 1
            self._forget()

        return back

    def _back(self, mark: int) -> None:
        while len(self._steps) > mark:
            self._steps.pop()()

    def _forget(self) -> None:
        if not self._depth and not self._held:
            self._steps.clear()
            self._floor = 0


class Table:
    """The records of one entity."""

    def __init__(
        self,
        entity: Entity,
        *,
        undo: Undo,
        now: Callable[[], str],
        new_id: Callable[[str], str],
        versions: Iterator[int],
        changed: Listener,
        indexed: Iterable[str] = (),
    ) -> None:
        """An empty table; `now` stamps changes, `versions` numbers them, `changed` hears of each one."""
        self.entity = entity
        self.rows: dict[str, Row] = {}
        self.indexes: dict[str, dict[Any, dict[str, Row]]] = {name: {} for name in indexed}
        self._undo = undo
        self._now = now
        self._new_id = new_id
        self._versions = versions
        self._changed = changed

    def insert(self, **values: Any) -> Row:
        """Add a record; what is not given is empty, `id` is drawn."""
        row = self.entity.fresh(**values)
        if "id" not in values:
            row["id"] = self._new_id(self.entity.name)
        self._touch(row)
        self._add(row)
        self._undo.note(lambda: self._remove(row))
        self._changed(self, row, "created")
        return row

    def change(self, row: Row, **values: Any) -> None:
        """Write fields of a record and give it a new version."""
        before = dict(row)
        self._remove(row)
        row.update(values)
        self._touch(row)
        self._add(row)

        def back() -> None:
            self._remove(row)
            row.clear()
            row.update(before)
            self._add(row)

        self._undo.note(back)
        if any(before.get(name) != value for name, value in values.items()):
            self._changed(self, row, "updated")

    def delete(self, row: Row) -> None:
        self._remove(row)
        self._undo.note(lambda: self._add(row))
        self._changed(self, row, "deleted")

    def find(self, field: str, value: Any) -> list[Row]:
        """The records with this value in an indexed field."""
        return list(self.indexes[field].get(value, {}).values())

    def first(self, field: str, value: Any) -> Row | None:
        """Any record with this value in an indexed field."""
        return next(iter(self.indexes[field].get(value, {}).values()), None)

    def _touch(self, row: Row) -> None:
        row["_version"] = next(self._versions)
        if "lastModifiedDateTime" in self.entity.by_name:
            row["lastModifiedDateTime"] = self._now()

    def _add(self, row: Row) -> None:
        self.rows[row["id"]] = row
        for name, index in self.indexes.items():
            index.setdefault(row[name], {})[row["id"]] = row

    def _remove(self, row: Row) -> None:
        del self.rows[row["id"]]
        for name, index in self.indexes.items():
            bucket = index[row[name]]
            del bucket[row["id"]]
            if not bucket:
                del index[row[name]]


class Entries(Table):
    """An append-only table whose rows are numbered upwards, so that a tail is found without a scan."""

    def __init__(self, *args: Any, number: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._number = number
        self._numbers: list[int] = []
        self._ordered: list[Row] = []

    @property
    def next_number(self) -> int:
        return self._numbers[-1] + 1 if self._numbers else 1

    def after(self, number: int) -> list[Row]:
        """The rows with a higher number, ascending."""
        return self._ordered[bisect_right(self._numbers, number) :]

    def lose(self, row: Row) -> None:
        """Take a row out of the middle, as no user can."""
        place = self._numbers.index(row[self._number])
        super()._remove(row)
        del self._numbers[place], self._ordered[place]

    def _add(self, row: Row) -> None:
        super()._add(row)
        self._numbers.append(row[self._number])
        self._ordered.append(row)

    def _remove(self, row: Row) -> None:
        super()._remove(row)
        self._numbers.pop()
        self._ordered.pop()


def etag(row: Row) -> str:
    """The opaque version mark of a record, in the shape Business Central gives it."""
    mark = f"'19;{row['_version']:020d};00;'"
    return f'W/"{base64.b64encode(mark.encode()).decode()}"'


def id_source(seed: int) -> Callable[[str], str]:
    """Draws ids that repeat with the seed."""
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, f"nav:{seed}")
    counter = count(1)
    return lambda name: str(uuid.uuid5(namespace, f"{name}:{next(counter)}"))
