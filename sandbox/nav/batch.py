"""`$batch`: several requests in one, each for itself or all in one transaction."""

from __future__ import annotations

from typing import Any

from sandbox.nav import errors
from sandbox.nav.api import Api
from sandbox.nav.calls import Call, Reply, refusal
from sandbox.nav.errors import ApiError
from sandbox.nav.wire import dumps

LIMIT = 100


class _Reverted(Exception):
    """A part of a snapshot batch failed: take everything back."""


def operations(call: Call) -> list[dict[str, Any]]:
    """The requests in an envelope. Raises 400 for a malformed one, 500 for more than `LIMIT`."""
    requests = call.json().get("requests")
    if not isinstance(requests, list) or not all(isinstance(one, dict) for one in requests):
        raise errors.bad_request(
            "The batch request must have a property 'requests' with an array of requests."
        )
    if len(requests) > LIMIT:
        raise errors.ApiError(
            500,
            "Internal_ServerError",
            f"The current batch message contains too many parts. A maximum number of '{LIMIT}' query "
            "operations and/or change sets are allowed in a batch message.",
        )
    return requests


def handle(api: Api, call: Call) -> Reply:
    """Answer a `$batch`."""
    if call.method != "POST":
        return refusal(errors.method_not_allowed("$batch", call.method))
    try:
        requests = operations(call)
    except ApiError as error:
        return refusal(error)
    if call.headers.get("isolation", "").lower() == "snapshot":
        return _envelope(_snapshot(api, call, requests))
    responses = []
    for request in requests:
        responses.append(_answer(api, call, request))
        if responses[-1]["status"] >= 400 and not call.prefers("odata.continue-on-error"):
            break
    return _envelope(responses)


def _snapshot(api: Api, call: Call, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All or nothing, but for what a posting committed. What was taken back is still reported as done."""
    responses: list[dict[str, Any]] = []
    try:
        with api.company.undo.transaction():
            for request in requests:
                responses.append(_answer(api, call, request))
                if responses[0]["status"] >= 400:
                    raise _Reverted
            if any(response["status"] >= 400 for response in responses):
                raise _Reverted
    except _Reverted:
        pass
    return responses


def _answer(api: Api, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    reply = api.handle(_part(call, request))
    response = {
        "id": request.get("id"),
        "status": reply.status,
        "headers": {"content-type": reply.content_type, "odata-version": "4.0", **reply.headers},
    }
    if reply.body is not None:
        body = reply.body
        response["body"] = body.decode() if isinstance(body, bytes) else body
    return response


def _part(call: Call, request: dict[str, Any]) -> Call:
    url = str(request.get("url", "")).removeprefix(call.root).lstrip("/")
    path, _, query = url.partition("?")
    headers = request.get("headers")
    own = (
        {str(name).lower(): str(value) for name, value in headers.items()}
        if isinstance(headers, dict)
        else {}
    )
    content = dumps(request["body"]) if request.get("body") is not None else b""
    return Call(str(request.get("method", "GET")).upper(), call.root, path, query, own, content)


def _envelope(responses: list[dict[str, Any]]) -> Reply:
    return Reply(200, {"responses": responses}, content_type="application/json")
