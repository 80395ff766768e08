"""What the command line tells of stock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cin7_nav.cli import app
from typer.testing import CliRunner

from tests.flows.stock.conftest import SKU, Warehouse, new_warehouse

__all__ = ["new_warehouse"]


@pytest.fixture
def stock(new_warehouse: Callable[..., Warehouse], airflow_connection: None) -> Warehouse:
    return new_warehouse()


def run(*words: str) -> Any:
    return CliRunner().invoke(app, words)


def test_what_waits_is_told_and_may_be_skipped(stock: Warehouse) -> None:
    stock.sandbox.nav.post("item", {"number": SKU, "blocked": True})
    first, second = stock.adjust(5), stock.adjust(2)
    stock.round()
    stock.compare()
    shown = run("stock")
    assert shown.exit_code == 0, shown.output
    assert "NAV administrator can fix it" in shown.output
    assert f"{SKU} in LONDON: Cin7 7, NAV 0" in shown.output
    (waiting, behind) = stock.all()
    skipped = run("skip-movement", str(waiting.id), "--reason", "keyed in by hand")
    assert f"{first['number']}" in skipped.output
    assert "skipped" in skipped.output
    assert run("skip-movement", str(waiting.id), "--reason", "again").exit_code == 1
    stock.sandbox.nav.post("item", {"number": SKU, "blocked": False})
    stock.round()
    assert [quantity for *_, quantity in stock.entries()] == [2]
    told = run("movement", second["number"])
    assert f"posted as {behind.document_no}" in told.output
    assert "keyed in by hand" in run("movement", first["number"]).output
    assert run("movement", "NONE").exit_code == 1
