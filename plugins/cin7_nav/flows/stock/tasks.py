"""The steps of the stock flow as Airflow tasks call them."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from cin7_nav.flows.companies import at_work
from cin7_nav.flows.invoices.collect import Occasion
from cin7_nav.flows.invoices.tasks import Assignment, Desk, assignment, desk
from cin7_nav.flows.invoices.translate import InvalidMappings
from cin7_nav.flows.stock.adjust import Cin7Delivery
from cin7_nav.flows.stock.collect import StockCollector
from cin7_nav.flows.stock.correct import correct
from cin7_nav.flows.stock.deliver import NavDelivery
from cin7_nav.flows.stock.ledger import follow_staged, read_ledger
from cin7_nav.flows.stock.levels import compare
from cin7_nav.flows.stock.places import Places
from cin7_nav.flows.stock.translate import preview, translate
from cin7_nav.mappings import Mappings, load
from cin7_nav.mappings.stock import Stock
from cin7_nav.store import inbox, movements
from cin7_nav.store.movements import turn

log = logging.getLogger(__name__)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def collect(context: Mapping[str, Any]) -> dict[str, Any]:
    """Step 1: read what moved in Cin7 and in NAV. The answer: ids of claimed events, and counts."""
    work = assignment(context)
    mappings, stock = _mappings(context)
    if stock is None:
        log.warning("No stock is carried: there is no stock.yaml")
        return {"events": [], "records": 0, "outcome": {}, "more": False, "told_by_nav": False}
    with desk(context) as at, turn(at.database):
        found = collected(at, mappings, work)
        ledger: Counter[str] = Counter()
        if work.waits_for_nobody or found.told_by_nav:
            ledger = read_ledger(at.database, at.items, stock, work.run, mappings.company.go_live)
    log.info(
        "%s: %d records read; %s; NAV: %s", work.occasion, found.records, dict(found.outcome), dict(ledger)
    )
    return {
        "events": found.events,
        "records": found.records,
        "outcome": dict(found.outcome),
        "more": found.more,
        "told_by_nav": found.told_by_nav,
    }


def collected(at: Desk, mappings: Mappings, work: Assignment) -> Any:
    collector = StockCollector(at.database, at.cin7, work.run, mappings.company.go_live, now)
    try:
        if work.occasion is Occasion.NAMED:
            return collector.numbered(work.scope.numbers)
        collector.landed()
        return collector.collected if work.occasion is Occasion.LANDED else collector.changed()
    except BaseException:
        inbox.release(at.database, collector.collected.events)
        raise


def deliver(context: Mapping[str, Any], *, told_by_nav: bool = False) -> dict[str, int]:
    """Step 2: say each movement in the other side's words and deliver it. The answer: counts by state.

    `told_by_nav`: movements that wait are tried again even in a run on a landed event.
    """
    work = assignment(context)
    mappings, stock = _mappings(context)
    if stock is None:
        return {}
    with desk(context) as at, turn(at.database):
        if work.dry_run:
            for text in preview(at.database, mappings, stock):
                log.info("%s", text)
            return {}
        named = work.scope.numbers
        retry = work.waits_for_nobody or told_by_nav
        outcome = translate(at.database, mappings, stock, work.run, retry=retry, named=named)
        outcome += NavDelivery(at.database, at.items, stock, work.run).deliver()
        places = Places(at.database, at.cin7, now)
        outcome += Cin7Delivery(at.database, at.cin7, stock, places, work.run).deliver()
    log.info("Delivered: %s", dict(outcome))
    return dict(outcome)


def settle(context: Mapping[str, Any], events: list[int]) -> dict[str, int]:
    """Step 3: what people made of staged lines; the run's events are done."""
    work = assignment(context)
    _, stock = _mappings(context)
    outcome: Counter[str] = Counter()
    with desk(context) as at, turn(at.database):
        if stock is not None and work.waits_for_nobody and not work.dry_run:
            outcome = follow_staged(at.database, at.items, stock, work.run)
        inbox.done(at.database, events)
        log.info("Settled: %s; movements: %s", dict(outcome), movements.counts(at.database))
    return dict(outcome)


def levels(context: Mapping[str, Any]) -> dict[str, int]:
    """Step 4, every night or where the trigger form asks for it: compare what both say is on hand, and adjust
    what stock.yaml lets adjust."""
    work, params = assignment(context), context["params"]
    nightly = context["dag_run"].run_type.value == "scheduled"
    approved = bool(params.get("adjust_levels"))
    mappings, stock = _mappings(context)
    if stock is None or work.dry_run or not (nightly or approved or params.get("levels")):
        return {}
    with desk(context) as at, turn(at.database):
        report = compare(at.database, at.cin7, at.items, stock, now())
        for text in report.told():
            log.info("%s", text)
        outcome = correct(at.database, report, stock, mappings.company, work.run, now(), approved=approved)
        if outcome["levels adjusted"]:
            outcome += NavDelivery(at.database, at.items, stock, work.run).deliver()
            places = Places(at.database, at.cin7, now)
            outcome += Cin7Delivery(at.database, at.cin7, stock, places, work.run).deliver()
    log.info("Levels: %s", dict(outcome))
    return {"compared": report.compared, "differ": len(report.drifts), **outcome}


def _mappings(context: Mapping[str, Any]) -> tuple[Mappings, Stock | None]:
    mappings = load(at_work(context).mappings)
    if not isinstance(mappings, Mappings):
        raise InvalidMappings(mappings)
    return mappings, mappings.stock
