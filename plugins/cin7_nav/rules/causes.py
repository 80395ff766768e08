"""Why NAV does not have what Cin7 has, and what is to be done: a finding for each case."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cin7_nav.model import Fixer, State
from cin7_nav.rules.books import Entry, sums
from cin7_nav.rules.cases import Case, Finding, Known, Sort, by_hand_entries, party_lines


def missing(case: Case, owed: Decimal) -> Finding:
    known = case.known
    if case.by_hand and not (known and known.standing):
        other = case.by_hand[0]
        return Finding(
            Sort.BY_HAND,
            "keyed_by_hand",
            f"NAV has it as {other.number}, keyed in by hand, over {abs(other.amount):.2f}",
            "answer in the DAG decisions whether it is the same: link, or post ours besides",
            Fixer.ACCOUNTANT,
            owed,
            abs(other.amount).copy_sign(owed),
        )
    if known is None:
        return Finding(
            Sort.MISSING,
            "never_read",
            "Cin7 has it and it was never read: no webhook, poll or sweep has found it",
            f"cin7-nav replay --documents {case.number} --send",
            Fixer.DATA_TEAM,
            owed,
        )
    if case.entries:
        return Finding(
            Sort.MISSING,
            "reversed_in_nav",
            "it was posted, and its entries were reversed in NAV by hand",
            "void it in Cin7, or post it again in NAV by hand: what stands in Cin7 belongs into the books",
            Fixer.ACCOUNTANT,
            owed,
        )
    if known.standing:
        return Finding(
            Sort.MISSING,
            "gone_from_nav",
            f"it was posted as {known.standing.number} and NAV has no entry of that number any more: "
            "an older "
            "database was restored, or another company is connected",
            "find out what happened to NAV's database; then ask how to post such documents again",
            Fixer.NAV_ADMINISTRATOR,
            owed,
        )
    return _waiting(case, known, owed)


def _waiting(case: Case, known: Known, owed: Decimal) -> Finding:
    first = known.problems[0] if known.problems else None
    match known.state:
        case State.NEEDS_ATTENTION | State.UNKNOWN if first:
            cause, message, fixer = first.code, first.message, first.fixer
            step = f"mend it ({first.where}); it goes on by itself"
        case State.HELD:
            cause = first.code if first else "held"
            message, fixer = "it is held for a person's answer", Fixer.ACCOUNTANT
            step = f"answer in the DAG decisions, or cin7-nav decide {case.number}"
        case State.STAGED:
            number = known.sent[-1].number if known.sent else case.number
            cause, fixer = "staged", Fixer.ACCOUNTANT
            message, step = f"{number} lies in NAV to be posted", "post its journal batch in NAV"
        case State.SKIPPED | State.REVERSED:
            cause, fixer = "changed_in_cin7", Fixer.DATA_TEAM
            message = f"it was {known.state} here, and Cin7 has it as authorised"
            step = f"cin7-nav replay --documents {case.number} --send"
        case _:
            cause, fixer = "on_its_way", Fixer.DATA_TEAM
            message, step = f"it is {known.state}: on its way", "nothing; the next run takes it up"
    return Finding(Sort.MISSING, cause, message, step, fixer, owed)


def not_taken_back(case: Case, found: Decimal) -> Finding:
    return Finding(
        Sort.SURPLUS,
        "voided_in_cin7",
        "it stands in NAV, and nothing of it stands in Cin7: it was voided or undone, and that was "
        "not taken back",
        f"cin7-nav replay --documents {case.number} --send: the posting is taken back",
        Fixer.DATA_TEAM,
        Decimal(0),
        found,
    )


def surplus(number: str, entries: Sequence[Entry], control: frozenset[str]) -> Finding:
    """Entries under a number like ours that no document has."""
    nav = sums(entries)
    found = sum((amount for account, amount in nav.items() if account in control), Decimal(0))
    debit = sum((amount for amount in nav.values() if amount > 0), Decimal(0))
    return Finding(
        Sort.SURPLUS,
        "unknown_number",
        f"NAV's document {number} has a number like ours, and Cin7 has no such document",
        "find out who posted it; reverse it in NAV where it has no reason",
        Fixer.ACCOUNTANT,
        Decimal(0),
        found or debit,
    )


def double(case: Case, owed: Decimal, found: Decimal, times: int) -> Finding:
    extra = by_hand_entries(case)
    numbers = sorted({entry.document_no for entry in case.entries})
    whose = f"entries {extra[0].entry_no} to {extra[-1].entry_no} are not ours" if extra else "all are ours"
    return Finding(
        Sort.DOUBLE,
        "posted_again_by_hand" if extra else "posted_twice",
        f"it is in the ledger {times} times ({', '.join(numbers)}): {whose}",
        "reverse in NAV what is too much",
        Fixer.ACCOUNTANT,
        owed,
        found,
    )


def keyed_too(case: Case, owed: Decimal, found: Decimal) -> Finding:
    other = case.by_hand[0]
    return Finding(
        Sort.DOUBLE,
        "keyed_by_hand_too",
        f"it was posted, and NAV has it a second time as {other.number}, keyed in by hand",
        f"cancel or reverse {other.number} in NAV, or void it in Cin7",
        Fixer.ACCOUNTANT,
        owed,
        found + abs(other.amount).copy_sign(owed),
    )


def amount(case: Case, owed: Decimal, found: Decimal) -> Finding:
    known, standing = case.known, case.known.standing if case.known else None
    extra = by_hand_entries(case)
    sent = sum((line.amount for line in party_lines(standing)), Decimal(0))
    if extra:
        return Finding(
            Sort.AMOUNT,
            "entries_by_hand",
            f"somebody posted entries {extra[0].entry_no} to {extra[-1].entry_no} under its number",
            "reverse them in NAV: corrections belong into Cin7",
            Fixer.ACCOUNTANT,
            owed,
            found,
        )
    if standing is None or (known and known.unread) or sent == found:
        return Finding(
            Sort.AMOUNT,
            "changed_in_cin7",
            f"Cin7 says {owed:.2f} by now, NAV has {found:.2f}: the change was not read yet",
            f"cin7-nav replay --documents {case.number} --send: it is taken back and posted anew",
            Fixer.DATA_TEAM,
            owed,
            found,
        )
    return otherwise(Sort.AMOUNT, owed, found)


def otherwise(sort: Sort, cin7: Decimal, nav: Decimal, detail: str = "") -> Finding:
    where = f" on {detail}" if detail else ""
    return Finding(
        sort,
        "posted_otherwise",
        f"NAV posted something else{where} than was sent: a VAT set-up on the account, or a change of "
        "the staged "
        "lines before they were posted",
        "correct it in NAV, or say with cin7-nav decide post that it stays",
        Fixer.ACCOUNTANT,
        cin7,
        nav,
        detail,
    )
