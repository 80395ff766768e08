"""The columns that published pages have in this version of NAV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from cin7_nav.hooks.errors import Misconfigured
from cin7_nav.model import Fixer

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


class Published(dict[str, Any]):
    """Something by column of one published page. One that the page lacks is said, not only missed."""

    def __init__(self, page: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._page = page

    def need(self, columns: Iterable[str]) -> None:
        """Raises `Misconfigured` for the first of these that the page lacks."""
        for column in columns:
            if column not in self:
                raise lacking(self._page, column)

    def __missing__(self, column: str) -> Any:
        raise lacking(self._page, column)


def lacking(page: str, column: str) -> Misconfigured:
    return Misconfigured(
        f"NAV's published page {page} has no column {column}: it is of an older version or was changed, or"
        " another page was published under this name",
        fixer=Fixer.NAV_ADMINISTRATOR,
    )


def lengths(metadata: bytes) -> dict[str, dict[str, int]]:
    """`$metadata` as page → column → the most characters that it holds, 0 where there is no limit.

    Raises `ParseError` for what is no XML.
    """
    root = ElementTree.fromstring(metadata)
    types = {
        str(each.get("Name")): {
            str(column.get("Name")): _length(column.get("MaxLength"))
            for column in each.iter(f"{_EDM}Property")
        }
        for each in root.iter(f"{_EDM}EntityType")
    }
    return {
        str(page.get("Name")): types.get(str(page.get("EntityType")).rpartition(".")[2], {})
        for page in root.iter(f"{_EDM}EntitySet")
    }


def _length(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
