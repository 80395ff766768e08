"""The table for people and the file for comparisons."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import ASCII, HEAVY_HEAD
from rich.console import Console
from rich.table import Table

from bench.figures import Figure


def show(console: Console, figures: Sequence[Figure], measured: dict[str, Any]) -> None:
    """One table; plain text where nobody sits at a terminal."""
    table = Table(
        title="cin7-nav benchmarks", title_justify="left", box=HEAVY_HEAD if console.is_terminal else ASCII
    )
    for name in ("", "measured", "unit"):
        table.add_column(name)
    for name in ("n", "median", "spread"):
        table.add_column(name, justify="right")
    for name in ("target", "met"):
        table.add_column(name)
    for figure in figures:
        table.add_row(
            figure.row,
            figure.what,
            figure.unit,
            str(len(figure.samples)),
            _number(figure.statistic("median")),
            _spread(figure),
            ", ".join(map(str, figure.targets)),
            "" if not figure.targets else "missed" if figure.missed else "yes",
            style="red" if figure.missed else None,
        )
    console.print(table)
    machine = measured["machine"]
    console.print(
        f"commit {measured['commit'] or 'unknown'}; {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"Python {machine['python']}, {machine['system']}; load before {machine['load_before']}",
        markup=False,
    )
    for condition in dict.fromkeys(_conditions(figure) for figure in figures):
        console.print(condition, markup=False)


def save(path: Path, figures: Sequence[Figure], measured: dict[str, Any]) -> None:
    """Every row with all that is needed to compare it with another day's."""
    rows = [
        {
            "row": figure.row,
            "measured": figure.what,
            "unit": figure.unit,
            "n": len(figure.samples),
            **{name: figure.statistic(name) for name in ("median", "min", "max", "p95")},
            "samples": list(figure.samples),
            "targets": [str(target) for target in figure.targets],
            "missed": [str(target) for target in figure.missed],
            **measured,
            "conditions": dict(figure.conditions),
        }
        for figure in figures
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    written = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "rows": rows}
    path.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")


def _spread(figure: Figure) -> str:
    if any(target.statistic == "p95" for target in figure.targets):
        return f"p95 {_number(figure.statistic('p95'))}"
    return f"{_number(figure.statistic('min'))}–{_number(figure.statistic('max'))}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _conditions(figure: Figure) -> str:
    return f"{figure.row}: " + ", ".join(f"{name} {value}" for name, value in figure.conditions.items())
