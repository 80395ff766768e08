"""The assets that start runs, and the schedule that users edit."""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import Asset, AssetWatcher

from cin7_nav.flows.companies import ROOT
from cin7_nav.mappings import schedule
from cin7_nav.mappings.companies import Company
from cin7_nav.triggers.webhook_landed import WebhookLandedTrigger


def poll_due(company: Company) -> Asset:
    """Says to every flow: look for what no webhook announced. Updated by the DAG `polling`."""
    return _asset(company, "poll_due", "poll-due")


def staged(company: Company) -> Asset:
    """Says to the DAG `journals_posted`: documents lie in NAV to be posted."""
    return _asset(company, "staged", "staged")


def landed(flow: str, company: Company) -> Asset:
    """The asset that is updated whenever webhook events of the flow have landed."""
    watcher = AssetWatcher(
        name=f"{flow}_landed{company.suffix}", trigger=WebhookLandedTrigger(flow, company=company.key)
    )
    return _asset(company, f"{flow}.landed", f"landed/{flow}", watcher)


def _asset(company: Company, name: str, path: str, *watchers: AssetWatcher) -> Asset:
    place = f"/{company.key}" if company.suffix else ""
    return Asset(
        name=f"cin7_nav.{name}{company.suffix}", uri=f"cin7-nav://{path}{place}", group="cin7_nav",
        watchers=[*watchers],
    )  # fmt: skip


def load_schedule() -> tuple[schedule.Schedule, tuple[str, ...]]:
    """The crons of `CIN7_NAV_SCHEDULE`, or `include/schedule.yaml`, and warnings about bad values."""
    found, warnings = schedule.load(
        Path(os.environ.get("CIN7_NAV_SCHEDULE") or ROOT / "include" / "schedule.yaml")
    )
    return found, tuple(warnings)


def with_warnings(documentation: str, warnings: tuple[str, ...]) -> str:
    """A DAG's documentation with what is wrong in the schedule file on top."""
    lines = [f"> **Warning, schedule.yaml:** {warning}" for warning in warnings]
    return "\n>\n".join(lines) + ("\n\n" if lines else "") + documentation
