"""Whose DAG is at work: its id ends with the company's name, where an installation serves several."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook

from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook
from cin7_nav.mappings import companies as file
from cin7_nav.mappings.companies import Company
from cin7_nav.store.database import Database

__all__ = ["Company", "at_work", "cin7", "database", "named", "nav", "of_dag", "served"]

ROOT = Path(__file__).resolve().parents[3]
DATABASE = "cin7_nav_db"
"""The Airflow connection to our database, which all companies share."""


@cache
def served() -> tuple[Company, ...]:
    """Those of this checkout, read once by each process. Raises InvalidCompanies."""
    return file.served(ROOT / "include", os.environ)


def named(key: str) -> Company:
    """Raises ValueError where no company has this name."""
    for company in served():
        if company.key == key:
            return company
    known = ", ".join(company.key for company in served())
    raise ValueError(f"There is no company {key} in companies.yaml; there are: {known}")


def of_dag(dag_id: str) -> Company:
    """The company that a DAG works for. Raises ValueError where it is in the file no more."""
    return named(dag_id.partition("__")[2] or file.ONLY)


def at_work(context: Mapping[str, Any]) -> Company:
    """The company that a run works for."""
    return of_dag(context["dag_run"].dag_id)


@contextmanager
def database(company: Company) -> Iterator[Database]:
    """Our database, as the company sees it."""
    found = Database.from_connection(BaseHook.get_connection(DATABASE), company.key)
    try:
        yield found
    finally:
        found.close()


def _keys() -> list[str]:
    return [company.key for company in served()]


def cin7(company: Company, ours: Database) -> Cin7Hook:
    return Cin7Hook(company.cin7, database=ours).of_company(ours, _keys())


def nav(company: Company, ours: Database) -> NavHook:
    return NavHook(company.nav, database=ours).of_company(ours, _keys())
