"""The NAV channel over published pages: NAV 2017 to Business Central 29, on-premises and online.

All documents share one journal batch, which an administrator sets up; a document is known there by its
number. Page 39 takes one line at a time, so an insert can be left begun.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import quote

from cin7_nav.hooks import nav_page_rows, nav_party_ledger
from cin7_nav.hooks.channel import Entity, JournalName, PostedEntry, StagedJournal, by_template
from cin7_nav.hooks.errors import Misconfigured, NotFound, OutcomeUnknown, Refused, VendorError
from cin7_nav.hooks.nav import NavHook, Row
from cin7_nav.hooks.nav_captions import Captions
from cin7_nav.hooks.nav_errors import ALREADY_EXISTS
from cin7_nav.hooks.nav_filters import chains, literal
from cin7_nav.hooks.nav_general_journal import PageLine, insert_body, verify, verify_lines
from cin7_nav.hooks.nav_journal import DESCRIPTION_LENGTH, Mismatch, decimal
from cin7_nav.hooks.nav_pages import PAGES
from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.rules.books import Entry, PartyEntry
from cin7_nav.rules.twins import NavLines

JOURNAL = "general_journal"
DATED_JOURNALS = {AccountType.CUSTOMER: "sales_journal", AccountType.VENDOR: "purchase_journal"}
"""The pages on the same table that show the due date."""
POST_ACTION = "post_general_journal"
"""Key of the unbound action that the company publishes itself; see docs/nav-posting-action.md."""
_STEP = 10_000
"""NAV's distance between the numbers of two lines."""
_TRIES = 5
"""How often a line number is drawn that somebody else has taken meanwhile."""
_ENTRY_FIELDS = "Entry_No,Posting_Date,Document_No,G_L_Account_No,Amount,Description"
_inserting = threading.Lock()
"""Within a process one document at a time takes line numbers in the shared batch."""


class NavODataV4:
    """Implements `NavChannel`. A document takes one call for its place in the batch and one for each line."""

    is_atomic = False
    carries_currency = True

    def __init__(self, hook: NavHook) -> None:
        self._hook = hook
        self._captions = Captions(hook.settings.extra.language)
        self._sets: dict[int, tuple[tuple[str, str], ...]] = {0: ()}

    @property
    def calls_made(self) -> int:
        return self._hook.calls_made

    @property
    def can_post(self) -> bool:
        return POST_ACTION in self._hook.settings.extra.services

    @property
    def shared_batch(self) -> str:
        return self._hook.settings.extra.journal_batch

    # --- reference data ---

    def reference(
        self,
        entity: Entity,
        *,
        modified_since: dt.datetime | None = None,
        posted_since: dt.date | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """See `NavChannel`. Cards tell the day of their last change, not the time: that day comes whole."""
        page = nav_page_rows.PAGE_OF[entity]
        if page.is_optional and page.service not in self._hook.settings.extra.services:
            return
        conditions = []
        if modified_since and page.modified:
            day = modified_since.date() - dt.timedelta(days=1)
            conditions.append(f"{page.modified} ge {day}")
        if posted_since:
            conditions.append(f"Posting_Date ge {posted_since}")
        params = {"$filter": " and ".join(conditions)} if conditions else {}
        defaults = self._default_dimensions(entity)
        for row in self._hook.rows(self._hook.service(page.service), params):
            found = page.read(row, self._captions)
            if entity in nav_page_rows.TABLE_IDS:
                found["defaultDimensions"] = defaults.get(found["number"], [])
            yield found

    def _default_dimensions(self, entity: Entity) -> dict[str, list[Row]]:
        found: defaultdict[str, list[Row]] = defaultdict(list)
        table = nav_page_rows.TABLE_IDS.get(entity)
        if table and "default_dimensions" in self._hook.settings.extra.services:
            wanted = {"$filter": f"Table_ID eq {table}"}
            for row in self._hook.rows(self._hook.service("default_dimensions"), wanted):
                found[row["No"]].append(nav_page_rows.default_dimension(row, self._captions))
        return found

    def applicable(self, journals: Sequence[Journal]) -> set[str]:
        return nav_party_ledger.applicable(self._hook, journals)

    def existing(self, entity: Entity, ids: Sequence[str]) -> set[str]:
        """Published are posted documents only, which nobody deletes."""
        return set(ids)

    # --- the ledger ---

    def posted_entries(self, document_nos: Sequence[str]) -> list[PostedEntry]:
        return [
            _entry(row)
            for chain in chains("Document_No", document_nos)
            for row in self._entries({"$filter": chain, "$select": _ENTRY_FIELDS})
        ]

    def entries_after(self, entry_no: int, *, limit: int = 20_000) -> list[PostedEntry]:
        wanted = {
            "$filter": f"Entry_No gt {entry_no}",
            "$orderby": "Entry_No",
            "$select": _ENTRY_FIELDS,
        }
        return [_entry(row) for row in islice(self._entries(wanted), limit)]

    def account_entries(self, account_no: str) -> list[PostedEntry]:
        wanted = {
            "$filter": f"G_L_Account_No eq {literal(account_no)}",
            "$orderby": "Entry_No",
            "$select": _ENTRY_FIELDS,
        }
        return [_entry(row) for row in self._entries(wanted)]

    def dated_entries(self, first: dt.date, last: dt.date) -> Iterator[Entry]:
        yield from self._with_dimensions(f"Posting_Date ge {first} and Posting_Date le {last}")

    def numbered_entries(self, document_nos: Sequence[str]) -> Iterator[Entry]:
        for chain in chains("Document_No", document_nos):
            yield from self._with_dimensions(chain)

    def party_entries(
        self, first: dt.date, last: dt.date, document_nos: Sequence[str] = ()
    ) -> list[PartyEntry] | None:
        return nav_party_ledger.party_entries(self._hook, first, last, document_nos)

    def _entries(self, wanted: Mapping[str, Any]) -> Iterator[Row]:
        return self._hook.rows(self._hook.service("gl_entries"), wanted)

    def _with_dimensions(self, where: str) -> Iterator[Entry]:
        """An entry tells the number of its dimension set; what the sets hold is asked for page by page."""
        rows = self._entries({"$filter": where, "$select": f"{_ENTRY_FIELDS},Dimension_Set_ID"})
        while some := list(islice(rows, 1000)):
            self._learn_sets({int(row["Dimension_Set_ID"]) for row in some})
            for row in some:
                entry = _entry(row)
                yield Entry(
                    entry.entry_no,
                    entry.posting_date,
                    entry.document_no,
                    entry.account_no,
                    entry.amount,
                    self._sets[int(row["Dimension_Set_ID"])],
                )

    def _learn_sets(self, wanted: Iterable[int]) -> None:
        unknown = sorted(set(wanted) - self._sets.keys())
        found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        for start in range(0, len(unknown), 40):
            where = " or ".join(f"Dimension_Set_ID eq {one}" for one in unknown[start : start + 40])
            for row in self._hook.rows(self._hook.service("dimension_set_entries"), {"$filter": where}):
                pair = (row["Dimension_Code"], row["Dimension_Value_Code"])
                found[int(row["Dimension_Set_ID"])].append(pair)
        self._sets.update((one, tuple(sorted(found[one]))) for one in unknown)

    # --- journals ---

    def waiting_lines(self, template: str) -> Iterator[NavLines]:
        wanted = {"$filter": f"Journal_Template_Name eq {literal(template)}"}
        documents: defaultdict[tuple[str, str], list[PageLine]] = defaultdict(list)
        for line in self._lines(wanted):
            documents[line.batch, line.document_no].append(line)
        for (batch, number), lines in documents.items():
            amounts = [line.line.amount for line in lines]
            debit = sum((amount for amount in amounts if amount > 0), decimal(0))
            yield NavLines(template, batch, number, lines[0].posting_date, len(lines), debit)

    def insert_journal(
        self, template: str, code: str, journal: Journal, account_defaults: Mapping[str, Sequence[str]]
    ) -> StagedJournal:
        """See `NavChannel`. The account's default dimensions are on a line before ours replace them."""
        bodies = [self._body(template, journal, line) for line in journal.lines]
        inserted: list[PageLine] = []
        try:
            with _inserting:
                number = self._last_line(template)
                for page, body in bodies:
                    number, line = self._insert(page, template, number, body)
                    inserted.append(line)
            verify(inserted, template, self.shared_batch, journal)
        except Mismatch as error:
            self._take_back(inserted)
            raise Refused(f"NAV took the journal otherwise than sent: {error}", status=200) from None
        except OutcomeUnknown:
            raise
        except VendorError:
            self._take_back(inserted)
            raise
        return self._staged(JournalName(template, code, journal.document_no), inserted)

    def complete_journal(self, journal_id: str, journal: Journal) -> StagedJournal:
        template, batch, number = _parts(journal_id)
        lines = self._of_documents(template, [number])
        try:
            verify_lines(lines, template, batch, journal)
            for line, ours in zip(lines, journal.lines, strict=True):
                lacking = dict(ours.dimensions).items() - dict(line.line.dimensions).items()
                if lacking:
                    body = {self._shortcuts[code]: value for code, value in lacking}
                    self._hook.write("PATCH", self._path(line), body, repeatable=True)
            lines = self._of_documents(template, [number])
            verify(lines, template, batch, journal)
        except Mismatch as error:
            raise Refused(f"NAV holds the journal otherwise than sent: {error}", status=200) from None
        return self._staged(JournalName(template, "", number), lines)

    def post_journal(self, journal_id: str) -> None:
        template, batch, number = _parts(journal_id)
        body = {"journalTemplateName": template, "journalBatchName": batch, "documentNo": number}
        self._hook.write("POST", self._hook.action(POST_ACTION), body, params=self._hook.action_company())

    def find_journals(self, names: Sequence[JournalName]) -> dict[str, StagedJournal]:
        found: dict[str, StagedJournal] = {}
        for template, some in by_template(names).items():
            lines: defaultdict[str, list[PageLine]] = defaultdict(list)
            for line in self._of_documents(template, [name.document_no for name in some]):
                lines[line.document_no].append(line)
            found |= {
                name.code: self._staged(name, lines[name.document_no])
                for name in some
                if name.document_no in lines
            }
        return found

    def delete_journal(self, journal_id: str) -> None:
        template, _, number = _parts(journal_id)
        for line in self._of_documents(template, [number]):
            self._delete(line)

    def delete_empty_journals(self, names: Sequence[JournalName]) -> list[str]:
        """The batch is not ours to remove: a document of which no line is left has left nothing."""
        left = self.find_journals(names)
        return [name.code for name in names if name.code not in left]

    # --- within ---

    @cached_property
    def _shortcuts(self) -> dict[str, str]:
        """Dimension code → the field of the page that carries it, as General Ledger Setup has them."""
        rows = list(self._hook.rows(self._hook.service("general_ledger_setup")))
        return nav_page_rows.shortcuts(rows[0]) if rows else {}

    def _last_line(self, template: str) -> int:
        """The highest line number in the batch; 0 where it is empty. Raises `Misconfigured` where the page
        shows another batch than the one asked for, as old versions of NAV do."""
        where = f"Journal_Template_Name eq {literal(template)} and Journal_Batch_Name eq "
        wanted = {
            "$filter": where + literal(self.shared_batch),
            "$orderby": "Line_No desc",
            "$top": 1,
            "$select": "Line_No",
        }
        rows = list(self._hook.rows(self._hook.service(JOURNAL), wanted))
        return int(rows[0]["Line_No"]) if rows else 0

    def _body(self, template: str, journal: Journal, line: JournalLine) -> tuple[str, dict[str, Any]]:
        """The page that takes a line, and what it is sent.

        Raises `Misconfigured` for a column that the page lacks, before anything is inserted.
        """
        dated = DATED_JOURNALS.get(line.account_type, "") if journal.due_date else ""
        page = dated if dated in self._hook.settings.extra.services else JOURNAL
        columns = self._hook.columns(page)
        body = insert_body(
            template,
            self.shared_batch,
            journal,
            line,
            self._shortcuts,
            self._captions,
            description_length=columns["Description"] or DESCRIPTION_LENGTH,
            due_date=page != JOURNAL,
        )
        columns.need((*body, "Line_No", "Amount_LCY"))
        return page, body

    def _insert(self, page: str, template: str, last: int, body: Mapping[str, Any]) -> tuple[int, PageLine]:
        """Its number and the line as NAV has it."""
        number = last + _STEP
        for _ in range(_TRIES):
            try:
                answer = self._hook.write("POST", self._hook.service(page), {**body, "Line_No": number})
            except Refused as error:
                if error.code != ALREADY_EXISTS:
                    raise
                number = self._last_line(template) + _STEP
                continue
            line = PageLine.of(answer, self._shortcuts, self._captions)
            if (line.template, line.batch) != (template, self.shared_batch):
                self._delete(line)
                raise Misconfigured(
                    f"NAV put the line into batch {line.batch} of template {line.template}: its page"
                    f" {PAGES[page].number} takes the first batch whatever it is told. Name that one in"
                    " company.yaml and the connection, or publish a page of your own on table 81"
                )
            return number, line
        raise Refused(
            "others fill NAV's journal batch at the same time: give cin7-nav one of its own", status=409
        )

    def _lines(self, wanted: Mapping[str, Any]) -> Iterator[PageLine]:
        """The lines that a filter finds, without NAV's blank one."""
        for row in self._hook.rows(self._hook.service(JOURNAL), wanted):
            if row["Account_No"] or decimal(row["Amount"]):
                yield PageLine.of(row, self._shortcuts, self._captions)

    def _of_documents(self, template: str, numbers: Sequence[str]) -> list[PageLine]:
        found = [
            line
            for chain in chains("Document_No", numbers)
            for line in self._lines(
                {"$filter": f"Journal_Template_Name eq {literal(template)} and ({chain})"}
            )
        ]
        return sorted(found, key=lambda line: (line.batch, line.line_no))

    def _staged(self, name: JournalName, lines: Sequence[PageLine]) -> StagedJournal:
        batch = lines[0].batch if lines else self.shared_batch
        return StagedJournal(
            journal_id=f"{name.template}/{batch}/{name.document_no}",
            code=name.code,
            batch=batch,
            lines=tuple(line.line for line in lines),
            document_nos=frozenset(line.document_no for line in lines),
        )

    def _take_back(self, inserted: Sequence[PageLine]) -> None:
        """Remove what was inserted of a document, so that its error may say that nothing is left behind."""
        try:
            for line in reversed(inserted):
                self._delete(line)
        except VendorError:
            raise OutcomeUnknown("lines that went wrong could not be removed: look at them first") from None

    def _delete(self, line: PageLine) -> None:
        try:
            self._hook.write("DELETE", self._path(line), repeatable=True)
        except NotFound:
            return

    def _path(self, line: PageLine) -> str:
        names = (quote(literal(one), safe="'") for one in (line.template, line.batch))
        template, batch = names
        key = f"Journal_Template_Name={template},Journal_Batch_Name={batch},Line_No={line.line_no}"
        return f"{self._hook.service(JOURNAL)}({key})"


def _parts(journal_id: str) -> tuple[str, str, str]:
    """Template, batch and document number."""
    template, batch, number = journal_id.split("/", 2)
    return template, batch, number


def _entry(row: Row) -> PostedEntry:
    return PostedEntry(
        entry_no=int(row["Entry_No"]),
        posting_date=dt.date.fromisoformat(row["Posting_Date"]),
        document_no=row["Document_No"],
        account_no=row["G_L_Account_No"],
        amount=decimal(row["Amount"]),
        description=row["Description"],
    )
