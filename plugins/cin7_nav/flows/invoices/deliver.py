"""Deliver: check against NAV, store the key, insert the whole journal, post it, read it back.

Whatever happens in between, a document is in the ledger once or not at all: its number and batch code are
stored before the first byte leaves, and after a lost answer NAV is asked before anything is sent again.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from cin7_nav.flows.invoices.checks import Checks, Ready, only_twins
from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.hooks.channel import JournalName, NavChannel, PostedEntry, StagedJournal
from cin7_nav.hooks.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, VendorError
from cin7_nav.hooks.nav_errors import nav_refusal
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import AccountType, Fixer, Journal, JournalLine, Posting, Problem, State
from cin7_nav.rules.numbers import batch_code
from cin7_nav.rules.staged_lines import differences
from cin7_nav.rules.twins import TWIN
from cin7_nav.store import applications, decisions, deliveries, documents
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Delivery, Outcome, Result
from cin7_nav.store.documents import Run, Scope, Stored, Verdict

log = logging.getLogger(__name__)

CHUNK = 40
"""Documents that are checked, sent and read back together: as many numbers as one OR-filter carries."""

AT_ONCE = 4
"""Journals on their way at the same time; NAV works on few requests of one application at once."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one delivery: its own outcome and the state of its document."""

    delivery: Delivery
    outcome: Outcome | None
    """None: nothing new is known of it."""
    state: State
    why: str
    problems: tuple[Problem, ...] = ()
    journal_id: str | None = None
    entries: tuple[PostedEntry, ...] = ()
    refused_as: str = ""
    """Where NAV refused it: what NAV's reference data looked like."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A chunk of documents on its way to NAV."""

    chunk: Sequence[Stored]
    passed: Ready = ()
    found: Sequence[Sent] = ()
    """Those that NAV turned out to have already."""
    attempts: Sequence[Future[Sent]] = ()


class Deliverer:
    """The writing half of the flow, for one run."""

    def __init__(
        self, database: Database, nav: NavChannel, reference: Reference, mappings: Mappings, run: Run
    ) -> None:
        self.database = database
        self.nav = nav
        self.reference = reference
        self.mappings = mappings
        self.run = run
        self.checks = Checks(database, reference)
        self.outcome: Counter[str] = Counter()

    def deliver(self, scope: Scope) -> Counter[str]:
        """Settle what is in doubt, then send every ready document of the scope."""
        for chunk in self._chunks((State.SENDING, State.UNKNOWN), Scope()):
            with self._released(chunk):
                self._resolve(chunk)
        self._send(scope)
        return self.outcome

    def _chunks(self, states: Sequence[State], scope: Scope) -> Iterator[Sequence[Stored]]:
        after = 0
        while chunk := documents.claim(self.database, states, scope, self.run, CHUNK, after=after):
            after = chunk[-1].id
            yield chunk

    @contextmanager
    def _released(self, chunk: Sequence[Stored]) -> Iterator[None]:
        try:
            yield
        finally:
            documents.release(self.database, [stored.id for stored in chunk], self.run)

    # --- documents that are ready ---

    def _send(self, scope: Scope) -> None:
        """While one chunk is on its way, the next one is checked and the former one proved and written."""
        under_way: deque[UnderWay] = deque()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for chunk in self._chunks((State.READY,), scope):
                    under_way.append(self._begun(pool, chunk))
                    if len(under_way) > 1:
                        self._end(under_way.popleft())
            finally:
                while under_way:
                    self._end(under_way.popleft())

    def _begun(self, pool: ThreadPoolExecutor, chunk: Sequence[Stored]) -> UnderWay:
        """Check the chunk, store its keys, and start to insert and post what NAV does not have yet."""
        try:
            passed = self._checked(chunk)
            if not passed:
                return UnderWay(chunk)
            passed = self._applied(passed)
            taken = self._entries(journal.document_no for _, journal in passed)
            template = self.mappings.company.template.value
            lying = self._lying(template, passed)
            keyed = deliveries.store_keys(self.database, passed, template, self.run)
        except BaseException:
            documents.release(self.database, [stored.id for stored in chunk], self.run)
            raise
        found = [
            self._found_posted(one, taken[one.nav_document_no])
            for one in keyed
            if one.nav_document_no in taken
        ]
        fresh = [one for one in keyed if one.nav_document_no not in taken]
        return UnderWay(chunk, passed, found, self._started(pool, fresh, lying))

    def _end(self, one: UnderWay) -> None:
        with self._released(one.chunk):
            if one.passed:
                sent = self._prove([attempt.result() for attempt in one.attempts])
                self._write([*one.found, *self._marked(one.passed, sent)])

    def _marked(self, passed: Ready, sent: Sequence[Sent]) -> list[Sent]:
        """With what NAV's reference data looked like where NAV refused something: the same is not sent again
        before that changes."""
        refused = {
            one.delivery.document_id
            for one in sent
            if one.outcome is Outcome.REFUSED and one.state is State.NEEDS_ATTENTION
        }
        if not refused:
            return list(sent)
        seen = self.checks.fingerprints([pair for pair in passed if pair[0].id in refused])
        return [replace(one, refused_as=seen.get(one.delivery.document_id, "")) for one in sent]

    def _checked(self, chunk: Sequence[Stored]) -> list[tuple[Stored, Journal]]:
        """Those whose journal NAV would take as far as its reference data tells; the others wait."""
        ready = [(stored, stored.journal) for stored in chunk if stored.journal is not None]
        problems = self._problems(ready)
        verdicts = [
            Verdict(
                stored,
                State.HELD if only_twins(problems[stored.id]) else State.NEEDS_ATTENTION,
                _why(problems[stored.id]),
                problems[stored.id],
            )
            for stored, _ in ready
            if problems[stored.id]
        ]
        with self.database.transaction() as cursor:
            documents.decide(cursor, verdicts, self.run)
        self.outcome.update(verdict.state for verdict in verdicts)
        return [pair for pair in ready if not problems[pair[0].id]]

    def _applied(self, passed: Ready) -> list[tuple[Stored, Journal]]:
        """The journals as they go out: applied to what they credit or take back, where NAV has that open."""
        credits = [stored.id for stored, _ in passed if stored.document.credits]
        credited = applications.credited(self.database, credits) if credits else {}
        wanted = [
            (stored, replace(journal, applies_to=journal.applies_to or credited.get(stored.id, "")))
            for stored, journal in passed
        ]
        asked = [journal for _, journal in wanted if journal.applies_to]
        open_ones = self.nav.applicable(asked) if asked else set()
        return [
            (stored, journal if journal.document_no in open_ones else replace(journal, applies_to=""))
            for stored, journal in wanted
        ]

    def _problems(self, ready: Ready) -> dict[int, tuple[Problem, ...]]:
        """All that is in the way, but what a person said to be none: a twin of what is sent, and always of
        what is only taken back."""
        problems = self.checks.problems(ready)
        twins = [stored for stored, _ in ready if any(one.code == TWIN for one in problems[stored.id])]
        if not twins:
            return problems
        answers = decisions.answers(self.database, [stored.id for stored in twins])
        answered = {
            stored.id: str(answer.answer)
            for stored in twins
            if (answer := decisions.valid(answers, stored, TWIN))
        }
        past = deliveries.history(self.database, [stored.id for stored in twins])
        answered |= {one: "post" for one, history in past.items() if history.standing}
        return self.checks.problems(ready, answered)

    def _post_all(self, fresh: Sequence[Delivery]) -> list[Sent]:
        """Insert and post side by side, then prove all of them with one read."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            attempts = self._started(pool, fresh)
        return self._prove([attempt.result() for attempt in attempts])

    def _lying(self, template: str, passed: Ready) -> dict[str, StagedJournal]:
        """What lies in NAV under these numbers without our knowing, as after the restore of an older database
        of ours. An insert that is atomic finds that out by itself."""
        if self.nav.is_atomic:
            return {}
        numbers = [journal.document_no for _, journal in passed]
        return self.nav.find_journals([JournalName(template, batch_code(one), one) for one in numbers])

    def _started(
        self,
        pool: ThreadPoolExecutor,
        fresh: Sequence[Delivery],
        lying: Mapping[str, StagedJournal] = MappingProxyType({}),
    ) -> list[Future[Sent]]:
        defaults = self.reference.account_defaults()
        return [
            pool.submit(self._attempt, delivery, defaults, lying.get(delivery.batch_code))
            for delivery in fresh
        ]

    def _attempt(
        self, delivery: Delivery, defaults: Mapping[str, Sequence[str]], lying: StagedJournal | None
    ) -> Sent:
        if delivery.posting is Posting.POST and not self.nav.can_post:
            return _not_postable(delivery)
        try:
            if lying is not None and not _is_begun(delivery.journal, lying):
                known = _same_lines(delivery.journal, lying)
                return self._finish(delivery, lying) if known else _foreign_batch(delivery, lying)
            if lying is not None:
                self.nav.delete_journal(lying.journal_id)
            staged = self.nav.insert_journal(
                delivery.template, delivery.batch_code, delivery.journal, defaults
            )
        except VendorError as error:
            return _failed(delivery, error)
        if staged.learnt_defaults:
            self.reference.learn_defaults(staged.learnt_defaults)
        return self._post(delivery, staged, fresh=True)

    def _post(self, delivery: Delivery, staged: StagedJournal, *, fresh: bool) -> Sent:
        if delivery.posting is Posting.STAGE:
            why = f"staged in batch {staged.batch} for people to post"
            return Sent(delivery, Outcome.STAGED, State.STAGED, why, journal_id=staged.journal_id)
        try:
            self.nav.post_journal(staged.journal_id)
        except Refused as error:
            return self._withdrawn(delivery, staged, error, fresh)
        except VendorError as error:
            return _failed(delivery, error, staged.journal_id)
        return Sent(delivery, None, State.SENDING, "", journal_id=staged.journal_id)

    def _withdrawn(self, delivery: Delivery, staged: StagedJournal, error: Refused, fresh: bool) -> Sent:
        """NAV would not post it: take the lines back, unless an earlier call did post it.

        Where they have lain in NAV before this run, people may have asked for their approval, which deleting
        would cancel without a word, and which API v2.0 does not show: then they stay.
        """
        try:
            if self._entries([delivery.nav_document_no]):
                return Sent(delivery, None, State.SENDING, "", journal_id=staged.journal_id)
            if not fresh:
                return _kept(delivery, staged, error)
            self.nav.delete_journal(staged.journal_id)
        except VendorError as lost:
            return _failed(delivery, OutcomeUnknown(str(lost)), staged.journal_id)
        return _failed(delivery, error)

    def _prove(self, attempts: Sequence[Sent]) -> list[Sent]:
        """Only posted entries, read back, are proof: NAV may have merely scheduled what it said yes to."""
        asked = [sent.delivery.nav_document_no for sent in attempts if sent.outcome is None]
        try:
            entries = self._entries(asked)
        except VendorError as error:
            return [_failed(s.delivery, error, s.journal_id) if s.outcome is None else s for s in attempts]
        return [
            proven(sent.delivery, entries, sent.journal_id) if sent.outcome is None else sent
            for sent in attempts
        ]

    def _found_posted(self, delivery: Delivery, entries: Sequence[PostedEntry]) -> Sent:
        """The number is in the ledger before we sent anything: ours from an earlier life, or a stranger's."""
        if agrees(delivery.journal, entries):
            return proven(delivery, {delivery.nav_document_no: entries}, None)
        problem = Problem(
            "number_in_use",
            f"NAV already has entries with document number {delivery.nav_document_no} that are not this "
            "document: nothing was sent",
            f"NAV document {delivery.nav_document_no}",
            Fixer.ACCOUNTANT,
        )
        return Sent(delivery, Outcome.REFUSED, State.NEEDS_ATTENTION, problem.message, (problem,))

    # --- documents in doubt ---

    def _resolve(self, chunk: Sequence[Stored]) -> None:
        """Ask NAV what became of documents whose answer was lost: entries first, then the batch.

        Where NAV can't be asked they stay as they are, in doubt.
        """
        open_deliveries = list(
            deliveries.of_documents(self.database, [stored.id for stored in chunk]).values()
        )
        entries = self._entries(delivery.nav_document_no for delivery in open_deliveries)
        unposted = [d for d in open_deliveries if d.nav_document_no not in entries]
        staged = self._staged(unposted)
        # a posting may have ended between the two questions: it left no lines behind
        entries |= self._entries(d.nav_document_no for d in unposted if not _lines(staged, d))
        sent: list[Sent] = []
        posting: list[Sent] = []
        again: list[Delivery] = []
        for delivery in open_deliveries:
            found = staged.get(delivery.batch_code)
            if delivery.nav_document_no in entries:
                sent.append(proven(delivery, entries, None))
            elif not _lines(staged, delivery):
                if found and not self.nav.delete_empty_journals([name_of(delivery)]):
                    sent.append(_foreign_batch(delivery, found))
                else:
                    again.append(delivery)
            elif found and _same_lines(delivery.journal, found):
                posting.append(self._finish(delivery, found))
            elif found and not self.nav.is_atomic and _is_begun(delivery.journal, found):
                self.nav.delete_journal(found.journal_id)
                again.append(delivery)
            elif found:
                sent.append(_foreign_batch(delivery, found))
        self._write(sent + self._prove(posting) + self._post_all(again))

    def _finish(self, delivery: Delivery, found: StagedJournal) -> Sent:
        """Post what was inserted before, once its lines have all their dimensions."""
        if differences(delivery.journal, found.lines, found.document_nos):
            try:
                found = self.nav.complete_journal(found.journal_id, delivery.journal)
            except Refused as error:
                return _kept(delivery, found, error)
            except VendorError as error:
                return _failed(delivery, error, found.journal_id)
        return self._post(delivery, found, fresh=False)

    def _staged(self, unposted: Sequence[Delivery]) -> dict[str, StagedJournal]:
        return self.nav.find_journals([name_of(delivery) for delivery in unposted])

    # --- both ---

    def _entries(self, numbers: Iterable[str]) -> dict[str, list[PostedEntry]]:
        return entries_by_number(self.nav, list(numbers))

    def _write(self, sent: Sequence[Sent]) -> None:
        self.outcome += write(self.database, sent, self.run)


def name_of(delivery: Delivery) -> JournalName:
    return JournalName(delivery.template, delivery.batch_code, delivery.nav_document_no)


def entries_by_number(nav: NavChannel, numbers: Sequence[str]) -> dict[str, list[PostedEntry]]:
    """The posted entries of these document numbers; numbers without entries are left out."""
    found: dict[str, list[PostedEntry]] = defaultdict(list)
    for entry in nav.posted_entries(numbers) if numbers else ():
        found[entry.document_no].append(entry)
    return dict(found)


def write(database: Database, sent: Sequence[Sent], run: Run, *, if_staged: bool = False) -> Counter[str]:
    """Store outcomes and document states in one transaction; the answer: how many came to which state.

    `if_staged` leaves out deliveries of which another run has learnt more meanwhile.
    """
    with database.transaction() as cursor:
        current = documents.locked(cursor, [one.delivery.document_id for one in sent])
        if if_staged:
            still = deliveries.still_staged(cursor, [one.delivery.id for one in sent])
            sent = [one for one in sent if one.delivery.id in still]
        deliveries.write_results(
            cursor,
            [
                Result(
                    one.delivery,
                    one.outcome,
                    one.journal_id,
                    tuple(entry.entry_no for entry in one.entries),
                )
                for one in sent
                if one.outcome is not None
            ],
        )
        applications.note(cursor, [one.delivery.id for one in sent if one.outcome is Outcome.POSTED])
        verdicts = [_verdict(one, current[one.delivery.document_id]) for one in sent]
        documents.decide(cursor, verdicts, run)
    return Counter(str(verdict.state) for verdict in verdicts)


def _verdict(one: Sent, stored: Stored) -> Verdict:
    """What follows for the document, which Cin7 may have changed while it was on its way."""
    state, why, problems = one.state, one.why, one.problems
    if one.delivery.reverses:
        if state is State.POSTED:
            again = stored.document.status.is_authorised
            state = State.RECEIVED if again else State.REVERSED
            why = f"taken back: {why}" + ("; to be posted again with what Cin7 says now" if again else "")
    elif documents.departs(stored.document, stored.content_hash, one.delivery.content_hash):
        if state is State.STAGED:
            changed = documents.staged_otherwise(stored.document)
            state, why, problems = State.NEEDS_ATTENTION, changed.message, (changed,)
        elif state in (State.POSTED, State.READY):
            state, why = State.RECEIVED, f"{why}; changed in Cin7 meanwhile"
    return Verdict(
        stored,
        state,
        why,
        problems,
        request_sha256=one.delivery.request_sha256,
        refused_as=one.refused_as,
    )


def proven(delivery: Delivery, entries: Mapping[str, Sequence[PostedEntry]], journal_id: str | None) -> Sent:
    """What NAV's posted entries say of a delivery that NAV agreed to post."""
    found = tuple(entries.get(delivery.nav_document_no, ()))
    if not found:
        why = "NAV agreed to post it; not in the ledger yet"
        return Sent(delivery, Outcome.STAGED, State.STAGED, why, journal_id=journal_id)
    problem = None
    if not agrees(delivery.journal, found):
        problem = Problem(
            "posted_differently",
            f"NAV posted {delivery.nav_document_no} with other amounts or accounts than were sent; a VAT "
            "set-up on the accounts does that where the template's Copy VAT Setup is not what tax_mode needs",
            f"NAV document {delivery.nav_document_no}",
            Fixer.ACCOUNTANT,
        )
    state = State.NEEDS_ATTENTION if problem else State.POSTED
    first, last = found[0].entry_no, found[-1].entry_no
    why = problem.message if problem else f"posted as {delivery.nav_document_no}, entries {first} to {last}"
    return Sent(delivery, Outcome.POSTED, state, why, (problem,) if problem else (), journal_id, found)


def agrees(journal: Journal, entries: Sequence[PostedEntry]) -> bool:
    """Whether the entries are exactly this journal: every G/L account to the cent, the rest on the party's
    control account and on NAV's own VAT accounts, and all in balance."""
    expected: dict[str, Decimal] = defaultdict(Decimal)
    elsewhere = Decimal(0)
    for line in journal.lines:
        if line.account_type is AccountType.GL:
            expected[line.account_no] += line.amount - line.predicted_tax
            elsewhere += line.predicted_tax
        else:
            elsewhere += line.amount
    actual: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        actual[entry.account_no] += entry.amount
    rest = sum((amount for account, amount in actual.items() if account not in expected), Decimal(0))
    same = all(actual.get(account, Decimal(0)) == amount for account, amount in expected.items())
    dated = all(entry.posting_date == journal.posting_date for entry in entries)
    return same and rest == elsewhere and dated


def _lines(staged: Mapping[str, StagedJournal], delivery: Delivery) -> tuple[JournalLine, ...]:
    return staged[delivery.batch_code].lines if delivery.batch_code in staged else ()


def _same_lines(journal: Journal, staged: StagedJournal) -> bool:
    def shape(lines: Iterable[JournalLine]) -> Counter[tuple[AccountType, str, Decimal]]:
        return Counter((line.account_type, line.account_no, line.amount) for line in lines)

    return staged.document_nos == {journal.document_no} and shape(journal.lines) == shape(staged.lines)


def _is_begun(journal: Journal, staged: StagedJournal) -> bool:
    """Whether these are the first of our lines, and nothing else: an insert was interrupted."""
    first = replace(journal, lines=journal.lines[: len(staged.lines)])
    return len(staged.lines) < len(journal.lines) and _same_lines(first, staged)


def _foreign_batch(delivery: Delivery, found: StagedJournal) -> Sent:
    problem = Problem(
        "batch_in_use",
        f"NAV's journal batch {found.batch} holds other lines than those of {delivery.nav_document_no}: "
        "somebody changed them, or the batch is not ours; nothing is posted from it",
        f"NAV batch {found.batch} of template {delivery.template}",
        Fixer.NAV_ADMINISTRATOR,
    )
    return Sent(delivery, Outcome.UNKNOWN, State.UNKNOWN, problem.message, (problem,))


def _kept(delivery: Delivery, found: StagedJournal, error: Refused) -> Sent:
    refusal = nav_refusal(error, f"NAV batch {found.batch} of template {delivery.template}")
    problem = replace(
        refusal,
        message=f"NAV does not post {delivery.nav_document_no}, which lies in batch {found.batch} and is "
        f"asked for again: {refusal.message}. Once its lines are deleted in NAV it is sent anew",
    )
    return Sent(delivery, Outcome.UNKNOWN, State.UNKNOWN, problem.message, (problem,), found.journal_id)


def _not_postable(delivery: Delivery) -> Sent:
    problem = Problem(
        "posting_not_possible",
        "this NAV can't be asked to post: choose `posting: stage`, so that people post in NAV, or have the"
        " action published that docs/nav-posting-action.md describes; nothing was sent",
        "company.yaml: journal, posting",
        Fixer.MAPPING_EDITOR,
    )
    return Sent(delivery, Outcome.REFUSED, State.NEEDS_ATTENTION, problem.message, (problem,))


def _failed(delivery: Delivery, error: VendorError, journal_id: str | None = None) -> Sent:
    """What a failed call means for a document. Where lines may be in NAV, only NAV can say."""
    if isinstance(error, Refused):
        problem = nav_refusal(error, f"NAV document {delivery.nav_document_no}")
        return Sent(delivery, Outcome.REFUSED, State.NEEDS_ATTENTION, problem.message, (problem,))
    if journal_id is None and isinstance(error, Misconfigured):
        where = f"NAV document {delivery.nav_document_no}"
        problem = Problem("nav_misconfigured", f"not sent, to be tried again: {error}", where, error.fixer)
        return Sent(delivery, Outcome.REFUSED, State.READY, problem.message, (problem,))
    if journal_id is None and isinstance(error, Unavailable):
        return Sent(delivery, Outcome.REFUSED, State.READY, f"not sent, to be tried again: {error}")
    return Sent(delivery, Outcome.UNKNOWN, State.UNKNOWN, str(error), journal_id=journal_id)


def _why(problems: Sequence[Problem]) -> str:
    return "; ".join(problem.message for problem in problems)
