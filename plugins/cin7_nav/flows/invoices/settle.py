"""Settle: what NAV posted meanwhile, events done, empty batches removed."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence

from cin7_nav.flows.invoices.deliver import Sent, entries_by_number, proven, write
from cin7_nav.hooks.channel import NavChannel, PostedEntry
from cin7_nav.mappings.files import Posting
from cin7_nav.model import State
from cin7_nav.store import deliveries, inbox, reading
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Delivery, Outcome
from cin7_nav.store.documents import Run

ENTRIES = "nav_entries"
ENTRY_OVERLAP = 500
"""Entry numbers that are read again: a long posting becomes visible after later ones."""

BATCHES_AT_ONCE = 100
LATE = dt.timedelta(hours=1)
"""Staged for longer than this: NAV is asked for the document itself."""


def settle(
    database: Database, nav: NavChannel, run: Run, events: Sequence[int], *, follow: bool, posting: Posting
) -> Counter[str]:
    """End the run's events; with `follow` also find what NAV posted later and tidy up behind it."""
    outcome: Counter[str] = Counter()
    if follow:
        outcome += _posted_since(database, nav, run)
        outcome += _staged_for(LATE, database, nav, run)
        if posting is Posting.POST:
            outcome += _doubt(database, run)
        outcome["empty batches removed"] += _remove_batches(database, nav)
    inbox.done(database, events)
    return outcome


def _posted_since(database: Database, nav: NavChannel, run: Run) -> Counter[str]:
    """Read NAV's ledger onwards by entry number, with overlap; staged documents found there are posted.

    Before the first entry of ours there is nothing to read on from: NAV is asked for each document.
    """
    cursor = reading.cursor_value(database, ENTRIES)
    start = int(cursor) if cursor else deliveries.first_entry_no(database)
    if start is None:
        return _staged_for(dt.timedelta(0), database, nav, run)
    outcome: Counter[str] = Counter()
    last = max(start - ENTRY_OVERLAP, 0)
    while page := nav.entries_after(last):
        last = page[-1].entry_no
        found: dict[str, list[PostedEntry]] = defaultdict(list)
        for entry in page:
            found[entry.document_no].append(entry)
        staged = deliveries.awaiting_entries(database, list(found))
        # a document may lie across two pages: ask for it whole
        outcome += _posted(database, nav, run, list(staged.values()))
    reading.move_cursor(database, ENTRIES, str(max(last, start)))
    return outcome


def _staged_for(age: dt.timedelta, database: Database, nav: NavChannel, run: Run) -> Counter[str]:
    return _posted(database, nav, run, deliveries.staged_before(database, age, limit=200))


def _doubt(database: Database, run: Run) -> Counter[str]:
    """A document that NAV should have posted long ago is in doubt: the next delivery looks at its batch and
    asks for the posting again."""
    why = "NAV agreed to post it and has not: its batch is looked at again"
    late = deliveries.staged_before(database, LATE, limit=200)
    return write(database, [Sent(delivery, Outcome.UNKNOWN, State.UNKNOWN, why) for delivery in late], run)


def _posted(database: Database, nav: NavChannel, run: Run, staged: Sequence[Delivery]) -> Counter[str]:
    entries = entries_by_number(nav, [delivery.nav_document_no for delivery in staged])
    there = [delivery for delivery in staged if delivery.nav_document_no in entries]
    return write(database, [proven(delivery, entries, None) for delivery in there], run)


def _remove_batches(database: Database, nav: NavChannel) -> int:
    """Delete the empty batches of posted documents, as many as one call carries at a time."""
    removed = 0
    while left := deliveries.batches_left(database, BATCHES_AT_ONCE):
        for template in {template for template, _ in left}:
            codes = [code for of, code in left if of == template]
            removed += nav.delete_empty_journals(template, codes)
            deliveries.batches_removed(database, codes)
    return removed
