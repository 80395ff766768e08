"""The documentation names what exists, and what it tells people to type gets typed by a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from cin7_nav.cli import app
from cin7_nav.mappings.reference_page import page

from stack.settings import ROOT
from tests import documented
from tests.documented import PAGES, forms, place, run_at, typed

COMMANDS: Any = typer.main.get_command(app)
MAKEFILE = (ROOT / "Makefile").read_text()


def refused(words: list[str]) -> list[str]:
    """Those of a command line that this program does not know: a command, or an option of it."""
    given: Any = COMMANDS
    known = set(_options(given))
    words = [word for word in words if word != "…"]
    while hasattr(given, "commands"):
        while words[:1] and words[0] in known:
            words = words[2:]
        name, *words = words
        if name not in given.commands:
            return [name]
        given = given.commands[name]
    known = {*_options(given), "--help"}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts + parameter.secondary_opts


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_of_a_page_exists_with_its_options(path: Path) -> None:
    assert [form for form in forms(path) if refused(form)] == []


def test_the_commands_of_the_pages_are_found_at_all() -> None:
    assert len({form[0] for path in PAGES for form in forms(path)}) > 15
    assert refused(["no-such-command", "INV-1"]) == ["no-such-command"]
    assert refused(["status", "--no-such-option"]) == ["--no-such-option"]
    assert refused(["--company", "acme", "status", "--json"]) == []


def test_every_command_is_on_the_page_operations() -> None:
    text = (ROOT / "docs" / "operations.md").read_text() + (ROOT / "docs" / "receiver.md").read_text()
    missing = [name for name in COMMANDS.commands if not re.search(rf"`(cin7-nav )?{name}\b", text)]
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_target_of_make_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
    assert {line.split()[1] for line in typed(path) if line.startswith("make ")} <= targets


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_all_that_a_page_tells_people_to_type_is_typed_by_a_test(path: Path) -> None:
    for line in typed(path):
        where = place(line)
        assert where in ("", documented.COMMAND_LINE) or (ROOT / where.partition("::")[0]).exists(), where


def test_what_continuous_integration_runs_is_in_its_script() -> None:
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in run_at(documented.CI) if " ".join(line.split()[:2]) not in script] == []


def given_by_tests() -> list[set[str]]:
    """The words of every command line that a test of `cin7-nav` gives it, as far as they are written down."""
    found = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        before = {"parties"} if path.parent.name == "cli" and path.stem == "test_parties" else set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call | ast.List):
                parts = node.args if isinstance(node, ast.Call) else node.elts
                words = {part.value for part in parts if isinstance(part, ast.Constant)}
                found.append(before | {word for word in words if isinstance(word, str)})
    return found


def test_every_command_line_of_the_pages_is_given_by_a_test_in_this_form() -> None:
    given = given_by_tests()
    missing = []
    for form in sorted({tuple(form) for path in PAGES for form in forms(path)}):
        fixed = {word for word in form if re.fullmatch(r"-{0,2}[a-z][a-z0-9-]*", word)} - {"number", "acme"}
        if not any(fixed <= words for words in given):
            missing.append(" ".join(form))
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_every_heading_that_is_named_beside_it_exists(path: Path) -> None:
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), f"{path.name}: {target}"
    flat = " ".join(text.split())
    for target, heading in re.findall(r"\]\(([^)#:]+\.md)\)\)?, \*([^*]+)\*", flat):
        headings = re.findall(r"^#+ (.+)$", (path.parent / target).read_text(), re.MULTILINE)
        assert heading in headings, f"{path.name} names {heading!r} in {target}"
    anchors = {
        re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.+)$", text, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_the_mapping_reference_is_what_the_schemas_say() -> None:
    assert (ROOT / "docs" / "mapping-reference.md").read_text(encoding="utf-8") == page()


def test_every_variable_of_env_example_is_explained_or_airflows() -> None:
    text = "\n".join(path.read_text() for path in PAGES) + MAKEFILE
    named = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert named
    unknown = [
        name
        for name in named
        if name.removesuffix("_ASYNC") not in text and not name.startswith("CIN7_NAV_SECRET_")
    ]
    assert unknown == []
