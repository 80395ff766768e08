import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.wire import cin7
from cin7_nav.wire.fields import WireError, parse

ID = "A1000000-0000-4000-8000-00000000000A"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T04:05:42.75Z", dt.datetime(2026, 3, 2, 4, 5, 42, 750_000, dt.UTC)),
        ("2026-03-02T04:05:42.3404147Z", dt.datetime(2026, 3, 2, 4, 5, 42, 340_414, dt.UTC)),
        ("2026-03-02T04:05:42", dt.datetime(2026, 3, 2, 4, 5, 42, 0, dt.UTC)),
        ("2026-03-02", dt.datetime(2026, 3, 2, tzinfo=dt.UTC)),
        (None, None),
    ],
)
def test_timestamps_take_any_number_of_digits_and_are_utc(
    text: str | None, moment: dt.datetime | None
) -> None:
    row = parse(cin7.SaleListRow, {"SaleID": ID, "Updated": text}, "row")
    assert row.Updated == moment


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        (Decimal("1.10"), Decimal("1.10")),
        (3, Decimal(3)),
        ("497.0000", Decimal(497)),
        ("", None),
        (None, None),
    ],
)
def test_numbers_are_exact_and_none_is_not_zero(sent: Any, number: Decimal | None) -> None:
    assert parse(cin7.Transaction, {"TaskID": ID, "Amount": sent}, "row").Amount == number


@pytest.mark.parametrize(
    ("sent", "text"), [(None, ""), ("  GB 12 ", "GB 12"), (12345, "12345"), (Decimal("1.50"), "1.50")]
)
def test_texts_are_trimmed_and_may_come_as_numbers(sent: Any, text: str) -> None:
    assert parse(cin7.Customer, {"ID": ID, "TaxNumber": sent}, "customer").TaxNumber == text


def test_guids_are_lower_case() -> None:
    supplier = parse(cin7.Supplier, {"ID": ID}, "supplier")
    assert supplier.ID == "a1000000-0000-4000-8000-00000000000a"


def test_statuses_are_trimmed_upper_case() -> None:
    assert parse(cin7.Product, {"ID": ID, "Status": " Active "}, "product").Status == "ACTIVE"


def test_a_record_without_its_id_is_refused() -> None:
    with pytest.raises(WireError, match=r"^product x: ID: "):
        parse(cin7.Product, {"SKU": "A"}, "product x")


def test_faults_carry_no_content() -> None:
    with pytest.raises(WireError) as raised:
        parse(cin7.Customer, {"ID": ID, "LastModifiedOn": "jane@example.com"}, "customer")
    assert "jane" not in str(raised.value)


@pytest.mark.parametrize(
    "model", [cin7.SaleListRow, cin7.PurchaseListRow, cin7.Customer, cin7.Supplier, cin7.Me]
)
def test_unknown_fields_are_ignored(model: Any) -> None:
    assert parse(model, {"ID": ID, "SaleID": ID, "NewInCin7": [1]}, "record")
