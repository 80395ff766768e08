"""Held documents, without the flow that holds them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cin7_nav.model import Fixer, Problem, SourceDocument, State
from cin7_nav.store import documents
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Read, Run, Scope, Stored, Verdict

from tests.samples import document, journal

BECAUSE = {
    "held_by_rule": Problem("held_by_rule", "is to be seen first", "posting.yaml:3", Fixer.ACCOUNTANT),
    "twin_in_nav": Problem(
        "twin_in_nav", "somebody keyed it in", "NAV sales invoice 108001", Fixer.ACCOUNTANT
    ),
}
RUN = Run("invoices_to_journal/run-1")

Put = Callable[..., Stored]


@pytest.fixture
def put(database: Database) -> Put:
    """Brings a document into a state: `put(document)` holds it by a rule."""

    def put(
        found: SourceDocument | None = None,
        question: str = "held_by_rule",
        state: State = State.HELD,
    ) -> Stored:
        found = found or document()
        documents.record(database, [Read({}, [found])], RUN)

        def stored() -> Stored:
            every = documents.select(database, list(State), Scope())
            return next(one for one in every if one.key == found.key)

        problems = (BECAUSE[question],) if state is State.HELD else ()
        journal_of = journal(f"C7S-{found.number}")
        with database.transaction() as cursor:
            documents.decide(cursor, [Verdict(stored(), state, "so", problems, journal_of)], RUN)
        return stored()

    return put
