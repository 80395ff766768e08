"""What people read of a reconciliation."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from cin7_nav.cli import app
from cin7_nav.flows.reconciliation import report
from cin7_nav.flows.reconciliation.tasks import above
from cin7_nav.store import levels
from cin7_nav.store import reconciliation as store
from typer.testing import CliRunner

from tests.flows.reconciliation.conftest import Books, connect


class References(HTMLParser):
    """Everything that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]


def test_the_page_stands_alone_shows_differences_and_plots_and_escapes(books: Books) -> None:
    books.flow.sale("100.00")
    books.carry()
    books.flow.purchase("10.00", number="<b>=1+1</b>")
    outcome = books.reconcile()
    made = report.write(books.flow.database, outcome.id)
    references = References()
    references.feed(made.page)
    assert references.found == []
    assert "http" not in made.page
    assert "<b>=1" not in made.page
    assert "&lt;b&gt;=1+1&lt;/b&gt;" in made.page
    assert made.page.count("<svg") >= 1
    assert "Posted per day" in made.page
    assert store.report(books.flow.database, outcome.id) == made


def test_the_certificate_of_a_period_in_order_says_so(books: Books) -> None:
    books.flow.sale("100.00")
    books.carry()
    made = report.write(books.flow.database, books.reconcile().id)
    text = re.sub(r"<[^>]+>|\s+", " ", made.certificate)
    last = books.last()
    assert "1 documents are authorised" in text
    assert "None." in text
    assert last.audit_hash in text
    assert re.search(r"receivables\s+2310\s+120\.00\s+120\.00\s+0\.00", text)


def test_the_csv_is_for_spreadsheets_and_runs_no_formula(books: Books) -> None:
    books.flow.purchase("10.00", number="=1+1")
    made = report.write(books.flow.database, books.reconcile().id)
    (row,) = csv.DictReader(io.StringIO(made.csv))
    assert (row["number"], row["cin7_amount"], row["cause"]) == ("'=1+1", "-12.00", "never_read")


@pytest.mark.parametrize(
    ("most", "amount", "told"),
    [
        (None, None, ""),
        (2, None, ""),
        (1, None, "2 differences"),
        (None, "10.00", ""),
        (None, "9.99", "10.00"),
    ],
)
def test_a_threshold_is_told_when_it_is_passed(most: int | None, amount: str | None, told: str) -> None:
    said = above(most, amount, {"differences": 2, "amount": "10.00"})
    assert told in said
    assert bool(said) is bool(told)


@pytest.fixture
def connections(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Airflow connections of this company."""
    connect(books.flow, monkeypatch)


@pytest.mark.usefixtures("connections")
def test_the_command_ends_with_a_code_and_writes_files(books: Books, tmp_path: Path) -> None:
    books.flow.sale("100.00")
    books.carry()
    page, certificate = tmp_path / "page.html", tmp_path / "certificate.html"
    days = ["reconcile", "--from", str(books.day(30)), "--to", str(books.flow.today)]

    def run(*more: str) -> Any:
        return CliRunner().invoke(app, [*days, *more])

    done = run("--max-differences", "0", "--html", str(page), "--certificate", str(certificate))
    assert done.exit_code == 0, done.output
    assert "1 documents, 0 differences" in done.output
    assert page.read_text().startswith("<!doctype html>")
    assert "None." in certificate.read_text()
    unread = books.flow.sale("70.00")
    done = run("--max-differences", "0")
    assert done.exit_code == 1
    assert f"cin7-nav replay --documents {unread['number']} --send" in done.output


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [("2026-11-20", "2026-11-01", "reversed"), ("2031-01-01", "2031-01-31", "future"), ("x", None, "x")],
)
@pytest.mark.usefixtures("connections")
def test_a_range_that_means_nothing_is_refused(books: Books, first: str, last: str | None, told: str) -> None:
    done = CliRunner().invoke(app, ["reconcile", "--from", first, *(["--to", last] if last else [])])
    assert done.exit_code == 2
    assert told in done.output


def test_the_page_shows_by_location_how_far_stock_is_apart(books: Books) -> None:
    now = dt.datetime.now(dt.UTC)
    cost = Decimal("2.50")
    apart = [("HV-0001", "LONDON", 4, 1), ("HV-0002", "LONDON", 0, 1000), ("HV-0001", "GLASGOW", 1, 0)]
    kept = [
        levels.Kept(item, place, Decimal(cin7), Decimal(nav), (nav - cin7) * cost, "unknown", now, None)
        for item, place, cin7, nav in apart
    ]
    levels.keep(books.flow.database, kept, now)
    page = report.write(books.flow.database, books.reconcile().id).page
    value, pieces = re.findall(r"<figcaption>Stock that differs.*?</figure>", page, re.DOTALL)
    assert "LONDON: 2 items: 2,507.5" in value
    assert "GLASGOW: 1 items: 2.5" in value
    assert "LONDON: 1,003" in pieces
