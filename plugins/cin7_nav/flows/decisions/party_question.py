"""A question on a party: which record of the other side it is, or whose values are to be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cin7_nav.flows.decisions.question import escaped
from cin7_nav.model import PartyField, PartyKind, Side
from cin7_nav.store.reviews import CONFLICT, Review

TARGET_LENGTH = 256
"""Characters that the name of a record to link with has at most: those of a name in Cin7."""


@dataclass(frozen=True, slots=True)
class PartyQuestion:
    """One review as it was opened."""

    review: Review

    @property
    def code(self) -> str:
        return self.review.question

    @property
    def run_id(self) -> str:
        """The id of the run that asks: the same for the same record, content and question."""
        reference = self.review.shown.get("record", {}).get("number") or self.review.record_id
        return f"decision__{self.review.kind}-{reference}__{self.review.shown_hash[:8]}-{self.review.id}"

    @property
    def conf(self) -> dict[str, Any]:
        """The parameters of the run that asks: ids and codes only."""
        return {
            "review": self.review.id,
            "shown_hash": self.review.shown_hash,
            "question": self.review.question,
        }

    @property
    def suggestion(self) -> str:
        """The one record that it could be linked with; empty where there are none or several."""
        free = [one for one in self.review.shown.get("candidates", ()) if not one["linked"]]
        free = [one for one in free if one["side"] != self.review.side]
        return str(free[0]["number"] or free[0]["id"]) if len(free) == 1 else ""

    @property
    def subject(self) -> str:
        """One line without anybody's name."""
        place = told_place(self.review.kind, self.review.side, self._number, self.review.record_id)
        if self.review.question == CONFLICT:
            fields = ", ".join(one.replace("_", " ") for one in self.review.shown["fields"])
            return f"{place}: changed in both systems, {fields}"
        return f"{place}: which {self.review.kind.named(self.review.side.other)} is it?"

    @property
    def _number(self) -> str:
        return str(self.review.shown.get("record", {}).get("number") or "")

    @property
    def body(self) -> str:
        """In Markdown: the records side by side."""
        if self.review.question == CONFLICT:
            return "\n".join(_conflicts(self.review.shown))
        return "\n".join(_candidates(self.review.kind, self.review.shown))


def told_place(kind: PartyKind, side: Side, number: str, id_: str) -> str:
    return f"{side.told} {kind.named(side)} {number or id_}"


def _conflicts(shown: Mapping[str, Any]) -> list[str]:
    cin7_at, nav_at = (moment[:16].replace("T", " ") for moment in shown["modified"])
    return [
        f"| | Cin7, changed {cin7_at} | NAV {escaped(shown['nav_number'])}, changed {nav_at} |",
        "|---|---|---|",
        *(
            f"| {name.replace('_', ' ')} | {escaped(pair[0])} | {escaped(pair[1])} |"
            for name, pair in shown["fields"].items()
        ),
    ]


def _candidates(kind: PartyKind, shown: Mapping[str, Any]) -> list[str]:
    record, candidates = shown["record"], shown["candidates"]
    every = [record, *candidates]
    heads = [told_place(kind, Side(one["side"]), one["number"], one["id"]) for one in every]
    heads = [
        f"{head} (linked already)" if one.get("linked") else head
        for head, one in zip(heads, every, strict=True)
    ]
    names = [name for name in PartyField if any(name in one["values"] for one in every)]
    lines = [escaped(shown["note"]), ""] if shown.get("note") else []
    lines += [f"| | {' | '.join(map(escaped, heads))} |", f"|---|{'---|' * len(every)}"]
    for name in names:
        cells = [escaped(one["values"].get(name, "")) for one in every]
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    reasons = ["", *("; ".join(one["reasons"]) for one in candidates)]
    return [*lines, f"| why | {' | '.join(map(escaped, reasons))} |"]
