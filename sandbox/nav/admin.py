"""The admin calls that only the NAV side has, under `/_sandbox`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.admin import refused
from sandbox.nav.entities import Row
from sandbox.nav.errors import ApiError
from sandbox.nav.invoices import HandKeyed, key_in
from sandbox.nav.nav import Nav
from sandbox.nav.wire import dumps, loads


class BatchName(BaseModel):
    """A journal batch by its names."""

    model_config = ConfigDict(extra="forbid")

    template: str
    batch: str


def nav_admin_routes(nav: Nav) -> list[Route]:
    """The routes to mount beside the shared ones."""

    async def expire_tokens(request: Request) -> Response:
        return JSONResponse({"expired": nav.entra.expire_all()})

    async def run_job_queue(request: Request) -> Response:
        results = nav.writer.posting.run_jobs()
        return JSONResponse(
            {
                "posted": [one.document for one in results if not one.error],
                "errors": [{"document": one.document, "message": one.error} for one in results if one.error],
            }
        )

    async def request_approval(request: Request) -> Response:
        batch = _batch(nav, BatchName.model_validate(await _body(request)))
        nav.company.tables["journals"].change(batch, _approval="pending")
        return JSONResponse({"status": "pending"})

    async def approve(request: Request) -> Response:
        batch = _batch(nav, BatchName.model_validate(await _body(request)))
        documents = {line["documentNumber"] for line in nav.writer.batches.lines(batch) if line["amount"]}
        nav.writer.posting.approve(batch)
        return JSONResponse({"posted": sorted(documents)})

    async def post_item_journal(request: Request) -> Response:
        name = BatchName.model_validate(await _body(request))
        return JSONResponse(
            {"posted": nav.writer.item_posting.post(name.template.upper(), name.batch.upper())}
        )

    async def approvals(request: Request) -> Response:
        return JSONResponse(
            {
                "batches": [
                    {
                        "template": row["templateDisplayName"],
                        "batch": row["code"],
                        "approval": row["_approval"],
                        "lines": len(nav.writer.batches.lines(row)),
                    }
                    for row in nav.company.tables["journals"].rows.values()
                ]
            }
        )

    async def sums(request: Request) -> Response:
        found: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for row in nav.company.ledger.rows.values():
            found[row["documentNumber"]][0] += row["debitAmount"]
            found[row["documentNumber"]][1] += row["creditAmount"]
        documents = {
            number: {"debit": str(debit), "credit": str(credit)} for number, (debit, credit) in found.items()
        }
        unbalanced = [number for number, (debit, credit) in found.items() if debit != credit]
        return JSONResponse({"balanced": not unbalanced, "unbalanced": unbalanced, "documents": documents})

    def invoice(kind: Literal["purchase", "sales"]) -> Callable[[Request], Awaitable[Response]]:
        async def keyed(request: Request) -> Response:
            row = key_in(
                nav.company, nav.writer.posting, kind, HandKeyed.model_validate(await _body(request))
            )
            shown = {"id": row["id"], "number": row["number"], "total": str(row["totalAmountIncludingTax"])}
            return JSONResponse(shown)

        return keyed

    return [
        Route("/_sandbox/expire-tokens", expire_tokens, methods=["POST"]),
        Route("/_sandbox/run-job-queue", run_job_queue, methods=["POST"]),
        Route("/_sandbox/request-approval", _checked(request_approval), methods=["POST"]),
        Route("/_sandbox/approve", _checked(approve), methods=["POST"]),
        Route("/_sandbox/post-item-journal", _checked(post_item_journal), methods=["POST"]),
        Route("/_sandbox/approvals", approvals),
        Route("/_sandbox/sums", sums),
        Route("/_sandbox/purchase-invoice", _checked(invoice("purchase")), methods=["POST"]),
        Route("/_sandbox/sales-invoice", _checked(invoice("sales")), methods=["POST"]),
    ]


def _checked(
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Wrong bodies as 422, what NAV itself refuses as 409."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except ValidationError as error:
            return refused(error)
        except ApiError as error:
            return Response(dumps({"error": error.message}), 409, media_type="application/json")

    return handle


def _batch(nav: Nav, name: BatchName) -> Row:
    batch = nav.writer.batches.named(name.template.upper(), name.batch.upper())
    if batch is None:
        raise ApiError(404, "", f"there is no batch {name.template} {name.batch}")
    return batch


async def _body(request: Request) -> dict[str, Any]:
    body = await request.body()
    parsed: dict[str, Any] = loads(body) if body else {}
    return parsed
