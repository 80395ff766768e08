"""How the installation stands as figures for graphs, by Airflow's own metrics: StatsD or OpenTelemetry.

Where Airflow's section `metrics` switches neither on, nothing is sent. What tells figures apart is part of
their names, because plain StatsD knows no tags.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

from airflow.sdk.observability import stats

from cin7_nav.flows.status import Status
from cin7_nav.mappings.companies import Company
from cin7_nav.model import State
from cin7_nav.store.figures import Day

PREFIX = "cin7_nav"
KINDS = ("documents", "movements", "parties")


def figures(status: Status, today: Day | None, company: Company) -> dict[str, float]:
    """Each figure by its name; ages in seconds. Those that mean nothing now are left out."""
    found: Counter[str] = Counter()
    for state in State:
        found[f"documents.{state}"] = status.documents.get(state, 0)
        found[f"movements.{state}"] = status.movements.get(state, 0)
    for kind in KINDS:
        found[f"waiting.{kind}"] = 0
    for waiting in status.waiting:
        found[f"waiting.{waiting.what}"] += waiting.records
        found[f"waiting.{waiting.what}.{waiting.cause}"] += waiting.records
    ages: dict[str, float] = {
        f"waiting.{kind}.oldest_s": max(
            (one.oldest.total_seconds() for one in status.waiting if one.what == kind), default=0.0
        )
        for kind in KINDS
    }
    for flow in status.flows:
        found[f"events.{flow.flow}"] = flow.events
        found[f"posted_last_hour.{flow.flow}"] = flow.posted_last_hour
        ages[f"events.{flow.flow}.oldest_s"] = (flow.oldest_event or dt.timedelta()).total_seconds()
        if flow.catches_up_in is not None:
            ages[f"catches_up_in_s.{flow.flow}"] = flow.catches_up_in.total_seconds()
    for budget in status.budget:
        found[f"calls_free.{budget.bucket}"] = budget.free
        found[f"calls_allowed.{budget.bucket}"] = budget.allowed
    if today:
        ages |= {"posted_after_s.median": today.median_s, "posted_after_s.p95": today.slow_s}
    found["unreadable"] = status.unreadable
    found["to_apply"] = status.to_apply
    found["differences"] = len(status.differences)
    found["alerts"] = len(status.alerts)
    found["subscription_troubles"] = len(status.troubles)
    whose = f"{PREFIX}.{company.key}" if company.suffix else PREFIX
    return {f"{whose}.{name}": value for name, value in {**found, **ages}.items()}


def publish(named: Mapping[str, float]) -> None:
    """Hand the figures to Airflow, as gauges."""
    for name, value in named.items():
        stats.gauge(name, value)
