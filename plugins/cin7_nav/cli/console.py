"""What all commands share: the application, where they print, and the connections of this Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from cin7_nav.mappings import Mappings, load
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

MAPPINGS = Path(__file__).resolve().parents[3] / "include" / "mappings"
Number = Annotated[str, typer.Argument(help="Cin7 invoice or order number, or NAV document number.")]
MappingsOption = Annotated[
    Path, typer.Option("--mappings", envvar="CIN7_NAV_MAPPINGS", help="Directory of the mapping files.")
]


def valid_mappings(directory: Path) -> Mappings:
    """The mappings; where they have errors these are printed, and the command ends."""
    found = load(directory)
    if isinstance(found, Mappings):
        return found
    for error in found:
        err.print(str(error), markup=False)
    raise typer.Exit(1)


@contextmanager
def database() -> Iterator[Database]:
    """Our database; where it is of another version than this program, the command ends with a sentence."""
    database = Database.from_connection(connection("cin7_nav_db"))
    try:
        yield database
    except SchemaMismatch as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from None
    finally:
        database.close()


@contextmanager
def desk() -> Iterator[Desk]:
    """Our database and both vendors; an error of theirs ends the command with a sentence."""
    from cin7_nav.flows.invoices.tasks import Desk
    from cin7_nav.hooks.cin7 import Cin7Hook
    from cin7_nav.hooks.errors import VendorError
    from cin7_nav.hooks.nav import NavHook
    from cin7_nav.hooks.nav_channel import nav_channel

    with database() as ours:
        try:
            yield Desk(
                ours,
                lambda: Cin7Hook(connection=connection("cin7_default"), database=ours),
                lambda: nav_channel(NavHook(connection=connection("nav_default"), database=ours)),
            )
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
