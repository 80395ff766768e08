"""What accountants do at the keyboard: decide, apply, reconcile the clearing account."""

from __future__ import annotations

import getpass
from functools import partial
from typing import Annotated

import typer

from cin7_nav.cli.console import (
    MappingsOption,
    Number,
    app,
    company,
    connection,
    database,
    desk,
    err,
    out,
    valid_mappings,
)
from cin7_nav.store import applications
from cin7_nav.store.decisions import Answer


@app.command()
def decide(
    number: Number,
    answer: Annotated[Answer, typer.Argument(help="post; skip; or link: NAV has it, keyed by hand.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit trail.")],
    nav_number: Annotated[
        str, typer.Option("--nav-number", help="With link: NAV's number, where it is another one than shown.")
    ] = "",
) -> None:
    """Answer the question that a held document waits for, as in the DAG decisions."""
    from cin7_nav.flows.decisions.answering import decide as answered

    with database() as ours:
        refusal = answered(ours, number, answer, reason, getpass.getuser(), nav_number)
    if refusal:
        err.print(refusal, markup=False)
        raise typer.Exit(1)
    out.print("recorded; the next polling run goes on with it")


@app.command("to-apply")
def to_apply() -> None:
    """List what people must apply in NAV: credit notes and reversals, each to its invoice."""
    with database() as ours:
        found = applications.still_open(ours)
    for one in found:
        out.print(
            f"{one.nav_document_no} ({one.amount}) to {one.applies_to}: {one.why}; "
            f"since {one.noted_at:%Y-%m-%d}",
            markup=False,
        )
    out.print(f"{len(found)} to apply; `cin7-nav applied <NAV number>` once done" if found else "nothing")


@app.command()
def applied(
    nav_number: Annotated[str, typer.Argument(help="NAV document number of the credit note or reversal.")],
) -> None:
    """Note that an entry was applied in NAV, by you."""
    with database() as ours:
        if not applications.done(ours, nav_number, getpass.getuser()):
            err.print(f"{nav_number} is not among what is to apply.", markup=False)
            raise typer.Exit(1)
    out.print("noted")


@app.command()
def clearing(mappings: MappingsOption = None) -> None:
    """Reconcile NAV's clearing account by purchase: what is received or invoiced only, what differs."""
    from cin7_nav.flows.costs.clearing import clearing_report, told
    from cin7_nav.hooks.nav import NavHook
    from cin7_nav.hooks.nav_items import document_quantities

    rules = valid_mappings(mappings)
    with desk() as at:
        nav = NavHook(connection=connection(company().nav), database=at.database)
        report = clearing_report(at.database, at.nav, rules, partial(document_quantities, nav))
    if report is None:
        out.print("Cin7 owns the value of stock: there is no clearing account.")
        return
    for line in told(report):
        out.print(line, markup=False)
