"""What Celery's workers are told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stack import airflow, celery
from stack.settings import EXECUTOR, Settings

ON_CELERY = {EXECUTOR: "CeleryExecutor"}


def test_nothing_is_told_of_celery_where_it_is_not_wanted(tmp_path: Path) -> None:
    assert celery.environment(Settings(tmp_path, False, {})) == {}


@pytest.mark.parametrize(("workers", "at_once"), [("1", "8"), ("2", "4"), ("9", "2")])
def test_workers_share_as_many_tasks_as_one_machine_carries_out(
    tmp_path: Path, workers: str, at_once: str
) -> None:
    told = celery.environment(Settings(tmp_path, False, {**ON_CELERY, "CELERY_WORKERS": workers}))
    assert told["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == at_once


def test_a_worker_has_loaded_the_flows_before_it_forks(tmp_path: Path) -> None:
    """Else each task loads them: that takes a second of a processor."""
    settings = Settings(tmp_path, False, ON_CELERY)
    told = celery.environment(settings) | airflow.environment(settings, "airflow:x@127.0.0.1:5488/airflow")
    program = (
        "from airflow.providers.celery.executors.celery_executor import app; import sys;"
        " app.loader.import_default_modules();"
        " print('\\n', 'cin7_nav.flows.stock.tasks' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env={"PATH": os.environ["PATH"]} | told, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == " True"
