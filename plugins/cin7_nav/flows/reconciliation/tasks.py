"""The reconciliation as Airflow tasks call it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowFailException

from cin7_nav.flows.companies import at_work, of_dag
from cin7_nav.flows.invoices.tasks import Desk, desk
from cin7_nav.flows.invoices.translate import InvalidMappings
from cin7_nav.flows.reconciliation import report
from cin7_nav.flows.reconciliation.run import Both, Outcome, period, reconcile
from cin7_nav.mappings import Mappings, load
from cin7_nav.sensors.webhook_landed import owner
from cin7_nav.store import retention

log = logging.getLogger(__name__)

PAGES = "/cin7-nav/reconciliations"
"""Where the pages are served, on Airflow's own server and for people who may read this DAG."""


def range_of(params: Mapping[str, Any], today: dt.date) -> tuple[dt.date, dt.date]:
    """What to compare: the dates given; else from the first day of the last month until yesterday."""
    first, last = (dt.date.fromisoformat(text) if text else None for text in (params["from"], params["to"]))
    until = last or today - dt.timedelta(days=1)
    month_before = (until.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    return first or month_before, until


def compared(at: Desk, mappings: Mappings, first: dt.date, last: dt.date, run: str) -> Outcome:
    """Compare, and write the report. Raises `PeriodError`, `hooks.errors.VendorError`."""
    today = dt.datetime.now(dt.UTC).date()
    asked = period(first, last, mappings.company.go_live, today)
    both = Both(at.database, at.cin7, at.nav, mappings, at.reference(mappings))
    outcome = reconcile(both, asked, run)
    report.write(at.database, outcome.id)
    return outcome


class _Page(BaseOperatorLink):
    """Leads from the task to a page of its run."""

    path = ""

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        identity = getattr(operator, "reconciliation_id", None)
        company = of_dag(ti_key.dag_id)
        whose = f"/{company.key}" if company.suffix else ""
        return f"{PAGES}{whose}/{identity}{self.path}" if identity else ""


class ReportPage(_Page):
    name = "Report"


class CertificatePage(_Page):
    name = "Certificate"
    path = "/certificate"


class CsvFile(_Page):
    name = "CSV"
    path = "/differences.csv"


class ReconcileOperator(BaseOperator):
    """Compares both systems over the run's range. Returns the id of the reconciliation and counts."""

    operator_extra_links = (ReportPage(), CertificatePage(), CsvFile())

    def execute(self, context: Any) -> dict[str, Any]:
        first, last = range_of(context["params"], dt.datetime.now(dt.UTC).date())
        mappings = load(at_work(context).mappings)
        if not isinstance(mappings, Mappings):
            raise InvalidMappings(mappings)
        with desk(context) as at:
            outcome = compared(at, mappings, first, last, owner(context))
        self.reconciliation_id = outcome.id
        log.info("Compared %s to %s: %s", first, last, outcome)
        return {
            "id": outcome.id,
            "documents": outcome.documents,
            "differences": outcome.differences,
            "amount": str(outcome.amount),
            "closed": outcome.closed,
        }


def check_threshold(params: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raises AirflowFailException where there is more difference than was asked to tolerate."""
    if message := above(params.get("max_differences"), params.get("max_amount"), found):
        raise AirflowFailException(message)


def above(most: int | None, most_amount: str | None, found: Mapping[str, Any]) -> str:
    """What is above a threshold, as a sentence; empty where nothing is. Raises ValueError for a bad
    amount."""
    if most is not None and found["differences"] > most:
        return f"{found['differences']} differences, more than the {most} that are tolerated"
    try:
        limit = Decimal(most_amount) if most_amount else None
    except InvalidOperation:
        raise ValueError(f"{most_amount!r} is not an amount") from None
    if limit is not None and Decimal(found["amount"]) > limit:
        return f"differences of {found['amount']} in all, more than the {limit} that are tolerated"
    return ""


def expire(context: Mapping[str, Any], days: int) -> dict[str, int]:
    """Delete what may expire: payloads, events' bodies and reports older than so many days."""
    with desk(context) as at:
        gone = retention.expire(at.database, dt.timedelta(days=days))
    log.info("Expired: %s", gone)
    return gone
