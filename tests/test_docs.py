"""The documentation names what exists: commands with their options, files, headings, targets of make."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from cin7_nav.cli import app
from cin7_nav.mappings.reference_page import page

from stack.settings import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "sandbox").glob("*.md")])
COMMANDS: Any = typer.main.get_command(app)
MAKEFILE = (ROOT / "Makefile").read_text()


def code(text: str) -> list[str]:
    """What stands in code: indented blocks line by line, and what is between backticks."""
    blocks = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return blocks + re.findall(r"`([^`\n]+)`", text)


def ours(path: Path) -> list[str]:
    """Every `cin7-nav …` command on a page, without the program's name."""
    found = []
    for piece in code(path.read_text()):
        piece = piece.partition("  #")[0]
        found += re.findall(r'cin7-nav (?:DEMO=1 )?ARGS="([^"]+)"', piece)
        found += [m.strip() for m in re.findall(r"(?:^|exec )cin7-nav ([a-z][^|#]*)$", piece)]
    return [one for one in found if "…" not in one or one.split()[0] != "…"]


def refused(command: str) -> list[str]:
    """The words of a command line that this program does not know: a command, or an option of it."""
    words = [word for word in shlex.split(command) if word != "…"]
    given: Any = COMMANDS
    while hasattr(given, "commands"):
        name, *words = words
        if name not in given.commands:
            return [name]
        given = given.commands[name]
    known = {option for parameter in given.params for option in parameter.opts + parameter.secondary_opts}
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    return [option for option in options if option not in known | {"--help"}]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_of_a_page_exists_with_its_options(path: Path) -> None:
    assert {command: refused(command) for command in ours(path) if refused(command)} == {}


def test_the_commands_of_the_pages_are_found_at_all() -> None:
    assert len({command.split()[0] for path in PAGES for command in ours(path)}) > 15
    assert refused("no-such-command INV-1") == ["no-such-command"]
    assert refused("status --no-such-option") == ["--no-such-option"]


def test_every_command_is_on_the_page_operations() -> None:
    text = (ROOT / "docs" / "operations.md").read_text() + (ROOT / "docs" / "receiver.md").read_text()
    missing = [name for name in COMMANDS.commands if not re.search(rf"`(cin7-nav )?{name}\b", text)]
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_target_of_make_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
    named = {m for piece in code(path.read_text()) for m in re.findall(r"^make ([a-z][\w-]*)", piece)}
    assert named <= targets


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
