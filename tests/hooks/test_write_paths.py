"""No second way to write: only the two `write` functions and `delete_many` change anything at a vendor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import cin7_nav
import pytest

PACKAGE = Path(cin7_nav.__file__).parent
HTTP_LIBRARIES = {"requests", "httpx", "aiohttp", "urllib3", "http.client", "urllib.request"}
HOOK_MODULES = ("session", "entra", "nav", "nav_errors", "cin7", "cin7_errors")
MAY_IMPORT_HTTP = {f"hooks/{name}.py" for name in HOOK_MODULES}
CALLERS = {
    "_exchange": {("hooks/cin7.py", "_send"), ("hooks/nav.py", "_send")},
    "_send": {
        ("hooks/cin7.py", "_call"),
        ("hooks/cin7.py", "_with_key"),
        ("hooks/nav.py", "_call"),
        ("hooks/nav.py", "_metadata"),
    },
    "_with_key": {("hooks/cin7.py", "test_connection")},
    "_write": {("hooks/nav.py", "write"), ("hooks/nav.py", "delete_many")},
}
SENDING = {"post", "put", "patch", "delete", "request", "send"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]


def attribute_uses(name: str) -> set[tuple[str, str]]:
    """File and function of each mention of `….name`; other classes outside of the hooks may have one too."""
    return {
        (file, function.name)
        for file, tree in modules()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == name
        if file.startswith("hooks/") or not (isinstance(node.value, ast.Name) and node.value.id == "self")
    }


@pytest.mark.parametrize("name", CALLERS)
def test_the_inner_functions_that_send_are_used_by_the_guarded_ones_only(name: str) -> None:
    assert attribute_uses(name) == CALLERS[name]


def test_the_unguarded_call_is_used_for_reads_and_by_the_guarded_writes_only() -> None:
    assert attribute_uses("_call") == {
        ("hooks/cin7.py", "_get"),
        ("hooks/cin7.py", "write"),
        ("hooks/nav.py", "_read"),
        ("hooks/nav.py", "_write"),
    }


def test_http_libraries_are_imported_by_the_hooks_only() -> None:
    importers = {
        file
        for file, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported(node)
        if any(name == library or name.startswith(f"{library}.") for library in HTTP_LIBRARIES)
    }
    assert importers <= MAY_IMPORT_HTTP


def test_only_the_session_module_sends_on_a_session() -> None:
    senders = {
        file
        for file, tree in modules()
        if file in MAY_IMPORT_HTTP
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SENDING
    }
    assert senders == {"hooks/session.py"}
