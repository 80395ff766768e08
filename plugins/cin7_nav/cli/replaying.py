"""`cin7-nav replay`: the same as the DAG, at the keyboard."""

from __future__ import annotations

import datetime as dt
import getpass
from typing import Annotated

import typer

from cin7_nav.cli.console import MappingsOption, app, database, desk, err, out, valid_mappings
from cin7_nav.store.documents import Run


@app.command()
def replay(
    documents: Annotated[list[str] | None, typer.Option(help="Document, order or NAV numbers.")] = None,
    states: Annotated[list[str] | None, typer.Option("--state", help="needs_attention, skipped, …")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First business date.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last business date.")] = None,
    parties: Annotated[list[str] | None, typer.Option("--party", help="Cin7's name or id.")] = None,
    accounts: Annotated[list[str] | None, typer.Option("--account", help="Of Cin7 or of NAV.")] = None,
    text: Annotated[str, typer.Option(help="Beginnings of words of number and party.")] = "",
    flow: Annotated[str, typer.Option(help="The flow whose records are meant.")] = "invoices",
    send: Annotated[bool, typer.Option("--send", help="Do it. Without this only the plan is shown.")] = False,
    cap: Annotated[int | None, typer.Option(help="Orders that may be read at most.")] = None,
    share: Annotated[int | None, typer.Option(help="Percent of Cin7's calls that may be taken.")] = None,
    mappings: MappingsOption = None,
) -> None:
    """Send documents again: read them anew and carry what is due. What is in the ledger stays as it is."""
    from cin7_nav.flows.replay.act import Refusal, act
    from cin7_nav.flows.replay.selection import SelectionError
    from cin7_nav.flows.replay.tasks import planned

    rules = valid_mappings(mappings)
    params = {
        "flow": flow, "documents": documents, "states": states, "from": first, "to": last, "parties": parties,
        "accounts": accounts, "text": text, "cap": cap, "share": share,
    }  # fmt: skip
    run = Run(
        f"cin7-nav replay/{getpass.getuser()} {dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}", "replay"
    )
    try:
        with desk() as at:
            made = planned(at, rules, params, run)
            for told in made.told():
                out.print(told, markup=False)
            if not send:
                out.print("nothing was sent; --send does it")
                return
            outcome = act(at, rules, made, run)
    except SelectionError as error:
        for fault in error.faults:
            err.print(fault, markup=False)
        raise typer.Exit(2) from None
    except Refusal:
        raise typer.Exit(1) from None
    out.print("done: " + ", ".join(f"{count} {what}" for what, count in sorted(outcome.items())))


@app.command("list")
def list_documents(
    documents: Annotated[list[str] | None, typer.Option(help="Document, order or NAV numbers.")] = None,
    states: Annotated[list[str] | None, typer.Option("--state", help="needs_attention, skipped, …")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First business date.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last business date.")] = None,
    parties: Annotated[list[str] | None, typer.Option("--party", help="Cin7's name or id.")] = None,
    accounts: Annotated[list[str] | None, typer.Option("--account", help="Of Cin7 or of NAV.")] = None,
    text: Annotated[str, typer.Option(help="Beginnings of words of number and party.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
) -> None:
    """List documents, newest first, by the same filters as `replay`; without any, the newest of all."""
    from cin7_nav.flows.replay.selection import SelectionError, filter_of
    from cin7_nav.store import listing

    params = {
        "documents": documents, "states": states, "from": first, "to": last, "parties": parties,
        "accounts": accounts, "text": text,
    }  # fmt: skip
    faults: list[str] = []
    wanted = filter_of(params, dt.datetime.now(dt.UTC).date(), faults)
    if faults:
        err.print(str(SelectionError(faults)), markup=False)
        raise typer.Exit(2)
    with database() as ours:
        found = listing.page(ours, wanted, limit)
    for one in found:
        why = f" ({one.cause})" if one.cause else ""
        out.print(
            f"{one.day} {one.number:<16} {one.kind:<20} {one.currency} {one.total:>12.2f}  {one.state}{why}  "
            f"{one.nav_document_no}",
            markup=False,
        )
