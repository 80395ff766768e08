"""What the demo shows of each document."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rich.console import Console

from stack.watch import Row, Screen, timing

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ROW = Row(
    number="INV-1",
    kind="sale invoice",
    party="Fenwick & [bold] Co",
    total=Decimal("2688.98"),
    authorised_at=START,
    state="received",
    nav_document_no="",
    found_by="webhook",
    posted_at=None,
    problems="",
)


def posted(seconds: float, found_by: str) -> Row:
    at = START + timedelta(seconds=seconds)
    return replace(ROW, state="posted", nav_document_no="C7S-INV-1", found_by=found_by, posted_at=at)


def test_times_are_told_over_all_and_by_how_a_document_was_found() -> None:
    assert timing([posted(2, "webhook"), posted(4, "webhook"), posted(30, "poll"), ROW]) == [
        "from authorised to posted, all (3): median 4.0 s, worst 30.0 s",
        "from authorised to posted, found by webhook (2): median 3.0 s, worst 4.0 s",
        "from authorised to posted, found by poll (1): median 30.0 s, worst 30.0 s",
    ]


def test_without_a_terminal_each_change_is_one_line() -> None:
    output = io.StringIO()
    with Screen(Console(file=output)) as screen:
        screen.show([ROW])
        screen.show([ROW])
        screen.show([posted(3, "webhook")])
    assert output.getvalue().splitlines() == [
        "INV-1  sale invoice  Fenwick & [bold] Co  2,688.98  received  found by webhook",
        "INV-1  sale invoice  Fenwick & [bold] Co  2,688.98  posted  C7S-INV-1  3.0 s  found by webhook",
    ]


def test_on_a_terminal_the_newest_documents_fit_and_all_stay_at_the_end() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=120, height=10, color_system=None)
    rows = [replace(ROW, number=f"INV-{number}") for number in range(8)]
    with Screen(console) as screen:
        screen.show(rows)
        live = output.getvalue()
    assert "INV-7" in live
    assert "INV-3" not in live
    assert "INV-0" in output.getvalue()
    assert "Fenwick & [bold] Co" in output.getvalue()
