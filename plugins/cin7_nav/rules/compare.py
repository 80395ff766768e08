"""One document in both ledgers: does NAV have what Cin7 has, and if not, why not and what is to be done.

Amounts come from the two vendors. Our own records say which NAV documents are a document's, and how far it
is on its way, never how much it is.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from cin7_nav.mappings.facts import fold
from cin7_nav.model import AccountType, Dimensions, Fixer, Journal, JournalLine, Kind, Problem, State
from cin7_nav.rules.amounts import cents
from cin7_nav.rules.books import Booked, Entry, PartyEntry, sums


class Sort(StrEnum):
    """In what the two sides differ."""

    MISSING = "missing"
    DOUBLE = "double"
    AMOUNT = "amount"
    ACCOUNT = "account"
    DIMENSION = "dimension"
    DATE = "date"
    PARTY = "party"
    BY_HAND = "posted by hand"
    SURPLUS = "surplus"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference, with its cause and what is to be done."""

    sort: Sort
    cause: str
    """Stable, machine-readable."""
    message: str
    next_step: str
    fixer: Fixer
    cin7_amount: Decimal = Decimal(0)
    nav_amount: Decimal = Decimal(0)
    """What the party owes by each side; of an account or a dimension, what stands there."""
    detail: str = ""
    """What tells two findings of one sort and document apart, e.g. the account."""

    @property
    def amount(self) -> Decimal:
        """By how much NAV is above Cin7."""
        return self.nav_amount - self.cin7_amount


@dataclass(frozen=True, slots=True)
class Sent:
    """One journal that went to NAV for a document."""

    number: str
    journal: Journal
    is_reversal: bool
    state: str
    """`sending`, `unknown`, `staged` or `posted`."""
    first_entry: int | None
    last_entry: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """What our own records say of a document."""

    state: State
    problems: tuple[Problem, ...] = ()
    sent: tuple[Sent, ...] = ()
    """In order, refusals left out."""
    unread: bool = False
    """Whether Cin7 changed its order after it was read."""
    left_out: str = ""
    """Why a person left it out."""
    to_apply: str = ""
    """The NAV number of the document that the newest one of these is to be applied to."""

    @property
    def standing(self) -> Sent | None:
        """The posting that is in the ledger and was not taken back."""
        last = self.sent[-1] if self.sent else None
        return last if last and last.state == "posted" and not last.is_reversal else None


@dataclass(frozen=True, slots=True)
class ByHand:
    """Something in NAV that has the document's party and external number and that we did not make."""

    number: str
    amount: Decimal
    """What the party owes; positive where its side is not known."""


@dataclass(frozen=True, slots=True)
class Case:
    """One document as both sides have it."""

    kind: Kind
    number: str
    booked: Booked
    is_exact: bool
    """Whether `booked` comes from the document itself; Cin7's ledger rounds each of its rows."""
    known: Known | None
    entries: Sequence[Entry]
    """Of all its NAV numbers."""
    party_entries: Sequence[PartyEntry] | None
    """None: NAV does not show them."""
    by_hand: Sequence[ByHand] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all documents of a comparison."""

    tolerance: Decimal
    control: frozenset[str]
    """NAV's receivables and payables, as far as they could be told."""
    dimensions: frozenset[str]
    """The dimension codes that the mappings fill."""


def compare(case: Case, terms: Terms) -> list[Finding]:
    """Everything in which the two sides differ; empty: they agree."""
    found = _compared(case, terms)
    if case.known and case.known.left_out and all(one.sort is Sort.MISSING for one in found):
        return []
    return found


def _compared(case: Case, terms: Terms) -> list[Finding]:
    owed = cents(case.booked.party)
    nav = sums(case.entries)
    if not case.booked.stands or not owed:
        return [_surplus(case, _party(case, nav, terms))] if nav else _applications(case)
    if not nav:
        return [_missing(case, owed)]
    found = _party(case, nav, terms)
    if _apart(case, owed, found, terms):
        times = found / owed
        if times >= 2 and abs(times - round(times)) * abs(owed) <= terms.tolerance:
            return [_double(case, owed, found, round(times))]
        return [_amount(case, owed, found)]
    more: list[Finding] = []
    if case.by_hand:
        more.append(_keyed_too(case, owed, found))
    more += _accounts(case, nav, terms) or _dimensions(case, terms)
    more += _dates(case, owed)
    more += _parties(case, owed)
    more += _applications(case)
    return more


def is_doubtful(case: Case, found: Sequence[Finding]) -> bool:
    """Whether Cin7's document should be read before this is said: not of what is known to be on its way."""
    on_its_way = not case.entries and not (case.known and case.known.standing)
    return bool(found) and not case.is_exact and (not on_its_way or not case.booked.stands)


def is_rounded(case: Case, terms: Terms) -> bool:
    """Whether the two agree but for what Cin7's ledger may have rounded."""
    owed = _party(case, sums(case.entries), terms)
    return not case.is_exact and bool(case.entries) and cents(case.booked.party) != owed


# --- amounts ---


def _party(case: Case, nav: Mapping[str, Decimal], terms: Terms) -> Decimal:
    """What the party owes by NAV's entries: exactly, where its control accounts are known."""
    if any(account in terms.control for account in nav):
        return sum((amount for account, amount in nav.items() if account in terms.control), Decimal(0))
    standing = case.known.standing if case.known else None
    ours = {line.account_no for line in standing.journal.lines} if standing else set(nav)
    rest = sum((amount for account, amount in nav.items() if account not in ours), Decimal(0))
    tax = sum((line.predicted_tax for line in standing.journal.lines), Decimal(0)) if standing else Decimal(0)
    if rest:
        return rest - tax
    return max(nav.values(), key=abs, default=Decimal(0))


def _apart(case: Case, owed: Decimal, found: Decimal, terms: Terms) -> bool:
    allowed = Decimal(0) if case.is_exact else terms.tolerance
    return abs(found - owed) > allowed


# --- causes ---


def _by_hand_entries(case: Case) -> list[Entry]:
    """Entries under the document's numbers that were not there when we read its posting back."""
    spans = {
        sent.number: (sent.first_entry, sent.last_entry)
        for sent in (case.known.sent if case.known else ())
        if sent.first_entry and sent.last_entry
    }
    return [
        entry
        for entry in case.entries
        if entry.document_no in spans
        and not (spans[entry.document_no][0] or 0) <= entry.entry_no <= (spans[entry.document_no][1] or 0)
    ]


def _missing(case: Case, owed: Decimal) -> Finding:
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


def _surplus(case: Case, found: Decimal) -> Finding:
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


def _double(case: Case, owed: Decimal, found: Decimal, times: int) -> Finding:
    extra = _by_hand_entries(case)
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


def _keyed_too(case: Case, owed: Decimal, found: Decimal) -> Finding:
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


def _amount(case: Case, owed: Decimal, found: Decimal) -> Finding:
    known, standing = case.known, case.known.standing if case.known else None
    extra = _by_hand_entries(case)
    sent = sum((line.amount for line in _party_lines(standing)), Decimal(0))
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
    return _otherwise(Sort.AMOUNT, owed, found)


def _otherwise(sort: Sort, cin7: Decimal, nav: Decimal, detail: str = "") -> Finding:
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


# --- accounts, dimensions, dates, parties ---


def _party_lines(sent: Sent | None) -> list[JournalLine]:
    lines = sent.journal.lines if sent else ()
    return [line for line in lines if line.account_type is not AccountType.GL]


def _gl_lines(sent: Sent) -> list[JournalLine]:
    return [line for line in sent.journal.lines if line.account_type is AccountType.GL]


REST = ""
"""Cin7 accounts that no line of a journal names: tax and rounding."""


def account_groups(journal: Journal) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Which Cin7 accounts went to which NAV accounts, as small as they can be told apart.

    `REST` stands for the Cin7 accounts of tax and rounding, which the journal's lines do not name.
    """
    groups: list[tuple[set[str], set[str]]] = []
    for line in journal.lines:
        if line.account_type is not AccountType.GL:
            continue
        cin7, nav = set(map(fold, line.cin7_accounts)) or {REST}, {line.account_no}
        touching = [group for group in groups if group[0] & cin7 or group[1] & nav]
        for group in touching:
            groups.remove(group)
            cin7, nav = cin7 | group[0], nav | group[1]
        groups.append((cin7, nav))
    return [(frozenset(cin7), frozenset(nav)) for cin7, nav in groups]


def _accounts(case: Case, nav: Mapping[str, Decimal], terms: Terms) -> list[Finding]:
    standing = case.known.standing if case.known else None
    if standing is None or not any(line.cin7_accounts for line in standing.journal.lines):
        return []
    groups = account_groups(standing.journal)
    vat = any(line.tax_code for line in standing.journal.lines)
    named = {account for cin7, _ in groups for account in cin7}
    rest = sum((a for account, a in case.booked.accounts.items() if fold(account) not in named), Decimal(0))
    theirs = {account for _, accounts in groups for account in accounts}
    unexpected = {
        account: amount
        for account, amount in nav.items()
        if account not in theirs and account not in terms.control and terms.control
    }
    if vat:
        hand = set(map(id, _by_hand_entries(case)))
        own = sums(entry for entry in case.entries if id(entry) not in hand and entry.account in unexpected)
        if abs(sum(own.values(), Decimal(0)) - rest) <= terms.tolerance:  # NAV's own VAT accounts
            left = {account: amount - own.get(account, Decimal(0)) for account, amount in unexpected.items()}
            unexpected, rest = {account: amount for account, amount in left.items() if amount}, Decimal(0)
    found = [_account(case, account, Decimal(0), amount) for account, amount in sorted(unexpected.items())]
    for cin7, accounts in groups:
        said = sum((a for account, a in case.booked.accounts.items() if fold(account) in cin7), Decimal(0))
        said += rest if REST in cin7 else 0
        has = sum((nav.get(account, Decimal(0)) for account in accounts), Decimal(0))
        if abs(has - said) > terms.tolerance:
            found.append(_account(case, "+".join(sorted(accounts)), cents(said), has))
    return found


def _account(case: Case, account: str, said: Decimal, has: Decimal) -> Finding:
    standing = case.known.standing if case.known else None
    extra = [entry for entry in _by_hand_entries(case) if entry.account in account.split("+")]
    if extra:
        return Finding(
            Sort.ACCOUNT,
            "entries_by_hand",
            f"somebody posted entry {extra[0].entry_no} on {account} under its number",
            "reverse it in NAV, or change the account in Cin7 or the mapping",
            Fixer.ACCOUNTANT,
            said,
            has,
            account,
        )
    sent = sum(
        (line.amount - line.predicted_tax for line in (_gl_lines(standing) if standing else ())
         if line.account_no in account.split("+")),
        Decimal(0),
    )  # fmt: skip
    if sent == has:
        return Finding(
            Sort.ACCOUNT,
            "changed_in_cin7",
            f"Cin7 has {said:.2f} by now where {account} got {has:.2f}: the change was not read yet",
            f"cin7-nav replay --documents {case.number} --send: it is taken back and posted anew",
            Fixer.DATA_TEAM,
            said,
            has,
            account,
        )
    return _otherwise(Sort.ACCOUNT, said, has, account)


def _dimensions(case: Case, terms: Terms) -> list[Finding]:
    """Entries of the standing posting whose managed dimensions are not those that were sent."""
    standing = case.known.standing if case.known else None
    if standing is None:
        return []
    wanted: dict[str, Counter[Dimensions]] = defaultdict(Counter)
    for line in _gl_lines(standing):
        wanted[line.account_no][line.dimensions] += 1
    found: dict[str, Finding] = {}
    for entry in case.entries:
        if entry.document_no != standing.number or entry.account not in wanted:
            continue
        has = set(entry.dimensions)
        if any(set(sent) <= has for sent in wanted[entry.account]):
            continue
        sent = next(iter(wanted[entry.account]))
        missing = sorted(set(sent) - has)
        now = dict(entry.dimensions)
        told = ", ".join(f"{code} {now.get(code, 'empty')} instead of {value}" for code, value in missing)
        found[entry.account] = Finding(
            Sort.DIMENSION,
            "dimensions_changed_in_nav",
            f"entry {entry.entry_no} on {entry.account} has {told}: somebody corrected its dimensions "
            "in NAV, or "
            "the staged lines",
            "correct the dimensions in NAV, or the mapping where NAV is right",
            Fixer.ACCOUNTANT,
            entry.amount,
            entry.amount,
            entry.account,
        )
    return list(found.values())


def _dates(case: Case, owed: Decimal) -> list[Finding]:
    standing = case.known.standing if case.known else None
    if standing is None or len(case.booked.dates) != 1 or not case.booked.party:
        return []
    (said,) = case.booked.dates
    has = {entry.date for entry in case.entries if entry.document_no == standing.number}
    if has <= {said}:
        return []
    other = sorted(has - {said})[0]
    if standing.journal.posting_date == other:
        cause, message = (
            "changed_in_cin7",
            f"Cin7 dates it {said} by now, NAV {other}: the change was not read yet",
        )
        step, fixer = f"cin7-nav replay --documents {case.number} --send", Fixer.DATA_TEAM
    else:
        cause, message = (
            "date_changed_in_nav",
            f"NAV has it on {other}, Cin7 on {said}: the staged lines were changed",
        )
        step, fixer = "reverse and post it again in NAV where the period matters", Fixer.ACCOUNTANT
    return [Finding(Sort.DATE, cause, message, step, fixer, owed, owed)]


def _parties(case: Case, owed: Decimal) -> list[Finding]:
    standing = case.known.standing if case.known else None
    if standing is None or not case.party_entries:
        return []
    sent = {line.account_no for line in _party_lines(standing)}
    has = {entry.party_no for entry in case.party_entries if entry.document_no == standing.number}
    if not has or has <= sent:
        return []
    message = f"NAV has it on {', '.join(sorted(has))}, it was sent for {', '.join(sorted(sent))}"
    step = "correct the party in NAV, or parties.yaml where NAV is right"
    return [Finding(Sort.PARTY, "party_changed_in_nav", message, step, Fixer.ACCOUNTANT, owed, owed)]


def _applications(case: Case) -> list[Finding]:
    known = case.known
    if known is None or not known.to_apply or not case.party_entries or not known.sent:
        return []
    last = known.sent[-1].number
    is_open = [entry for entry in case.party_entries if entry.document_no == last and entry.is_open]
    if not is_open:
        return []
    message = f"{last} is open in NAV and not applied to {known.to_apply}"
    step = f"apply it in NAV, then cin7-nav applied {last}"
    amount = sum((entry.remaining for entry in is_open), Decimal(0))
    finding = Finding(Sort.APPLICATION, "not_applied", message, step, Fixer.ACCOUNTANT, Decimal(0), amount)
    return [finding]


def dated(case: Case, first: dt.date) -> dt.date:
    """The day that a case is listed under."""
    return min(case.booked.dates, default=min((entry.date for entry in case.entries), default=first))


def with_exact(case: Case, booked: Booked) -> Case:
    """The case with what the document itself says, read just now."""
    return replace(case, booked=booked, is_exact=True)
