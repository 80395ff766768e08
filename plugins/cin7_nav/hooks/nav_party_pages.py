"""NAV's customers and vendors over their published cards: what `NavParties` does, without API v2.0.

A card has no id there but its number: one that gets another number is a new card to us. Cards tell the day
of their last change and not the time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import quote

from cin7_nav.hooks.errors import NotFound
from cin7_nav.hooks.nav import NavHook, Row
from cin7_nav.hooks.nav_captions import Captions
from cin7_nav.hooks.nav_filters import chains, literal
from cin7_nav.hooks.nav_parties import NavParties
from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.wire.nav_parties import Codes
from cin7_nav.wire.nav_party_pages import FIELDS, page_body, page_party

_CARDS = {PartyKind.CUSTOMER: "customer_card", PartyKind.SUPPLIER: "vendor_card"}


class NavPartyPages:
    """Raises `hooks.errors`. Local currency and payment terms are asked for once per object."""

    def __init__(self, hook: NavHook) -> None:
        self._hook = hook
        self._captions = Captions(hook.settings.extra.language)

    @cached_property
    def room(self) -> Mapping[PartyField, int]:
        """As `NavParties.room`: names and addresses were shorter before Business Central 14."""
        cards = [self._hook.columns(service) for service in _CARDS.values()]
        held = {field: [card[column] for card in cards if card[column]] for field, column in FIELDS.items()}
        return {field: min(lengths) for field, lengths in held.items() if lengths}

    @cached_property
    def codes(self) -> Codes:
        setup = next(self._hook.rows(self._hook.service("general_ledger_setup")), {})
        terms = [str(row["Code"]) for row in self._hook.rows(self._hook.service("payment_terms"))]
        return Codes(str(setup.get("LCY_Code") or ""), {code: code for code in terms})

    def changed(self, kind: PartyKind, since: dt.datetime | None = None) -> Iterator[Party]:
        """All cards, or those modified on the day of `since`, the day before it or later."""
        day = since.date() - dt.timedelta(days=1) if since else None
        params = {"$filter": f"Last_Date_Modified ge {day}"} if day else {}
        for row in self._hook.rows(self._path(kind), params):
            yield self._party(kind, row)

    def cards(self, kind: PartyKind, ids: Sequence[str]) -> list[Party]:
        """Those of these cards that are there: one call for up to about 40 of them."""
        return [
            self._party(kind, row)
            for chain in chains("No", ids)
            for row in self._hook.rows(self._path(kind), {"$filter": chain})
        ]

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
        path = f"{self._path(card.kind)}(No={quote(literal(card.id), safe=chr(39))})"
        body = page_body(changes, self._captions.sent)
        return self._party(card.kind, self._hook.write("PATCH", path, body, etag=card.version))

    def create(self, kind: PartyKind, values: Mapping[PartyField, str]) -> Party:
        """Make a card; NAV's number series numbers it. Raises `Refused`, `OutcomeUnknown`."""
        body = page_body({field: value for field, value in values.items() if value}, self._captions.sent)
        return self._party(kind, self._hook.write("POST", self._path(kind), body))

    def _party(self, kind: PartyKind, row: Row) -> Party:
        return page_party(kind, row, self.codes, self._captions.read)

    def _path(self, kind: PartyKind) -> str:
        return self._hook.service(_CARDS[kind])


def nav_parties(hook: NavHook) -> NavParties | NavPartyPages:
    """The cards over the channel that the connection names."""
    return NavPartyPages(hook) if hook.settings.extra.channel == "odata_v4" else NavParties(hook)
