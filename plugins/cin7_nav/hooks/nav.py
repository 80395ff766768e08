"""Talking to NAV / Business Central over OData: addresses, login, paging, errors and the one way to write."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import ParseError

import requests
from airflow.sdk.log import mask_secret
from requests.auth import AuthBase, HTTPBasicAuth
from requests_ntlm import HttpNtlmAuth

from cin7_nav.hooks import nav_errors
from cin7_nav.hooks.connections import AirflowConnection, NavSettings
from cin7_nav.hooks.entra import EntraAuth
from cin7_nav.hooks.errors import CallLimit, Misconfigured, Unavailable, VendorError
from cin7_nav.hooks.nav_columns import Published, lengths
from cin7_nav.hooks.session import VendorHook, VendorSession, shared_session
from cin7_nav.store import reference
from cin7_nav.store.database import Database
from cin7_nav.store.gate import Gate

Row = dict[str, Any]

API = "api/v2.0/"
CALLS_AT_ONCE = 4
"""Business Central works on 5 calls of an app at a time (Microsoft's operational limits); one to spare."""
BATCH_SIZE = 100
"""Operations in one `$batch` (measured in the field: more is an HTTP 500)."""
WRITABLE_ENTITIES = frozenset(
    {"journals", "journalLines", "dimensionSetLines", "subscriptions", "customers", "vendors"}
)
WRITABLE_SERVICES = frozenset(
    {
        "general_journal",
        "sales_journal",
        "purchase_journal",
        "item_journal",
        "item_reclass_journal",
        "customer_card",
        "vendor_card",
    }
)
"""The only things that are ever written in NAV: no account, dimension or ledger entry is among them."""
_NESTED = frozenset({"journalLines", "dimensionSetLines"})
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ENTITY_PATH = re.compile(
    re.escape(API) + r"(companies\([0-9a-fA-F-]+\)/)?"
    r"(?P<entities>[A-Za-z.]+(\(['0-9A-Za-z-]+\))?(/[A-Za-z.]+(\([0-9A-Za-z-]+\))?)*)"
)
WRITABLE_ACTIONS = frozenset({"post_item_journal", "post_general_journal"})
"""Unbound actions that the company publishes itself."""
_ACTION_PATH = re.compile(r"ODataV4/(?P<action>\w+)")
_SERVICE_PATH = re.compile(r"ODataV4/Company\([^/]+\)/(?P<service>\w+)(\((?!.*%2[fF])[^/()]+\))?")

_COMPANY, _COLUMNS = "company", "columns"
_COLUMNS_KEPT = dt.timedelta(days=1)
_company_ids: dict[tuple[str, str], str] = {}


class NavHook(VendorHook):
    """NAV's OData services, for one company. Thread-safe.

    Paths are relative to the server instance: `api/v2.0/…` or `ODataV4/…`; `entity()` and `service()` make
    them. With a `database`, at most `CALLS_AT_ONCE` calls of the app are under way over all processes.
    Errors are those of `hooks.errors`. Reads are repeated a few times by themselves.
    """

    conn_name_attr = "nav_conn_id"
    default_conn_name = "nav_default"
    conn_type = "nav"
    hook_name = "Dynamics NAV / Business Central"
    vendor = "NAV"
    settings: NavSettings

    def __init__(
        self,
        nav_conn_id: str = default_conn_name,
        *,
        connection: AirflowConnection | None = None,
        database: Database | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(nav_conn_id, sleep)
        self.settings = NavSettings.of(connection or self.get_connection(nav_conn_id))
        mask_secret(self.settings.secret)
        self.may_be_private = self.settings.extra.deployment == "on_premises"
        self._auth = self._authentication()
        self._database = database
        self._columns: Mapping[str, Mapping[str, int]] = {}
        app = f"{self.settings.root} {self.settings.user}"
        self._gate = Gate(database, app, CALLS_AT_ONCE) if database else None

    # --- addresses ---

    def entity(self, name: str) -> str:
        """The path of an entity of API v2.0 in our company, e.g. `entity("journals")`."""
        return f"{API}companies({self.company_id()})/{name}"

    def service(self, key: str) -> str:
        """The path of a published page, by its key in the connection's `services`."""
        services = self.settings.extra.services
        if key not in services:
            raise Misconfigured(f"the connection's services name no {key}: publish the page and name it")
        company = self.settings.extra.company
        name = quote(company.replace("'", "''"), safe="")
        literal = f"Id={company}" if _GUID.fullmatch(company) else f"'{name}'"
        return f"ODataV4/Company({literal})/{services[key]}"

    def action(self, key: str) -> str:
        """The path of a published unbound action, by its key in `services`; its company is a parameter."""
        services = self.settings.extra.services
        if key not in services:
            raise Misconfigured(f"the connection's services name no {key}: publish the action and name it")
        return f"ODataV4/{services[key]}"

    def action_company(self) -> dict[str, str]:
        """The query option that says for which company an unbound action works."""
        return {"company": self.settings.extra.company}

    def company_id(self) -> str:
        """The id of the connection's company, which may be given as a name or an id.

        It never changes, so it is asked for once and kept in the `database`, where there is one.
        """
        wanted = self.settings.extra.company
        key = (self.settings.root, wanted)
        if key not in _company_ids:
            _company_ids[key] = self._kept_company_id(key) or self._asked_company_id(key)
        return _company_ids[key]

    def _kept_company_id(self, key: tuple[str, str]) -> str | None:
        rows = reference.rows(self._database, "nav", _COMPANY, keys=[" ".join(key)]) if self._database else []
        return str(rows[0].body["id"]) if rows else None

    def _asked_company_id(self, key: tuple[str, str]) -> str:
        companies = list(self.rows(f"{API}companies"))
        ids = [str(row["id"]) for row in companies if key[1] in (row["name"], row["id"])]
        if not ids:
            names = ", ".join(sorted(row["name"] for row in companies)) or "none"
            raise Misconfigured(f"NAV shows no company {key[1]!r} to us; it shows: {names}")
        if self._database:
            kept = reference.Row(" ".join(key), {"id": ids[0]})
            reference.store(self._database, "nav", _COMPANY, [kept], dt.datetime.now(dt.UTC), whole=False)
        return ids[0]

    # --- reading ---

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON of one resource; query options with their `$`, e.g. `get(path, {"$top": 1})`."""
        return self._get(path, params or {})

    def rows(
        self, path: str, params: Mapping[str, Any] | None = None, *, page_size: int | None = None
    ) -> Iterator[Row]:
        """All rows of a collection, page after page as NAV links them."""
        prefer = {"Prefer": f"odata.maxpagesize={page_size}"} if page_size else {}
        url: str | None = self._url(path, params or {})
        while url:
            answer = self._read(url, prefer)
            rows = answer.get("value") if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                raise Unavailable(f"NAV's answer for {path} has no list of rows")
            page = _SERVICE_PATH.fullmatch(path)
            yield from (Published(page["service"], row) for row in rows) if page else rows
            url = self._next(answer.get("@odata.nextLink"))

    def columns(self, key: str) -> Published:
        """The columns of a published page: how many characters each holds, 0 where there is no limit.

        NAV's answer tells of all pages and changes with its version only, so it is asked for once a day.
        """
        page = self.settings.extra.services[key]
        if page not in self._columns:
            self._columns = self._kept_columns() or self._asked_columns()
        return Published(page, self._columns.get(page, {}))

    def _kept_columns(self) -> Mapping[str, Mapping[str, int]]:
        if self._database is None:
            return {}
        asked_at = reference.fetched_at(self._database, "nav", _COLUMNS)
        if asked_at is None or dt.datetime.now(dt.UTC) - asked_at > _COLUMNS_KEPT:
            return {}
        rows = reference.rows(self._database, "nav", _COLUMNS, keys=[self.settings.root])
        return rows[0].body if rows else {}

    def _asked_columns(self) -> Mapping[str, Mapping[str, int]]:
        try:
            found = lengths(self._repeating(Unavailable)(self._metadata))
        except ParseError:
            raise Unavailable("NAV's $metadata is no XML") from None
        if self._database:
            kept = reference.Row(self.settings.root, found)
            now = dt.datetime.now(dt.UTC)
            reference.store(self._database, "nav", _COLUMNS, [kept], now, whole=False)
        return found

    def _metadata(self) -> bytes:
        url = self._url("ODataV4/$metadata", {})
        response = self._send("GET", url, {"Accept": "application/xml"}, None, True)
        if error := nav_errors.error(response, repeatable=True):
            raise error
        return response.content

    # --- writing ---

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        etag: str = "*",
        repeatable: bool = False,
    ) -> Any:
        """The one way anything is written in NAV. Sent once, again only where NAV refused it as one too many.

        `etag`: the only version that a PATCH or DELETE may change, refused with 409 where there is another;
        whatever there is, where it is not given.

        `repeatable` says that sending it twice leaves the same state: then a lost answer is `Unavailable`
        instead of `OutcomeUnknown`. Raises `PermissionError` for anything that is not writable.
        """
        self._check_writable(method, path, body)
        headers = {"If-Match": etag} if method in ("PATCH", "DELETE") else {}
        answer = self._write(method, self._url(path, params or {}), body, headers, repeatable)
        page = _SERVICE_PATH.fullmatch(path)
        return Published(page["service"], answer) if page and isinstance(answer, dict) else answer

    def delete_many(self, paths: Sequence[str]) -> list[int]:
        """Delete these records of the API in one call; the HTTP status of each, in order. Repeatable."""
        statuses: list[int] = []
        for start in range(0, len(paths), BATCH_SIZE):
            part = paths[start : start + BATCH_SIZE]
            for path in part:
                self._check_writable("DELETE", path, None)
            requests_ = [
                {
                    "id": str(number),
                    "method": "DELETE",
                    "url": path.removeprefix(API),
                    "headers": {"If-Match": "*"},
                }
                for number, path in enumerate(part)
            ]
            headers = {"Prefer": "odata.continue-on-error"}
            answer = self._write(
                "POST", self._url(f"{API}$batch", {}), {"requests": requests_}, headers, True
            )
            by_id = {str(one["id"]): int(one["status"]) for one in answer["responses"]}
            if len(by_id) != len(part):
                raise Unavailable("NAV answered only a part of a $batch")
            statuses += [by_id[str(number)] for number in range(len(part))]
        return statuses

    # --- Airflow ---

    def test_connection(self) -> tuple[bool, str]:
        """Airflow's Test button: login, company, reading and the permission to write journals, for real."""
        from cin7_nav.hooks.nav_check import check

        try:
            return True, check(self)
        except VendorError as error:
            return False, f"{error}. Who can fix it: {error.fixer}."

    # --- within ---

    def _authentication(self) -> AuthBase:
        settings = self.settings
        if settings.uses_entra:
            return EntraAuth(settings)
        if settings.extra.auth == "ntlm":
            auth: AuthBase = HttpNtlmAuth(settings.user, settings.secret)
            return auth
        return HTTPBasicAuth(settings.user.encode(), settings.secret.encode())

    def _session(self) -> VendorSession:
        extra = self.settings.extra
        return shared_session("nav", extra.ca_bundle, extra.timeout_s)

    def _url(self, path: str, params: Mapping[str, Any]) -> str:
        options = dict(params)
        if self.settings.extra.deployment == "on_premises" and self.settings.extra.tenant:
            options["tenant"] = self.settings.extra.tenant
        query = "&".join(f"{name}={quote(str(value), safe='(),$=;')}" for name, value in options.items())
        return f"{self.settings.root}{path}" + (f"?{query}" if query else "")

    def _next(self, link: str | None) -> str | None:
        """The next page's address, which must be on the same server: our login goes with it."""
        if link is None:
            return None
        ours, theirs = urlsplit(self.settings.root), urlsplit(link)
        if (ours.scheme, ours.netloc.lower()) != (theirs.scheme, theirs.netloc.lower()):
            raise Misconfigured(
                f"NAV's next page lies on {theirs.scheme}://{theirs.netloc}, not on the connection's host:"
                " set the server's public OData base URL"
            )
        return link

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        return self._read(self._url(path, params), {})

    def _read(self, url: str, headers: Mapping[str, str]) -> Any:
        return self._repeating(Unavailable)(self._call, "GET", url, headers, None, True)

    def _write(self, method: str, url: str, body: Any, headers: Mapping[str, str], repeatable: bool) -> Any:
        return self._repeating(CallLimit)(self._call, method, url, headers, body, repeatable)

    def _call(self, method: str, url: str, headers: Mapping[str, str], body: Any, repeatable: bool) -> Any:
        response = self._send(method, url, headers, body, repeatable)
        if response.status_code == 401 and isinstance(self._auth, EntraAuth):
            self._auth.forget()
            response = self._send(method, url, headers, body, repeatable)
        if error := nav_errors.error(response, repeatable):
            raise error
        return self.parsed(response, repeatable)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: Any, repeatable: bool
    ) -> requests.Response:
        with self._gate.place() if self._gate else contextlib.nullcontext():
            try:
                return self._exchange(
                    method,
                    url,
                    headers={"Accept-Language": "en-US", **headers},
                    body=body,
                    auth=self._auth,
                    repeatable=repeatable,
                )
            except PermissionError:  # requests-ntlm's, where the server answers NTLM without a challenge
                raise Misconfigured(nav_errors.NTLM_IS_OFF) from None

    def _check_writable(self, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        if path.startswith(API):
            found = _ENTITY_PATH.fullmatch(path)
            names = [re.sub(r"\(.*", "", name) for name in found["entities"].split("/")] if found else []
            if method == "POST" and names == ["journals", "Microsoft.NAV.post"]:
                return
            allowed = bool(names) and WRITABLE_ENTITIES.issuperset(names)
        elif action := _ACTION_PATH.fullmatch(path):
            services = self.settings.extra.services
            named = {services[key] for key in WRITABLE_ACTIONS & services.keys()}
            allowed = method == "POST" and action["action"] in named
        else:
            found = _SERVICE_PATH.fullmatch(path)
            services = self.settings.extra.services
            writable = {services[key] for key in WRITABLE_SERVICES & services.keys()}
            allowed = found is not None and found["service"] in writable
        if method not in ("POST", "PATCH", "DELETE") or not allowed or not _is_flat(body):
            raise PermissionError(f"{method} {path} is not among the things that are written in NAV")


def _is_flat(body: Mapping[str, Any] | None) -> bool:
    """Whether a body touches no other record than journal lines and their dimensions."""
    return all(
        not isinstance(value, list | dict)
        or (name in _NESTED and isinstance(value, list) and all(map(_is_flat, value)))
        for name, value in (body or {}).items()
    )
