"""The NAV channel over Microsoft's API v2.0: Business Central online, and on-premises from version 17."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

from cin7_nav.hooks import nav_journal, nav_party_ledger
from cin7_nav.hooks.channel import Entity, JournalName, PostedEntry, StagedJournal, by_template
from cin7_nav.hooks.errors import NotFound, OutcomeUnknown, Refused, VendorError
from cin7_nav.hooks.nav import NavHook, Row
from cin7_nav.hooks.nav_errors import ALREADY_EXISTS
from cin7_nav.hooks.nav_filters import CHAIN_LENGTH, chains, literal
from cin7_nav.hooks.nav_journal import JournalAnswer, Mismatch
from cin7_nav.model import Journal
from cin7_nav.rules.books import Entry, PartyEntry
from cin7_nav.rules.twins import NavLines

_EXPANDED = {"$expand": "journalLines($expand=dimensionSetLines)"}
_WAITING = {
    "$select": "code",
    "$expand": "journalLines($select=documentNumber,postingDate,accountNumber,amount)",
}
_PARTIES = {
    "$select": "id,number,displayName,blocked,currencyCode,taxRegistrationNumber",
    "$expand": "defaultDimensions($select=dimensionCode,dimensionValueCode,postingValidation)",
}
_DOCUMENT_FIELDS = "id,number,postingDate,totalAmountIncludingTax,status"
_OPTIONS: Mapping[Entity, Mapping[str, str]] = {
    Entity.CUSTOMERS: _PARTIES,
    Entity.VENDORS: _PARTIES,
    Entity.PURCHASE_INVOICES: {"$select": f"{_DOCUMENT_FIELDS},vendorNumber,vendorInvoiceNumber"},
    Entity.SALES_INVOICES: {"$select": f"{_DOCUMENT_FIELDS},customerNumber,externalDocumentNumber"},
    Entity.SALES_CREDIT_MEMOS: {"$select": f"{_DOCUMENT_FIELDS},customerNumber,externalDocumentNumber"},
}
"""Purchase credit memos come whole: older versions refuse to select `vendorCreditMemoNumber`."""
_NEWER = frozenset({Entity.PURCHASE_CREDIT_MEMOS, Entity.SALES_CREDIT_MEMOS})
"""Sets that the first versions of API v2.0 may lack."""
_DIMENSION_EXISTS = "dimension set line already exists"
_ENTRY_FIELDS = "entryNumber,postingDate,documentNumber,accountNumber,description,debitAmount,creditAmount"


class NavApiV2:
    """Implements `NavChannel`. Each document has a batch of its own, whose name is its code: one deep insert,
    one post, one look at its entries."""

    is_atomic = True
    can_post = True
    carries_currency = False
    shared_batch = ""

    def __init__(self, hook: NavHook) -> None:
        self._hook = hook

    @property
    def calls_made(self) -> int:
        return self._hook.calls_made

    def applicable(self, journals: Sequence[Journal]) -> set[str]:
        """None: a journal line of the API has no application."""
        return set()

    def reference(
        self,
        entity: Entity,
        *,
        modified_since: dt.datetime | None = None,
        posted_since: dt.date | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        conditions = []
        if modified_since:
            if modified_since.tzinfo is None:
                raise ValueError("a time without a time zone")
            moment = modified_since.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
            conditions.append(f"lastModifiedDateTime gt {moment}Z")
        if posted_since:
            conditions.append(f"postingDate ge {posted_since}")
        params = {"$filter": " and ".join(conditions)} if conditions else {}
        try:
            for row in self._hook.rows(self._hook.entity(entity), {**params, **_OPTIONS.get(entity, {})}):
                yield nav_journal.with_plain_enums(row)
        except NotFound:
            if entity not in _NEWER:
                raise

    def existing(self, entity: Entity, ids: Sequence[str]) -> set[str]:
        parts = [ids[start : start + CHAIN_LENGTH] for start in range(0, len(ids), CHAIN_LENGTH)]
        return {
            str(row["id"])
            for part in parts
            for row in self._hook.rows(
                self._hook.entity(entity),
                {"$filter": " or ".join(f"id eq {one}" for one in part), "$select": "id"},
            )
        }

    def waiting_lines(self, template: str) -> Iterator[NavLines]:
        params = {"$filter": f"templateDisplayName eq {literal(template)}", **_WAITING}
        for row in self._hook.rows(self._hook.entity("journals"), params):
            yield from nav_journal.waiting_lines(template, row)

    def posted_entries(self, document_nos: Sequence[str]) -> list[PostedEntry]:
        path = self._hook.entity("generalLedgerEntries")
        return [
            _entry(row)
            for chain in chains("documentNumber", document_nos)
            for row in self._hook.rows(path, {"$filter": chain, "$select": _ENTRY_FIELDS})
        ]

    def entries_after(self, entry_no: int, *, limit: int = 20_000) -> list[PostedEntry]:
        rows = self._hook.rows(
            self._hook.entity("generalLedgerEntries"),
            {
                "$filter": f"entryNumber gt {entry_no}",
                "$orderby": "entryNumber",
                "$select": _ENTRY_FIELDS,
                "$top": limit,
            },
        )
        return [_entry(row) for row in islice(rows, limit)]

    def account_entries(self, account_no: str) -> list[PostedEntry]:
        wanted = {
            "$filter": f"accountNumber eq {literal(account_no)}",
            "$orderby": "entryNumber",
            "$select": _ENTRY_FIELDS,
        }
        return [_entry(row) for row in self._hook.rows(self._hook.entity("generalLedgerEntries"), wanted)]

    def dated_entries(self, first: dt.date, last: dt.date) -> Iterator[Entry]:
        return self._with_dimensions(f"postingDate ge {first} and postingDate le {last}")

    def numbered_entries(self, document_nos: Sequence[str]) -> Iterator[Entry]:
        for chain in chains("documentNumber", document_nos):
            yield from self._with_dimensions(chain)

    def _with_dimensions(self, where: str) -> Iterator[Entry]:
        options = {
            "$filter": where,
            "$select": _ENTRY_FIELDS,
            "$expand": "dimensionSetLines($select=code,valueCode)",
        }
        for row in self._hook.rows(self._hook.entity("generalLedgerEntries"), options):
            yield _dimensioned(row)

    def party_entries(
        self, first: dt.date, last: dt.date, document_nos: Sequence[str] = ()
    ) -> list[PartyEntry] | None:
        return nav_party_ledger.party_entries(self._hook, first, last, document_nos)

    def insert_journal(
        self, template: str, code: str, journal: Journal, account_defaults: Mapping[str, Sequence[str]]
    ) -> StagedJournal:
        """See `NavChannel`. `OutcomeUnknown` also where a batch with this code is already there."""
        later = {account: frozenset(codes) for account, codes in account_defaults.items()}
        try:
            answer = self._insert(template, code, journal, later)
        except Refused as error:
            if error.code == ALREADY_EXISTS:
                raise OutcomeUnknown(f"NAV already has a batch {code}: look at it first") from None
            if _DIMENSION_EXISTS not in str(error):
                raise
            later = {line.account_no: frozenset(dict(line.dimensions)) for line in journal.lines}
            answer = self._insert(template, code, journal, later)
        try:
            return self._completed(answer, journal, later, account_defaults)
        except Mismatch as error:
            self._discard(answer.id)
            raise Refused(f"NAV took the journal otherwise than sent: {error}", status=200) from None
        except VendorError:
            self._discard(answer.id)
            raise

    def complete_journal(self, journal_id: str, journal: Journal) -> StagedJournal:
        try:
            return self._completed(self._expanded(journal_id), journal, {}, {})
        except Mismatch as error:
            raise Refused(f"NAV holds the journal otherwise than sent: {error}", status=200) from None

    def post_journal(self, journal_id: str) -> None:
        self._hook.write("POST", self._hook.entity(f"journals({journal_id})/Microsoft.NAV.post"))

    def find_journals(self, names: Sequence[JournalName]) -> dict[str, StagedJournal]:
        return {answer.code: answer.staged() for answer in self._find(names)}

    def delete_journal(self, journal_id: str) -> None:
        try:
            self._hook.write("DELETE", self._hook.entity(f"journals({journal_id})"), repeatable=True)
        except NotFound:
            return

    def delete_empty_journals(self, names: Sequence[JournalName]) -> list[str]:
        found = list(self._find(names))
        empty = [answer for answer in found if not answer.lines]
        statuses = self._hook.delete_many([self._hook.entity(f"journals({answer.id})") for answer in empty])
        removed = {
            answer.code
            for answer, status in zip(empty, statuses, strict=True)
            if status < 300 or status == HTTPStatus.NOT_FOUND
        }
        left = {answer.code for answer in found} - removed
        return [name.code for name in names if name.code not in left]

    # --- within ---

    def _insert(
        self, template: str, code: str, journal: Journal, later: Mapping[str, frozenset[str]]
    ) -> JournalAnswer:
        """One deep insert: the batch, its lines and their dimensions but those to be set `later`."""
        body = nav_journal.insert_body(template, code, journal, later)
        return JournalAnswer.of(
            self._hook.write("POST", self._hook.entity("journals"), body, params=_EXPANDED)
        )

    def _expanded(self, journal_id: str) -> JournalAnswer:
        return JournalAnswer.of(self._hook.get(self._hook.entity(f"journals({journal_id})"), _EXPANDED))

    def _completed(
        self,
        answer: JournalAnswer,
        journal: Journal,
        later: Mapping[str, frozenset[str]],
        known: Mapping[str, Sequence[str]],
    ) -> StagedJournal:
        """The journal with every dimension set and everything verified."""
        if not answer.is_expanded:
            answer = self._expanded(answer.id)
        nav_journal.verify_lines(answer, journal)
        learnt = nav_journal.learnt_defaults(answer, journal, later, known)
        changes = nav_journal.missing_dimensions(answer, journal)
        for change in changes:
            self._hook.write(change.method, self._hook.entity(change.path), change.body, repeatable=True)
        if changes:
            answer = self._expanded(answer.id)
            nav_journal.verify_lines(answer, journal)
        nav_journal.verify_dimensions(answer, journal)
        return answer.staged(learnt)

    def _discard(self, journal_id: str) -> None:
        """Take back an insert that went wrong, so that its error may say that nothing is left behind."""
        try:
            self.delete_journal(journal_id)
        except VendorError:
            raise OutcomeUnknown("a batch that went wrong could not be removed: look at it first") from None

    def _find(self, names: Sequence[JournalName]) -> Iterator[JournalAnswer]:
        for template, some in by_template(names).items():
            for chain in chains("code", [name.code for name in some]):
                where = f"templateDisplayName eq {literal(template)} and ({chain})"
                for row in self._hook.rows(self._hook.entity("journals"), {"$filter": where, **_EXPANDED}):
                    yield JournalAnswer.of(row)


def _entry(row: Row) -> PostedEntry:
    return PostedEntry(
        entry_no=int(row["entryNumber"]),
        posting_date=dt.date.fromisoformat(row["postingDate"]),
        document_no=row["documentNumber"],
        account_no=row["accountNumber"],
        amount=nav_journal.decimal(row["debitAmount"]) - nav_journal.decimal(row["creditAmount"]),
        description=row["description"],
    )


_known_sets: dict[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = {}
"""Dimension sets are few and entries are many: each is kept once."""


def _dimensioned(row: Row) -> Entry:
    entry = _entry(row)
    found = tuple(sorted((line["code"], line["valueCode"]) for line in row["dimensionSetLines"]))
    return Entry(
        entry.entry_no,
        entry.posting_date,
        entry.document_no,
        entry.account_no,
        entry.amount,
        _known_sets.setdefault(found, found),
    )
