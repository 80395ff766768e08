"""Imports point downwards only, and what must be pure is pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "plugins" / "cin7_nav"

LAYERS = {
    "model": 0,
    "movements": 0,
    "wire": 1,
    "mappings": 1,
    "rules": 2,
    "hooks": 3,
    "store": 3,
    "triggers": 4,
    "sensors": 5,
    "flows": 6,
    "cli": 7,
    "pages": 7,
}
"""A module may import from its own layer and from those with a lower number."""

PURE = ("model.py", "movements.py", "wire", "mappings", "rules")
IMPURE = {
    "airflow",
    "alembic",
    "asyncpg",
    "asyncio",
    "http",
    "msal",
    "psycopg2",
    "requests",
    "socket",
    "sqlalchemy",
    "urllib3",
}


def files(*parts: str) -> list[Path]:
    """A module, or all modules of a package."""
    place = ROOT.joinpath(*parts)
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions, in full."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def ours(path: Path) -> set[str]:
    """The layers of cin7_nav that a file imports from."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("cin7_nav.")}


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", files("plugins", "cin7_nav"), ids=shown)
def test_imports_point_downwards(path: Path) -> None:
    here = LAYERS.get(layer_of(path))
    if here is None:
        return
    above = {name for name in ours(path) if LAYERS.get(name, here) > here}
    assert not above


def test_every_part_has_its_layer() -> None:
    apart = {"__init__", "provider", "receiver"}
    assert {layer_of(path) for path in files("plugins", "cin7_nav")} - apart <= set(LAYERS)


@pytest.mark.parametrize(
    "path", [path for part in PURE for path in files("plugins", "cin7_nav", part)], ids=shown
)
def test_rules_know_no_airflow_no_sql_and_no_http(path: Path) -> None:
    assert not roots(path) & IMPURE
    assert ours(path) <= {"model", "movements", "wire", "mappings", "rules"}


@pytest.mark.parametrize("path", files("plugins", "cin7_nav", "rules"), ids=shown)
def test_rules_have_no_clock_and_open_no_file(path: Path) -> None:
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    }
    assert not called & {"now", "utcnow", "today", "time", "monotonic", "open", "read_text", "getenv"}


@pytest.mark.parametrize("path", files("plugins", "cin7_nav", "store"), ids=shown)
def test_the_store_knows_no_airflow_and_no_vendor(path: Path) -> None:
    assert not roots(path) & {"airflow", "requests"}
    assert not ours(path) & {"hooks", "wire", "mappings"}


@pytest.mark.parametrize("path", files("plugins", "cin7_nav", "receiver"), ids=shown)
def test_the_receiver_knows_nothing_but_how_to_land(path: Path) -> None:
    assert "airflow" not in roots(path)
    assert not ours(path) & {"hooks", "rules", "mappings", "flows", "sensors", "triggers"}


@pytest.mark.parametrize("path", files("sandbox"), ids=shown)
def test_the_sandbox_knows_nothing_of_what_it_tests(path: Path) -> None:
    assert not roots(path) & {"cin7_nav", "airflow", "stack", "psycopg2"}


@pytest.mark.parametrize("path", files("dags"), ids=shown)
def test_dags_hold_no_sql_no_http_and_no_rules(path: Path) -> None:
    assert not roots(path) & {"psycopg2", "requests", "sqlalchemy"}
    assert ours(path) <= {"flows", "sensors"}


@pytest.mark.parametrize("path", files("plugins", "cin7_nav"), ids=shown)
def test_the_product_knows_nothing_of_sandbox_and_stack(path: Path) -> None:
    assert not roots(path) & {"sandbox", "stack", "tests", "bench"}
