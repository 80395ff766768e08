"""What NAV's refusals mean: codes as Microsoft documents them, statuses as seen in the field."""

from __future__ import annotations

import re

import requests

from cin7_nav.hooks.errors import (
    CallLimit,
    Misconfigured,
    NotFound,
    NotPublished,
    OutcomeUnknown,
    Refused,
    Unavailable,
    VendorError,
)
from cin7_nav.hooks.nav_columns import lacking
from cin7_nav.model import Fixer, Problem

ALREADY_EXISTS = "Internal_EntityWithSameKeyExists"
_TAIL = re.compile(r"\s*CorrelationId:\s*[0-9a-fA-F-]+\.?\s*$")
_COLLISION = re.compile(r"deadlock|locked by another user|in a transaction done by another", re.IGNORECASE)
_NO_COLUMN = re.compile(
    r"(property named|The property) '(?P<column>\w+)' .*on type '(Microsoft\.)?NAV\.(?P<page>\w+)'"
)
_NO_PAGE = re.compile(r"not found for the segment '(?P<page>\w+)'")
_WRONG_ADDRESS = ("Internal_CompanyNotFound", "Internal_TenantNotFound", "NoEnvironment")
_MESSAGE_LENGTH = 500

NTLM_IS_OFF = (
    "this server instance takes Windows logins only, and NTLM is switched off there: its administrator sets"
    " ServicesUseNTLMAuthentication"
)
REFUSED = "nav_refused"
"""How the codes of problems begin that only NAV's refusal revealed."""
_KINDS = tuple(
    (kind, fixer, re.compile(pattern, re.IGNORECASE))
    for kind, fixer, pattern in (
        ("approval", Fixer.ACCOUNTANT, r"approval"),
        ("number_series", Fixer.NAV_ADMINISTRATOR, r"Nos\. must have a value"),
        ("dimension", Fixer.MAPPING_EDITOR, r"\bdimension"),
        ("external_number", Fixer.ACCOUNTANT, r"^(Purchase|Sales)\b.*\balready exists"),
        ("balance", Fixer.DATA_TEAM, r"out of balance"),
        ("date", Fixer.NAV_ADMINISTRATOR, r"range of allowed posting dates|closing date|Posting Date"),
        ("permission", Fixer.NAV_ADMINISTRATOR, r"permission|licen[cs]e|entitlement"),
        ("blocked", Fixer.NAV_ADMINISTRATOR, r"\bblocked\b|Direct Posting"),
        ("stock", Fixer.ACCOUNTANT, r"insufficient quantity"),
        ("inventory_period", Fixer.NAV_ADMINISTRATOR, r"inventory\s+period"),
        ("location", Fixer.MAPPING_EDITOR, r"\bLocation\b|In-Transit"),
        ("item", Fixer.MAPPING_EDITOR, r"related table \(Item\)|\bItem does not exist"),
        ("posting_setup", Fixer.NAV_ADMINISTRATOR, r"\bVAT\b|Gen\. Posting Type|Posting (Group|Setup)\b"),
    )
)
"""Kind of refusal, who can mend it, and how NAV's text tells it; the first that fits holds."""


def error(response: requests.Response, repeatable: bool) -> VendorError | None:
    """The error that an answer means, None for success.

    `repeatable`: it was a read, or a write that may be repeated. Messages keep NAV's own words without the
    CorrelationId that ends them.
    """
    status = response.status_code
    if status < 300:
        return None
    code, said = _said(response)
    where = response.request.path_url.partition("?")[0].rpartition("/")[2]
    if status < 400:
        return Misconfigured("NAV's address redirects elsewhere: check the host", fixer=Fixer.DATA_TEAM)
    if status == 429 or code == "Application_TooManyRequests":
        return CallLimit("NAV refuses more calls for now", retry_after=_retry_after(response))
    if status == 401 and not code.startswith("Authorization_"):
        return Misconfigured(_sentence(_refused_login(response), said))
    if status in (401, 403):
        return Misconfigured(_sentence("NAV refuses us the permission", said))
    if code in _WRONG_ADDRESS:
        return Misconfigured(_sentence("NAV knows no such environment, tenant or company", said))
    if status == 405 and not code:
        return Misconfigured(
            "the OData services are switched off on this server instance: they must be enabled"
        )
    if status == 400 and (unknown := _NO_COLUMN.search(said)):
        return lacking(unknown["page"], unknown["column"])
    if status == 404 and "/ODataV4/" in response.request.path_url and (lost := _NO_PAGE.search(said)):
        return NotPublished(
            f"NAV publishes no {lost['page']}: publish it on page Web Services, as docs/nav-on-premises.md"
            " says, or name it otherwise in the connection's `services`"
        )
    if status == 501:
        return Refused(_sentence("NAV can't do that", said), status=status, code=code)
    if status == 408 or status >= 500 or _COLLISION.search(said):
        message = _sentence(f"NAV answered {status} for {where}", said)
        if repeatable:
            return Unavailable(message, retry_after=_retry_after(response))
        return OutcomeUnknown(f"{message}: ask before sending again")
    kind = NotFound if status == 404 else Refused
    return kind(said or f"NAV refused {where} with status {status}", status=status, code=code)


def nav_refusal(error: Refused, where: str) -> Problem:
    """What a refusal means for a document, in the same words as what is foreseen: NAV's text is kept.

    All codes begin with `nav_refused`. The kinds are told by Microsoft's English texts, which we ask for.
    """
    for kind, fixer, pattern in _KINDS:
        if pattern.search(str(error)):
            return Problem(f"{REFUSED}_{kind}", f"NAV refused it: {error}", where, fixer)
    return Problem(REFUSED, f"NAV refused it: {error}", where, Fixer.NAV_ADMINISTRATOR)


def _refused_login(response: requests.Response) -> str:
    """Why, as far as the server says which logins it takes: each server instance takes one sort only."""
    offered = response.headers.get("WWW-Authenticate", "").lower()
    used = response.request.headers.get("Authorization", "").partition(" ")[0].lower()
    windows = "negotiate" in offered or "ntlm" in offered
    if windows and "ntlm" not in offered:
        return NTLM_IS_OFF
    if windows and used == "basic":
        return "this server instance takes Windows logins only: set `auth` to ntlm in the connection"
    if "basic" in offered and used != "basic":
        return "this server instance takes user and password: set `auth` to basic in the connection"
    if "bearer" in offered and used in ("basic", "ntlm", "negotiate"):
        return "this server instance takes Entra logins only: set `auth` to entra in the connection"
    return "NAV refuses our login: is the app or user set up and enabled there?"


def _said(response: requests.Response) -> tuple[str, str]:
    """NAV's code and text; empty where a gateway answered with something else."""
    try:
        given = response.json()["error"]
        return str(given.get("code") or ""), _TAIL.sub("", str(given.get("message") or ""))[:_MESSAGE_LENGTH]
    except (ValueError, TypeError, KeyError, AttributeError):
        return "", ""


def _sentence(ours: str, theirs: str) -> str:
    return f"{ours} ({theirs})" if theirs else ours


def _retry_after(response: requests.Response) -> float | None:
    given = response.headers.get("Retry-After", "")
    return float(given) if re.fullmatch(r"\d+(\.\d+)?", given) else None
