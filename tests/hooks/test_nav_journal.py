"""A journal in the words of API v2.0, without any call."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.hooks.nav_journal import JournalAnswer, Mismatch, insert_body, verify_lines
from cin7_nav.model import AccountType, Journal, JournalLine

JOURNAL = Journal(
    "C7P-1",
    "4711",
    dt.date(2026, 3, 2),
    (
        JournalLine(AccountType.VENDOR, "V1", Decimal("-120.00"), "4711 Anvil"),
        JournalLine(AccountType.GL, "8410", Decimal("120.00"), "4711 Anvil", tax_code="STANDARD"),
    ),
)


def answer(*tax_codes: str) -> JournalAnswer:
    """What NAV gives back when it keeps everything, with these tax codes."""
    body: dict[str, Any] = insert_body("CIN7", "C7ABC", JOURNAL, {})
    for number, (line, code) in enumerate(zip(body["journalLines"], tax_codes, strict=True), start=1):
        line |= {"id": f"line-{number}", "lineNumber": number * 10000, "taxCode": code}
    return JournalAnswer.of({"id": "batch", **body})


def test_a_tax_code_is_sent_where_there_is_one() -> None:
    party, cost = insert_body("CIN7", "C7ABC", JOURNAL, {})["journalLines"]
    assert "taxCode" not in party
    assert cost["taxCode"] == "STANDARD"


def test_a_tax_code_that_nav_did_not_keep_is_a_mismatch() -> None:
    verify_lines(answer("", "STANDARD"), JOURNAL)
    with pytest.raises(Mismatch, match="line 2 has tax code REDUCED instead of STANDARD"):
        verify_lines(answer("", "REDUCED"), JOURNAL)


def test_a_tax_code_that_an_account_has_by_default_is_none_of_ours() -> None:
    verify_lines(answer("ZERO", "STANDARD"), JOURNAL)
