"""`python -m stack.metadata`: bring Airflow's own database up to date and put the connections into it.

The webhook secret of each company is told to our own database, which must be up to date already.

One process instead of `airflow db migrate` and `airflow connections import`, each of which needs seconds
to load Airflow.
"""

from __future__ import annotations

import json
import os
import sys

from airflow.models.connection import Connection
from airflow.utils import db
from airflow.utils.session import create_session
from cin7_nav.flows.companies import served
from cin7_nav.mappings.companies import InvalidCompanies
from cin7_nav.store import webhook_secrets
from cin7_nav.store.database import Database
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


def admit_webhooks() -> None:
    """Let the receiver take webhooks that show the secret of a company: the password of its connection."""
    with create_session() as session:
        found = {one.conn_id: one for one in session.scalars(select(Connection))}
        for company in served():
            connection = found.get(company.webhooks)
            if connection and connection.password:
                database = Database.from_connection(found["cin7_nav_db"], company.key)
                webhook_secrets.admit(database, "cin7", connection.password)
                database.close()


def main() -> None:
    db.upgradedb()
    wanted = json.loads(os.environ["CIN7_NAV_CONNECTIONS"])
    known = present()
    store(wanted["replace"] | {name: text for name, text in wanted["add"].items() if name not in known})
    try:
        admit_webhooks()
    except InvalidCompanies as error:
        sys.exit(str(error))
    except ValueError as error:
        sys.exit(f"The password of a connection to the receiver won't do. {error}")


if __name__ == "__main__":
    main()
