"""`cin7-nav preview`: the journal that a document would become, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cin7_nav.cli.console import MappingsOption, Number, app, desk, err, out, valid_mappings
from cin7_nav.model import Kind, SourceDocument
from cin7_nav.store import documents

if TYPE_CHECKING:
    from cin7_nav.flows.invoices.preview import InNav, Preview
    from cin7_nav.flows.invoices.tasks import Desk


@app.command()
def preview(number: Number, mappings: MappingsOption = None) -> None:
    """Show the exact journal of a document with the rule behind every line, and what NAV holds of it."""
    from cin7_nav.flows.invoices import preview as previewing
    from cin7_nav.flows.invoices.reference import FRESH
    from cin7_nav.mappings.facts import Field

    rules = valid_mappings(mappings)
    with desk() as at:
        sources = _read_from_cin7(at, number)
        if not sources:
            err.print(f"Cin7 has no sale or purchase with the number {number}.")
            raise typer.Exit(1)
        reference = at.reference(rules)
        reference.refresh(FRESH, products=rules.asks_for(Field.CATEGORY))
        template = rules.company.template.value
        for each in previewing.preview(at.database, sources, rules, reference):
            _print_preview(each)
            if each.sent:
                held_as, code = each.sent.nav_document_no, each.sent.batch_code
                _print_in_nav(held_as, previewing.in_nav(at.nav, held_as, template, code))
            elif each.journal:
                held_as = each.journal.document_no
                _print_in_nav(held_as, previewing.in_nav(at.nav, held_as, template, None))


def _read_from_cin7(desk: Desk, number: str) -> list[SourceDocument]:
    """The documents of every order that this number belongs to; the one asked for where it names one."""
    from cin7_nav.flows.invoices.collect import find_orders
    from cin7_nav.wire.documents import purchase_documents, sale_documents

    known = documents.find(desk.database, number)
    wanted = number if not known or known[0].document.order_number == number else known[0].document.number
    found = [one.document for one in known if one.key.kind is Kind.COST_JOURNAL]
    for side, order_id in find_orders(desk.database, desk.cin7, wanted):
        if side == "sale":
            found += sale_documents(desk.cin7.sale(order_id))
        else:
            found += purchase_documents(desk.cin7.purchase(order_id))
    return [document for document in found if document.number == wanted] or found


def _print_preview(each: Preview) -> None:
    document = each.document
    out.print(
        f"\n{document.key.kind.replace('_', ' ')} {document.number} of {document.order_number}, "
        f"{document.party_name}, {document.date}, {document.currency} {document.total:.2f}: "
        f"{document.status.lower()} in Cin7"
    )
    if not each.problems:
        out.print(f"{each.state}: {each.why}", markup=False)
    for problem in each.problems:
        out.print(
            f"would wait: {problem.message} [{problem.where}; {problem.fixer} can fix it]", markup=False
        )
    if each.journal is None:
        return
    journal = each.journal
    out.print(
        f"NAV document {journal.document_no}, external {journal.external_document_no}, "
        f"posting date {journal.posting_date}"
    )
    for line in journal.lines:
        side, amount = ("debit ", line.amount) if line.amount > 0 else ("credit", -line.amount)
        dimensions = " ".join(f"{code}={value}" for code, value in line.dimensions)
        out.print(
            f"  {line.account_type:<11} {line.account_no:<8} {side} {amount:>12.2f}  {dimensions}",
            markup=False,
        )
        if line.sources:
            out.print(f"    from {', '.join(line.sources)}", markup=False, style="dim")
        if line.rules:
            out.print(f"    rules {', '.join(map(str, line.rules))}", markup=False, style="dim")


def _print_in_nav(number: str, held: InNav) -> None:
    if not held.entries and not held.staged:
        out.print(f"NAV holds nothing under {number}")
    for journal in held.staged:
        out.print(f"NAV holds {len(journal.lines)} unposted lines of it in batch {journal.code}")
    for entry in held.entries:
        out.print(f"NAV entry {entry.entry_no}: {entry.posting_date} {entry.account_no} {entry.amount:.2f}")
