"""Whether NAV would accept a journal, as far as its reference data can tell."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from cin7_nav.model import AccountType, Fixer, Journal, JournalLine, Problem

_BLOCKING = {AccountType.CUSTOMER: ("All", "Invoice"), AccountType.VENDOR: ("All",)}
"""Our lines carry no document type, and NAV treats such a line of a customer as an invoice; a vendor blocked
for payments takes it (`CheckBlockedCustOnJnls` and `CheckBlockedVendOnJnls` in Microsoft's AL source)."""


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
class DefaultDimension:
    """What NAV does about a dimension on the lines of a customer or vendor."""

    code: str
    value: str
    """NAV puts it on a line that has no value; may be empty."""
    validation: str
    """NAV's word: empty, `Code Mandatory`, `Same Code` or `No Code`."""


@dataclass(frozen=True, slots=True)
class ChartParty:
    number: str
    blocked: str
    """NAV's word: empty, `All`, `Invoice`, `Ship` or `Payment`."""
    currency: str
    """Empty for local currency."""
    defaults: tuple[DefaultDimension, ...] = ()


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
    """First and last day of each closed accounting period, ascending."""


def precheck(journal: Journal, chart: Chart) -> tuple[Problem, ...]:
    """Every reason for which NAV would refuse this journal."""
    problems = [*_balance(journal), *_date(journal, chart)]
    for at, line in enumerate(journal.lines, start=1):
        if line.account_type is AccountType.GL:
            problems += _account(line, at, chart)
        else:
            problems += _party(line, at, chart, journal.currency)
        problems += _dimensions(line, at, chart)
    return tuple(problems)


def first_open_date(chart: Chart, wanted: dt.date) -> dt.date | None:
    """The first day from `wanted` on that NAV lets journals post to; None where there is none."""
    day = max(wanted, chart.posting_from or wanted)
    for first, last in sorted(chart.closed_periods):
        if first <= day <= last:
            day = last + dt.timedelta(days=1)
    return None if chart.posting_to and day > chart.posting_to else day


def fingerprint(journal: Journal, chart: Chart, twins: Collection[object] = ()) -> str:
    """SHA-256 of the journal and of all that is known of NAV and bears on it.

    While it stays the same, NAV has no visible reason to answer the same journal otherwise than before;
    permissions, posting groups and user set-ups change without a trace in it. `twins`: what NAV holds under
    the document's numbers, as values.
    """
    named = {(line.account_type, line.account_no) for line in journal.lines}
    used = {pair for line in journal.lines for pair in line.dimensions}
    cards = {
        AccountType.GL: chart.accounts,
        AccountType.CUSTOMER: chart.customers,
        AccountType.VENDOR: chart.vendors,
    }
    known: list[object] = [
        (journal.document_no, journal.external_document_no, journal.posting_date, journal.currency),
        [(line.account_no, line.amount, line.dimensions, line.tax_code) for line in journal.lines],
        [(kind, number, cards.get(kind, {}).get(number)) for kind, number in sorted(named)],
        sorted(used & chart.dimension_values),
        (chart.local_currency, chart.posting_from, chart.posting_to),
        [span for span in chart.closed_periods if span[0] <= journal.posting_date <= span[1]],
        sorted(map(repr, twins)),
    ]
    return hashlib.sha256(repr(known).encode()).hexdigest()


def _balance(journal: Journal) -> Iterator[Problem]:
    if journal.balance:
        message = f"the journal is out of balance by {journal.balance}"
        yield Problem("out_of_balance", message, journal.document_no, Fixer.DATA_TEAM)


def _date(journal: Journal, chart: Chart) -> Iterator[Problem]:
    date = journal.posting_date
    earliest, latest = chart.posting_from, chart.posting_to
    if (earliest and date < earliest) or (latest and date > latest):
        span = f"from {earliest or 'the beginning'} to {latest or 'any day'}"
        message = (
            f"NAV allows posting {span}, and the posting date is {date}: widen Allow Posting From and To, or "
            "date it otherwise in Cin7"
        )
        yield Problem("date_not_allowed", message, "NAV general ledger setup", Fixer.NAV_ADMINISTRATOR)
    for first, last in chart.closed_periods:
        if first <= date <= last:
            message = (
                f"NAV's accounting period {first} to {last} is closed, and the posting date is {date}: NAV "
                "would take it as a prior-year entry and can't open the period again; date it otherwise in "
                "Cin7, or post it in NAV by hand and skip it here"
            )
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


def _party(line: JournalLine, at: int, chart: Chart, currency: str) -> Iterator[Problem]:
    parties = chart.customers if line.account_type is AccountType.CUSTOMER else chart.vendors
    name, sent = f"NAV {line.account_type.lower()} {line.account_no}", _sent(line, at, "parties")
    party = parties.get(line.account_no)
    if party is None:
        yield Problem("party_not_in_nav", f"{name} does not exist; {sent}", name, Fixer.MAPPING_EDITOR)
        return
    if party.blocked in _BLOCKING[line.account_type]:
        message = f"{name} is blocked ({party.blocked}); {sent}"
        yield Problem("party_blocked", message, name, Fixer.NAV_ADMINISTRATOR)
    foreign = "" if party.currency == chart.local_currency else party.currency
    if foreign != currency:
        message = (
            f"{name} has currency {foreign or chart.local_currency}, and the document goes to NAV in "
            f"{currency or chart.local_currency}: over API v2.0 every document does so in local currency, "
            "over the channel odata_v4 in the card's where Cin7's document has the same one; otherwise "
            f"empty Currency Code on the card; {sent}"
        )
        yield Problem("party_currency", message, name, Fixer.NAV_ADMINISTRATOR)
    for default in party.defaults:
        if message := _demand(default, dict(line.dimensions).get(default.code, "")):
            yield Problem("dimension_demanded", f"{name} {message}", name, Fixer.MAPPING_EDITOR)


def _demand(default: DefaultDimension, sent: str) -> str:
    """What a party's default dimension has against the value that is sent; empty where nothing."""
    code, value = default.code, default.value
    if default.validation == "Code Mandatory" and not sent and not value:
        return (
            f"takes no line without dimension {code} (Code Mandatory), and no rule of dimensions.yaml sets it"
        )
    if default.validation == "Same Code" and sent not in ("", value):
        wanted = f"the value {value}" if value else "no value"
        return f"takes only {wanted} of dimension {code} (Same Code); dimensions.yaml sets {sent}"
    if default.validation == "No Code" and sent:
        return f"takes no line with dimension {code} (No Code); dimensions.yaml sets {sent}"
    return ""


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
