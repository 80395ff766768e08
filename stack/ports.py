"""Are the ports free, and if not, who has them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil

from .processes import MARK
from .settings import ROOT, Settings, StackError


def check(settings: Settings, names: Iterable[str]) -> None:
    """Raises StackError that names every taken port, its holder and the variable to set."""
    taken = [(name, settings.port(name)) for name in names]
    doubled = [f"{name}={port}" for name, port in taken if [p for _, p in taken].count(port) > 1]
    if doubled:
        raise StackError(f"Two parts of the stack can't share a port: {', '.join(doubled)}.")
    problems = [
        f"Port {port} is in use by {holder(port)}. Stop it, or choose another port: {name}={port + 10000}."
        for name, port in taken
        if not is_free(port)
    ]
    if problems:
        raise StackError("\n".join(problems))


def is_free(port: int) -> bool:
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def holder(port: int) -> str:
    """Who listens on `port`, as far as this user may see it."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and getattr(connection.laddr, "port", None) == port and connection.pid:
                return _describe(psutil.Process(connection.pid))
    return "another program"


def _describe(process: psutil.Process) -> str:
    text = f"{process.name()} (process {process.pid})"
    with contextlib.suppress(psutil.Error, OSError):
        mark = process.environ().get(MARK)
        if mark:
            var = Path(mark.rpartition(":")[0])
            if var.is_relative_to(ROOT):
                origin = "a running `make demo`" if var.name == "demo" else "`make up` (`make down` ends it)"
                return f"{origin}: {text}"
            return f"another cin7-nav stack in {var} ({text})"
    return text
