"""One reconciliation: read both books once, let every comparison look at them, keep what they found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.flows.invoices.reference import FRESH, Reference
from cin7_nav.flows.reconciliation import ledger, standing
from cin7_nav.flows.reconciliation.documents import AREA as DOCUMENTS
from cin7_nav.flows.reconciliation.documents import Documents
from cin7_nav.flows.reconciliation.sources import NavBooks, NavReader, Period, read_cin7, read_records
from cin7_nav.hooks.channel import NavChannel
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.mappings.files import Valuation
from cin7_nav.mappings.load import Mappings
from cin7_nav.store import applications
from cin7_nav.store import reconciliation as store
from cin7_nav.store.database import Database
from cin7_nav.store.reconciliation import Difference, Reconciliation, Record

Comparison = Callable[[Database], Sequence[Difference]]

COMPARISONS: dict[str, Comparison] = {
    standing.STOCK: standing.stock_levels,
    standing.PARTIES: standing.parties_apart,
}
"""Beside that of documents and ledgers, by the area under which their differences open and close."""


@dataclass(frozen=True, slots=True)
class Both:
    """Both systems, our records and the rules."""

    database: Database
    cin7: Cin7Hook
    nav: NavChannel
    mappings: Mappings
    reference: Reference


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    id: int
    documents: int
    differences: int
    amount: Decimal
    closed: int


class PeriodError(ValueError):
    """A range that cannot be compared."""


def period(first: dt.date, last: dt.date, go_live: dt.date, today: dt.date) -> Period:
    """Raises `PeriodError` with a sentence for the person who asked."""
    if first > last:
        raise PeriodError(f"The range is reversed: from {first} to {last}.")
    if first > today:
        raise PeriodError(f"The range lies in the future: it begins on {first}, and today is {today}.")
    if last < go_live:
        raise PeriodError(f"The range ends on {last}, before go-live on {go_live}: nothing of it is carried.")
    return Period(max(first, go_live), min(last, today))


def reconcile(both: Both, asked: Period, run: str) -> Outcome:
    """Compare a period. Nothing is kept unless all of it could be read. Raises `hooks.errors.VendorError`."""
    started = dt.datetime.now(dt.UTC)
    before = both.cin7.calls_made, both.nav.calls_made
    both.reference.refresh(FRESH)
    books = read_cin7(both.cin7, both.mappings, asked)
    reader = NavReader(both.database, both.nav, both.mappings, asked)
    records = read_records(both.database, books, asked, reader.dated())
    nav = reader.books(records)
    documents = Documents(both.database, both.cin7, both.mappings, asked, books, nav, records)
    compared = documents.compare()
    found = list(compared.differences)
    rows = ledger.by_account(compared.cases, documents.terms.control)
    areas = [DOCUMENTS, *COMPARISONS]
    if both.mappings.company.valuation is Valuation.CIN7:
        areas.append(ledger.AREA)
        for difference, row in ledger.cost_days(books, nav, records, documents.terms):
            rows.append(row)
            found += [difference] if difference else []
    for compare in COMPARISONS.values():
        found += compare(both.database)
    rows = ledger.together([*rows, *ledger.not_carried(books, both.mappings)])
    done = Reconciliation(
        run,
        asked.first,
        asked.last,
        started,
        compared.documents,
        compared.agreed,
        _proved(nav.party is not None, books.unreadable, compared.unproved),
        [row.as_json() for row in rows],
        {
            "left out": compared.left_out,
            "paid in Cin7, open in NAV": ledger.paid_but_open(books, nav, records, compared.by_record),
        },
        {"Cin7": both.cin7.calls_made - before[0], "NAV": both.nav.calls_made - before[1]},
    )
    _note_applied(both.database, records, nav)
    identity, closed = store.finish(both.database, done, areas, found)
    kept = store.newest(both.database, identity)
    assert kept is not None
    return Outcome(identity, kept.documents, kept.differences, kept.amount, closed)


def _note_applied(database: Database, records: Sequence[Record], nav: NavBooks) -> None:
    """What NAV shows as closed is applied: nobody need say so."""
    for record in records if nav.party is not None else ():
        if record.known.to_apply and record.numbers:
            last = record.numbers[-1]
            entries = (nav.party or {}).get(last, ())
            if entries and not any(entry.is_open for entry in entries):
                applications.done(database, last, "seen applied in NAV")


def _proved(party: bool, unreadable: int, unproved: int) -> Mapping[str, str]:
    """What this comparison proved, and what it could not."""
    lacking = (
        "not provable here: the pages 25 and 29 are not published, or the connection's services do not "
        "name them"
    )
    told = {
        "amounts, accounts, dimensions, dates": "proved in NAV's general ledger",
        "party, application, reversal": "proved in NAV's ledgers of customers and vendors"
        if party
        else lacking,
    }
    if unreadable:
        told["Cin7's ledger"] = f"{unreadable} rows can't be read: see the log"
    if unproved:
        told["documents in doubt"] = f"{unproved} differences were found in Cin7's ledger alone"
    return told
