"""`cin7-nav parties`: what waits, what a run would do, what happened to one; and the answers of people."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cin7_nav.cli.console import MappingsOption, app, database, err, out, valid_mappings
from cin7_nav.model import PartyKind, Side
from cin7_nav.store import audit, parties, reviews
from cin7_nav.store.database import Database
from cin7_nav.store.decisions import Answer

commands = typer.Typer(
    no_args_is_help=True, help="Suppliers and customers in both systems.", rich_markup_mode=None
)
app.add_typer(commands, name="parties")

Party = Annotated[str, typer.Argument(help="NAV number, Cin7 name or ID, or the number of a question.")]


@commands.command()
def status() -> None:
    """What is linked, what waits and who can fix it, and what people are asked."""
    with database() as ours:
        links = parties.links(ours)
        asked = reviews.still_open(ours)
        for kind in PartyKind:
            mine = [one for one in links if one.kind is kind]
            creating = sum(one.missing is not None for one in mine)
            out.print(f"{kind}s: {len(mine) - creating} linked, {creating} being created")
        for link in links:
            for problem in link.problems:
                since = f"; since {link.problem_since:%Y-%m-%d %H:%M}" if link.problem_since else ""
                out.print(
                    f"{problem.where}: {problem.message} [{problem.code}; {problem.fixer} can fix it{since}]",
                    markup=False,
                )
        for review in asked:
            from cin7_nav.flows.decisions.party_question import PartyQuestion

            out.print(f"question {review.id}: {PartyQuestion(review).subject}", markup=False)
    out.print(
        f"open questions: {len(asked)}" + ("; `cin7-nav parties show <number>` shows one" if asked else "")
    )


@commands.command()
def show(reference: Party) -> None:
    """One party: its records on both sides, what is asked about it, and everything that happened to it."""
    from cin7_nav.flows.decisions.party_question import PartyQuestion

    with database() as ours:
        found = parties.find(ours, reference)
        asked = [
            one
            for one in reviews.still_open(ours)
            if str(one.id) == reference or one.record_id in {card.id for card in found}
        ]
        if not found and not asked:
            err.print(f"Neither system has shown a party {reference} so far.", markup=False)
            raise typer.Exit(1)
        for review in asked:
            out.print(f"question {review.id}: {PartyQuestion(review).subject}", markup=False)
            out.print(PartyQuestion(review).body, markup=False)
        for card in found:
            link = parties.link_of(ours, card.kind, card.side, card.id)
            out.print(f"{card.place}, {card.name}: {_told(link)}", markup=False)
            for record in (link.record if link else "", f"party/{card.kind}/{card.side}/{card.id}"):
                for entry in audit.trail(ours, record) if record else ():
                    moment = entry.at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
                    out.print(f"  {moment}  {entry.to_state:<15}  {entry.why}", markup=False)


def _told(link: parties.Link | None) -> str:
    if link is None:
        return "not linked"
    if link.missing:
        return f"being created in {link.missing.told}"
    return f"linked ({link.how}), Cin7 {link.cin7_id}, NAV {link.nav_id}"


@commands.command()
def decide(
    reference: Party,
    answer: Annotated[
        Answer, typer.Argument(help="link, create, never, ignore; or cin7, nav: whose values are taken.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit trail.")],
    to: Annotated[
        str, typer.Option("--to", help="With link: NAV's number, or Cin7's name or ID, of the other record.")
    ] = "",
) -> None:
    """Answer a question on a party, as in the DAG decisions."""
    from cin7_nav.flows.decisions.answering import decide_party

    with database() as ours:
        refusal = decide_party(ours, reference, answer, reason, getpass.getuser(), to)
    if refusal:
        err.print(refusal, markup=False)
        raise typer.Exit(1)
    out.print("recorded; the next polling run goes on with it")


@commands.command()
def reconsider(reference: Party) -> None:
    """Forget that a party is to be left alone, or is never one of others: it is matched anew."""
    with database() as ours:
        found = parties.find(ours, reference)
        forgotten = sum(_forget(ours, card.kind, card.side, card.id) for card in found)
    if not forgotten:
        err.print(f"Nothing was decided on {reference} that could be forgotten.", markup=False)
        raise typer.Exit(1)
    out.print("forgotten; the next polling run matches it anew")


def _forget(ours: Database, kind: PartyKind, side: Side, id_: str) -> int:
    forgotten = parties.reconsider(ours, kind, id_, getpass.getuser())
    parties.mark_due(ours, kind, side, [id_])
    return forgotten


@commands.command()
def report(
    mappings: MappingsOption = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write it to this file instead.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write it to this file instead.")] = None,
) -> None:
    """What a run would do with what was read last: links, creations, questions, differences. Writes nothing.

    A dry run of the DAG parties_both_ways reads both systems first.
    """
    from cin7_nav.flows.parties import report as reporting

    rules = valid_mappings(mappings)
    with database() as ours:
        found = list(reporting.rows(ours, rules, tuple(PartyKind)))
        made = f"Made {parties.now(ours):%Y-%m-%d %H:%M} UTC"
    for path, text in ((csv, reporting.as_csv(found)), (html, reporting.as_html(found, made))):
        if path:
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            out.print(f"written to {path}")
    if not (csv or html):
        table = Table(*reporting.HEADS)
        for row in found:
            table.add_row(*map(str, reporting.cells(row)))
        out.print(table)
    for what, number in reporting.counts(found).most_common():
        out.print(f"{number:6d}  {what}", markup=False)
