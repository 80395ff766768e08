"""What both sides of the renewal share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cin7_nav.hooks.errors import Misconfigured, VendorError
from cin7_nav.model import Fixer
from cin7_nav.store import subscriptions as store
from cin7_nav.store.database import Database
from cin7_nav.store.subscriptions import Subscription, Trouble

OVERLAP = dt.timedelta(minutes=10)
"""How far before a gap reading begins: the two clocks differ, and deliveries are not in order."""


UNANSWERED = dt.timedelta(hours=6)
"""A system may be away for so long before that is an alarm of its own."""


@dataclass
class Side:
    """One of the two systems, for one run."""

    database: Database
    wanted: Sequence[str]
    base: str
    """The public address of the receiver, without a slash at the end."""
    now: dt.datetime
    troubles: list[Trouble] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)
    """How many subscriptions were created, renewed, repaired, removed."""

    source = ""
    title = ""

    @cached_property
    def known(self) -> dict[str, Subscription]:
        return {one.name: one for one in store.known(self.database, self.source)}

    @cached_property
    def delivered(self) -> Mapping[str, dt.datetime]:
        return store.deliveries(self.database, self.source)

    def lost(self, name: str, why: str) -> None:
        """There is a gap since the last proven delivery; before the first one, since it was set up."""
        before = self.known.get(name)
        since = self.delivered.get(name) or (before and before.active_since) or self.now
        store.lost(self.database, self.source, name, since - OVERLAP, why)

    def count(self, what: str) -> None:
        self.changed[what] = self.changed.get(what, 0) + 1

    def trouble(
        self, name: str, code: str, message: str, fixer: str = Fixer.DATA_TEAM, *, once: bool = False
    ) -> None:
        self.troubles.append(Trouble(self.source, name, code, message, str(fixer), once))

    def unreachable(self, error: VendorError) -> None:
        """An outage is an alarm where a person must act, or where it lasts."""
        looked = [one.looked_at for one in self.known.values() if one.looked_at]
        if isinstance(error, Misconfigured) or (looked and self.now - max(looked) > UNANSWERED):
            self.failed("", f"{self.source}_unreachable", "what is registered can't be looked after", error)

    def failed(self, name: str, code: str, what: str, error: VendorError) -> None:
        """A call failed: say what it was for, why it failed and who can act."""
        told = f"{self.title}: {what}: {error}"
        self.trouble(name, code, told, error.fixer if isinstance(error, Misconfigured) else Fixer.DATA_TEAM)
