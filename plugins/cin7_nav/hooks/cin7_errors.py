"""What Cin7's answers mean: its call limit in all its forms, its error model, and nothing more."""

from __future__ import annotations

import re
from typing import Any

import requests

from cin7_nav.hooks.errors import Misconfigured, NotFound, Refused
from cin7_nav.model import Fixer

_LIMIT_PENALTY_S = 60.0
_OVERLOAD_PENALTY_S = 15.0
_FORBIDDEN_PENALTY_S = 2.0
_LIMIT_TEXT = re.compile(r"calls per [\d.]+ seconds", re.IGNORECASE)
_MESSAGE_LENGTH = 500


class Forbidden(Misconfigured):
    """Cin7 says 403: wrong credentials, or, seen in the field, too many calls at once."""

    def __init__(self, message: str) -> None:
        super().__init__(message, fixer=Fixer.DATA_TEAM)


def is_limit(response: requests.Response) -> bool:
    """Whether Cin7 refuses the call for its call limit, in any of the forms seen in the field."""
    status = response.status_code
    if status in (400, 403, 503) and _LIMIT_TEXT.search(response.text):
        return True
    return status == 429


def penalty(response: requests.Response) -> float:
    """Seconds for which the key should rest. `Retry-After` reads like `60 Seconds` or `30 sec`."""
    digits = re.match(r"\s*(\d+(?:\.\d+)?)", response.headers.get("Retry-After", ""))
    if is_limit(response):
        return float(digits[1]) if digits else _LIMIT_PENALTY_S
    if response.status_code == 503:
        return float(digits[1]) if digits else _OVERLOAD_PENALTY_S
    return _FORBIDDEN_PENALTY_S if response.status_code == 403 else 0.0


def problems(answer: Any) -> str:
    """The texts of Cin7's error model, an object or an array of them; empty where it is something else."""
    items = answer if isinstance(answer, list) else [answer]
    if not items or not all(
        isinstance(item, dict) and {"ErrorCode", "Exception"} <= item.keys() for item in items
    ):
        return ""
    return "; ".join(str(item["Exception"]) for item in items)[:_MESSAGE_LENGTH]


def message(response: requests.Response) -> str:
    """What Cin7 says is wrong, where it says so readably."""
    try:
        answer = response.json()
    except ValueError:
        return ""
    said = answer.get("Message", "") if isinstance(answer, dict) else ""
    return problems(answer) or str(said)[:_MESSAGE_LENGTH]


def refusal(message: str, status: int) -> Refused:
    text = f"Cin7 refused: {message}" if message else f"Cin7 refused with status {status}"
    missing = status == 404 or "with specified ID not found" in message
    return (NotFound if missing else Refused)(text, status=status)
