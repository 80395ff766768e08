"""`python -m bench [--strict] [rows]`: see docs/benchmarks.md."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import sys

from rich.console import Console

from bench import backfill, calls, history, latency, limit, memory, parties, proof, receiving, stock
from bench.figures import Figure
from bench.lab import lab
from bench.machine import commit, machine
from bench.report import save, show
from stack.settings import ROOT

STACK_ROWS = {"A": latency.measure, "J": history.measure}
"""Rows that need the whole stack: they come last."""
ROWS = {
    "B": backfill.measure,
    "C": limit.measure,
    "D": calls.measure,
    "E": memory.measure,
    "F": receiving.measure,
    "G": proof.reconcile,
    "H": proof.plan,
    "I": proof.listed,
    "P": parties.measure,
    "S": stock.measure_levels,
    "T": stock.measure_deliveries,
}

PLAIN_WIDTH = 120
"""Columns where the output goes to a file or a pipe."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure cin7-nav on the sandbox.")
    parser.add_argument(
        "rows", nargs="*", metavar="row", help=f"only these of {', '.join([*STACK_ROWS, *ROWS])}, e.g. B D"
    )
    parser.add_argument("--strict", action="store_true", help="end with 1 where a target is missed")
    options = parser.parse_args()
    wanted = options.rows or [*STACK_ROWS, *ROWS]
    if unknown := set(wanted) - {*STACK_ROWS, *ROWS}:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)

    def say(text: str) -> None:
        console.print(text, markup=False)

    measured = {"commit": commit(), "machine": machine()}
    started = dt.datetime.now(dt.UTC)
    path = ROOT / "var" / "bench" / f"{started:%Y-%m-%dT%H%M%SZ}.json"
    figures: list[Figure] = []
    try:
        with contextlib.ExitStack() as running:
            at = running.enter_context(lab()) if any(row in ROWS for row in wanted) else None
            for row in ROWS:
                if at and row in wanted:
                    say(f"row {row} …")
                    figures += ROWS[row](at)
        for row, measure in STACK_ROWS.items():
            if row in wanted:
                say(f"row {row} …")
                figures += measure(say)
    finally:
        if figures:
            show(console, figures, measured)
            save(path, figures, measured)
            say(f"saved as {path.relative_to(ROOT)}")
    return 1 if options.strict and any(figure.missed for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
