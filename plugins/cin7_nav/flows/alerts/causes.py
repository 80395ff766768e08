"""Which causes there are now, by the rules of `alerts.yaml`. One cause, however many records it is
about."""

from __future__ import annotations

import datetime as dt

from cin7_nav.flows.status import Status
from cin7_nav.mappings.alerts import Alerts

PREFIX = "rule: "
"""What the names of causes begin with that come and go by rule; others come from failures and deadlines."""

_ON_THE_WAY = ("received", "ready", "sending", "unknown")


def causes(found: Status, rules: Alerts, now: dt.datetime) -> dict[str, str]:
    """The message of each cause that is there. No name of a person or company is in it."""
    told: dict[str, str] = {}
    for one in found.waiting:
        on_the_way = one.state in _ON_THE_WAY
        hours = rules.in_doubt_hours if on_the_way else rules.waiting_hours
        if hours is not None and one.oldest > dt.timedelta(hours=hours):
            who = f"; {one.fixer} can fix it" if one.fixer else ""
            told[f"{PREFIX}{one.what} {one.state} {one.cause}"] = (
                f"{one.records} {one.what} are {one.state} ({one.cause}), the oldest for "
                f"{_hours(one.oldest)}{who}"
            )
    for flow in found.flows:
        if (
            rules.events_hours
            and flow.oldest_event
            and flow.oldest_event > dt.timedelta(hours=rules.events_hours)
        ):
            told[f"{PREFIX}events of {flow.flow}"] = (
                f"{flow.events} webhook events of {flow.flow} wait, the oldest for "
                f"{_hours(flow.oldest_event)}: "
                "is its DAG switched on?"
            )
    for name, read_at in found.last_read.items():
        if rules.silence_hours and read_at and now - read_at > dt.timedelta(hours=rules.silence_hours):
            told[f"{PREFIX}silence of {name}"] = f"{name} was not read for {_hours(now - read_at)}"
    for trouble in found.troubles:
        told[f"{PREFIX}{' '.join(filter(None, (trouble.source, trouble.name, trouble.code)))}"] = (
            f"{trouble.message} ({trouble.fixer} can fix it)"
        )
    count, amount = len(found.differences), found.difference_amount
    too_many = rules.differences is not None and count > rules.differences
    too_much = rules.difference_amount is not None and amount > rules.difference_amount
    if too_many or too_much:
        told[f"{PREFIX}differences"] = (
            f"{count} differences of {amount:.2f} in all between Cin7 and NAV: see the last run of "
            "reconciliation"
        )
    return told


def _hours(age: dt.timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
