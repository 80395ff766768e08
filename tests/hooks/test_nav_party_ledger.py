"""The published ledgers of customers and vendors, read over HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_party_ledger import party_entries

from tests.hooks.test_against_sandbox import connect_nav

__all__ = ["connect_nav"]

BOTH = {"customer_ledger": "Cust_LedgerEntries", "vendor_ledger": "VendorLedgerEntries"}
DAY = dt.timedelta(days=1)


def post(nav_sandbox: Any, number: str, party: str, account: str, date: dt.date) -> None:
    lines = [{"type": party, "account": account, "amount": "5.25"}, {"account": "6110", "amount": "-5.25"}]
    body = {"number": number, "external_number": "x1", "date": str(date), "lines": lines}
    nav_sandbox.post("by-hand/post-journal", body)


@pytest.mark.parametrize("services", [{}, {"customer_ledger": "Cust_LedgerEntries"}])
def test_one_page_alone_proves_nothing(connect_nav: Callable[..., NavHook], services: dict[str, str]) -> None:
    today = dt.date(2026, 11, 25)
    assert party_entries(connect_nav(services=services), today, today) is None


def test_entries_come_by_date_and_by_number_each_once(
    connect_nav: Callable[..., NavHook], nav_sandbox: Any
) -> None:
    today = dt.date.fromisoformat(nav_sandbox.get("health")["now"][:10])
    post(nav_sandbox, "N1", "Customer", "C00010", today)
    post(nav_sandbox, "N2", "Vendor", "V00010", today)
    post(nav_sandbox, "N3", "Customer", "C00010", today - 9 * DAY)
    post(nav_sandbox, "N4", "Customer", "C00010", today - 9 * DAY)
    found = party_entries(connect_nav(services=BOTH), today - DAY, today, ["N1", "N3"])
    assert found is not None
    assert sorted((one.document_no, one.party_no) for one in found) == [
        ("N1", "C00010"),
        ("N2", "V00010"),
        ("N3", "C00010"),
    ]
    (first,) = [one for one in found if one.document_no == "N1"]
    assert (first.amount, first.remaining, first.is_open, first.is_reversed, first.external_no) == (
        Decimal("5.25"),
        Decimal("5.25"),
        True,
        False,
        "X1",
    )
