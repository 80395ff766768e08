"""Waits for NAV and its people to post what lies there to be posted."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import BaseHook, BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, TaskDeferred

from cin7_nav.hooks.nav import NavHook
from cin7_nav.store.database import ONLY_COMPANY
from cin7_nav.triggers.journal_posted import JournalPostedTrigger, look_over
from cin7_nav.triggers.webhook_landed import CONNECTION


class JournalPostedSensor(BaseSensorOperator):
    """Succeeds when NAV has posted a staged document, or somebody has deleted its lines there.

    NAV is asked at once, and from then on by the trigger, while the task is deferred and holds no worker.
    Skipped where nothing is staged, and where nothing happens within `timeout` seconds: polling goes on to
    look. The return value is the number of documents that lie in NAV no more.
    """

    def __init__(
        self,
        *,
        company: str = ONLY_COMPANY,
        nav_conn_id: str = NavHook.default_conn_name,
        timeout: float = 12 * 3600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(timeout=timeout, **kwargs)
        self.company = company
        self.nav_conn_id = nav_conn_id

    def execute(self, context: Context) -> int:
        ours, navs = BaseHook.get_connection(CONNECTION), BaseHook.get_connection(self.nav_conn_id)
        found = look_over(ours, navs, self.company)
        self.log.info(
            "%d documents are staged in NAV, %d of them lie there no more", found.staged, found.moved
        )
        if not found.staged:
            raise AirflowSkipException("Nothing lies in NAV to be posted")
        if not found.moved:
            raise TaskDeferred(
                trigger=JournalPostedTrigger(self.company, self.nav_conn_id),
                method_name=self.moved.__name__,
                timeout=dt.timedelta(seconds=self.timeout),
            )
        return found.moved

    def moved(self, context: Context, event: dict[str, Any]) -> int:
        """The trigger rang."""
        self.log.info("%d documents lie in NAV no more", event["moved"])
        return int(event["moved"])

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowSensorTimeout:
            raise AirflowSkipException("Nothing was posted in time; polling goes on to look") from None
