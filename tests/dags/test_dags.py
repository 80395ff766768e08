"""Every DAG loads without a database, quickly, and says what it is, whose it is and when it runs."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable, CronTriggerTimetable
from airflow.sdk.definitions.timetables.simple import NullTimetable
from airflow.serialization.serialized_objects import DagSerialization
from cin7_nav.flows.assets import poll_due, staged
from cin7_nav.flows.companies import named, served
from cin7_nav.flows.decisions import asking

ONLY = named("default")
POLL_DUE, STAGED = poll_due(ONLY), staged(ONLY)
DAGS = Path(__file__).resolve().parents[2] / "dags"
NAMES = sorted(path.stem for path in DAGS.glob("*.py"))


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(DAGS)


@pytest.fixture(params=NAMES)
def dag(request: pytest.FixtureRequest, bag: DagBag) -> Any:
    """Each DAG; it is called like its file."""
    return bag.dags[request.param]


def test_every_file_is_one_dag_and_loads(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert sorted(bag.dags) == NAMES
    assert not [stat for stat in bag.dagbag_stats if stat.warning_num]


def test_dags_load_fast(bag: DagBag) -> None:
    """They are read again every few seconds."""
    again = DagBag(DAGS)
    assert sum((stat.duration for stat in again.dagbag_stats), dt.timedelta()) < dt.timedelta(seconds=2)


def test_whoever_forks_tasks_has_loaded_all_that_dags_import_of_ours() -> None:
    """Else each task of each run does."""
    program = (
        "import runpy, sys; import cin7_nav_plugin; before = set(sys.modules);"
        " [runpy.run_path(path) for path in sys.argv[1:]];"
        " print(*sorted({name for name in sys.modules if name.startswith('cin7_nav')} - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, DAGS.glob("*.py"))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == []


def test_every_dag_can_be_shown_by_the_server(dag: Any) -> None:
    assert DagSerialization.to_dict(dag)["dag"]["dag_id"] == dag.dag_id


def test_every_dag_has_an_owner_tags_and_a_description(dag: Any) -> None:
    assert {task.owner for task in dag.tasks} == {"cin7-nav"}
    assert "cin7-nav" in dag.tags
    assert dag.doc_md.startswith("### ")
    assert "Warning" not in dag.doc_md


def test_every_task_is_repeated_after_a_pause(dag: Any) -> None:
    for task in dag.tasks:
        assert task.retries >= 2
        assert task.retry_delay >= dt.timedelta(seconds=10)


def test_no_dag_runs_what_was_missed_by_itself(dag: Any) -> None:
    """Backfills are asked for by people."""
    assert dag.catchup is False
    assert dag.start_date is None or dag.start_date.tzinfo is not None


def test_few_runs_of_a_dag_work_at_once(dag: Any) -> None:
    """Those of `decisions` do not work, they wait for people."""
    assert dag.max_active_runs <= 4 or dag.dag_id == "decisions"


def test_every_parameter_has_a_type_a_title_and_a_description(dag: Any) -> None:
    for name in dag.params:
        param = dag.params.get_param(name)
        assert {"type", "title"} <= set(param.schema), name
        assert param.description, name
        param.resolve()


# --- invoices_to_journal ---


@pytest.fixture
def invoices(bag: DagBag) -> Any:
    return bag.dags["invoices_to_journal"]


def test_invoices_run_daily_on_landed_events_and_when_polling_is_due(invoices: Any) -> None:
    schedule = invoices.timetable
    assert isinstance(schedule, AssetOrTimeSchedule)
    assert isinstance(schedule.timetable, CronDataIntervalTimetable)
    assert schedule.timetable.timezone == "UTC"
    assets = {asset.name: asset for asset in schedule.asset_condition.objects}
    assert set(assets) == {"cin7_nav.invoices.landed", POLL_DUE.name}
    (watcher,) = assets["cin7_nav.invoices.landed"].watchers
    assert type(watcher.trigger).__name__ == "WebhookLandedTrigger"


def test_invoices_go_step_by_step(invoices: Any) -> None:
    order = ["landed", "collect", "deliver", "settle", "read_on"]
    assert {task.task_id for task in invoices.tasks} == {*order, "staged", "ask"}
    for before, after in pairwise(order):
        assert after in invoices.get_task(before).downstream_task_ids
    assert [asset.name for asset in invoices.get_task("read_on").outlets] == [POLL_DUE.name]
    assert "ask" in invoices.get_task("settle").downstream_task_ids


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("documents", ["INV-1"], "INV-1"),
        ("from", "2026-11-01", "1/11/2026"),
        ("to", None, 5),
        ("dry_run", True, "yes"),
        ("listen", True, "yes"),
    ],
)
def test_the_form_refuses_what_it_cannot_mean(invoices: Any, name: str, good: Any, bad: Any) -> None:
    param = invoices.params.get_param(name)
    assert param.resolve(good) == good
    with pytest.raises(ValueError, match="Failed validating"):
        param.resolve(bad)


# --- parties_both_ways ---


@pytest.fixture
def parties(bag: DagBag) -> Any:
    return bag.dags["parties_both_ways"]


def test_parties_run_daily_on_landed_events_and_when_polling_is_due(parties: Any) -> None:
    schedule = parties.timetable
    assert isinstance(schedule, AssetOrTimeSchedule)
    assert isinstance(schedule.timetable, CronDataIntervalTimetable)
    assets = {asset.name for asset in schedule.asset_condition.objects}
    assert assets == {"cin7_nav.parties.landed", POLL_DUE.name}


def test_one_run_at_a_time_writes_parties(parties: Any) -> None:
    assert parties.max_active_runs == 1


def test_parties_go_step_by_step_and_tell_the_other_flows(parties: Any) -> None:
    for before, after in pairwise(["landed", "collect", "carry", "settle", "ask"]):
        assert after in parties.get_task(before).downstream_task_ids
    go_on = parties.get_task("go_on")
    assert go_on.is_mapped
    assert go_on.upstream_task_ids == {"carry"}
    assert [asset.name for asset in go_on.outlets] == [POLL_DUE.name]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("parties", ["V00010"], "V00010"), ("dry_run", True, "yes"), ("listen", True, "yes")],
)
def test_the_form_of_the_parties_refuses_what_it_cannot_mean(
    parties: Any, name: str, good: Any, bad: Any
) -> None:
    param = parties.params.get_param(name)
    assert param.resolve(good) == good
    with pytest.raises(ValueError, match="Failed validating"):
        param.resolve(bad)


# --- journals_posted ---


@pytest.fixture
def posted(bag: DagBag) -> Any:
    return bag.dags["journals_posted"]


def test_a_run_that_staged_something_starts_the_wait_for_its_posting(invoices: Any, posted: Any) -> None:
    staged = invoices.get_task("staged")
    assert staged.upstream_task_ids == {"deliver"}
    assert [asset.name for asset in staged.outlets] == [STAGED.name]
    assert [asset.name for asset in posted.timetable.asset_condition.objects] == [STAGED.name]


def test_one_run_at_a_time_waits_for_what_is_staged(posted: Any) -> None:
    assert posted.max_active_runs == 1
    assert [task.task_id for task in posted.topological_sort()] == ["posted", "settle", "wait_on"]
    assert posted.get_task("posted").timeout <= dt.timedelta(days=1).total_seconds()
    assert [asset.name for asset in posted.get_task("wait_on").outlets] == [STAGED.name]


def test_saying_that_something_is_staged_takes_no_process_where_nothing_is(
    invoices: Any, posted: Any
) -> None:
    """A task that is mapped over an empty list is skipped by the scheduler."""
    assert invoices.get_task("staged").is_mapped
    assert posted.get_task("wait_on").is_mapped


# --- polling ---


def test_polling_rings_by_the_clock(bag: DagBag) -> None:
    polling = bag.dags["polling"]
    assert isinstance(polling.timetable, CronTriggerTimetable)
    (task,) = polling.tasks
    assert [asset.name for asset in task.outlets] == [POLL_DUE.name]


# --- decisions ---


@pytest.fixture
def decisions(bag: DagBag) -> Any:
    return bag.dags["decisions"]


def test_decisions_are_asked_for_by_flows_alone(decisions: Any) -> None:
    assert isinstance(decisions.timetable, NullTimetable)
    assert decisions.dag_id == asking.DAG_ID


def test_an_answer_is_recorded_and_rings_the_flows(decisions: Any) -> None:
    assert [task.task_id for task in decisions.topological_sort()] == ["ask", "record"]
    assert decisions.get_task("ask").downstream_task_ids == {"record"}
    assert [asset.name for asset in decisions.get_task("record").outlets] == [POLL_DUE.name]


def test_many_people_can_be_asked_at_once_and_have_time(decisions: Any) -> None:
    assert decisions.max_active_runs >= 100
    assert decisions.dagrun_timeout is None
    assert decisions.get_task("ask").execution_timeout is None


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("document", 7, "INV-1"),
        ("review", 7, "V00010"),
        ("shown_hash", "c0ffee", 7),
        ("question", "held_by_rule", "account_unmapped"),
    ],
)
def test_a_decision_is_about_what_can_be_decided(decisions: Any, name: str, good: Any, bad: Any) -> None:
    param = decisions.params.get_param(name)
    assert param.resolve(good) == good
    with pytest.raises(ValueError, match="Failed validating"):
        param.resolve(bad)


# --- schedule.yaml ---


def test_a_mistake_in_the_schedule_stops_nothing_and_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schedule.yaml").write_text('poll: "every now and then"\nsweep: "15 4 * * *"\n')
    monkeypatch.setenv("CIN7_NAV_SCHEDULE", str(tmp_path / "schedule.yaml"))
    bag = DagBag(DAGS)
    assert bag.import_errors == {}
    polling, invoices = bag.dags["polling"], bag.dags["invoices_to_journal"]
    assert polling.timetable.expression == "*/15 * * * *"
    assert invoices.timetable.timetable.expression == "15 4 * * *"
    assert "**Warning, schedule.yaml:**" in polling.doc_md
    assert "### Poll due" in polling.doc_md


def test_without_a_schedule_the_default_applies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIN7_NAV_SCHEDULE", str(tmp_path / "schedule.yaml"))
    bag = DagBag(DAGS)
    assert bag.import_errors == {}
    assert bag.dags["polling"].timetable.expression == "*/15 * * * *"


# --- several companies ---


@pytest.fixture
def several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagBag]:
    """The DAGs of an installation for two companies."""
    file = tmp_path / "companies.yaml"
    file.write_text("companies:\n  acme:\n  zenith:\n")
    monkeypatch.setenv("CIN7_NAV_COMPANIES", str(file))
    served.cache_clear()
    yield DagBag(DAGS)
    monkeypatch.undo()
    served.cache_clear()


def test_every_company_has_every_dag_and_no_asset_of_another(several: DagBag) -> None:
    assert several.import_errors == {}
    assert set(several.dags) == {f"{name}__{key}" for name in NAMES for key in ("acme", "zenith")}
    for dag_id, dag in several.dags.items():
        key = dag_id.partition("__")[2]
        assert key in dag.tags
        outlets = {asset.name for task in dag.tasks for asset in task.outlets}
        condition = getattr(dag.timetable, "asset_condition", None)
        started_by = {asset.name for asset in condition.objects} if hasattr(condition, "objects") else set()
        assert all(name.endswith(f"__{key}") for name in outlets | started_by)
        if "ask" in dag.task_ids and dag.get_task("ask").is_mapped:
            assert dag.get_task("ask").partial_kwargs["trigger_dag_id"] == f"decisions__{key}"


def test_a_mistake_in_companies_yaml_is_an_import_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "companies.yaml"
    file.write_text("companies:\n  Acme:\n")
    monkeypatch.setenv("CIN7_NAV_COMPANIES", str(file))
    served.cache_clear()
    errors = DagBag(DAGS).import_errors
    monkeypatch.undo()
    served.cache_clear()
    assert len(errors) == len(NAMES)
    assert all("companies.yaml:2" in error for error in errors.values())
