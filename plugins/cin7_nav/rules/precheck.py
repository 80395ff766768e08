"""Whether NAV would accept a journal, as far as its reference data can tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cin7_nav.model import AccountType, Fixer, Journal, JournalLine, Problem

_BLOCKING = {AccountType.CUSTOMER: ("All", "Invoice"), AccountType.VENDOR: ("All",)}


@dataclass(frozen=True, slots=True)
class ChartAccount:
    number: str
    name: str
    type: str
    """NAV's account type: only `Posting` accounts take entries."""
    blocked: bool
    direct_posting: bool
    """Whether a journal may post there; otherwise only NAV's own posting routines do."""


@dataclass(frozen=True, slots=True)
class ChartParty:
    number: str
    blocked: str
    """NAV's word: empty, `All`, `Invoice`, `Ship` or `Payment`."""
    currency: str
    """Empty for local currency."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The reference data of NAV that a journal must agree with."""

    accounts: Mapping[str, ChartAccount]
    dimension_values: frozenset[tuple[str, str]]
    """Pairs of dimension code and value code. Whether a value is blocked, NAV's API does not say."""
    customers: Mapping[str, ChartParty]
    vendors: Mapping[str, ChartParty]
    local_currency: str = ""
    posting_from: dt.date | None = None
    """None: no limit."""
    posting_to: dt.date | None = None
    closed_periods: tuple[tuple[dt.date, dt.date], ...] = ()
    """First and last day of each closed accounting period."""


def precheck(journal: Journal, chart: Chart) -> tuple[Problem, ...]:
    """Every reason for which NAV would refuse this journal."""
    problems = [*_balance(journal), *_date(journal, chart)]
    for at, line in enumerate(journal.lines, start=1):
        check = _account if line.account_type is AccountType.GL else _party
        problems += check(line, at, chart)
        problems += _dimensions(line, at, chart)
    return tuple(problems)


def _balance(journal: Journal) -> Iterator[Problem]:
    if journal.balance:
        message = f"the journal is out of balance by {journal.balance}"
        yield Problem("out_of_balance", message, journal.document_no, Fixer.DATA_TEAM)


def _date(journal: Journal, chart: Chart) -> Iterator[Problem]:
    date = journal.posting_date
    earliest, latest = chart.posting_from, chart.posting_to
    if (earliest and date < earliest) or (latest and date > latest):
        span = f"from {earliest or 'the beginning'} to {latest or 'any day'}"
        message = f"NAV allows posting {span}; the invoice is dated {date}"
        yield Problem("date_not_allowed", message, "NAV general ledger setup", Fixer.NAV_ADMINISTRATOR)
    for first, last in chart.closed_periods:
        if first <= date <= last:
            message = f"NAV's accounting period {first} to {last} is closed; the invoice is dated {date}"
            yield Problem("period_closed", message, "NAV accounting periods", Fixer.ACCOUNTANT)


def _account(line: JournalLine, at: int, chart: Chart) -> Iterator[Problem]:
    number, sent = line.account_no, _sent(line, at, "accounts", "tax", "company")
    account = chart.accounts.get(number)
    where = f"NAV account {number}"
    if account is None:
        message = f"NAV has no G/L account {number}; {sent}"
        yield Problem("account_not_in_nav", message, where, Fixer.MAPPING_EDITOR)
        return
    name = f"{where} ({account.name})"
    if account.type != "Posting":
        message = f"{name} is of type {account.type} and takes no entries; {sent}"
        yield Problem("account_not_posting", message, where, Fixer.MAPPING_EDITOR)
        return
    if account.blocked:
        yield Problem("account_blocked", f"{name} is blocked; {sent}", where, Fixer.NAV_ADMINISTRATOR)
    if not account.direct_posting:
        message = f"{name} does not allow direct posting; {sent}"
        yield Problem("no_direct_posting", message, where, Fixer.NAV_ADMINISTRATOR)


def _party(line: JournalLine, at: int, chart: Chart) -> Iterator[Problem]:
    parties = chart.customers if line.account_type is AccountType.CUSTOMER else chart.vendors
    name, sent = f"NAV {line.account_type.lower()} {line.account_no}", _sent(line, at, "parties")
    party = parties.get(line.account_no)
    if party is None:
        yield Problem("party_not_in_nav", f"{name} does not exist; {sent}", name, Fixer.MAPPING_EDITOR)
        return
    if party.blocked in _BLOCKING[line.account_type]:
        message = f"{name} is blocked ({party.blocked}); {sent}"
        yield Problem("party_blocked", message, name, Fixer.NAV_ADMINISTRATOR)
    if party.currency not in ("", chart.local_currency):
        message = f"{name} has currency {party.currency}, but the journal is in local currency"
        yield Problem("party_currency", message, name, Fixer.NAV_ADMINISTRATOR)


def _dimensions(line: JournalLine, at: int, chart: Chart) -> Iterator[Problem]:
    for code, value in line.dimensions:
        if (code, value) not in chart.dimension_values:
            sent = _sent(line, at, "dimensions")
            message = f"NAV has no value {value} of dimension {code}; {sent}"
            yield Problem(
                "dimension_value_not_in_nav", message, f"NAV dimension {code}", Fixer.MAPPING_EDITOR
            )


def _sent(line: JournalLine, at: int, *sorts: str) -> str:
    """Which rules of these sorts of file put what there."""
    rules = [str(rule) for rule in line.rules if rule.file.partition(".")[0] in sorts]
    sources = ", ".join(line.sources[:3]) + (" …" if len(line.sources) > 3 else "")
    verb = "sends" if len(rules) < 2 else "send"
    return f"{', '.join(rules) or 'a rule'} {verb} {sources or f'journal line {at}'} there"
