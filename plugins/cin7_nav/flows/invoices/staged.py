"""Staged: what lies in NAV to be posted is looked at there, and what people did to it is told.

A batch that still holds what was sent costs nothing but the look. Posting takes the lines out of a batch in
the same transaction that makes the entries, so that lines which are gone and have no entries were deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cin7_nav.flows.invoices.deliver import Sent, entries_by_number, name_of, proven, write
from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.hooks.channel import NavChannel
from cin7_nav.model import Fixer, Problem, State
from cin7_nav.rules.staged_lines import differences
from cin7_nav.rules.twins import TWIN, NavDocument, twin_problem
from cin7_nav.store import decisions, deliveries, documents
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Delivery, Outcome, Staged
from cin7_nav.store.documents import STAGED_OTHERWISE, Run, Scope

CHANGED, DELETED = "staged_lines_changed", "staged_lines_deleted"
TWIN_OF_STAGED = "twin_of_staged"

DIFFERENCES_TOLD = 5


def look(database: Database, nav: NavChannel, run: Run, scope: Scope | None = None) -> Counter[str]:
    """Compare every staged delivery of the scope with what NAV holds; by state what documents came to.

    Nothing is sent again: lines that somebody deleted wait for a person, unless Cin7 has other content by
    now, which then goes on as if nothing had been sent.
    """
    outcome: Counter[str] = Counter()
    for page in deliveries.staged_pages(database, scope or Scope()):
        outcome += _Look(database, nav, run, page).outcome(again=False)
    return outcome


def any_is(database: Database) -> bool:
    """Whether anything lies in NAV to be posted."""
    return next(deliveries.staged_pages(database, Scope()), None) is not None


def notice_twins(database: Database, reference: Reference, run: Run) -> Counter[str]:
    """Tell of staged documents that somebody has keyed into NAV by hand as well, as far as the cached lists
    of NAV's documents show: posting both would be once too often."""
    outcome: Counter[str] = Counter()
    for page in deliveries.staged_pages(database, Scope()):
        ids = [one.delivery.document_id for one in page]
        with database.transaction() as cursor:
            of = documents.locked(cursor, ids)
        answers = decisions.answers(database, ids)
        pairs = [(of[one.delivery.document_id].document, one.delivery.journal) for one in page]
        sent: list[Sent] = []
        for one, found in zip(page, reference.twins(pairs), strict=True):
            twins = [twin for twin in found if isinstance(twin, NavDocument)]
            told = TWIN_OF_STAGED in one.problems
            answered = TWIN in answers.get(one.delivery.document_id, {})
            if twins and not told and not answered and one.delivery.reverses is None:
                sent.append(_twin(one.delivery, twins))
            elif told and not twins:
                why = "no document of NAV has its number any more"
                sent.append(Sent(one.delivery, None, State.STAGED, why))
        outcome += write(database, sent, run, if_staged=True)
    return outcome


def send_again(database: Database, nav: NavChannel, run: Run, scope: Scope) -> Counter[str]:
    """Documents of the scope whose staged lines somebody deleted in NAV are free to be sent once more.

    For runs in which a person names them. NAV is asked first: what it posted or still holds stays.
    """
    outcome: Counter[str] = Counter()
    for page in deliveries.staged_pages(database, scope):
        if deleted := [one for one in page if DELETED in one.problems]:
            outcome += _Look(database, nav, run, deleted).outcome(again=True)
    return outcome


class _Look:
    """One look at some staged deliveries."""

    def __init__(self, database: Database, nav: NavChannel, run: Run, page: Sequence[Staged]) -> None:
        self._database = database
        self._nav = nav
        self._run = run
        self._page = page
        self._found = nav.find_journals([name_of(one.delivery) for one in page])

    def outcome(self, *, again: bool) -> Counter[str]:
        """`again`: lines that somebody deleted may be sent once more."""
        emptied = [one for one in self._page if not self._lines(one)]
        entries = entries_by_number(self._nav, [one.delivery.nav_document_no for one in emptied])
        posted = [one for one in emptied if one.delivery.nav_document_no in entries]
        deleted = [one for one in emptied if one.delivery.nav_document_no not in entries]
        skipped = self._skipped(deleted)
        deleted = [one for one in deleted if one.delivery.document_id not in skipped]
        freed = self._freed([one for one in deleted if again or STAGED_OTHERWISE in one.problems])
        sent = [proven(one.delivery, entries, None) for one in posted]
        sent += skipped.values()
        for one in deleted:
            sent.append(_sent_anew(one) if one.delivery.batch_code in freed else _deleted(one.delivery))
        sent += [told for one in self._page if self._lines(one) if (told := self._compared(one))]
        return write(self._database, sent, self._run, if_staged=True)

    def _lines(self, one: Staged) -> bool:
        found = self._found.get(one.delivery.batch_code)
        return bool(found and found.lines)

    def _compared(self, one: Staged) -> Sent | None:
        """None where there is nothing new to tell."""
        found = self._found[one.delivery.batch_code]
        told = differences(one.delivery.journal, found.lines, found.document_nos)
        if told and STAGED_OTHERWISE not in one.problems:
            return _changed(one.delivery, found.batch, told)
        if not told and one.problems & {CHANGED, DELETED}:
            return Sent(one.delivery, None, State.STAGED, "NAV's batch holds again what was sent")
        return None

    def _skipped(self, deleted: Sequence[Staged]) -> dict[int, Sent]:
        """Those whose lines somebody deleted and that a person does not want sent again, by document."""
        told = [one for one in deleted if DELETED in one.problems]
        answers = decisions.answers(self._database, [one.delivery.document_id for one in told])
        return {
            one.delivery.document_id: Sent(
                one.delivery, Outcome.REFUSED, State.SKIPPED, decisions.told(answer)
            )
            for one in told
            if (answer := answers.get(one.delivery.document_id, {}).get(DELETED))
        }

    def _freed(self, deleted: Sequence[Staged]) -> set[str]:
        """The codes of those of these batches that are not in NAV any more, or were empty and are removed."""
        return set(self._nav.delete_empty_journals([name_of(one.delivery) for one in deleted]))


def _changed(delivery: Delivery, batch: str, told: Sequence[str]) -> Sent:
    more = f" and {len(told) - DIFFERENCES_TOLD} more" if len(told) > DIFFERENCES_TOLD else ""
    return _needs_attention(
        delivery,
        CHANGED,
        f"somebody changed {delivery.nav_document_no} in NAV's batch {batch}: "
        f"{'; '.join(told[:DIFFERENCES_TOLD])}{more}. Put the lines right in NAV; what is posted is compared "
        "with what was sent",
    )


def _twin(delivery: Delivery, twins: Sequence[NavDocument]) -> Sent:
    told = "; ".join(twin_problem(twin, delivery.journal).message for twin in twins)
    return _needs_attention(
        delivery,
        TWIN_OF_STAGED,
        f"it lies in NAV's batch {delivery.batch_code} to be posted, and {told}. If it is, delete the lines "
        "in the batch and skip the document; if both are right, post the batch",
    )


def _deleted(delivery: Delivery) -> Sent:
    return _needs_attention(
        delivery,
        DELETED,
        f"the lines of {delivery.nav_document_no} are gone from NAV's batch {delivery.batch_code} without "
        "entries of that number: somebody deleted them, or NAV posted them under another number. If they are "
        "to be sent again, start a run that names the document",
    )


def _needs_attention(delivery: Delivery, code: str, message: str) -> Sent:
    where = f"NAV batch {delivery.batch_code} of template {delivery.template}"
    problem = Problem(code, message, where, Fixer.ACCOUNTANT)
    return Sent(delivery, None, State.NEEDS_ATTENTION, message, (problem,))


def _sent_anew(one: Staged) -> Sent:
    why = (
        "its lines were deleted in NAV after it had changed in Cin7"
        if STAGED_OTHERWISE in one.problems
        else "its lines were deleted in NAV and a person wants it sent again"
    )
    return Sent(one.delivery, Outcome.REFUSED, State.RECEIVED, why)
