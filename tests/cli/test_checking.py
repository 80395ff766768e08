"""`cin7-nav check --nav`: what the mapping files name, beside what NAV has."""

from __future__ import annotations

import pytest
from cin7_nav.cli import app
from typer.testing import CliRunner

from tests.flows.invoices.conftest import Flow, flow
from tests.flows.reconciliation.conftest import connect

__all__ = ["flow"]


@pytest.fixture
def checked(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Flow:
    connect(flow, monkeypatch)
    return flow


def check() -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", "--nav"])
    return done.exit_code, " ".join(done.output.split())


def test_the_shipped_mappings_name_nothing_that_the_sandbox_lacks(checked: Flow) -> None:
    code, told = check()
    assert code == 0, told
    assert "NAV has every account, dimension value, customer and vendor that they name" in told
    assert "every location and item of stock.yaml" in told


def test_what_nav_lacks_is_named_with_file_and_line(checked: Flow) -> None:
    checked.edit("accounts.yaml", 'account: "6110"', 'account: "6111"')
    checked.edit("stock.yaml", "Glasgow: GLASGOW", "Glasgow: GLASGO")
    checked.edit("stock.yaml", "items: {}", "items: { HV-0001: HV-9999, HV-0002: HV-0003 }")
    checked.sandbox.nav.post("item", {"number": "HV-0003", "blocked": True})
    code, told = check()
    assert code == 1
    assert "NAV has no G/L account 6111" in told
    assert "NAV has no location GLASGO" in told
    assert "NAV has no item HV-9999" in told
    assert "NAV item HV-0003 is blocked" in told
    assert "stock.yaml:" in told
