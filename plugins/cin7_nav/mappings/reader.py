"""A YAML file as plain text values that remember their lines, checked against its type.

Every scalar stays the text that was written, so that account `090` keeps its zero and location `NO` does
not become false; the types of `files` turn text into what it means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from cin7_nav.model import RuleRef

Location = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class MappingError:
    """What is wrong with a mapping file, as a value."""

    file: str
    line: int
    found: str
    allowed: str
    suggestion: str = ""
    """The allowed word that comes nearest to what was found."""

    def __str__(self) -> str:
        hint = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        return f"{self.file}:{self.line}: found {self.found}; allowed: {self.allowed}{hint}"


@dataclass(slots=True)
class Source:
    """The contents of one file: texts, dicts and lists, None for an empty value."""

    file: str
    data: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    errors: list[MappingError] = field(default_factory=list)

    def line(self, location: Location) -> int:
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def ref(self, *location: str | int) -> RuleRef:
        return RuleRef(self.file, self.line(location))

    def fault(self, location: Location, found: str, allowed: str, suggestion: str = "") -> None:
        self.errors.append(MappingError(self.file, self.line(location), found, allowed, suggestion))


def read(path: Path) -> Source:
    """Parse one file. Whatever is wrong with its YAML is in `errors` of the answer."""
    source = Source(path.name)
    try:
        node = YAML(pure=True).compose(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        source.lines[()] = mark.line + 1 if mark else 1
        source.fault((), error.problem or "broken YAML", "a YAML file")
    except (YAMLError, UnicodeDecodeError):
        source.fault((), "unreadable characters", "a YAML file in UTF-8")
    else:
        source.data = {} if node is None else _plain(node, (), source)
    return source


def _plain(node: Node, location: Location, source: Source) -> Any:
    source.lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, ScalarNode):
        return None if str(node.tag) == "tag:yaml.org,2002:null" else str(node.value).strip()
    if not isinstance(node, MappingNode):
        return [_plain(item, (*location, at), source) for at, item in enumerate(node.value)]
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            source.errors.append(MappingError(source.file, line, "a key that is no plain text", "a name"))
            continue
        key = str(key_node.value).strip()
        if key in mapping:
            first = source.line((*location, key))
            found = f"`{key}` a second time (first on line {first})"
            source.errors.append(MappingError(source.file, line, found, "each name once"))
            continue
        source.lines[(*location, key)] = line
        mapping[key] = _plain(value_node, (*location, key), source)
    return mapping


def check(source: Source, model: type[M]) -> M | None:
    """The contents as `model`, or None with every fault added to the source's errors."""
    if source.errors:
        return None
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _explain(source, model, detail)
        return None


def _explain(source: Source, model: type[BaseModel], error: ErrorDetails) -> None:
    location = error["loc"]
    name = next((step for step in reversed(location) if isinstance(step, str)), "the file")
    if error["type"] == "missing":
        source.fault(location[:-1], f"no `{name}`", f"`{name}` is required")
    elif error["type"] == "extra_forbidden":
        keys = list(_keys(model, location[:-1]))
        source.fault(location, f"`{name}`", ", ".join(keys), nearest(name, keys))
    elif error["type"] in ("enum", "literal_error"):
        expected = str(error["ctx"]["expected"]).replace("'", "")
        words = expected.replace(" or ", ", ").split(", ")
        source.fault(location, _shown(error["input"]), expected, nearest(str(error["input"]), words))
    else:
        allowed = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        source.fault(location, f"{name}: {_shown(error['input'])}", allowed)


def nearest(word: str, words: list[str]) -> str:
    """The word that was probably meant, or nothing."""
    return next(iter(get_close_matches(word.casefold(), words, n=1)), "")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return f'"{value}"' if isinstance(value, str) else "a list" if isinstance(value, list) else "a section"


def _keys(annotation: Any, location: Location) -> Iterator[str]:
    """The keys that the type allows at this place."""
    for step in location:
        annotation = _required(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields = annotation.model_fields
            annotation = next(
                info.annotation for name, info in fields.items() if (info.alias or name) == step
            )
        else:
            annotation = get_args(annotation)[0 if isinstance(step, int) else 1]
    annotation = _required(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from (info.alias or name for name, info in annotation.model_fields.items())


def _required(annotation: Any) -> Any:
    """The type of what may be left out."""
    if isinstance(annotation, UnionType):
        return next(one for one in get_args(annotation) if one is not type(None))
    return annotation
