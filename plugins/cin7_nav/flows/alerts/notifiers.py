"""What Airflow calls when a task fails or succeeds, or a run is late: it raises or ends a cause.

Nothing is sent from here. The DAG `alerts` tells, so that a cause is told once, however often it is raised.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from airflow.sdk import BaseHook, BaseNotifier
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from cin7_nav.flows import companies
from cin7_nav.flows.companies import of_dag
from cin7_nav.store import alerts
from cin7_nav.store.database import Database
from cin7_nav.triggers.webhook_landed import CONNECTION


class FailureNotifier(BaseNotifier):
    """A task failed for good: one cause for each task, not for each run."""

    def notify(self, context: Any) -> None:
        cause, ti = _cause(context), context["ti"]
        error = str(context.get("exception") or "").splitlines()
        message = (
            f"{ti.dag_id}, task {ti.task_id}, run {ti.run_id}: {error[0][:300] if error else 'it failed'}"
        )
        with companies.database(of_dag(context["ti"].dag_id)) as database:
            alerts.arise(database, {cause: message})


class RecoveryNotifier(BaseNotifier):
    """The same task succeeded."""

    def notify(self, context: Any) -> None:
        with companies.database(of_dag(context["ti"].dag_id)) as database:
            alerts.end(database, _cause(context))
            alerts.end(database, late_cause(context["ti"].dag_id))


def _cause(context: Any) -> str:
    return f"failed: {context['ti'].dag_id}.{context['ti'].task_id}"


def late_cause(dag_id: str) -> str:
    return f"late: {dag_id}"


async def late(context: Any = None, *, dag_id: str, minutes: int) -> None:
    """A run took longer than it should have. Runs in the triggerer: what Airflow 3.3 runs in an executor may
    read no connection (its token is refused)."""
    found = await BaseHook.aget_connection(CONNECTION)
    message = f"a run of {dag_id} is not over {minutes} minutes after it was queued"
    database = Database.from_connection(found, of_dag(dag_id).key)
    await asyncio.to_thread(_arise, database, {late_cause(dag_id): message})


def _arise(database: Database, causes: dict[str, str]) -> None:
    try:
        alerts.arise(database, causes)
    finally:
        database.close()


def deadline(dag_id: str, interval: dt.timedelta) -> DeadlineAlert:
    """Says when a run of a DAG counts as late."""
    minutes = int(interval.total_seconds() // 60)
    callback = AsyncCallback(f"{__name__}.late", kwargs={"dag_id": dag_id, "minutes": minutes})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, interval, callback)


TOLD = {"on_failure_callback": [FailureNotifier()], "on_success_callback": [RecoveryNotifier()]}
"""For the `default_args` of a DAG: its failures are told, and its recovery."""
