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
from sandbox.nav import hands, schema
from sandbox.nav.entities import Row
from sandbox.nav.errors import ApiError
from sandbox.nav.invoices import (
    PURCHASE_CREDIT_MEMO,
    PURCHASE_INVOICE,
    SALES_CREDIT_MEMO,
    SALES_INVOICE,
    HandKeyed,
    Named,
    Sort,
    cancel,
    delete_draft,
    key_in,
)
from sandbox.nav.journal import is_blank
from sandbox.nav.nav import Nav
from sandbox.nav.wire import dumps, loads
from sandbox.world import more_suppliers, opening_stock

OPENING_DAY = "2025-12-31"
"""The posting date of the opening stock: the books of the seeded company begin on the day after it."""


class BatchName(BaseModel):
    """A journal batch by its names."""

    model_config = ConfigDict(extra="forbid")

    template: str
    batch: str


class AccountCard(BaseModel):
    """What an administrator changes on the card of a G/L account."""

    model_config = ConfigDict(extra="forbid")

    number: str
    direct_posting: bool


class ItemCard(BaseModel):
    """What an administrator changes on the card of an item."""

    model_config = ConfigDict(extra="forbid")

    number: str
    blocked: bool


class ItemEntry(BaseModel):
    """A movement that a person keys into an item journal and posts."""

    model_config = ConfigDict(extra="forbid")

    item: str
    location: str
    quantity: Decimal
    """Negative: taken from the stock."""
    new_location: str = ""
    """Given: a reclassification, of a positive quantity."""
    unit_cost: Decimal | None = None
    """Null: that of the item's card."""
    document_no: str = "HAND1"
    date: str | None = None
    entry_type: Literal["", "Purchase", "Sale"] = ""
    """Empty: an adjustment."""


class PartyDimension(BaseModel):
    """A default dimension of a customer or vendor."""

    model_config = ConfigDict(extra="forbid")

    party: Literal["customer", "vendor"]
    number: str
    dimension: str
    value: str = ""
    posting_validation: Literal["", "Code Mandatory", "Same Code", "No Code"] = ""


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

    async def journal_batch(request: Request) -> Response:
        """A person sets up a general journal batch."""
        wanted = BatchName.model_validate(await _body(request))
        row = nav.writer.batches.create(
            {"templateDisplayName": wanted.template.upper(), "code": wanted.batch.upper()}
        )
        return JSONResponse({"id": row["id"]})

    async def clerk(request: Request) -> Response:
        """A clerk goes through a batch and posts each document that NAV takes; what it refuses stays."""
        batch = _batch(nav, BatchName.model_validate(await _body(request)))
        posted, left = [], {}
        documents = {line["documentNumber"] for line in nav.writer.batches.lines(batch) if line["amount"]}
        for document in sorted(documents):
            try:
                nav.writer.posting.post_document(batch, document)
                posted.append(document)
            except ApiError as error:
                left[document] = error.message
        return JSONResponse({"posted": posted, "left": left})

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

    async def item(request: Request) -> Response:
        wanted = ItemCard.model_validate(await _body(request))
        row = nav.company.by_number("items", wanted.number)
        if row is None:
            raise ApiError(404, "", f"there is no item {wanted.number}")
        nav.company.tables["items"].change(row, blocked=wanted.blocked)
        return JSONResponse({"id": row["id"]})

    async def item_entry(request: Request) -> Response:
        nav.writer.item_posting.enter(_keyed(nav, ItemEntry.model_validate(await _body(request))))
        return JSONResponse({"entry_no": len(nav.company.tables["ItemLedgerEntries"].rows)})

    async def opening(request: Request) -> Response:
        world, count = nav.company.world, 0
        for product in world.products:
            for location in world.locations:
                if quantity := opening_stock(product, location):
                    entry = ItemEntry(
                        item=product.sku,
                        location=location.code,
                        quantity=quantity,
                        document_no="OPENING",
                        date=OPENING_DAY,
                    )
                    nav.writer.item_posting.open_stock(_keyed(nav, entry))
                    count += 1
        return JSONResponse({"entries": count})

    async def vendors(request: Request) -> Response:
        """The cards of Cin7's suppliers beyond the seeded ones."""
        found = list(more_suppliers(nav.company.world, int((await _body(request))["count"])))
        for party in found:
            nav.company.add_party(party)
        return JSONResponse({"vendors": len(found)})

    async def item_entries(request: Request) -> Response:
        names = ("Entry_No", "Entry_Type", "Document_No", "Item_No", "Location_Code", "Posting_Date")
        rows = [
            {
                **{name: row[name] for name in names},
                "Quantity": str(row["Quantity"]),
                "Cost_Amount_Actual": str(row["Cost_Amount_Actual"]),
            }
            for row in nav.company.tables["ItemLedgerEntries"].rows.values()
        ]
        return JSONResponse({"entries": rows})

    async def approvals(request: Request) -> Response:
        return JSONResponse(
            {
                "batches": [
                    {
                        "template": row["templateDisplayName"],
                        "batch": row["code"],
                        "approval": row["_approval"],
                        "lines": sum(not is_blank(line) for line in nav.writer.batches.lines(row)),
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

    def document(sort: Sort) -> Callable[[Request], Awaitable[Response]]:
        async def keyed(request: Request) -> Response:
            wanted = HandKeyed.model_validate(await _body(request))
            return _document(key_in(nav.company, nav.writer.posting, sort, wanted))

        return keyed

    def cancelled(sort: Sort) -> Callable[[Request], Awaitable[Response]]:
        async def cancelling(request: Request) -> Response:
            wanted = Named.model_validate(await _body(request))
            return _document(cancel(nav.company, nav.writer.posting, sort, wanted))

        return cancelling

    def deleted(sort: Sort) -> Callable[[Request], Awaitable[Response]]:
        async def deleting(request: Request) -> Response:
            wanted = Named.model_validate(await _body(request))
            return _document(delete_draft(nav.company, sort, wanted))

        return deleting

    async def default_dimension(request: Request) -> Response:
        wanted = PartyDimension.model_validate(await _body(request))
        row = _set_default_dimension(nav, wanted)
        return JSONResponse({"id": row["id"]})

    async def account(request: Request) -> Response:
        wanted = AccountCard.model_validate(await _body(request))
        row = nav.company.by_number("accounts", wanted.number)
        if row is None:
            raise ApiError(404, "", f"there is no account {wanted.number}")
        nav.company.tables["accounts"].change(row, directPosting=wanted.direct_posting)
        return JSONResponse({"id": row["id"]})

    async def by_hand(request: Request) -> Response:
        body = await _body(request)
        match request.path_params["action"]:
            case "post-journal":
                hands.post_journal(nav.company, nav.writer.posting, hands.HandJournal.model_validate(body))
            case "reverse":
                hands.reverse(nav.company, nav.writer.posting, hands.Numbered.model_validate(body))
            case "correct-dimensions":
                hands.correct_dimensions(nav.company, hands.Correction.model_validate(body))
            case "apply":
                hands.apply(nav.company, hands.Application.model_validate(body))
            case "lose":
                hands.lose(nav.company, hands.Numbered.model_validate(body))
            case action:
                raise ApiError(404, "", f"nobody can do {action} by hand")
        return JSONResponse({"status": "done"})

    return [
        Route("/_sandbox/by-hand/{action}", _checked(by_hand), methods=["POST"]),
        Route("/_sandbox/account", _checked(account), methods=["POST"]),
        Route("/_sandbox/expire-tokens", expire_tokens, methods=["POST"]),
        Route("/_sandbox/run-job-queue", run_job_queue, methods=["POST"]),
        Route("/_sandbox/request-approval", _checked(request_approval), methods=["POST"]),
        Route("/_sandbox/journal-batch", _checked(journal_batch), methods=["POST"]),
        Route("/_sandbox/clerk", _checked(clerk), methods=["POST"]),
        Route("/_sandbox/approve", _checked(approve), methods=["POST"]),
        Route("/_sandbox/post-item-journal", _checked(post_item_journal), methods=["POST"]),
        Route("/_sandbox/item", _checked(item), methods=["POST"]),
        Route("/_sandbox/item-entry", _checked(item_entry), methods=["POST"]),
        Route("/_sandbox/item-entries", item_entries),
        Route("/_sandbox/opening-stock", _checked(opening), methods=["POST"]),
        Route("/_sandbox/more-suppliers", _checked(vendors), methods=["POST"]),
        Route("/_sandbox/approvals", approvals),
        Route("/_sandbox/sums", sums),
        Route("/_sandbox/purchase-invoice", _checked(document(PURCHASE_INVOICE)), methods=["POST"]),
        Route("/_sandbox/purchase-credit-memo", _checked(document(PURCHASE_CREDIT_MEMO)), methods=["POST"]),
        Route("/_sandbox/purchase-invoice/cancel", _checked(cancelled(PURCHASE_INVOICE)), methods=["POST"]),
        Route("/_sandbox/purchase-invoice/delete", _checked(deleted(PURCHASE_INVOICE)), methods=["POST"]),
        Route("/_sandbox/sales-invoice/delete", _checked(deleted(SALES_INVOICE)), methods=["POST"]),
        Route("/_sandbox/sales-invoice", _checked(document(SALES_INVOICE)), methods=["POST"]),
        Route("/_sandbox/sales-credit-memo", _checked(document(SALES_CREDIT_MEMO)), methods=["POST"]),
        Route("/_sandbox/sales-invoice/cancel", _checked(cancelled(SALES_INVOICE)), methods=["POST"]),
        Route("/_sandbox/default-dimension", _checked(default_dimension), methods=["POST"]),
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


def _document(row: Row) -> Response:
    shown = {"id": row["id"], "number": row["number"], "total": str(row["totalAmountIncludingTax"])}
    return JSONResponse(shown)


def _set_default_dimension(nav: Nav, wanted: PartyDimension) -> Row:
    """Set up or replace it. As in NAV, the party's card counts as unchanged."""
    company = nav.company
    party = company.by_number(f"{wanted.party}s", wanted.number)
    dimension = company.dimension(wanted.dimension)
    value = company.dimension_value(dimension, wanted.value) if dimension and wanted.value else None
    if party is None or dimension is None or (wanted.value and value is None):
        raise ApiError(404, "", "there is no such party, dimension or value")
    table = company.tables["defaultDimensions"]
    for row in table.find("parentId", party["id"]):
        if row["dimensionCode"] == wanted.dimension:
            table.delete(row)
    return table.insert(
        parentType=wanted.party.capitalize(),
        parentId=party["id"],
        dimensionId=dimension["id"],
        dimensionCode=wanted.dimension,
        dimensionValueCode=wanted.value,
        postingValidation=wanted.posting_validation or " ",
        **({"dimensionValueId": value["id"]} if value else {}),
    )


def _keyed(nav: Nav, wanted: ItemEntry) -> Row:
    """The journal line of a movement, as if it lay in a batch."""
    card = nav.company.by_number("items", wanted.item.upper())
    if card is None or {wanted.location, wanted.new_location or wanted.location} - nav.company.locations:
        raise ApiError(404, "", "there is no such item or location")
    place = {"Location_Code": wanted.location, "Item_No": card["number"]}
    day = wanted.date or nav.company.today()
    common = {**place, "Document_No": wanted.document_no, "Posting_Date": day, "Quantity": wanted.quantity}
    if wanted.new_location:
        return schema.ITEM_RECLASS_JOURNAL.fresh(**common, New_Location_Code=wanted.new_location)
    signed = "Positive Adjmt." if wanted.quantity > 0 else "Negative Adjmt."
    cost = card["unitCost"] if wanted.unit_cost is None else wanted.unit_cost
    common["Quantity"] = abs(wanted.quantity)
    return schema.ITEM_JOURNAL.fresh(**common, Entry_Type=wanted.entry_type or signed, Unit_Cost=cost)


def _batch(nav: Nav, name: BatchName) -> Row:
    batch = nav.writer.batches.named(name.template.upper(), name.batch.upper())
    if batch is None:
        raise ApiError(404, "", f"there is no batch {name.template} {name.batch}")
    return batch


async def _body(request: Request) -> dict[str, Any]:
    body = await request.body()
    parsed: dict[str, Any] = loads(body) if body else {}
    return parsed
