"""Reads `docker-compose.yaml` as Compose does, and runs its services on this machine without containers.

A network and a mount namespace of their own stand for the containers: the names of services, the ports,
the paths and the user are those of the file.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stack import processes
from stack.settings import ROOT

FILE = ROOT / "docker-compose.yaml"
WORKDIR = "/srv/cin7-nav"
VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:[-?])([^}]*))?\})")


class Unset(Exception):
    """A variable that the file requires is not given."""


def interpolate(value: Any, environment: Mapping[str, str]) -> Any:
    """`${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$` in every text of `value`."""
    if isinstance(value, dict):
        return {key: interpolate(entry, environment) for key, entry in value.items()}
    if isinstance(value, list):
        return [interpolate(entry, environment) for entry in value]
    if not isinstance(value, str):
        return value

    def replaced(match: re.Match[str]) -> str:
        dollar, name, kind, rest = match.groups()
        if dollar:
            return "$"
        given = environment.get(name, "")
        if not given and kind == ":?":
            raise Unset(f"{name}: {rest}")
        return given or (rest or "" if kind == ":-" else "")

    return VARIABLE.sub(replaced, value)


def load(environment: Mapping[str, str]) -> dict[str, Any]:
    """The file with its anchors merged and `environment` filled in."""
    found: dict[str, Any] = interpolate(yaml.safe_load(FILE.read_text()), environment)
    return found


def in_order(services: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names of `services`, each after those that it depends on."""
    found: list[str] = []

    def place(name: str) -> None:
        for needed in services[name].get("depends_on", {}):
            place(needed)
        if name not in found:
            found.append(name)

    for name in services:
        place(name)
    return found


IMAGE_USER = "cin7-nav:x:10001:10001::/tmp:/usr/sbin/nologin\n"
"""The user that the image makes."""


@dataclass(frozen=True)
class Machine:
    """Where the services run: a namespace that the process `holder` keeps open."""

    holder: int
    logs: Path

    @classmethod
    @contextlib.contextmanager
    def made(cls, state: Path, hosts: list[str], logs: Path) -> Iterator[Machine]:
        """`state` stands at the place of the volume `state`, and every name of `hosts` for this machine."""
        file = logs / "hosts"
        file.write_text(f"127.0.0.1 localhost {' '.join(hosts)}\n")
        users = logs / "passwd"
        users.write_text(Path("/etc/passwd").read_text() + IMAGE_USER)
        script = f"""
            set -e
            ip link set lo up
            mount --bind {file} /etc/hosts
            mount --bind {users} /etc/passwd
            mount -t tmpfs tmpfs /srv
            {_opened([Path(sys.base_prefix).resolve(), ROOT])}
            mkdir {WORKDIR}
            mount --bind {ROOT} {WORKDIR}
            mount --bind {state} {WORKDIR}/var
            if test -e {WORKDIR}/.env; then mount --bind /dev/null {WORKDIR}/.env; fi
            echo ready
            exec sleep infinity
        """
        (ROOT / "var").mkdir(exist_ok=True)
        holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "ready\n", "the namespace can't be made"
            yield cls(holder.pid, logs)
        finally:
            holder.kill()
            holder.wait()
            holder.stdout.close()

    def command(self, program: list[str], user: str) -> list[str]:
        """`program` as it runs in the namespace; `user` is `<uid>:<gid>`."""
        uid, _, gid = user.partition(":")
        return ["nsenter", f"--target={self.holder}", "--net", "--mount", f"--wdns={WORKDIR}",
                "setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs",
                "--bounding-set=-all", *program]  # fmt: skip

    def environment(self, service: Mapping[str, Any], path: str = f"{WORKDIR}/.venv/bin") -> dict[str, str]:
        """What a container of `service` has: its own variables and the image's, nothing of this process."""
        image = {"PATH": f"{path}:{os.defpath}", "HOME": "/tmp", "PYTHONUNBUFFERED": "1",
                 "PYTHONDONTWRITEBYTECODE": "1", "SPT_NOENV": "1"}  # fmt: skip
        return image | {name: str(value) for name, value in service.get("environment", {}).items()}

    def start(self, name: str, service: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        return self.spawn(name, service["command"], service, str(service["user"]), self.environment(service))

    def spawn(
        self,
        name: str,
        program: list[str],
        service: Mapping[str, Any],
        user: str,
        environment: dict[str, str],
    ) -> subprocess.Popen[bytes]:
        last = int(getattr(signal, service.get("stop_signal", "SIGTERM")))
        return processes.spawn(
            self.command(program, user), self.logs / f"{name}.log", environment, last_signal=last
        )

    def check(
        self, service: Mapping[str, Any], user: str, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run the health check of `service` once."""
        kind, *test = service["healthcheck"]["test"]
        assert kind == "CMD"
        return subprocess.run(
            self.command(test, user), env=environment, capture_output=True, text=True,
            timeout=float(service["healthcheck"]["timeout"].removesuffix("s")),
        )  # fmt: skip

    def words(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")[-4000:]


def _opened(needed: list[Path]) -> str:
    """Commands that let every user reach the folders `needed`, also in a home that is closed to others."""
    closed = {
        folder: next((above for above in reversed(folder.parents) if not above.stat().st_mode & 1), None)
        for folder in needed
    }
    moved = {folder: f"/srv/kept-{number}" for number, folder in enumerate(needed) if closed[folder]}
    lines = [f"mkdir {kept}; mount --bind {folder} {kept}" for folder, kept in moved.items()]
    lines += [f"mount -t tmpfs -o mode=755 tmpfs {above}" for above in {closed[folder] for folder in moved}]
    lines += [f"mkdir -p {folder}; mount --move {kept} {folder}" for folder, kept in moved.items()]
    return "\n".join(lines)


def wait_healthy(check: Any, process: subprocess.Popen[bytes], words: Any, seconds: float) -> None:
    """Raises AssertionError when `process` ends, or its health check does not pass within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result.returncode == 0:
            return
        assert process.poll() is None, words()
        assert time.monotonic() < deadline, f"{result.stdout}{result.stderr}\n{words()}"
        time.sleep(0.3)
