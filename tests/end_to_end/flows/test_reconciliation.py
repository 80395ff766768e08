"""Reconciliation and replay as people start them: on the whole running stack, the report read over HTTP."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import pytest
import requests
from cin7_nav.store import alerts
from cin7_nav.store.database import Database

from stack.startup import embedded_postgres
from tests.end_to_end.installation import UNFINISHED, Installation, eventually

pytestmark = pytest.mark.long


def ended(installation: Installation, dag: str, **conf: Any) -> str:
    """A run of a DAG with these parameters, once it has come to an end."""
    run = installation.airflow.start(dag, **conf)
    eventually(lambda: installation.airflow.run_state(dag, run) not in UNFINISHED, 90)
    return run


def states(installation: Installation, dag: str, run: str) -> dict[str, str]:
    return {name: row["state"] for name, row in installation.airflow.tasks(run, dag).items()}


def standing(installation: Installation) -> list[str]:
    """Causes that people are to be told of."""
    settings = installation.airflow.settings
    server = embedded_postgres(settings)
    assert server is not None
    dsn = server.dsn("cin7_nav", settings.secret("postgres-cin7-nav"))
    with contextlib.closing(Database(dsn)) as database:
        return [one.cause for one in alerts.standing(database)]


def test_a_planted_error_is_reported_replayed_and_gone(installation: Installation) -> None:
    airflow, today = installation.airflow, dt.datetime.now(dt.UTC).date()
    posted, unread = installation.sale(announce=True), installation.sale(announce=False)
    eventually(lambda: installation.is_posted(posted))
    installation.wait_until_quiet()
    days = {"from": str(today), "to": str(today)}

    run = ended(installation, "reconciliation", max_differences=0, **days)
    assert states(installation, "reconciliation", run) == {
        "compare": "success",
        "judge": "failed",
        "expire": "success",
    }
    eventually(lambda: "failed: reconciliation.judge" in standing(installation))
    links = airflow._get(f"dags/reconciliation/dagRuns/{run}/taskInstances/compare/links")
    address = f"{airflow.settings.airflow_server}{links['extra_links']['Report']}"
    assert requests.get(address, timeout=10).status_code == 401
    page = airflow._session.get(address, timeout=10)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert f"<td>{unread['number']}</td>" in page.text
    assert "never_read" in page.text
    assert f"<td>{posted['number']}</td>" not in page.text
    for path in ("certificate", "differences.csv"):
        assert airflow._session.get(f"{address}/{path}", timeout=10).status_code == 200
    assert (
        airflow._session.get(
            f"{airflow.settings.airflow_server}/cin7-nav/reconciliations/999999", timeout=10
        ).status_code
        == 404
    )

    wanted = {"documents": [unread["number"]]}
    dry = ended(installation, "replay", **wanted)
    assert states(installation, "replay", dry) == {"plan": "success", "act": "skipped"}
    assert not installation.is_posted(unread)
    done = ended(installation, "replay", dry_run=False, **wanted)
    assert states(installation, "replay", done) == {"plan": "success", "act": "success"}
    assert installation.postings(posted, unread) == [1, 1]

    run = ended(installation, "reconciliation", max_differences=0, **days)
    assert airflow.run_state("reconciliation", run) == "success"
    eventually(lambda: "failed: reconciliation.judge" not in standing(installation))
