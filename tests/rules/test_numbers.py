import re
import string
import tempfile
from pathlib import Path

import pytest
from cin7_nav.model import DocumentKey, Kind
from cin7_nav.rules.numbers import batch_code, document_no, external_document_no, receipt_no
from hypothesis import given
from hypothesis import strategies as st

from tests import builders

with tempfile.TemporaryDirectory() as directory:
    MAPPINGS = builders.mappings(Path(directory))

TASK = "aaaaaaaa-0000-4000-8000-00000000000a"
OTHER = "aaaaaaaa-0000-4000-8000-00000000000b"


def number(kind: Kind, text: str, task: str = TASK, revision: int = 0) -> str:
    return document_no(kind, text, DocumentKey(kind, TASK, task), MAPPINGS, revision)


def test_a_sales_number_stays_readable_as_it_is() -> None:
    assert number(Kind.SALE_INVOICE, "INV-00202") == "C7S-INV-00202"


def test_the_numbers_are_fixed_for_ever() -> None:
    assert number(Kind.PURCHASE_INVOICE, "4711/b") == "C7P-4711-B-3WBTR6"
    assert number(Kind.SALE_INVOICE, "INV-00202", revision=1) == "C7S-INV-00202-CHSG1U"


@pytest.mark.parametrize(
    "text", ["inv-1", "INV 1", "INV/1", "INV--1", "ÄÖ-1", "", "INV-00000000000000001", "-1"]
)
def test_a_changed_or_cut_number_carries_a_hash_of_the_key(text: str) -> None:
    one, other = number(Kind.SALE_INVOICE, text), number(Kind.SALE_INVOICE, text, OTHER)
    assert one != other
    assert re.fullmatch(r"C7S-([A-Z0-9-]*-)?[A-Z0-9]{6}", one)


def test_purchases_with_the_same_typed_number_stay_apart() -> None:
    assert number(Kind.PURCHASE_INVOICE, "1") != number(Kind.PURCHASE_INVOICE, "1", OTHER)


def test_an_external_number_counts_as_nav_does() -> None:
    found = external_document_no("😀" * 30, Kind.PURCHASE_CREDIT_NOTE)
    assert len(found.encode("utf-16-le")) // 2 <= 35
    assert found.endswith(" CN")


def test_each_revision_has_its_own_number() -> None:
    found = {number(Kind.SALE_INVOICE, "INV-1", revision=revision) for revision in range(50)}
    assert len(found) == 50


@given(st.sampled_from(Kind), st.text(max_size=40), st.integers(0, 3))
def test_every_number_is_acceptable_to_nav(kind: Kind, text: str, revision: int) -> None:
    found = number(kind, text, revision=revision)
    assert re.fullmatch(r"[A-Z0-9-]{1,20}", found)
    assert found.startswith(MAPPINGS.company.prefixes[kind])
    assert found == number(kind, text, revision=revision)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        (Kind.SALE_INVOICE, {}, "INV-1"),
        (Kind.SALE_INVOICE, {"revision": 1}, "INV-1 /2"),
        (Kind.SALE_INVOICE, {"reversal": 1}, "INV-1 R1"),
        (Kind.PURCHASE_INVOICE, {"revision": 1, "reversal": 2}, "INV-1 /2 R2"),
        (Kind.SALE_CREDIT_NOTE, {}, "INV-1 CN"),
    ],
)
def test_everything_but_the_first_posting_has_a_suffix(
    kind: Kind, changes: dict[str, int], expected: str
) -> None:
    assert external_document_no(" inv-1 ", kind, **changes) == expected


@given(st.text(alphabet=string.printable + "äß", max_size=60), st.integers(0, 12), st.integers(0, 3))
def test_an_external_number_fits_and_keeps_its_suffix(text: str, revision: int, reversal: int) -> None:
    found = external_document_no(text, Kind.PURCHASE_INVOICE, revision, reversal)
    assert len(found) <= 35
    assert found == found.upper()
    if reversal:
        assert found.endswith(f" R{reversal}")


def test_long_numbers_that_begin_alike_stay_apart() -> None:
    one, other = (external_document_no("X" * 40 + end, Kind.PURCHASE_INVOICE) for end in "AB")
    assert one != other
    assert len(one) == len(other) == 35


def test_a_batch_code_is_ten_characters_that_follow_from_the_document_number() -> None:
    codes = [batch_code(f"C7S-INV-{number:05}") for number in range(500)]
    assert codes[1] == batch_code("C7S-INV-00001")
    assert len(set(codes)) == 500
    assert all(re.fullmatch("C7[0-9A-Z]{8}", code) for code in codes)


def test_a_receipt_is_numbered_by_its_purchase() -> None:
    assert [receipt_no("PO-00012", count) for count in (1, 2, 99)] == [
        "C7R-PO-00012",
        "C7R-PO-00012-2",
        "C7R-PO-00012-99",
    ]
    for outside in (0, 100):
        with pytest.raises(ValueError, match="99"):
            receipt_no("PO-00012", outside)


@given(st.lists(st.text("PO-012/b ", min_size=1, max_size=18), min_size=2, max_size=8, unique=True))
def test_no_two_receipts_share_a_number(orders: list[str]) -> None:
    found = [receipt_no(order, count) for order in orders for count in (1, 2, 12)]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"C7R-[A-Z0-9-]{1,16}", number) for number in found)
