"""The Cin7 side's own admin routes: make documents, see the truth, run a trading day, fire an event."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.admin import refused
from sandbox.cin7 import crediting, warehouse
from sandbox.cin7.documents import ZERO, Document, Order, Sale
from sandbox.cin7.events import FRIENDLY_NAMES, payload
from sandbox.cin7.levels import product_rows
from sandbox.cin7.parties import supplier
from sandbox.cin7.purchase_views import advanced_body
from sandbox.cin7.scenario import change, make_order, make_purchase_invoice, make_sale_invoice
from sandbox.cin7.specs import (
    AdjustmentSpec,
    ChangeSpec,
    CountSpec,
    CreditNoteSpec,
    PurchaseInvoiceSpec,
    ReceiveSpec,
    SaleInvoiceSpec,
    ShipmentSpec,
    ShipSpec,
)
from sandbox.cin7.stock_documents import StockTask
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.trading_day import BulkSpec, TradingDaySpec, fill
from sandbox.cin7.wire import Refusal, date_text, loads, stamp_text
from sandbox.world import more_suppliers

if TYPE_CHECKING:
    from sandbox.cin7.app import Cin7

_Endpoint = Callable[[Request], Awaitable[Response]]


def cin7_admin_routes(cin7: Cin7) -> list[Route]:
    async def sale_invoice(request: Request) -> Response:
        spec = SaleInvoiceSpec.model_validate(await _body(request))
        return JSONResponse(_made(*make_sale_invoice(cin7.tenant, spec)))

    async def purchase_invoice(request: Request) -> Response:
        spec = PurchaseInvoiceSpec.model_validate(await _body(request))
        return JSONResponse(_made(*make_purchase_invoice(cin7.tenant, spec)))

    async def act(request: Request) -> Response:
        spec = ChangeSpec.model_validate(await _body(request))
        order, document = change(
            cin7.tenant, request.path_params["task_id"], request.path_params["action"], spec
        )
        return JSONResponse(_made(order, document))

    async def credit_note(request: Request) -> Response:
        spec = CreditNoteSpec.model_validate(await _body(request))
        return JSONResponse(_made(*crediting.stand_alone(cin7.tenant, spec)))

    async def sale_order(request: Request) -> Response:
        order = make_order(cin7.tenant, SaleInvoiceSpec.model_validate(await _body(request)))
        return JSONResponse({"order_id": order.id, "order_number": order.number})

    async def purchase_order(request: Request) -> Response:
        order = make_order(cin7.tenant, PurchaseInvoiceSpec.model_validate(await _body(request)))
        return JSONResponse({"order_id": order.id, "order_number": order.number})

    async def move_sale(request: Request) -> Response:
        order_id, body = request.path_params["order_id"], await _body(request)
        match request.path_params["action"]:
            case "ship":
                moved = warehouse.ship(cin7.tenant, order_id, ShipSpec.model_validate(body))
            case "undo-shipment":
                moved = warehouse.undo_shipment(cin7.tenant, order_id, ShipmentSpec.model_validate(body))
            case "cost-change":
                moved = warehouse.change_cost(cin7.tenant, order_id, ShipmentSpec.model_validate(body))
            case "raw":
                return _overlaid(cin7.tenant, cin7.tenant.sale(order_id), None, body)
            case action:
                raise Refusal(f"no action '{action}': ship, undo-shipment, cost-change, raw", status=404)
        sale, fulfilment = moved
        return JSONResponse(
            {
                "order_id": sale.id,
                "task_id": fulfilment.task_id,
                "number": fulfilment.number,
                "type": sale.shown_type,
                "shipped": fulfilment.shipped,
                "date": date_text(fulfilment.date),
                "cost": str(
                    sum((one.cost for one in sale.movements if one.task_id == fulfilment.task_id), ZERO)
                ),
            }
        )

    async def move_purchase(request: Request) -> Response:
        order_id, body = request.path_params["order_id"], await _body(request)
        match request.path_params["action"]:
            case "receive":
                spec = ReceiveSpec.model_validate(body)
                purchase, receipt = warehouse.receive(cin7.tenant, order_id, spec)
            case "undo-receipt":
                undone = ShipmentSpec.model_validate(body)
                purchase, receipt = warehouse.undo_receipt(cin7.tenant, order_id, undone)
            case "raw":
                return _overlaid(cin7.tenant, cin7.tenant.purchase(order_id), None, body)
            case action:
                raise Refusal(f"no action '{action}': receive, undo-receipt, raw", status=404)
        return JSONResponse(
            {
                "order_id": purchase.id,
                "task_id": receipt.task_id,
                "group": receipt.group,
                "type": purchase.shown_type,
                "lines": [{"sku": one.product.sku, "quantity": str(one.quantity)} for one in receipt.lines],
            }
        )

    async def stock_adjustment(request: Request) -> Response:
        task = warehouse.adjust(cin7.tenant, AdjustmentSpec.model_validate(await _body(request)))
        return JSONResponse(_counted(task))

    async def stock_take(request: Request) -> Response:
        task = warehouse.count(cin7.tenant, CountSpec.model_validate(await _body(request)))
        return JSONResponse(_counted(task))

    async def levels_(request: Request) -> Response:
        """What every place holds: product, warehouse, bin, pieces."""
        rows = [
            row
            for product in cin7.tenant.world.products
            if product.type == "Stock"
            for row in product_rows(cin7.tenant, product)
        ]
        names = ("SKU", "Location", "Bin", "OnHand", "InTransit")
        return JSONResponse({"levels": [{name: _plain(row[name]) for name in names} for row in rows]})

    async def raw(request: Request) -> Response:
        order, document = cin7.tenant.document(request.path_params["task_id"])
        return _overlaid(cin7.tenant, order, document, await _body(request))

    async def truth_(request: Request) -> Response:
        return JSONResponse({"invoices": truth(cin7.tenant)})

    async def trading_day(request: Request) -> Response:
        if request.method == "POST":
            spec = TradingDaySpec.model_validate(await _body(request))
            if cin7.trading_day.state == "running":
                return JSONResponse({"error": "a trading day is running"}, 409)
            cin7.trading_day.start(cin7.tenant, spec)
        return JSONResponse(cin7.trading_day.shown())

    async def bulk(request: Request) -> Response:
        spec = BulkSpec.model_validate(await _body(request))
        return JSONResponse({"authorised": await fill(cin7.tenant, spec)})

    async def suppliers(request: Request) -> Response:
        """Suppliers beyond the seeded ones, unannounced; the NAV side has the same call for their cards."""
        tenant = cin7.tenant
        found = more_suppliers(tenant.world, int((await _body(request))["count"]))
        made = {party.id: supplier(tenant.world, party, tenant.born) for party in found}
        tenant.state.suppliers.update(made)
        return JSONResponse({"suppliers": len(made)})

    async def fire(request: Request) -> Response:
        body = await _body(request)
        event = str(body.get("type"))
        if event not in FRIENDLY_NAMES:
            raise Refusal(f"no webhook type '{event}'")
        message = body["payload"] if "payload" in body else _payload(cin7.tenant, event, body)
        return JSONResponse({"sent": cin7.webhooks.send(event, message, now=True)})

    async def webhooks(request: Request) -> Response:
        hooks = cin7.webhooks
        counts = {"pending": hooks.pending, "delivered": hooks.delivered, "failed": hooks.failed}
        inactive = [hook.type for hook in hooks.hooks.values() if not hook.is_active]
        return JSONResponse({**counts, "registered": len(hooks.hooks), "inactive": inactive})

    post = ["POST"]
    return [
        Route("/_sandbox/sale-invoice", _guarded(sale_invoice), methods=post),
        Route("/_sandbox/purchase-invoice", _guarded(purchase_invoice), methods=post),
        Route("/_sandbox/sale-order", _guarded(sale_order), methods=post),
        Route("/_sandbox/purchase-order", _guarded(purchase_order), methods=post),
        Route("/_sandbox/credit-note", _guarded(credit_note), methods=post),
        Route("/_sandbox/stock-adjustment", _guarded(stock_adjustment), methods=post),
        Route("/_sandbox/stock-take", _guarded(stock_take), methods=post),
        Route("/_sandbox/levels", levels_),
        Route("/_sandbox/sale/{order_id}/{action}", _guarded(move_sale), methods=post),
        Route("/_sandbox/purchase/{order_id}/{action}", _guarded(move_purchase), methods=post),
        Route("/_sandbox/invoice/{task_id}/raw", _guarded(raw), methods=post),
        Route("/_sandbox/invoice/{task_id}/{action}", _guarded(act), methods=post),
        Route("/_sandbox/truth", truth_),
        Route("/_sandbox/trading-day", _guarded(trading_day), methods=["GET", "POST"]),
        Route("/_sandbox/bulk", _guarded(bulk), methods=post),
        Route("/_sandbox/more-suppliers", _guarded(suppliers), methods=post),
        Route("/_sandbox/fire", _guarded(fire), methods=post),
        Route("/_sandbox/webhooks", webhooks),
    ]


def _counted(task: StockTask) -> dict[str, Any]:
    amount = sum((entry.amount for entry in task.entries), ZERO)
    return {"task_id": task.task_id, "number": task.number, "status": task.status, "amount": str(amount)}


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal | int) else value


def truth(tenant: Tenant) -> list[dict[str, Any]]:
    """Every invoice and credit note as it stands; decimals as strings."""
    orders: list[Order] = [*tenant.state.sales.values(), *tenant.state.purchases.values()]
    return [_facts(order, document) for order in orders for document in order.documents]


def _facts(order: Order, document: Document) -> dict[str, Any]:
    net: dict[str, Any] = {}
    tax: dict[str, Any] = {}
    for row in document.rows:
        amount = row.total - row.tax if order.inclusive else row.total
        net[row.account] = net.get(row.account, ZERO) + amount
        tax[row.tax_rule] = tax.get(row.tax_rule, ZERO) + row.tax
    side = "sale" if isinstance(order, Sale) else "purchase"
    return {
        "order_id": order.id,
        "task_id": document.task_id,
        "kind": f"{side}_{document.kind}",
        "number": document.number,
        "order_number": order.number,
        "credits": document.invoice_number or None,
        "type": order.type,
        "status": document.status,
        "date": document.date.isoformat(),
        "authorised_at": stamp_text(document.authorised_at) if document.authorised_at else None,
        "party": order.party,
        "party_id": order.party_id,
        "location": order.location,
        "inclusive": order.inclusive,
        "currency": order.currency,
        "rate": str(document.rate),
        "total_before_tax": str(document.totals.before_tax),
        "tax": str(document.totals.tax),
        "total": str(document.totals.total),
        "net": {account: str(amount) for account, amount in net.items()},
        "tax_by_rule": {rule: str(amount) for rule, amount in tax.items()},
    }


def _overlaid(tenant: Tenant, order: Order, document: Document | None, body: dict[str, Any]) -> Response:
    """Lay fields over what the API sends of a document, or of its order."""
    (order if document is None else document).raw.update(body)
    tenant.touch(order)
    return JSONResponse({"order_id": order.id, "overlaid": list(body)})


def _made(order: Order, document: Document) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "task_id": document.task_id,
        "number": document.number,
        "order_number": order.number,
        "status": document.status,
        "date": date_text(document.date),
        "total_before_tax": str(document.totals.before_tax),
        "tax": str(document.totals.tax),
        "total": str(document.totals.total),
    }


def _payload(tenant: Tenant, event: str, body: dict[str, Any]) -> object:
    """The payload that a real change of `order_id` (and `task_id`) would have."""
    order_id, task_id = str(body.get("order_id") or ""), str(body.get("task_id") or "")
    order: Order = tenant.sale(order_id) if event.startswith("Sale/") else tenant.purchase(order_id)
    kind = "credit_note" if "CreditNote" in event else "invoice"
    documents = [one for one in order.documents if one.kind == kind and task_id in ("", one.task_id)]
    document = documents[-1] if documents and event.count("Authorised") and "Order" not in event else None
    return payload(
        event, order, document, None, tenant.settings, lambda one: advanced_body(one, combine=False)
    )


def _guarded(endpoint: _Endpoint) -> _Endpoint:
    """Refusals become JSON errors with their status; a malformed body a 422."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValidationError as error:
            return refused(error)
        except Refusal as refusal:
            return JSONResponse({"error": list(refusal.texts)}, refusal.status)

    return guarded


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    body: dict[str, Any] = loads(raw) if raw else {}
    return body
