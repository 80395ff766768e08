"""Is every authorised invoice in the books exactly once? Asked of the two systems, never of our own tables.

This is an oracle: it shares no code with the translation that it judges. What Cin7's books should become in
NAV is worked out from the seeded company's own pairs of accounts, and compared with the posted G/L entries,
account by account, to the cent. Which NAV document belongs to which invoice is not asked of anybody: the
amounts per account on a posting date tell it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import requests

from .sandbox import Side

TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = ("22222222-2222-4222-8222-222222222222", "sandbox-nav-secret")
COMPANY = "Harbour & Vale Trading Ltd."

NAV_ACCOUNT = {
    "140": "5450", "200": "6110", "205": "6120", "210": "6130", "220": "6810", "225": "6910",
    "400": "8110", "425": "8210", "429": "8310", "453": "8410", "860": "9140",
}  # fmt: skip
"""The G/L account that each account of the seeded Cin7 company means in its NAV."""

RECEIVABLES, PAYABLES = "2310", "5410"
OUTPUT_TAX, INPUT_TAX = "5650", "5660"


@dataclass(frozen=True)
class Booking:
    """What one document does to the books: the sum per G/L account (debit positive) on a posting date."""

    posting_date: str
    sums: frozenset[tuple[str, Decimal]]

    @classmethod
    def of(cls, posting_date: str, sums: Iterable[tuple[str, Decimal]]) -> Booking:
        """Sums up amounts per account and leaves out accounts that come to zero."""
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for account, amount in sums:
            totals[account] += amount
        return cls(
            posting_date,
            frozenset((account, amount.normalize()) for account, amount in totals.items() if amount),
        )

    def __str__(self) -> str:
        return f"{self.posting_date}: " + ", ".join(
            f"{account} {amount:+,.2f}" for account, amount in sorted(self.sums)
        )


@dataclass(frozen=True)
class Verdict:
    """What is not in the books, what no invoice asks for, and what does not balance."""

    planned: int
    invoices: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    unbalanced: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        all_there = 0 < self.planned == self.invoices
        return all_there and not (self.missing or self.surplus or self.unbalanced)

    def lines(self) -> list[str]:
        posted = self.invoices - len(self.missing)
        head = f"{posted} of {self.planned} invoices of the day are in NAV exactly once, to the cent."
        return [
            head,
            *([f"authorised in Cin7: only {self.invoices}"] if self.invoices < self.planned else []),
            *(f"missing in NAV: {text}" for text in self.missing),
            *(f"in NAV without an invoice: {text}" for text in self.surplus),
            *(f"debit and credit differ: {text}" for text in self.unbalanced),
        ]


def expected(invoice: dict[str, Any]) -> Booking:
    """What NAV's books should say of one document of the sandbox's truth."""
    sale, credit = "sale" in invoice["kind"], "credit" in invoice["kind"]
    # The sign of the party's line: a sale debits the customer, a purchase credits the vendor.
    sign = Decimal(1) if sale != credit else Decimal(-1)
    amounts = [(RECEIVABLES if sale else PAYABLES, sign * Decimal(invoice["total"]))]
    for account, amount in invoice["net"].items():
        amounts.append((NAV_ACCOUNT[account], -sign * Decimal(amount)))
    for amount in invoice["tax_by_rule"].values():
        amounts.append((OUTPUT_TAX if sale else INPUT_TAX, -sign * Decimal(amount)))
    return Booking.of(invoice["date"], amounts)


def booked(entries: Iterable[dict[str, Any]]) -> dict[str, Booking]:
    """The booking of each NAV document number."""
    documents: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        documents[entry["documentNumber"]].append(entry)
    return {
        number: Booking.of(
            rows[0]["postingDate"],
            (
                (row["accountNumber"], Decimal(row["debitAmount"]) - Decimal(row["creditAmount"]))
                for row in rows
            ),
        )
        for number, rows in documents.items()
    }


def judge(invoices: Iterable[dict[str, Any]], entries: Iterable[dict[str, Any]], planned: int) -> Verdict:
    """Compare the authorised invoices of Cin7, of which there should be `planned`, with NAV."""
    wanted: dict[Booking, list[str]] = defaultdict(list)
    for invoice in invoices:
        wanted[expected(invoice)].append(f"{invoice['kind']} {invoice['number']}")
    found: dict[Booking, list[str]] = defaultdict(list)
    for number, booking in booked(entries).items():
        found[booking].append(number)
    missing = [
        f"{name}, expected {booking}"
        for booking, names in wanted.items()
        for name in names[len(found[booking]) :]
    ]
    surplus = [
        f"{number}, {booking}"
        for booking, numbers in found.items()
        for number in numbers[len(wanted[booking]) :]
    ]
    unbalanced = [
        str(booking) for booking in found if sum((amount for _, amount in booking.sums), Decimal(0))
    ]
    authorised = sum(len(names) for names in wanted.values())
    return Verdict(planned, authorised, tuple(missing), tuple(surplus), tuple(unbalanced))


@dataclass(frozen=True)
class PageLedger:
    """The same entries of a NAV on-premises, read over its published page 20."""

    nav: Side
    instance: str

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        page = f"{self.nav.url}/{self.instance}/ODataV4/Company('{quote(COMPANY)}')/G_LEntries"
        url: str | None = f"{page}?$filter=Entry_No gt {after}"
        rows: list[dict[str, Any]] = []
        while url:
            answer = requests.get(url, auth=("CIN7NAV", "sandbox-nav-password"), timeout=30)
            answer.raise_for_status()
            found = json.loads(answer.content, parse_float=Decimal)
            rows += [{ours: row[theirs] for theirs, ours in PAGE_FIELDS.items()} for row in found["value"]]
            url = found.get("@odata.nextLink")
        return rows

    def last_number(self) -> int:
        return max((entry["entryNumber"] for entry in self.entries()), default=0)


PAGE_FIELDS = {
    "Entry_No": "entryNumber",
    "Posting_Date": "postingDate",
    "Document_No": "documentNumber",
    "G_L_Account_No": "accountNumber",
    "Debit_Amount": "debitAmount",
    "Credit_Amount": "creditAmount",
}


@dataclass(frozen=True)
class Ledger:
    """NAV's posted general ledger entries, read over its API with a token of its own."""

    nav: Side

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """All entries with a number above `after`."""
        return self.rows(f"generalLedgerEntries?$filter=entryNumber gt {after}")

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """The rows of an entity of our company."""
        company = next(row["id"] for row in self._rows("companies") if row["name"] == COMPANY)
        return self._rows(f"companies({company})/{entity}")

    def last_number(self) -> int:
        return max((entry["entryNumber"] for entry in self.entries()), default=0)

    def _rows(self, path: str) -> list[dict[str, Any]]:
        url: str | None = f"{self.nav.url}/v2.0/{TENANT}/sandbox/api/v2.0/{path}"
        rows: list[dict[str, Any]] = []
        token = self._token()
        while url:
            answer = requests.get(
                url, headers={"Authorization": f"Bearer {token}"}, timeout=30, verify=str(self.nav.ca)
            )
            answer.raise_for_status()
            page = json.loads(answer.content, parse_float=Decimal)
            rows += page["value"]
            url = page.get("@odata.nextLink")
        return rows

    def _token(self) -> str:
        client, secret = CLIENT
        answer = requests.post(
            f"{self.nav.url}/{TENANT}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client,
                "client_secret": secret,
                "scope": "https://api.businesscentral.dynamics.com/.default",
            },
            timeout=30,
            verify=str(self.nav.ca),
        )
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token
