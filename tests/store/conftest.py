"""Steps on documents in the database, as the flows take them."""

from __future__ import annotations

import pytest
from cin7_nav.model import DocumentKey, Journal, Problem, SourceDocument, State
from cin7_nav.store import deliveries, documents
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Delivery, Outcome, Result
from cin7_nav.store.documents import Read, Run, Scope, Stored, Verdict

from tests.samples import journal as a_journal


class Desk:
    """A database with documents on their way."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.run = Run("dag/run", "poll")

    def record(self, *found: SourceDocument, run: Run | None = None) -> dict[str, int]:
        return dict(documents.record(self.database, [Read({"order": 1}, found)], run or self.run))

    def stored(self, key: DocumentKey) -> Stored:
        every = documents.select(self.database, list(State), Scope())
        return next(stored for stored in every if stored.key == key)

    def decide(
        self,
        stored: Stored,
        state: State,
        why: str = "decided",
        problems: tuple[Problem, ...] = (),
        journal: Journal | None = None,
    ) -> Stored:
        with self.database.transaction() as cursor:
            documents.decide(cursor, [Verdict(stored, state, why, problems, journal)], self.run)
        return self.stored(stored.key)

    def ready(self, document: SourceDocument, journal: Journal | None = None) -> Stored:
        """Recorded and translated."""
        self.record(document)
        number = f"C7S-{document.number}"
        return self.decide(self.stored(document.key), State.READY, journal=journal or a_journal(number))

    def keyed(self, stored: Stored) -> Delivery:
        """With its key stored, about to be sent."""
        assert stored.journal is not None
        (delivery,) = deliveries.store_keys(self.database, [(stored, stored.journal)], "CIN7", self.run)
        return delivery

    def learnt(self, delivery: Delivery, outcome: Outcome, state: State, *entries: int) -> Stored:
        """What was learnt of a delivery, and what follows for its document."""
        with self.database.transaction() as cursor:
            stored = documents.locked(cursor, [delivery.document_id])[delivery.document_id]
            deliveries.write_results(cursor, [Result(delivery, outcome, "journal-1", entries)])
            documents.decide(cursor, [Verdict(stored, state, "learnt")], self.run)
        return self.stored(stored.key)

    def posted(self, document: SourceDocument) -> Stored:
        """In NAV's ledger."""
        delivery = self.keyed(self.ready(document))
        return self.learnt(delivery, Outcome.POSTED, State.POSTED, 11, 12)

    def sql(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        with self.database.transaction() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)
