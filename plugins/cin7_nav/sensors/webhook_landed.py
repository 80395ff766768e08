"""The first task of a flow: looks whether there is something in the inbox."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import BaseHook, BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, TaskDeferred

from cin7_nav.store import inbox
from cin7_nav.store.database import ONLY_COMPANY, Database
from cin7_nav.triggers.webhook_landed import CONNECTION, WebhookLandedTrigger

GRACE = dt.timedelta(seconds=60)
"""How much longer than the trigger itself Airflow waits for it: only for when no triggerer runs."""


def owner(context: Context) -> str:
    """The name under which the tasks of a run hold what they work on: dag id and run id."""
    run = context["dag_run"]
    return f"{run.dag_id}/{run.run_id}"


class WebhookLandedSensor(BaseSensorOperator):
    """Succeeds where events of `flow` wait, or where the run is about something else.

    A run is about landed events when nothing but rings of `WebhookLandedTrigger` for this flow started it.
    One that finds none is skipped with all that follows: the run before it has taken them. A run that was
    started by hand with the parameter `listen: true` waits, deferred, for at most `timeout` seconds and then
    goes on in any case. It never claims. The return value is the number of waiting events that it saw.
    """

    def __init__(
        self, *, flow: str, company: str = ONLY_COMPANY, timeout: float = 10.0, **kwargs: Any
    ) -> None:
        super().__init__(timeout=timeout, **kwargs)
        self.flow = flow
        self.company = company

    def execute(self, context: Context) -> int:
        database = Database.from_connection(BaseHook.get_connection(CONNECTION), self.company)
        try:
            waiting = inbox.claimable(database, self.flow, owner(context))
        finally:
            database.close()
        self.log.info("%d events of %s wait", waiting, self.flow)
        if not waiting and context["params"].get("listen"):
            raise TaskDeferred(
                trigger=WebhookLandedTrigger(self.flow, wait=self.timeout, company=self.company),
                method_name=self.landed.__name__,
                timeout=dt.timedelta(seconds=self.timeout) + GRACE,
            )
        if not waiting and self._is_about_landed_events(context):
            raise AirflowSkipException("The run before this one has taken the events that rang for it")
        return waiting

    def landed(self, context: Context, event: dict[str, Any]) -> int:
        """The trigger rang, or gave up waiting."""
        self.log.info("%d events of %s wait", event["waiting"], self.flow)
        return int(event["waiting"])

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowSensorTimeout:
            self.log.warning("No triggerer answered in time; going on without waiting for events")
            return 0

    def _is_about_landed_events(self, context: Context) -> bool:
        rings = [event.extra for events in context["triggering_asset_events"].values() for event in events]
        return bool(rings) and all(self._is_ring(extra or {}) for extra in rings)

    def _is_ring(self, extra: dict[str, Any]) -> bool:
        payload = extra.get("payload")
        return (
            bool(extra.get("from_trigger")) and isinstance(payload, dict) and payload.get("flow") == self.flow
        )
