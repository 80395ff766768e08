"""Cin7's warehouses and bins by id and by name, read once a day and whenever one is not known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.mappings.facts import fold
from cin7_nav.movements import IN_TRANSIT, Place, StockDocument
from cin7_nav.store import reference
from cin7_nav.store.database import Database
from cin7_nav.store.reference import Row

AGE = dt.timedelta(hours=20)
DOUBT = dt.timedelta(minutes=10)
"""Age above which the list is read again for a place that is not in it."""
ENTITY = "locations"


class Places:
    """The list as it is cached; Cin7 is asked only where it is old or lacks something."""

    def __init__(self, database: Database, cin7: Cin7Hook, now: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._cin7 = cin7
        self._now = now
        self._places: dict[str, Place] | None = None

    def known(self, document: StockDocument) -> Mapping[str, Place]:
        """Places by id and by folded name, those of the document included where Cin7 has them."""
        named = {place for line in document.lines for place in (line.place, line.new_place) if place}
        found = self._cached(AGE)
        if any(one.id not in found and fold(one.name) not in found for one in named - {IN_TRANSIT}):
            found = self._cached(DOUBT)
        return found

    def warehouse(self, name: str) -> Place:
        """A warehouse by name; with an empty id where Cin7 lists none of that name."""
        found = self._cached(AGE)
        return found.get(fold(name)) or self._cached(DOUBT).get(fold(name)) or Place("", name)

    def _cached(self, age: dt.timedelta) -> dict[str, Place]:
        fetched = reference.fetched_at(self._database, "cin7", ENTITY)
        if fetched is None or self._now() - fetched > age:
            rows = [found for row in self._cin7.locations() for found in _rows(row)]
            reference.store(self._database, "cin7", ENTITY, rows, self._now(), whole=True)
            self._places = None
        if self._places is None:
            self._places = dict(_places(reference.rows(self._database, "cin7", ENTITY)))
        return self._places


def _rows(row: Mapping[str, Any]) -> list[Row]:
    """A warehouse and its bins; some accounts list bins again as rows of their own."""
    parent = str(row.get("ParentName") or "").strip()
    name = str(row.get("Name") or "").strip()
    whole = f"{parent}: {name}" if parent else name
    bins = [(str(one["ID"]).lower(), f"{whole}: {one['Name']}") for one in row.get("Bins") or ()]
    return [Row(key, {"name": text}) for key, text in ((str(row["ID"]).lower(), whole), *bins)]


def _places(rows: list[Row]) -> list[tuple[str, Place]]:
    pairs = [(row.key, Place(row.key, str(row.body["name"]))) for row in rows]
    return pairs + [(fold(place.name), place) for _, place in pairs]
