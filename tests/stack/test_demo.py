"""The whole stack, as a newcomer meets it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys

import psutil
import pytest

from stack.processes import MARK, free_port
from stack.settings import PORTS, ROOT


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, marks=pytest.mark.long, id="online"),
        pytest.param({"SANDBOX_NAV_FLAVOUR": "nav2018"}, marks=pytest.mark.long, id="nav2018"),
        pytest.param({"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"}, marks=pytest.mark.celery, id="celery"),
    ],
)
def test_every_invoice_of_the_trading_day_gets_into_the_books_exactly_once(variables: dict[str, str]) -> None:
    environment = dict(os.environ) | {name: str(free_port()) for name in PORTS} | variables
    result = subprocess.run(
        [sys.executable, "-m", "stack", "demo", "--once"],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert "24 of 24 invoices of the day are in NAV exactly once, to the cent." in result.stdout
    timing = re.search(r"found by webhook \(\d+\): median [\d.]+ s, worst [\d.]+ s", result.stdout)
    assert timing, result.stdout
    assert re.search(r"Airflow: http://localhost:\d+ +user admin, password \S+", result.stdout)
    assert not [process for process in psutil.process_iter() if _is_ours(process)]


def _is_ours(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.environ().get(MARK, "").startswith(f"{ROOT / 'var' / 'demo'}:")
    return False
