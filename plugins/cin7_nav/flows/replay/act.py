"""Act: read the orders anew and send what is due, at a pace that leaves room for live traffic."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from cin7_nav.flows.costs.collect import collect_costs
from cin7_nav.flows.invoices import translate as translating
from cin7_nav.flows.invoices.collect import Collector
from cin7_nav.flows.invoices.reference import FRESH
from cin7_nav.flows.invoices.tasks import Desk, delivered
from cin7_nav.flows.replay.plan import Plan
from cin7_nav.mappings.facts import Field
from cin7_nav.mappings.load import Mappings
from cin7_nav.rules.cost import cost_day
from cin7_nav.store import replay as store
from cin7_nav.store.documents import Run, Scope

log = logging.getLogger(__name__)

TOGETHER = 25
"""Orders that are read before what they hold is sent."""


class Refusal(ValueError):
    """The plan is beyond its cap."""


def act(
    at: Desk,
    mappings: Mappings,
    plan: Plan,
    run: Run,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Counter[str]:
    """Do what the plan says. Repeated for the same run, it goes on where it was interrupted; what is in
    the ledger
    stays as it is. Counts by what became of documents.

    Raises `Refusal`, `hooks.errors.VendorError`.
    """
    if plan.refusal:
        raise Refusal(plan.refusal)
    collector = Collector(at.database, at.cin7, run, mappings.company.go_live)
    reference = at.reference(mappings)
    reference.refresh(FRESH, products=mappings.asks_for(Field.CATEGORY))
    scope = Scope(run=run.name, asked_for=True)
    outcome: Counter[str] = Counter()

    def send() -> None:
        outcome.update(translating.translate(at.database, mappings, reference, run, scope, retry=True))
        outcome.update(delivered(at, mappings, reference, run, scope))

    identity = store.begin(at.database, run, plan.selection.filter, plan.chosen.orders)
    gap = 60 / (plan.calls_per_minute * plan.selection.share / 100) if plan.calls_per_minute else 0.0
    while orders := store.left(at.database, identity, TOGETHER):
        for side, order_id in orders:
            started = clock()
            if not collector.order(side, order_id):
                outcome["gone from Cin7"] += 1
            sleep(max(0.0, gap - (clock() - started)))
        outcome["taken up"] += store.take_up(at.database, orders, run)
        send()
        store.done(at.database, identity, orders)
        log.info("Replayed %d orders so far: %s", outcome["orders"] + len(orders), dict(outcome))
        outcome["orders"] += len(orders)
    if plan.chosen.unknown:
        collector.numbered(plan.chosen.unknown)
        outcome["number not found in Cin7"] += collector.collected.outcome["number not found in Cin7"]
    for day in filter(None, map(cost_day, plan.chosen.cost_days)):
        collect_costs(at.database, at.cin7, run, mappings, day, day)
    if plan.chosen.unknown or plan.chosen.cost_days:
        send()
    store.finish(at.database, identity)
    return +outcome
