"""The systems of a company are its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cin7_nav.flows import companies
from cin7_nav.hooks.errors import Misconfigured
from cin7_nav.store.database import Database

CIN7 = {"conn_type": "cin7", "host": "https://cin7.example.com/v2", "login": "Account-1", "password": "a-key"}
NAV = {
    "conn_type": "nav", "host": "https://nav.example.com", "login": "user", "password": "a-word",
    "extra": {"deployment": "on_premises", "instance": "BC", "company": "Harbour & Vale"},
}  # fmt: skip


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation for `default` and `acme`."""
    file = tmp_path / "companies.yaml"
    file.write_text("companies:\n  default:\n  acme:\n")
    monkeypatch.setenv("CIN7_NAV_COMPANIES", str(file))
    companies.served.cache_clear()
    yield
    companies.served.cache_clear()


@pytest.mark.parametrize("vendor", ["cin7", "nav"])
@pytest.mark.parametrize("is_same", [True, False])
def test_two_connections_to_one_account_are_refused_to_the_company_that_comes_second(
    vendor: str, is_same: bool, served: None, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = CIN7 if vendor == "cin7" else NAV
    other = given | {"login": "account-1"} if is_same else given | {"host": "https://other.example.com"}
    monkeypatch.setenv(f"AIRFLOW_CONN_{vendor.upper()}_DEFAULT", json.dumps(given))
    monkeypatch.setenv(f"AIRFLOW_CONN_{vendor.upper()}_ACME", json.dumps(other))
    hook = companies.cin7 if vendor == "cin7" else companies.nav
    for _ in range(2):
        hook(companies.named("default"), database)
    acme = Database(database.dsn, "acme")
    if is_same:
        with pytest.raises(Misconfigured, match=rf"connection {vendor}_acme: the company default has this"):
            hook(companies.named("acme"), acme)
    else:
        hook(companies.named("acme"), acme)
    acme.close()
