"""Starts the stack's processes, keeps them running and leaves none behind."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO
from uuid import uuid4

from . import processes
from .settings import Settings, StackError

RESTARTS = 5
"""So often within RESTART_WINDOW seconds a service is started again; after that it stays down."""

RESTART_WINDOW = 600.0


@dataclass(frozen=True)
class Service:
    """A long-running program; `healthy` asks it whether it serves, and takes some seconds at most."""

    name: str
    command: list[str]
    healthy: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: int = signal.SIGTERM
    grace: float = 15


@dataclass
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    wave: int
    restarts: list[float] = field(default_factory=list)
    failed: bool = False


class Stopped(Exception):
    """Somebody asked the supervisor to end."""


def _raise_stopped(number: int, frame: FrameType | None) -> None:
    raise Stopped


class Supervisor:
    """A context: entering takes the stack's lock, leaving ends every process. Use it from the main thread."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.say = say
        self.mark = f"{settings.var}:{uuid4().hex}"
        self._running: dict[str, _Running] = {}
        self._wave = 0
        self._lock: IO[str] | None = None
        self._guard: subprocess.Popen[str] | None = None

    def __enter__(self) -> Supervisor:
        self._lock = take_lock(self.settings)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _raise_stopped)
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "stack.guard", self.mark],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[self._lock.fileno()],
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running:
            self.say("stopping")
        try:
            self.stop()
        except Stopped:
            self.say("ending at once")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            assert self._guard is not None
            assert self._lock is not None
            self._guard.communicate()
            (self.settings.run / "state.json").unlink(missing_ok=True)
            self._lock.close()

    def start(self, *services: Service) -> None:
        """Start services side by side. They are stopped together, before those of earlier calls."""
        self._wave += 1
        for service in services:
            process = self._spawn(service)
            self._running[service.name] = _Running(service, process, self._wave)
        self._write_state()

    def run(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        """Run a program that ends by itself; raises StackError with its last words when it fails."""
        process = processes.spawn(command, self.log(name), self._environment(environment))
        self._tell_guard(f"+{process.pid} {int(signal.SIGTERM)}")
        code = process.wait()
        self._tell_guard(f"-{process.pid}")
        if code:
            raise StackError(f"{name} failed (code {code}).\n{self.last_words(name)}")

    def wait_healthy(self, *names: str, seconds: float) -> None:
        """Wait until each serves, with a line for each. Raises StackError when one ends or takes too long."""
        started, missing = time.monotonic(), list(names)
        while missing:
            for name in list(missing):
                running = self._running[name]
                if running.process.poll() is not None:
                    raise StackError(
                        f"{name} ended with code {running.process.returncode} instead of starting.\n"
                        f"{self.last_words(name)}"
                    )
                if running.service.healthy():
                    missing.remove(name)
                    self.say(f"{name} is up ({time.monotonic() - started:.1f} s)")
            if missing and time.monotonic() - started > seconds:
                raise StackError(
                    f"{', '.join(missing)} not ready after {seconds:.0f} s.\n{self.last_words(missing[0])}"
                )
            time.sleep(0.1)

    def tend(self) -> None:
        """Start again what has crashed, a bounded number of times."""
        for name, running in self._running.items():
            code = running.process.poll()
            if code is None or running.failed:
                continue
            now = time.monotonic()
            recent = [moment for moment in running.restarts if now - moment < RESTART_WINDOW]
            if recent and now - recent[-1] < 2 ** len(recent):
                continue
            self._forget(running.process)
            if len(recent) >= RESTARTS:
                running.failed = True
                self.say(f"{name} ended {RESTARTS} times and stays down; see {self.log(name)}")
            else:
                self.say(f"{name} ended with code {code}, starting it again; see {self.log(name)}")
                running.process = self._spawn(running.service)
                running.restarts = [*recent, now]
            self._write_state()

    def failed(self) -> list[str]:
        return [name for name, running in self._running.items() if running.failed]

    def stop(self) -> None:
        """Stop all services in reverse order, those of one start together."""
        for wave in range(self._wave, 0, -1):
            members = [running for running in self._running.values() if running.wave == wave]
            for running in members:
                if running.process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        running.process.send_signal(running.service.stop_signal)
            deadline = time.monotonic() + max((running.service.grace for running in members), default=0)
            for running in members:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.process.wait(max(0.0, deadline - time.monotonic()))
                self._forget(running.process)
                del self._running[running.service.name]

    def log(self, name: str) -> Path:
        return self.settings.logs / f"{name}.log"

    def last_words(self, name: str, lines: int = 15) -> str:
        path = self.log(name)
        text = path.read_text(errors="replace") if path.exists() else ""
        return "\n".join([*text.splitlines()[-lines:], f"(from {path})"])

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        process = processes.spawn(
            service.command,
            self.log(service.name),
            self._environment(service.environment),
            user=service.user,
            last_signal=service.stop_signal,
        )
        self._tell_guard(f"+{process.pid} {int(service.stop_signal)}")
        return process

    def _environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        # The process title must leave /proc/<pid>/environ alone: strays are found by their environment.
        return {**(environment or self.settings.environment), processes.MARK: self.mark, "SPT_NOENV": "1"}

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        processes.kill_session(process.pid)
        process.wait()
        self._tell_guard(f"-{process.pid}")

    def _tell_guard(self, line: str) -> None:
        assert self._guard is not None
        assert self._guard.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.write(line + "\n")
            self._guard.stdin.flush()

    def _write_state(self) -> None:
        state = {
            name: {
                "pid": running.process.pid,
                "restarts": len(running.restarts),
                "failed": running.failed,
            }
            for name, running in self._running.items()
        }
        path = self.settings.run / "state.json"
        path.with_suffix(".new").write_text(json.dumps(state))
        path.with_suffix(".new").replace(path)


def take_lock(settings: Settings) -> IO[str]:
    """The lock that a stack holds while anything of it lives; the file tells the supervisor's process id."""
    settings.run.mkdir(parents=True, exist_ok=True)
    file = (settings.run / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        pid = file.read().strip()
        file.close()
        if settings.demo:
            raise StackError(f"A demo runs here already (process {pid}). End it with Ctrl-C first.") from None
        raise StackError(
            f"The stack runs here already (process {pid}). `make status` shows it, `make down` ends it."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def holder(settings: Settings) -> int | None:
    """The process id of the supervisor that took the lock, or None when nothing of the stack lives."""
    path = settings.run / "lock"
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read() or 0)
    return None
