"""What a benchmark measured, and whether that is good enough."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Statistic = Literal["median", "p95", "min", "max"]
Bound = Literal["≤", "≥"]


@dataclass(frozen=True)
class Target:
    """A bound on one statistic of the samples."""

    statistic: Statistic
    bound: Bound
    value: float

    def __str__(self) -> str:
        name = "" if self.statistic == "median" else f"{self.statistic} "
        return f"{name}{self.bound} {self.value:g}"


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    row: str
    what: str
    unit: str
    samples: Sequence[float]
    targets: tuple[Target, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)
    """What this row was measured under, beyond what holds for all rows."""

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError(f"nothing was measured for {self.what}")

    def statistic(self, name: Statistic) -> float:
        """The percentile is the nearest rank: a value that was really measured."""
        ranked = sorted(self.samples)
        if name == "median":
            return statistics.median(ranked)
        return ranked[{"min": 0, "max": -1, "p95": math.ceil(0.95 * len(ranked)) - 1}[name]]

    @property
    def missed(self) -> list[Target]:
        return [target for target in self.targets if not self._meets(target)]

    def _meets(self, target: Target) -> bool:
        actual = self.statistic(target.statistic)
        return actual <= target.value if target.bound == "≤" else actual >= target.value
