"""The child process of rows F, G and H: books without vendors. Both systems' answers are made up here, so
that what
is measured is ours alone: putting them together, comparing, storing, planning, listing.

Reads a job from standard input (`what`, `dsn`, `documents`) and writes its answer to the file named as
argument.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cin7_nav.flows.invoices.reference import Reference
from cin7_nav.flows.reconciliation import report
from cin7_nav.flows.reconciliation.run import Both, reconcile
from cin7_nav.flows.reconciliation.sources import Period
from cin7_nav.flows.replay.plan import plan
from cin7_nav.flows.replay.selection import read
from cin7_nav.mappings import Mappings, load
from cin7_nav.model import (
    AccountType,
    DocumentKey,
    Journal,
    JournalLine,
    Kind,
    LineType,
    SourceDocument,
    SourceLine,
    SourceStatus,
    State,
)
from cin7_nav.rules.books import Entry, PartyEntry
from cin7_nav.store import deliveries, documents, listing
from cin7_nav.store.database import Database
from cin7_nav.store.deliveries import Outcome, Result
from cin7_nav.store.documents import Read, Run, Scope, Verdict
from cin7_nav.store.replay import Filter

from stack.settings import ROOT

LINES = 5
FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 11, 20)
RUN = Run("bench/run", "bench")
ACCOUNTS = ("200", "210", "220", "225", "205")
NAV_ACCOUNTS = ("6110", "6130", "6810", "6910", "6120")
REPETITIONS = 50


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number % 20)


def document(number: int) -> SourceDocument:
    lines = tuple(
        SourceLine(
            at + 1, LineType.ITEM, "Hammer", Decimal(1), Decimal(10), Decimal(0), Decimal(0), Decimal(10), "",
            account,
        )
        for at, account in enumerate(ACCOUNTS)
    )  # fmt: skip
    total = Decimal(10 * LINES)
    return SourceDocument(
        DocumentKey(Kind.SALE_INVOICE, f"order-{number}", f"task-{number}"), f"INV-{number:06}",
        SourceStatus.AUTHORISED, f"SO-{number:06}", "Simple Sale", f"party-{number % 500}",
        f"Customer {number % 500}", day(number), None, "GBP", "GBP", Decimal(1), False, lines, total,
        Decimal(0), total,
    )  # fmt: skip


def journal(number: int) -> Journal:
    lines = [JournalLine(AccountType.CUSTOMER, "C00010", Decimal(10 * LINES), "bench")]
    for account, cin7 in zip(NAV_ACCOUNTS, ACCOUNTS, strict=True):
        line = JournalLine(AccountType.GL, account, Decimal(-10), "bench", cin7_accounts=(cin7,))
        lines.append(line)
    return Journal(f"C7S-INV-{number:06}", f"INV-{number:06}", day(number), tuple(lines))


class Cin7:
    """Cin7's ledger of these documents."""

    calls_made = 0

    def __init__(self, count: int) -> None:
        self.count = count

    def accounts(self) -> Iterator[dict[str, Any]]:
        yield {"Code": "610", "SystemAccountCode": "DEBTORS", "Type": "CURRENT"}
        yield {"Code": "800", "SystemAccountCode": "CREDITORS", "Type": "CURRLIAB"}

    def transactions(self, first: dt.date, last: dt.date) -> Iterator[dict[str, Any]]:
        for number in range(self.count):
            for account in ACCOUNTS:
                yield {
                    "TaskID": f"task-{number}", "DebitAccountCode": "610", "CreditAccountCode": account,
                    "Amount": Decimal(10), "EffectiveDate": f"{day(number)}T00:00:00Z",
                    "Reference": f"INV-{number:06}", "Type": "Sale",
                }  # fmt: skip


class Nav:
    """NAV's ledgers of these documents."""

    calls_made = 0

    def __init__(self, count: int) -> None:
        self.count = count

    def dated_entries(self, first: dt.date, last: dt.date) -> Iterator[Entry]:
        for number in range(self.count):
            entry = number * (LINES + 1)
            yield Entry(entry, day(number), f"C7S-INV-{number:06}", "2310", Decimal(10 * LINES))
            for at, account in enumerate(NAV_ACCOUNTS, start=1):
                yield Entry(entry + at, day(number), f"C7S-INV-{number:06}", account, Decimal(-10))

    def numbered_entries(self, numbers: Sequence[str]) -> Iterator[Entry]:
        yield from ()

    def party_entries(self, first: dt.date, last: dt.date, numbers: Sequence[str]) -> list[PartyEntry]:
        return [
            PartyEntry(
                number * (LINES + 1), day(number), f"C7S-INV-{number:06}", f"INV-{number:06}", "C00010",
                Decimal(50), Decimal(50), True, False,
            )
            for number in range(self.count)
        ]  # fmt: skip


def fill(database: Database, count: int, *, post: bool) -> None:
    for start in range(0, count, 500):
        numbers = range(start, min(start + 500, count))
        documents.record(database, [Read({"order": n}, [document(n)]) for n in numbers], RUN)
        taken = documents.claim(database, [State.RECEIVED], Scope(), RUN, 500)
        by_number = {f"INV-{number:06}": journal(number) for number in numbers}
        with database.transaction() as cursor:
            made = [Verdict(s, State.READY, "", (), by_number[s.document.number]) for s in taken]
            documents.decide(cursor, made, RUN)
        if post:
            _post(database, [stored.id for stored in taken])


def _post(database: Database, ids: Sequence[int]) -> None:
    with database.transaction() as cursor:
        ready = list(documents.locked(cursor, ids).values())
    pairs = [(stored, stored.journal) for stored in ready if stored.journal]
    keyed = deliveries.store_keys(database, pairs, "CIN7", RUN)
    with database.transaction() as cursor:
        sent = documents.locked(cursor, ids)
        spans = {one.id: int(one.nav_document_no[-6:]) * (LINES + 1) for one in keyed}
        results = [Result(d, Outcome.POSTED, None, (spans[d.id], spans[d.id] + LINES)) for d in keyed]
        deliveries.write_results(cursor, results)
        documents.decide(cursor, [Verdict(stored, State.POSTED, "posted") for stored in sent.values()], RUN)


def million(database: Database, count: int) -> None:
    """So many documents with an event and a posting each, written by the database itself."""
    with database.transaction() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(
            """
            INSERT INTO document (company, kind, order_id, task_id, number, order_number, party_id,
                party_name,
                document_date, currency, total, source_status, source, content_hash, raw_sha256, state,
                problems, found_by, run)
            SELECT 'default', 'sale_invoice', 'o' || n, 't' || n, 'INV-' || lpad(n::text, 7, '0'),
                'SO-' || lpad(n::text, 7, '0'), 'p' || n %% 5000, substr(md5((n %% 5000)::text), 1, 6) ||
                ' ' || substr(md5((n %% 5000)::text), 7, 5) || ' Ltd.',
                date '2020-01-01' + abs(hashint4(n)) %% 2500, 'GBP', n %% 1000, 'AUTHORISED',
                jsonb_build_object('lines', jsonb_build_array(
                    jsonb_build_object('account', 'a' || n %% 200))), '', '',
                CASE WHEN n %% 1000 = 0 THEN 'needs_attention' ELSE 'posted' END, '[]', 'poll', 'bench'
            FROM generate_series(1, %(n)s) AS n
            """,
            {"n": count},
        )
        cursor.execute(
            """
            INSERT INTO delivery (id, company, document_id, revision, nav_document_no,
                external_document_no, template,
                batch_code, posting_date, amount, journal, request_sha256, content_hash, state, posted_at)
            SELECT id, company, id, 0, 'C7S-' || number, number, 'CIN7', 'C7' || id, document_date, total,
                '{}', '',
                '', 'posted', document_date::timestamptz FROM document
            """
        )
        cursor.execute(
            """
            INSERT INTO inbox (company, source, type, flow, record_id, number, payload, sha256, landed_at,
                state)
            SELECT company, 'cin7', 'Sale/InvoiceAuthorised', 'invoices', order_id, order_number, '{}',
                order_id,
                document_date::timestamptz, 'done' FROM document
            """
        )
    database.close()
    with database.transaction() as cursor:
        cursor.execute("ANALYZE document")
        cursor.execute("ANALYZE delivery")


def _md5(number: int) -> str:
    """The words that a party of the million is called by."""
    return hashlib.md5(str(number * 7).encode(), usedforsecurity=False).hexdigest()


def listed(database: Database) -> dict[str, list[float]]:
    """Milliseconds of each sort of list, again and again with other values."""
    wanted: dict[str, Callable[[int], Filter]] = {
        "newest": lambda n: Filter(),
        "by state": lambda n: Filter(states=(State.NEEDS_ATTENTION,)),
        "by dates": lambda n: Filter(since=dt.date(2021, 1, 1 + n % 28), until=dt.date(2021, 2, 20)),
        "by number": lambda n: Filter(numbers=(f"INV-{1 + n * 997:07}",)),
        "by party": lambda n: Filter(parties=(f"p{n * 7}",)),
        "by account": lambda n: Filter(accounts=(f"a{n}",)),
        "by text": lambda n: Filter(text=f"{_md5(n)[:4]} {_md5(n)[6:9]}"),
    }
    found: dict[str, list[float]] = {}
    for name, make in wanted.items():
        for number in range(REPETITIONS):
            started = time.perf_counter()
            listing.page(database, make(number), 50)
            found.setdefault(name, []).append((time.perf_counter() - started) * 1000)
    return found


def main(job: dict[str, Any]) -> dict[str, Any]:
    database, count = Database(job["dsn"]), int(job["documents"])
    if job["what"] == "list":
        million(database, count)
        return {"milliseconds": listed(database)}
    mappings = load(ROOT / "include" / "mappings")
    assert isinstance(mappings, Mappings)
    cin7, nav = cast(Any, Cin7(count)), cast(Any, Nav(count))
    reference = Reference(
        database, lambda: nav, lambda: cin7, lambda: dt.datetime.now(dt.UTC), mappings.company
    )
    fill(database, count, post=job["what"] == "reconcile")
    if job["what"] == "plan":
        started = time.perf_counter()
        made = plan(database, read({"states": ["ready"], "cap": count}, LAST), RUN, 60, mappings, reference)
        list(made.told())
        return {"seconds": time.perf_counter() - started, "documents": made.chosen.documents}
    quiet = cast(Any, SimpleNamespace(refresh=lambda age: False))
    started = time.perf_counter()
    outcome = reconcile(Both(database, cin7, nav, mappings, quiet), Period(FIRST, LAST), "bench")
    report.write(database, outcome.id)
    return {
        "seconds": time.perf_counter() - started,
        "documents": outcome.documents,
        "differences": outcome.differences,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(json.load(sys.stdin))))
