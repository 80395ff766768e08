"""The Cin7 simulator as an ASGI app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from sandbox.admin import Side, admin_routes
from sandbox.cin7 import lists, party_routes, purchase_routes, reference, sale_routes, stock_routes
from sandbox.cin7.admin import cin7_admin_routes
from sandbox.cin7.http import FrontEnd, Handler, Request, Routes, route_of
from sandbox.cin7.settings import Cin7Settings
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.trading_day import TradingDay
from sandbox.cin7.webhooks import Webhooks
from sandbox.clock import Clock
from sandbox.faults import CallLog, Faults, Sandboxed
from sandbox.world import World, build_world


class Cin7:
    """One simulated Cin7 account with everything around it; `reset` starts it anew."""

    def __init__(self, world: World, clock: Clock, receiver: str | None) -> None:
        self.clock = clock
        self.settings = Cin7Settings()
        self.calls = CallLog()
        self._receiver = receiver
        self._leaving: set[asyncio.Task[None]] = set()
        self._begin(world)
        self.front_end = FrontEnd(lambda: self.tenant, self.settings, self._routes(), self._refused)

    def _begin(self, world: World) -> None:
        self.tenant = Tenant(world, self.clock, self.settings)
        self.webhooks = Webhooks(self.tenant, self._receiver)
        self.trading_day = TradingDay()

    def reset(self, seed: int) -> None:
        """The seeded state again: no documents, default settings, a full call budget."""
        self.trading_day.stop()
        task = asyncio.get_running_loop().create_task(self.webhooks.stop())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        self.settings.patch(Cin7Settings().model_dump())
        self.front_end.limit.clear()
        self._begin(build_world(seed))

    async def stop(self) -> None:
        self.trading_day.stop()
        await self.webhooks.stop()

    def _refused(self) -> None:
        self.calls.refused += 1

    def _routes(self) -> Routes:
        return {
            **reference.ROUTES,
            **lists.ROUTES,
            **party_routes.ROUTES,
            **sale_routes.ROUTES,
            **purchase_routes.ROUTES,
            **stock_routes.ROUTES,
            "/webhooks": {method: self._webhooks(method) for method in ("GET", "POST", "PUT", "DELETE")},
        }

    def _webhooks(self, method: str) -> Handler:
        def handle(tenant: Tenant, request: Request) -> object:
            return self.webhooks.routes()[method](tenant, request)

        return handle


def create_app(world: World, clock: Clock, state_dir: Path, receiver: str | None = None) -> Starlette:
    """The app for one listener. It keeps nothing in `state_dir`.

    With `receiver` (a base URL), webhooks for all simulated sale and purchase types are registered to
    `<receiver>/cin7/<Type>` with the bearer secret of the seeded company.
    """
    cin7 = Cin7(world, clock, receiver)
    side = Side("cin7", clock, cin7.settings, Faults(), cin7.calls, cin7.reset)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await cin7.stop()

    verbs = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    return Starlette(
        routes=[
            *admin_routes(side),
            *cin7_admin_routes(cin7),
            Route("/{path:path}", cin7.front_end.__call__, methods=verbs),
        ],
        middleware=[
            Middleware(
                Sandboxed,
                faults=side.faults,
                calls=side.calls,
                route=route_of,
                key=lambda headers: headers.get("api-auth-applicationkey", ""),
                preserve=lambda: cin7.tenant.preserve(),
            )
        ],
        lifespan=lifespan,
    )
