"""`stock.yaml`: what it says, and what is wrong with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cin7_nav.mappings import Mappings, load

SHIPPED = Path(__file__).parents[2] / "include" / "mappings"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "mappings"))


def edited(directory: Path, old: str, new: str, file: str = "stock.yaml") -> Mappings | list[str]:
    text = (directory / file).read_text()
    assert old in text
    (directory / file).write_text(text.replace(old, new))
    found = load(directory)
    return found if isinstance(found, Mappings) else [str(error) for error in found]


def test_without_the_file_no_stock_is_carried(directory: Path) -> None:
    (directory / "stock.yaml").unlink()
    found = load(directory)
    assert isinstance(found, Mappings)
    assert found.stock is None


def test_bins_go_by_their_warehouse_unless_they_have_a_line(directory: Path) -> None:
    found = edited(directory, "  Glasgow: GLASGOW\n", '  Glasgow: GLASGOW\n  "London: A-01": CAGE\n')
    assert isinstance(found, list)
    assert "0 Cin7 warehouses for NAV location CAGE" in found[0]
    found = edited(directory, "items: {}", "adjust_at: { CAGE: London }\nitems: {}")
    assert isinstance(found, Mappings)
    assert found.stock is not None
    codes = [
        hit.value
        for place in ("london", "LONDON: B-01", "London:  a-01")
        if (hit := found.stock.location(place))
    ]
    assert codes == ["LONDON", "LONDON", "CAGE"]
    assert found.stock.location("Leeds") is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("posting: post", "posting: hold", "`hold` for stock movements"),
        ("  Glasgow: GLASGOW\n", "  Glasgow: LONDON\n", "2 Cin7 warehouses for NAV location LONDON"),
        ("in_transit: TRANSIT", "in_transit: LONDON", "LONDON as in transit and as a warehouse"),
        ("items: {}", "items: { A: X, B: X }", "one NAV item for several SKUs"),
        ("units: {}", "units: { A: 0 }", "a factor above 0"),
        ("units: {}", "adjust_at: { LEEDS: London }", "`adjust_at` for LEEDS"),
        ("to_cin7: [", "to_cin7: [Output, ", "Output"),
        ("to_nav: [receipt", "to_nav: [nav_entry", "nav_entry"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(directory: Path, old: str, new: str, expected: str) -> None:
    found = edited(directory, old, new)
    assert isinstance(found, list)
    assert any(error.startswith("stock.yaml:") and expected in error for error in found), found


def test_a_prefix_of_movements_is_no_prefix_of_journals(directory: Path) -> None:
    found = edited(directory, "C7S-{number}", "C7H-{number}", "company.yaml")
    assert isinstance(found, list)
    told = "found C7H-, with which stock movements begin; allowed: another prefix"
    assert [error.partition(": ")[2] for error in found] == [told]
