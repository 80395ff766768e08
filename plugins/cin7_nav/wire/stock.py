"""Cin7's shipments, receipts, returns, adjustments, stock takes and transfers, in our words.

Each answer names what a document moves as it stands: one that is a draft, undone or voided moves nothing.
Raises `WireError` for a shape that can't be read.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from decimal import Decimal
from typing import Any

from pydantic import Field

from cin7_nav.movements import IN_TRANSIT, Place, StockDocument, StockKey, StockKind, StockLine, merged
from cin7_nav.wire.fields import Date, Guid, Number, OneOrMany, Record, Rows, Text, Upper, WireError, parse

ZERO = Decimal(0)
AUTHORISED = frozenset({"AUTHORISED", "PAID", "PARTIALLY AUTHORISED"})


class _Row(Record):
    """A quantity of a product in a place."""

    ProductID: Guid = ""
    SKU: Text = ""
    Quantity: Number = None
    Location: Text = ""
    LocationID: Guid = ""
    BatchSN: Text = ""
    NonInventory: bool = False
    Day: Date = Field(default=None, validation_alias="Date")


class _Stage(Record):
    Status: Upper = ""
    Lines: Rows[_Row] = ()


class _Parcel(Record):
    ShipmentDate: Date = None


class _Ship(Record):
    Status: Upper = ""
    Lines: Rows[_Parcel] = ()


class _Fulfilment(Record):
    TaskID: Guid
    Pick: _Stage = _Stage()
    Pack: _Stage = _Stage()
    Ship: _Ship = _Ship()


class _SaleNote(Record):
    TaskID: Guid = ""
    Status: Upper = ""
    CreditNoteNumber: Text = ""
    CreditNoteDate: Date = None
    Restock: Rows[_Row] = ()


class _Cost(Record):
    TaskID: Guid = ""
    ProductID: Guid = ""
    COGS: Number = None


class _SaleOrder(Record):
    SaleOrderNumber: Text = ""


class _Sale(Record):
    ID: Guid
    SaleOrderDate: Date = None
    Order: _SaleOrder | None = None
    Fulfilments: Rows[_Fulfilment] = ()
    CreditNotes: Rows[_SaleNote] = ()
    InventoryMovements: Rows[_Cost] = ()


def sale_stock(sale: Mapping[str, Any]) -> tuple[StockDocument, ...]:
    """The shipments and restocking credit notes of a `GET /sale` answer.

    A shipment's quantities stand on the pick and pack lines of its task; its own lines are boxes.
    """
    record = f"sale {str(sale.get('ID', 'without ID')).lower()}"
    parsed = parse(_Sale, sale, record)
    number = parsed.Order.SaleOrderNumber if parsed.Order else ""
    documents = [_shipment(parsed, one, number, record) for one in parsed.Fulfilments]
    documents += [_restock(parsed, note, number, record) for note in parsed.CreditNotes if note.TaskID]
    return tuple(documents)


def _shipment(sale: _Sale, task: _Fulfilment, number: str, record: str) -> StockDocument:
    shipped = task.Ship.Status in AUTHORISED
    rows = (task.Pack.Lines or task.Pick.Lines) if shipped else ()
    days = [parcel.ShipmentDate for parcel in task.Ship.Lines if parcel.ShipmentDate]
    day = max(days) if days else sale.SaleOrderDate
    lines = _lines(rows, record, day, sign=-1)
    return StockDocument(
        StockKey(StockKind.SHIPMENT, sale.ID, task.TaskID), number, number, task.Ship.Status, "", lines
    )


def _restock(sale: _Sale, note: _SaleNote, number: str, record: str) -> StockDocument:
    """Each piece that comes back costs what Cin7 took out of cost of goods sold for it."""
    taken: dict[str, Decimal] = defaultdict(Decimal)
    for cost in sale.InventoryMovements:
        if cost.TaskID == note.TaskID:
            taken[cost.ProductID] -= cost.COGS or ZERO
    pieces: dict[str, Decimal] = defaultdict(Decimal)
    for row in note.Restock:
        pieces[row.ProductID] += row.Quantity or ZERO
    costs = {product: amount / pieces[product] for product, amount in taken.items() if pieces[product]}
    rows = note.Restock if note.Status in AUTHORISED else ()
    lines = _lines(rows, record, note.CreditNoteDate, sign=1, costs=costs)
    key = StockKey(StockKind.RESTOCK, sale.ID, note.TaskID)
    return StockDocument(key, note.CreditNoteNumber, number, note.Status, "", lines)


class _Priced(Record):
    ProductID: Guid = ""
    Quantity: Number = None
    Tax: Number = None
    Total: Number = None


class _Charge(Record):
    Account: Text = ""
    Tax: Number = None
    Total: Number = None


class _Invoice(Record):
    TaskID: Guid = ""
    Status: Upper = ""
    CurrencyRate: Number = None
    Lines: Rows[_Priced] = ()
    AdditionalCharges: Rows[_Charge] = ()


class _Received(_Stage):
    TaskID: Guid = ""


class _PurchaseNote(Record):
    TaskID: Guid = ""
    Status: Upper = ""
    CreditNoteNumber: Text = ""
    CreditNoteDate: Date = None
    Unstock: Rows[_Row] = ()


class _PurchaseOrder(Record):
    Lines: Rows[_Priced] = ()


class _Purchase(Record):
    ID: Guid
    OrderNumber: Text = ""
    OrderDate: Date = None
    Location: Text = ""
    TaxCalculation: Upper = ""
    InventoryAccount: Text = ""
    CurrencyRate: Number = None
    Order: _PurchaseOrder | None = None
    StockReceived: OneOrMany[_Received] = ()
    PutAway: OneOrMany[_Received] = ()
    Invoice: OneOrMany[_Invoice] = ()
    CreditNote: OneOrMany[_PurchaseNote] = ()


def purchase_stock(purchase: Mapping[str, Any]) -> tuple[StockDocument, ...]:
    """The receipts and unstocking credit notes of a `GET /advanced-purchase` answer.

    Until goods are put away they are in the purchase's warehouse; then the put-away says in which place. A
    piece costs what the invoice of its receiving task says, with its share, by value, of the charges that the
    invoice puts on the inventory account (landed cost); before that what was ordered. Without tax, in base
    currency.
    """
    record = f"purchase {str(purchase.get('ID', 'without ID')).lower()}"
    parsed = parse(_Purchase, purchase, record)
    tasks: dict[str, list[_Received]] = {}
    for part in (*parsed.PutAway, *parsed.StockReceived):
        tasks.setdefault(part.TaskID or parsed.ID, []).append(part)
    documents = [_receipt(parsed, task, parts, record) for task, parts in tasks.items()]
    for note in parsed.CreditNote:
        if note.TaskID and note.Status not in ("NOT AVAILABLE", ""):
            rows = note.Unstock if note.Status in AUTHORISED else ()
            key = StockKey(StockKind.UNSTOCK, parsed.ID, note.TaskID)
            lines = _lines(rows, record, note.CreditNoteDate, sign=-1)
            number = note.CreditNoteNumber
            documents.append(StockDocument(key, number, parsed.OrderNumber, note.Status, "", lines))
    return tuple(documents)


def _receipt(purchase: _Purchase, task: str, parts: list[_Received], record: str) -> StockDocument:
    """The first authorised part that has lines: the put-away before the receipt."""
    found = next((part for part in parts if part.Status in AUTHORISED and part.Lines), None)
    status = found.Status if found else next((part.Status for part in parts), "")
    rows = found.Lines if found else ()
    goods = {row.ProductID for row in rows if not row.NonInventory}
    lines = _lines(
        rows,
        record,
        purchase.OrderDate,
        sign=1,
        costs=_prices(purchase, task, goods),
        where=Place("", purchase.Location),
    )
    key = StockKey(StockKind.RECEIPT, purchase.ID, task)
    return StockDocument(key, purchase.OrderNumber, purchase.OrderNumber, status, "", lines)


def _prices(purchase: _Purchase, task: str, goods: Set[str]) -> dict[str, Decimal]:
    """Product → what one piece costs in base currency, without tax, of the `goods` that were received."""
    inclusive = purchase.TaxCalculation == "INCLUSIVE"
    invoices = [one for one in purchase.Invoice if one.TaskID == task and one.Status in AUTHORISED]
    ordered = purchase.Order.Lines if purchase.Order else ()
    sources: list[tuple[Iterable[_Priced], Iterable[_Charge], Decimal | None]] = [
        (ordered, (), purchase.CurrencyRate),
        *((one.Lines, one.AdditionalCharges, one.CurrencyRate or purchase.CurrencyRate) for one in invoices),
    ]

    def net(line: _Priced | _Charge) -> Decimal:
        return (line.Total or ZERO) - ((line.Tax or ZERO) if inclusive else ZERO)

    prices: dict[str, Decimal] = {}
    for lines, charges, rate in sources:
        sums: dict[str, tuple[Decimal, Decimal]] = {}
        for line in lines:
            if line.ProductID in goods:
                pieces, amount = sums.get(line.ProductID, (ZERO, ZERO))
                sums[line.ProductID] = (pieces + (line.Quantity or ZERO), amount + net(line))
        value = sum((amount for _, amount in sums.values()), ZERO)
        landed = sum((net(one) for one in charges if one.Account == purchase.InventoryAccount), ZERO)
        share = 1 + landed / value if value else Decimal(1)
        prices |= {
            product: amount / pieces * share * (rate or Decimal(1))
            for product, (pieces, amount) in sums.items()
            if pieces
        }
    return prices


class _Existing(Record):
    SKU: Text = ""
    QuantityOnHand: Number = None
    Available: Number = None
    Adjustment: Number = None
    Location: Text = ""
    LocationID: Guid = ""
    BatchSN: Text = ""


class _New(Record):
    SKU: Text = ""
    Quantity: Number = None
    UnitCost: Number = None
    Location: Text = ""
    LocationID: Guid = ""
    BatchSN: Text = ""


class _Counted(Record):
    """An adjustment, or a stock take with its own names for the same lists."""

    TaskID: Guid
    EffectiveDate: Date = None
    StocktakeNumber: Text = ""
    Status: Upper = ""
    Reference: Text = ""
    Existing: Rows[_Existing] = Field(default=(), validation_alias="ExistingStockLines")
    New: Rows[_New] = Field(default=(), validation_alias="NewStockLines")
    NonZero: Rows[_Existing] = Field(default=(), validation_alias="NonZeroStockOnHandProducts")
    Zero: Rows[_New] = Field(default=(), validation_alias="ZeroStockOnHandProducts")


def adjustment_stock(body: Mapping[str, Any]) -> StockDocument:
    """`GET /stockadjustment`, or the answer to writing one."""
    return _counted(StockKind.ADJUSTMENT, body)


def take_stock(body: Mapping[str, Any]) -> StockDocument:
    """`GET /stocktake`."""
    return _counted(StockKind.TAKE, body)


def _counted(kind: StockKind, body: Mapping[str, Any]) -> StockDocument:
    """Both carry new levels, never differences. Whether the level is what is on hand or what is available
    can't be read back: where the two differ, what moved is in doubt."""
    record = f"stock {kind} {str(body.get('TaskID', 'without TaskID')).lower()}"
    parsed = parse(_Counted, body, record)
    lines: list[StockLine] = []
    if parsed.Status == "COMPLETED":
        day = _day(parsed.EffectiveDate, record, "EffectiveDate")
        for one in (*parsed.Existing, *parsed.NonZero):
            before, after = _given(one.QuantityOnHand, record), _given(one.Adjustment, record)
            available = before if one.Available is None else one.Available
            doubt = "" if kind is StockKind.TAKE or available == before else _AMBIGUOUS
            place = Place(one.LocationID, one.Location)
            line = StockLine(one.SKU, place, after - before, day, batch=one.BatchSN, doubt=doubt)
            lines.append(line)
        for new in (*parsed.New, *parsed.Zero):
            place = Place(new.LocationID, new.Location)
            quantity = _given(new.Quantity, record)
            lines.append(StockLine(new.SKU, place, quantity, day, unit_cost=new.UnitCost, batch=new.BatchSN))
    key = StockKey(kind, parsed.TaskID, parsed.TaskID)
    number = parsed.StocktakeNumber
    return StockDocument(key, number, number, parsed.Status, parsed.Reference, merged(lines))


_AMBIGUOUS = (
    "a part of the stock was allocated when it was adjusted, and Cin7 does not say whether the new level is "
    "that of what is on hand or of what is available"
)


class _TransferLine(Record):
    SKU: Text = ""
    TransferQuantity: Number = None
    BatchSN: Text = ""


class _Transfer(Record):
    TaskID: Guid
    From: Guid = ""
    FromLocation: Text = ""
    To: Guid = ""
    ToLocation: Text = ""
    Status: Upper = ""
    Number: Text = ""
    CompletionDate: Date = None
    DepartureDate: Date = None
    InTransitAccount: Text = ""
    Reference: Text = ""
    Lines: Rows[_TransferLine] = ()


def transfer_stock(body: Mapping[str, Any]) -> StockDocument:
    """`GET /stockTransfer`. One with a departure moves twice: to in transit, and on from there."""
    record = f"stock transfer {str(body.get('TaskID', 'without TaskID')).lower()}"
    parsed = parse(_Transfer, body, record)
    come, go = Place(parsed.From, parsed.FromLocation), Place(parsed.To, parsed.ToLocation)
    lines: list[StockLine] = []
    if parsed.Status in ("IN TRANSIT", "COMPLETED"):
        under_way = parsed.Status == "IN TRANSIT" or (parsed.DepartureDate and parsed.InTransitAccount)
        for one in parsed.Lines:
            pieces = _given(one.TransferQuantity, record)
            if under_way:
                day = _day(parsed.DepartureDate, record, "DepartureDate")
                lines.append(StockLine(one.SKU, come, pieces, day, IN_TRANSIT, batch=one.BatchSN))
            if parsed.Status == "COMPLETED":
                day = _day(parsed.CompletionDate, record, "CompletionDate")
                origin = IN_TRANSIT if under_way else come
                lines.append(StockLine(one.SKU, origin, pieces, day, go, batch=one.BatchSN))
    key = StockKey(StockKind.TRANSFER, parsed.TaskID, parsed.TaskID)
    number = parsed.Number
    return StockDocument(key, number, number, parsed.Status, parsed.Reference, merged(lines))


class AvailabilityRow(Record):
    """A row of `/ref/productavailability`: pieces, but for `StockOnHand`, which is money."""

    SKU: Text = ""
    Location: Text = ""
    Bin: Text = ""
    OnHand: Number = None
    Allocated: Number = None
    Available: Number = None
    OnOrder: Number = None
    InTransit: Number = None


def _lines(
    rows: Iterable[_Row],
    record: str,
    day: dt.date | None,
    *,
    sign: int,
    costs: Mapping[str, Decimal] | None = None,
    where: Place | None = None,
) -> tuple[StockLine, ...]:
    """`where` stands for the place of a row that names none."""

    def each() -> Iterator[StockLine]:
        for row in rows:
            if not row.NonInventory:
                named = Place(row.LocationID, row.Location)
                yield StockLine(
                    row.SKU,
                    named if row.Location or row.LocationID or where is None else where,
                    sign * _given(row.Quantity, record),
                    _day(row.Day or day, record, "Date"),
                    unit_cost=(costs or {}).get(row.ProductID),
                    batch=row.BatchSN,
                )

    return merged(each())


def _given(number: Decimal | None, record: str) -> Decimal:
    if number is None:
        raise WireError(record, (("Lines", "quantity expected, found none"),))
    return number


def _day(day: dt.date | None, record: str, field: str) -> dt.date:
    if day is None:
        raise WireError(record, ((field, "date expected, found none"),))
    return day
