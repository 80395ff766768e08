"""NAV's subscriptions: made, renewed while there is time, made again when they are gone."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cin7_nav.flows.subscriptions.side import Side
from cin7_nav.hooks import nav_subscriptions as api
from cin7_nav.hooks.addresses import host_of
from cin7_nav.hooks.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, VendorError
from cin7_nav.hooks.nav import NavHook, Row
from cin7_nav.model import Fixer
from cin7_nav.store import subscriptions as store

LIMIT_ONLINE = 200
"""Subscriptions that an online environment may have (Microsoft's operational limits)."""


@dataclass
class NavSide(Side):
    """NAV's side of one run. `share`: the part of its life below which a subscription is renewed."""

    hook: NavHook | None = None
    share: float = 0.5
    probe: Callable[[str], str] = lambda _: ""

    source = "nav"
    title = "NAV"

    @property
    def nav(self) -> NavHook:
        assert self.hook is not None
        return self.hook

    def run(self) -> None:
        """Bring what is there to what is wanted. Whatever fails is in `troubles`, and the rest goes on."""
        try:
            present = api.listed(self.nav)
        except Refused as error:
            self._unsupported(error)
            return
        except VendorError as error:
            self.unreachable(error)
            return
        ours = self._ours(present)
        for entity in self.wanted:
            try:
                self._keep(entity, ours.pop(entity, []), len(present))
            except VendorError as error:
                self.failed(entity, "nav_subscription", f"the subscription to {entity}", error)
        for entity in sorted({*ours, *self.known} - {*self.wanted}):
            self._remove(entity, ours.get(entity, []))

    # --- whose is it ---

    def _ours(self, present: list[Row]) -> dict[str, list[Row]]:
        """Those of these subscriptions that are ours, by entity set, the one we know best first: what we
        made, and what leads to our own receiver."""
        found: dict[str, list[Row]] = {}
        ids = {one.external_id: one.name for one in self.known.values() if one.external_id}
        prefix = f"{self.base}/nav/"
        for row in present:
            entity = self._entity(str(row.get("resource") or ""))
            by_id = ids.get(str(row["subscriptionId"]))
            if entity and (by_id == entity or str(row.get("notificationUrl")).startswith(prefix)):
                found.setdefault(entity, []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: (row["subscriptionId"] in ids, row["expirationDateTime"]), reverse=True)
        return found

    def _entity(self, resource: str) -> str:
        """The entity set of a resource in our company, written with or without the API's path."""
        named = re.fullmatch(r"(?:.*/)?companies\(([^()]+)\)/(\w+)/?", resource.partition("?")[0])
        ours = named is not None and named[1].lower() == self.nav.company_id().lower()
        return named[2] if named and ours else ""

    # --- wanted ---

    def _keep(self, entity: str, rows: list[Row], count: int) -> None:
        before = self.known.get(entity)
        if not rows:
            if entity not in self._supported:
                self.trouble(
                    entity, "nav_not_subscribable",
                    f"NAV can't be subscribed to {entity}: its changes are found by polling", once=True,
                )  # fmt: skip
                return
            if before and before.external_id:
                self.lost(entity, _why_gone(before.expires_at, self.now))
            elif before is None or not before.silent_from:
                self.lost(entity, "new")
            self._create(entity, count)
            return
        row, *others = rows
        for other in others:
            api.delete(self.nav, str(other["subscriptionId"]))
            self.count("removed")
        url, state = str(row["notificationUrl"]), str(row.get("clientState") or "")
        token = url.rpartition("/")[2]
        if not url.startswith(f"{self.base}/nav/"):
            self.lost(entity, "the receiver's address changed")
            self._renew(entity, row, secrets.token_urlsafe(32))
        elif not store.is_admitted(self.database, entity, token, state):
            self.lost(entity, "its secret was not known here")
            self._renew(entity, row, secrets.token_urlsafe(32))
        elif self._is_due(row):
            self._renew(entity, row, token)
        else:
            self._seen(entity, row)

    def _is_due(self, row: Row) -> bool:
        end = _moment(row["expirationDateTime"])
        life = end - _moment(row["lastModifiedDateTime"])
        return end - self.now < life * self.share

    def _create(self, entity: str, count: int) -> None:
        token = secrets.token_urlsafe(32)
        if self._with_handshake(
            entity, token, lambda url, state: api.create(self.nav, url, entity, state), count
        ):
            self.count("created")

    def _renew(self, entity: str, row: Row, token: str) -> None:
        """With another clientState; the former one stays good for what is still on its way."""
        end = _moment(row["expirationDateTime"])
        renewed = self._with_handshake(
            entity, token, lambda url, state: api.renew(self.nav, row, url, entity, state), 0, end
        )
        if renewed:
            self.count("renewed")

    def _with_handshake(
        self,
        entity: str,
        token: str,
        call: Callable[[str, str], Row],
        count: int,
        end: dt.datetime | None = None,
    ) -> bool:
        """Make or renew a subscription: first the receiver learns the secrets, then NAV is asked.

        `count`: how many subscriptions NAV has; `end`: when the one that is to be renewed ends.
        """
        state, url = secrets.token_urlsafe(32), f"{self.base}/nav/{token}"
        store.admit(self.database, entity, token, state)
        store.expect_handshake(self.database, token)
        try:
            row = call(url, state)
        except OutcomeUnknown:
            return False  # whether it was made, the next run sees; the receiver knows its secrets
        except Unavailable as error:
            self._not_done(entity, str(error), end)
            return False
        except VendorError as error:
            answered = store.end_handshake(self.database, token)
            self._not_done(entity, self._explained(error, token, count, answered), end, error)
            return False
        store.end_handshake(self.database, token)
        store.end_others(self.database, entity, token, state)
        self._seen(entity, row)
        return True

    def _seen(self, entity: str, row: Mapping[str, Any]) -> None:
        end = _moment(row["expirationDateTime"])
        store.seen(self.database, self.source, entity, str(row["subscriptionId"]), self.now, end)

    # --- not wanted any more ---

    def _remove(self, entity: str, rows: list[Row]) -> None:
        """Only what we know to have made: by its id."""
        before = self.known.get(entity)
        if before is None:
            return
        try:
            for row in rows:
                if row["subscriptionId"] == before.external_id:
                    api.delete(self.nav, before.external_id)
                    self.count("removed")
        except VendorError as error:
            self.failed(entity, "nav_subscription", f"removing the subscription to {entity}", error)
            return
        store.forget(self.database, self.source, entity)

    # --- what went wrong ---

    @cached_property
    def _supported(self) -> frozenset[str]:
        return api.supported(self.nav)

    def _explained(self, error: VendorError, token: str, count: int, answered: bool) -> str:
        if not isinstance(error, Refused):
            return str(error)
        if "maximum number" in str(error) or count >= LIMIT_ONLINE:
            return (
                f"NAV has {count} subscriptions and takes no more ({error}). Remove some in NAV, or fewer "
                "entity sets in subscriptions.yaml"
            )
        if answered:
            return f"our receiver answered NAV's handshake, and NAV says: {error}"
        store.expect_handshake(self.database, token)
        seen_from_here = self.probe(f"{self.base}/nav/{token}")
        store.end_handshake(self.database, token)
        return (
            f"NAV's handshake did not reach the receiver at {host_of(self.base)} (NAV: {error}). Called from "
            f"here: {seen_from_here or 'it works, so look at the firewall and at what NAV may call'}"
        )

    def _not_done(
        self, entity: str, why: str, end: dt.datetime | None, error: VendorError | None = None
    ) -> None:
        fixer = error.fixer if isinstance(error, Misconfigured) else Fixer.DATA_TEAM
        if end is None:
            self.trouble(entity, "nav_not_subscribed", f"NAV does not tell of {entity}: {why}", fixer)
            return
        left = max(end - self.now, dt.timedelta(0))
        hours = int(left.total_seconds() // 3600)
        self.trouble(
            entity, "nav_not_renewed",
            f"the subscription to {entity} ends in {hours} h and can't be renewed: {why}", fixer,
        )  # fmt: skip

    def _unsupported(self, error: Refused) -> None:
        if any(one.external_id for one in self.known.values()):
            self.failed("", "nav_subscriptions", "its subscriptions can't be read", error)
            return
        self.trouble(
            "", "nav_without_webhooks",
            f"this NAV has no subscriptions ({error}): its changes are found by polling alone",
            Fixer.NAV_ADMINISTRATOR, once=True,
        )  # fmt: skip


def _why_gone(expires_at: dt.datetime | None, now: dt.datetime) -> str:
    if expires_at and expires_at <= now:
        return f"it lapsed on {expires_at:%Y-%m-%d %H:%M}"
    return "it was deleted in NAV"


def _moment(text: Any) -> dt.datetime:
    found = dt.datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
