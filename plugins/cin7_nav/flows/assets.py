"""The assets that start runs, and the schedule that users edit."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from airflow.sdk import Asset, AssetWatcher

from cin7_nav.mappings import schedule
from cin7_nav.triggers.webhook_landed import WebhookLandedTrigger

ROOT = Path(__file__).resolve().parents[3]

POLL_DUE = Asset(name="cin7_nav.poll_due", uri="cin7-nav://poll-due", group="cin7_nav")
"""Says to every flow: look for what no webhook announced. Updated by the DAG `polling`."""

STAGED = Asset(name="cin7_nav.staged", uri="cin7-nav://staged", group="cin7_nav")
"""Says to the DAG `journals_posted`: documents lie in NAV to be posted."""


def landed(flow: str) -> Asset:
    """The asset that is updated whenever webhook events of the flow have landed."""
    watcher = AssetWatcher(name=f"{flow}_landed", trigger=WebhookLandedTrigger(flow))
    return Asset(
        name=f"cin7_nav.{flow}.landed", uri=f"cin7-nav://landed/{flow}", group="cin7_nav", watchers=[watcher]
    )


@cache
def mappings_directory() -> Path:
    """Where the mapping files lie: `CIN7_NAV_MAPPINGS`, or `include/mappings` of this checkout."""
    return Path(os.environ.get("CIN7_NAV_MAPPINGS") or ROOT / "include" / "mappings")


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
