"""How the installation stands, as figures that Airflow's metrics carry."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from cin7_nav.flows.measures import figures
from cin7_nav.flows.status import Status
from cin7_nav.mappings.companies import Company
from cin7_nav.store.figures import Budget, Day, Flow, Waiting

HOUR = dt.timedelta(hours=1)
ONLY = Company("default", "", "", "", Path())
CALM = Status({}, {}, (), (), 0, 0, {}, {}, (), (), (), (), ())


def test_a_calm_installation_says_zero_of_everything_that_can_wait() -> None:
    found = figures(CALM, None, ONLY)
    assert found["cin7_nav.documents.needs_attention"] == 0
    assert found["cin7_nav.waiting.documents"] == 0
    assert found["cin7_nav.waiting.documents.oldest_s"] == 0
    assert "cin7_nav.posted_after_s.median" not in found


def test_with_several_companies_each_has_figures_of_its_own() -> None:
    found = figures(CALM, None, replace(ONLY, key="acme"))
    assert found["cin7_nav.acme.waiting.documents"] == 0
    assert "cin7_nav.waiting.documents" not in found


def test_what_waits_is_counted_by_cause_and_the_oldest_is_told() -> None:
    waiting = (
        Waiting("documents", "needs_attention", "account_unmapped", "mapping editor", 3, 2 * HOUR),
        Waiting("documents", "held", "held_by_rule", "accountant", 1, HOUR),
    )
    found = figures(replace(CALM, documents={"posted": 7, "held": 1}, waiting=waiting), None, ONLY)
    assert found["cin7_nav.documents.posted"] == 7
    assert found["cin7_nav.waiting.documents"] == 4
    assert found["cin7_nav.waiting.documents.account_unmapped"] == 3
    assert found["cin7_nav.waiting.documents.oldest_s"] == 7200


def test_latency_budget_and_backlog_are_told() -> None:
    flow = Flow("invoices", 5, HOUR, None, None, 0, 0, 0)
    status = replace(CALM, flows=(flow,), budget=(Budget("a1b2", 60, 12),))
    found = figures(status, Day(dt.date(2026, 11, 25), 9, 4.5, 20.25), ONLY)
    assert found["cin7_nav.posted_after_s.median"] == 4.5
    assert found["cin7_nav.posted_after_s.p95"] == 20.25
    assert found["cin7_nav.calls_free.a1b2"] == 12
    assert found["cin7_nav.events.invoices"] == 5
    assert found["cin7_nav.events.invoices.oldest_s"] == 3600
    # Nothing was posted in the last hour: when it will have caught up is not known.
    assert "cin7_nav.catches_up_in_s.invoices" not in found


def test_statsd_gets_them_as_a_task_sends_them() -> None:
    """In a process that sets its metrics up as Airflow's task runner does."""
    program = """
from airflow.sdk.execution_time.task_runner import stats, stats_utils
from cin7_nav.flows import measures
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
measures.publish({"cin7_nav.waiting.documents.account_unmapped": 3})
"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        variables = {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(server.getsockname()[1]),
        }
        subprocess.run([sys.executable, "-c", program], env=os.environ | variables, check=True)
        told = b""
        while not told.startswith(b"airflow.cin7_nav."):
            told = server.recv(1000)
        assert told == b"airflow.cin7_nav.waiting.documents.account_unmapped:3|g"
