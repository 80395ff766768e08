"""What the receiver answers, in one table: each sender draws its own conclusions from a status code.

Cin7 repeats anything but 2xx, six times in 76 minutes, then it switches the webhook off. NAV repeats after no
answer, 408, 429 and 5xx; after any other status but 2xx it deletes the subscription at once (Microsoft,
"Working with webhooks"). So NAV gets no such status for anything that may really be from NAV.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What became of a request."""

    LANDED = "landed"
    QUARANTINED = "quarantined"
    HANDSHAKE = "handshake"
    UNEXPECTED_HANDSHAKE = "unexpected handshake"
    INCOMPLETE = "incomplete"
    WRONG_SECRET = "wrong secret"
    NO_SUCH_PATH = "no such path"
    WRONG_METHOD = "wrong method"
    TOO_SLOW = "too slow"
    TOO_LARGE = "too large"
    NOT_JSON = "not JSON"
    TOO_MANY = "too many"
    UNAVAILABLE = "unavailable"


class Statuses(NamedTuple):
    """HTTP status by sender; None: it does not come to this."""

    cin7: int | None
    nav: int | None


ANSWERS = {
    Outcome.LANDED: Statuses(200, 200),
    Outcome.QUARANTINED: Statuses(202, 202),
    Outcome.HANDSHAKE: Statuses(None, 200),
    Outcome.UNEXPECTED_HANDSHAKE: Statuses(None, 202),
    Outcome.INCOMPLETE: Statuses(400, 408),
    Outcome.WRONG_SECRET: Statuses(401, 202),
    Outcome.NO_SUCH_PATH: Statuses(404, 404),
    Outcome.WRONG_METHOD: Statuses(405, 405),
    Outcome.TOO_SLOW: Statuses(408, 408),
    Outcome.TOO_LARGE: Statuses(413, 202),
    Outcome.NOT_JSON: Statuses(415, None),
    Outcome.TOO_MANY: Statuses(429, 429),
    Outcome.UNAVAILABLE: Statuses(503, 503),
}
"""NAV's `no such path` is a path that no notification URL of ours has; `wrong method` is no notification."""

SENTENCES = {
    Outcome.INCOMPLETE: "The body is incomplete.",
    Outcome.WRONG_SECRET: "The secret is missing or wrong.",
    Outcome.NO_SUCH_PATH: "There is nothing here.",
    Outcome.WRONG_METHOD: "This method is not allowed here.",
    Outcome.TOO_SLOW: "The body took too long.",
    Outcome.TOO_LARGE: "The body is too large.",
    Outcome.NOT_JSON: "The body must be plain JSON: Content-Type: application/json.",
    Outcome.TOO_MANY: "Too many refused requests from this address.",
    Outcome.UNAVAILABLE: "The inbox can't be reached.",
}

HEADERS = {
    Outcome.WRONG_SECRET: {"WWW-Authenticate": "Bearer"},
    Outcome.TOO_SLOW: {"Connection": "close"},
    Outcome.TOO_LARGE: {"Connection": "close"},
    Outcome.TOO_MANY: {"Retry-After": "60"},
    Outcome.UNAVAILABLE: {"Retry-After": "60"},
}


class Refused(Exception):
    """Ends a request with this outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome
