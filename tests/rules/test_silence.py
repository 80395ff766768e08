"""When events that stay away are news."""

from __future__ import annotations

import datetime as dt

import pytest
from cin7_nav.rules.silence import is_silent

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("events", "days", "pause", "silence", "expected"),
    [
        (500, 20, 64, 100, False),  # a long weekend, as there was one before
        (500, 20, 64, 129, True),
        (500, 20, 1, 5, False),  # busy, and it is night
        (500, 20, 1, 7, True),
        (19, 20, 1, 500, False),  # too few to know how often they come
        (500, 7, 1, 500, False),  # no weekend seen yet
    ],
)
def test_nothing_for_more_than_twice_the_longest_pause_is_silence(
    events: int, days: int, pause: int, silence: int, expected: bool
) -> None:
    last = NOW - silence * HOUR
    assert is_silent(events, last - days * 24 * HOUR, last, pause * HOUR, NOW) is expected
