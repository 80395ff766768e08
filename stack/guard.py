"""`python -m stack.guard <mark>`: ends what a supervisor leaves behind, however the supervisor ended.

Its standard input is a pipe that only the supervisor holds. The supervisor writes `+<pid> <signal>` for each
process that it starts and `-<pid>` for each that has ended. End of input means that the supervisor is gone.
The guard also holds the supervisor's lock, so a free lock means that nothing of the stack is left.
"""

from __future__ import annotations

import contextlib
import os
import sys

import psutil

from .processes import kill_all, kill_session, marked

GRACE_SECONDS = 8


def clean_up(leaders: dict[int, int], mark: str) -> None:
    """Ask the leaders to end, in reverse order of their start, then end all that is left."""
    living: list[psutil.Process] = []
    for pid, last_signal in reversed(leaders.items()):
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            living.append(psutil.Process(pid))
            os.kill(pid, last_signal)
    psutil.wait_procs(living, timeout=GRACE_SECONDS)
    for pid in leaders:
        kill_session(pid)
    kill_all(marked(mark))


def main(mark: str) -> None:
    leaders: dict[int, int] = {}
    for line in sys.stdin:
        pid, _, last_signal = line[1:].partition(" ")
        if line.startswith("+"):
            leaders[int(pid)] = int(last_signal)
        else:
            leaders.pop(int(pid), None)
    clean_up(leaders, mark)


if __name__ == "__main__":
    main(sys.argv[1])
