"""`/stockadjustment`, `/stocktake`, `/stockTransfer` and their lists."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal, TypeVar

from sandbox.cin7 import levels
from sandbox.cin7.bodies import find_product, required, rows
from sandbox.cin7.common_views import PRODUCT_EXTRAS
from sandbox.cin7.http import Request, Routes
from sandbox.cin7.lists import page
from sandbox.cin7.stock_documents import (
    CountedLine,
    StockTask,
    Transfer,
    arrive,
    complete,
    counted,
    depart,
    new_task,
    withdraw,
    withdraw_transfer,
)
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import (
    JsonObject,
    Refusal,
    date_text,
    parse_date,
    parse_decimal,
    stamp_text,
)
from sandbox.world import Product

T = TypeVar("T", StockTask, Transfer)
Kind = Literal["adjustment", "take"]
DEFAULT_ACCOUNT = "310"


# ---- lists: no date filter, no search but that of transfers


def adjustment_list(tenant: Tenant, request: Request) -> object:
    found = _listed(tenant, request, _tasks(tenant, "adjustment"))
    return page(tenant, request, "StockAdjustmentList", found, _task_row)


def take_list(tenant: Tenant, request: Request) -> object:
    """The key of its rows is that of the adjustments, as in the API portal's sample."""
    found = _listed(tenant, request, _tasks(tenant, "take"))
    return page(
        tenant,
        request,
        "StockAdjustmentList",
        found,
        lambda task: {
            **_task_row(task),
            "LocationID": task.place_id,
            "Location": task.place,
            **dict.fromkeys(("Tags", "PickZones", "StockLocators", "Categories", "Brands", "Bins"), ""),
            "CreatedDate": stamp_text(task.created),
            "LastUpdatedDate": stamp_text(task.updated),
            "LastUpdatedBy": "Warehouse",
        },
    )


def transfer_list(tenant: Tenant, request: Request) -> object:
    search = request.text("Search").lower()
    transfers = (
        one
        for one in tenant.state.transfers.values()
        if any(search in text.lower() for text in (one.number, one.reference, one.from_place, one.to_place))
    )
    found = _listed(tenant, request, transfers)
    return page(tenant, request, "StockTransferList", found, _transfer_row)


def _tasks(tenant: Tenant, kind: Kind) -> Iterable[StockTask]:
    return (one for one in tenant.state.stock_tasks.values() if one.kind == kind)


def _listed(tenant: Tenant, request: Request, documents: Iterable[T]) -> list[T]:
    status = request.text("Status").upper()
    found = [one for one in documents if status in ("", one.status)]
    return found[::-1] if tenant.settings.stock_list_order == "newest_first" else found


def _task_row(task: StockTask) -> JsonObject:
    return {
        "TaskID": task.task_id,
        "EffectiveDate": date_text(task.date),
        "StocktakeNumber": task.number,
        "Status": task.status,
        "Account": task.account,
        "Reference": task.reference,
    }


def _transfer_row(transfer: Transfer) -> JsonObject:
    return {
        "TaskID": transfer.task_id,
        "From": transfer.from_id,
        "FromLocation": transfer.from_place,
        "To": transfer.to_id,
        "ToLocation": transfer.to_place,
        "Status": transfer.status,
        "Number": transfer.number,
        "CompletionDate": date_text(transfer.completed_on),
        "DepartureDate": date_text(transfer.departed_on),
        "InTransitAccount": transfer.in_transit_account or None,
        "CostDistributionType": "Cost",
        "Reference": transfer.reference,
        "LastModifiedOn": stamp_text(transfer.updated),
    }


# ---- adjustments


def get_adjustment(tenant: Tenant, request: Request) -> object:
    return _adjustment(_task(tenant, request.required("TaskID"), "adjustment"))


def post_adjustment(tenant: Tenant, request: Request) -> object:
    body = request.body
    required(body, "EffectiveDate", "Status")
    return _adjustment(_write_adjustment(tenant, None, body))


def put_adjustment(tenant: Tenant, request: Request) -> object:
    body = request.body
    required(body, "TaskID", "EffectiveDate", "Status")
    task = _task(tenant, str(body["TaskID"]), "adjustment")
    if task.status != "DRAFT":
        raise Refusal(f"Document with status {task.status} cannot be modified")
    return _adjustment(_write_adjustment(tenant, task, body))


def _write_adjustment(tenant: Tenant, task: StockTask | None, body: JsonObject) -> StockTask:
    status = str(body["Status"]).strip().upper()
    if status not in ("DRAFT", "COMPLETED"):
        raise Refusal("'Status' is invalid. Possible values: DRAFT, COMPLETED")
    if not rows(body, "Lines"):
        raise Refusal("'Lines' collection cannot be empty")
    lines = [_adjusted(tenant, row) for row in rows(body, "Lines")]
    day = parse_date(body["EffectiveDate"], "EffectiveDate") or tenant.clock.today()
    if status == "COMPLETED":
        tenant.refuse_locked(day)
    account = str(body.get("Account") or DEFAULT_ACCOUNT)
    reference = str(body.get("Reference") or "")
    if task is None:
        task = new_task(tenant, "adjustment", day=day, account=account, reference=reference)
    task.date, task.account, task.reference, task.lines = day, account, reference, lines
    if status == "COMPLETED":
        complete(tenant, task)
    return task


def _adjusted(tenant: Tenant, row: JsonObject) -> CountedLine:
    """`Quantity` is the new level. Nothing is allocated here, so that on hand and available are the same and
    `UpdateOnHand` makes no difference."""
    product = _stocked(tenant, row)
    place = levels.find_place(
        tenant, str(row.get("Location") or ""), str(row.get("LocationID") or "").lower()
    )
    required(row, "Quantity", "UnitCost")
    target = parse_decimal(row["Quantity"], "Quantity")
    if target < 0:
        raise Refusal("'Quantity' cannot be negative")
    line = counted(
        tenant,
        product,
        place,
        target,
        parse_decimal(row["UnitCost"], "UnitCost"),
        comments=str(row.get("Comments") or ""),
        batch=row.get("BatchSN"),
    )
    if not line.change:
        raise Refusal(f"Quantity of product '{product.sku}' is not changed by the adjustment")
    return line


def delete_adjustment(tenant: Tenant, request: Request) -> object:
    task = _task(tenant, request.required("ID"), "adjustment")
    withdraw(tenant, task, void=request.flag("Void"))
    return _adjustment(task)


def _adjustment(task: StockTask) -> JsonObject:
    return {
        **_task_row(task),
        "ExistingStockLines": [_existing(line) for line in task.lines if line.is_existing],
        "NewStockLines": [_new(task, line) for line in task.lines if not line.is_existing],
        "Transactions": _transactions(task),
    }


def _existing(line: CountedLine) -> JsonObject:
    return {
        "ProductID": line.product.id,
        "SKU": line.product.sku,
        "ProductName": line.product.name,
        "QuantityOnHand": line.before,
        "Available": line.before,
        "Adjustment": line.target,
        **_place(line),
        "Comments": line.comments,
        **PRODUCT_EXTRAS,
    }


def _new(task: StockTask, line: CountedLine) -> JsonObject:
    return {
        "ProductID": line.product.id,
        "SKU": line.product.sku,
        "ProductName": line.product.name,
        "Quantity": line.target,
        "UnitCost": line.unit_cost,
        **_place(line),
        "ReceivedDate": date_text(task.date),
        "Comments": line.comments,
        **PRODUCT_EXTRAS,
    }


def _place(line: CountedLine) -> JsonObject:
    return {
        "LocationID": line.place_id,
        "Location": line.place,
        "BatchSN": line.batch,
        "ExpiryDate": None,
    }


def _transactions(task: StockTask) -> list[JsonObject]:
    return [
        {
            "ID": entry.id,
            "Debit": f"{entry.debit}: Inventory",
            "Credit": f"{entry.credit}: Cost of goods",
            "Amount": entry.amount,
            "EffectiveDate": date_text(entry.date),
        }
        for entry in task.entries
    ]


# ---- stock takes


def get_take(tenant: Tenant, request: Request) -> object:
    return _take(_task(tenant, request.required("TaskID"), "take"))


def post_take(tenant: Tenant, request: Request) -> object:
    """In progress at once, with a line for everything that the warehouse and its bins hold."""
    body = request.body
    required(body, "EffectiveDate", "Account")
    place = _place_of(tenant, body, "Location", "LocationID")
    day = parse_date(body["EffectiveDate"], "EffectiveDate") or tenant.clock.today()
    task = new_task(
        tenant,
        "take",
        day=day,
        account=str(body["Account"]),
        reference=str(body.get("Reference") or ""),
        place=place[0],
        place_id=place[1],
    )
    task.status = "IN PROGRESS"
    held = next((one for one in tenant.world.locations if one.id == task.place_id), None)
    places = [place, *((f"{place[0]}: {one.name}", one.id) for one in (held.bins if held else ()))]
    for product in tenant.world.products:
        for name, place_id in places:
            if quantity := levels.on_hand(tenant, product, place_id):
                task.lines.append(counted(tenant, product, (name, place_id), quantity))
    return _take(task)


def put_take(tenant: Tenant, request: Request) -> object:
    """New values for lines found by product and place; `COMPLETED` makes them the levels."""
    body = request.body
    required(body, "TaskID", "Status")
    task = _task(tenant, str(body["TaskID"]), "take")
    if task.status not in ("DRAFT", "IN PROGRESS"):
        raise Refusal(f"Document with status {task.status} cannot be modified")
    for row in rows(body, "NonZeroStockOnHandProducts"):
        _line_of(tenant, task, row).target = parse_decimal(row.get("Adjustment"), "Adjustment")
    for row in rows(body, "ZeroStockOnHandProducts"):
        product = _stocked(tenant, row)
        quantity = parse_decimal(row.get("Quantity"), "Quantity")
        cost = parse_decimal(row.get("UnitCost"), "UnitCost", product.cost)
        place = _place_of(tenant, row, "Location", "LocationID")
        task.lines.append(counted(tenant, product, place, quantity, cost))
    if str(body["Status"]).strip().upper() == "COMPLETED":
        complete(tenant, task)
    return _take(task)


def _line_of(tenant: Tenant, task: StockTask, row: JsonObject) -> CountedLine:
    product, place_id = _stocked(tenant, row), str(row.get("LocationID") or task.place_id).lower()
    for line in task.lines:
        if (line.product.id, line.place_id) == (product.id, place_id):
            return line
    raise Refusal(f"Product '{product.sku}' was not found in the lines of the stock take")


def delete_take(tenant: Tenant, request: Request) -> object:
    task = _task(tenant, request.required("ID"), "take")
    withdraw(tenant, task, void=request.flag("Void"))
    return _take(task)


def _take(task: StockTask) -> JsonObject:
    filters: dict[str, list[Any]] = {
        name: [] for name in ("Tags", "PickZones", "StockLocators", "Categories", "Brands", "Bins")
    }
    more = {"Image": None, "Barcode": None, "StockLocator": "", "Unit": "Item"}
    return {
        **_task_row(task),
        "LocationID": task.place_id,
        "Location": task.place,
        **filters,
        "NonZeroStockOnHandProducts": [
            {**_existing(line), **more, "CostingMethod": "FIFO"} for line in task.lines if line.is_existing
        ],
        "ZeroStockOnHandProducts": [
            {**_new(task, line), **more} for line in task.lines if not line.is_existing
        ],
        "Transactions": _transactions(task),
        "UseRelativeQuantity": False,
    }


# ---- transfers


def get_transfer(tenant: Tenant, request: Request) -> object:
    return _transfer(tenant, _found_transfer(tenant, request.required("TaskID")))


def post_transfer(tenant: Tenant, request: Request) -> object:
    return _transfer(tenant, _write_transfer(tenant, None, request.body))


def put_transfer(tenant: Tenant, request: Request) -> object:
    """The whole document again. What is on its way keeps its quantities: other ones are ignored, with a 200
    (seen in the field)."""
    required(request.body, "TaskID")
    transfer = _found_transfer(tenant, str(request.body["TaskID"]))
    if transfer.status not in ("DRAFT", "IN TRANSIT"):
        raise Refusal(f"Document with status {transfer.status} cannot be modified")
    return _transfer(tenant, _write_transfer(tenant, transfer, request.body))


def _write_transfer(tenant: Tenant, transfer: Transfer | None, body: JsonObject) -> Transfer:
    required(body, "Status", "CompletionDate")
    status = str(body["Status"]).strip().upper()
    if status not in ("DRAFT", "IN TRANSIT", "COMPLETED"):
        raise Refusal("'Status' is invalid. Possible values: DRAFT, IN TRANSIT, COMPLETED")
    if status == "IN TRANSIT":
        required(body, "InTransitAccount", "DepartureDate")
    come = _place_of(tenant, body, "FromLocation", "From")
    go = _place_of(tenant, body, "ToLocation", "To")
    if come == go:
        raise Refusal("'To' must differ from 'From'")
    lines = [(_stocked(tenant, row), _transferred(row)) for row in rows(body, "Lines")]
    if not lines:
        raise Refusal("'Lines' collection cannot be empty")
    completed = parse_date(body["CompletionDate"], "CompletionDate") or tenant.clock.today()
    tenant.refuse_locked(completed)
    if transfer is None:
        task_id, number = tenant.new_id("stock transfer"), tenant.next_number("TR")
        transfer = Transfer(task_id, number, *come, *go, completed, None, "", "", tenant.clock.now())
        tenant.state.transfers[task_id] = transfer
    if transfer.status == "DRAFT":
        transfer.from_place, transfer.from_id = come
        transfer.to_place, transfer.to_id = go
        transfer.lines = lines
        transfer.departed_on = parse_date(body.get("DepartureDate"), "DepartureDate")
    transfer.completed_on = completed
    transfer.in_transit_account = str(body.get("InTransitAccount") or "")
    transfer.reference = str(body.get("Reference") or "")
    transfer.updated = tenant.clock.now()
    if status == "COMPLETED":
        arrive(tenant, transfer)
    elif status == "IN TRANSIT" and transfer.status == "DRAFT":
        depart(tenant, transfer)
    return transfer


def _transferred(row: JsonObject) -> Decimal:
    quantity = parse_decimal(row.get("TransferQuantity"), "TransferQuantity")
    if quantity <= 0:
        raise Refusal("'TransferQuantity' must be positive")
    return quantity


def delete_transfer(tenant: Tenant, request: Request) -> object:
    transfer = _found_transfer(tenant, request.required("ID"))
    withdraw_transfer(tenant, transfer, void=request.flag("Void"))
    return _transfer(tenant, transfer)


def _transfer(tenant: Tenant, transfer: Transfer) -> JsonObject:
    lines = [
        {
            "ProductID": product.id,
            "SKU": product.sku,
            "ProductName": product.name,
            "QuantityOnHand": levels.on_hand(tenant, product, transfer.from_id),
            "QuantityAvailable": levels.on_hand(tenant, product, transfer.from_id),
            "TransferQuantity": quantity,
            "BatchSN": None,
            "ExpiryDate": None,
            "Comments": "",
            **PRODUCT_EXTRAS,
        }
        for product, quantity in transfer.lines
    ]
    return {
        **_transfer_row(transfer),
        "RequiredByDate": None,
        "Lines": lines,
        "ManualJournals": [],
        "SkipOrder": True,
        "Order": {"Status": "NOT AVAILABLE", "Lines": []},
    }


# ---- within


def _task(tenant: Tenant, task_id: str, kind: Kind) -> StockTask:
    task = tenant.state.stock_tasks.get(task_id.lower())
    if task is None or task.kind != kind:
        raise Refusal("Task with specified ID not found")
    return task


def _found_transfer(tenant: Tenant, task_id: str) -> Transfer:
    transfer = tenant.state.transfers.get(task_id.lower())
    if transfer is None:
        raise Refusal("Task with specified ID not found")
    return transfer


def _place_of(tenant: Tenant, row: JsonObject, name: str, identifier: str) -> tuple[str, str]:
    return levels.find_place(tenant, str(row.get(name) or ""), str(row.get(identifier) or "").lower())


def _stocked(tenant: Tenant, row: JsonObject) -> Product:
    product: Product = find_product(tenant, row)
    if product.type != "Stock":
        raise Refusal(f"Product '{product.sku}' is not a stock product")
    return product


ROUTES: Routes = {
    "/stockadjustmentlist": {"GET": adjustment_list},
    "/stocktakelist": {"GET": take_list},
    "/stocktransferlist": {"GET": transfer_list},
    "/stockadjustment": {
        "GET": get_adjustment,
        "POST": post_adjustment,
        "PUT": put_adjustment,
        "DELETE": delete_adjustment,
    },
    "/stocktake": {"GET": get_take, "POST": post_take, "PUT": put_take, "DELETE": delete_take},
    "/stocktransfer": {
        "GET": get_transfer,
        "POST": post_transfer,
        "PUT": put_transfer,
        "DELETE": delete_transfer,
    },
}
