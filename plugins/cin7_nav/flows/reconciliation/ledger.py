"""Cin7's own ledger by month and account beside NAV's lines of our documents, and what we do not carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.flows.reconciliation.sources import Cin7Books, NavBooks
from cin7_nav.mappings.facts import fold
from cin7_nav.mappings.files import Valuation
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import Fixer, Kind
from cin7_nav.rules.books import Sort, sums
from cin7_nav.rules.cases import Case, Finding, Terms
from cin7_nav.rules.cases import Sort as In
from cin7_nav.rules.compare import REST, account_groups
from cin7_nav.store.reconciliation import Difference, Record

AREA = "value of stock"

RECEIVABLES, PAYABLES, TAX = "receivables", "payables", "tax and rounding"


@dataclass(slots=True)
class Row:
    """One line of the comparison by account. Local currency, debit positive."""

    month: str
    account: str
    """Cin7 account codes, as small as they can be told apart."""
    nav: set[str]
    cin7_amount: Decimal = Decimal(0)
    nav_amount: Decimal = Decimal(0)
    carried: bool = True
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "month": self.month,
            "account": self.account,
            "nav": sorted(self.nav),
            "cin7_amount": str(self.cin7_amount),
            "nav_amount": str(self.nav_amount),
            "carried": self.carried,
            "why": self.why,
        }


def by_account(cases: Sequence[Case], control: frozenset[str]) -> list[Row]:
    """What documents carry: Cin7's amounts of each account under the NAV lines that were made of it."""
    merged = _merged(cases)
    rows: dict[tuple[str, str], Row] = {}

    def row(month: str, account: str) -> Row:
        return rows.setdefault((month, account), Row(month, account, set()))

    for case in cases:
        dates = case.booked.dates or {entry.date for entry in case.entries}
        if not dates:
            continue
        month = f"{max(dates):%Y-%m}"
        party = row(month, RECEIVABLES if case.kind.is_sale else PAYABLES)
        party.cin7_amount += case.booked.party
        standing = case.known.standing if case.known else None
        nav_to_cin7: dict[str, str] = {}
        for cin7, nav in account_groups(standing.journal) if standing else ():
            named = next((merged.get(one, one) for one in sorted(cin7) if one != REST), TAX)
            nav_to_cin7 |= dict.fromkeys(nav, named)
        for account, amount in case.booked.accounts.items():
            folded = fold(account)
            row(month, merged.get(folded, TAX if folded not in merged else folded)).cin7_amount += amount
        for account, amount in sums(case.entries).items():
            if account in control and account not in nav_to_cin7:
                found = party
            else:
                found = row(month, nav_to_cin7.get(account, TAX))
            found.nav.add(account)
            found.nav_amount += amount
    return [rows[key] for key in sorted(rows)]


def _merged(cases: Iterable[Case]) -> dict[str, str]:
    """Each Cin7 account → the name of those that it cannot be told apart from."""
    groups: list[set[str]] = []
    for case in cases:
        standing = case.known.standing if case.known else None
        for cin7, _ in account_groups(standing.journal) if standing else ():
            mine = set(cin7) - {REST}
            if not mine or any(mine <= group for group in groups):
                continue
            for group in [group for group in groups if group & mine]:
                groups.remove(group)
                mine |= group
            groups.append(mine)
    return {account: "+".join(sorted(group)) for group in groups for account in group}


def not_carried(books: Cin7Books, mappings: Mappings) -> Iterator[Row]:
    """What stands in Cin7's ledger and does not go to NAV by setting: listed, never a difference."""
    by_cin7 = mappings.company.valuation is Valuation.CIN7
    sums_: dict[tuple[str, str, Sort, str], Decimal] = defaultdict(Decimal)
    for (month, type_, debit, credit, sort), amount in books.totals.items():
        if sort is Sort.STOCK and by_cin7:
            continue
        for account, signed in ((debit, amount), (credit, -amount)):
            sums_[month, account, sort, type_] += signed
    reasons = {
        Sort.PAYMENT: "payments are not carried",
        Sort.STOCK: "NAV books the value of stock itself (valuation: nav)",
        Sort.OTHER: "not carried",
    }
    for (month, account, sort, type_), amount in sorted(sums_.items()):
        if amount:
            yield Row(month, account, set(), amount, carried=False, why=f"{type_}: {reasons[sort]}")


def cost_days(
    books: Cin7Books, nav: NavBooks, records: Sequence[Record], terms: Terms
) -> Iterator[tuple[Difference | None, Row]]:
    """Where Cin7 owns the value of stock: each day's movements beside the journal made of them."""
    for record in records:
        standing = record.known.standing
        if record.kind is not Kind.COST_JOURNAL or not (standing or record.day in books.stock):
            continue
        said = books.stock[record.day].accounts if record.day in books.stock else {}
        entries = sums(one for number in record.numbers for one in nav.entries.get(number, ()))
        groups = account_groups(standing.journal) if standing else []
        named = {account for cin7, _ in groups for account in cin7}
        rest = {
            frozenset({fold(account)}): frozenset[str]() for account in said if fold(account) not in named
        }
        for cin7, accounts in [*groups, *rest.items()]:
            has = sum((entries.get(account, Decimal(0)) for account in accounts), Decimal(0))
            stands = sum((amount for account, amount in said.items() if fold(account) in cin7), Decimal(0))
            row = Row(f"{record.day:%Y-%m}", "+".join(sorted(cin7)), set(accounts), stands, has)
            finding = None
            if abs(has - stands) > terms.tolerance:
                finding = Difference(AREA, record.key, record.number, record.day, _cost(record, row))
            yield finding, row


def _cost(record: Record, row: Row) -> Finding:
    return Finding(
        In.AMOUNT,
        "cost_day_differs" if record.known.standing else str(record.known.state),
        f"on {record.day} Cin7 moved {row.cin7_amount:.2f} on {row.account}, NAV has {row.nav_amount:.2f}",
        f"cin7-nav replay --documents {record.number} --send reads the day anew and corrects it",
        Fixer.DATA_TEAM,
        row.cin7_amount,
        row.nav_amount,
        row.account,
    )


def together(rows: Iterable[Row]) -> list[Row]:
    """Rows of one month and account added up."""
    found: dict[tuple[str, str, bool, str], Row] = {}
    for row in rows:
        key = (row.month, row.account, row.carried, row.why)
        if key not in found:
            found[key] = Row(row.month, row.account, set(), carried=row.carried, why=row.why)
        found[key].cin7_amount += row.cin7_amount
        found[key].nav_amount += row.nav_amount
        found[key].nav |= row.nav
    return [found[key] for key in sorted(found)]


def paid_but_open(
    books: Cin7Books, nav: NavBooks, records: Sequence[Record], cases: Mapping[str, Case]
) -> list[dict[str, str]]:
    """Documents that Cin7 has as paid and NAV has as open: nobody booked or applied the payment there."""
    if nav.party is None:
        return []
    invoices = [record for record in records if not record.kind.is_credit_note]
    by_task = {record.task_id: record for record in invoices}
    by_order = {(record.order_id, record.number): record for record in invoices}
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for name, amounts in books.paid.items():
        record = by_task.get(name.task_id) or by_order.get((name.task_id, name.number))
        if record:
            paid[record.key] += amounts.party
    found = []
    for record in invoices:
        case = cases.get(record.key)
        if record.key not in paid or case is None or case.booked.party + paid[record.key]:
            continue
        left = [one for number in record.numbers for one in nav.party.get(number, ()) if one.is_open]
        if left:
            remaining = sum((one.remaining for one in left), Decimal(0))
            found.append(
                {"number": record.number, "nav_number": left[0].document_no, "open": f"{remaining:.2f}"}
            )
    return found
