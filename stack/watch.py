"""What the demo shows: each document of the trading day on its way from Cin7 into NAV's books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any

from cin7_nav.store.database import Database
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

OVERVIEW = """
    SELECT task_id, state, nav_document_no, found_by, posted_at, problems
    FROM document_overview
"""


@dataclass(frozen=True)
class Row:
    """One document: what the sandbox knows of it, and what our tables say."""

    number: str
    kind: str
    party: str
    total: Decimal
    authorised_at: datetime
    state: str
    nav_document_no: str
    found_by: str
    posted_at: datetime | None
    problems: str

    @property
    def seconds(self) -> float | None:
        """From the authorisation in Cin7 to the posted entries in NAV."""
        return (self.posted_at - self.authorised_at).total_seconds() if self.posted_at else None


def rows(truth: Iterable[dict[str, Any]], database: Database) -> list[Row]:
    """The documents of the sandbox's truth in the order of their authorisation."""
    with database.transaction() as cursor:
        cursor.execute(OVERVIEW)
        ours = {task_id: rest for task_id, *rest in cursor.fetchall()}
    found = []
    for invoice in truth:
        state, number, found_by, posted_at, problems = ours.get(
            invoice["task_id"], ("not seen yet", None, None, None, None)
        )
        found.append(
            Row(
                invoice["number"],
                invoice["kind"].replace("_", " "),
                invoice["party"],
                Decimal(invoice["total"]),
                datetime.fromisoformat(invoice["authorised_at"]),
                state,
                number or "",
                found_by or "",
                posted_at,
                "; ".join(str(problem) for problem in problems or ()),
            )
        )
    return sorted(found, key=lambda row: row.authorised_at)


def timing(found: Iterable[Row]) -> list[str]:
    """Median and worst time from authorisation to posting, over all and for each way of being found."""
    groups: dict[str, list[float]] = {}
    for row in found:
        if row.seconds is not None:
            for group in ("all", f"found by {row.found_by}"):
                groups.setdefault(group, []).append(row.seconds)
    return [
        f"from authorised to posted, {group} ({len(seconds)}): "
        f"median {median(seconds):.1f} s, worst {max(seconds):.1f} s"
        for group, seconds in groups.items()
    ]


class Screen:
    """A live table on a terminal; elsewhere one line for each change. Use it as a context."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = (
            Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        )
        self._found: list[Row] = []
        self._shown: dict[tuple[str, str], tuple[str, str]] = {}

    def __enter__(self) -> Screen:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._live.stop()
            self._console.print(_table(self._found))

    def show(self, found: list[Row]) -> None:
        self._found = found
        if self._live:
            that_fit = max(self._console.height - 6, 3)
            self._live.update(_table(found[-that_fit:]), refresh=True)
            return
        for row in found:
            key, state = (row.kind, row.number), (row.state, row.nav_document_no)
            if self._shown.get(key) != state:
                self._shown[key] = state
                self._console.print(_line(row), highlight=False, markup=False, soft_wrap=True)


def _line(row: Row) -> str:
    parts = [row.number, row.kind, row.party, f"{row.total:,.2f}", row.state, row.nav_document_no]
    if row.seconds is not None:
        parts.append(f"{row.seconds:.1f} s")
    parts += [f"found by {row.found_by}" if row.found_by else "", row.problems]
    return "  ".join(part for part in parts if part)


def _table(found: list[Row]) -> Table:
    table = Table(
        "number", "kind", "party", "state", "NAV document", title="Cin7 to NAV", title_justify="left"
    )
    table.add_column("amount", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("found by")
    colours = {"posted": "green", "needs_attention": "red", "unknown": "yellow", "not seen yet": "dim"}
    for row in found:
        table.add_row(
            escape(row.number),
            row.kind,
            escape(row.party),
            f"[{colours.get(row.state, 'cyan')}]{row.state}",
            row.nav_document_no,
            f"{row.total:,.2f}",
            "" if row.seconds is None else f"{row.seconds:.1f}",
            row.found_by,
        )
    return table
