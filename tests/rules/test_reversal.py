import datetime as dt
from decimal import Decimal

from cin7_nav.model import AccountType, Journal, JournalLine
from cin7_nav.rules.reversal import reversal

REGION = (("REGION", "LONDON"),)


def posted(party: AccountType, description: str = "INV-1 Smith") -> Journal:
    lines = (
        JournalLine(party, "P1", Decimal("-120.00"), description, REGION),
        JournalLine(
            AccountType.GL,
            "8410",
            Decimal("120.00"),
            description,
            REGION,
            tax_code="VAT20",
            predicted_tax=Decimal("20.00"),
        ),
    )
    return Journal("C7P-1-ABC", "4711", dt.date(2026, 3, 2), lines)


def turned(journal: Journal) -> Journal:
    return reversal(
        journal,
        document_no="C7P-1-DEF",
        external_document_no="4711 R1",
        posting_date=dt.date(2026, 4, 1),
        why="voided in Cin7",
    )


def test_a_reversal_has_the_same_lines_with_opposite_signs() -> None:
    before = posted(AccountType.VENDOR)
    after = turned(before)
    assert [(line.account_no, line.amount, line.tax_code, line.predicted_tax) for line in after.lines] == [
        ("P1", Decimal("120.00"), "", 0),
        ("8410", Decimal("-120.00"), "VAT20", Decimal("-20.00")),
    ]
    assert [line.dimensions for line in after.lines] == [REGION, REGION]
    assert (after.document_no, after.external_document_no) == ("C7P-1-DEF", "4711 R1")
    assert after.posting_date == dt.date(2026, 4, 1)
    assert after.balance == 0


def test_a_reversed_bill_says_that_nobody_shall_pay_it() -> None:
    (text,) = {line.description for line in turned(posted(AccountType.VENDOR)).lines}
    assert text == "REVERSED C7P-1-ABC DO NOT PAY: voided in Cin7; INV-1 Smith"
    (text,) = {line.description for line in turned(posted(AccountType.CUSTOMER)).lines}
    assert text == "REVERSED C7P-1-ABC: voided in Cin7; INV-1 Smith"


def test_the_description_is_cut_to_what_nav_holds() -> None:
    (text,) = {line.description for line in turned(posted(AccountType.VENDOR, "x" * 100)).lines}
    assert len(text) == 100
