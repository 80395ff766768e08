"""Secrets and personal data of the sandbox in the logs of an installation."""

from __future__ import annotations

import re
from pathlib import Path

from stack.connections import CIN7_KEYS, WEBHOOK_SECRET

SEEDED = {
    "the first application key": CIN7_KEYS[0],
    "the second application key": CIN7_KEYS[1],
    "the secret of NAV": "sandbox-nav-secret",
    "the password of NAV": "sandbox-nav-password",
    "the webhook secret": WEBHOOK_SECRET,
}
PERSONAL = {
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*\.example\b"),
    "a telephone number": re.compile(r"\+44 161 \d"),
    "a token": re.compile(r"\beyJ[\w-]{20,}\.[\w-]{20,}"),
}


def leaks(var: Path) -> list[str]:
    """Each log below `var` that holds one, and what; never the value itself."""
    secrets = {f"the secret {path.name}": path.read_text() for path in (var / "secrets").glob("*")} | SEEDED
    found = []
    for log in sorted({*(var / "log").rglob("*.log"), *(var / "airflow" / "logs").rglob("*.log")}):
        text = log.read_text(errors="replace")
        held = [what for what, value in secrets.items() if value in text]
        held += [what for what, pattern in PERSONAL.items() if pattern.search(text)]
        found += [f"{log.relative_to(var)} has {what}" for what in held]
    return found
