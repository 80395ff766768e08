"""The steps as Airflow tasks call them: what a run is about, and the connections that it works on."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from cin7_nav.flows import companies
from cin7_nav.flows.assets import poll_due
from cin7_nav.flows.companies import ROOT, at_work
from cin7_nav.flows.invoices.translate import InvalidMappings
from cin7_nav.flows.parties import report
from cin7_nav.flows.parties.carry import Carrier
from cin7_nav.flows.parties.collect import Collector, Reader
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_party_pages import nav_parties
from cin7_nav.mappings import MappingError, Mappings, load
from cin7_nav.model import PartyKind
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store import inbox, parties
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run

log = logging.getLogger(__name__)


class Occasion(StrEnum):
    """What started a run, and so what it reads."""

    LANDED = "landed"
    POLL = "poll"
    WHOLE = "whole"
    NAMED = "named"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a run is about."""

    occasion: Occasion
    run: Run
    names: tuple[str, ...]
    dry_run: bool

    def kinds(self, mappings: Mappings | list[MappingError]) -> Sequence[PartyKind]:
        """What is kept the same; a dry run looks at everything."""
        if self.dry_run:
            return tuple(PartyKind)
        return tuple(mappings.parties.create_in) if isinstance(mappings, Mappings) else ()


def assignment(context: Mapping[str, Any]) -> Assignment:
    """Read what a run is about from what started it and from its parameters."""
    params = context["params"]
    names = tuple(name.strip() for name in params.get("parties") or () if name.strip())
    kind = context["dag_run"].run_type.value
    if kind in ("scheduled", "backfill"):
        occasion = Occasion.WHOLE
    elif kind == "asset_triggered":
        rung = {
            event.asset.name for events in context["triggering_asset_events"].values() for event in events
        }
        occasion = Occasion.POLL if poll_due(at_work(context)).name in rung else Occasion.LANDED
    else:
        occasion = Occasion.NAMED if names else Occasion.POLL
    return Assignment(occasion, Run(owner(context), occasion), names, bool(params.get("dry_run")))


class Desk:
    """The database and the two systems of one task; a system is connected to when first asked for."""

    def __init__(self, database: Database, cin7: Callable[[], Cin7Hook], nav: Callable[[], NavHook]) -> None:
        self.database = database
        self._cin7 = cin7
        self._nav = nav

    @cached_property
    def reader(self) -> Reader:
        return Reader(self._cin7(), nav_parties(self._nav()))


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
    kinds = work.kinds(mappings)
    with desk(context) as at:
        if not kinds:
            return {"events": _claimed(at.database, work), "outcome": {}}
        collector = Collector(at.database, at.reader, work.run, kinds)
        try:
            match work.occasion:
                case Occasion.LANDED:
                    collector.landed()
                case Occasion.POLL:
                    collector.landed()
                    collector.changed()
                case Occasion.WHOLE:
                    collector.whole()
                case Occasion.NAMED:
                    collector.named(work.names)
        except BaseException:
            inbox.release(at.database, collector.collected.events)
            raise
    found = collector.collected
    log.info("%s: %s", work.occasion, dict(found.outcome))
    return {"events": found.events, "outcome": dict(found.outcome)}


def carry(context: Mapping[str, Any]) -> dict[str, Any]:
    """Step 2. The answer: counts, and whether something is left for another run.

    Raises InvalidMappings, and `parties.Busy` where another run is at work.
    """
    work = assignment(context)
    mappings = load(at_work(context).mappings)
    if not isinstance(mappings, Mappings):
        raise InvalidMappings(mappings)
    with desk(context) as at:
        if work.dry_run:
            return _show(at.database, mappings, work)
        if not work.kinds(mappings):
            log.info("parties.yaml names nothing to synchronise: nothing is written")
            return {"outcome": {}, "linked": 0, "more": False}
        with parties.exclusive(at.database):
            carrier = Carrier(
                at.database,
                at.reader,
                mappings,
                work.run,
                parties.now(at.database),
                thorough=work.occasion is not Occasion.LANDED,
            )
            carried = carrier.carry()
    log.info("Carried: %s", dict(carried.outcome))
    return {"outcome": dict(carried.outcome), "linked": carried.linked, "more": carried.more}


def settle(context: Mapping[str, Any], events: list[int]) -> None:
    """Step 3: the events that the run was about are done."""
    with desk(context) as at:
        inbox.done(at.database, events)


def reports_directory() -> Path:
    """Where the reports of dry runs go: `CIN7_NAV_REPORTS`, or `var/reports` of this checkout."""
    return Path(os.environ.get("CIN7_NAV_REPORTS") or ROOT / "var" / "reports")


def write_reports(found: Sequence[report.Row], directory: Path, made: dt.datetime) -> list[Path]:
    """Both forms of a report, readable by their owner alone: they hold names and addresses."""
    directory.mkdir(parents=True, exist_ok=True)
    stem = f"parties-{made:%Y-%m-%dT%H%M%SZ}"
    texts = {
        "csv": report.as_csv(found),
        "html": report.as_html(found, f"Read up to {made:%Y-%m-%d %H:%M} UTC"),
    }
    paths = []
    for suffix, text in texts.items():
        path = directory / f"{stem}.{suffix}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        paths.append(path)
    return paths


def _claimed(database: Database, work: Assignment) -> list[int]:
    """Events of what is not kept the same: nothing follows from them."""
    events: list[int] = []
    while found := inbox.claim(database, "parties", work.run.name, limit=100, held=events):
        events += [event.id for event in found]
    return events


def _show(database: Database, mappings: Mappings, work: Assignment) -> dict[str, Any]:
    """A dry run: files for people, and counts in the log, which must not hold anybody's name."""
    found = list(report.rows(database, mappings, work.kinds(mappings)))
    counts = report.counts(found)
    for path in write_reports(found, reports_directory(), parties.now(database)):
        log.info("Report: %s", path)
    for what, number in counts.most_common():
        log.info("  %6d  %s", number, what)
    return {"outcome": dict(counts), "linked": 0, "more": False}
