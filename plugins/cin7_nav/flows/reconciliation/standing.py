"""What the flows of stock and of parties know to differ, as differences of the reconciliation.

Both compare the two systems themselves, stock every night; here it gets an age, an amount and a next step.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from cin7_nav.model import Fixer, PartyKind, Side
from cin7_nav.rules.cases import Finding, Sort
from cin7_nav.store import levels, parties, reviews
from cin7_nav.store.database import Database
from cin7_nav.store.levels import Kept
from cin7_nav.store.parties import Link
from cin7_nav.store.reconciliation import Difference
from cin7_nav.store.reviews import Review

STOCK, PARTIES = "stock", "parties"


def stock_levels(database: Database) -> list[Difference]:
    """Levels that differed when they were last compared; amounts are what the pieces are worth."""
    return [
        Difference(
            STOCK, f"level/{one.item_no}/{one.location_code}", one.item_no, one.first_seen.date(), _level(one)
        )
        for one in levels.drifts(database).values()
    ]


def parties_apart(database: Database) -> list[Difference]:
    """Parties that could not be kept the same, and those about which somebody is asked."""
    return [*_waiting_links(database), *map(_asked, reviews.still_open(database))]


def _level(one: Kept) -> Finding:
    difference = one.nav - one.cin7
    place = f"{one.item_no} in {one.location_code or 'no location'}"
    cin7_value = round(one.cin7 * one.value / difference, 2) if difference else Decimal(0)
    return Finding(
        Sort.LEVEL,
        one.cause.replace(" ", "_"),
        f"{place}: {one.cin7:f} pieces in Cin7, {one.nav:f} in NAV; {one.cause}",
        "cin7-nav stock shows what waits and what moved since they agreed; then adjust the wrong side",
        Fixer.ACCOUNTANT,
        cin7_value,
        cin7_value + one.value,
        one.location_code,
    )


def _waiting_links(database: Database) -> Iterator[Difference]:
    for kind in PartyKind:
        links = [one for one in parties.links(database, kind) if one.problems]
        ids = [one.nav_id for one in links if one.nav_id]
        cards = parties.cards(database, kind, Side.NAV, ids)
        for one in links:
            card = cards.get(one.nav_id or "")
            yield Difference(
                PARTIES, one.record, card.number if card else one.record, _day(one), _waiting(one)
            )


def _waiting(one: Link) -> Finding:
    first = one.problems[0]
    step = f"mend it ({first.where}); it goes on by itself"
    return Finding(Sort.PARTY, first.code, first.message, step, first.fixer)


def _asked(review: Review) -> Difference:
    record = f"party/{review.kind}/{review.side}/{review.record_id}"
    finding = Finding(
        Sort.PARTY,
        review.question,
        f"a {review.kind.named(review.side)} of {review.side.told} waits for a person's answer",
        "answer in the DAG decisions, or cin7-nav parties decide",
        Fixer.ACCOUNTANT,
        detail="question",
    )
    return Difference(PARTIES, record, review.record_id, review.opened_at.date(), finding)


def _day(one: Link) -> dt.date:
    return (one.problem_since or dt.datetime.now(dt.UTC)).date()
