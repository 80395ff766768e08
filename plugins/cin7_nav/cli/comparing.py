"""`cin7-nav reconcile`, `report` and `audit verify`: proof at the keyboard."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import Annotated

import typer

from cin7_nav.cli.console import MappingsOption, app, database, desk, err, out, valid_mappings
from cin7_nav.store import audit
from cin7_nav.store import reconciliation as store

FromOption = Annotated[str | None, typer.Option("--from", help="First business date, 2026-11-01.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last business date.")]


@app.command()
def reconcile(
    first: FromOption = None,
    last: ToOption = None,
    max_differences: Annotated[
        int | None, typer.Option(min=0, help="Exit code 1 where there are more differences than this.")
    ] = None,
    max_amount: Annotated[
        str | None, typer.Option(help="Exit code 1 where the differences come to more than this.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report to this file.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Write the certificate to this file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the differences to this file.")] = None,
    mappings: MappingsOption = None,
) -> None:
    """Compare both systems over a range of business dates, by default since the first of the last month."""
    from cin7_nav.flows.reconciliation import tasks
    from cin7_nav.flows.reconciliation.run import PeriodError

    rules = valid_mappings(mappings)
    today = dt.datetime.now(dt.UTC).date()
    try:
        start, end = tasks.range_of({"from": first, "to": last}, today)
        with desk() as at:
            outcome = tasks.compared(at, rules, start, end, f"cin7-nav reconcile, {getpass.getuser()}")
            report = store.report(at.database, outcome.id)
            found = store.still_open(at.database, start, end)
        found_counts = {"differences": outcome.differences, "amount": str(outcome.amount)}
        too_much = tasks.above(max_differences, max_amount, found_counts)
    except (PeriodError, ValueError) as error:
        err.print(str(error), markup=False)
        raise typer.Exit(2) from None
    assert report is not None
    for path, text in ((html, report.page), (certificate, report.certificate), (csv, report.csv)):
        if path:
            path.write_text(text, encoding="utf-8")
    for one in found:
        out.print(
            f"{one.number} {one.day} {one.sort}: Cin7 {one.cin7_amount:.2f}, NAV "
            f"{one.nav_amount:.2f}: {one.message}",
            markup=False,
        )
        out.print(f"  next: {one.next_step} ({one.fixer})", markup=False)
    out.print(
        f"{outcome.documents} documents, {outcome.differences} differences of {outcome.amount:.2f} in all, "
        f"{outcome.closed} closed"
    )
    if too_much:
        err.print(too_much)
        raise typer.Exit(1)


audits = typer.Typer(no_args_is_help=True, help="The audit trail.")
app.add_typer(audits, name="audit")


@audits.command()
def verify() -> None:
    """Walk the chain of hashes; exit code 1 and the first row that is not what its hash says, where one
    is."""
    with database() as ours:
        walked = audit.verify(ours)
    if walked.broken is not None:
        err.print(
            f"The audit trail is broken at row {walked.broken}: it, or the row before it, was changed "
            "or removed. "
            f"{walked.rows} rows were looked at."
        )
        raise typer.Exit(1)
    out.print(f"{walked.rows} rows, the chain is whole; last hash {walked.last_hash or 'none'}")
