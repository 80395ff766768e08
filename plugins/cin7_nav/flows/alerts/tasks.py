"""Look for causes, and tell people of those that they do not know."""

from __future__ import annotations

import datetime as dt
import html
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.providers.http.notifications.http import HttpNotifier
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import BaseNotifier

from cin7_nav.flows import companies, measures
from cin7_nav.flows.alerts.causes import PREFIX, causes
from cin7_nav.flows.companies import ROOT, at_work
from cin7_nav.flows.status import status
from cin7_nav.mappings import alerts as rules
from cin7_nav.mappings.alerts import Alerts
from cin7_nav.store import alerts as store
from cin7_nav.store.alerts import Alert
from cin7_nav.store.database import Database
from cin7_nav.store.figures import posted_by_day

log = logging.getLogger(__name__)

WEBHOOK, SMTP = "cin7_nav_alerts", "smtp_default"


def load() -> tuple[Alerts, tuple[str, ...]]:
    """`CIN7_NAV_ALERTS`, or `include/alerts.yaml` of this checkout."""
    return rules.load(Path(os.environ.get("CIN7_NAV_ALERTS") or ROOT / "include" / "alerts.yaml"))


def watch(context: Mapping[str, Any]) -> int:
    """Which causes are there now, by rule; how all stands goes to Airflow's metrics. How many causes."""
    wanted, _ = load()
    now = dt.datetime.now(dt.UTC)
    with companies.database(at_work(context)) as database:
        standing = status(database)
        found = causes(standing, wanted, now)
        store.settle(database, PREFIX, found)
        today = next((day for day in posted_by_day(database, 1) if day.day == now.date()), None)
    measures.publish(measures.figures(standing, today, at_work(context)))
    for cause, message in found.items():
        log.info("%s: %s", cause, message)
    return len(found)


def tell(context: Mapping[str, Any]) -> int:
    """Send one message for each cause that people do not know of, or do not know to be over. How many.

    A message that could not be sent is sent by the next run; then the task fails, having tried the others.
    """
    wanted, _ = load()
    with companies.database(at_work(context)) as database:
        return told(database, wanted, context)


def told(database: Database, wanted: Alerts, context: Mapping[str, Any]) -> int:
    """See `tell`. Where nobody is to be told, causes are only kept for `cin7-nav status`."""
    if not wanted.email and not wanted.webhook:
        return 0
    sent, failed = 0, []
    for alert in store.untold(database):
        try:
            for notifier in notifiers(wanted, alert):
                notifier.notify(context)
        except Exception as error:  # noqa: BLE001 whatever a mail server or webhook answers: the next run tells it
            failed.append(f"{alert.cause}: {type(error).__name__}")
            continue
        store.told(database, alert)
        sent += 1
    if failed:
        raise RuntimeError(f"Not told, to be tried again: {'; '.join(failed)}")
    return sent


def notifiers(wanted: Alerts, alert: Alert) -> list[BaseNotifier]:
    """What carries an alert to people."""
    subject = f"cin7-nav: {'over: ' if alert.is_over else ''}{alert.cause.removeprefix(PREFIX)}"
    text = f"{'Over: ' if alert.is_over else ''}{alert.message} (since {alert.raised_at:%Y-%m-%d %H:%M} UTC)"
    found: list[BaseNotifier] = []
    if wanted.email:
        body = f"<p>{html.escape(text)}</p>"
        found.append(
            SmtpNotifier(to=list(wanted.email), subject=subject, html_content=body, smtp_conn_id=SMTP)
        )
    if wanted.webhook:
        found.append(HttpNotifier(http_conn_id=WEBHOOK, endpoint="", json={"text": f"*{subject}*\n{text}"}))
    return found
