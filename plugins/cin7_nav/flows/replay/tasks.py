"""The replay as Airflow tasks and the command line call it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cin7_nav.flows.companies import at_work
from cin7_nav.flows.invoices.reference import FRESH
from cin7_nav.flows.invoices.tasks import Desk, desk
from cin7_nav.flows.invoices.translate import InvalidMappings
from cin7_nav.flows.replay.act import Refusal, act
from cin7_nav.flows.replay.plan import Plan, plan
from cin7_nav.flows.replay.selection import SelectionError, read
from cin7_nav.mappings import Mappings, load
from cin7_nav.mappings.facts import Field
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store.documents import Run

log = logging.getLogger(__name__)


def planned(at: Desk, mappings: Mappings, params: Mapping[str, Any], run: Run) -> Plan:
    """Raises `SelectionError`, `hooks.errors.VendorError`."""
    selection = read(params, dt.datetime.now(dt.UTC).date())
    reference = at.reference(mappings)
    reference.refresh(FRESH, products=mappings.asks_for(Field.CATEGORY))
    settings = at.cin7.settings
    buckets = len(settings.keys) if settings.extra.limit_scope == "key" else 1
    return plan(at.database, selection, run, settings.extra.calls_per_minute * buckets, mappings, reference)


def write_plan(context: Mapping[str, Any]) -> dict[str, Any]:
    """The first task: the plan goes into the log; counts into XCom. Fails for good where it is refused."""
    with desk(context) as at:
        made = _planned(at, context)
    for line in made.told():
        log.info("%s", line)
    if made.refusal and not context["params"]["dry_run"]:
        raise AirflowFailException(made.refusal)
    return {
        "documents": made.chosen.documents,
        "orders": len(made.chosen.orders),
        "cin7_calls": made.cin7_calls,
        "nav_calls": made.nav_calls,
        "seconds": round(made.lasts.total_seconds()),
    }


def carry_out(context: Mapping[str, Any]) -> dict[str, int]:
    """The second task."""
    if context["params"]["dry_run"]:
        raise AirflowSkipException("A dry run: the plan is in the log of the task before")
    with desk(context) as at:
        try:
            outcome = act(at, _mappings(context), _planned(at, context), _run(context))
        except Refusal as refusal:
            raise AirflowFailException(str(refusal)) from None
    log.info("Replayed: %s", dict(outcome))
    return dict(outcome)


def _planned(at: Desk, context: Mapping[str, Any]) -> Plan:
    try:
        return planned(at, _mappings(context), context["params"], _run(context))
    except SelectionError as error:
        raise AirflowFailException(str(error)) from None


def _mappings(context: Mapping[str, Any]) -> Mappings:
    mappings = load(at_work(context).mappings)
    if not isinstance(mappings, Mappings):
        raise InvalidMappings(mappings)
    return mappings


def _run(context: Mapping[str, Any]) -> Run:
    return Run(owner(context), "replay")
