"""Cin7's call limit: so many calls in a rolling window, refused in one of the styles seen in the field."""

from __future__ import annotations

import time
from collections import defaultdict, deque

from starlette.responses import PlainTextResponse, Response

from sandbox.cin7.settings import Cin7Settings
from sandbox.cin7.wire import answer


class RateLimit:
    """Counts accepted calls per application key (or per account, as some believe)."""

    def __init__(self, settings: Cin7Settings) -> None:
        self._settings = settings
        self._accepted: defaultdict[str, deque[float]] = defaultdict(deque)

    def clear(self) -> None:
        self._accepted.clear()

    def refusal(self, key: str, account: str, route: str) -> Response | None:
        """The refusal, or none and the call is counted. Successful answers carry no limit headers."""
        settings = self._settings
        if not settings.rate_limit:
            return None
        now = time.monotonic()
        calls = self._accepted[key if settings.rate_limit_scope == "key" else account]
        while calls and calls[0] <= now - settings.rate_limit_seconds:
            calls.popleft()
        if len(calls) < settings.rate_limit_calls:
            calls.append(now)
            return None
        return self._refused(settings.rate_limit_style_by_route.get(route, settings.rate_limit_style))

    def _refused(self, style: str) -> Response:
        calls, seconds = self._settings.rate_limit_calls, f"{self._settings.rate_limit_seconds:g}"
        text = f"You have reached {calls} calls per {seconds} seconds API limit."
        headers = {
            "x-ratelimit-limit": str(calls),
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": seconds,
            "Retry-After": f"{seconds} Seconds",
        }
        if style == "429-text":
            return PlainTextResponse(text, 429, headers)
        if style == "503":
            return PlainTextResponse("The service is unavailable.", 503)
        status = {"429-json": 429, "400-json": 400, "403": 403}[style]
        response = answer([{"ErrorCode": status, "Exception": text}], status)
        if style == "429-json":
            response.headers.update(headers)
        return response
