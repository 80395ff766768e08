"""What the documentation tells people to type, and which test types it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stack.settings import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "sandbox").glob("*.md")])

SHELL = re.compile(
    r"(?:make|python|\.venv/bin/python|docker|cp|chmod|chown|tar|export|pg_dump|git|curl|ssh|openssl|airflow|"
    r"cin7-nav|TENANT=\S+|TOKEN=\S+) "
)
"""How text begins that is typed into a shell."""

NEWCOMER = "tests/end_to_end/test_pages.py::test_a_newcomer_gets_along_with_the_pages"
CAMPAIGN = "tests/end_to_end/test_pages.py::test_the_campaign_of_the_pages_ends_well"
BENCH = "tests/end_to_end/test_pages.py::test_the_benchmarks_of_the_pages_run"
DEMO = "tests/stack/test_demo.py"
SANDBOX = "tests/sandbox/test_page.py"
CONTAINERS = "tests/compose/test_compose_native.py"
COMMAND_LINE = "tests/cli"
CI = ".ci/run"

PLACES = {
    r"make demo.*|make cin7-nav DEMO=1 .*": DEMO,
    r"make campaign.*": CAMPAIGN,
    r"make bench.*": BENCH,
    r"(\.venv/bin/python -m sandbox|curl|TENANT=|TOKEN=).*|make sandbox": SANDBOX,
    r"docker .*|(\.venv/bin/)?python -m stack secrets.*": CONTAINERS,
    r"make (check|audit|test|test-long|test-celery)( .*)?": CI,
    r"make (help|setup|up|down|status|upgrade|cin7-nav|clean)( .*)?": NEWCOMER,
    r"(cp|chmod|chown|tar|export|pg_dump|git) .*": NEWCOMER,
    r"\.venv/bin/python -m (stack exec|cin7_nav\.mappings\.).*": NEWCOMER,
    r"python -m cin7_nav\.receiver": "tests/receiver/test_process.py",
    r"cin7-nav .*": COMMAND_LINE,
    r"(ssh|openssl) .*": "",
}
"""Where what is typed gets run: the first pattern that fits the whole of it. Empty: not ours, by nobody."""


@dataclass(frozen=True)
class Block:
    """Lines that a page shows one below the other to be typed; without comments, continued lines in one."""

    page: Path
    lines: tuple[str, ...]


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that begin with something to type, in its order."""
    for found in re.findall(r"(?:^ {4}.*\n)+", page.read_text() + "\n", re.MULTILINE):
        joined = re.sub(r"\\\n\s*", "", found)
        lines = tuple(re.sub(r"\s+# .*$", "", line.strip()) for line in joined.splitlines())
        if SHELL.match(f"{lines[0]} "):
            yield Block(page, lines)


def inline(page: Path) -> list[str]:
    """What stands between backticks in the running text of a page and is typed."""
    text = re.sub(r"^ {4}.*$", "", page.read_text(), flags=re.MULTILINE)
    pieces = (" ".join(piece.split()) for piece in re.findall(r"`([^`]+)`", text))
    return [piece for piece in pieces if SHELL.match(piece)]


def typed(page: Path) -> list[str]:
    """All that a page tells people to type."""
    return [line for block in blocks(page) for line in block.lines] + inline(page)


def place(line: str) -> str:
    """Where `line` gets run; raises KeyError where no pattern fits."""
    for pattern, where in PLACES.items():
        if re.fullmatch(pattern, line):
            return where
    raise KeyError(line)


def run_at(where: str) -> list[str]:
    """All lines that get run there, once each."""
    lines = [line for page in PAGES for line in typed(page)]
    return list(dict.fromkeys(line for line in lines if place(line) == where))


def forms(page: Path) -> list[list[str]]:
    """Every `cin7-nav …` of a page in its words, without the program's name: one for each of `a|b|c`."""
    found = []
    for line in [*typed(page), *_first_column(page)]:
        ours = re.search(r'cin7-nav (?:DEMO=1 )?ARGS="([^"]+)"|(?:^|exec )cin7-nav (.*)$', line)
        command = (ours.group(1) or ours.group(2)) if ours else ""
        if command and command != "…":
            found += _alternatives(shlex.split(command))
    return found


def _first_column(page: Path) -> list[str]:
    """The commands of the table *At the keyboard*."""
    _, _, rest = page.read_text().partition("### At the keyboard")
    table = re.findall(r"^\| `([a-z].*?)` \|", rest.partition("\n## ")[0], re.MULTILINE)
    return [f"cin7-nav {command}".replace("\\|", "|") for command in table]


def _alternatives(words: list[str]) -> list[list[str]]:
    for at, word in enumerate(words):
        if "|" in word:
            return [
                way for one in word.split("|") for way in _alternatives([*words[:at], one, *words[at + 1 :]])
            ]
    return [words]
