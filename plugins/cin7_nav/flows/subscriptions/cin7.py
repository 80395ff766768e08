"""Cin7's webhooks: registered, put right where they differ, switched on again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cin7_nav.flows.subscriptions.side import Side
from cin7_nav.hooks.addresses import host_of
from cin7_nav.hooks.cin7 import Cin7Hook, Row
from cin7_nav.hooks.errors import Misconfigured, OutcomeUnknown, Refused, VendorError
from cin7_nav.store import subscriptions as store
from cin7_nav.store import webhook_secrets

PER_TYPE = 5
"""Webhooks that Cin7 allows of one type (its API portal)."""

SECRET_HEADER = "X-Webhook-Secret"
"""The secret goes beside `Authorization` too, which some proxies do not pass on."""

NO_HEADER = "it lacked the header with the secret"

FORMER_SECRET_LASTS = dt.timedelta(hours=3)
"""After every webhook carries the new secret, the former one stays good for what Cin7 still repeats."""


@dataclass
class Cin7Side(Side):
    """Cin7's side of one run. `secret`: what its webhooks are to show."""

    hook: Cin7Hook | None = None
    secret: str = ""

    source = "cin7"
    title = "Cin7"

    @property
    def cin7(self) -> Cin7Hook:
        assert self.hook is not None
        return self.hook

    def run(self) -> None:
        """Bring what is there to what is wanted. Whatever fails is in `troubles`, and the rest goes on."""
        try:
            webhook_secrets.admit(self.database, "cin7", self.secret)
        except ValueError as error:
            self.trouble("", "cin7_secret", f"password of the connection cin7_nav_webhooks: {error}")
            return
        try:
            present = self.cin7.webhooks()
        except VendorError as error:
            self._unreadable(error)
            return
        before = len(self.changed)
        for kind in self.wanted:
            try:
                self._keep(kind, present)
            except OutcomeUnknown:
                continue  # whether it was made, the next run sees
            except VendorError as error:
                self.failed(kind, "cin7_webhook", f"the webhook for {kind}", error)
        for kind in sorted(set(self.known) - set(self.wanted)):
            self._remove(kind, present)
        if not self.troubles and len(self.changed) == before:
            webhook_secrets.end_former(self.database, "cin7", self.secret, FORMER_SECRET_LASTS)

    # --- wanted ---

    def _keep(self, kind: str, present: list[Row]) -> None:
        of_kind = [row for row in present if row.get("Type") == kind]
        before = self.known.get(kind)
        wanted = self._wanted(kind)
        known = [row for row in of_kind if before and row["ID"] == before.external_id]
        here = [row for row in of_kind if row.get("ExternalURL") == wanted["ExternalURL"]]
        found = (known + here)[:1]
        if not found:
            if before and before.external_id:
                self.lost(kind, "it was deleted in Cin7")
            elif before is None or not before.silent_from:
                self.lost(kind, "new")
            self._create(kind, wanted, of_kind)
            return
        for other in here:
            if other["ID"] != found[0]["ID"]:
                self.cin7.delete_webhook(str(other["ID"]))
                self.count("removed")
        row = found[0]
        if why := _differs(row, wanted):
            if why != NO_HEADER:
                self.lost(kind, why)
            headers = [one for one in row.get("ExternalHeaders") or [] if one.get("Key") != SECRET_HEADER]
            kept = {**wanted, "ID": row["ID"], "ExternalHeaders": [*headers, *wanted["ExternalHeaders"]]}
            row = self.cin7.update_webhook(kept)
            if why := _differs(row, wanted):
                self.trouble(kind, "cin7_webhook", f"Cin7 did not take over the webhook for {kind}: {why}")
                return
            self.count("repaired")
        store.seen(self.database, self.source, kind, str(row["ID"]), self.now)

    def _wanted(self, kind: str) -> dict[str, Any]:
        return {
            "Type": kind,
            "IsActive": True,
            "ExternalURL": f"{self.base}/cin7/{kind}",
            "ExternalAuthorizationType": "bearerauth",
            "ExternalBearerToken": self.secret,
            "ExternalHeaders": [{"Key": SECRET_HEADER, "Value": self.secret}],
        }

    def _create(self, kind: str, wanted: dict[str, Any], of_kind: list[Row]) -> None:
        if len(of_kind) >= PER_TYPE:
            hosts = ", ".join(sorted({host_of(str(row.get("ExternalURL"))) or "?" for row in of_kind}))
            self.trouble(
                kind, "cin7_limit",
                f"Cin7 allows {PER_TYPE} webhooks for {kind} and has them, to {hosts}: delete one that "
                "nobody needs, or take the type out of subscriptions.yaml",
            )  # fmt: skip
            return
        row = self.cin7.create_webhook(wanted)
        self.count("created")
        store.seen(self.database, self.source, kind, str(row["ID"]), self.now)

    # --- not wanted any more ---

    def _remove(self, kind: str, present: list[Row]) -> None:
        """Only what we know to have made: by its id."""
        ours = self.known[kind].external_id
        try:
            if any(row["ID"] == ours for row in present):
                self.cin7.delete_webhook(ours)
                self.count("removed")
        except VendorError as error:
            self.failed(kind, "cin7_webhook", f"removing the webhook for {kind}", error)
            return
        store.forget(self.database, self.source, kind)

    # --- what went wrong ---

    def _unreadable(self, error: VendorError) -> None:
        """Webhooks need Cin7's Automation module; what Cin7 says without it is not documented. Where the rest
        of the account can be read, it is that."""
        if isinstance(error, Misconfigured | Refused) and self._answers():
            if any(one.external_id for one in self.known.values()):
                self.failed("", "cin7_webhooks", "its webhooks can't be read any more", error)
            else:
                self.trouble(
                    "", "cin7_without_webhooks",
                    f"this Cin7 account has no webhooks, which need its Automation module ({error}): changes "
                    "are found by polling alone", once=True,
                )  # fmt: skip
        else:
            self.unreachable(error)

    def _answers(self) -> bool:
        try:
            self.cin7.me()
        except VendorError:
            return False
        return True


def _differs(row: Row, wanted: dict[str, Any]) -> str:
    """In what a webhook is not as it must be; empty: in nothing."""
    if not row.get("IsActive"):
        return "Cin7 had switched it off"
    if row.get("ExternalURL") != wanted["ExternalURL"]:
        return "it led to another address"
    headers = {one.get("Key"): one.get("Value") for one in row.get("ExternalHeaders") or []}
    secret = wanted["ExternalBearerToken"]
    bearer = row.get("ExternalAuthorizationType") == "bearerauth" and row.get("ExternalBearerToken") == secret
    if not bearer:
        return "it carried another secret"
    return "" if headers.get(SECRET_HEADER) == secret else NO_HEADER
