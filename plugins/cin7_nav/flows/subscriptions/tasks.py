"""The steps of the DAG `subscription_renewal` as Airflow tasks call them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from cin7_nav.flows.assets import mappings_directory
from cin7_nav.flows.subscriptions.renewal import ReceiverConnection, Renewal
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook
from cin7_nav.mappings import subscriptions
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store import subscriptions as store
from cin7_nav.store.database import Database

log = logging.getLogger(__name__)

TELL_AGAIN = dt.timedelta(hours=12)
"""What is still wrong so long after it was told is told again."""


class NeedsSomebody(AirflowFailException):
    """Something about webhooks needs a person; the text says what, and who can fix it."""


def renew(context: Mapping[str, Any]) -> bool:
    """Look after both sides. The answer: whether the flows are to read Cin7's lists now."""
    database = _database()
    try:
        renewal = Renewal(
            database,
            subscriptions.load(mappings_directory()),
            _receiver(),
            lambda: Cin7Hook(database=database),
            lambda: NavHook(database=database),
            owner(context),
            dt.datetime.now(dt.UTC),
        )
        poll_due = renewal.once()
    finally:
        database.close()
    log.info("Done: %s", dict(renewal.changed))
    for trouble in renewal.troubles:
        log.info("%s %s: %s (%s can fix it)", trouble.source, trouble.name, trouble.message, trouble.fixer)
    return poll_due


def alarm() -> int:
    """Tell what is wrong and was not told lately: raises `NeedsSomebody`. The answer: what is wrong still."""
    database = _database()
    try:
        told = store.to_tell(database, dt.datetime.now(dt.UTC), TELL_AGAIN)
        still = len(store.open_troubles(database))
    finally:
        database.close()
    for trouble in told:
        if trouble.once:
            log.warning("%s", trouble.message)
    urgent = [f"{trouble.message} ({trouble.fixer} can fix it)." for trouble in told if not trouble.once]
    if urgent:
        raise NeedsSomebody(" ".join(urgent))
    return still


def _database() -> Database:
    return Database.from_connection(BaseHook.get_connection("cin7_nav_db"))


def _receiver() -> ReceiverConnection | None:
    try:
        connection: ReceiverConnection = BaseHook.get_connection("cin7_nav_webhooks")
    except AirflowException:
        return None
    return connection
