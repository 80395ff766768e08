"""Of what people are told, and how: `include/alerts.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from cin7_nav.mappings.files import Amount, Section, Texts
from cin7_nav.mappings.schedule import lenient


def _hours(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).isdecimal() or not 0 < int(str(value)) <= 10_000:
        raise ValueError("a whole number of hours, such as 24; leave it empty to hear nothing of it")
    return int(str(value))


def _count(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError("a whole number from 0; leave it empty to hear nothing of it")
    return int(str(value))


def _flag(value: object) -> bool:
    if str(value).casefold() not in ("true", "false"):
        raise ValueError("true or false")
    return str(value).casefold() == "true"


_NUMBER = WithJsonSchema({"type": ["integer", "null"], "minimum": 0})
Hours = Annotated[int | None, BeforeValidator(_hours), _NUMBER]
Count = Annotated[int | None, BeforeValidator(_count), _NUMBER]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]


class Alerts(Section):
    email: Texts = ()
    """Addresses, reached through the Airflow connection `smtp_default`."""
    webhook: Flag = False
    """Whether the Airflow connection `cin7_nav_alerts` (type HTTP) is posted to, as Slack takes it."""
    waiting_hours: Hours = 24
    """How long a document may wait for somebody before it is told of."""
    in_doubt_hours: Hours = 2
    """How long a document may be on its way, or in doubt."""
    silence_hours: Hours = 24
    """How long the lists of both systems may stay unread."""
    events_hours: Hours = 1
    """How long a webhook event may stay unclaimed."""
    differences: Count = 0
    """How many differences the last reconciliation may have left open."""
    difference_amount: Amount | None = None
    """To how much they may come, in local currency."""


def load(path: Path) -> tuple[Alerts, tuple[str, ...]]:
    """What is told, and a warning for each entry that was replaced by its default."""
    return lenient(path, Alerts)
