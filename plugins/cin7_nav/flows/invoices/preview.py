"""Preview: the exact journal that a document would become, and what NAV already holds of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.flows.invoices.translate import Translator
from cin7_nav.hooks.channel import JournalName, NavChannel, PostedEntry, StagedJournal
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import Journal, Problem, SourceDocument, State
from cin7_nav.store import deliveries, documents
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Delivery
from cin7_nav.store.documents import Stored, Verdict


@dataclass(frozen=True, slots=True)
class Preview:
    """What the next run would do with a document as Cin7 has it now."""

    document: SourceDocument
    state: State
    """`ready`: the journal would be sent; `posted`: it stands in the ledger as it is."""
    why: str
    problems: tuple[Problem, ...]
    journal: Journal | None
    sent: Delivery | None
    """What was sent for it last."""


@dataclass(frozen=True, slots=True)
class InNav:
    """What NAV holds under a document's number."""

    entries: tuple[PostedEntry, ...]
    staged: tuple[StagedJournal, ...]


def preview(
    database: Database, sources: Sequence[SourceDocument], mappings: Mappings, reference: Reference
) -> Iterator[Preview]:
    """Translate and check as the flow does, without sending or storing anything."""
    known = documents.by_key(database, [source.key for source in sources])
    chunk = [_as_read(source, known.get(source.key), -at) for at, source in enumerate(sources, start=1)]
    last = deliveries.of_documents(database, [stored.id for stored in chunk])
    translator = Translator(database, mappings, reference, chunk, named=True)
    for stored, verdict in zip(chunk, translator.verdicts(), strict=True):
        yield _preview(stored, verdict, last.get(stored.id))


def _as_read(source: SourceDocument, known: Stored | None, number: int) -> Stored:
    """A document as the flow would find it: waiting, so that everything is looked at."""
    if known is None:
        known = Stored(number, source, State.RECEIVED, 0, "", "")
    return replace(
        known, document=source, content_hash=source.content_hash(), state=State.NEEDS_ATTENTION, problems=()
    )


def _preview(stored: Stored, verdict: Verdict, sent: Delivery | None) -> Preview:
    if verdict.journal is None and sent and verdict.state is State.NEEDS_ATTENTION and not verdict.problems:
        return Preview(stored.document, State.POSTED, "it stands in the ledger", (), sent.journal, sent)
    return Preview(stored.document, verdict.state, verdict.why, verdict.problems, verdict.journal, sent)


def in_nav(nav: NavChannel, number: str, template: str, batch_code: str | None) -> InNav:
    """Posted entries with this document number, and the batch of its delivery where there was one."""
    found = nav.find_journals([JournalName(template, batch_code, number)]) if batch_code else {}
    staged = tuple(journal for journal in found.values() if journal.lines)
    return InNav(tuple(nav.posted_entries([number])), staged)
