"""Translate: what Cin7 said becomes a journal, or everything that stands in the way."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.mappings.facts import Field
from cin7_nav.mappings.load import Mappings
from cin7_nav.mappings.reader import MappingError
from cin7_nav.model import Fixer, Problem, SourceDocument, State, Translation
from cin7_nav.rules.numbers import document_no
from cin7_nav.rules.party import resolve_party
from cin7_nav.rules.translate import translate as to_journal
from cin7_nav.store import documents
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run, Scope, Stored, Verdict

log = logging.getLogger(__name__)

CHUNK = 200


class InvalidMappings(Exception):
    """The mapping files have errors: no document passes until they are mended."""

    def __init__(self, errors: Sequence[MappingError]) -> None:
        super().__init__("\n".join(["The mapping files have errors:", *map(str, errors)]))
        self.errors = tuple(errors)


def translate(
    database: Database,
    mappings: Mappings | list[MappingError],
    reference: Reference,
    run: Run,
    scope: Scope,
    *,
    retry: bool,
) -> Counter[str]:
    """Translate the received documents of the scope; with `retry` also those that wait for attention.

    Where the mappings are invalid every one of them waits, saying so, and `InvalidMappings` is raised.
    """
    states = [State.RECEIVED, State.NEEDS_ATTENTION] if retry else [State.RECEIVED]
    outcome: Counter[str] = Counter()
    after = 0
    while chunk := documents.claim(database, states, scope, run, CHUNK, after=after, unsent_only=True):
        after = chunk[-1].id
        if isinstance(mappings, list):
            verdicts = [_waiting(stored, tuple(map(_problem, mappings[:5]))) for stored in chunk]
        else:
            sources = with_categories([stored.document for stored in chunk], mappings, reference)
            reference.prepare_parties(sources)
            verdicts = [
                _verdict(stored, to_translation(source, mappings, reference, stored.revision))
                for stored, source in zip(chunk, sources, strict=True)
            ]
        with database.transaction() as cursor:
            documents.decide(cursor, verdicts, run)
        outcome.update(verdict.state for verdict in verdicts)
    if isinstance(mappings, list):
        raise InvalidMappings(mappings)
    return outcome


def to_translation(
    document: SourceDocument, mappings: Mappings, reference: Reference, revision: int = 0
) -> Translation:
    """One document's journal or problems. Needs `reference.prepare_parties` for it first."""
    party = resolve_party(document, mappings, reference.tax_number_match(document))
    number = document_no(document.key.kind, document.number, document.key, mappings, revision)
    return to_journal(document, mappings, party, document_no=number)


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
        return _waiting(stored, translation.problems)
    if translation.skipped is not None:
        return Verdict(stored, State.SKIPPED, translation.skipped)
    journal = translation.journal
    assert journal is not None
    rules = ", ".join(sorted({str(rule) for line in journal.lines for rule in line.rules}))
    return Verdict(stored, State.READY, f"translated to {journal.document_no}", (), journal, rules)


def _waiting(stored: Stored, problems: tuple[Problem, ...]) -> Verdict:
    why = "; ".join(problem.message for problem in problems)
    return Verdict(stored, State.NEEDS_ATTENTION, why, problems)


def _problem(error: MappingError) -> Problem:
    return Problem("mapping_invalid", str(error), f"{error.file}:{error.line}", Fixer.MAPPING_EDITOR)
