"""When no events are news: a type that used to come and has stayed away for too long."""

from __future__ import annotations

import datetime as dt

ENOUGH_EVENTS = 20
"""Fewer events tell nothing of how often they come."""

ENOUGH_DAYS = dt.timedelta(days=8)
"""So long must events have come, so that a weekend is among the pauses that are normal."""

LEAST_SILENCE = dt.timedelta(hours=6)


def is_silent(
    events: int, first: dt.datetime, last: dt.datetime, longest_pause: dt.timedelta, now: dt.datetime
) -> bool:
    """Whether events that came from `first` to `last`, with this longest pause, have stopped coming: nothing
    for more than twice the longest pause."""
    if events < ENOUGH_EVENTS or last - first < ENOUGH_DAYS:
        return False
    return now - last > max(2 * longest_pause, LEAST_SILENCE)
