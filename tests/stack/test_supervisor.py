"""Services start, are started again when they crash, and nothing of them outlives the supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from stack import processes, supervisor
from stack.settings import ROOT, Settings, StackError
from stack.supervisor import Service, Supervisor

STRAY = "import os, time; os.setsid(); time.sleep(600)"
SLEEPER = [
    sys.executable,
    "-c",
    f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {STRAY!r}]); time.sleep(600)",
]
"""A program whose child leaves its session, as tasks of Airflow leave their process group."""

PROGRAM = """
import os, sys, time
from pathlib import Path
from stack.settings import Settings
from stack.supervisor import Service, Supervisor, Stopped
settings = Settings(Path(sys.argv[1]), False, dict(os.environ))
try:
    with Supervisor(settings, lambda text: None) as running:
        running.start(Service("sleeper", {sleeper!r}, lambda: True))
        print(running.mark, flush=True)
        while True:
            time.sleep(0.05)
except Stopped:
    pass
"""


def wait_for(check: Callable[[], bool]) -> None:
    processes.wait_until(check, 15, "not so")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, False, dict(os.environ))


@pytest.fixture
def quiet(settings: Settings) -> Iterator[tuple[Supervisor, list[str]]]:
    """A supervisor in this process, with the lines that it said; the signal handlers are put back."""
    said: list[str] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    try:
        with Supervisor(settings, said.append) as running:
            yield running, said
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A supervisor in a process of its own, with its mark, whose service has a stray child already."""
    code = textwrap.dedent(PROGRAM).format(sleeper=SLEEPER)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    mark = process.stdout.readline().strip()
    wait_for(lambda: len(processes.marked(mark)) == 2)
    yield process, mark
    process.kill()
    process.communicate()
    processes.kill_all(processes.marked(mark))


def gone(settings: Settings, mark: str) -> bool:
    return supervisor.holder(settings) is None and not processes.marked(mark)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_supervisor(
    program: tuple[subprocess.Popen[str], str], settings: Settings, number: int
) -> None:
    process, mark = program
    assert supervisor.holder(settings) == process.pid
    process.send_signal(number)
    wait_for(lambda: gone(settings, mark))


def test_nothing_outlives_supervisor_and_guard_together(
    program: tuple[subprocess.Popen[str], str], settings: Settings
) -> None:
    process, mark = program
    sleeper = next(found for found in processes.marked(mark) if found.ppid() == process.pid)
    for guard in psutil.Process(process.pid).children():
        if "stack.guard" in guard.cmdline():
            guard.kill()
    process.kill()
    if sys.platform == "linux":
        wait_for(lambda: not sleeper.is_running() or sleeper.status() == psutil.STATUS_ZOMBIE)


def test_a_second_stack_is_refused_and_told_how_to_end_the_first(
    program: tuple[subprocess.Popen[str], str], settings: Settings
) -> None:
    with pytest.raises(StackError, match=rf"runs here already \(process {program[0].pid}\).*make down"):
        supervisor.take_lock(settings)


def test_a_crashed_service_starts_again_but_not_for_ever(
    quiet: tuple[Supervisor, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, said = quiet
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    running.start(Service("crasher", [sys.executable, "-c", "raise SystemExit(3)"], lambda: False))
    starts = 1
    while not running.failed():
        assert starts <= supervisor.RESTARTS + 1
        running._running["crasher"].process.wait()
        now += 60
        running.tend()
        starts += 1
    assert (
        said[:-1]
        == [f"crasher ended with code 3, starting it again; see {running.log('crasher')}"]
        * supervisor.RESTARTS
    )
    assert "stays down" in said[-1]


def test_a_service_that_ends_while_starting_is_told_with_its_last_words(
    quiet: tuple[Supervisor, list[str]],
) -> None:
    running, _ = quiet
    code = "print('the mapping is broken'); raise SystemExit(2)"
    running.start(Service("breaker", [sys.executable, "-c", code], lambda: False))
    with pytest.raises(StackError, match=r"(?s)breaker ended with code 2.*the mapping is broken"):
        running.wait_healthy("breaker", seconds=10)


def test_services_stop_in_reverse_order_and_orderly(
    quiet: tuple[Supervisor, list[str]], tmp_path: Path
) -> None:
    running, _ = quiet
    diary = tmp_path / "diary"

    def service(name: str) -> Service:
        code = (
            "import signal, sys, time\n"
            "def end(*_):\n"
            f"    open({str(diary)!r}, 'a').write({name!r} + ' ')\n"
            "    sys.exit()\n"
            "signal.signal(signal.SIGTERM, end)\n"
            f"open({str(tmp_path / name)!r}, 'w').close()\n"
            "time.sleep(600)\n"
        )
        return Service(name, [sys.executable, "-c", code], (tmp_path / name).exists)

    running.start(service("first"))
    running.start(service("second"))
    running.wait_healthy("first", "second", seconds=20)
    running.stop()
    assert diary.read_text() == "second first "
