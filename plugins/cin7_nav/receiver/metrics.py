"""What the receiver counts, as Prometheus reads it; with several workers, of all of them together."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from cin7_nav.receiver.statuses import Outcome

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which workers share their counts; unset for a single one."""

REQUESTS = Counter(
    "cin7_nav_receiver_requests", "Requests by sender and by what became of them", ["source", "outcome"]
)
RECORDS = Counter("cin7_nav_receiver_records", "Records that landed in the inbox, by sender", ["source"])
SECONDS = Histogram(
    "cin7_nav_receiver_seconds",
    "Time from a request's first byte to its answer",
    ["source"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def count(source: str, outcome: Outcome, seconds: float, records: int = 0) -> None:
    """Note the end of one request."""
    REQUESTS.labels(source, outcome.value).inc()
    SECONDS.labels(source).observe(seconds)
    if records:
        RECORDS.labels(source).inc(records)


def exposition() -> bytes:
    """Everything that was counted, in Prometheus's text format."""
    if not os.environ.get(DIRECTORY):
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
