"""What the flows of stock and of parties know to differ stands in the reconciliation until it is over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from cin7_nav.flows.reconciliation.standing import parties_apart, stock_levels
from cin7_nav.model import Fixer
from cin7_nav.rules.cases import Sort
from cin7_nav.store import levels
from cin7_nav.store.database import Database

from tests.flows.reconciliation.conftest import Books

SEEN = dt.datetime(2026, 11, 20, 3, 0, tzinfo=dt.UTC)


def drift(cin7: str, nav: str, value: str) -> levels.Kept:
    return levels.Kept(
        "HV-0001", "LONDON", Decimal(cin7), Decimal(nav), Decimal(value), "not yet delivered", SEEN, None
    )


def test_a_level_that_differs_opens_a_difference_with_its_worth_and_closes_it(books: Books) -> None:
    database = books.flow.database
    levels.keep(database, [drift("6", "10", "10.00")], SEEN)
    books.reconcile()
    (one,) = books.open()
    assert (one.area, one.number, one.sort, one.cause) == (
        "stock",
        "HV-0001",
        Sort.LEVEL,
        "not_yet_delivered",
    )
    assert (one.cin7_amount, one.nav_amount, one.amount, one.day) == (15, 25, 10, SEEN.date())
    assert "6 pieces in Cin7, 10 in NAV" in one.message
    levels.keep(database, [], SEEN)
    assert books.reconcile().closed == 1
    assert books.open() == []


def test_the_same_item_in_two_locations_is_two_differences(database: Database) -> None:
    other = levels.Kept(
        "HV-0001", "GLASGOW", Decimal(1), Decimal(0), Decimal("-2.5"), "not explained", SEEN, None
    )
    levels.keep(database, [drift("6", "10", "10.00"), other], SEEN)
    found = stock_levels(database)
    assert {one.record for one in found} == {"level/HV-0001/LONDON", "level/HV-0001/GLASGOW"}
    assert sum(one.finding.amount for one in found) == Decimal("7.50")


def test_a_party_that_waits_is_named_by_its_number_and_not_by_its_name(database: Database) -> None:
    problems = (
        '[{"code": "name_too_long", "message": "too long", "where": "name", "fixer": "mapping editor"}]'
    )
    with database.transaction() as cursor:
        cursor.execute(
            'INSERT INTO party_card (company, kind, side, id, number, "values", modified, version)'
            " VALUES ('default', 'supplier', 'nav', 'n', 'V00010', '{\"name\": \"Secret Ltd\"}', now(), '')"
        )
        cursor.execute(
            "INSERT INTO party_link (company, kind, cin7_id, nav_id, how, why, problems, problem_since)"
            " VALUES ('default', 'supplier', 'c', 'n', 'a person', '', %s, %s)",
            (problems, SEEN),
        )
    (one,) = parties_apart(database)
    assert (one.number, one.day, one.finding.cause) == ("V00010", SEEN.date(), "name_too_long")
    assert one.finding.fixer is Fixer.MAPPING_EDITOR
    assert "Secret" not in str(one)
