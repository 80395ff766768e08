"""Reading request bodies: lines, charges and the header fields that sales and purchases share."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from sandbox.cin7 import parties
from sandbox.cin7.documents import (
    Document,
    Line,
    Order,
    Part,
    Payment,
    Purchase,
    Sale,
    StockLine,
    rounded,
    tax_of,
)
from sandbox.cin7.levels import find_place
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal, parse_bool, parse_date, parse_decimal

USUAL_RATES = {"EUR": Decimal("0.8543"), "USD": Decimal("0.7821")}
"""Base currency per unit, where a body gives no rate."""


def rows(body: JsonObject, name: str) -> list[JsonObject]:
    """An array of a body; absent and null are empty."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise Refusal(f"'{name}' is invalid")
    return value


def required(body: JsonObject, *names: str) -> None:
    missing = [
        f"Required attribute {name} is not provided." for name in names if body.get(name) in (None, "")
    ]
    if missing:
        raise Refusal(*missing)


def read_lines(
    tenant: Tenant, order: Order, body: JsonObject, *, accounts: bool
) -> tuple[list[Line], list[Line]]:
    """The product lines and the additional charges of a body. All problems are collected."""
    problems: list[str] = []
    found: tuple[list[Line], list[Line]] = ([], [])
    for name, lines in zip(("Lines", "AdditionalCharges"), found, strict=True):
        for row in rows(body, name):
            try:
                lines.append(_line(tenant, order, row, charge=name == "AdditionalCharges", accounts=accounts))
            except Refusal as refusal:
                problems += refusal.texts
    if problems:
        raise Refusal(*problems)
    return found


def _line(tenant: Tenant, order: Order, row: JsonObject, *, charge: bool, accounts: bool) -> Line:
    product = None if charge else find_product(tenant, row)
    named = row.get("Description") if charge else row.get("Name")
    description = str(named or (product.name if product else ""))
    if charge and not description:
        raise Refusal("Required attribute Description is not provided.")
    rule = str(row.get("TaxRule") or "")
    if rule not in tenant.tax_rules:
        required(row, "TaxRule")
        raise Refusal(f"Tax rule '{rule}' was not found in reference book")
    quantity = parse_decimal(row.get("Quantity"), "Quantity", Decimal(1))
    price = parse_decimal(row.get("Price"), "Price")
    discount = parse_decimal(row.get("Discount"), "Discount")
    total = rounded(quantity * price * (100 - discount) / 100, tenant.settings.line_decimals)
    if row.get("Total") is not None and parse_decimal(row["Total"], "Total") != total:
        raise Refusal(f"attribute 'Total' doesn't match {description}. Expected value is: {total:f}")
    tax = tax_of(total, tenant.percents[rule], order.inclusive)
    return Line(
        product=product,
        description=description,
        quantity=quantity,
        price=price,
        discount=discount,
        tax=parse_decimal(row.get("Tax"), "Tax", tax),
        total=total,
        tax_rule=rule,
        account=_account(tenant, order, product, description, row) if accounts else "",
        comment=str(row.get("Comment") or ""),
        reference=str(row.get("Reference") or ""),
        supplier_sku=str(row.get("SupplierSKU") or ""),
    )


def find_product(tenant: Tenant, row: JsonObject) -> Any:
    """`ProductID` wins over `SKU`."""
    identifier, sku = str(row.get("ProductID") or ""), str(row.get("SKU") or "")
    product = tenant.products.get(identifier.lower()) if identifier else tenant.by_sku.get(sku.lower())
    if product is None:
        raise Refusal(f"Product '{identifier or sku}' was not found")
    return product


def _account(tenant: Tenant, order: Order, product: Any, description: str, row: JsonObject) -> str:
    """Explicit, else the product's, else the document's, else the account's own default."""
    explicit = str(row.get("Account") or "")
    if explicit:
        if explicit not in tenant.accounts:
            raise Refusal(f"Account with code '{explicit}' was not found in Chart of Accounts")
        return explicit
    service = product or tenant.by_sku.get(description.lower())
    if isinstance(order, Sale):
        return service.revenue_account if service else order.account or "200"
    if product is not None and product.type == "Stock":
        return order.account or "140"
    return "425" if description == "Freight" else "429"


def read_part(tenant: Tenant, order: Order, part: Part, body: JsonObject) -> None:
    """Overwrite a quote or order stage that is not authorised yet."""
    required(body, "Status")
    if part.status not in ("NOT AVAILABLE", "DRAFT"):
        raise Refusal(f"Order with status {part.status} cannot be modified")
    lines, charges = read_lines(tenant, order, body, accounts=False)
    status = read_status(body)
    refuse_empty(status, lines + charges)
    part.lines, part.charges, part.memo, part.status = lines, charges, str(body.get("Memo") or ""), status
    part.totals = tenant.totals_of(order, lines + charges)


def refuse_empty(status: str, lines: list[Line]) -> None:
    if status == "AUTHORISED" and not lines:
        raise Refusal("'Lines' collection cannot be empty")


def read_status(body: JsonObject) -> str:
    status = str(body.get("Status") or "DRAFT").strip().upper()
    if status not in ("DRAFT", "AUTHORISED"):
        raise Refusal("'Status' is invalid. Possible values: DRAFT, AUTHORISED")
    return status


def read_payment(tenant: Tenant, document: Document, body: JsonObject) -> Payment:
    required(body, "TaskID", "Type", "Amount", "DatePaid", "Account", "CurrencyRate")
    kind: Literal["Payment", "Refund"] = "Payment" if document.kind == "invoice" else "Refund"
    if str(body["Type"]).lower() != kind.lower():
        raise Refusal(f"'Type' is invalid: a {document.kind.replace('_', ' ')} takes a {kind}")
    account = tenant.accounts.get(str(body["Account"]))
    if account is None or not account.for_payments:
        raise Refusal(f"Payment account with code '{body['Account']}' was not found in Chart of Accounts")
    return Payment(
        id=tenant.new_id("payment"),
        task_id=document.task_id,
        type=kind,
        amount=parse_decimal(body["Amount"], "Amount"),
        date=parse_date(body["DatePaid"], "DatePaid") or tenant.clock.today(),
        account=account.code,
        rate=parse_decimal(body["CurrencyRate"], "CurrencyRate"),
        reference=str(body.get("Reference") or ""),
        created=tenant.clock.now(),
    )


def read_stock(
    tenant: Tenant, body: JsonObject, name: str, default: dt.date | None = None
) -> list[StockLine]:
    """Stock rows; a row without date takes `default`, or is refused."""
    found = []
    for row in rows(body, name):
        product, day = find_product(tenant, row), _stock_date(row, default)
        quantity = parse_decimal(row.get("Quantity"), "Quantity")
        place = find_place(tenant, str(row.get("Location") or ""), str(row.get("LocationID") or "").lower())
        card = str(row.get("CardID") or tenant.new_id("card"))
        found.append(StockLine(card, product, quantity, day, *place, row.get("BatchSN")))
    return found


def _stock_date(row: JsonObject, default: dt.date | None) -> dt.date:
    day = parse_date(row.get("Date"), "Date") or default
    if day is None:
        raise Refusal("'Date' is required for 'Lines' line")
    return day


def read_header(tenant: Tenant, order: Order, body: JsonObject) -> None:
    """The header fields that sales and purchases share; absent ones stay."""
    location = body.get("Location")
    if location is not None:
        if location not in tenant.locations:
            raise Refusal(f"Location '{location}' was not found in Locations reference book")
        order.location = str(location)
    rule = body.get("TaxRule")
    if rule is not None:
        if rule not in tenant.tax_rules:
            raise Refusal(f"Tax rule '{rule}' was not found in reference book")
        order.tax_rule = str(rule)
    if body.get("TaxInclusive") is not None:
        order.inclusive = parse_bool(body["TaxInclusive"])
    if body.get("TaxCalculation") is not None:
        order.inclusive = str(body["TaxCalculation"]).lower() == "inclusive"
    if body.get("CurrencyRate") not in (None, ""):
        order.rate = parse_decimal(body["CurrencyRate"], "CurrencyRate")
    for name in ("Contact", "Phone", "Email", "Note", "Terms"):
        if body.get(name) is not None:
            setattr(order, name.lower(), str(body[name]))
    for number in range(1, 11):
        value = (body.get("AdditionalAttributes") or {}).get(f"AdditionalAttribute{number}")
        if value is not None:
            order.attributes[str(number)] = str(value)


def new_order(tenant: Tenant, body: JsonObject, *, sale: bool) -> Sale | Purchase:
    """A sale or purchase from a POST body. A nested `Order` is silently ignored, as Cin7 does."""
    name = "Customer" if sale else "Supplier"
    party = find_party(tenant.state.customers if sale else tenant.state.suppliers, body, name)
    required(body, "Location", *(() if sale else ("Approach",)))
    foreign = party["Currency"] != "GBP"
    if sale and foreign and body.get("CurrencyRate") in (None, ""):
        raise Refusal("Required attribute CurrencyRate is not provided.")
    now = tenant.clock.now()
    kind = str(body.get("SaleType" if sale else "PurchaseType") or "Simple").capitalize()
    if kind not in ("Simple", "Advanced"):
        raise Refusal(f"'{'Sale' if sale else 'Purchase'}Type' is invalid. Possible values: Simple, Advanced")
    sequence = tenant.count("SO" if sale else "PO")
    contact = parties.first_contact(party)
    order_class: type[Sale] | type[Purchase] = Sale if sale else Purchase
    order = order_class(
        id=tenant.world.id("sale" if sale else "purchase", sequence),
        sequence=sequence,
        number=f"{'SO' if sale else 'PO'}-{sequence:05}",
        type="Service" if parse_bool(body.get("IsServiceOnly")) else kind,  # type: ignore[arg-type]
        party_id=party["ID"],
        party=party["Name"],
        currency=party["Currency"],
        rate=USUAL_RATES.get(party["Currency"], Decimal(1)),
        tax_rule=party["TaxRule"],
        inclusive=False,
        terms=party["PaymentTerm"],
        location="",
        date=parse_date(body.get("SaleOrderDate"), "SaleOrderDate") or tenant.clock.today(),
        created=now,
        updated=now,
        contact=contact.get("Name", ""),
        phone=contact.get("Phone", ""),
        email=contact.get("Email", ""),
        account="200" if sale else "140",
        billing=parties.document_address(party),
        shipping=parties.document_address(party),
    )
    read_header(tenant, order, body)
    return order


def find_party(records: dict[str, JsonObject], body: JsonObject, name: str) -> JsonObject:
    identifier, text = str(body.get(f"{name}ID") or ""), str(body.get(name) or "")
    if not identifier and not text:
        raise Refusal(f"Required attribute {name} is not provided.")
    for record in records.values():
        if record["ID"] == identifier.lower() or (not identifier and record["Name"] == text):
            return record
    raise Refusal(f"{name} '{identifier or text}' was not found")
