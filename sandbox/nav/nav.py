"""One simulated Business Central with everything around it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.clock import Clock
from sandbox.faults import CallLog
from sandbox.nav import batch, errors, odata, schema
from sandbox.nav.api import Api
from sandbox.nav.auth import Entra
from sandbox.nav.calls import Call, Reply, refusal
from sandbox.nav.company import Company
from sandbox.nav.errors import ApiError
from sandbox.nav.flavours import Flavour
from sandbox.nav.logins import Logins
from sandbox.nav.services import Services
from sandbox.nav.settings import Settings
from sandbox.nav.subscriptions import Subscriptions
from sandbox.nav.throttle import Throttle
from sandbox.nav.wire import dumps
from sandbox.nav.writing import Writer
from sandbox.world import NAV_ENVIRONMENT, TENANT_ID, World, build_world

_ADDRESS = re.compile(
    r"/v2\.0/(?:(?P<tenant>[^/]+)/)?(?P<environment>[^/]+)/"
    r"(?P<service>api/v2\.0|api/microsoft/runtime/beta|ODataV4)(?:/(?P<path>.*))?"
)

_ON_PREMISES = re.compile(
    r"/(?P<instance>[^/]+)/(?P<service>api/v2\.0|api/microsoft/runtime/beta|ODataV4)(?:/(?P<path>.*))?"
)


class Nav:
    """Business Central and Entra; `reset` starts them anew."""

    def __init__(self, world: World, clock: Clock, flavour: Flavour, state_dir: Path) -> None:
        """In `state_dir` lie the passwords that NTLM's server side reads."""
        self.clock = clock
        self.flavour = flavour
        self.settings = Settings.model_validate(flavour.settings)
        self.calls = CallLog()
        self.logins = Logins(self.settings, state_dir)
        self.entra = Entra(self.settings, clock.now)
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin(world)

    def _begin(self, world: World) -> None:
        self.company = Company(world, self.clock, self.settings)
        self.writer = Writer(self.company, self._scheduled)
        self.api = Api(self.company, self.writer)
        self.services = Services(self.company, self.writer)
        self.subscriptions = Subscriptions(self.company)
        self.throttle = Throttle(self.settings)
        self.logins.forget()

    def reset(self, seed: int) -> None:
        """The seeded state again: no documents, default settings; tokens stay good."""
        self._start(self.subscriptions.stop())
        self.throttle.end()
        self.settings.patch(Settings.model_validate(self.flavour.settings).model_dump())
        self._begin(build_world(seed))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.subscriptions.stop()

    # --- Entra ---

    async def token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        status, body = self.entra.token(request.path_params["tenant"], form)
        return JSONResponse(body, status, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})

    async def discovery(self, request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        return JSONResponse(self.entra.discovery(base, request.path_params["tenant"]))

    # --- Business Central ---

    async def serve(self, request: Request) -> Response:
        """Any address that is not Entra's or the admin's."""
        reply = await self._reply(request)
        headers = {"OData-Version": "4.0", **reply.headers}
        if reply.body is None:
            return Response(status_code=reply.status, headers=headers)
        content = reply.body if isinstance(reply.body, bytes) else dumps(reply.body)
        return Response(content, reply.status, headers, media_type=reply.content_type)

    async def _reply(self, request: Request) -> Reply:
        if refused := self._stranger(request):
            return refused
        raw = request.scope["raw_path"].decode("ascii").partition("?")[0]
        address = self._address.fullmatch(raw)
        if address is None:
            return refusal(errors.no_resource(request.url))
        if refused := self._elsewhere(request, address):
            return refused
        path = address["path"] or ""
        base = str(request.base_url).rstrip("/") + (raw.removesuffix(path) if path else raw)
        call = Call(
            request.method,
            base.rstrip("/") + "/",
            path,
            request.scope["query_string"].decode("latin-1"),
            request.headers,
            await request.body(),
        )
        if len(call.content) > self.settings.body_limit:
            return Reply(413, b"Request Entity Too Large", content_type="text/plain")
        match address["service"]:
            case "api/v2.0":
                return await self._limited(call, *self._answering(call))
            case "ODataV4":
                return await self._limited(call, self._published, 1)
        return self._supported_resources(call)

    @property
    def _address(self) -> re.Pattern[str]:
        return _ADDRESS if self.flavour.is_online else _ON_PREMISES

    def _stranger(self, request: Request) -> Reply | None:
        """The 401 for somebody who has not logged in."""
        authorization = request.headers.get("authorization")
        if self.settings.credential_type != "AccessControlService":
            peer = request.client and (request.client.host, request.client.port)
            refused = self.logins.check(authorization, peer)
            if refused is None:
                return None
            return Reply(401, None, {"WWW-Authenticate": ", ".join(refused.challenges)})
        if authorization is None or not authorization.lower().startswith("bearer "):
            uri = f"https://login.microsoftonline.com/{TENANT_ID}/oauth2/authorize"
            return Reply(401, None, {"WWW-Authenticate": f'Bearer authorization_uri="{uri}"'})
        return None if self.entra.accepts(authorization) else refusal(errors.rejected_credentials())

    def _elsewhere(self, request: Request, address: re.Match[str]) -> Reply | None:
        """What the server says of an instance, tenant or service that it does not have."""
        if self.flavour.is_online:
            tenant = address["tenant"] or TENANT_ID
            if tenant.lower() != TENANT_ID or address["environment"].lower() != NAV_ENVIRONMENT:
                body = {"error": {"code": "NoEnvironment", "message": "Environment does not exist."}}
                return Reply(404, body)
            return None
        settings, is_api = self.settings, address["service"] != "ODataV4"
        if address["instance"].lower() != self.flavour.instance.lower():
            return Reply(404, b"", content_type="text/html")
        if not (settings.api_enabled if is_api else settings.odata_enabled):
            return Reply(405, None)
        if is_api and not self.flavour.has_api:
            return refusal(errors.no_resource(request.url))
        if settings.tenant and request.query_params.get("tenant", "").lower() != settings.tenant.lower():
            message = "The specified tenant is not found."
            return Reply(404, {"error": {"code": "Internal_TenantNotFound", "message": message}})
        return None

    async def _limited(self, call: Call, answer: Callable[[Call], Awaitable[Reply]], weight: int) -> Reply:
        try:
            async with self.throttle.place(weight):
                return await answer(call)
        except ApiError as error:
            self.calls.refused += 1
            reply = refusal(error)
            if not self.settings.retry_after:
                return reply
            return Reply(reply.status, reply.body, {"Retry-After": str(self.throttle.retry_after)})

    def _answering(self, call: Call) -> tuple[Callable[[Call], Awaitable[Reply]], int]:
        """Who answers, and as how many calls it counts."""
        if call.path.strip("/") in ("$batch", "%24batch"):
            try:
                return self._batch, max(1, len(batch.operations(call)))
            except ApiError:
                return self._batch, 1
        if re.match(r"subscriptions\b", call.path):
            return self.subscriptions.handle, 1
        return self._single, 1

    async def _single(self, call: Call) -> Reply:
        return self.api.handle(call)

    async def _published(self, call: Call) -> Reply:
        return self.services.handle(call)

    async def _batch(self, call: Call) -> Reply:
        return batch.handle(self.api, call)

    def _supported_resources(self, call: Call) -> Reply:
        segments = call.segments
        if len(segments) != 2 or segments[1][0] != "webhookSupportedResources" or call.method != "GET":
            return refusal(errors.not_found())
        rows = [{"resource": f"v2.0/{name}"} for name in schema.WEBHOOKS]
        wanted = odata.split_query(call.query).get("$filter", "")
        hit = re.fullmatch(r"resource eq '([^'*]*)\*?'", wanted)
        if hit:
            rows = [row for row in rows if row["resource"].startswith(hit[1])]
        return Reply(200, {"@odata.context": f"{call.root}$metadata#{call.path}", "value": rows})

    # --- job queue ---

    def _scheduled(self) -> None:
        if self.settings.job_queue_seconds is not None:
            self._start(self._run_jobs_later(self.settings.job_queue_seconds))

    async def _run_jobs_later(self, seconds: float) -> None:
        company = self.company
        await self.clock.sleep(seconds)
        if company is self.company:
            self.writer.posting.run_jobs()

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
