"""Bring a database to the present schema."""

from __future__ import annotations

from pathlib import Path

import psycopg2
from alembic import command
from alembic.config import Config
from psycopg2 import sql

RECEIVER_ROLE = "cin7_nav_receiver"


def migrate(dsn: str, receiver_password: str | None = None) -> None:
    """Apply every migration that is still missing; safe to repeat and to run from several places at once.

    `receiver_password` is set for the role of the webhook receiver where one is given.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")
    if receiver_password is not None:
        with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(RECEIVER_ROLE), sql.Literal(receiver_password)
                )
            )
        connection.close()
