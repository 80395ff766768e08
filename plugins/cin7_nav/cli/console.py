"""What all commands share: the application, where they print, and the connections of this Airflow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from cin7_nav.mappings import Mappings, companies, load
from cin7_nav.mappings.companies import Company
from cin7_nav.store.database import Database
from cin7_nav.store.schema import SchemaMismatch

if TYPE_CHECKING:
    from cin7_nav.flows.invoices.tasks import Desk

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The same answers as the Airflow pages give, at the keyboard.",
    rich_markup_mode=None,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

INCLUDE = Path(__file__).resolve().parents[3] / "include"
Number = Annotated[str, typer.Argument(help="Cin7 invoice or order number, or NAV document number.")]
MappingsOption = Annotated[
    Path | None,
    typer.Option("--mappings", help="Directory of the mapping files, in place of the company's own."),
]
_chosen = ""


@app.callback()
def choose(
    company: Annotated[
        str,
        typer.Option(envvar="CIN7_NAV_COMPANY", help="The company, where companies.yaml names several."),
    ] = "",
) -> None:
    """Remember whose answers are wanted."""
    global _chosen
    _chosen = company


def asked_for() -> tuple[Company, ...]:
    """The company that was asked for, or all; where there is no such company, the command ends."""
    try:
        served = companies.served(INCLUDE, os.environ)
    except companies.InvalidCompanies as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from None
    found = tuple(one for one in served if not _chosen or one.key == _chosen)
    if not found:
        known = ", ".join(one.key for one in served)
        err.print(f"There is no company {_chosen} in companies.yaml; there are: {known}", markup=False)
        raise typer.Exit(2)
    return found


def company() -> Company:
    """The company that was asked for, or the only one; where that leaves several, the command ends."""
    found = asked_for()
    if len(found) > 1:
        err.print(f"Which company? --company {' or '.join(one.key for one in found)}", markup=False)
        raise typer.Exit(2)
    return found[0]


def valid_mappings(directory: Path | None) -> Mappings:
    """The mappings, of the company where no directory is given; where they have errors these are printed, and
    the command ends."""
    found = load(directory or company().mappings)
    if isinstance(found, Mappings):
        return found
    for error in found:
        err.print(str(error), markup=False)
    raise typer.Exit(1)


@contextmanager
def database(of: Company | None = None) -> Iterator[Database]:
    """Our database as a company sees it, or the one that was asked for.

    Where it is of another version than this program, the command ends with a sentence.
    """
    database = Database.from_connection(connection("cin7_nav_db"), (of or company()).key)
    try:
        yield database
    except SchemaMismatch as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from None
    finally:
        database.close()


@contextmanager
def desk(of: Company | None = None) -> Iterator[Desk]:
    """Our database and both systems of a company, or of the one that was asked for.

    An error of theirs ends the command with a sentence.
    """
    from cin7_nav.flows.invoices.tasks import Desk
    from cin7_nav.hooks.cin7 import Cin7Hook
    from cin7_nav.hooks.errors import VendorError
    from cin7_nav.hooks.nav import NavHook

    whose = of or company()
    served = [one.key for one in companies.served(INCLUDE, os.environ)]
    with database(whose) as ours:

        def cin7() -> Cin7Hook:
            hook = Cin7Hook(whose.cin7, connection=connection(whose.cin7), database=ours)
            return hook.of_company(ours, served)

        def nav() -> NavHook:
            hook = NavHook(whose.nav, connection=connection(whose.nav), database=ours)
            return hook.of_company(ours, served)

        try:
            yield Desk(ours, cin7, nav)
        except VendorError as error:
            err.print(f"{error}. Who can fix it: {error.fixer}.")
            raise typer.Exit(1) from None


def connection(name: str) -> Any:
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
