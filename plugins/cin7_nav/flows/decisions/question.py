"""A question on a held document: what it is called, what it says, and which answers there are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cin7_nav.model import AccountType, Journal, JournalLine, Problem
from cin7_nav.store.decisions import Answer
from cin7_nav.store.documents import Stored
from cin7_nav.store.reviews import CONFLICT, MATCH

OPTIONS: Mapping[str, Mapping[str, Answer]] = {
    "held_by_rule": {"Post": Answer.POST, "Skip": Answer.SKIP},
    "twin_in_nav": {"Link": Answer.LINK, "Post anyway": Answer.POST, "Skip": Answer.SKIP},
    MATCH: {
        "Link": Answer.LINK,
        "Create": Answer.CREATE,
        "Never match these": Answer.NEVER,
        "Leave alone": Answer.IGNORE,
    },
    CONFLICT: {"Take Cin7's": Answer.CIN7, "Take NAV's": Answer.NAV},
}
"""The answers to each question, as people read them. A question on a document is the code of the problem held
for; those on parties are the questions of their reviews."""

ON_PARTIES = frozenset({MATCH, CONFLICT})

AS_POSTED = "posted_differently"
"""Code of the problem that NAV posted something else than was sent: people may leave it as it is."""


def answers_to(question: str) -> Collection[Answer]:
    """What may be answered at the keyboard, where also documents that wait for something else than an answer
    can be put aside."""
    if question in OPTIONS:
        return OPTIONS[question].values()
    return (Answer.POST,) if question == AS_POSTED else (Answer.SKIP,)


REASON_LENGTH = 3
"""Characters that a reason has at least."""

NUMBER_LENGTH = 20
"""Characters that a NAV document number has at most."""


def run_id(stored: Stored, shown_hash: str, code: str) -> str:
    """The id of the run that asks about a document what was shown, or was once."""
    identity = f"{stored.key} {shown_hash} {code}"
    readable = re.sub(r"[^A-Za-z0-9.-]", "-", stored.document.number)[:40]
    return f"decision__{readable}__{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def conf(stored: Stored, shown_hash: str, code: str) -> dict[str, Any]:
    """The parameters of that run: ids and codes only."""
    return {"document": stored.id, "shown_hash": shown_hash, "question": code}


@dataclass(frozen=True, slots=True)
class Question:
    """One held document as it is now."""

    stored: Stored

    @property
    def problem(self) -> Problem:
        return self.stored.problems[0]

    @property
    def code(self) -> str:
        return self.problem.code

    @property
    def run_id(self) -> str:
        """The id of the run that asks: the same for the same document, content and question."""
        return run_id(self.stored, self.stored.shown_hash, self.problem.code)

    @property
    def suggestion(self) -> str:
        """What stands in the form for the number to link to."""
        return self.twin

    @property
    def twin(self) -> str:
        """The NAV document that it is held for, where the problem's place is one; else empty."""
        found = re.fullmatch(r"NAV (?:sales|purchase) (?:invoice|credit memo) (\S+)", self.problem.where)
        return found[1] if found else ""

    @property
    def conf(self) -> dict[str, Any]:
        """The parameters of the run that asks."""
        return conf(self.stored, self.stored.shown_hash, self.problem.code)

    @property
    def subject(self) -> str:
        """One line without anybody's name."""
        document, journal = self.stored.document, self.stored.journal
        parts = [
            f"{document.key.kind.replace('_', ' ')} {document.number}",
            f"{document.total:,.2f} {document.currency}",
        ]
        if journal:
            parts += [*_party(journal), f"NAV document {journal.document_no}"]
        return ", ".join(parts)

    @property
    def body(self) -> str:
        """In Markdown: what it is held for, and the journal that would be posted."""
        problem, journal = self.problem, self.stored.journal
        text = f"{escaped(problem.message)} ({escaped(problem.where)})"
        if journal is None:
            return text
        head = (
            f"Posting date {journal.posting_date}, external document {escaped(journal.external_document_no)}"
        )
        return "\n".join([text, "", head, "", *_table(journal)])


def _party(journal: Journal) -> list[str]:
    names = {AccountType.CUSTOMER: "customer", AccountType.VENDOR: "vendor"}
    return [
        f"{names[line.account_type]} {line.account_no}"
        for line in journal.lines
        if line.account_type in names
    ][:1]


def _table(journal: Journal) -> list[str]:
    return [
        "| Account | Debit | Credit | Dimensions | Rules |",
        "|---|---:|---:|---|---|",
        *(f"| {' | '.join(map(escaped, _cells(line)))} |" for line in journal.lines),
    ]


def _cells(line: JournalLine) -> tuple[str, ...]:
    amount = f"{abs(line.amount):,.2f}"
    return (
        f"{line.account_type} {line.account_no}",
        amount if line.amount > 0 else "",
        amount if line.amount < 0 else "",
        ", ".join(f"{code} {value}" for code, value in line.dimensions),
        ", ".join(map(str, line.rules)),
    )


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", " ".join(text.split()))


def wrong_with(question: str, answer: Answer, reason: str, nav_number: str) -> str | None:
    """Why an answer can't be taken; None where it can. The texts carry no blanks around them."""
    allowed = answers_to(question)
    if answer not in allowed:
        return f"{answer} is no answer to {question}: {', '.join(allowed)} can be"
    if len(reason) < REASON_LENGTH:
        return f"it needs a reason of at least {REASON_LENGTH} characters"
    if answer is Answer.LINK and not nav_number:
        what = "record to link with" if question in ON_PARTIES else "NAV document to link to"
        return f"it needs the number of the {what}"
    if len(nav_number) > NUMBER_LENGTH and question not in ON_PARTIES:
        return f"a NAV document number has at most {NUMBER_LENGTH} characters"
    return None
