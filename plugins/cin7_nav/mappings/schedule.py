"""When the regular work happens: `include/schedule.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from croniter import croniter
from pydantic import BeforeValidator, WithJsonSchema

from cin7_nav.mappings.files import Section
from cin7_nav.mappings.reader import check, read


def _cron(value: object) -> str:
    if isinstance(value, str) and len(value.split()) == 5 and croniter.is_valid(value):
        return " ".join(value.split())
    raise ValueError("a cron expression of five fields, such as */15 * * * *")


Cron = Annotated[str, BeforeValidator(_cron), WithJsonSchema({"type": "string"})]


def _days(value: object) -> int:
    if isinstance(value, bool) or not str(value).isdecimal() or not 30 <= int(str(value)) <= 36_500:
        raise ValueError("a whole number of days from 30 to 36500, such as 400")
    return int(str(value))


Days = Annotated[
    int, BeforeValidator(_days), WithJsonSchema({"type": "integer", "minimum": 30, "maximum": 36500})
]


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
    payload_days: Days = 400
    """How long what was received word for word is kept. The audit trail stays for ever."""


def load(path: Path) -> tuple[Schedule, tuple[str, ...]]:
    """The schedule, and a warning for each entry that was replaced by its default."""
    return lenient(path, Schedule)


AnySection = TypeVar("AnySection", bound=Section)


def lenient(path: Path, model: type[AnySection]) -> tuple[AnySection, tuple[str, ...]]:
    """What a file says, and a warning for each entry that was replaced by its default.

    Such a file must never keep a DAG from loading, therefore nothing in it is an error.
    """
    if not path.exists():
        return model(), (f"{path.name} is missing: the defaults apply",)
    source = read(path)
    found = check(source, model)
    if found is not None:
        return found, ()
    faulty = {error.line for error in source.errors}
    good = (
        {key: value for key, value in source.data.items() if source.line((key,)) not in faulty}
        if isinstance(source.data, dict)
        else {}
    )
    return model.model_validate(good), tuple(f"{error}; the default applies" for error in source.errors)
