"""Which runs are started for what is held."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from airflow.sdk import dag, task
from cin7_nav.flows.companies import named
from cin7_nav.flows.decisions import asking
from cin7_nav.model import State
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run

from tests.flows.decisions.conftest import RUN, Put
from tests.samples import document


def test_a_run_is_started_for_each_held_document_once(database: Database, put: Put) -> None:
    stored, twin = put(), put(document("INV-2"), "twin_in_nav")
    put(document("INV-3"), state=State.READY)
    first, second = asking.to_ask(database, RUN)
    assert first["conf"] == {
        "document": stored.id,
        "shown_hash": stored.shown_hash,
        "question": "held_by_rule",
    }
    assert second["conf"]["document"] == twin.id
    assert [one["trigger_run_id"].split("__")[1] for one in (first, second)] == ["INV-1", "INV-2"]
    assert asking.to_ask(database, Run("invoices_to_journal/run-2")) == []


def test_a_run_that_is_repeated_starts_the_same_runs(database: Database, put: Put) -> None:
    put()
    assert asking.to_ask(database, RUN) == asking.to_ask(database, RUN) != []


def test_the_run_that_asked_for_nothing_starts_anew(database: Database, put: Put) -> None:
    put()
    (asked,) = asking.to_ask(database, RUN)
    put(state=State.READY)
    assert asking.to_withdraw(database) == [{**asked, "reset_dag_run": True}]
    assert asking.to_withdraw(database) == []


@pytest.mark.parametrize(("dry_run", "asked"), [(False, 1), (True, 0)])
@pytest.mark.usefixtures("airflow_connection")
def test_a_run_asks_unless_it_is_a_dry_one(put: Put, dry_run: bool, asked: int) -> None:
    put()
    run = SimpleNamespace(dag_id="invoices_to_journal", run_id="run-1")
    assert len(asking.open_questions({"params": {"dry_run": dry_run}, "dag_run": run})) == asked


def test_nothing_held_starts_nothing(database: Database) -> None:
    assert asking.to_ask(database, RUN) == []


def test_the_task_starts_runs_of_the_dag_and_leaves_those_alone_that_exist() -> None:
    @dag(start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), schedule=None)
    def flow() -> None:
        @task
        def held() -> list[dict[str, object]]:
            return []

        asking.ask(held(), named("default"))

    operator = flow().get_task("ask")
    assert operator.is_mapped
    assert operator.upstream_task_ids == {"held"}
    assert operator.partial_kwargs["trigger_dag_id"] == "decisions"
    assert operator.partial_kwargs["skip_when_already_exists"] is True
    assert operator.partial_kwargs["logical_date"] is None
