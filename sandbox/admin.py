"""The admin API that both simulators share, under `/_sandbox`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.faults import CallLog, Fault, Faults


class Settings(BaseModel):
    """The switches of one side: flat, typed, unknown names refused."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    def patch(self, changes: dict[str, Any]) -> None:
        """Take over `changes`, all or none; raises pydantic's `ValidationError`."""
        checked = type(self).model_validate({**self.model_dump(), **changes})
        for name in changes:
            setattr(self, name, getattr(checked, name))


class ClockChange(BaseModel):
    """The body of `POST /_sandbox/clock`."""

    model_config = ConfigDict(extra="forbid")

    advance_seconds: float = 0.0
    rate: float | None = Field(default=None, gt=0, le=100_000)
    """Simulated seconds in a real one from now on."""


@dataclasses.dataclass
class Side:
    """One simulator as the admin API sees it."""

    name: str
    clock: Clock
    settings: Settings
    faults: Faults
    calls: CallLog
    reset: Callable[[int], None]
    """Rebuild the state from a seed, restore the settings; the router clears faults, calls and clock."""


def admin_routes(side: Side) -> list[Route]:
    """The routes to mount at the root of the side's app."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "side": side.name, "now": side.clock.now().isoformat()})

    async def reset(request: Request) -> Response:
        body = await _body(request)
        side.clock.restore()
        side.reset(int(body.get("seed", 1)))
        side.faults.clear()
        side.calls.clear()
        return JSONResponse({"status": "ok"})

    async def settings(request: Request) -> Response:
        if request.method == "PATCH":
            try:
                side.settings.patch(await _body(request))
            except ValidationError as error:
                return refused(error)
        return JSONResponse(side.settings.model_dump(mode="json"))

    async def faults(request: Request) -> Response:
        if request.method == "POST":
            try:
                fault = Fault.model_validate(await _body(request))
            except ValidationError as error:
                return refused(error)
            if fault.side not in (None, side.name):
                return JSONResponse({"error": f"this is the {side.name} side"}, status_code=422)
            side.faults.add(fault)
        elif request.method == "DELETE":
            side.faults.clear()
        return JSONResponse({"faults": side.faults.shown()})

    async def calls(request: Request) -> Response:
        if request.method == "DELETE":
            side.calls.clear()
        return JSONResponse(side.calls.shown())

    async def last_calls(request: Request) -> Response:
        count = int(request.query_params.get("n", "20"))
        recent = list(side.calls.last)[-count:] if count > 0 else []
        return JSONResponse({"calls": [dataclasses.asdict(call) for call in recent]})

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            try:
                change = ClockChange.model_validate(await _body(request))
            except ValidationError as error:
                return refused(error)
            if change.rate is not None:
                side.clock.run_at(change.rate)
            side.clock.advance(change.advance_seconds)
        return JSONResponse({"now": side.clock.now().isoformat(), "rate": side.clock.rate})

    return [
        Route("/_sandbox/health", health),
        Route("/_sandbox/reset", reset, methods=["POST"]),
        Route("/_sandbox/settings", settings, methods=["GET", "PATCH"]),
        Route("/_sandbox/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_sandbox/calls", calls, methods=["GET", "DELETE"]),
        Route("/_sandbox/calls/last", last_calls),
        Route("/_sandbox/clock", clock, methods=["GET", "POST"]),
    ]


def refused(error: ValidationError) -> JSONResponse:
    """What is wrong with an admin body, as a 422."""
    return JSONResponse(
        {"error": error.errors(include_url=False, include_input=False, include_context=False)},
        status_code=422,
    )


async def _body(request: Request) -> dict[str, Any]:
    return await request.json() if await request.body() else {}
