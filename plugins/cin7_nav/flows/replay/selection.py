"""What a replay is about: read from a form or the keyboard, and everything that is wrong with it at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cin7_nav.model import State
from cin7_nav.store.replay import Filter

FLOWS = ("invoices",)
"""The flows whose records can be replayed."""

CAP = 2000
"""Orders that a replay reads unless more are allowed: 33 minutes of one key's whole budget."""
SHARE = 50
"""Percent of Cin7's calls that a replay takes: the rest is for live traffic."""
FURTHEST = dt.timedelta(days=366)
"""Nobody dates an invoice later than this."""


class SelectionError(ValueError):
    """Everything that is wrong with what was asked for, a line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Selection:
    flow: str
    filter: Filter
    cap: int
    share: int


def read(params: Mapping[str, Any], today: dt.date) -> Selection:
    """Raises `SelectionError`."""
    faults: list[str] = []
    flow = str(params.get("flow") or FLOWS[0])
    if flow not in FLOWS:
        faults.append(f"There is no flow {flow!r}: {', '.join(FLOWS)}.")
    cap, share = (
        _number("cap", params, CAP, 1, 1_000_000, faults),
        _number("share", params, SHARE, 1, 100, faults),
    )
    chosen = filter_of(params, today, faults)
    if chosen == Filter():
        faults.append("Nothing is chosen: name states, dates, documents, parties, accounts or a text.")
    if faults:
        raise SelectionError(faults)
    return Selection(flow, chosen, cap, share)


def filter_of(params: Mapping[str, Any], today: dt.date, faults: list[str]) -> Filter:
    """What is chosen; what is wrong with it joins `faults`."""
    first, last = (_day(name, params.get(name), faults) for name in ("from", "to"))
    if first and last and first > last:
        faults.append(f"The range is reversed: from {first} to {last}.")
    if first and first > today + FURTHEST:
        faults.append(f"The range begins on {first}, more than a year from now.")
    states: list[State] = []
    for text in _texts(params.get("states")):
        try:
            states.append(State(text))
        except ValueError:
            faults.append(f"There is no state {text!r}: {', '.join(State)}.")
    return Filter(
        tuple(states),
        first,
        last,
        _texts(params.get("documents")),
        _texts(params.get("parties")),
        _texts(params.get("accounts")),
        str(params.get("text") or "").strip(),
    )


def _texts(given: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in given or () if text.strip()))


def _day(name: str, given: Any, faults: list[str]) -> dt.date | None:
    if not given:
        return None
    try:
        if len(str(given)) == 10:
            return dt.date.fromisoformat(str(given))
    except ValueError:
        pass
    faults.append(
        f"{name}: {given!r} is not a business date such as 2026-11-20; it has no time and no time zone."
    )
    return None


def _number(
    name: str, params: Mapping[str, Any], usual: int, least: int, most: int, faults: list[str]
) -> int:
    given = params.get(name)
    if given is None:
        return usual
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        faults.append(f"{name}: {given!r} is not a whole number from {least} to {most}.")
        return usual
    return given
