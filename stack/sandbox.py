"""The sandbox seen from outside: how to run it and how to speak with its admin interface."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests


def command(
    cin7_port: int, nav_port: int, state: Path, receiver: str, seed: int = 1, flavour: str = "online"
) -> list[str]:
    return [sys.executable, "-m", "sandbox", "--cin7-port", str(cin7_port), "--nav-port", str(nav_port),
            "--seed", str(seed), "--state-dir", str(state), "--receiver", receiver,
            "--flavour", flavour]  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One of the sandbox's two servers. `ca` is the file of the certificate authority to trust, if any."""

    url: str
    ca: Path | None = None

    def get(self, path: str, **query: Any) -> Any:
        """The answer of `GET /_sandbox/<path>`, with decimal numbers as Decimal."""
        return self._admin("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self._admin("POST", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        return self._admin("PATCH", path, json=body)

    def delete(self, path: str) -> Any:
        return self._admin("DELETE", path)

    def reset(self, seed: int = 1) -> None:
        """Back to the seeded world: no faults, no counted calls, default switches."""
        self.post("reset", {"seed": seed})

    def fault(self, kind: str, path: str, method: str = "*", times: int | None = 1, **more: Any) -> None:
        """Let the next requests that match fail; see `sandbox/faults.py` for the kinds."""
        self.post("faults", {"kind": kind, "path": path, "method": method, "times": times, **more})

    def is_up(self) -> bool:
        try:
            self.get("health")
        except (requests.RequestException, OSError):
            return False
        return True

    def _admin(self, method: str, path: str, **kwargs: Any) -> Any:
        verify = str(self.ca) if self.ca else True
        answer = requests.request(
            method, f"{self.url}/_sandbox/{path}", timeout=30, verify=verify, allow_redirects=False, **kwargs
        )
        answer.raise_for_status()
        return json.loads(answer.content, parse_float=Decimal) if answer.content else None


@dataclass(frozen=True)
class Sandbox:
    """Both sides of one running sandbox."""

    cin7: Side
    nav: Side

    @classmethod
    def at(cls, cin7_port: int, nav_port: int, state: Path, flavour: str = "online") -> Sandbox:
        """`flavour`: which NAV it plays; those on-premises speak plain http."""
        nav = Side(f"https://127.0.0.1:{nav_port}", state / "ca.pem")
        if flavour != "online":
            nav = Side(f"http://127.0.0.1:{nav_port}")
        return cls(Side(f"http://127.0.0.1:{cin7_port}"), nav)

    def is_up(self) -> bool:
        return self.cin7.is_up() and self.nav.is_up()

    def reset(self, seed: int = 1) -> None:
        self.cin7.reset(seed)
        self.nav.reset(seed)
