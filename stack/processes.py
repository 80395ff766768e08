"""Child processes that end with their parent, and the means to find what is left of them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import psutil

from .settings import ROOT

MARK = "CIN7_NAV_STACK"
"""Environment variable that all processes of a stack carry, whatever group or session they have moved to."""

_PR_SET_PDEATHSIG = 1
_held: list[socket.socket] = []
"""The ports that `free_port` has given out."""


def _dies_with_parent(parent: int, last_signal: int) -> Callable[[], None] | None:
    """What a child runs before its program so that the kernel ends it when its parent dies; Linux only."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, last_signal)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def spawn(
    command: list[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    *,
    user: str | None = None,
    last_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` as leader of a session of its own, its words appended to `log`.

    It gets `last_signal` when the calling thread dies: call from the main thread.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd="/" if user else ROOT,
            env=dict(os.environ if environment is None else environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            preexec_fn=_dies_with_parent(os.getpid(), last_signal),
        )


def stop(process: subprocess.Popen[bytes], *, with_signal: int = signal.SIGTERM, grace: float = 10) -> None:
    """Ask the leader to end, wait `grace` seconds, then end the whole session."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(with_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    kill_session(process.pid)
    process.wait()


def kill_session(leader: int) -> None:
    """End every process of the session that `leader` began, also those that have left its process group."""
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)


def marked(mark: str) -> list[psutil.Process]:
    """Every living process that carries `mark`, but for the caller."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def kill_all(processes: Iterable[psutil.Process]) -> None:
    processes = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=5)


def free_port() -> int:
    """A port that stays free for a server of ours to listen on for as long as this process lives.

    It is bound and never listened on: the kernel hands it out neither to another caller nor as the near end
    of somebody's connection, and a server that sets SO_REUSEADDR, as all of ours do, may still have it.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    port: int = held.getsockname()[1]
    return port


def wait_until(check: Callable[[], bool], seconds: float, what: str) -> None:
    """Raises TimeoutError naming `what` when `check` does not hold within `seconds`."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} after {seconds:.0f} s")
        time.sleep(0.02)
