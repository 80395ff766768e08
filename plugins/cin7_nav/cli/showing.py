"""`cin7-nav status` and `trail`: what waits and why, and what happened to a document."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Annotated

import typer

from cin7_nav.cli.console import Number, app, database, err, out
from cin7_nav.flows.status import Status
from cin7_nav.flows.status import status as standing
from cin7_nav.model import State
from cin7_nav.store import applications, audit, deliveries, documents, inbox, parties, reading, reviews
from cin7_nav.store.documents import Stored, Wait


@app.command()
def trail(number: Number) -> None:
    """Print a document's life: every change of state, when, why, by which run and rule."""
    with database() as ours:
        found = documents.find(ours, number)
        if not found:
            err.print(f"No document with the number {number} has been read from Cin7.")
            raise typer.Exit(1)
        chains = deliveries.chains(ours, [stored.id for stored in found])
        for stored in found:
            out.print(f"{stored.document.number} ({stored.key}): {stored.state}")
            for link in chains.get(stored.id, ()):
                out.print(f"  NAV {link.told}", markup=False)
            for entry in audit.trail(ours, str(stored.key)):
                moment = entry.at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
                out.print(f"  {moment}  {entry.to_state:<15}  {entry.why}", markup=False)
                details = [
                    f"run {entry.run}",
                    f"audit {entry.hash[:12]}",
                    f"received {entry.raw_sha256[:12]}",
                ]
                details += [f"sent {entry.request_sha256[:12]}"] if entry.request_sha256 else []
                details += [f"rules {entry.rule}"] if entry.rule else []
                for detail in details:
                    out.print(f"    {detail}", markup=False, style="dim")
        broken = audit.first_broken_link(ours)
    if broken is not None:
        err.print(f"The audit trail is not whole: row {broken} is not what its hash says.")
        raise typer.Exit(1)
    out.print("the chain of the audit trail is whole")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON: durations in seconds.")] = False,
) -> None:
    """What waits, why, and who can fix it; how far both systems were read; what may still be asked."""
    with database() as ours:
        found = standing(ours)
        if as_json:
            print(json.dumps(found.as_json(), indent=2, ensure_ascii=False))  # noqa: T201 plain, unwrapped
            return
        counts = documents.counts(ours, documents.Scope())
        out.print("documents: " + (", ".join(f"{counts[s]} {s}" for s in State if s in counts) or "none"))
        open_states = [State.NEEDS_ATTENTION, State.UNKNOWN, State.HELD, State.STAGED]
        shown = [
            *documents.select(ours, open_states, documents.Scope(), limit=200),
            *(
                one
                for one in documents.select(ours, [State.READY], documents.Scope(), limit=200)
                if one.problems
            ),
        ]
        histories = documents.waits(ours, [stored.id for stored in shown])
        for stored in shown:
            document = stored.document
            out.print(f"{document.number} of {document.order_number}: {stored.state}")
            for problem in stored.problems:
                out.print(f"  {problem.message} [{problem.where}; {problem.fixer} can fix it]", markup=False)
            if wait := histories.get(stored.id):
                out.print(f"  {_told(wait, stored)}", markup=False)
        for side, order_id, order_number, reason, since in reading.problems(ours):
            out.print(
                f"{side} {order_number or order_id} can't be read since {since:%Y-%m-%d %H:%M}: {reason}"
            )
        if to_apply := len(applications.still_open(ours)):
            out.print(f"entries to apply in NAV: {to_apply} (`cin7-nav to-apply` lists them)")
        age = inbox.oldest_age(ours, "invoices")
        out.print(
            f"webhook events that wait: {inbox.waiting(ours, 'invoices')}"
            + (f", oldest {age}" if age else "")
        )
        asked, waiting = len(reviews.still_open(ours)), sum(bool(one.problems) for one in parties.links(ours))
        if asked or waiting:
            out.print(f"parties: {waiting} wait, {asked} questions (`cin7-nav parties status`)")
        for name, value in found.read_up_to.items():
            out.print(f"{name} read up to: {value or 'not read yet'}")
        for line in _pace(found):
            out.print(line, markup=False)


def _pace(found: Status) -> Iterator[str]:
    """Success, pace, budget, differences and causes."""
    for flow in found.flows:
        last = f"{flow.last_posted:%Y-%m-%d %H:%M} UTC" if flow.last_posted else "never"
        ahead = flow.catches_up_in
        pace = (
            f"{ahead.total_seconds() / 60:.0f} minutes" if ahead is not None else "not at all: nothing moves"
        )
        yield f"{flow.flow}: last posted {last}; caught up in {pace}"
    for one in found.budget:
        yield f"Cin7 key {one.bucket}: {one.free} of {one.allowed} calls a minute are free"
    if found.differences:
        yield f"differences: {len(found.differences)} of {found.difference_amount:.2f} in all"
    for alert in found.alerts:
        yield f"alert since {alert.raised_at:%Y-%m-%d %H:%M} UTC: {alert.message}"


def _told(wait: Wait, stored: Stored) -> str:
    """Since when, how often it was tried since, and what it waited for first where that is another thing."""
    told = f"since {wait.since:%Y-%m-%d %H:%M}, tried {wait.tried} times"
    first = [problem.message for problem in wait.first]
    same = first == [problem.message for problem in stored.problems]
    return told if same or not first else f"{told}; at first: {'; '.join(first)}"
