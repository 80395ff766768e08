"""Who does what the pages say, as it stands there, gets what they promise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from stack import connections, processes
from stack import sandbox as sandbox_stack
from stack.sandbox import Sandbox
from stack.settings import PORTS, ROOT, Settings
from tests import documented
from tests.end_to_end.installation import FLOW, Airflow, eventually

pytestmark = pytest.mark.long

IDENTITY = ("-c", "user.name=Anna Ash", "-c", "user.email=anna@example.com")


@dataclass
class Shell:
    """Types lines in a checkout, with as little of this process's environment as will do."""

    folder: Path
    environment: dict[str, str]
    instead: dict[str, str]
    """What stands on the pages, and what it is here."""

    typed: list[str] = field(default_factory=list)
    _exports: list[str] = field(default_factory=list)

    def type(self, line: str) -> str:
        """What `line`, as a page has it, writes; raises AssertionError where its exit code is not 0."""
        self.typed.append(line)
        here = line
        for shown, meant in self.instead.items():
            here = here.replace(shown, meant)
        if here.startswith("export "):
            self._exports.append(here)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join([*self._exports, here])],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=420, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{here}\n{done.stdout}"
        return done.stdout


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def upstream(folder: Path) -> Iterator[Path]:
    """A repository with the files of this one."""
    path = folder / "upstream"
    names = git("ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines()
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, path / name)
    git("init", "-q", "-b", "main", cwd=path)
    git("add", "-A", cwd=path)
    git(*IDENTITY, "commit", "-qm", "As it is", cwd=path)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def shell(folder: Path, upstream: Path) -> Iterator[Shell]:
    """In a clone of `upstream`. What runs there ends with the test."""
    clone = folder / "clone"
    git("clone", "-q", str(upstream), str(clone), cwd=folder)
    ports = {name: str(processes.free_port()) for name in PORTS}
    kept = {name: value for name, value in os.environ.items() if re.match("PIP_|UV_|HOME$|PATH$", name)}
    shell = Shell(clone, kept | ports, {"5488": ports["POSTGRES_PORT"]})
    yield shell
    for log in sorted((clone / "var" / "log").glob("*.log")):  # pytest shows them where the test failed
        end = log.read_text(errors="replace").splitlines()[-40:]
        sys.stdout.write("\n".join([f"--- {log.name}", *end, ""]))
    shell.type("make down")
    shutil.rmtree(clone)


@pytest.fixture
def vendors(folder: Path, shell: Shell) -> Iterator[Sandbox]:
    """Cin7 and NAV, which are there whatever becomes of the checkout."""
    cin7, nav = int(shell.environment["SANDBOX_CIN7_PORT"]), int(shell.environment["SANDBOX_NAV_PORT"])
    state = folder / "vendors"
    receiver = f"http://127.0.0.1:{shell.environment['RECEIVER_PORT']}"
    process = processes.spawn(sandbox_stack.command(cin7, nav, state / "sandbox", receiver), state / "log")
    sandbox = Sandbox.at(cin7, nav, state / "sandbox")
    try:
        processes.wait_until(
            lambda: process.poll() is not None or sandbox.is_up(), 30, "the sandbox does not answer"
        )
        yield sandbox
    finally:
        processes.stop(process)


def test_a_newcomer_gets_along_with_the_pages(
    shell: Shell, vendors: Sandbox, upstream: Path, folder: Path
) -> None:
    settings = replace(Settings.read(demo=False), var=shell.folder / "var", environment=shell.environment)
    invoice = vendors.cin7.post("sale-invoice", {"customer": "Birch & Bramble", "announce": False})
    number = invoice["number"]
    shell.instead |= {"INV-00201": number, "INV-00012": number, "/safe/place": str(folder)}
    shell.instead["--from-date 2026-10-01"] = "--from-date 2026-10-31"

    def lines(page: str, beginning: str) -> list[str]:
        (block,) = (
            one for one in documented.blocks(ROOT / "docs" / page) if one.lines[0].startswith(beginning)
        )
        return [line for line in block.lines if documented.place(line) == documented.NEWCOMER]

    def type_block(page: str, beginning: str) -> list[str]:
        return [shell.type(line) for line in lines(page, beginning)]

    assert "make upgrade" in shell.type("make help")
    shell.type("make setup")
    type_block("getting-started.md", "cp .env.example")
    fill_in(shell.folder / ".env", replace(settings, var=folder / "vendors"))
    started, status = type_block("getting-started.md", "make up")
    assert "Airflow" in started
    assert "healthy" in status
    type_block("getting-started.md", "make check")
    (previewed,) = type_block("getting-started.md", 'make cin7-nav ARGS="preview')
    assert f"C7S-{number}" in previewed
    airflow = Airflow(settings)
    run = trigger(airflow, documents=[number])
    (trail,) = type_block("getting-started.md", 'make cin7-nav ARGS="trail')
    assert "posted" in trail, f"{trail}\n{run}"
    type_block("operations.md", ".venv/bin/python -m stack exec airflow backfill")
    (backfilled,) = airflow.runs(FLOW, run_type="backfill")
    assert backfilled["data_interval_start"].startswith("2026-10-31")

    down, pack, up = lines("operations.md", "make down")
    shell.type(down)
    shell.type(pack)
    restore(shell, folder / "cin7-nav.tar.gz")
    shell.type(up)
    assert "posted" in shell.type('make cin7-nav ARGS="trail INV-00012"')

    type_block("operations.md", "export PATH=")
    for dump in ("cin7_nav", "airflow"):
        shell.type(f"pg_restore --list {dump}.dump")

    (upstream / "CHANGELOG.md").open("a").write("\nA line more.\n")
    git(*IDENTITY, "commit", "-qam", "A newer version", cwd=upstream)
    type_block("operations.md", "git pull")
    assert "A line more." in (shell.folder / "CHANGELOG.md").read_text()
    assert "posted" in shell.type('make cin7-nav ARGS="trail INV-00012"')

    for line in documented.run_at(documented.NEWCOMER):
        if line.startswith(".venv/bin/python -m cin7_nav.mappings"):
            shell.type(line)
    changed = git("status", "--porcelain", cwd=shell.folder)
    assert changed.split() == ["??", "airflow.dump", "??", "cin7_nav.dump"], changed
    shell.type("make down")
    shell.type("make clean")
    assert not (shell.folder / ".venv").exists()
    left = set(documented.run_at(documented.NEWCOMER)) - set(shell.typed)
    assert {line for line in left if "…" not in line} == set()


def fill_in(file: Path, settings: Settings) -> None:
    """Give the connections of both vendors in an `.env`, as those of the page are given."""
    given = connections.sandbox(settings)
    lines = [f"AIRFLOW_CONN_{name.upper()}={text}\n" for name, text in given.items()]
    file.write_text(file.read_text() + "".join(lines))


def trigger(airflow: Airflow, **conf: Any) -> dict[str, Any]:
    """A run by hand, whose end is waited for."""
    airflow.unpause(FLOW)
    run = airflow.start(FLOW, **conf)
    eventually(lambda: airflow.run_state(FLOW, run) in ("success", "failed"), 120)
    return {"state": airflow.run_state(FLOW, run)}


def restore(shell: Shell, backup: Path) -> None:
    """As the page has it in words: into a checkout in which nothing runs, and here nothing is left."""
    for lost in ("var", "include", ".env"):
        path = shell.folder / lost
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shell.type(f"tar -xzf {backup}")
    if os.geteuid() == 0:
        shell.type("chown -R pgserver var/postgres")


@pytest.fixture
def here() -> Shell:
    """In this checkout, for what leaves no trace in it."""
    return Shell(ROOT, dict(os.environ), {})


def test_the_campaign_of_the_pages_ends_well(here: Shell) -> None:
    lines = documented.run_at(documented.CAMPAIGN)
    quick = [line if " SEED=" in line else f"{re.sub(' SEEDS=[0-9]+', '', line)} SEEDS=2" for line in lines]
    for line in dict.fromkeys(quick):
        assert ", 0 wrong" in here.type(line)


def test_the_benchmarks_of_the_pages_run(here: Shell) -> None:
    """Of their rows the quickest, in the longest form that a page shows."""
    assert {line.partition("ARGS=")[2] for line in documented.run_at(documented.BENCH)} == {
        "", '"B D"', '"--strict"',
    }  # fmt: skip
    assert "NAV calls for one document" in here.type('make bench ARGS="D --strict"')
