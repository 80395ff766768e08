"""NAV's customers and vendors over API v2.0: reading cards, changing them by ETag, making new ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from cin7_nav.hooks.errors import NotFound
from cin7_nav.hooks.nav import NavHook, Row
from cin7_nav.hooks.nav_filters import CHAIN_LENGTH
from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.wire.nav_parties import SELECT, Codes, nav_body, nav_party

_ENTITIES = {PartyKind.CUSTOMER: "customers", PartyKind.SUPPLIER: "vendors"}


class NavParties:
    """Raises `hooks.errors`. Local currency and payment terms are asked for once per object."""

    def __init__(self, hook: NavHook) -> None:
        self._hook = hook
        self._known_codes: Codes | None = None

    @property
    def room(self) -> Mapping[PartyField, int]:
        """Characters that fields hold in this version of NAV; those not named hold what they always do."""
        return {}

    @property
    def codes(self) -> Codes:
        if self._known_codes is None:
            setup = next(self._hook.rows(self._hook.entity("generalLedgerSetup")), {})
            terms = self._hook.rows(self._hook.entity("paymentTerms"), {"$select": "id,code"})
            self._known_codes = Codes(
                str(setup.get("localCurrencyCode") or ""), {str(row["id"]): str(row["code"]) for row in terms}
            )
        return self._known_codes

    def changed(self, kind: PartyKind, since: dt.datetime | None = None) -> Iterator[Party]:
        """All cards, or those modified after `since`, page by page."""
        params = {"$select": SELECT}
        if since:
            moment = since.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
            params["$filter"] = f"lastModifiedDateTime gt {moment}Z"
        for row in self._hook.rows(self._path(kind), params):
            yield self._party(kind, row)

    def cards(self, kind: PartyKind, ids: Sequence[str]) -> list[Party]:
        """Those of these cards that are there: one call for up to about 40 of them."""
        found: list[Party] = []
        for start in range(0, len(ids), CHAIN_LENGTH):
            chain = " or ".join(f"id eq {one}" for one in ids[start : start + CHAIN_LENGTH])
            rows = self._hook.rows(self._path(kind), {"$select": SELECT, "$filter": chain})
            found += [self._party(kind, row) for row in rows]
        return found

    def card(self, kind: PartyKind, id_: str) -> Party:
        """One card as it is now. Raises NotFound."""
        found = self.cards(kind, [id_])
        if not found:
            raise NotFound(f"NAV has no such {kind.named(Side.NAV)}", status=404)
        return found[0]

    def update(self, card: Party, changes: Mapping[PartyField, str]) -> Party:
        """Change a card that is still as it was read; the card as NAV has it then.

        Raises `Refused` with status 409 where somebody changed it meanwhile. Repeatable: the ETag sees to it
        that a second sending does nothing.
        """
        path = f"{self._path(card.kind)}({card.id})"
        body = nav_body(changes, self.codes)
        return self._party(card.kind, self._hook.write("PATCH", path, body, etag=card.version))

    def create(self, kind: PartyKind, values: Mapping[PartyField, str]) -> Party:
        """Make a card; NAV's number series numbers it. Raises `Refused`, `OutcomeUnknown`."""
        body = nav_body({field: value for field, value in values.items() if value}, self.codes)
        if kind is PartyKind.CUSTOMER:
            body = {"type": "Company", **body}
        return self._party(kind, self._hook.write("POST", self._path(kind), body))

    def _party(self, kind: PartyKind, row: Row) -> Party:
        return nav_party(kind, row, self.codes)

    def _path(self, kind: PartyKind) -> str:
        return self._hook.entity(_ENTITIES[kind])
