"""The four steps as Airflow tasks call them: what a run is about, and the connections that it works on."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from cin7_nav.flows import companies
from cin7_nav.flows.assets import poll_due
from cin7_nav.flows.companies import at_work
from cin7_nav.flows.costs.collect import collect_costs, collect_due_costs
from cin7_nav.flows.invoices import collect as collecting
from cin7_nav.flows.invoices import settle as settling
from cin7_nav.flows.invoices import staged
from cin7_nav.flows.invoices import translate as translating
from cin7_nav.flows.invoices.collect import Occasion
from cin7_nav.flows.invoices.deliver import Deliverer
from cin7_nav.flows.invoices.preview import preview
from cin7_nav.flows.invoices.reference import FRESH, USABLE, Reference
from cin7_nav.hooks.channel import NavChannel
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_channel import nav_channel
from cin7_nav.hooks.nav_items import NavItems
from cin7_nav.mappings import MappingError, Mappings, load
from cin7_nav.mappings.facts import Field
from cin7_nav.model import State
from cin7_nav.rules.cost import cost_day
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store import documents
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run, Scope

log = logging.getLogger(__name__)

FOUND_BY = {
    Occasion.LANDED: "webhook",
    Occasion.POLL: "poll",
    Occasion.DAY: "sweep",
    Occasion.NAMED: "manual",
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a run is about."""

    occasion: Occasion
    run: Run
    scope: Scope
    """What is collected and shown."""
    dry_run: bool

    @property
    def carried(self) -> Scope:
        """What is translated and delivered: a landed event brings its own documents to the ledger and
        leaves the others to the runs that found them."""
        return Scope(run=self.run.name) if self.occasion is Occasion.LANDED else self.scope

    @property
    def waits_for_nobody(self) -> bool:
        return self.occasion is not Occasion.LANDED


def assignment(context: Mapping[str, Any]) -> Assignment:
    """Read what a run is about from what started it and from its parameters. Raises ValueError."""
    params = context["params"]
    occasion, scope = _occasion(context, params)
    return Assignment(occasion, Run(owner(context), FOUND_BY[occasion]), scope, bool(params.get("dry_run")))


def _occasion(context: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[Occasion, Scope]:
    kind = context["dag_run"].run_type.value
    if kind in ("scheduled", "backfill"):
        start, end = context["data_interval_start"], context["data_interval_end"]
        last = max(start.date(), end.date() - dt.timedelta(days=1))
        return Occasion.DAY, Scope(since=start.date(), until=last)
    if kind == "asset_triggered":
        names = {
            asset_event.asset.name
            for events in context["triggering_asset_events"].values()
            for asset_event in events
        }
        return (Occasion.POLL if poll_due(at_work(context)).name in names else Occasion.LANDED), Scope()
    numbers = tuple(number.strip() for number in params.get("documents") or () if number.strip())
    first, last = (_day(params.get(name)) for name in ("from", "to"))
    if numbers and (first or last):
        raise ValueError("Name documents, or a range of dates, not both.")
    if numbers:
        return Occasion.NAMED, Scope(numbers=numbers)
    if first or last:
        since, until = first or last, last or first
        if since and until and since > until:
            raise ValueError(f"The range of dates is empty: from {since} to {until}.")
        return Occasion.DAY, Scope(since=since, until=until)
    return Occasion.POLL, Scope()


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


class Desk:
    """The database and the two systems of one task; a system is connected to when first asked for."""

    def __init__(self, database: Database, cin7: Callable[[], Cin7Hook], nav: Callable[[], NavHook]) -> None:
        self.database = database
        self._cin7 = cache(cin7)
        self._nav = cache(nav)
        self._channel = cache(lambda: nav_channel(self._nav()))

    @property
    def cin7(self) -> Cin7Hook:
        return self._cin7()

    @property
    def nav(self) -> NavChannel:
        return self._channel()

    @property
    def items(self) -> NavItems:
        """NAV's item journals and item ledger, the same whichever channel carries the general journals."""
        return NavItems(self._nav())

    def reference(self, mappings: Mappings | list[MappingError]) -> Reference:
        company = mappings.company if isinstance(mappings, Mappings) else None
        return Reference(
            self.database, lambda: self.nav, lambda: self.cin7, lambda: dt.datetime.now(dt.UTC), company
        )


@contextmanager
def desk(context: Mapping[str, Any]) -> Iterator[Desk]:
    """What the Airflow connections of the company name that a run works for."""
    company = at_work(context)
    with companies.database(company) as ours:
        yield Desk(ours, lambda: companies.cin7(company, ours), lambda: companies.nav(company, ours))


def collect(context: Mapping[str, Any]) -> dict[str, Any]:
    """Step 1. The answer: ids of claimed events, and counts."""
    work = assignment(context)
    mappings = load(at_work(context).mappings)
    go_live = mappings.company.go_live if isinstance(mappings, Mappings) else None
    with desk(context) as at:
        found = collecting.collect(at.database, at.cin7, work.run, work.occasion, work.scope, go_live)
        if isinstance(mappings, Mappings) and work.waits_for_nobody:
            found.outcome += collected_costs(at, mappings, work)
    log.info("%s: %d orders read; %s", work.occasion, found.orders, dict(found.outcome))
    return {
        "events": found.events,
        "orders": found.orders,
        "outcome": dict(found.outcome),
        "more": found.more,
        "told_by_nav": sorted(found.told_by_nav),
    }


def collected_costs(at: Desk, mappings: Mappings, work: Assignment) -> Counter[str]:
    """Where Cin7 owns the value of stock: the days of its ledger that a run is about, and those due."""
    outcome: Counter[str] = Counter()
    if work.occasion is Occasion.DAY and work.scope.since and work.scope.until:
        outcome += collect_costs(at.database, at.cin7, work.run, mappings, work.scope.since, work.scope.until)
    for day in filter(None, map(cost_day, work.scope.numbers)):
        outcome += collect_costs(at.database, at.cin7, work.run, mappings, day, day)
    return outcome + collect_due_costs(at.database, at.cin7, work.run, mappings, dt.datetime.now(dt.UTC))


def translate(context: Mapping[str, Any]) -> dict[str, int]:
    """Step 2. The answer: how many documents came to which state."""
    work = assignment(context)
    mappings = load(at_work(context).mappings)
    with desk(context) as at:
        reference = at.reference(mappings)
        if isinstance(mappings, Mappings):
            age = FRESH if work.waits_for_nobody else USABLE
            reference.refresh(age, products=mappings.asks_for(Field.CATEGORY))
        if work.dry_run:
            return _show(at, mappings, reference, work)
        if work.occasion is Occasion.NAMED:
            staged.send_again(at.database, at.nav, work.run, work.scope)
        outcome = translating.translate(
            at.database, mappings, reference, work.run, work.carried, retry=work.waits_for_nobody
        )
    log.info("Translated: %s", dict(outcome))
    return dict(outcome)


def deliver(context: Mapping[str, Any]) -> dict[str, int]:
    """Step 3. The answer: how many documents came to which state."""
    work = assignment(context)
    mappings = load(at_work(context).mappings)
    if work.dry_run or not isinstance(mappings, Mappings):
        return {}
    with desk(context) as at:
        outcome = delivered(at, mappings, at.reference(mappings), work.run, work.carried)
    log.info("Delivered: %s", dict(outcome))
    return dict(outcome)


def delivered(at: Desk, mappings: Mappings, reference: Reference, run: Run, scope: Scope) -> Counter[str]:
    """Send what is ready, and what becomes ready by that. Counts by the states that documents came to."""
    outcome: Counter[str] = Counter()
    again = True
    while again:
        done = Deliverer(at.database, at.nav, reference, mappings, run).deliver(scope)
        outcome += done
        again = bool(done[State.RECEIVED])
        if again:  # something was taken back, or changed on its way: what is due now goes on at once
            translating.translate(at.database, mappings, reference, run, scope, retry=False)
    return outcome


def settle(
    context: Mapping[str, Any], events: list[int], told_by_nav: Collection[str] = ()
) -> dict[str, int]:
    """Step 4. The answer: what NAV posted meanwhile, and what was tidied up.

    `told_by_nav`: entity sets of NAV that changed, as NAV says: what is staged may be posted by now, or keyed
    in by hand as well.
    """
    work = assignment(context)
    mappings = load(at_work(context).mappings)
    with desk(context) as at:
        look = bool(told_by_nav) and staged.any_is(at.database)
        follow = (work.waits_for_nobody or look) and not work.dry_run
        outcome = settling.settle(at.database, at.nav, work.run, events, follow=follow)
        if follow and isinstance(mappings, Mappings):
            reference = at.reference(mappings)
            reference.refresh_documents(told_by_nav)
            outcome += staged.notice_twins(at.database, reference, work.run)
        log.info("Settled: %s; documents by state: %s", dict(outcome), documents.counts(at.database, Scope()))
    return dict(outcome)


def follow_staged(context: Mapping[str, Any]) -> int:
    """Find what became of documents that lie in NAV to be posted. The answer: how many still do."""
    run = Run(owner(context), FOUND_BY[Occasion.POLL])
    with desk(context) as at:
        outcome = settling.follow_staged(at.database, at.nav, run, look_after=dt.timedelta(0))
        log.info("Followed: %s", dict(outcome))
        return documents.counts(at.database, Scope()).get(State.STAGED, 0)


def _show(
    at: Desk, mappings: Mappings | list[MappingError], reference: Reference, work: Assignment
) -> dict[str, int]:
    """A dry run: log what would be sent. Names of people and companies stay out of the log."""
    if not isinstance(mappings, Mappings):
        raise translating.InvalidMappings(mappings)
    states = [state for state in State if state not in (State.POSTED, State.REVERSED)]
    shown = documents.select(at.database, states, work.scope)
    for each in preview(at.database, [stored.document for stored in shown], mappings, reference):
        number = each.journal.document_no if each.journal else "no journal"
        log.info("%s %s as %s: %s", each.document.key.kind, each.document.number, number, each.state)
        for problem in each.problems:
            log.info("  waits: %s (%s; %s can fix it)", problem.code, problem.where, problem.fixer)
        for line in each.journal.lines if each.journal else ():
            log.info("  %-11s %-10s %14s", line.account_type, line.account_no, line.amount)
    return {"shown": len(shown)}
