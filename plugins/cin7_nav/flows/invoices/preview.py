"""Preview: the exact journal that a document would become, and what NAV already holds of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.flows.invoices.translate import to_translation, with_categories
from cin7_nav.hooks.channel import NavChannel, PostedEntry, StagedJournal
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import Problem, SourceDocument, Translation
from cin7_nav.rules.numbers import document_no
from cin7_nav.rules.precheck import precheck


@dataclass(frozen=True, slots=True)
class Preview:
    document: SourceDocument
    translation: Translation
    problems: tuple[Problem, ...]
    """Of the translation, and of the check against NAV where there is a journal."""
    document_no: str


@dataclass(frozen=True, slots=True)
class InNav:
    """What NAV holds under a document's number."""

    entries: tuple[PostedEntry, ...]
    staged: tuple[StagedJournal, ...]


def preview(
    documents: Sequence[SourceDocument], mappings: Mappings, reference: Reference
) -> Iterator[Preview]:
    """Translate and check without sending or storing anything."""
    sources = with_categories(documents, mappings, reference)
    reference.prepare_parties(sources)
    for source in sources:
        translation = to_translation(source, mappings, reference)
        problems = translation.problems
        if translation.journal:
            problems += precheck(translation.journal, reference.chart([translation.journal]))
        number = document_no(source.key.kind, source.number, source.key, mappings)
        yield Preview(source, translation, problems, number)


def in_nav(nav: NavChannel, number: str, template: str, batch_code: str | None) -> InNav:
    """Posted entries with this document number, and the batch of its delivery where there was one."""
    staged = nav.find_journals(template, [batch_code]) if batch_code else []
    return InNav(tuple(nav.posted_entries([number])), tuple(journal for journal in staged if journal.lines))
