"""What a run would do, for people to read before anything is written: rows, CSV and HTML."""

from __future__ import annotations

import csv
import html
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields

from cin7_nav.flows.parties.planning import Board, new_values
from cin7_nav.mappings.load import Mappings
from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.rules.party_matching import Doubt
from cin7_nav.rules.party_merging import Chosen, Snapshot, merge
from cin7_nav.store.database import Database

LINK, REVIEW, CHANGE, CONFLICT, WAITS, LEFT = (
    "link",
    "ask a person",
    "change",
    "ask a person about a difference",
    "waits",
    "leave alone",
)
CREATE = {Side.CIN7: "create in Cin7", Side.NAV: "create in NAV"}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that would be done, or that stands in the way."""

    what: str
    kind: str
    cin7: str
    """Name in Cin7."""
    nav: str
    """Number and name in NAV."""
    why: str
    field: str = ""
    cin7_value: str = ""
    nav_value: str = ""
    becomes: str = ""
    """The value that would be written, and where."""


HEADS = tuple(one.name.replace("_", " ") for one in fields(Row))


def rows(database: Database, mappings: Mappings, kinds: Sequence[PartyKind]) -> Iterator[Row]:
    """Everything that a run would do with what was read last; nothing is stored."""
    for kind in kinds:
        yield from _of_kind(database, mappings, kind)


def _of_kind(database: Database, mappings: Mappings, kind: PartyKind) -> Iterator[Row]:
    board = Board.of(database, kind, mappings)
    matches = board.matches()
    cin7, nav = board.cards[Side.CIN7], board.cards[Side.NAV]
    for link in matches.links:
        pair = link.cin7.party, link.nav.party
        yield Row(LINK, kind, *_named(*pair), f"{link.how}: {', '.join(link.reasons)}")
        yield from _differences(mappings, pair, {}, {})
    for known in board.links:
        ours, theirs = cin7.get(known.cin7_id or ""), nav.get(known.nav_id or "")
        if ours and theirs:
            yield from _differences(mappings, (ours, theirs), known.snapshot, known.chosen)
            for problem in known.problems:
                yield Row(WAITS, kind, *_named(ours, theirs), problem.message)
        elif known.missing and (source := ours or theirs):
            yield from _creation(mappings, source)
    for doubt in matches.doubts:
        yield from _doubt(doubt, kind)
    create_in = mappings.parties.create_in.get(kind, tuple(Side))
    for one in matches.alone:
        party = one.party
        if party.side.other in create_in and party.values.get(PartyField.BLOCKED) != "true":
            yield from _creation(mappings, party)
        else:
            why = "is blocked or deprecated" if party.side.other in create_in else "is not created there"
            yield Row(LEFT, kind, *_alone(party), why)


def _creation(mappings: Mappings, party: Party) -> Iterator[Row]:
    _, problems, cut = new_values(party, mappings.parties.fields)
    target = party.side.other
    yield Row(CREATE[target], party.kind, *_alone(party), "; ".join(["nobody there resembles it", *cut]))
    for problem in problems:
        yield Row(WAITS, party.kind, *_alone(party), problem.message)
    if target is Side.CIN7 and party.kind not in mappings.parties.new_in_cin7:
        why = f"parties.yaml has no new_in_cin7 for {party.kind}s"
        yield Row(WAITS, party.kind, *_alone(party), why)


def _differences(
    mappings: Mappings, pair: tuple[Party, Party], before: Snapshot, chosen: Chosen
) -> Iterator[Row]:
    ours, theirs = pair
    merged = merge(ours, theirs, before, mappings.parties.fields, chosen)

    def row(what: str, name: PartyField, why: str, becomes: str = "") -> Row:
        held = ours.values.get(name, ""), theirs.values.get(name, "")
        return Row(what, ours.kind, *_named(ours, theirs), why, name, *held, becomes)

    for side in Side:
        for name, value in merged.changes(side).items():
            rule = mappings.parties.fields[name]
            yield row(CHANGE, name, f"{rule.rule}: {rule.direction}", f"{side.told}: {value}")
    for conflict in merged.conflicts:
        yield row(CONFLICT, conflict.field, "both sides have another value")
    for problem in merged.problems:
        yield Row(WAITS, ours.kind, *_named(ours, theirs), problem.message)


def _doubt(doubt: Doubt, kind: PartyKind) -> Iterator[Row]:
    one = doubt.profile.party
    if not doubt.candidates:
        yield Row(REVIEW, kind, *_alone(one), doubt.note)
    for each in doubt.candidates:
        other = each.profile.party
        reasons = [*each.reasons, *(["linked already"] if each.linked else [])]
        if other.side is one.side:
            reasons.append(f"resembles {other.name} in {other.side.told} itself")
            yield Row(REVIEW, kind, *_alone(one), ", ".join(reasons))
        else:
            pair = (one, other) if one.side is Side.CIN7 else (other, one)
            yield Row(REVIEW, kind, *_named(*pair), ", ".join(reasons))


def _named(ours: Party, theirs: Party) -> tuple[str, str]:
    return ours.name, f"{theirs.number} {theirs.name}"


def _alone(one: Party) -> tuple[str, str]:
    return (one.name, "") if one.side is Side.CIN7 else ("", f"{one.number} {one.name}")


def cells(row: Row) -> tuple[str, ...]:
    return tuple(str(cell) for cell in astuple(row))


def counts(found: Sequence[Row]) -> Counter[str]:
    """How often what would be done."""
    return Counter(f"{row.kind}s: {row.what}" for row in found)


def as_csv(found: Sequence[Row]) -> str:
    """For a spreadsheet, which must not take a cell for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS)
    for row in found:
        writer.writerow([_harmless(cell) for cell in cells(row)])
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def as_html(found: Sequence[Row], made: str) -> str:
    """A page of its own, with a table of counts and one of everything."""

    def tagged(tag: str, texts: Sequence[str]) -> str:
        return "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts)

    summary = "".join(f"<tr>{tagged('td', [what, str(n)])}</tr>" for what, n in counts(found).most_common())
    body = "\n".join(f"<tr>{tagged('td', cells(row))}</tr>" for row in found)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Parties: what a run would do</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:14px sans-serif;margin:2em}}table{{border-collapse:collapse;margin:1em 0}}
td,th{{border:1px solid #ccc;padding:.25em .5em;text-align:left;vertical-align:top}}th{{background:#eee}}
</style></head><body>
<h1>Parties: what a run would do</h1><p>{html.escape(made)}. Nothing was written.</p>
<table><tr>{tagged("th", ["what", "how often"])}</tr>{summary}</table>
<table><tr>{tagged("th", HEADS)}</tr>
{body}
</table></body></html>
"""
