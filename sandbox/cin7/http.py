"""Routing, authentication, the call limit and the shapes of refusals, as on Cin7's front end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request as StarletteRequest
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from sandbox.cin7.limit import RateLimit
from sandbox.cin7.settings import Cin7Settings
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal, answer, loads, parse_bool
from sandbox.world import CIN7_ACCOUNT_ID, CIN7_APPLICATION_KEYS

BASE_PATH = "/externalapi/v2"
_NOT_FOUND = (
    "<!DOCTYPE html><html><head><title>Page not found</title></head><body>Page not found</body></html>"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One call: query names in lower case (Cin7 ignores their case and unknown ones), the parsed body."""

    method: str
    query: Mapping[str, str]
    body: JsonObject

    def text(self, name: str) -> str:
        return self.query.get(name.lower(), "")

    def flag(self, name: str) -> bool:
        return parse_bool(self.text(name))

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise Refusal(f"Required parameter {name} is not provided.")
        return value


Handler = Callable[[Tenant, Request], object]
Routes = dict[str, dict[str, Handler]]


def route_of(path: str) -> str:
    """The route that the call log counts: lower case, without the base path."""
    return path.lower().removeprefix(BASE_PATH).rstrip("/") or "/"


class FrontEnd:
    """Answers all below `/ExternalApi/v2`. Handlers are plain functions: nothing interleaves with them."""

    def __init__(
        self,
        tenant: Callable[[], Tenant],
        settings: Cin7Settings,
        routes: Routes,
        refused: Callable[[], None],
    ) -> None:
        """`tenant` gives the present state; `refused` is called for each call over the limit."""
        self.limit = RateLimit(settings)
        self._tenant = tenant
        self._settings = settings
        self._routes = routes
        self._refused = refused

    async def __call__(self, request: StarletteRequest) -> Response:
        body = await request.body()
        route = route_of(request.url.path)
        handlers = self._routes.get(route)
        if handlers is None or not request.url.path.lower().startswith(BASE_PATH):
            return self._unknown_path()
        account = request.headers.get("api-auth-accountid", "").lower()
        key = request.headers.get("api-auth-applicationkey", "").lower()
        if account != CIN7_ACCOUNT_ID or key not in CIN7_APPLICATION_KEYS:
            return self._refusal(Refusal("Incorrect credentials!", status=403))
        over = self.limit.refusal(key, account, route)
        if over is not None:
            self._refused()
            return over
        handler = handlers.get(request.method)
        if handler is None:
            text = f"The requested resource does not support http method '{request.method}'."
            return answer({"Message": text}, 405)
        try:
            return answer(self._handled(handler, request, body))
        except Refusal as refusal:
            return self._refusal(refusal)

    def _handled(self, handler: Handler, request: StarletteRequest, body: bytes) -> object:
        query = {name.lower(): value for name, value in request.query_params.items()}
        tenant = self._tenant()
        with tenant.announcing(self._settings.webhook_api_changes):
            return handler(tenant, Request(request.method, query, _parsed(body)))

    def _unknown_path(self) -> Response:
        if self._settings.unknown_path == "html":
            return HTMLResponse(_NOT_FOUND, 200)
        return answer([{"ErrorCode": 404, "Exception": "Endpoint does not exist"}], 404)

    def _refusal(self, refusal: Refusal) -> Response:
        problems = [{"ErrorCode": refusal.code, "Exception": text} for text in refusal.texts]
        if self._settings.error_body == "text":
            return PlainTextResponse("; ".join(refusal.texts), refusal.status)
        return answer(problems if self._settings.error_body == "array" else problems[0], refusal.status)


def _parsed(body: bytes) -> JsonObject:
    if not body:
        return {}
    try:
        parsed = loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError, ArithmeticError) as error:
        raise Refusal("Request body could not be parsed", status=500) from error
    if not isinstance(parsed, dict):
        raise Refusal("Request body could not be parsed", status=500)
    return parsed
