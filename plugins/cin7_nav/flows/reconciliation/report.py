"""What people read of a reconciliation: a page with plots, a certificate of one page, a CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cin7_nav.flows.reconciliation.ledger import Row, together
from cin7_nav.store import figures
from cin7_nav.store import reconciliation as store
from cin7_nav.store.database import Database
from cin7_nav.store.reconciliation import Open, Reconciliation, Report

DAYS_SHOWN = 30

_COLUMNS = (
    "number", "day", "sort", "detail", "cin7_amount", "nav_amount", "amount", "cause", "message", "next_step",
    "fixer", "first_seen_at", "record",
)  # fmt: skip


def write(database: Database, identity: int) -> Report:
    """Make the report of a run and keep it. Everything in it is escaped, and nothing is fetched from
    elsewhere.

    Raises LookupError where there is no such run.
    """
    run = store.newest(database, identity)
    if run is None:
        raise LookupError(f"there is no reconciliation {identity}")
    found = store.still_open(database, run.first, run.last)
    environment = _environment()
    shared = {"run": run, "open": found, "style": Markup(_style(environment))}
    report = Report(
        environment.get_template("page.html").render(**shared, **_page(database, run, found)),
        environment.get_template("certificate.html").render(**shared, totals=_totals(run)),
        as_csv(found),
    )
    store.keep_report(database, identity, report)
    return report


def as_csv(found: Iterable[Open]) -> str:
    """A line for each difference; a text that a spreadsheet would take for a formula begins with an
    apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for one in found:
        writer.writerow([_safe(getattr(one, name)) for name in _COLUMNS])
    return out.getvalue()


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cin7_nav.flows.reconciliation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["money"] = lambda amount: f"{Decimal(amount):,.2f}"
    environment.filters["moment"] = lambda at: f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    return environment


def _style(environment: Environment) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, "style.css")[0]


def _page(database: Database, run: Reconciliation, found: Sequence[Open]) -> dict[str, Any]:
    days = figures.posted_by_day(database, DAYS_SHOWN)
    waiting = figures.waiting(database)
    apart = figures.drift(database)
    hours = [(one.cause, one.oldest.total_seconds() / 3600) for one in waiting]
    return {
        "amount": sum((abs(one.amount) for one in found), Decimal(0)),
        "carried": [_told(row) for row in _rows(run) if row.carried],
        "left": [_told(row) for row in _rows(run) if not row.carried],
        "posted": [_bar(f"{day.day}", day.posted) for day in days],
        "latency": [_bar(f"{day.day}", round(day.slow_s, 1)) for day in days],
        "waiting": [_bar(f"{one.cause} ({one.state})", one.records) for one in waiting],
        "ages": [_bar(cause, round(age, 1)) for cause, age in hours],
        "drift": [_bar(f"{one.location_code}: {one.items} items", one.value) for one in apart],
        "drift_pieces": [_bar(one.location_code, one.pieces) for one in apart],
        "budget": [_bar(one.bucket, one.allowed - one.free) for one in figures.budget(database)],
    }


def _bar(label: str, value: float | Decimal) -> dict[str, Any]:
    told = f"{value.normalize():,f}" if isinstance(value, Decimal) else f"{value:,}"
    return {"label": label, "value": float(value), "told": told}


def _rows(run: Reconciliation) -> list[Row]:
    return [
        Row(
            row["month"],
            row["account"],
            set(row["nav"]),
            Decimal(row["cin7_amount"]),
            Decimal(row["nav_amount"]),
            row["carried"],
            row["why"],
        )
        for row in run.accounts
    ]


def _totals(run: Reconciliation) -> list[Mapping[str, Any]]:
    """The whole period by account, carried ones alone."""
    rows = [row for row in _rows(run) if row.carried]
    for row in rows:
        row.month = ""
    return [_told(row) for row in together(rows)]


def _told(row: Row) -> Mapping[str, Any]:
    return row.as_json() | {"difference": row.nav_amount - row.cin7_amount}
