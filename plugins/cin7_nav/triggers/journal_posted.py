"""Rings when something that lay in NAV to be posted lies there no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import psycopg2
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from cin7_nav.hooks.channel import JournalName, NavChannel
from cin7_nav.hooks.errors import VendorError
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_channel import nav_channel
from cin7_nav.model import State
from cin7_nav.store import deliveries
from cin7_nav.store.database import ONLY_COMPANY, Database
from cin7_nav.store.documents import Scope
from cin7_nav.triggers.webhook_landed import CONNECTION

FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 300.0
"""Between two looks at NAV: NAV's own job queue posts within a minute, people take hours."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at NAV found."""

    staged: int
    """Documents of which we know no more than that they lie in NAV to be posted."""
    moved: int
    """How many of these have no lines there any more: NAV posted them, or somebody deleted them."""


def look(database: Database, nav: NavChannel) -> Look:
    """Ask NAV for the batches of all staged documents, as many in a call as a filter names."""
    staged = moved = 0
    for page in deliveries.staged_pages(database, Scope()):
        names = [
            JournalName(one.delivery.template, one.delivery.batch_code, one.delivery.nav_document_no)
            for one in page
            if one.state is State.STAGED
        ]
        found = nav.find_journals(names)
        staged += len(names)
        moved += sum(name.code not in found or not found[name.code].lines for name in names)
    return Look(staged, moved)


def look_over(ours: Connection, navs: Connection, company: str) -> Look:
    """A look over these two Airflow connections, to our database and to the NAV of a company."""
    database = Database.from_connection(ours, company)
    try:
        return look(database, nav_channel(NavHook(connection=navs, database=database)))
    finally:
        database.close()


class JournalPostedTrigger(BaseTrigger):
    """Rings once when NAV has posted a staged document, or somebody has deleted its lines there.

    Also when nothing is staged any more, because another run has found out. It only rings: what became of
    the documents finds out and writes down who is woken. It asks rarer the longer nothing happens, goes on
    when NAV or our database don't answer, and keeps nothing between two looks: a triggerer that takes over
    begins with a look of its own. How long to wait says the deferred task's timeout.
    """

    def __init__(self, company: str = ONLY_COMPANY, nav_conn_id: str = NavHook.default_conn_name) -> None:
        super().__init__()
        self.company = company
        self.nav_conn_id = nav_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        kwargs = {"company": self.company, "nav_conn_id": self.nav_conn_id}
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event with the payload `{"moved": <documents that lie in NAV no more>}`."""
        pause = FIRST_PAUSE_S
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            try:
                ours = await BaseHook.aget_connection(CONNECTION)
                navs = await BaseHook.aget_connection(self.nav_conn_id)
                found = await asyncio.to_thread(look_over, ours, navs, self.company)
            except (VendorError, psycopg2.Error, AirflowException) as error:
                self.log.warning(
                    "Staged documents can't be looked at (%s); again in %.0f s", type(error).__name__, pause
                )
                continue
            if found.moved or not found.staged:
                yield TriggerEvent({"moved": found.moved})
                return
