"""Alembic's entry: one connection from the DSN that `store.migrate` hands over, one lock, one transaction."""

from __future__ import annotations

import psycopg2
from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine(
    "postgresql+psycopg2://",
    creator=lambda: psycopg2.connect(context.config.attributes["dsn"]),
    poolclass=pool.NullPool,
)
with engine.begin() as connection:
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('cin7_nav.migrate'))"))
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
