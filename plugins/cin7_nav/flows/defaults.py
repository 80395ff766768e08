"""What every task of a flow has: its owner, its patience, and who learns of its failure."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cin7_nav.flows.alerts.notifiers import TOLD

TASKS: dict[str, Any] = {
    **TOLD,
    "owner": "cin7-nav",
    "retries": 4,
    "retry_delay": dt.timedelta(seconds=15),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": dt.timedelta(minutes=10),
}
"""The `default_args` of the DAGs."""
