"""A Cin7 account, or a company in NAV, belongs to one company of an installation."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from cin7_nav.store.database import Database
from cin7_nav.store.vendor_accounts import claim

BOTH = ("default", "acme")


@pytest.fixture
def acme(database: Database) -> Iterator[Database]:
    found = Database(database.dsn, "acme")
    yield found
    found.close()


def test_what_one_company_has_no_other_gets(database: Database, acme: Database) -> None:
    assert claim(database, "cin7", "account-1", BOTH) == "default"
    assert claim(acme, "cin7", "account-1", BOTH) == "default"
    assert claim(database, "cin7", "account-1", BOTH) == "default"
    assert claim(acme, "nav", "account-1", BOTH) == "acme"


def test_of_several_that_ask_at_once_one_company_gets_it(database: Database, acme: Database) -> None:
    for number in range(20):
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(claim, of, "cin7", f"account-{number}", BOTH) for of in (database, acme) * 2]
            assert len({one.result() for one in asked}) == 1


def test_what_a_company_has_left_is_free(database: Database, acme: Database) -> None:
    claim(database, "cin7", "account-1", BOTH)
    assert claim(database, "cin7", "account-2", BOTH) == "default"
    assert claim(acme, "cin7", "account-1", BOTH) == "acme"
    assert claim(database, "cin7", "account-1", BOTH) == "acme"


def test_what_a_company_had_that_is_served_no_more_is_free(database: Database, acme: Database) -> None:
    claim(acme, "cin7", "account-1", BOTH)
    assert claim(database, "cin7", "account-1", ("default",)) == "default"
