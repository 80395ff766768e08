"""Every entry of the mapping files as a page: `python -m cin7_nav.mappings.reference_page FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cin7_nav.mappings.schema import schemas

_HEAD = """# Mapping reference

Made from the JSON Schemas in `include/mappings/schemas`, by which editors check the files too:
`.venv/bin/python -m cin7_nav.mappings.reference_page docs/mapping-reference.md`. How the files are
written and which rule wins is in [mappings.md](mappings.md). A **bold** entry must be given.
"""


def page() -> str:
    """The page in Markdown."""
    parts = [_HEAD]
    for name, text in sorted(schemas().items()):
        schema = json.loads(text)
        file = name.removesuffix(".json")
        parts.append(f"## `{file}.yaml`\n")
        parts += _section(schema, file)
        for kind, part in sorted(schema.get("$defs", {}).items()):
            parts.append(f"### {kind} ({file})\n")
            parts += _section(part, file)
    return "\n".join(parts)


def _section(schema: dict[str, Any], file: str) -> list[str]:
    told = [_line(schema["description"], table=False) + "\n"] if "description" in schema else []
    if "enum" in schema:
        told.append("One of " + ", ".join(f"`{value}`" for value in schema["enum"]) + ".\n")
    if "properties" in schema:
        rows = ["| entry | type | where not given | meaning |", "|---|---|---|---|"]
        needed = schema.get("required", ())
        for name, entry in schema["properties"].items():
            shown = f"**`{name}`**" if name in needed else f"`{name}`"
            meaning = _line(entry.get("description", ""))
            rows.append(f"| {shown} | {_type(entry, file)} | {_default(entry)} | {meaning} |")
        told.append("\n".join(rows) + "\n")
    return told


def _type(entry: dict[str, Any], file: str) -> str:
    if "$ref" in entry:
        kind = entry["$ref"].rpartition("/")[2]
        return f"[{kind}](#{kind.lower()}-{file})"
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    if "const" in entry:
        return f"`{entry['const']}`"
    alternatives = entry.get("anyOf") or entry.get("oneOf")
    if alternatives:
        return " or ".join(_type(one, file) for one in alternatives if one.get("type") != "null")
    kind = entry.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_type(entry.get('items', {}), file)}"
    if kind == "object" and isinstance(entry.get("additionalProperties"), dict):
        return f"text: {_type(entry['additionalProperties'], file)}"
    return str(entry.get("format", kind))


def _default(entry: dict[str, Any]) -> str:
    value = entry.get("default")
    if value in (None, [], "") or isinstance(value, dict):
        return ""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _line(text: str, *, table: bool = True) -> str:
    one = " ".join(text.split())
    return one.replace("|", "\\|") if table else one


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
