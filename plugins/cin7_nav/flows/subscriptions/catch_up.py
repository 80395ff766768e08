"""Catching up with what nobody told us: a gap ends when the flows are sent to read what changed in it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from cin7_nav.hooks import nav_subscriptions
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.errors import Refused, VendorError
from cin7_nav.hooks.nav import NavHook
from cin7_nav.receiver.events import NO_FLOW
from cin7_nav.receiver.notifications import FLOWS
from cin7_nav.store import subscriptions as store
from cin7_nav.store.database import Database
from cin7_nav.store.subscriptions import Subscription

log = logging.getLogger(__name__)

CIN7_LISTS = {
    "Sale": ("/saleList", "UpdatedSince"),
    "Purchase": ("/purchaseList", "UpdatedSince"),
    "Customer": ("/customer", "ModifiedSince"),
    "Supplier": ("/supplier", "ModifiedSince"),
    "Product": ("/product", "ModifiedSince"),
}
"""The list that shows what the webhooks of a kind tell of, and its filter by time."""


@dataclass
class CatchUp:
    """One round of catching up."""

    database: Database
    cin7: Callable[[], Cin7Hook]
    nav: Callable[[], NavHook]
    run: str
    caught: int = 0
    poll_due: bool = False
    """Whether the flows are to read Cin7's lists now."""
    _counted: dict[tuple[str, dt.datetime], int | None] = field(default_factory=dict)

    def all(self) -> None:
        """Every gap whose subscription works again. One that can't be counted now is left to the next run."""
        for gap in store.known(self.database):
            if gap.silent_from and gap.active_since:
                try:
                    self._one(gap, gap.silent_from, gap.active_since)
                except VendorError as error:
                    log.warning("The gap of %s is caught up with later: %s", gap.name, error)

    def _one(self, gap: Subscription, start: dt.datetime, end: dt.datetime) -> None:
        if gap.source == "nav":
            found = self._changed_in_nav(gap.name, start)
            flow = FLOWS.get(gap.name, NO_FLOW)
            since = "" if found is None else start.astimezone(dt.UTC).isoformat()
            event = "" if flow == NO_FLOW else f"{gap.name}/collection"
        else:
            found = self._changed_in_cin7(gap.name, start)
            flow, since, event = "", "", ""
            self.poll_due = True
        records = "an unknown number of records" if found is None else f"{found} records"
        why = f"{_told(gap)} from {_at(start)} to {_at(end)}, {records} found by polling"
        log.info("%s %s: %s", gap.source, gap.name, why)
        store.caught_up(self.database, gap, why, self.run, event=event, flow=flow, since=since)
        self.caught += 1

    def _changed_in_nav(self, entity: str, since: dt.datetime) -> int | None:
        """None where NAV can't say: an entity set without change times."""
        try:
            return nav_subscriptions.changed_since(self.nav(), entity, since)
        except Refused:
            return None

    def _changed_in_cin7(self, kind: str, since: dt.datetime) -> int | None:
        """None where no list tells: stock levels, tasks."""
        where = CIN7_LISTS.get(kind.partition("/")[0])
        if where is None:
            return None
        if (where[0], since) not in self._counted:
            self._counted[where[0], since] = self.cin7().changed_since(*where, since)
        return self._counted[where[0], since]


def _told(gap: Subscription) -> str:
    return "new; silent" if gap.silent_why == "new" else f"{gap.silent_why}; silent"


def _at(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
