"""What a running installation tells an OpenTelemetry collector."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.end_to_end.conftest import started
from tests.end_to_end.installation import Installation, eventually

pytestmark = pytest.mark.long


class Collector(http.server.ThreadingHTTPServer):
    """Keeps the last value of each gauge that it is told."""

    def __init__(self) -> None:
        self.gauges: dict[str, float] = {}
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        told = ExportMetricsServiceRequest.FromString(body)
        for resource in told.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.gauge.data_points:
                        self.server.gauges[metric.name] = point.as_double or point.as_int
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def running(folder: Path, collector: Collector) -> Iterator[Installation]:
    url = f"http://127.0.0.1:{collector.server_address[1]}"
    variables = {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    with started(folder, **variables) as installation:
        yield installation


def test_counts_latency_budget_and_what_waits_by_cause_reach_the_collector(
    installation: Installation, accounts: Path, collector: Collector
) -> None:
    posted = installation.sale(announce=False)
    installation.poll()
    accounts.write_text(accounts.read_text().replace('cin7_account: "205"', 'cin7_account: "206"'))
    installation.sale(announce=False, lines=[{"price": 812.35, "account": "205"}])
    installation.poll()
    assert installation.is_posted(posted)

    run = installation.airflow.start("alerts")
    eventually(lambda: installation.airflow.run_state("alerts", run) == "success")

    gauges = eventually(lambda: "airflow.cin7_nav.waiting.documents" in collector.gauges and collector.gauges)
    assert gauges["airflow.cin7_nav.documents.posted"] >= 1
    assert gauges["airflow.cin7_nav.documents.needs_attention"] == 1
    assert gauges["airflow.cin7_nav.waiting.documents.account_unmapped"] == 1
    assert gauges["airflow.cin7_nav.waiting.documents.oldest_s"] > 0
    assert gauges["airflow.cin7_nav.posted_after_s.median"] > 0
    free = {name: value for name, value in gauges.items() if name.startswith("airflow.cin7_nav.calls_free.")}
    assert free
    assert all(0 <= value <= 60 for value in free.values())
