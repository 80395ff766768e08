"""Correct: what stands in NAV's ledger and is no longer what Cin7 says is taken back, never edited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import Fixer, Journal, Problem, State, Translation
from cin7_nav.rules.numbers import document_no, reversal_external_document_no
from cin7_nav.rules.precheck import first_open_date
from cin7_nav.rules.reversal import reversal
from cin7_nav.store.deliveries import Delivery, History
from cin7_nav.store.documents import Stored, Verdict

Translate = Callable[[Stored, int, int], Translation]
"""A document's translation with this revision and this number of postings before."""


class Corrections:
    """The verdicts on documents of which a posting stands in the ledger."""

    def __init__(self, mappings: Mappings, reference: Reference) -> None:
        self._mappings = mappings
        self._reference = reference

    def verdict(self, stored: Stored, history: History, standing: Delivery, translate: Translate) -> Verdict:
        """`ready` with the reversal of what stands, or `posted` where Cin7's change alters nothing there.

        Where a new posting is due that can't be made yet, the old one stands until it can.
        """
        why = f"{stored.document.status.lower()} in Cin7"
        if stored.document.status.is_authorised:
            if stored.content_hash == standing.content_hash:
                return Verdict(stored, stored.state, "", stored.problems)
            again = translate(stored, standing.revision, history.postings - 1)
            if again.problems:
                return waiting(stored, again.problems)
            if again.journal and again.journal.posts_like(standing.journal):
                return Verdict(stored, State.POSTED, "changed in Cin7; its journal stays the same")
            why = "changed in Cin7"
        date = self._open_date(standing.journal)
        if date is None:
            return waiting(stored, (_no_open_date(standing),))
        journal = self._reversal(stored, history, standing, date, why)
        told = f"{why}: {standing.nav_document_no} is taken back as {journal.document_no}"
        if date != standing.journal.posting_date:
            told += f", dated {date} because NAV is closed for {standing.journal.posting_date}"
        return Verdict(stored, State.READY, told, (), journal, posting=standing.posting)

    def _open_date(self, journal: Journal) -> dt.date | None:
        return first_open_date(self._reference.chart([journal]), journal.posting_date)

    def _reversal(
        self, stored: Stored, history: History, standing: Delivery, date: dt.date, why: str
    ) -> Journal:
        key, number = stored.key, stored.document.number
        return reversal(
            standing.journal,
            document_no=document_no(key.kind, number, key, self._mappings, history.next_revision),
            external_document_no=reversal_external_document_no(
                standing.journal.external_document_no, history.reversals + 1
            ),
            posting_date=date,
            why=why,
        )


def waiting(stored: Stored, problems: tuple[Problem, ...]) -> Verdict:
    """The verdict on a document that waits for somebody."""
    why = "; ".join(problem.message for problem in problems)
    return Verdict(stored, State.NEEDS_ATTENTION, why, problems)


def _no_open_date(standing: Delivery) -> Problem:
    return Problem(
        "no_open_date",
        f"{standing.nav_document_no} of {standing.journal.posting_date} is to be taken back, and NAV has no "
        "open posting date from then on",
        "NAV general ledger setup",
        Fixer.NAV_ADMINISTRATOR,
    )
