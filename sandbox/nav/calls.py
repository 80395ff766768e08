"""One API request and its answer, whether it came alone or inside a `$batch`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sandbox.nav import errors
from sandbox.nav.entities import Row
from sandbox.nav.errors import ApiError
from sandbox.nav.store import etag
from sandbox.nav.wire import NotJson, loads

_SEGMENT = re.compile(r"(?P<name>[$\w.-]+)(?:\((?P<key>(?:'(?:[^']|'')*'|[^()'])*)\))?")


@dataclass(frozen=True)
class Call:
    """A request for something below the service root."""

    method: str
    root: str
    """The absolute address of the service root, ending in `/`."""
    path: str
    """What follows the root, still percent-encoded, without the query."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes = b""

    @property
    def segments(self) -> list[tuple[str, str | None]]:
        """The path's parts with their keys, unquoted. Raises 404 for what is no path."""
        found = []
        text = unquote(self.path).strip("/")
        while text:
            hit = _SEGMENT.match(text)
            if hit is None or (hit.end() < len(text) and text[hit.end()] != "/"):
                raise errors.no_resource(self.url)
            key = hit["key"]
            if key is not None and key.startswith("'"):
                key = key[1:-1].replace("''", "'")
            found.append((hit["name"], key))
            text = text[hit.end() + 1 :]
        return found

    @property
    def url(self) -> str:
        return self.root + self.path

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises `BadRequest`."""
        if not self.content:
            raise errors.bad_request("Values must be provided in the body.")
        try:
            body = loads(self.content)
        except NotJson:
            raise errors.bad_request("The request body is not valid JSON.") from None
        if not isinstance(body, dict):
            raise errors.bad_request("Values must be provided in the body.")
        return body

    def prefers(self, preference: str) -> bool:
        wanted = (part.strip().lower() for part in self.headers.get("prefer", "").split(","))
        return preference in wanted

    def page_size(self, most: int) -> int:
        """Rows of a page; the caller may ask for fewer than the server's own limit."""
        hit = re.search(r"maxpagesize=(\d+)", self.headers.get("prefer", ""))
        return min(most, max(1, int(hit[1]))) if hit else most

    def check_etag(self, row: Row, *, required: bool) -> None:
        """Raises 400 where `If-Match` is missing or malformed, 409 where it is stale."""
        given = self.headers.get("if-match")
        if given is None:
            if required:
                raise errors.no_token()
        elif given.strip() != "*":
            if not re.fullmatch(r'(W/)?"[^"]*"', given.strip()):
                raise errors.no_token()
            if given.strip() != etag(row):
                raise errors.stale()


@dataclass(frozen=True)
class Reply:
    """An answer; `body` is a JSON value, raw bytes (then `content_type` says what), or none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; odata.metadata=minimal; odata.streaming=true"


def refusal(error: ApiError) -> Reply:
    """An error as the API writes it, with the CorrelationId tail."""
    message = f"{error.message}  CorrelationId:  {uuid.uuid4()}."
    return Reply(error.status, {"error": {"code": error.code, "message": message}})
