"""The whole stack, as a newcomer meets it."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from stack.processes import MARK, free_port
from stack.settings import PORTS, ROOT
from tests import documented

TYPED = documented.run_at(documented.DEMO)
QUESTIONS = [line for line in TYPED if line.startswith("make cin7-nav")]
VARIABLES = {word for line in TYPED if line not in QUESTIONS for word in line.split()[2:]}
VERDICT = "24 of 24 invoices of the day are in NAV exactly once, to the cent."


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Ports of its own; nothing of the demo runs when the test is over."""
    yield dict(os.environ) | {name: str(free_port()) for name in PORTS}
    assert not [process for process in psutil.process_iter() if _is_ours(process)]


@pytest.mark.long
def test_the_demo_can_be_asked_while_it_runs_and_ends_with_ctrl_c(environment: dict[str, str]) -> None:
    port = environment.pop("AIRFLOW_PORT")
    with subprocess.Popen(
        ["make", "demo", f"AIRFLOW_PORT={port}"],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    ) as demo:  # fmt: skip
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if "Ctrl-C ends everything." in line:
                break
        output = "".join(said)
        try:
            assert_told(output, port)
            answers = [
                subprocess.run(
                    shlex.split(line), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
                    check=False,
                )
                for line in QUESTIONS
            ]  # fmt: skip
        finally:
            os.killpg(demo.pid, signal.SIGINT)
            demo.communicate(timeout=60)
    for answer, told in zip(answers, ("24 posted", "C7S-INV-00003", "C7S-INV-00003"), strict=True):
        assert answer.returncode == 0, answer
        assert told in answer.stdout


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param(["ONCE=1", "FLAVOUR=nav2018"], marks=pytest.mark.long, id="nav2018"),
        pytest.param(
            ["ONCE=1", "AIRFLOW__CORE__EXECUTOR=CeleryExecutor"], marks=pytest.mark.celery, id="celery"
        ),
    ],
)
def test_every_invoice_of_the_trading_day_gets_into_the_books_exactly_once(
    variables: list[str], environment: dict[str, str]
) -> None:
    result = subprocess.run(
        ["make", "demo", *variables],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=600, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert_told(result.stdout, environment["AIRFLOW_PORT"])


def assert_told(output: str, port: str) -> None:
    """The verdict, the times and how to log in."""
    assert VERDICT in output
    assert re.search(r"found by webhook \(\d+\): median [\d.]+ s, worst [\d.]+ s", output), output
    assert re.search(rf"Airflow: http://localhost:{port} +user admin, password \S+", output)


def test_every_way_to_start_the_demo_that_the_pages_name_is_tried_here() -> None:
    assert sorted(VARIABLES) == ["AIRFLOW_PORT=18080", "FLAVOUR=nav2018", "ONCE=1"]
    assert len(QUESTIONS) == 3


def _is_ours(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.environ().get(MARK, "").startswith(f"{ROOT / 'var' / 'demo'}:")
    return False
