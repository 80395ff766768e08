"""The sandbox does what its page says, typed as it stands there."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack import processes
from stack.processes import free_port
from stack.sandbox import Sandbox
from stack.settings import ROOT
from tests import documented

PAGE = ROOT / "sandbox" / "README.md"
STARTS = [line for line in documented.run_at(documented.SANDBOX) if "sandbox" in line.split()]
QUESTIONS = [
    "\n".join(line for line in block.lines if "-m sandbox" not in line)
    for block in documented.blocks(PAGE)
    if any("curl" in line for line in block.lines)
]


@contextmanager
def running(line: str, state: Path) -> Iterator[dict[str, str]]:
    """What `line` starts, on ports and in a folder of its own: what of the page then reads otherwise."""
    cin7, nav = free_port(), free_port()
    if line.startswith("make "):
        line += f' SANDBOX_CIN7_PORT={cin7} SANDBOX_NAV_PORT={nav} ARGS="--state-dir {state}"'
    else:
        line += f" --cin7-port {cin7} --nav-port {nav} --state-dir {state}"
    process = processes.spawn(["bash", "-c", f"cd {ROOT}; exec {line}"], state / "log")
    flavour = "nav2018" if "nav2018" in line else "online"
    sandbox = Sandbox.at(cin7, nav, state, flavour)
    asked = sandbox.cin7.is_up if "--only cin7" in line else sandbox.is_up
    try:
        processes.wait_until(lambda: process.poll() is not None or asked(), 30, "the sandbox does not answer")
        assert process.poll() is None, (state / "log").read_text()
        yield {"8091": str(cin7), "8092": str(nav), "var/sandbox": str(state)}
    finally:
        processes.stop(process)


@pytest.mark.parametrize("line", STARTS)
def test_every_way_to_start_the_sandbox_that_the_page_shows_starts_it(line: str, tmp_path: Path) -> None:
    with running(line, tmp_path):
        pass


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("question", QUESTIONS, ids=["Cin7", "NAV", "on-premises"])
def test_every_question_that_the_page_shows_gets_its_answer(question: str, tmp_path: Path) -> None:
    start = next(line for line in STARTS if ("nav2018" in line) == ("CIN7NAV" in question))
    with running(start, tmp_path) as other:
        for shown, here in other.items():
            question = question.replace(shown, here)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", question],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {"SaleList", "value"} & json.loads(done.stdout).keys(), done.stdout
