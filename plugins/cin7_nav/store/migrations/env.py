"""Alembic's entry: one connection from the DSN that `store.migrate` hands over, one lock, one transaction."""

from __future__ import annotations

import psycopg2
from alembic import context
from cin7_nav.store import schema
from sqlalchemy import create_engine, pool

engine = create_engine(
    "postgresql+psycopg2://",
    creator=lambda: psycopg2.connect(context.config.attributes["dsn"]),
    poolclass=pool.NullPool,
)
with engine.begin() as connection:
    session = connection.connection.driver_connection
    assert session is not None
    schema.take(session)
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
