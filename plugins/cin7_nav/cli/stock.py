"""`cin7-nav stock`, `movement` and `skip-movement`: what of the stock waits, differs, and was done."""

from __future__ import annotations

import datetime as dt
import getpass
from typing import Annotated

import typer

from cin7_nav.cli.console import app, database, err, out
from cin7_nav.model import State
from cin7_nav.movements import OPEN, Direction, Movement
from cin7_nav.store import audit, levels, movements, reading
from cin7_nav.store import stock as store
from cin7_nav.store.documents import Run
from cin7_nav.store.movements import Step

MovementNumber = Annotated[
    str, typer.Argument(help="Cin7 number of the order or stock document, or NAV document number.")
]
LISTS = ("stock_sale_list", "stock_purchase_list", "nav_item_entries", "levels_compared")


@app.command()
def stock() -> None:
    """What of the stock waits, why, and who can fix it; whose levels differ; how far both were read."""
    with database() as ours:
        for name, count in movements.counts(ours).items():
            out.print(f"{name}: {count}")
        for direction in Direction:
            for one in movements.unsettled(ours, direction):
                out.print(_told(one), markup=False)
                for problem in one.problems:
                    out.print(
                        f"  {problem.message} [{problem.where}; {problem.fixer} can fix it]", markup=False
                    )
        for list_, record_id, number, reason, since in store.problems(ours):
            out.print(f"{list_} {number or record_id} can't be read since {since:%Y-%m-%d %H:%M}: {reason}")
        for drift in levels.drifts(ours).values():
            out.print(
                f"{drift.item_no} in {drift.location_code}: Cin7 {drift.cin7}, NAV {drift.nav}, worth "
                f"{drift.value}, since {drift.first_seen:%Y-%m-%d %H:%M}: {drift.cause}",
                markup=False,
            )
        for name in LISTS:
            out.print(f"{name}: {reading.cursor_value(ours, name) or 'not read yet'}")


@app.command()
def movement(number: MovementNumber) -> None:
    """Print the life of a document's movements: every change of state, when, why, by which run."""
    with database() as ours:
        found = movements.of_number(ours, number)
        if not found:
            err.print(f"No movement with the number {number} is known.")
            raise typer.Exit(1)
        for one in found:
            out.print(_told(one), markup=False)
            for entry in audit.trail(ours, movements.record_of(one.id)):
                moment = entry.at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
                out.print(f"  {moment}  {entry.to_state:<15}  {entry.why}", markup=False)
                out.print(f"    run {entry.run}, audit {entry.hash[:12]}", markup=False, style="dim")


@app.command("skip-movement")
def skip_movement(
    movement_id: Annotated[int, typer.Argument(help="The number in brackets that `stock` shows.")],
    reason: Annotated[str, typer.Option(help="Why: it stands in the audit trail.")],
) -> None:
    """Never deliver this movement: it was made on the other side by hand, or is not wanted there.

    What waits behind it goes on.
    """
    with database() as ours:
        found = movements.of_ids(ours, [movement_id])
        if not found or found[0].state not in OPEN:
            err.print(f"There is no movement {movement_id} that waits.")
            raise typer.Exit(1)
        step = Step(found[0], State.SKIPPED, f"{getpass.getuser()}: {reason}")
        with ours.transaction() as cursor:
            movements.write(cursor, [step], Run("cin7-nav skip-movement"))
        out.print(_told(movements.of_ids(ours, [movement_id])[0]), markup=False)


def _told(one: Movement) -> str:
    place = one.line.place.name or (one.nav.location_code if one.nav else "")
    to = f" to {one.line.new_place.name}" if one.line.new_place else ""
    quantity = format(one.line.quantity.normalize(), "f")
    return (
        f"[{one.id}] {one.direction} {one.kind} {one.number} ({one.document_no}) of {one.line.date}: "
        f"{quantity} {one.line.sku} in {place}{to}: {one.state}"
    )
