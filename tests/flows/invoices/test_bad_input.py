"""What is wrong or odd in Cin7: each document is posted right or waits with a reason, and others go on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest


def raw(flow: Any, made: dict[str, Any], **fields: Any) -> None:
    """Let Cin7 send these fields of an invoice instead of its own."""
    flow.sandbox.cin7.post(f"invoice/{made['task_id']}/raw", fields)


def carry(flow: Any) -> dict[str, int]:
    flow.ready()
    outcome: dict[str, int] = flow.deliver()
    return outcome


def test_a_document_of_500_lines_is_posted_to_the_cent_with_the_calls_of_a_small_one(flow: Any) -> None:
    lines = [
        {
            "sku": f"HV-{number % 200 + 1:04}",
            "quantity": 1 + number % 7,
            "price": f"{number}.{number % 100:02}",
        }
        for number in range(1, 501)
    ]
    made = flow.sale(lines=lines)
    flow.ready()
    flow.sandbox.nav.delete("calls")
    assert flow.deliver() == {"posted": 1}
    sent = 1 if flow.nav.is_atomic else len(flow.stored(made).journal.lines) + 4
    assert flow.sandbox.nav.get("calls")["total"] <= 3 + sent <= 15
    assert flow.is_posted_once(made)


@pytest.mark.parametrize(
    "name",
    ['O\'Neil & "Söhne" <b>', "株式会社 東京 🏗️ 貿易", "Łódź; DROP TABLE document; --", "N" * 255],
)
def test_any_name_of_a_customer_reaches_nav_within_its_field(flow: Any, name: str) -> None:
    made = flow.sale(memo="m\r\n\t" * 100)
    (sale,) = [one for one in flow.sandbox.cin7.get("truth")["invoices"] if one["task_id"] == made["task_id"]]
    flow.sandbox.cin7.post(f"sale/{sale['order_id']}/raw", {"Customer": name})
    assert carry(flow) == {"posted": 1}
    assert flow.is_posted_once(made)
    for line in flow.stored(made).journal.lines:
        assert line.description.startswith(made["number"])
        assert len(line.description.encode("utf-16-le")) <= 200


def test_amounts_with_four_decimals_are_posted_to_the_cent(flow: Any) -> None:
    made = flow.sale(lines=[{"quantity": "3.3333", "price": "10.0001", "tax_rule": "20% VAT on Sales"}])
    assert carry(flow) == {"posted": 1}
    entries = flow.entries(made)
    assert sum(entry.amount for entry in entries) == 0
    assert all(entry.amount == entry.amount.quantize(Decimal("0.01")) for entry in entries)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Lines": None, "AdditionalCharges": None}, "no_lines"),
        ({"Lines": []}, "no_lines"),
        ({"Total": 99999.0}, "total_contradicts_lines"),
        ({"InvoiceNumber": ""}, "number_missing"),
    ],
)
def test_a_contradiction_waits_with_its_reason_and_holds_up_no_other(
    flow: Any, fields: dict[str, Any], code: str
) -> None:
    wrong, right = flow.sale("700.00"), flow.sale("800.00")
    raw(flow, wrong, **fields)
    assert carry(flow) == {"posted": 1}
    assert flow.is_posted_once(right)
    found = flow.sql("SELECT state, problems->0->>'code' FROM document WHERE task_id = %s", wrong["task_id"])
    assert found == [("needs_attention", code)]


def test_a_null_list_beside_filled_ones_is_an_empty_one(flow: Any) -> None:
    made = flow.sale()
    raw(flow, made, AdditionalCharges=None)
    assert carry(flow) == {"posted": 1}
    assert flow.is_posted_once(made)
