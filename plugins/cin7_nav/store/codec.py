"""Our own words as JSON and back: decimals as text, so that no amount ever passes through a float."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from pydantic import TypeAdapter

from cin7_nav.model import Journal, Problem, SourceDocument
from cin7_nav.movements import NavWords, StockLine

DOCUMENT: TypeAdapter[SourceDocument] = TypeAdapter(SourceDocument)
JOURNAL: TypeAdapter[Journal] = TypeAdapter(Journal)
PROBLEMS: TypeAdapter[tuple[Problem, ...]] = TypeAdapter(tuple[Problem, ...])
STOCK_LINE: TypeAdapter[StockLine] = TypeAdapter(StockLine)
NAV_WORDS: TypeAdapter[NavWords] = TypeAdapter(NavWords)

_UNSTORABLE = re.compile("(?<!\\\\)((?:\\\\\\\\)*)\\\\u0000|[\ud800-\udfff]")


def canonical(body: Any) -> str:
    """The one text of a JSON value: keys sorted, no blanks, decimals written as they are.

    Characters that PostgreSQL can't hold (NUL, halves of a surrogate pair) are replaced by U+FFFD.
    """
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return _UNSTORABLE.sub(lambda found: f"{found[1] or ''}\N{REPLACEMENT CHARACTER}", text)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
