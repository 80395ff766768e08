"""Where Cin7 owns the value of stock: the movements of a day in Cin7's ledger become one NAV journal.

Cin7 books cost of goods sold when a sale ships, takes it back when goods are restocked, books adjustments,
stock takes and write-offs when they complete, and changes the cost of goods already sold when a purchase is
invoiced later at another price: all of it only in its ledger, never on a document that we carry (Cin7's help
centre, "accounting transactions"). The ledger has no row ids and no change dates, so its grain here is the
day: what counts is the net per pair of accounts, and another net is another content of the same document.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from cin7_nav.mappings import Mappings
from cin7_nav.mappings.facts import Facts, Field, fold
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import (
    AccountType,
    DocumentKey,
    Journal,
    JournalLine,
    Kind,
    LineType,
    Problem,
    RuleRef,
    SourceDocument,
    SourceLine,
    SourceStatus,
    Translation,
)
from cin7_nav.rules.amounts import Postings, cents
from cin7_nav.rules.numbers import external_document_no
from cin7_nav.wire.ledger import LedgerRow

_PREFIX = "COST-"
_INVOICING = frozenset({"sale", "purchase"})
_CARRIED = frozenset(
    {"debtors", "creditors", "accounts receivable", "accounts payable", "gst", "gstonimports"}
)


@dataclass(frozen=True, slots=True)
class LedgerAccounts:
    """Which of Cin7's accounts decide whether a ledger row is a movement of inventory value."""

    inventory: frozenset[str]
    """The accounts that hold the value of stock; codes, folded."""
    carried: frozenset[str]
    """Receivables, payables and tax: what a sale or purchase books against these is the row of an invoice or
    credit note, whose own journal carries it."""


def carried_accounts(accounts: Iterable[tuple[str, str, str]]) -> frozenset[str]:
    """Of `(Code, SystemAccount, SystemAccountCode)` in Cin7's chart the control and tax accounts, folded.

    Cin7 accepts as receivable or payable of a party only an account that its chart marks as such, so the
    mark finds all of them. It was a code until 2024 and is a description since, with the code beside it.
    """
    return frozenset(
        fold(code) for code, system, system_code in accounts if {fold(system), fold(system_code)} & _CARRIED
    )


def cost_day(number: str) -> dt.date | None:
    """The day of a cost journal's number, `COST-2026-11-20`; None for any other number."""
    try:
        return dt.date.fromisoformat(number.removeprefix(_PREFIX)) if number.startswith(_PREFIX) else None
    except ValueError:
        return None


def moves_value(row: LedgerRow, accounts: LedgerAccounts) -> bool:
    """Whether a ledger row moves inventory value that no invoice's or credit note's journal carries.

    It has an inventory account on one side at least, and is not the row of an invoice. A manual journal or
    money spent on an inventory account counts, even against a control account: no document carries it.
    """
    sides = {fold(row.debit), fold(row.credit)}
    if row.debit == row.credit or not sides & accounts.inventory:
        return False
    return not (fold(row.type) in _INVOICING and sides & accounts.carried)


def cost_days(
    rows: Iterable[LedgerRow], accounts: LedgerAccounts, days: Collection[dt.date], base_currency: str
) -> list[SourceDocument]:
    """A document for each of these days, in the order of the days.

    Its lines come in pairs: the net that went to an account, and the same from its counter-account, debit
    positive, in cents of the base currency. A day whose movements net to nothing is `VOIDED`: nothing is to
    be posted, and what was posted for it is to be taken back. `total` is the change of inventory value.
    """
    nets: dict[dt.date, dict[tuple[str, str], Decimal]] = {day: {} for day in days}
    for row in rows:
        if row.date in nets and moves_value(row, accounts):
            debit, credit, amount = _pair(row, accounts)
            net = nets[row.date]
            net[debit, credit] = net.get((debit, credit), Decimal(0)) + amount
    return [_document(day, nets[day], accounts, base_currency) for day in sorted(nets)]


def _pair(row: LedgerRow, accounts: LedgerAccounts) -> tuple[str, str, Decimal]:
    """The row with its inventory account first, so that both directions of a movement meet in one net."""
    first = fold(row.debit) in accounts.inventory
    if first and fold(row.credit) in accounts.inventory:
        first = row.debit < row.credit
    return (row.debit, row.credit, row.amount) if first else (row.credit, row.debit, -row.amount)


def _document(
    day: dt.date, net: dict[tuple[str, str], Decimal], accounts: LedgerAccounts, base_currency: str
) -> SourceDocument:
    lines: list[SourceLine] = []
    for (account, counter), exact in sorted(net.items()):
        if amount := cents(exact):
            lines.append(_line(len(lines) + 1, account, counter, amount))
            lines.append(_line(len(lines) + 1, counter, account, -amount))
    held = sum((line.total for line in lines if fold(line.account) in accounts.inventory), Decimal(0))
    number = f"{_PREFIX}{day}"
    return SourceDocument(
        key=DocumentKey(Kind.COST_JOURNAL, day.isoformat(), day.isoformat()),
        number=number,
        status=SourceStatus.AUTHORISED if lines else SourceStatus.VOIDED,
        order_number=number,
        order_type="Cost journal",
        party_id="",
        party_name="",
        date=day,
        due_date=None,
        currency=base_currency,
        base_currency=base_currency,
        rate=Decimal(1),
        tax_inclusive=False,
        lines=tuple(lines),
        total_before_tax=held,
        tax=Decimal(0),
        total=held,
    )


def _line(index: int, account: str, counter: str, amount: Decimal) -> SourceLine:
    return SourceLine(
        index=index,
        type=LineType.CHARGE,
        description=f"{account} against {counter}",
        quantity=Decimal(1),
        price=amount,
        discount_percent=Decimal(0),
        tax=Decimal(0),
        total=amount,
        tax_rule="",
        account=account,
    )


def translate_cost(
    document: SourceDocument,
    mappings: Mappings,
    *,
    document_no: str,
    revision: int = 0,
    open_date: dt.date | None = None,
) -> Translation:
    """The day's journal: G/L lines only, one per NAV account and dimension set, or every problem at once.

    Accounts come from accounts.yaml by `kind: cost_journal` and `cin7_account`, dimensions from the rules
    that need to know no more than these two. For a posting rule the amount is what was debited in all.
    `revision` counts the postings of the same day before this one. `open_date`: the first day from the
    document's on that NAV is open for; the journal takes it, since nobody can date a movement otherwise in
    Cin7, and its description names the day.
    """
    company = mappings.company
    if not document.lines:
        return Translation(skipped="nothing moved inventory value on that day")
    if document.date < company.go_live:
        return Translation(
            skipped=f"dated {document.date}, before go-live on {company.go_live} ({company.go_live_rule})"
        )
    problems: dict[Problem, None] = {}
    postings = Postings()
    for line in document.lines:
        facts = Facts({Field.KIND: (document.key.kind,), Field.CIN7_ACCOUNT: (line.account,)})
        where = f"{document.number}, Cin7 account {line.account}"
        account = mappings.account(facts, where)
        dimensions: list[tuple[str, Hit]] = []
        for found in mappings.dimension_values(facts, where):
            if isinstance(found, Problem):
                problems[found] = None
            else:
                dimensions.append(found)
        if isinstance(account, Problem):
            problems[account] = None
        else:
            values = tuple((code, hit.value) for code, hit in dimensions)
            rules = (account.rule, *(hit.rule for _, hit in dimensions))
            postings.add(account.value, values, line.total, rules, line, cin7_account=line.account)
    if problems:
        return Translation(problems=tuple(problems))
    lines = tuple(
        JournalLine(
            account_type=AccountType.GL,
            account_no=account_no,
            amount=posting.amount,
            description=f"Inventory movements of {document.date} in Cin7",
            dimensions=dimension_set,
            rules=_sorted(posting.rules),
            sources=tuple(place for _, place in sorted(posting.lines)),
            cin7_accounts=tuple(sorted(posting.cin7_accounts)),
        )
        for account_no, dimension_set, posting in postings
    )
    if not lines:
        return Translation(skipped="its movements fall on one NAV account and cancel each other out there")
    moved = sum((line.amount for line in lines if line.amount > 0), Decimal(0))
    how = mappings.posting(Facts({Field.KIND: (document.key.kind,)}), moved, False)
    if isinstance(how, Problem):
        return Translation(problems=(how,))
    external = external_document_no(document.number, document.key.kind, revision)
    journal = Journal(document_no, external, open_date or document.date, lines)
    return Translation(journal=journal, posting=how[0], posting_rule=how[1])


def _sorted(rules: Iterable[RuleRef]) -> tuple[RuleRef, ...]:
    return tuple(sorted(rules, key=lambda rule: (rule.file, rule.line)))
