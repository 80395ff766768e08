"""Which NAV dimension values a document and its lines get: `dimensions.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cin7_nav.mappings.facts import Facts, Field, fold
from cin7_nav.mappings.files import DimensionRule, DimensionsFile
from cin7_nav.mappings.reader import Source, check, nearest
from cin7_nav.mappings.rules import Ambiguous, Hit, Rule, lookup
from cin7_nav.model import Fixer, Problem, RuleRef


@dataclass(frozen=True, slots=True)
class Table:
    """A table of values. Its rows are rules of the dimension; the table explains a text that has no row."""

    field: Field
    when: Mapping[Field, frozenset[str]]
    keys: tuple[str, ...]
    ref: RuleRef

    def missing(self, facts: Facts) -> str | None:
        """The text that the table should have a row for and has none."""
        if not facts.match(self.when):
            return None
        known = {fold(key) for key in self.keys}
        texts = facts.texts.get(self.field, ())
        return texts[0] if texts and texts[0] and known.isdisjoint(map(fold, texts)) else None


@dataclass(frozen=True, slots=True)
class Dimension:
    """A NAV dimension: its rules, those from tables included."""

    code: str
    rules: tuple[Rule, ...]
    tables: tuple[Table, ...]

    def value(self, facts: Facts, where: str) -> Hit | Problem | None:
        """None where no rule gives a value; a problem where a table lacks a row for what was found."""
        found = lookup(self.rules, facts)
        if isinstance(found, Rule):
            return Hit(found.value, found.ref)
        if isinstance(found, Ambiguous):
            return ambiguous(f"dimension {self.code}", found, where)
        for table in self.tables:
            text = table.missing(facts)
            if text is not None:
                return self._unmapped(table, text, where)
        return None

    def _unmapped(self, table: Table, text: str, where: str) -> Problem:
        name = table.field.replace("_", " ")
        guess = nearest(text, list(table.keys))
        hint = f"; did you mean {guess}?" if guess else ""
        message = (
            f'{name} "{text}" has no {self.code} value: the table at {table.ref} has no row for it{hint}'
        )
        return Problem("dimension_unmapped", message, where, Fixer.MAPPING_EDITOR)


def ambiguous(what: str, found: Ambiguous, where: str) -> Problem:
    places = " and ".join(map(str, found.rules))
    message = f"{what}: {places} match equally well; give one of them a further condition"
    return Problem("mapping_ambiguous", message, where, Fixer.MAPPING_EDITOR)


def dimensions(sources: Iterable[Source]) -> dict[str, Dimension]:
    """Dimension code → dimension, of all files together."""
    rules: dict[str, list[Rule]] = {}
    tables: dict[str, list[Table]] = {}
    for source in sources:
        file = check(source, DimensionsFile)
        if file and len(file.dimensions) < len(source.data["dimensions"]):
            source.fault(
                ("dimensions",), "a dimension in two spellings", "each NAV dimension code once per file"
            )
        for key, entries in (file.dimensions if file else {}).items():
            for at, entry in enumerate(entries):
                # Codes are upper case in NAV, whichever way the file writes them.
                location = ("dimensions", _written(source, key), at)
                rules.setdefault(key, []).extend(_rules(source, location, entry))
                tables.setdefault(key, []).extend(_tables(source, location, entry))
    return {code: Dimension(code, tuple(rules[code]), tuple(tables[code])) for code in sorted(rules)}


def _written(source: Source, code: str) -> str:
    return next((key for key in source.data["dimensions"] if key.upper() == code), code)


def _rules(source: Source, location: tuple[str | int, ...], entry: DimensionRule) -> Iterator[Rule]:
    when = entry.when.conditions()
    if entry.value is not None and entry.from_ is None and entry.values is None:
        yield Rule(when, source.ref(*location), entry.value)
    elif entry.value is not None or entry.from_ is None or entry.values is None:
        source.fault(location, "a rule that is neither", "either `value`, or `from` together with `values`")
    elif entry.from_ in when:
        source.fault(location, f"`{entry.from_}` both as condition and as table", "one of the two")
    else:
        for text, value in entry.values.items():
            key = frozenset((fold(text),))
            yield Rule({**when, entry.from_: key}, source.ref(*location, "values", text), value)


def _tables(source: Source, location: tuple[str | int, ...], entry: DimensionRule) -> Iterator[Table]:
    if entry.from_ is not None and entry.values is not None:
        keys = tuple(entry.values)
        yield Table(entry.from_, entry.when.conditions(), keys, source.ref(*location, "values"))
