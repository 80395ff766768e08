"""Cin7's list endpoints: paging, date windows and exact filters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TypeVar

from sandbox.cin7 import purchase_views, sale_views
from sandbox.cin7.common_views import invoice_status
from sandbox.cin7.documents import Order, Purchase, Sale
from sandbox.cin7.http import Request, Routes
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal, date_text, parse_moment

T = TypeVar("T")
AnOrder = TypeVar("AnOrder", bound=Order)


def page(
    tenant: Tenant, request: Request, key: str, found: Iterable[T], row: Callable[[T], object]
) -> JsonObject:
    """The list envelope of one page; only its rows are built."""
    number, limit = _whole(request, "Page", 1), _whole(request, "Limit", 100)
    rows = list(found)
    size = min(limit, tenant.settings.list_limit_cap)
    start = (number - 1) * size
    return {"Total": len(rows), "Page": number, key: [row(one) for one in rows[start : start + size]]}


def moment(request: Request, name: str) -> dt.datetime | None:
    value = request.text(name)
    return parse_moment(value, name) if value else None


def _whole(request: Request, name: str, default: int) -> int:
    value = request.text(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise Refusal(f"'{name}' must be a positive whole number")
    return int(value)


def _window(request: Request, orders: Iterable[AnOrder]) -> Iterable[AnOrder]:
    """Filter by creation and modification; the lower bounds are inclusive here (the vendor does not say)."""
    created, since, until = (
        moment(request, name) for name in ("CreatedSince", "UpdatedSince", "UpdatedUntil")
    )
    for order in orders:
        if (since and order.updated < since) or (until and order.updated > until):
            continue
        if created is None or order.created >= created:
            yield order


def _matching(
    request: Request,
    orders: Iterable[AnOrder],
    filters: dict[str, Callable[[AnOrder], str | None]],
    searched: Callable[[AnOrder], Iterable[str]],
) -> Iterable[AnOrder]:
    """One exact value per filter (a comma list matches nothing), all of them; `Search` is a substring."""
    wanted = [(read, value.lower()) for name, read in filters.items() if (value := request.text(name))]
    search = request.text("Search").lower()
    for order in orders:
        exact = all((read(order) or "").lower() == value for read, value in wanted)
        if exact and (not search or any(search in text.lower() for text in searched(order))):
            yield order


_SALE_FILTERS: dict[str, Callable[[Sale], str | None]] = {
    "QuoteStatus": lambda sale: sale.quote.status,
    "OrderStatus": lambda sale: sale.order.status,
    "CombinedInvoiceStatus": invoice_status,
    "CreditNoteStatus": sale_views.credit_note_status,
    "ExternalID": lambda sale: sale.external_id,
    "Status": sale_views.sale_status,
    "ShipBy": lambda sale: date_text(sale.needed_by),
    "CombinedPickStatus": lambda sale: sale_views.Stages.of(sale).picking,
    "CombinedPackStatus": lambda sale: sale_views.Stages.of(sale).packing,
    "CombinedShippingStatus": lambda sale: sale_views.Stages.of(sale).shipping,
}

_PURCHASE_FILTERS: dict[str, Callable[[Purchase], str | None]] = {
    "OrderStatus": lambda purchase: purchase.order.status,
    "StockReceivedStatus": lambda purchase: (
        purchase.receipts[-1].status if purchase.receipts else "NOT AVAILABLE"
    ),
    "InvoiceStatus": purchase_views.last_invoice_status,
    "CreditNoteStatus": sale_views.credit_note_status,
    "Status": purchase_views.purchase_status,
    "RequiredBy": lambda purchase: date_text(purchase.needed_by),
}


def _searched(order: Order) -> list[str]:
    numbers = [document.number for document in order.documents]
    if isinstance(order, Purchase):
        return [order.number, order.party, purchase_views.purchase_status(order), *numbers]
    return [order.number, order.party, *([order.reference] if isinstance(order, Sale) else []), *numbers]


def _listed(tenant: Tenant, orders: Iterable[AnOrder]) -> Iterable[AnOrder]:
    """Without stand-alone credit notes, unless the switch shows them in every list."""
    both = tenant.settings.standalone_in_lists == "both"
    return (order for order in orders if both or order.type != "Credit Note")


def sale_list(tenant: Tenant, request: Request) -> object:
    sales = _listed(tenant, tenant.state.sales.values())
    found = _matching(request, _window(request, sales), _SALE_FILTERS, _searched)
    return page(tenant, request, "SaleList", found, sale_views.list_row)


def sale_credit_note_list(tenant: Tenant, request: Request) -> object:
    sales = (sale for sale in tenant.state.sales.values() if sale.credit_notes)
    found = _matching(request, _window(request, sales), _SALE_FILTERS, _searched)
    return page(tenant, request, "SaleList", found, lambda sale: sale_views.list_row(sale, credit_notes=True))


def purchase_list(tenant: Tenant, request: Request) -> object:
    """By PO number ascending, whatever the filter (seen in the field)."""
    purchases = _listed(tenant, tenant.state.purchases.values())
    found = _matching(request, _window(request, purchases), _PURCHASE_FILTERS, _searched)
    return page(tenant, request, "PurchaseList", found, purchase_views.list_row)


def purchase_credit_note_list(tenant: Tenant, request: Request) -> object:
    purchases = (purchase for purchase in tenant.state.purchases.values() if purchase.credit_notes)
    found = _matching(request, _window(request, purchases), _PURCHASE_FILTERS, _searched)
    row = purchase_views.list_row
    return page(tenant, request, "PurchaseList", found, lambda purchase: row(purchase, credit_notes=True))


def transactions(tenant: Tenant, request: Request) -> object:
    account = request.text("Account")
    found = (
        entry
        for entry in tenant.state.ledger.between(moment(request, "FromDate"), moment(request, "ToDate"))
        if not account or account in (entry.debit, entry.credit)
    )
    by_order = tenant.settings.transaction_task_id == "order"
    return page(
        tenant,
        request,
        "Transactions",
        found,
        lambda entry: {
            "TaskID": entry.order_id if by_order else entry.task_id,
            "DebitAccountCode": entry.debit,
            "CreditAccountCode": entry.credit,
            "Amount": entry.amount,
            "EffectiveDate": date_text(entry.date),
            "Reference": entry.reference,
            "Transaction": entry.text,
            "Type": entry.type,
        },
    )


ROUTES: Routes = {
    "/salelist": {"GET": sale_list},
    "/salecreditnotelist": {"GET": sale_credit_note_list},
    "/purchaselist": {"GET": purchase_list},
    "/purchasecreditnotelist": {"GET": purchase_credit_note_list},
    "/transactions": {"GET": transactions},
}
