"""What is looked at before a journal is sent: NAV's reference data, and whose document numbers are whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.model import Fixer, Journal, Problem
from cin7_nav.rules.currency import base_currency_problems
from cin7_nav.rules.precheck import fingerprint, precheck
from cin7_nav.rules.twins import TWIN, NavDocument, NavLines, twin_problem
from cin7_nav.store import deliveries
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Stored

Ready = Sequence[tuple[Stored, Journal]]

NO_ANSWERS: Mapping[int, str] = MappingProxyType({})


def only_twins(problems: Sequence[Problem]) -> bool:
    """Whether a person's answer is all that a document waits for."""
    return bool(problems) and all(problem.code == TWIN for problem in problems)


class Checks:
    """Every reason for which a journal must not be sent, as far as it is known without asking NAV."""

    def __init__(self, database: Database, reference: Reference) -> None:
        self._database = database
        self._reference = reference

    def problems(
        self, ready: Ready, answered: Mapping[int, str] = NO_ANSWERS
    ) -> dict[int, tuple[Problem, ...]]:
        """The problems of each document by its id. Before any is held back, stale data is fetched anew.

        `answered`: what a person decided on the twin of a document, by its id.
        """
        found = self._problems(ready, answered)
        if any(found.values()):
            fetched = self._reference.refresh_for_doubt()
            twins = [twin for held in self._twins(ready).values() for twin in held]
            if self._reference.forget_deleted(twins) or fetched:
                found = self._problems(ready, answered)
        return found

    def fingerprints(self, ready: Ready) -> dict[int, str]:
        """By document id what bears on its journal, hashed: where NAV refused it and this is another now, it
        is worth another try."""
        chart = self._reference.chart([journal for _, journal in ready])
        twins = self._twins(ready)
        return {stored.id: fingerprint(journal, chart, twins[stored.id]) for stored, journal in ready}

    def _problems(self, ready: Ready, answered: Mapping[int, str]) -> dict[int, tuple[Problem, ...]]:
        chart = self._reference.chart([journal for _, journal in ready])
        holders = deliveries.holders(self._database, [journal.document_no for _, journal in ready])
        problems = {
            stored.id: (
                *base_currency_problems(stored.document, chart.local_currency),
                *precheck(journal, chart),
            )
            for stored, journal in ready
        }
        twins = self._twins(ready)
        for stored, journal in ready:
            if answered.get(stored.id) != "post":
                problems[stored.id] += tuple(twin_problem(twin, journal) for twin in twins[stored.id])
            if holders.setdefault(journal.document_no, stored.id) != stored.id:
                problems[stored.id] += (_number_taken(stored, journal),)
        return problems

    def _twins(self, ready: Ready) -> dict[int, tuple[NavDocument | NavLines, ...]]:
        """What NAV holds under each document's numbers, what we put there ourselves left out."""
        found = self._reference.twins([(stored.document, journal) for stored, journal in ready])
        twins = {stored.id: found[at] for at, (stored, _) in enumerate(ready)}
        in_batches = [one for one, held in twins.items() if any(isinstance(twin, NavLines) for twin in held)]
        own = deliveries.of_documents(self._database, in_batches) if in_batches else {}
        shared = self._reference.nav().shared_batch if own else ""
        batches = {one: (sent.template, shared or sent.batch_code) for one, sent in own.items()}
        return {
            one: tuple(
                twin
                for twin in held
                if not isinstance(twin, NavLines) or (twin.template, twin.batch) != batches.get(one)
            )
            for one, held in twins.items()
        }


def _number_taken(stored: Stored, journal: Journal) -> Problem:
    return Problem(
        "number_taken",
        f"another Cin7 document already has the NAV document number {journal.document_no}: "
        f"two documents are numbered {stored.document.number}",
        f"Cin7 {stored.document.order_number}",
        Fixer.ACCOUNTANT,
    )
