"""The NAV simulator as an ASGI app."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from sandbox.admin import Side, admin_routes
from sandbox.clock import Clock
from sandbox.faults import Faults, Sandboxed
from sandbox.nav.admin import nav_admin_routes
from sandbox.nav.flavours import ONLINE, Flavour
from sandbox.nav.nav import Nav
from sandbox.world import World

_VERBS = ["GET", "POST", "PATCH", "DELETE", "PUT"]


def create_app(world: World, clock: Clock, state_dir: Path, flavour: Flavour = ONLINE) -> Starlette:
    """NAV's services, and online Entra; `state_dir` is for what must lie in a file."""
    nav = Nav(world, clock, flavour, state_dir)
    side = Side("nav", clock, nav.settings, Faults(), nav.calls, nav.reset)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await nav.stop()

    return Starlette(
        routes=[
            *admin_routes(side),
            *nav_admin_routes(nav),
            Route("/{tenant}/oauth2/v2.0/token", nav.token, methods=["POST"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", nav.discovery),
            Route("/{path:path}", nav.serve, methods=_VERBS),
        ],
        middleware=[
            Middleware(
                Sandboxed,
                faults=side.faults,
                calls=side.calls,
                route=route_of,
                key=lambda headers: headers.get("authorization", "")[:6],
                preserve=lambda: nav.company.undo.hold(),
            )
        ],
        lifespan=lifespan,
    )


def route_of(path: str) -> str:
    """A path for the call log: without host part, company and keys, e.g. `journals()/Microsoft.NAV.post`."""
    inner = re.sub(r"^/.*?/(api/v2\.0|ODataV4)/", "", path)
    inner = re.sub(r"\([^)]*\)", "()", inner)
    return inner.removeprefix("companies()/").removeprefix("Company()/")
