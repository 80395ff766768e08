"""What a run is about, read from what started it."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.api.datamodels._generated import DagRunType
from cin7_nav.flows.invoices.collect import Occasion
from cin7_nav.flows.invoices.tasks import assignment
from cin7_nav.store.documents import Scope

DAY, NEXT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC), dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def context(
    run_type: str, rung: tuple[str, ...] = (), start: Any = None, end: Any = None, **params: Any
) -> dict[str, Any]:
    events = [SimpleNamespace(asset=SimpleNamespace(name=name)) for name in rung]
    return {
        "dag_run": SimpleNamespace(
            dag_id="invoices_to_journal", run_id="run-1", run_type=DagRunType(run_type)
        ),
        "params": params,
        "data_interval_start": start,
        "data_interval_end": end,
        "triggering_asset_events": {event.asset.name: [event] for event in events},
    }


LANDED, POLL_DUE = "cin7_nav.invoices.landed", "cin7_nav.poll_due"


@pytest.mark.parametrize(
    ("given", "occasion", "scope", "found_by"),
    [
        (context("asset_triggered", (LANDED,)), Occasion.LANDED, Scope(), "webhook"),
        (context("asset_triggered", (POLL_DUE,)), Occasion.POLL, Scope(), "poll"),
        (context("asset_triggered", (LANDED, POLL_DUE)), Occasion.POLL, Scope(), "poll"),
        (
            context("scheduled", start=DAY, end=NEXT),
            Occasion.DAY,
            Scope(since=DAY.date(), until=DAY.date()),
            "sweep",
        ),
        (
            context("scheduled", start=DAY.replace(hour=2), end=NEXT.replace(hour=2)),
            Occasion.DAY,
            Scope(since=DAY.date(), until=DAY.date()),
            "sweep",
        ),
        (
            context("backfill", start=DAY, end=NEXT + dt.timedelta(days=2)),
            Occasion.DAY,
            Scope(since=DAY.date(), until=dt.date(2026, 11, 22)),
            "sweep",
        ),
        (
            context("backfill", start=DAY, end=DAY),
            Occasion.DAY,
            Scope(since=DAY.date(), until=DAY.date()),
            "sweep",
        ),
        (context("manual"), Occasion.POLL, Scope(), "poll"),
        (context("manual", documents=[" ", ""]), Occasion.POLL, Scope(), "poll"),
        (
            context("manual", documents=[" INV-1 ", "SO-2"]),
            Occasion.NAMED,
            Scope(numbers=("INV-1", "SO-2")),
            "manual",
        ),
        (
            context("manual", **{"from": "2026-11-01", "to": "2026-11-03"}),
            Occasion.DAY,
            Scope(since=dt.date(2026, 11, 1), until=dt.date(2026, 11, 3)),
            "sweep",
        ),
        (
            context("manual", to="2026-11-03"),
            Occasion.DAY,
            Scope(since=dt.date(2026, 11, 3), until=dt.date(2026, 11, 3)),
            "sweep",
        ),
    ],
)
def test_each_kind_of_run_has_its_own_work(
    given: dict[str, Any], occasion: Occasion, scope: Scope, found_by: str
) -> None:
    work = assignment(given)
    assert (work.occasion, work.scope, work.run.found_by) == (occasion, scope, found_by)
    assert work.run.name == "invoices_to_journal/run-1"
    assert not work.dry_run


def test_a_landed_run_carries_only_what_it_collected() -> None:
    work = assignment(context("asset_triggered", (LANDED,)))
    assert work.carried == Scope(run="invoices_to_journal/run-1")
    assert not work.waits_for_nobody


@pytest.mark.parametrize(
    "given",
    [
        context("asset_triggered", (POLL_DUE,)),
        context("scheduled", start=DAY, end=NEXT),
        context("manual", documents=["INV-1"]),
    ],
)
def test_every_other_run_carries_what_waits_too(given: dict[str, Any]) -> None:
    work = assignment(given)
    assert work.carried == work.scope
    assert work.waits_for_nobody


def test_a_dry_run_is_told() -> None:
    assert assignment(context("manual", dry_run=True)).dry_run


@pytest.mark.parametrize(
    "params",
    [
        {"documents": ["INV-1"], "from": "2026-11-01"},
        {"from": "2026-11-03", "to": "2026-11-01"},
        {"from": "the first"},
    ],
    ids=["two answers", "empty range", "no date"],
)
def test_contradictions_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"range|isoformat"):
        assignment(context("manual", **params))
