"""Whether the lines that lie in a NAV journal batch are those that were sent, and how they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal

from cin7_nav.model import AccountType, Journal, JournalLine

Shape = tuple[AccountType, str, Decimal]


def differences(journal: Journal, lines: Sequence[JournalLine], document_nos: Collection[str]) -> list[str]:
    """What a person would see changed, in words; empty where nothing was. Debit positive, local currency.

    The order of the lines says nothing, and neither do descriptions. Dimensions that NAV put on a line
    besides ours are its own defaults; ours must be there with our values. `document_nos`: the numbers on
    `lines`.
    """
    found: dict[Shape, list[JournalLine]] = defaultdict(list)
    for line in lines:
        found[_shape(line)].append(line)
    missing = []
    for ours in sorted(journal.lines, key=lambda line: -len(line.dimensions)):
        alike = found[_shape(ours)]
        same = next((line for line in alike if not _other_dimensions(ours, line)), None)
        if same:
            alike.remove(same)
        else:
            missing.append(ours)
    left = [line for alike in found.values() for line in alike]
    told = [
        f"document number {number} instead of {journal.document_no}"
        for number in sorted(set(document_nos) - {journal.document_no})
    ]
    for ours in missing:
        theirs = _counterpart(ours, left)
        if theirs is None:
            told.append(f"the line of {ours.amount} on {_account(ours)} is missing")
        else:
            left.remove(theirs)
            told += _changes(ours, theirs)
    return told + [f"a line of {line.amount} on {_account(line)} was added" for line in left]


def _shape(line: JournalLine) -> Shape:
    return line.account_type, line.account_no, line.amount


def _counterpart(ours: JournalLine, left: Sequence[JournalLine]) -> JournalLine | None:
    """The line that ours has become: the same but for its dimensions, or on the same account."""
    on_account = [line for line in left if _account(line) == _account(ours)]
    return next((line for line in on_account if line.amount == ours.amount), next(iter(on_account), None))


def _changes(ours: JournalLine, theirs: JournalLine) -> list[str]:
    told = _other_dimensions(ours, theirs)
    if theirs.amount != ours.amount:
        told.insert(0, f"{theirs.amount} instead of {ours.amount} on {_account(ours)}")
    return told


def _other_dimensions(ours: JournalLine, theirs: JournalLine) -> list[str]:
    given = dict(theirs.dimensions)
    return [
        f"{code} {given.get(code, 'blank')} instead of {value} on {_account(ours)}"
        for code, value in ours.dimensions
        if given.get(code) != value
    ]


def _account(line: JournalLine) -> str:
    return f"{line.account_type} {line.account_no}"
