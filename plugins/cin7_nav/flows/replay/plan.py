"""The plan of a replay: how many, at what cost, how long, and what would be sent. Reads our own records
only."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cin7_nav.flows.invoices.preview import Preview, preview
from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.flows.replay.selection import Selection
from cin7_nav.mappings.load import Mappings
from cin7_nav.store import replay as store
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run
from cin7_nav.store.replay import Chosen

SHOWN = 200
"""Documents of which the plan shows what would be sent."""

_SEARCHES = 4
"""Calls that it may take to find an order by a number that nobody has read."""
_NAV_CALLS = 4
"""Calls for a document that is sent alone."""


@dataclass(frozen=True, slots=True)
class Plan:
    selection: Selection
    chosen: Chosen
    calls_per_minute: int
    """Of Cin7, all keys together; 0: not limited."""
    previews: tuple[Preview, ...]
    unfinished: tuple[tuple[str, int, int], ...]

    @property
    def cin7_calls(self) -> int:
        return (
            len(self.chosen.orders) + len(self.chosen.cost_days) + (_SEARCHES + 1) * len(self.chosen.unknown)
        )

    @property
    def nav_calls(self) -> int:
        """At most: what is in the ledger already costs none."""
        states = self.chosen.states
        return _NAV_CALLS * (self.chosen.documents - states["posted"] - states["reversed"])

    @property
    def lasts(self) -> dt.timedelta:
        """At the pace that it may go."""
        pace = self.calls_per_minute * self.selection.share / 100
        return dt.timedelta(minutes=self.cin7_calls / pace) if pace else dt.timedelta(0)

    @property
    def refusal(self) -> str:
        """Why it is not done; empty where it may be."""
        wanted = len(self.chosen.orders) + len(self.chosen.unknown)
        if wanted <= self.selection.cap:
            return ""
        return (
            f"{wanted:,} orders are to be read, more than the cap of {self.selection.cap:,}: that takes "
            f"{self.cin7_calls:,} calls and {told_duration(self.lasts)}. Choose fewer, or raise the cap"
        )

    def told(self) -> Iterator[str]:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.chosen.states.items()))
        yield (
            f"{self.chosen.documents:,} documents ({states or 'none'}) of {len(self.chosen.orders):,} orders"
        )
        if self.chosen.unknown:
            yield f"not read yet, looked for in Cin7: {', '.join(self.chosen.unknown[:20])}"
        if self.chosen.left_out:
            yield (
                f"{self.chosen.left_out} of them a person has left out: they stay so while Cin7 has "
                "them unchanged"
            )
        yield (
            f"calls: {self.cin7_calls:,} to Cin7, at most {self.nav_calls:,} to NAV; "
            f"{told_duration(self.lasts)} with {self.selection.share} % of "
            f"{self.calls_per_minute or 'unlimited'} "
            "calls a minute"
        )
        for run, done, taken in self.unfinished:
            yield (
                f"an earlier replay stopped after {done} of {taken} orders: {run}; clear its task "
                "act to go on"
            )
        by_state = Counter(str(one.state) for one in self.previews)
        if by_state:
            sums = ", ".join(f"{count} {state}" for state, count in sorted(by_state.items()))
            yield (
                f"of the first {len(self.previews)} that are not in the ledger, as Cin7 had them "
                f"when last read: {sums}"
            )
        for each in self.previews:
            number = each.journal.document_no if each.journal else "no journal"
            yield f"  {each.document.number} as {number}: {each.state}"
            yield from (
                f"    waits: {one.code} ({one.where}; {one.fixer} can fix it)" for one in each.problems
            )
        if self.refusal:
            yield self.refusal


def plan(
    database: Database,
    selection: Selection,
    run: Run,
    calls_per_minute: int,
    mappings: Mappings,
    reference: Reference,
) -> Plan:
    chosen = store.choose(database, selection.filter)
    shown = store.sample(database, selection.filter, SHOWN)
    previews: Sequence[Preview] = ()
    if shown:
        previews = tuple(preview(database, [stored.document for stored in shown], mappings, reference))
    return Plan(selection, chosen, calls_per_minute, tuple(previews), tuple(store.unfinished(database, run)))


def told_duration(duration: dt.timedelta) -> str:
    minutes = duration.total_seconds() / 60
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes:.0f} minutes"
    return f"{minutes / 60:.1f} hours" if minutes < 2880 else f"{minutes / 1440:.1f} days"
