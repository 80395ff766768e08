"""The one way our bytes leave: a kept-open session with our rules, and what a lost answer means."""

from __future__ import annotations

import itertools
import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import Any, Self

import msgspec
import requests
from airflow.providers.http.hooks.http import HttpHook
from requests.auth import AuthBase
from requests_toolbelt.adapters.socket_options import TCPKeepAliveAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from urllib3.exceptions import NewConnectionError

from cin7_nav.hooks.addresses import host_of, is_private
from cin7_nav.hooks.connections import Cin7Settings, NavSettings
from cin7_nav.hooks.errors import Misconfigured, OutcomeUnknown, Unavailable, VendorError
from cin7_nav.model import Fixer
from cin7_nav.store import vendor_accounts
from cin7_nav.store.database import Database

CONNECT_TIMEOUT_S = 10.0
POOL_SIZE = 4
ATTEMPTS = 5
LONGEST_PAUSE_S = 120.0
PROBE_TIMEOUT_S = 5.0
"""NAV itself waits five seconds for the answer to a handshake."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class VendorSession(requests.Session):
    """Follows no redirect, keeps no cookie, reads no proxy, .netrc or CA from the environment.

    It carries no credential, so that every hook of a process may share it.
    """

    def __init__(self, ca_bundle: str | None, timeout_s: float) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = ca_bundle or True
        self.timeout_s = timeout_s
        self.headers.clear()
        self.headers.update(
            {
                "User-Agent": f"cin7-nav/{version('cin7-nav')}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "Connection": "keep-alive",
            }
        )
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, TCPKeepAliveAdapter(pool_maxsize=POOL_SIZE, pool_block=False))

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        options |= {"allow_redirects": False, "timeout": (CONNECT_TIMEOUT_S, self.timeout_s)}
        return super().request(method, url, **options)


_sessions: dict[tuple[str, str | None, float], VendorSession] = {}
_sessions_lock = threading.Lock()


def _forget_sessions() -> None:
    """A forked child must not talk on its parent's sockets."""
    global _sessions_lock
    _sessions_lock = threading.Lock()
    _sessions.clear()


os.register_at_fork(after_in_child=_forget_sessions)


def shared_session(name: str, ca_bundle: str | None, timeout_s: float) -> VendorSession:
    """The session of this process for one vendor."""
    with _sessions_lock:
        key = (name, ca_bundle, timeout_s)
        if key not in _sessions:
            _sessions[key] = VendorSession(ca_bundle, timeout_s)
        return _sessions[key]


class VendorHook(HttpHook):
    """What both hooks share. `HttpHook` itself would send extra fields as headers and follow redirects."""

    vendor: str
    """The name that messages use."""
    settings: Cin7Settings | NavSettings
    may_be_private = False
    """Whether the vendor may lie in our own network."""

    def __init__(self, conn_id: str, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(method="GET", http_conn_id=conn_id)
        self._sleep = sleep
        self._allowed_hosts: set[str] = set()
        self._calls = itertools.count(1)
        self.calls_made = 0
        """How often this hook has called its vendor, repeated calls included."""

    def get_conn(self, headers: Any = None, extra_options: Any = None) -> VendorSession:
        """The shared session of this process; carries no credential. Arguments of `HttpHook` are refused."""
        if headers or extra_options:
            raise TypeError("this hook sends its own headers and options only")
        return self._session()

    def run(self, endpoint: str | None = None, data: Mapping[str, Any] | None = None) -> Any:
        """`HttpHook`'s entrance: read one resource. Nothing is ever written through it."""
        return self._get(endpoint or "", data or {})

    def of_company(self, database: Database, served: Collection[str]) -> Self:
        """This hook, once its account is known to be that of the database's company alone.

        Raises Misconfigured where it is another one's of `served`: both would carry each document.
        """
        whose = vendor_accounts.claim(database, self.conn_type, self.settings.account, served)
        if whose != database.company:
            raise Misconfigured(
                f"connection {self.http_conn_id}: the company {whose} has this account in {self.vendor}; "
                f"give {database.company} one of its own",
                fixer=Fixer.DATA_TEAM,
            )
        return self

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def _session(self) -> VendorSession:
        raise NotImplementedError

    def _repeating(self, *errors: type[VendorError]) -> Retrying:
        """Calls again, after a pause and a bounded number of times, what fails with one of `errors`."""
        return Retrying(
            retry=retry_if_exception_type(errors),
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )

    def _pause(self, state: RetryCallState) -> float:
        """Seconds before the next attempt."""
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "retry_after", None)
        return min(asked or float(2 ** (state.attempt_number - 1)), LONGEST_PAUSE_S)

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        auth: AuthBase | None = None,
        repeatable: bool,
    ) -> requests.Response:
        """Send once; any HTTP answer is returned.

        Raises `Unavailable` where nothing was sent or a repeatable call got no answer, `OutcomeUnknown` where
        another call got none, `Misconfigured` where the certificate is not trusted or the address is private
        and must not be.
        """
        self._check_host(host_of(url))
        self.calls_made = next(self._calls)
        data = None if body is None else _ENCODER.encode(body)
        content = {} if data is None else {"Content-Type": "application/json"}
        try:
            return self._session().request(
                method, url, headers={**headers, **content}, params=params, data=data, auth=auth
            )
        except requests.exceptions.RequestException as error:
            if _caused_by(error, ssl.SSLCertVerificationError):
                raise Misconfigured(
                    f"{self.vendor}'s certificate is not trusted: set ca_bundle in the connection"
                ) from None
            if isinstance(error, requests.exceptions.ConnectTimeout) or _caused_by(error, NewConnectionError):
                raise Unavailable(f"no connection to {self.vendor}: nothing was sent") from None
            raise self.lost(f"{self.vendor}'s answer was lost ({type(error).__name__})", repeatable) from None

    def _check_host(self, host: str) -> None:
        """Once for each host: our login must not go into a private network because a name leads there."""
        if host not in self._allowed_hosts:
            if not self.may_be_private and is_private(host):
                raise Misconfigured(
                    f"{self.vendor}'s address leads into a private network: only a NAV that is marked as "
                    "on_premises may lie there",
                    fixer=Fixer.DATA_TEAM,
                )
            self._allowed_hosts.add(host)

    def lost(self, message: str, repeatable: bool) -> Unavailable | OutcomeUnknown:
        """The error for a call that was sent and whose effect can't be seen."""
        return Unavailable(message) if repeatable else OutcomeUnknown(f"{message}: ask before sending again")

    def parsed(self, response: requests.Response, repeatable: bool) -> Any:
        """The JSON of a successful answer, decimals exact; None where it is empty."""
        if not response.content:
            return None
        try:
            return json.loads(response.content, parse_float=Decimal)
        except ValueError:
            kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
            page = "a web page, as the login page of a proxy,"
            what = page if kind == "text/html" else f"no valid JSON ({kind})"
            where = response.request.path_url.partition("?")[0]
            raise self.lost(
                f"{self.vendor} answered {response.status_code} with {what} for {where}", repeatable
            ) from None


def probe(url: str, session: VendorSession | None = None) -> str:
    """Shake hands with ourselves at the address that NAV is to call: why that fails, empty where it works.

    The handshake at `url` must be expected. From inside a network the public address may be out of reach
    although the internet reaches it: this explains a failure, it does not prove one.
    """
    session = session or VendorSession(None, PROBE_TIMEOUT_S)
    token = "are-you-there"
    try:
        answer = session.post(url, params={"validationToken": token})
    except requests.exceptions.SSLError:
        return "its certificate is not trusted"
    except requests.exceptions.Timeout:
        return "it does not answer within five seconds"
    except requests.exceptions.ConnectionError:
        return "no connection can be made"
    except requests.exceptions.RequestException as error:
        return f"it can't be called ({type(error).__name__})"
    if 300 <= answer.status_code < 400:
        return "it redirects elsewhere: the reverse proxy must pass the path on as it is"
    if answer.status_code == 404:
        return "it answers 404: the reverse proxy does not pass /nav/ on to the receiver"
    if answer.status_code >= 500:
        return f"it answers {answer.status_code}: the receiver or its database is away"
    if answer.status_code != 200 or answer.text != token:
        return f"it answers {answer.status_code} without the validation token: is it this receiver?"
    return ""


def _caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether `kind` is among the causes of `error`, which requests and urllib3 nest in three ways."""
    pending: list[Any] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        if isinstance(cause, kind):
            return True
        seen.add(id(cause))
        pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return False
