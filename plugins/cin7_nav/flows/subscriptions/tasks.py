"""The steps of the DAG `subscription_renewal` as Airflow tasks call them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from cin7_nav.flows import companies
from cin7_nav.flows.companies import at_work
from cin7_nav.flows.subscriptions.renewal import ReceiverConnection, Renewal
from cin7_nav.mappings import subscriptions
from cin7_nav.mappings.companies import Company
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store import subscriptions as store

log = logging.getLogger(__name__)

TELL_AGAIN = dt.timedelta(hours=12)
"""What is still wrong so long after it was told is told again."""


class NeedsSomebody(AirflowFailException):
    """Something about webhooks needs a person; the text says what, and who can fix it."""


def renew(context: Mapping[str, Any]) -> bool:
    """Look after both sides. The answer: whether the flows are to read Cin7's lists now."""
    company = at_work(context)
    with companies.database(company) as ours:
        renewal = Renewal(
            ours,
            subscriptions.load(company.mappings),
            _receiver(company),
            lambda: companies.cin7(company, ours),
            lambda: companies.nav(company, ours),
            owner(context),
            dt.datetime.now(dt.UTC),
        )
        poll_due = renewal.once()
    log.info("Done: %s", dict(renewal.changed))
    for trouble in renewal.troubles:
        log.info("%s %s: %s (%s can fix it)", trouble.source, trouble.name, trouble.message, trouble.fixer)
    return poll_due


def alarm(context: Mapping[str, Any]) -> int:
    """Tell what is wrong and was not told lately: raises `NeedsSomebody`. The answer: what is wrong still."""
    with companies.database(at_work(context)) as database:
        told = store.to_tell(database, dt.datetime.now(dt.UTC), TELL_AGAIN)
        still = len(store.open_troubles(database))
    for trouble in told:
        if trouble.once:
            log.warning("%s", trouble.message)
    urgent = [f"{trouble.message} ({trouble.fixer} can fix it)." for trouble in told if not trouble.once]
    if urgent:
        raise NeedsSomebody(" ".join(urgent))
    return still


def _receiver(company: Company) -> ReceiverConnection | None:
    try:
        connection: ReceiverConnection = BaseHook.get_connection(company.webhooks)
    except AirflowException:
        return None
    return connection
