"""A journal in the words of API v2.0: what is sent, what comes back, and whether the two agree. No I/O."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.hooks.channel import StagedJournal
from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.rules.twins import NavLines

DESCRIPTION_LENGTH = 100
_ENUMS = frozenset(
    {"accountType", "category", "blocked", "type", "documentType", "status", "postingValidation"}
)


class Mismatch(Exception):
    """What NAV holds is not what was sent."""


@dataclass(frozen=True, slots=True)
class DimensionChange:
    """One call that sets a dimension of a line."""

    method: str
    path: str
    """Below the company."""
    body: dict[str, str]


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """A journal line as NAV holds it."""

    id: str
    document_no: str
    external_document_no: str
    posting_date: str
    line: JournalLine
    dimension_ids: Mapping[str, str]
    """Dimension code → NAV's id of the dimension."""


@dataclass(frozen=True, slots=True)
class JournalAnswer:
    """A batch as NAV holds it. The blank line that NAV leaves behind after posting is not among its lines."""

    id: str
    code: str
    lines: tuple[LineAnswer, ...]
    is_expanded: bool
    """Whether the answer told the lines and their dimensions at all."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> JournalAnswer:
        rows = row.get("journalLines")
        expanded = rows is not None and all("dimensionSetLines" in line for line in rows)
        ordered = sorted(rows or (), key=lambda line: int(line["lineNumber"]))
        lines = tuple(_line(line) for line in ordered if line["accountNumber"] or decimal(line["amount"]))
        return cls(row["id"], row["code"], lines, expanded)

    def staged(self, learnt: Mapping[str, tuple[str, ...]] | None = None) -> StagedJournal:
        return StagedJournal(
            journal_id=self.id,
            code=self.code,
            batch=self.code,
            lines=tuple(answer.line for answer in self.lines),
            document_nos=frozenset(answer.document_no for answer in self.lines),
            learnt_defaults=learnt or {},
        )


def insert_body(
    template: str, code: str, journal: Journal, later: Mapping[str, frozenset[str]]
) -> dict[str, Any]:
    """The body of the deep insert. NAV validates fields in the order they are sent (Microsoft's AL source).

    `later`: account number → dimension codes that NAV would refuse here, because the account has defaults.
    """
    return {
        "code": code,
        "displayName": f"cin7-nav {journal.document_no}",
        "templateDisplayName": template,
        "journalLines": [
            {
                "accountType": str(line.account_type),
                "accountNumber": line.account_no,
                "postingDate": journal.posting_date.isoformat(),
                "documentNumber": journal.document_no,
                "externalDocumentNumber": journal.external_document_no,
                "amount": Decimal(format(line.amount, "f")),
                "description": line.description[:DESCRIPTION_LENGTH],
                **({"taxCode": line.tax_code} if line.tax_code else {}),
                "dimensionSetLines": [
                    {"code": dimension, "valueCode": value}
                    for dimension, value in line.dimensions
                    if dimension not in later.get(line.account_no, ())
                ],
            }
            for line in journal.lines
        ],
    }


def verify_lines(answer: JournalAnswer, journal: Journal) -> None:
    """Raises `Mismatch` unless every line has the account, amount, date and numbers that were sent."""
    if len(answer.lines) != len(journal.lines):
        raise Mismatch(f"{len(answer.lines)} lines instead of {len(journal.lines)}")
    head = (journal.document_no, journal.external_document_no.upper(), journal.posting_date.isoformat())
    for number, (theirs, ours) in enumerate(zip(answer.lines, journal.lines, strict=True), start=1):
        pairs = (
            ("account type", theirs.line.account_type, ours.account_type),
            ("account", theirs.line.account_no, ours.account_no),
            ("amount", theirs.line.amount, ours.amount),
            ("document number", theirs.document_no, head[0]),
            ("external document number", theirs.external_document_no.upper(), head[1]),
            ("posting date", theirs.posting_date, head[2]),
            # Without a code of ours NAV may show the one that the account has by default.
            ("tax code", theirs.line.tax_code if ours.tax_code else "", ours.tax_code),
        )
        for name, found, sent in pairs:
            if found != sent:
                raise Mismatch(f"line {number} has {name} {found} instead of {sent}")


def verify_dimensions(answer: JournalAnswer, journal: Journal) -> None:
    """Raises `Mismatch` unless every dimension that was sent is there. NAV's own defaults may come on top."""
    for number, (theirs, ours) in enumerate(zip(answer.lines, journal.lines, strict=True), start=1):
        found = dict(theirs.line.dimensions)
        for code, value in ours.dimensions:
            if found.get(code) != value:
                raise Mismatch(f"line {number} has {code} {found.get(code, 'blank')} instead of {value}")


def missing_dimensions(answer: JournalAnswer, journal: Journal) -> list[DimensionChange]:
    """The calls that give each line the dimensions that it lacks or has otherwise by default."""
    changes = []
    for theirs, ours in zip(answer.lines, journal.lines, strict=True):
        found = dict(theirs.line.dimensions)
        path = f"journalLines({theirs.id})/dimensionSetLines"
        for code, value in ours.dimensions:
            if code not in found:
                changes.append(DimensionChange("POST", path, {"code": code, "valueCode": value}))
            elif found[code] != value:
                one = f"{path}({theirs.dimension_ids[code]})"
                changes.append(DimensionChange("PATCH", one, {"valueCode": value}))
    return changes


def learnt_defaults(
    answer: JournalAnswer,
    journal: Journal,
    later: Mapping[str, frozenset[str]],
    known: Mapping[str, Sequence[str]],
) -> dict[str, tuple[str, ...]]:
    """Account number → all its codes, where codes beyond those `known` stood on its lines without being sent.

    `answer` is that of an insert which left out the dimensions to be set `later`.
    """
    learnt: dict[str, set[str]] = {}
    for theirs, ours in zip(answer.lines, journal.lines, strict=True):
        account = ours.account_no
        sent = dict(ours.dimensions).keys() - later.get(account, frozenset())
        found = dict(theirs.line.dimensions).keys() - sent
        if found - set(known.get(account, ())):
            learnt.setdefault(account, set(known.get(account, ()))).update(found)
    return {account: tuple(sorted(codes)) for account, codes in learnt.items()}


def waiting_lines(template: str, batch: Mapping[str, Any]) -> Iterator[NavLines]:
    """The documents whose lines lie in a batch. NAV's blank line, which keeps a number, is no line."""
    documents: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for line in batch["journalLines"]:
        if line["accountNumber"] or decimal(line["amount"]):
            documents[line["documentNumber"]].append(line)
    for number, lines in documents.items():
        amounts = [decimal(line["amount"]) for line in lines]
        yield NavLines(
            template,
            batch["code"],
            number,
            dt.date.fromisoformat(lines[0]["postingDate"]),
            len(lines),
            sum((amount for amount in amounts if amount > 0), Decimal(0)),
        )


def with_plain_enums(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row, and those nested in it, with option values as people read them: `G_x002F_L_x0020_Account` is
    `G/L Account`."""
    return {
        name: [with_plain_enums(one) for one in value]
        if isinstance(value, list)
        else (plain_enum(value) if name in _ENUMS else value)
        for name, value in row.items()
    }


def plain_enum(value: Any) -> Any:
    """An option value without API v2.0's escapes; the blank option is the empty string."""
    if not isinstance(value, str):
        return value
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), value).strip()


def decimal(value: Decimal | int) -> Decimal:
    """A JSON number as it was on the wire; whole ones are parsed as int."""
    return Decimal(value)


def _line(row: Mapping[str, Any]) -> LineAnswer:
    dimensions = row.get("dimensionSetLines") or ()
    return LineAnswer(
        id=row["id"],
        document_no=row["documentNumber"],
        external_document_no=row["externalDocumentNumber"],
        posting_date=row["postingDate"],
        line=JournalLine(
            account_type=AccountType(plain_enum(row["accountType"])),
            account_no=row["accountNumber"],
            amount=decimal(row["amount"]),
            description=row["description"],
            dimensions=tuple(sorted((one["code"], one["valueCode"]) for one in dimensions)),
            tax_code=row.get("taxCode") or "",
        ),
        dimension_ids={one["code"]: one["id"] for one in dimensions},
    )
