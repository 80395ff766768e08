"""### Journals posted

Waits for NAV and its people to post what lies there to be posted: documents that a rule stages for people or
for NAV's own approval, and those that NAV's job queue is to post. Flows never wait: a run that stages
something starts this DAG, which has at most one run waiting.

**Steps.** `posted` waits, deferred and without a worker, until NAV has posted one of them or somebody has
deleted its lines there, for half a day at most; `settle` reads NAV's entries, compares the staged batches
with what was sent and writes down what it finds; `wait_on` starts the next run where something is left to
wait for.

Nothing depends on this DAG: polling finds the same within a quarter of an hour, this is only sooner.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import dag, get_current_context, task
from cin7_nav.flows.assets import staged as lies_in_nav
from cin7_nav.flows.companies import Company, served
from cin7_nav.flows.defaults import TASKS
from cin7_nav.flows.invoices import tasks
from cin7_nav.sensors.journal_posted import JournalPostedSensor


def make(company: Company) -> None:
    """The DAG of one company."""

    @dag(
        dag_id=company.dag_id("journals_posted"),
        schedule=[lies_in_nav(company)],
        start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        max_active_runs=1,
        default_args=TASKS,
        tags=["cin7-nav", *company.tags, "nav", "invoices"],
        doc_md=__doc__,
    )
    def journals_posted() -> None:
        posted = JournalPostedSensor(task_id="posted", company=company.key, nav_conn_id=company.nav)

        @task
        def settle() -> list[int]:
            waiting = tasks.follow_staged(get_current_context())
            return [waiting] if waiting else []

        @task(outlets=[lies_in_nav(company)])
        def wait_on(documents: int) -> None:
            """Skipped where nothing is left to wait for."""

        posted >> (settled := settle())
        wait_on.expand(documents=settled)

    journals_posted()


for each in served():
    make(each)
