"""`$filter`s as NAV takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

CHAIN_LENGTH = 40
"""Values in one `or` chain; NAV knows no `in` (seen in the field)."""


def literal(value: str) -> str:
    """A text as it stands in a `$filter`."""
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def chains(name: str, values: Sequence[str]) -> Iterator[str]:
    """`$filter`s that find the rows whose field has one of these values, each as long as NAV takes it."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), CHAIN_LENGTH):
        yield " or ".join(f"{name} eq {literal(value)}" for value in distinct[start : start + CHAIN_LENGTH])
