"""Bring a database to the present schema."""

from __future__ import annotations

import contextlib

import psycopg2
from alembic import command
from alembic.config import Config
from psycopg2 import sql

from cin7_nav.store import schema

RECEIVER_ROLE = "cin7_nav_receiver"


def migrate(dsn: str, receiver_password: str | None = None) -> None:
    """Apply every migration that is still missing; safe to repeat and to run from several places at once.

    Where one is missing, programs at work are waited for, and then lose their sessions: see `store.schema`.
    `receiver_password` is set for the role of the webhook receiver where one is given. Raises SchemaMismatch
    where the database was upgraded by a newer version.
    """
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        found = schema.revision(connection)
    if found is None or found < schema.HEAD:
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.attributes["dsn"] = dsn
        command.upgrade(config, schema.HEAD)
    elif found > schema.HEAD:
        raise schema.SchemaMismatch(found)
    if receiver_password is not None:
        with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(RECEIVER_ROLE), sql.Literal(receiver_password)
                )
            )
        connection.close()
