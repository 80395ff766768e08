"""When the regular work happens: `include/schedule.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from croniter import croniter
from pydantic import BeforeValidator, WithJsonSchema

from cin7_nav.mappings.files import Section
from cin7_nav.mappings.reader import check, read


def _cron(value: object) -> str:
    if isinstance(value, str) and len(value.split()) == 5 and croniter.is_valid(value):
        return " ".join(value.split())
    raise ValueError("a cron expression of five fields, such as */15 * * * *")


Cron = Annotated[str, BeforeValidator(_cron), WithJsonSchema({"type": "string"})]


class Schedule(Section):
    """Cron expressions of five fields, in UTC."""

    poll: Cron = "*/15 * * * *"
    """How often Cin7 and NAV are asked for changes that no webhook announced."""
    sweep: Cron = "30 2 * * *"
    """When the previous day is read once more by business date."""
    renewal: Cron = "20 * * * *"
    """How often NAV subscriptions and Cin7 webhooks are looked after."""
    reconcile: Cron = "15 4 * * *"
    """When both systems are compared."""


def load(path: Path) -> tuple[Schedule, tuple[str, ...]]:
    """The schedule, and a warning for each entry that was replaced by its default.

    A schedule must never keep a DAG from loading, therefore nothing here is an error.
    """
    if not path.exists():
        return Schedule(), (f"{path.name} is missing: the default schedule applies",)
    source = read(path)
    schedule = check(source, Schedule)
    if schedule is not None:
        return schedule, ()
    faulty = {error.line for error in source.errors}
    good = (
        {key: value for key, value in source.data.items() if source.line((key,)) not in faulty}
        if isinstance(source.data, dict)
        else {}
    )
    return Schedule.model_validate(good), tuple(f"{error}; the default applies" for error in source.errors)
