"""Every SQL statement, commit and HTTP call of a process is a boundary at which it can be interrupted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import psycopg2
import requests
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from requests.adapters import HTTPAdapter

Passed = Callable[[int, str], None]


class Boundaries:
    """Counts the boundaries of this process and tells `passed` of each: its number, from 1, and its name."""

    def __init__(self, passed: Passed) -> None:
        self._passed = passed
        self._numbers = itertools.count(1)
        self.reached = 0

    def start(self) -> None:
        """Count anew, from the next boundary on."""
        self._numbers = itertools.count(1)
        self.reached = 0

    def mark(self, name: str) -> None:
        self.reached = next(self._numbers)
        self._passed(self.reached, name)

    def install(self) -> None:
        """Count in this process from now on, whatever connects."""
        mark = self.mark

        def marked(cursor: type[Cursor]) -> type[Cursor]:
            class MarkedCursor(cursor):  # type: ignore[misc, valid-type]
                def execute(self, query: Any, parameters: Any = None) -> None:
                    mark(f"before SQL {_short(query)}")
                    super().execute(query, parameters)

            return MarkedCursor

        class MarkedConnection(Connection):
            def commit(self) -> None:
                mark("before COMMIT")
                super().commit()
                mark("after COMMIT")

        connect, send = psycopg2.connect, HTTPAdapter.send

        def marked_connect(dsn: str, cursor_factory: type[Cursor] = Cursor) -> Connection:
            return connect(dsn, connection_factory=MarkedConnection, cursor_factory=marked(cursor_factory))

        def marked_send(
            adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **options: Any
        ) -> requests.Response:
            call = f"{request.method} {(request.url or '').partition('?')[0].rpartition('/')[2]}"
            mark(f"before {call}")
            answer = send(adapter, request, *args, **options)
            mark(f"after {call}")
            return answer

        patched: Any = psycopg2
        patched.connect = marked_connect
        patched = HTTPAdapter
        patched.send = marked_send


def _short(query: Any) -> str:
    text = query.decode(errors="replace") if isinstance(query, bytes) else str(query)
    return " ".join(text.split())[:50]
