"""The least that Airflow can do on an asset event: one task that does nothing."""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from airflow.sdk import Asset, dag, task


@dag(dag_id="bench_empty", schedule=[Asset(name="bench_empty", uri="cin7-nav-bench://empty")], catchup=False)
def bench_empty() -> None:
    @task
    def nothing() -> None:
        pass

    nothing()


bench_empty()
