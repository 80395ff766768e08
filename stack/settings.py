"""What the stack runs with: folders, ports, secrets and the environment of every process."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent

PORTS = {
    "AIRFLOW_PORT": 8080,
    "RECEIVER_PORT": 8088,
    "SANDBOX_CIN7_PORT": 8091,
    "SANDBOX_NAV_PORT": 8092,
    "POSTGRES_PORT": 5488,
    "REDIS_PORT": 6388,
}

LISTEN = "AIRFLOW__API__HOST"
"""Where Airflow listens: 127.0.0.1, and within a container all of that container's addresses."""

EXECUTOR = "AIRFLOW__CORE__EXECUTOR"
CELERY_WORKERS = "CELERY_WORKERS"


class StackError(Exception):
    """Something that the person at the keyboard can put right; the text says how."""


@dataclass(frozen=True)
class Settings:
    """One stack: `make up` keeps its state in `var/`, each `make demo` starts anew in `var/demo/`."""

    var: Path
    demo: bool
    environment: Mapping[str, str]
    """The process environment over `.env`."""

    @classmethod
    def read(cls, *, demo: bool) -> Settings:
        """From `.env` and the environment, which wins.

        The demo always works on the sandbox: it takes the ports, Airflow's address and executor alone.
        """
        written = {
            name: value for name, value in dotenv_values(ROOT / ".env", interpolate=False).items() if value
        }
        values = written | dict(os.environ)
        if demo:
            values = {
                name: value
                for name, value in values.items()
                if not name.startswith(("AIRFLOW_", "CIN7_NAV_")) or name in (*PORTS, LISTEN, EXECUTOR)
            }
        return cls(ROOT / "var" / "demo" if demo else ROOT / "var", demo, values)

    def port(self, name: str) -> int:
        """The port of variable `name`, one of PORTS."""
        text = self.environment.get(name, str(PORTS[name]))
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise StackError(f"{name} is {text!r}; it must be a port number from 1 to 65535.")
        return int(text)

    @property
    def flavour(self) -> str:
        """Which NAV the sandbox plays; see `python -m sandbox --help`."""
        return self.environment.get("SANDBOX_NAV_FLAVOUR") or "online"

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def airflow_home(self) -> Path:
        return self.var / "airflow"

    @property
    def airflow_server(self) -> str:
        """The URL at which the other parts reach Airflow's API server."""
        host = self.environment.get("AIRFLOW_HOST", "127.0.0.1")
        return f"http://{host}:{self.port('AIRFLOW_PORT')}"

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """The secret `name` of this stack: that of variable `CIN7_NAV_SECRET_<NAME>` where it is given.

        Otherwise it is made at its first use, and kept in a file that only its owner reads.
        """
        given = self.environment.get(secret_variable(name))
        if given:
            return given
        folder = self.var / "secrets"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(make())
        return path.read_text()


def secret_variable(name: str) -> str:
    """The variable that gives the secret `name`: `fernet-key` is `CIN7_NAV_SECRET_FERNET_KEY`."""
    return f"CIN7_NAV_SECRET_{name.upper().replace('-', '_')}"
