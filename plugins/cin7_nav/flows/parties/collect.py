"""Collect: read the records that a run is about, on both sides, and keep what changed."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from cin7_nav.hooks.cin7 import Cin7Hook, Row
from cin7_nav.hooks.errors import NotFound
from cin7_nav.hooks.nav_parties import NavParties
from cin7_nav.hooks.nav_party_pages import NavPartyPages
from cin7_nav.model import Party, PartyKind, Side
from cin7_nav.store import inbox, parties, reading
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run
from cin7_nav.store.inbox import Event
from cin7_nav.wire.fields import WireError
from cin7_nav.wire.parties import cin7_party

log = logging.getLogger(__name__)

FLOW = "parties"

OVERLAP = dt.timedelta(minutes=10)
"""How far before the newest change seen a list is read again."""

STORED_TOGETHER = 1000


@dataclass
class Collected:
    """What a run found."""

    events: list[int] = field(default_factory=list)
    """Ids of the claimed inbox events."""
    outcome: Counter[str] = field(default_factory=Counter)


class Reader:
    """One record, or many, of either side in our own words."""

    def __init__(self, cin7: Cin7Hook, nav: NavParties | NavPartyPages) -> None:
        self.cin7 = cin7
        self.nav = nav

    def one(self, kind: PartyKind, side: Side, id_: str) -> Party:
        """Raises NotFound."""
        return self.nav.card(kind, id_) if side is Side.NAV else cin7_party(kind, self.row(kind, id_))

    def row(self, kind: PartyKind, id_: str) -> Row:
        """A Cin7 record as it is. Raises NotFound."""
        return self.cin7.customer(id_) if kind is PartyKind.CUSTOMER else self.cin7.supplier(id_)

    def named(self, kind: PartyKind, name: str) -> list[Party]:
        """The Cin7 records with exactly this name."""
        find = self.cin7.customers_named if kind is PartyKind.CUSTOMER else self.cin7.suppliers_named
        return [cin7_party(kind, row) for row in find(name)]

    def changed(self, kind: PartyKind, side: Side, since: dt.datetime | None) -> Iterator[Party]:
        """All records, or those changed since. One that can't be read is noted, the others go on."""
        if side is Side.NAV:
            yield from self.nav.changed(kind, since)
            return
        list_ = self.cin7.customers if kind is PartyKind.CUSTOMER else self.cin7.suppliers
        for row in list_(since):
            try:
                yield cin7_party(kind, row)
            except WireError as error:
                log.warning("Cin7 %s can't be read: %s", kind, error)

    def there(self, kind: PartyKind, side: Side, ids: Collection[str]) -> list[Party]:
        """Those of these records that the side has."""
        if side is Side.NAV:
            return self.nav.cards(kind, sorted(ids))
        found = []
        for id_ in sorted(ids):
            try:
                found.append(self.one(kind, side, id_))
            except NotFound:
                continue
        return found


class Collector:
    """The reading half of the flow, for one run."""

    def __init__(self, database: Database, reader: Reader, run: Run, kinds: Collection[PartyKind]) -> None:
        self.database = database
        self.reader = reader
        self.run = run
        self.kinds = kinds
        self.collected = Collected()

    def landed(self) -> Collected:
        """Drain the inbox, and read what its events point at; the list, where one names no record."""
        pointed: defaultdict[tuple[PartyKind, Side], set[str]] = defaultdict(set)
        lists: set[tuple[PartyKind, Side]] = set()
        while events := inbox.claim(
            self.database, FLOW, self.run.name, limit=100, held=self.collected.events
        ):
            self.collected.events += [event.id for event in events]
            for event in events:
                place = _place(event)
                if place and place[0] in self.kinds:
                    if event.record_id:
                        pointed[place].add(event.record_id)
                    else:
                        lists.add(place)
        for (kind, side), ids in pointed.items():
            self.read(kind, side, ids)
        for kind, side in sorted(lists):
            self.read_list(kind, side)
        return self.collected

    def changed(self) -> Collected:
        """What changed since the lists were last read."""
        for kind in self.kinds:
            for side in Side:
                self.read_list(kind, side)
        return self.collected

    def whole(self) -> Collected:
        """Everything, with a look at each record that the lists do not show any more."""
        for kind in self.kinds:
            for side in Side:
                before = parties.ids(self.database, kind, side)
                seen = self._read(kind, side, None)
                if missing := before - seen:
                    self.read(kind, side, missing)
        return self.collected

    def named(self, texts: Iterable[str]) -> Collected:
        """The records with these ids, NAV numbers or names, and those that they are linked with."""
        for text in texts:
            found = parties.find(self.database, text)
            for one in found:
                if one.kind in self.kinds:
                    self._read_anyhow(one)
            for kind in self.kinds:
                self._store(self.reader.named(kind, text))
            self.collected.outcome["not known"] += not found
        return self.collected

    def read(self, kind: PartyKind, side: Side, ids: Collection[str]) -> None:
        """Read these records; those that are not there are noted as gone."""
        found = self.reader.there(kind, side, ids)
        self._store(found)
        gone = set(ids) - {one.id for one in found}
        parties.gone(self.database, kind, side, gone)
        self.collected.outcome["gone"] += len(gone)

    def read_list(self, kind: PartyKind, side: Side) -> set[str]:
        """What changed since the list was read last; the ids."""
        cursor = reading.cursor_value(self.database, _cursor(kind, side))
        since = dt.datetime.fromisoformat(cursor) - OVERLAP if cursor else None
        return self._read(kind, side, since)

    def _read_anyhow(self, card: Party) -> None:
        self.read(card.kind, card.side, {card.id})
        parties.mark_due(self.database, card.kind, card.side, {card.id})
        link = parties.link_of(self.database, card.kind, card.side, card.id)
        if link and (other := link.of(card.side.other)):
            self.read(card.kind, card.side.other, {other})

    def _read(self, kind: PartyKind, side: Side, since: dt.datetime | None) -> set[str]:
        seen: set[str] = set()
        newest: dt.datetime | None = None
        chunk: list[Party] = []
        for one in self.reader.changed(kind, side, since):
            seen.add(one.id)
            newest = max(newest, one.modified) if newest else one.modified
            chunk.append(one)
            if len(chunk) == STORED_TOGETHER:
                self._store(chunk)
                chunk = []
        self._store(chunk)
        if newest:
            before = reading.cursor_value(self.database, _cursor(kind, side))
            stamp = newest.astimezone(dt.UTC).isoformat(timespec="microseconds")
            reading.move_cursor(self.database, _cursor(kind, side), max(stamp, before or stamp))
        return seen

    def _store(self, found: list[Party]) -> None:
        if found:
            self.collected.outcome["read"] += len(found)
            self.collected.outcome["changed"] += parties.record(self.database, found)


def _cursor(kind: PartyKind, side: Side) -> str:
    return f"parties_{side}_{kind}"


def _place(event: Event) -> tuple[PartyKind, Side] | None:
    """Cin7: `Customer/Updated`; NAV: `vendors/updated`."""
    word = event.type.partition("/")[0].casefold().rstrip("s")
    kinds = {"customer": PartyKind.CUSTOMER, "supplier": PartyKind.SUPPLIER, "vendor": PartyKind.SUPPLIER}
    return (kinds[word], Side(event.source)) if word in kinds else None
