"""Translate: what Cin7 said becomes a journal, or everything that stands in the way."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cin7_nav.flows.decisions.question import AS_POSTED, OPTIONS
from cin7_nav.flows.invoices.checks import Checks, only_twins
from cin7_nav.flows.invoices.correct import Corrections, waiting
from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.mappings.facts import Field
from cin7_nav.mappings.load import Mappings
from cin7_nav.mappings.reader import MappingError
from cin7_nav.model import Fixer, Kind, Posting, Problem, RuleRef, SourceDocument, State, Translation
from cin7_nav.rules.cost import translate_cost
from cin7_nav.rules.numbers import document_no
from cin7_nav.rules.party import ResolvedParty, resolve_party
from cin7_nav.rules.precheck import first_open_date
from cin7_nav.rules.translate import translate as to_journal
from cin7_nav.rules.twins import TWIN
from cin7_nav.store import decisions, deliveries, documents
from cin7_nav.store.database import Database
from cin7_nav.store.decisions import Answer, Decision
from cin7_nav.store.deliveries import History
from cin7_nav.store.documents import Run, Scope, Stored, Verdict

log = logging.getLogger(__name__)

CHUNK = 200


class InvalidMappings(Exception):
    """The mapping files have errors: no document passes until they are mended."""

    def __init__(self, errors: Sequence[MappingError]) -> None:
        super().__init__("\n".join(["The mapping files have errors:", *map(str, errors)]))
        self.errors = tuple(errors)


WAITING = (State.NEEDS_ATTENTION, State.HELD)

AGAIN_AFTER = dt.timedelta(hours=6)
"""What NAV refused is sent again when something changed that could matter or somebody names the document,
and otherwise this rarely."""


def translate(
    database: Database,
    mappings: Mappings | list[MappingError],
    reference: Reference,
    run: Run,
    scope: Scope,
    *,
    retry: bool,
) -> Counter[str]:
    """Translate the received documents of the scope; with `retry` also those that wait.

    Where the mappings are invalid every one of them waits, saying so, and `InvalidMappings` is raised.
    """
    states = [State.RECEIVED, *WAITING] if retry else [State.RECEIVED]
    outcome: Counter[str] = Counter()
    after = 0
    while chunk := documents.claim(database, states, scope, run, CHUNK, after=after, not_under_way=True):
        after = chunk[-1].id
        if isinstance(mappings, list):
            verdicts = [waiting(stored, tuple(map(_problem, mappings[:5]))) for stored in chunk]
            agreeing: dict[int, str] = {}
        else:
            named = scope.asked_for or bool(scope.numbers)
            translator = Translator(database, mappings, reference, chunk, named=named)
            verdicts = translator.verdicts()
            agreeing = translator.agreeing
        with database.transaction() as cursor:
            deliveries.content_agrees(cursor, agreeing)
            documents.decide(cursor, verdicts, run)
        outcome.update(verdict.state for verdict in verdicts)
    if isinstance(mappings, list):
        raise InvalidMappings(mappings)
    return outcome


class Translator:
    """The verdicts on a chunk of documents that may be sent for the first time, again, or taken back."""

    def __init__(
        self,
        database: Database,
        mappings: Mappings,
        reference: Reference,
        chunk: Sequence[Stored],
        *,
        named: bool,
    ) -> None:
        self.named = named
        """Whether somebody asked for these very documents."""
        self.mappings = mappings
        self.reference = reference
        self.chunk = chunk
        self.checks = Checks(database, reference)
        self.corrections = Corrections(mappings, reference)
        self.agreeing: dict[int, str] = {}
        """Deliveries that agree with what Cin7 says now, by id: the content hash of that."""
        self._sources = dict(
            zip(
                [stored.id for stored in chunk],
                with_categories([stored.document for stored in chunk], mappings, reference),
                strict=True,
            )
        )
        ids = list(self._sources)
        self._histories = deliveries.history(database, ids)
        waiting = [stored.id for stored in chunk if stored.state in WAITING]
        self._answers = decisions.answers(database, waiting)
        self._first = documents.first_ones(database, chunk) if mappings.asks_first_document else set()
        reference.prepare_parties(list(self._sources.values()))

    def verdicts(self) -> list[Verdict]:
        found = [self._verdict(stored) for stored in self.chunk]
        return self._checked(found)

    def _verdict(self, stored: Stored) -> Verdict:
        history = self._histories.get(stored.id, deliveries.NOTHING)
        if ended := self._ended(stored, history):
            return ended
        if history.standing:
            verdict = self.corrections.verdict(stored, history, history.standing, self._translation)
            if verdict.state is State.POSTED:
                self.agreeing[history.standing.id] = stored.content_hash
            return verdict
        if history.reversals and not stored.document.status.is_authorised:
            return Verdict(stored, State.REVERSED, f"{stored.document.status.lower()} in Cin7")
        translation = self._translation(stored, history.next_revision, history.postings)
        verdict = _verdict(stored, translation)
        return self._decided(verdict, translation) if verdict.state is State.READY else verdict

    def _translation(self, stored: Stored, revision: int, postings: int) -> Translation:
        return to_translation(
            self._sources[stored.id],
            self.mappings,
            self.reference,
            revision=revision,
            postings=postings,
            first=stored.id in self._first,
        )

    # --- what a rule or a check wants a person to say ---

    def _decided(self, verdict: Verdict, translation: Translation) -> Verdict:
        """A journal that a rule holds goes on with a person's yes."""
        if translation.posting is not Posting.HOLD:
            return replace(verdict, posting=translation.posting)
        answer = self._answer(verdict.stored, HELD_BY_RULE)
        if answer is None or not _as_shown(verdict):
            return _held(verdict, (held_by_rule(verdict.stored, translation.posting_rule),))
        if answer.answer is Answer.SKIP:
            return Verdict(verdict.stored, State.SKIPPED, decisions.told(answer))
        return replace(verdict, posting=Posting.POST, why=f"{verdict.why}; {decisions.told(answer)}")

    def _ended(self, stored: Stored, history: History) -> Verdict | None:
        """What a person said of a document that waits for something else than an answer."""
        for problem in stored.problems:
            answer = self._answer(stored, problem.code)
            if answer is None or problem.code in OPTIONS:
                continue
            if answer.answer is Answer.SKIP and not history.standing:
                return Verdict(stored, State.SKIPPED, decisions.told(answer))
            if answer.answer is Answer.POST and history.standing and problem.code == AS_POSTED:
                return Verdict(stored, State.POSTED, f"left as NAV posted it, {decisions.told(answer)}")
        return None

    def _answer(self, stored: Stored, question: str) -> Decision | None:
        return decisions.valid(self._answers, stored, question)

    def _checked(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Those that waited are checked before they are called ready: what is still in the way stays told
        once."""
        again = [
            (verdict.stored, verdict.journal)
            for verdict in verdicts
            if verdict.stored.state in WAITING and verdict.state is State.READY and verdict.journal
        ]
        if not again:
            return list(verdicts)
        twins = {
            stored.id: answer
            for stored, _ in again
            if (answer := self._answer(stored, TWIN)) and answer.answer is not Answer.POST
        }
        answered = {
            stored.id: str(answer.answer) for stored, _ in again if (answer := self._answer(stored, TWIN))
        }
        # what only takes a posting back has no twin
        answered |= {one: "post" for one, history in self._histories.items() if history.standing}
        problems = self.checks.problems(again, answered)
        fingerprints = self.checks.fingerprints(
            [pair for pair in again if pair[0].refused_as and not self.named]
        )
        return [
            self._after_checks(verdict, problems[verdict.stored.id], twins, fingerprints)
            if verdict.stored.id in problems
            else verdict
            for verdict in verdicts
        ]

    def _after_checks(
        self,
        verdict: Verdict,
        problems: tuple[Problem, ...],
        twins: Mapping[int, Decision],
        fingerprints: Mapping[int, str],
    ) -> Verdict:
        stored = verdict.stored
        if only_twins(problems) and stored.id in twins:
            return Verdict(stored, State.SKIPPED, decisions.told(twins[stored.id]))
        if problems:
            return _held(verdict, problems) if only_twins(problems) else waiting(stored, problems)
        as_refused = stored.id in fingerprints and fingerprints[stored.id] == stored.refused_as
        if as_refused and stored.tried_at and self.reference.now() - stored.tried_at < AGAIN_AFTER:
            return replace(waiting(stored, stored.problems), refused_as=stored.refused_as)
        return verdict


def _as_shown(verdict: Verdict) -> bool:
    """Whether the journal is the one that a person was shown: mappings may have changed since."""
    shown, journal = verdict.stored.journal, verdict.journal
    return shown is not None and journal is not None and journal.posts_like(shown)


HELD_BY_RULE = "held_by_rule"


def held_by_rule(stored: Stored, rule: RuleRef | None) -> Problem:
    """Why a document waits whose kind, amount or party somebody wants to see first."""
    total, currency = stored.document.total, stored.document.currency
    return Problem(
        HELD_BY_RULE,
        f"documents like this one ({currency} {total}) are held for a person's yes: answer it in the DAG "
        "decisions",
        str(rule or "company.yaml"),
        Fixer.ACCOUNTANT,
    )


def to_translation(
    document: SourceDocument,
    mappings: Mappings,
    reference: Reference,
    *,
    revision: int = 0,
    postings: int = 0,
    first: bool = False,
) -> Translation:
    """One document's journal or problems. Needs `reference.prepare_parties` for it first.

    `revision` counts what was sent for it before, `postings` only the postings among that; `first` says
    that nothing of its party was sent yet.
    """
    number = document_no(document.key.kind, document.number, document.key, mappings, revision)
    if document.key.kind is Kind.COST_JOURNAL:
        open_date = first_open_date(reference.chart([]), document.date)
        return translate_cost(document, mappings, document_no=number, revision=postings, open_date=open_date)
    party = resolve_party(document, mappings, reference.tax_number_match(document))
    foreign = document.currency != document.base_currency
    in_its_currency = (
        foreign
        and isinstance(party, ResolvedParty)
        and reference.card_currency(document, party.number) == document.currency
    )
    return to_journal(
        document,
        mappings,
        party,
        document_no=number,
        revision=postings,
        first=first,
        in_its_currency=in_its_currency,
    )


def with_categories(
    sources: Sequence[SourceDocument], mappings: Mappings, reference: Reference
) -> list[SourceDocument]:
    """The documents with the product category on their lines, where any rule asks for it."""
    if not mappings.asks_for(Field.CATEGORY):
        return list(sources)
    wanted = {line.product_id for source in sources for line in source.lines if line.product_id}
    categories = reference.categories(wanted)
    return [
        replace(
            source,
            lines=tuple(
                replace(line, category=categories.get(line.product_id)) if line.product_id else line
                for line in source.lines
            ),
        )
        for source in sources
    ]


def _verdict(stored: Stored, translation: Translation) -> Verdict:
    if translation.problems:
        return waiting(stored, translation.problems)
    if translation.skipped is not None:
        return Verdict(stored, State.SKIPPED, translation.skipped)
    journal = translation.journal
    assert journal is not None
    rules = ", ".join(sorted({str(rule) for line in journal.lines for rule in line.rules}))
    return Verdict(stored, State.READY, f"translated to {journal.document_no}", (), journal, rules)


def _held(verdict: Verdict, problems: tuple[Problem, ...]) -> Verdict:
    why = "; ".join(problem.message for problem in problems)
    return replace(verdict, state=State.HELD, why=why, problems=problems)


def _problem(error: MappingError) -> Problem:
    return Problem("mapping_invalid", str(error), f"{error.file}:{error.line}", Fixer.MAPPING_EDITOR)
