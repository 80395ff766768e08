"""Settle: what NAV posted meanwhile, what people did to staged lines, events done, empty batches removed."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence

from cin7_nav.flows.invoices import staged
from cin7_nav.flows.invoices.deliver import Sent, entries_by_number, proven, write
from cin7_nav.hooks.channel import JournalName, NavChannel, PostedEntry
from cin7_nav.model import State
from cin7_nav.store import deliveries, inbox, reading
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Delivery, Outcome
from cin7_nav.store.documents import Run, Scope

log = logging.getLogger(__name__)

ENTRIES = "nav_entries"
ENTRY_OVERLAP = 500
"""Entry numbers that are read again: a long posting becomes visible after later ones."""

LOOKED = "nav_staged_batches"
LOOK_AFTER = dt.timedelta(minutes=10)
"""Staged batches are looked at no more often than this."""

LATE = dt.timedelta(hours=1)
"""What NAV agreed to post longer ago is in doubt."""

DOUBTED_AT_ONCE = 200
BATCHES_AT_ONCE = 100
BATCH_LEFT_AFTER = dt.timedelta(days=7)
"""Where others' lines lie in the batch of a posted document, it is left to them after this time."""


def settle(
    database: Database, nav: NavChannel, run: Run, events: Sequence[int], *, follow: bool
) -> Counter[str]:
    """End the run's events; with `follow` also find what became of staged documents and tidy up behind it."""
    outcome: Counter[str] = Counter()
    if follow:
        outcome += follow_staged(database, nav, run, look_after=LOOK_AFTER)
    inbox.done(database, events)
    return outcome


def follow_staged(database: Database, nav: NavChannel, run: Run, *, look_after: dt.timedelta) -> Counter[str]:
    """Find what NAV posted and what people did to staged lines; remove the empty batches.

    `look_after`: how long ago the last look at the staged batches must be for another one.
    """
    outcome = _posted_since(database, nav, run)
    outcome += _looked(database, nav, run, look_after)
    outcome += _doubt(database, run)
    outcome["empty batches removed"] += _remove_batches(database, nav)
    return outcome


def _posted_since(database: Database, nav: NavChannel, run: Run) -> Counter[str]:
    """Read NAV's ledger onwards by entry number, with overlap; staged documents found there are posted.

    Before the first entry of ours there is nothing to read on from: NAV is asked for each document.
    """
    cursor = reading.cursor_value(database, ENTRIES)
    start = int(cursor) if cursor else deliveries.first_entry_no(database)
    outcome: Counter[str] = Counter()
    if start is None:
        for page in deliveries.staged_pages(database, Scope()):
            outcome += _posted(database, nav, run, [one.delivery for one in page])
        return outcome
    last = max(start - ENTRY_OVERLAP, 0)
    while page_of_entries := nav.entries_after(last):
        last = page_of_entries[-1].entry_no
        found: dict[str, list[PostedEntry]] = defaultdict(list)
        for entry in page_of_entries:
            found[entry.document_no].append(entry)
        there = deliveries.awaiting_entries(database, list(found))
        # a document may lie across two pages: ask for it whole
        outcome += _posted(database, nav, run, list(there.values()))
    reading.move_cursor(database, ENTRIES, str(max(last, start)))
    return outcome


def _posted(database: Database, nav: NavChannel, run: Run, some: Sequence[Delivery]) -> Counter[str]:
    entries = entries_by_number(nav, [delivery.nav_document_no for delivery in some])
    there = [delivery for delivery in some if delivery.nav_document_no in entries]
    return write(database, [proven(delivery, entries, None) for delivery in there], run, if_staged=True)


def _looked(database: Database, nav: NavChannel, run: Run, look_after: dt.timedelta) -> Counter[str]:
    now = dt.datetime.now(dt.UTC)
    last = reading.cursor_value(database, LOOKED)
    if last and now - dt.datetime.fromisoformat(last) < look_after:
        return Counter()
    outcome = staged.look(database, nav, run)
    reading.move_cursor(database, LOOKED, now.isoformat())
    return outcome


def _doubt(database: Database, run: Run) -> Counter[str]:
    """A document that NAV should have posted long ago is in doubt: the next delivery looks at its batch and
    asks for the posting again. What people are to post may wait for as long as they like."""
    why = "NAV agreed to post it and has not: its batch is looked at again"
    outcome: Counter[str] = Counter()
    while late := deliveries.scheduled_before(database, LATE, DOUBTED_AT_ONCE):
        doubted = [Sent(delivery, Outcome.UNKNOWN, State.UNKNOWN, why) for delivery in late]
        outcome += write(database, doubted, run, if_staged=True)
    return outcome


def _remove_batches(database: Database, nav: NavChannel) -> int:
    """Delete the empty batches of posted documents, as many as one call carries at a time.

    A batch that holds lines of others by now, or that NAV does not give up, stays.
    """
    removed, after = 0, 0
    while left := deliveries.batches_left(database, BATCH_LEFT_AFTER, BATCHES_AT_ONCE, after=after):
        after = left[-1][0]
        names = [JournalName(*name) for _, *name in left]
        gone = nav.delete_empty_journals(names)
        deliveries.batches_removed(database, gone)
        removed += len(gone)
        if kept := sorted({name.code for name in names} - set(gone)):
            log.warning("Batches of posted documents stay in NAV, not empty or refused: %s", kept)
    return removed
