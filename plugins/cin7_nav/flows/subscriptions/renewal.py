"""One round of looking after what both systems tell us: renew, repair, catch up, watch."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cin7_nav.flows.subscriptions.catch_up import CatchUp
from cin7_nav.flows.subscriptions.cin7 import Cin7Side
from cin7_nav.flows.subscriptions.nav import NavSide
from cin7_nav.flows.subscriptions.watch import watch
from cin7_nav.hooks.addresses import fault_of_base, host_of, is_loopback
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.errors import Misconfigured
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.session import probe
from cin7_nav.mappings.reader import MappingError
from cin7_nav.mappings.subscriptions import Subscriptions
from cin7_nav.model import Fixer
from cin7_nav.store import inbox
from cin7_nav.store import subscriptions as store
from cin7_nav.store.database import Database
from cin7_nav.store.inbox import Event
from cin7_nav.store.subscriptions import Trouble

log = logging.getLogger(__name__)

FLOW = "subscriptions"


class ReceiverConnection(Protocol):
    """The part of the Airflow connection `cin7_nav_webhooks` that is read here."""

    host: str | None
    port: int | None
    password: str | None


@dataclass
class Renewal:
    """One round. Whatever is wrong ends as a row of `alarm`; the rest goes on."""

    database: Database
    wanted: Subscriptions | Sequence[MappingError]
    receiver: ReceiverConnection | None
    """None where there is no such connection."""
    cin7: Callable[[], Cin7Hook]
    nav: Callable[[], NavHook]
    run: str
    now: dt.datetime
    probe: Callable[[str], str] = probe
    changed: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)

    def once(self) -> bool:
        """Do it; whether the flows are to read Cin7's lists now. Safe to repeat."""
        rings = self._rings()
        self._renew_cin7()
        self._renew_nav()
        catch_up = CatchUp(self.database, self.cin7, self.nav, self.run)
        catch_up.all()
        self.changed["gaps caught up with"] += catch_up.caught
        names = {source: self._names(source) for source in ("cin7", "nav")}
        self.troubles += watch(self.database, names, rings, self.now)
        store.note(self.database, self.troubles, self.now)
        inbox.done(self.database, [ring.id for ring in rings])
        return catch_up.poll_due

    def _rings(self) -> list[Event]:
        """What the receiver told since the last look."""
        rings: list[Event] = []
        held: list[int] = []
        while found := inbox.claim(self.database, FLOW, self.run, limit=100, held=held):
            rings += found
            held += [ring.id for ring in found]
        return rings

    def _names(self, source: str) -> Sequence[str]:
        """What is wanted of one side; while the file is invalid, what is there goes on."""
        if isinstance(self.wanted, Subscriptions):
            return self.wanted.cin7 if source == "cin7" else self.wanted.nav
        return [one.name for one in store.known(self.database, source)]

    # --- the two sides ---

    def _renew_cin7(self) -> None:
        if not isinstance(self.wanted, Subscriptions):
            told = "; ".join(map(str, self.wanted))
            self._trouble("", "subscriptions_invalid", told, Fixer.MAPPING_EDITOR)
        try:
            hook = self.cin7()
        except Misconfigured as error:
            self._trouble("cin7", "cin7_connection", str(error), error.fixer)
            return
        sandbox = is_loopback(host_of(hook.settings.url))
        if base := self._base("cin7", sandbox=sandbox, private=False):
            names, secret = self._names("cin7"), (self.receiver and self.receiver.password) or ""
            self._done(Cin7Side(self.database, names, base, self.now, hook=hook, secret=secret))

    def _renew_nav(self) -> None:
        try:
            hook = self.nav()
        except Misconfigured as error:
            self._trouble("nav", "nav_connection", str(error), error.fixer)
            return
        settings = hook.settings
        if settings.extra.channel != "api_v2":
            told = "NAV's channel odata_v4 has no subscriptions: its changes are found by polling alone"
            self._trouble("nav", "nav_without_webhooks", told, Fixer.NAV_ADMINISTRATOR, once=True)
            return
        private = settings.extra.deployment == "on_premises"
        if base := self._base("nav", sandbox=is_loopback(host_of(settings.root)), private=private):
            share = self.wanted.renew_when_left / 100 if isinstance(self.wanted, Subscriptions) else 0.5
            side = NavSide(self.database, self._names("nav"), base, self.now, hook=hook, share=share)
            side.probe = self.probe
            self._done(side)

    def _done(self, side: Cin7Side | NavSide) -> None:
        side.run()
        self.troubles += side.troubles
        self.changed.update({f"{side.source} {what}": count for what, count in side.changed.items()})

    # --- the receiver's address ---

    def _base(self, source: str, *, sandbox: bool, private: bool) -> str:
        """The public base of the receiver's addresses; empty where it can't be one, which is told."""
        base = base_of(self.receiver)
        fault = fault_of_base(base, sandbox=sandbox, private=private) if base else "is not given"
        if not fault:
            return base
        unset = not base or is_loopback(host_of(base))
        nothing = not any(one.external_id for one in store.known(self.database, source))
        self._trouble(
            source, "receiver_address",
            f"nothing is registered: the host of the connection cin7_nav_webhooks {fault}. It must be the "
            "public https address that the reverse proxy passes on to the receiver; until then polling finds "
            "all changes",
            Fixer.DATA_TEAM, once=unset and nothing,
        )  # fmt: skip
        return ""

    def _trouble(self, source: str, code: str, message: str, fixer: Fixer, *, once: bool = False) -> None:
        self.troubles.append(Trouble(source, "", code, message, str(fixer), once))


def base_of(connection: ReceiverConnection | None) -> str:
    """The address in the connection, with its port, without a slash at the end; empty where none is given."""
    if connection is None or not connection.host:
        return ""
    url = connection.host if "://" in connection.host else f"https://{connection.host}"
    url = url.rstrip("/")
    named_port = url.partition("://")[2].partition("/")[0].rpartition(":")[2].isdecimal()
    return f"{url}:{connection.port}" if connection.port and not named_port else url
