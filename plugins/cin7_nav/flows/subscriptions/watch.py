"""What the renewal itself can't see: events that stay away, and requests that were refused or kept aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from cin7_nav.model import Fixer, Kind
from cin7_nav.rules.silence import is_silent
from cin7_nav.store import subscriptions as store
from cin7_nav.store.database import Database
from cin7_nav.store.inbox import Event
from cin7_nav.store.subscriptions import Trouble

REMEMBERED = dt.timedelta(days=28)
"""How far back the usual traffic is looked at."""

QUARANTINE_TOLD = dt.timedelta(hours=24)
ANNOUNCES = {
    "Sale/InvoiceAuthorised": Kind.SALE_INVOICE,
    "Sale/CreditNoteAuthorised": Kind.SALE_CREDIT_NOTE,
    "Purchase/InvoiceAuthorised": Kind.PURCHASE_INVOICE,
    "Purchase/CreditNoteAuthorised": Kind.PURCHASE_CREDIT_NOTE,
}
"""Cin7's webhooks that tell of each new document of a kind."""

RETRIES = dt.timedelta(hours=2)
"""Cin7 repeats an event for 76 minutes."""

ENOUGH_UNANNOUNCED = 3
_TITLES = {"cin7": "Cin7", "nav": "NAV"}
WRONG_SECRET = "receiver/wrong-secret"


def watch(
    database: Database, wanted: Mapping[str, Sequence[str]], rings: Sequence[Event], now: dt.datetime
) -> list[Trouble]:
    """What is wrong with what lands. `rings`: what the receiver told since the last look."""
    unannounced = list(_unannounced(database, wanted, now))
    told = {(one.source, one.name) for one in unannounced}
    return [
        *unannounced,
        *(one for one in _silent(database, wanted, now) if (one.source, one.name) not in told),
        *_wrong_secrets(rings),
        *_kept_aside(database, now),
    ]


def _unannounced(
    database: Database, wanted: Mapping[str, Sequence[str]], now: dt.datetime
) -> Iterator[Trouble]:
    """Documents are there that should have been told of, and nothing came at all."""
    kinds = {name: kind for name, kind in ANNOUNCES.items() if name in wanted.get("cin7", ())}
    for one in store.unannounced(database, kinds, now - RETRIES):
        if one.documents >= ENOUGH_UNANNOUNCED:
            yield Trouble(
                "cin7", one.name, "unannounced",
                f"polling found {one.documents} documents since {one.since:%Y-%m-%d %H:%M}, {one.first} "
                f"first, and no {one.name} told of any. The webhook is in order: look at Cin7's Automation "
                "and at the reverse proxy. Polling goes on finding what changes",
                str(Fixer.DATA_TEAM),
            )  # fmt: skip


def _silent(database: Database, wanted: Mapping[str, Sequence[str]], now: dt.datetime) -> Iterator[Trouble]:
    for one in store.traffic(database, now - REMEMBERED):
        is_wanted = one.name in wanted.get(one.source, ())
        if is_wanted and is_silent(one.events, one.first, one.last, one.longest_pause, now):
            yield Trouble(
                one.source, one.name, "silent",
                f"no {one.name} from {_TITLES[one.source]} since {one.last:%Y-%m-%d %H:%M}; the longest "
                f"pause before was {_hours(one.longest_pause)}, and {one.events} events came in four weeks. "
                "The subscription is in order: look at its sender, "
                + ("NAV's job queue entries" if one.source == "nav" else "Cin7's Automation")
                + ", and at the reverse proxy. Polling goes on finding what changes",
                str(Fixer.NAV_ADMINISTRATOR if one.source == "nav" else Fixer.DATA_TEAM),
            )  # fmt: skip


def _wrong_secrets(rings: Sequence[Event]) -> Iterator[Trouble]:
    for source, title in _TITLES.items():
        count = sum(one.repeats + 1 for one in rings if (one.source, one.type) == (source, WRONG_SECRET))
        if count:
            follows = (
                "Cin7 switches a webhook off after six of them in 76 minutes. Those in subscriptions.yaml "
                "have just been given the right secret; if it goes on, a webhook of somebody else leads here"
                if source == "cin7"
                else "A subscription that we do not know leads here, or somebody tries addresses. It was "
                "accepted, kept in the inbox as quarantined, and not looked at"
            )
            yield Trouble(
                source, "", "wrong_secret",
                f"{count} requests in {title}'s name came with a wrong secret or to a wrong address. "
                f"{follows}",
                str(Fixer.DATA_TEAM),
            )  # fmt: skip


def _kept_aside(database: Database, now: dt.datetime) -> Iterator[Trouble]:
    for source, count in store.quarantined(database, now - QUARANTINE_TOLD).items():
        yield Trouble(
            source, "", "quarantined",
            f"{count} events from {_TITLES[source]} could not be read or came with a wrong secret, and lie "
            "in the inbox as quarantined. Polling finds what they were about",
            str(Fixer.DATA_TEAM),
        )  # fmt: skip


def _hours(pause: dt.timedelta) -> str:
    return f"{pause.total_seconds() / 3600:.1f} h"
