"""One document in both ledgers: does NAV have what Cin7 has, and if not, why not and what is to be done.

Amounts come from the two vendors. Our own records say which NAV documents are a document's, and how far it
is on its way, never how much it is.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from cin7_nav.mappings.facts import fold
from cin7_nav.model import AccountType, Dimensions, Fixer, Journal, JournalLine, State
from cin7_nav.rules import causes
from cin7_nav.rules.amounts import cents
from cin7_nav.rules.books import Booked, sums
from cin7_nav.rules.cases import Case, Finding, Sent, Sort, Terms, by_hand_entries, party_lines


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
        return [causes.not_taken_back(case, _party(case, nav, terms))] if nav else _applications(case)
    if not nav:
        return [causes.missing(case, owed)]
    found = _party(case, nav, terms)
    if _apart(case, owed, found, terms):
        times = found / owed
        if times >= 2 and abs(times - round(times)) * abs(owed) <= terms.tolerance:
            return [causes.double(case, owed, found, round(times))]
        return [causes.amount(case, owed, found)]
    more: list[Finding] = []
    if case.by_hand:
        more.append(causes.keyed_too(case, owed, found))
    more += _accounts(case, nav, terms) or _dimensions(case, terms)
    more += _dates(case, owed)
    more += _parties(case, owed)
    more += _applications(case)
    return more


def is_doubtful(case: Case, found: Sequence[Finding]) -> bool:
    """Whether Cin7's document should be read before this is said: not of what is known to be on its way, and
    also where neither ledger has what was authorised when it was read."""
    known = case.known
    if known and known.is_authorised and not case.booked.stands and not case.entries:
        return not case.is_exact and known.state is not State.SKIPPED
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


# --- accounts, dimensions, dates, parties ---


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
        hand = {entry.entry_no for entry in by_hand_entries(case)}
        own = sums(one for one in case.entries if one.entry_no not in hand and one.account in unexpected)
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
    extra = [entry for entry in by_hand_entries(case) if entry.account in account.split("+")]
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
    return causes.otherwise(Sort.ACCOUNT, said, has, account)


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
    sent = {line.account_no for line in party_lines(standing)}
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
