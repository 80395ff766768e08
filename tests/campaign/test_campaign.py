"""A campaign of 200 seeds, and the oracle that judges it."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from stack.settings import ROOT
from tests.campaign import judge
from tests.campaign.plan import STEPS, Stage, plan

SEEDS = 200
DAY = "2026-11-20"

INVOICE: dict[str, Any] = {
    "kind": "sale_invoice", "number": "INV-1", "status": "AUTHORISED", "date": DAY, "total": "120.00",
    "net": {"200": "100.00"}, "tax_by_rule": {"20% VAT on Sales": "20.00"},
}  # fmt: skip


def entries(
    number: str, sign: int = 1, sale: str = "100.00", date: str = "2026-11-20"
) -> list[dict[str, Any]]:
    """What NAV's ledger has of the invoice; `sign` -1: what takes it back."""
    amounts = {"2310": Decimal(sale) + 20, "6110": -Decimal(sale), "5650": Decimal(-20)}
    return [
        {
            "documentNumber": number,
            "postingDate": date,
            "accountNumber": account,
            "debitAmount": max(sign * amount, 0),
            "creditAmount": max(-sign * amount, 0),
        }
        for account, amount in amounts.items()
    ]


def test_the_oracle_takes_one_posting_for_one_invoice() -> None:
    assert judge.faults([INVOICE], entries("A")) == []
    assert judge.faults([INVOICE], entries("A") + entries("B", -1) + entries("C")) == []
    voided = INVOICE | {"status": "VOIDED"}
    assert judge.faults([voided], []) == []
    assert judge.faults([voided], entries("A") + entries("B", -1, date="2026-11-23")) == []


def test_the_oracle_sees_what_is_missing_doubled_wrong_or_left() -> None:
    for wrong in (
        [],
        entries("A") + entries("B"),
        entries("A") + entries("B", -1),
        entries("A", sale="100.01"),
        entries("A", date="2026-11-19"),
        entries("A")[:2],
    ):
        assert judge.faults([INVOICE], wrong)
    assert judge.faults([INVOICE | {"status": "DRAFT"}], entries("A"))


def ends_postgresql(stage: Stage) -> bool:
    return bool(stage.restart or (stage.interruption and stage.interruption.what.startswith("SIG")))


def test_a_seed_has_one_plan_and_every_twentieth_ends_postgresql() -> None:
    plans = [plan(seed) for seed in range(1, SEEDS + 1)]
    assert plans == [plan(seed) for seed in range(1, SEEDS + 1)]
    ends = [
        one.seed
        for one in plans
        if any(
            stage.restart or (stage.interruption and stage.interruption.what.startswith("SIG"))
            for stage in one.stages
        )
    ]
    assert ends == list(range(20, SEEDS + 1, 20))


@pytest.mark.parametrize(("flavour", "seeds"), [("online", SEEDS), ("bc-onprem", SEEDS // 2)])
def test_every_document_is_in_the_ledger_once_whatever_dies(flavour: str, seeds: int) -> None:
    """Seed 0 is the database restored from an older dump."""
    command = [sys.executable, "-m", "tests.campaign", "--seeds", str(seeds), "--flavour", flavour]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STEPS:
        assert f"killed in {step}\n" in done.stdout
