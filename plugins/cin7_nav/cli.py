"""`cin7-nav`: the same answers as the Airflow pages give, at the keyboard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from cin7_nav.mappings import Mappings, load, schedule
from cin7_nav.mappings.references import Reference, Referenced, references
from cin7_nav.model import SourceDocument, State
from cin7_nav.store import audit, deliveries, documents, inbox, reading
from cin7_nav.store.database import Database

if TYPE_CHECKING:
    from cin7_nav.flows.invoices.preview import InNav, Preview
    from cin7_nav.flows.invoices.tasks import Desk

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

ROOT = Path(__file__).resolve().parents[2]
Number = Annotated[str, typer.Argument(help="Cin7 invoice or order number, or NAV document number.")]
MappingsOption = Annotated[
    Path, typer.Option("--mappings", envvar="CIN7_NAV_MAPPINGS", help="Directory of the mapping files.")
]
ScheduleOption = Annotated[
    Path, typer.Option("--schedule", envvar="CIN7_NAV_SCHEDULE", help="The schedule file.")
]
MAPPINGS, SCHEDULE = ROOT / "include" / "mappings", ROOT / "include" / "schedule.yaml"


@app.command()
def check(
    mappings: MappingsOption = MAPPINGS,
    schedule_file: ScheduleOption = SCHEDULE,
    nav: Annotated[
        bool, typer.Option("--nav", help="Also compare what the mappings name with NAV itself.")
    ] = False,
) -> None:
    """Check the mapping files and the schedule; exit code 1 where anything is wrong."""
    found = load(mappings)
    _, warnings = schedule.load(schedule_file)
    for warning in warnings:
        err.print(f"schedule: {warning}")
    if not isinstance(found, Mappings):
        for error in found:
            err.print(str(error))
        raise typer.Exit(1)
    missing: list[str] = []
    if nav:
        with _desk() as desk:
            missing = list(_missing_in_nav(found, desk))
    for sentence in missing:
        err.print(sentence)
    if warnings or missing:
        raise typer.Exit(1)
    out.print(f"mappings and schedule are sound ({mappings})")


@app.command()
def preview(number: Number, mappings: MappingsOption = MAPPINGS) -> None:
    """Show the exact journal of a document with the rule behind every line, and what NAV holds of it."""
    from cin7_nav.flows.invoices import preview as previewing
    from cin7_nav.flows.invoices.reference import FRESH
    from cin7_nav.mappings.facts import Field

    rules = load(mappings)
    if not isinstance(rules, Mappings):
        for error in rules:
            err.print(str(error))
        raise typer.Exit(1)
    with _desk() as desk:
        sources = _read_from_cin7(desk, number)
        if not sources:
            err.print(f"Cin7 has no sale or purchase with the number {number}.")
            raise typer.Exit(1)
        reference = desk.reference()
        reference.refresh(FRESH, products=rules.asks_for(Field.CATEGORY))
        template = rules.company.template.value
        for each in previewing.preview(sources, rules, reference):
            _print_preview(each)
            delivery = _delivery(desk.database, each.document)
            code = delivery.batch_code if delivery else None
            held_as = delivery.nav_document_no if delivery else each.document_no
            _print_in_nav(held_as, previewing.in_nav(desk.nav, held_as, template, code))


@app.command()
def trail(number: Number) -> None:
    """Print a document's life: every change of state, when, why, by which run and rule."""
    with _database() as database:
        found = documents.find(database, number)
        if not found:
            err.print(f"No document with the number {number} has been read from Cin7.")
            raise typer.Exit(1)
        of = deliveries.of_documents(database, [stored.id for stored in found])
        for stored in found:
            nav_no = of[stored.id].nav_document_no if stored.id in of else "no number yet"
            out.print(f"{stored.document.number} ({stored.key}): {stored.state}, NAV {nav_no}")
            for entry in audit.trail(database, str(stored.key)):
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
        broken = audit.first_broken_link(database)
    if broken is not None:
        err.print(f"The audit trail is not whole: row {broken} is not what its hash says.")
        raise typer.Exit(1)
    out.print("the chain of the audit trail is whole")


@app.command()
def status() -> None:
    """What waits, why, and who can fix it; how far both systems have been read."""
    with _database() as database:
        counts = documents.counts(database, documents.Scope())
        out.print("documents: " + (", ".join(f"{counts[s]} {s}" for s in State if s in counts) or "none"))
        open_states = [State.NEEDS_ATTENTION, State.UNKNOWN, State.HELD, State.STAGED]
        for stored in documents.select(database, open_states, documents.Scope(), limit=200):
            document = stored.document
            out.print(f"{document.number} of {document.order_number}: {stored.state}")
            for problem in stored.problems:
                out.print(f"  {problem.message} [{problem.where}; {problem.fixer} can fix it]", markup=False)
        for side, order_id, order_number, reason, since in reading.problems(database):
            out.print(
                f"{side} {order_number or order_id} can't be read since {since:%Y-%m-%d %H:%M}: {reason}"
            )
        age = inbox.oldest_age(database, "invoices")
        out.print(
            f"webhook events that wait: {inbox.waiting(database, 'invoices')}"
            + (f", oldest {age}" if age else "")
        )
        for name in ("sale_list", "purchase_list", "nav_entries"):
            out.print(f"{name} read up to: {reading.cursor_value(database, name) or 'not read yet'}")


@app.command("admit-webhook-secret")
def admit_webhook_secret(
    only: Annotated[bool, typer.Option("--only", help="End a rotation: refuse every other secret.")] = False,
) -> None:
    """Accept the password of the connection `cin7_nav_webhooks` at the receiver, beside the one before it."""
    from cin7_nav.store import webhook_secrets

    secret = _connection("cin7_nav_webhooks").password
    if not secret:
        err.print("The connection cin7_nav_webhooks has no password.")
        raise typer.Exit(1)
    with _database() as database:
        webhook_secrets.admit(database, "cin7", secret)
        if only:
            webhook_secrets.keep_only(database, "cin7", secret)
    out.print("the receiver accepts it")


def _read_from_cin7(desk: Desk, number: str) -> list[SourceDocument]:
    """The documents of every order that this number belongs to; the one asked for where it names one."""
    from cin7_nav.flows.invoices.collect import find_orders
    from cin7_nav.wire.documents import purchase_documents, sale_documents

    known = documents.find(desk.database, number)
    wanted = number if not known or known[0].document.order_number == number else known[0].document.number
    found: list[SourceDocument] = []
    for side, order_id in find_orders(desk.database, desk.cin7, wanted):
        if side == "sale":
            found += sale_documents(desk.cin7.sale(order_id))
        else:
            found += purchase_documents(desk.cin7.purchase(order_id))
    return [document for document in found if document.number == wanted] or found


def _delivery(database: Database, document: SourceDocument) -> deliveries.Delivery | None:
    for stored in documents.find(database, document.number):
        if stored.key == document.key:
            return deliveries.of_documents(database, [stored.id]).get(stored.id)
    return None


def _print_preview(each: Preview) -> None:
    document = each.document
    out.print(
        f"\n{document.key.kind.replace('_', ' ')} {document.number} of {document.order_number}, "
        f"{document.party_name}, {document.date}, {document.currency} {document.total:.2f}: "
        f"{document.status.lower()} in Cin7"
    )
    if each.translation.skipped:
        out.print(f"would be skipped: {each.translation.skipped}")
    for problem in each.problems:
        out.print(
            f"would wait: {problem.message} [{problem.where}; {problem.fixer} can fix it]", markup=False
        )
    if each.translation.journal is None:
        return
    journal = each.translation.journal
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
        out.print(f"    from {', '.join(line.sources)}", markup=False, style="dim")
        out.print(f"    rules {', '.join(map(str, line.rules))}", markup=False, style="dim")


def _print_in_nav(number: str, held: InNav) -> None:
    if not held.entries and not held.staged:
        out.print(f"NAV holds nothing under {number}")
    for journal in held.staged:
        out.print(f"NAV holds {len(journal.lines)} unposted lines of it in batch {journal.code}")
    for entry in held.entries:
        out.print(f"NAV entry {entry.entry_no}: {entry.posting_date} {entry.account_no} {entry.amount:.2f}")


def _missing_in_nav(mappings: Mappings, desk: Desk) -> Iterator[str]:
    from cin7_nav.flows.invoices.reference import FRESH
    from cin7_nav.hooks.channel import Entity
    from cin7_nav.store import reference as cached

    desk.reference().refresh(FRESH)
    rows = {
        entity: {row.key: row.body for row in cached.rows(desk.database, "nav", entity)} for entity in Entity
    }
    dimensions = {row["id"]: row["code"] for row in rows[Entity.DIMENSIONS].values()}
    values = {
        (dimensions.get(row["dimensionId"], ""), row["code"])
        for row in rows[Entity.DIMENSION_VALUES].values()
    }
    entities = {
        Referenced.ACCOUNT: Entity.ACCOUNTS,
        Referenced.CUSTOMER: Entity.CUSTOMERS,
        Referenced.VENDOR: Entity.VENDORS,
    }
    for named in references(mappings):
        if named.what is Referenced.DIMENSION_VALUE:
            if (named.dimension, named.code) not in values:
                yield f"{named.rule}: NAV has no value {named.code} of dimension {named.dimension}"
        elif named.what in entities:
            yield from _missing(named, rows[entities[named.what]])


def _missing(named: Reference, rows: dict[str, Any]) -> Iterator[str]:
    row = rows.get(named.code)
    if row is None:
        yield f"{named.rule}: NAV has no {named.what} {named.code}"
    elif named.what is Referenced.ACCOUNT and row["accountType"] != "Posting":
        yield f"{named.rule}: NAV account {named.code} is of type {row['accountType']}, not Posting"
    elif named.what is Referenced.ACCOUNT and (row["blocked"] or not row["directPosting"]):
        reason = "is blocked" if row["blocked"] else "does not allow direct posting"
        yield f"{named.rule}: NAV account {named.code} {reason}"
    elif named.what is not Referenced.ACCOUNT and str(row["blocked"]).strip() == "All":
        yield f"{named.rule}: NAV {named.what} {named.code} is blocked"


@contextmanager
def _database() -> Iterator[Database]:
    database = Database.from_connection(_connection("cin7_nav_db"))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _desk() -> Iterator[Desk]:
    from cin7_nav.flows.invoices.tasks import Desk
    from cin7_nav.hooks.cin7 import Cin7Hook
    from cin7_nav.hooks.errors import VendorError
    from cin7_nav.hooks.nav import NavHook
    from cin7_nav.hooks.nav_api_v2 import NavApiV2

    with _database() as database:
        try:
            yield Desk(
                database,
                lambda: Cin7Hook(connection=_connection("cin7_default"), database=database),
                lambda: NavApiV2(NavHook(connection=_connection("nav_default"), database=database)),
            )
        except VendorError as error:
            err.print(f"{error}. Who can fix it: {error.fixer}.")
            raise typer.Exit(1) from None


def _connection(name: str) -> Any:
    """An Airflow connection: from the environment, a secrets backend or Airflow's own database.

    Outside a task Airflow itself looks at the first two only.
    """
    from airflow.models.connection import Connection
    from airflow.sdk.exceptions import AirflowException
    from airflow.utils.session import create_session
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return Connection.get_connection_from_secrets(name)
    except (AirflowException, SQLAlchemyError):
        pass
    try:
        with create_session() as session:
            found = session.scalar(select(Connection).where(Connection.conn_id == name))
            session.expunge_all()
    except SQLAlchemyError:
        found = None
    if found is None:
        err.print(
            f"There is no Airflow connection {name}. While `make up` or `make demo` runs, call this as "
            '`make cin7-nav ARGS="…"`, which sets the environment of that Airflow.'
        )
        raise typer.Exit(1)
    return found
