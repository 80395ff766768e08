"""`python -m stack.metadata`: bring Airflow's own database up to date and put the connections into it.

One process instead of `airflow db migrate` and `airflow connections import`, each of which needs seconds
to load Airflow.
"""

from __future__ import annotations

import json
import os

from airflow.models.connection import Connection
from airflow.utils import db
from airflow.utils.session import create_session
from cin7_nav.store import webhook_secrets
from cin7_nav.store.database import Database
from cin7_nav.store.migrate import migrate
from sqlalchemy import select


def store(connections: dict[str, str]) -> None:
    """Write each connection, given as Airflow's JSON or URI, encrypted; one that is there is replaced."""
    with create_session() as session:
        for name, text in connections.items():
            new = (
                Connection.from_json(text, conn_id=name)
                if text.lstrip().startswith("{")
                else Connection(conn_id=name, uri=text)
            )
            old = session.scalar(select(Connection).where(Connection.conn_id == name))
            if old is not None:
                session.delete(old)
                session.flush()
            session.add(new)


def present() -> list[str]:
    """The names of the connections that the database holds."""
    with create_session() as session:
        return list(session.scalars(select(Connection.conn_id)))


def admit_webhooks(database: Database) -> None:
    """Let the receiver accept the secret that the connection `cin7_nav_webhooks` holds."""
    with create_session() as session:
        webhooks = session.scalar(select(Connection).where(Connection.conn_id == "cin7_nav_webhooks"))
        secret = webhooks.password if webhooks else None
    if secret:
        webhook_secrets.admit(database, "cin7", secret)


if __name__ == "__main__":
    db.upgradedb()
    wanted = json.loads(os.environ["CIN7_NAV_CONNECTIONS"])
    known = present()
    store(wanted["replace"] | {name: text for name, text in wanted["add"].items() if name not in known})
    migrate(wanted["dsn"])
    admit_webhooks(Database(wanted["dsn"]))
