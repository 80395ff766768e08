"""`companies.yaml`: which companies are served, and what is each one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from cin7_nav.mappings.companies import Company, InvalidCompanies, load


def write(folder: Path, text: str) -> Path:
    path = folder / "companies.yaml"
    path.write_text(text)
    return path


def test_without_the_file_there_is_one_company_as_ever(tmp_path: Path) -> None:
    (only,) = load(tmp_path / "companies.yaml", tmp_path / "mappings")
    assert only == Company(
        "default", "cin7_default", "nav_default", "cin7_nav_webhooks", tmp_path / "mappings"
    )
    assert only.dag_id("polling") == "polling"
    assert only.tags == ()


def test_a_name_is_enough(tmp_path: Path) -> None:
    acme, zenith = load(write(tmp_path, "companies:\n  zenith:\n  acme: {}\n"), tmp_path / "other")
    assert acme == Company(
        "acme", "cin7_acme", "nav_acme", "cin7_nav_webhooks_acme", tmp_path / "mappings" / "acme"
    )
    assert acme.dag_id("invoices_to_journal") == "invoices_to_journal__acme"
    assert acme.tags == ("acme",)
    assert zenith.key == "zenith"


def test_what_is_given_is_taken(tmp_path: Path) -> None:
    text = "companies:\n  acme: {cin7: c, nav: n, webhooks: w, mappings: elsewhere}\n"
    assert load(write(tmp_path, text), tmp_path) == (Company("acme", "c", "n", "w", tmp_path / "elsewhere"),)


def test_the_first_company_keeps_its_rows_and_dags_when_others_come(tmp_path: Path) -> None:
    _, first = load(write(tmp_path, "companies:\n  default:\n  acme:\n"), tmp_path / "mappings")
    assert first == load(tmp_path / "none.yaml", tmp_path / "mappings")[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("companies:\n  Acme: {}\n", "companies.yaml:2: found .*Acme.*small letters"),
        ("companies:\n  a__b: {}\n", "single underscores"),
        ("companies:\n  acme: {cni7: x}\n", r"companies.yaml:2: found `cni7`.*did you mean cin7"),
        ("companies:\n  acme: {nav: 'a b'}\n", "the id of an Airflow connection"),
        ("companies:\n  a: {}\n  b: {cin7: cin7_a}\n", "companies.yaml:3: .*cin7_a of the company a.*`cin7`"),
        ("companies:\n  a: {nav: one}\n  b: {nav: one}\n", "companies.yaml:3: .*one of the company a.*`nav`"),
        ("companies:\n  a: {webhooks: w}\n  b: {webhooks: w}\n", "a connection of its own as `webhooks`"),
        ("companies: {}\n", "at least one name under companies"),
        ("companys: {}\n", "`companies` is required"),
        ("companies: [\n", "companies.yaml:"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InvalidCompanies, match=told):
        load(write(tmp_path, text), tmp_path)
