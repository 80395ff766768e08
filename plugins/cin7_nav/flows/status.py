"""How the installation stands: what waits and why, how far both systems were read, what may still be
asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.store import (
    alerts,
    applications,
    documents,
    figures,
    movements,
    reading,
    reconciliation,
    subscriptions,
)
from cin7_nav.store.alerts import Alert
from cin7_nav.store.database import Database
from cin7_nav.store.figures import Budget, Flow, Waiting
from cin7_nav.store.reconciliation import Open
from cin7_nav.store.subscriptions import Subscription, Trouble

FLOWS = ("invoices",)
LISTS = ("sale_list", "purchase_list", "nav_entries")


@dataclass(frozen=True, slots=True)
class Status:
    documents: dict[str, int]
    """How many are in which state."""
    movements: dict[str, int]
    """Of stock, in which state."""
    waiting: tuple[Waiting, ...]
    flows: tuple[Flow, ...]
    unreadable: int
    """Orders and days of Cin7's ledger that can't be read."""
    to_apply: int
    read_up_to: dict[str, str | None]
    last_read: dict[str, dt.datetime | None]
    """When a list was read to its end last."""
    budget: tuple[Budget, ...]
    subscriptions: tuple[Subscription, ...]
    troubles: tuple[Trouble, ...]
    """What is wrong with webhooks and subscriptions and needs a person."""
    differences: tuple[Open, ...]
    alerts: tuple[Alert, ...]

    @property
    def difference_amount(self) -> Decimal:
        return sum((abs(one.amount) for one in self.differences), Decimal(0))

    def as_json(self) -> dict[str, Any]:
        """Plain values: durations in seconds, amounts and moments as text."""
        found: dict[str, Any] = _plain(asdict(self))
        for flow, told in zip(self.flows, found["flows"], strict=True):
            told["catches_up_in"] = _plain(flow.catches_up_in)
        found["difference_amount"] = str(self.difference_amount)
        return found


def status(database: Database) -> Status:
    return Status(
        documents.counts(database, documents.Scope()),
        movements.counts(database),
        tuple(figures.waiting(database)),
        tuple(figures.flow(database, name) for name in FLOWS),
        len(reading.problems(database)),
        len(applications.still_open(database)),
        {name: reading.cursor_value(database, name) for name in LISTS},
        {name: reading.cursor_moved_at(database, name) for name in LISTS},
        tuple(figures.budget(database)),
        tuple(subscriptions.known(database)),
        tuple(one for one, _ in subscriptions.open_troubles(database) if not one.once),
        tuple(reconciliation.still_open(database)),
        tuple(alerts.standing(database)),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dt.timedelta):
        return round(value.total_seconds(), 3)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
