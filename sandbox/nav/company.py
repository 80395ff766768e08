"""The NAV company: its tables, filled from the seeded world, and how records lead to each other."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

from sandbox.clock import Clock
from sandbox.nav import schema
from sandbox.nav.entities import Entity, Row, stamp
from sandbox.nav.settings import Settings
from sandbox.nav.store import Entries, Table, Undo, id_source
from sandbox.nav.wire import NO_DATE, NO_GUID, cents
from sandbox.world import (
    BASE_CURRENCY,
    COMPANY,
    DefaultDimension,
    Party,
    World,
    accounting_periods,
    posting_allowed_from,
)

RECEIVABLES, PAYABLES = "2310", "5410"
OUTPUT_VAT, INPUT_VAT = "5610", "5630"
INVENTORY, COST_OF_GOODS_SOLD = "2110", "7110"
TEMPLATES = ("GENERAL", "CIN7", "PURCHASES", "SALES")
DEFAULT_TEMPLATE = "GENERAL"
ITEM_TEMPLATE, RECLASS_TEMPLATE = "ITEM", "RECLASS"
ITEM_BATCHES = ("DEFAULT", "CIN7", "STAGED")
"""Item journal batches are set up by people: no published page here makes one."""
TRANSIT, IN_TRANSIT = "TRANSIT", "OWN LOG."
"""An ordinary location for goods on their way, and one that NAV uses as in-transit, for transfer orders."""
EXCHANGE_RATES = {"": Decimal(1), "EUR": Decimal("0.86"), "USD": Decimal("0.79")}
"""Local currency for one unit."""

_INDEXED: dict[str, tuple[str, ...]] = {
    "accounts": ("number",),
    "dimensions": ("code",),
    "dimensionValues": ("dimensionId", "code"),
    "customers": ("number", "taxRegistrationNumber", "displayName"),
    "vendors": ("number", "taxRegistrationNumber", "displayName"),
    "currencies": ("code",),
    "items": ("number",),
    "generalLedgerEntries": ("documentNumber", "postingDate", "accountNumber"),
    "journals": ("code",),
    "journalLines": ("journalId",),
    "purchaseInvoices": ("number", "vendorInvoiceNumber", "vendorNumber"),
    "purchaseInvoiceLines": ("documentId",),
    "salesInvoices": ("number", "externalDocumentNumber", "customerNumber"),
    "salesInvoiceLines": ("documentId",),
    "purchaseCreditMemos": ("number", "vendorNumber"),
    "purchaseCreditMemoLines": ("documentId",),
    "salesCreditMemos": ("number", "externalDocumentNumber", "customerNumber"),
    "salesCreditMemoLines": ("documentId",),
    "defaultDimensions": ("parentId",),
    "ItemJournal": ("Journal_Batch_Name",),
    "ItemReclassJournal": ("Journal_Batch_Name",),
    "ItemLedgerEntries": ("Item_No", "Document_No", "Posting_Date"),
    "Cust_LedgerEntries": ("Document_No", "Posting_Date"),
    "VendorLedgerEntries": ("Document_No", "Posting_Date"),
}


@dataclass(frozen=True)
class Vat:
    """What a G/L account says about VAT: the general posting type `Sale` or `Purchase`, and the rate."""

    posting_type: str
    percent: Decimal


_VAT_OF_ACCOUNT = {
    "6110": Vat("Sale", Decimal(20)),
    "6120": Vat("Sale", Decimal(0)),
    "6130": Vat("Sale", Decimal(20)),
    "6810": Vat("Sale", Decimal(20)),
    "8110": Vat("Purchase", Decimal(20)),
    "8210": Vat("Purchase", Decimal(20)),
    "8310": Vat("Purchase", Decimal(20)),
    "8410": Vat("Purchase", Decimal(20)),
}


_PAYMENT_TERMS = (
    ("14 DAYS", "Net 14 days", "14D"),
    ("30 DAYS", "Net 30 days", "30D"),
    ("CASH", "Cash on delivery", "0D"),
)
"""Code, description, due date calculation."""


class Company:
    """All state of one Business Central company."""

    def __init__(self, world: World, clock: Clock, settings: Settings) -> None:
        self.world = world
        self.clock = clock
        self.settings = settings
        self.id = world.company_id
        self.locations = frozenset((*(one.code for one in world.locations), TRANSIT, IN_TRANSIT))
        self.undo = Undo()
        self.listeners: list[Callable[[Table, Row, str], None]] = []
        """Hear of every change of a record while it may still be taken back."""
        self.external_numbers: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        """Vendor, document type, external number → how many vendor ledger entries carry it."""
        self.dimension_sets: dict[tuple[tuple[str, str], ...], int] = {}
        """Every dimension set that was used, with its id."""
        self.series: defaultdict[str, int] = defaultdict(int)
        """Last number drawn from each number series."""
        self._stamp: str | None = stamp(clock.now() - dt.timedelta(days=1))
        self._draw = id_source(world.seed)
        self._versions = count(77_128_381_743_400)
        entities = schema.IN_COMPANY | schema.PUBLISHED
        self.tables = {name: self._table(entity) for name, entity in entities.items()}
        self.ledger = self.tables["generalLedgerEntries"]
        self._fill()
        self._stamp = None
        self._dimension_of_code = {row["code"]: row for row in self.tables["dimensions"].rows.values()}
        self._values = {
            (row["dimensionId"], row["code"]): row for row in self.tables["dimensionValues"].rows.values()
        }

    # --- looking things up ---

    def by_number(self, name: str, number: str) -> Row | None:
        """An account, customer, vendor or item by its number."""
        return self.tables[name].first("number", number)

    def dimension(self, code: str) -> Row | None:
        return self._dimension_of_code.get(code)

    def dimension_value(self, dimension: Row, code: str) -> Row | None:
        return self._values.get((dimension["id"], code))

    def vat(self, account: str) -> Vat | None:
        return _VAT_OF_ACCOUNT.get(account)

    def today(self) -> str:
        """WorkDate of a service session: the present day in UTC."""
        return self.clock.today().isoformat()

    def now(self) -> str:
        """The time stamp of a change made now; what the company begins with is a day old."""
        return self._stamp or stamp(self.clock.now())

    def posting_range(self) -> tuple[str, str]:
        """First and last allowed posting date, ISO; empty where there is no limit."""
        first = self.settings.allow_posting_from
        if first is None:
            first = posting_allowed_from(self.clock.today()).isoformat()
        return first, self.settings.allow_posting_to

    def users_posting_range(self) -> tuple[str, str]:
        """The same for our own user: what User Setup says of it wins, and the API shows that nowhere."""
        first, last = self.settings.user_posting_from, self.settings.user_posting_to
        return (first, last) if first or last else self.posting_range()

    def default_dimensions(self, kind: str, number: str) -> list[DefaultDimension]:
        """What is set up for lines of this G/L account, customer or vendor."""
        if kind == "G/L Account":
            return [one for one in self.world.default_dimensions if one.account_number == number]
        cards = {"Customer": "customers", "Vendor": "vendors"}.get(kind)
        party = self.by_number(cards, number) if cards else None
        rows = self.tables["defaultDimensions"].find("parentId", party["id"]) if party else []
        return [
            DefaultDimension(
                number, row["dimensionCode"], row["dimensionValueCode"], row["postingValidation"].strip()
            )
            for row in rows
        ]

    def dimension_set_id(self, dimensions: Mapping[str, str]) -> int:
        """NAV's number of a combination of dimension values; 0 for none."""
        used = tuple(sorted(dimensions.items()))
        return self.dimension_sets.setdefault(used, len(self.dimension_sets) + 1) if used else 0

    def local_amount(self, line: Row) -> Decimal:
        """The amount of a journal line in local currency: as given, else by the rate of the day."""
        if line["_lcy"] is not None:
            return Decimal(line["_lcy"])
        return cents(line["amount"] * EXCHANGE_RATES[line["_currency"]])

    def draw(self, series: str, pattern: str) -> str:
        """The next number of a series."""
        self.series[series] += 1
        self.undo.note(lambda: self.series.update({series: self.series[series] - 1}))
        return pattern.format(self.series[series])

    def add(self, row: Row, field: str, amount: Decimal) -> None:
        """Move a flow field, which neither gives the record a new version nor a new time of change."""
        row[field] += amount
        self.undo.note(lambda: row.update({field: row[field] - amount}))

    def refresh_setup(self) -> None:
        """Let the general ledger setup show the posting range as it is now."""
        first, last = self.posting_range()
        for row in self.tables["generalLedgerSetup"].rows.values():
            row.update(allowPostingFrom=first or NO_DATE, allowPostingTo=last or NO_DATE)

    def follow(self, entity: Entity, row: Row, name: str) -> tuple[Entity, Any]:
        """Where a navigation leads: the target with a list of rows, one row, or none."""
        navigation = entity.navigation[name]
        target = schema.IN_COMPANY[navigation.target]
        if target is schema.DIMENSION_SET_LINES:
            return target, self.dimension_set(entity, row)
        value = row[navigation.here]
        if navigation.many:
            return target, self.tables[target.name].find(navigation.there, value)
        return target, self.tables[target.name].rows.get(value)

    def dimension_set(self, entity: Entity, row: Row) -> list[Row]:
        """The dimension lines of a journal line or a ledger entry, made from its codes."""
        journal = entity is schema.JOURNAL_LINES
        lines = []
        for code, value_code in row["_dimensions"].items():
            dimension = self._dimension_of_code[code]
            value = self._values[dimension["id"], value_code]
            lines.append(
                schema.DIMENSION_SET_LINES.fresh(
                    id=dimension["id"],
                    code=code,
                    parentId=row["id"],
                    parentType="Journal Line" if journal else "General Ledger Entry",
                    displayName=dimension["displayName"],
                    valueId=value["id"],
                    valueCode=value_code,
                    valueDisplayName=value["displayName"],
                    _version=row["_version"],
                )
            )
        return lines

    # --- filling ---

    def _table(self, entity: Entity) -> Table:
        options: dict[str, Any] = {
            "undo": self.undo,
            "now": self.now,
            "new_id": self._draw,
            "versions": self._versions,
            "changed": self._changed,
            "indexed": _INDEXED.get(entity.name, ()),
        }
        if entity is schema.GENERAL_LEDGER_ENTRIES:
            return Entries(entity, number="entryNumber", **options)
        return Table(entity, **options)

    def _changed(self, table: Table, row: Row, change: str) -> None:
        for listener in self.listeners:
            listener(table, row, change)

    def _fill(self) -> None:
        world, tables = self.world, self.tables
        for account in world.nav_accounts:
            tables["accounts"].insert(
                id=account.id,
                number=account.number,
                displayName=account.name,
                category=account.category,
                accountType=account.account_type,
                blocked=account.blocked,
                directPosting=account.direct_posting,
            )
        for dimension in world.dimensions:
            tables["dimensions"].insert(id=dimension.id, code=dimension.code, displayName=dimension.name)
            for value in dimension.values:
                tables["dimensionValues"].insert(
                    id=value.id,
                    code=value.code,
                    dimensionId=dimension.id,
                    displayName=value.name,
                    _blocked=value.blocked,
                )
        for code, name in (("EUR", "Euro"), ("USD", "US dollar")):
            tables["currencies"].insert(
                id=world.id("nav currency", code),
                code=code,
                displayName=name,
                symbol={"EUR": "€", "USD": "$"}[code],
                amountDecimalPlaces="2:2",
                amountRoundingPrecision=Decimal("0.01"),
            )
        for code, name, due in _PAYMENT_TERMS:
            tables["paymentTerms"].insert(
                id=world.id("nav payment terms", code), code=code, displayName=name, dueDateCalculation=due
            )
        self._fill_parties()
        for code in sorted(self.locations):
            tables["locations"].insert(id=world.id("nav location", code), code=code, displayName=code.title())
        for product in world.products:
            tables["items"].insert(
                id=product.nav_id,
                number=product.sku.upper(),
                displayName=product.name,
                type="Inventory" if product.type == "Stock" else "Service",
                itemCategoryCode=product.category.upper(),
                unitPrice=product.price,
                unitCost=product.cost,
                baseUnitOfMeasureCode="PCS",
                generalProductPostingGroupCode="RETAIL" if product.type == "Stock" else "SERVICES",
                inventoryPostingGroupCode="RESALE" if product.type == "Stock" else "",
            )
        self._fill_setup()

    def _fill_parties(self) -> None:
        for party in (*self.world.customers, *self.world.suppliers):
            if party.nav_id is not None:
                self.add_party(party)

    def add_party(self, party: Party) -> None:
        """The card of a party that NAV has."""
        customer = party.kind == "customer"
        currency = "" if party.currency == BASE_CURRENCY else party.currency
        extra = {"type": "Company"} if customer else {}
        self.tables["customers" if customer else "vendors"].insert(
            id=party.nav_id,
            number=party.nav_number,
            displayName=party.nav_name,
            addressLine1=party.address.line1,
            city=party.address.city,
            postalCode=party.address.postcode,
            country=party.address.country_code,
            phoneNumber=party.contact.phone,
            email=party.contact.email,
            taxRegistrationNumber=party.nav_tax_number,
            taxLiable=True,
            paymentTermsId=self.world.id("nav payment terms", "30 DAYS"),
            currencyCode=currency,
            currencyId=self.world.id("nav currency", currency) if currency else NO_GUID,
            blocked=party.nav_blocked or " ",
            **extra,
        )

    def _fill_setup(self) -> None:
        world, tables = self.world, self.tables
        tables["generalLedgerSetup"].insert(
            id=world.id("nav general ledger setup"),
            localCurrencyCode=BASE_CURRENCY,
            localCurrencySymbol="£",
            **{f"shortcutDimension{at}Code": one.code for at, one in enumerate(world.dimensions, 1)},
        )
        for period in accounting_periods(self.clock.today()):
            tables["accountingPeriods"].insert(
                id=world.id("nav accounting period", period.start),
                startingDate=period.start.isoformat(),
                name=period.name,
                newFiscalYear=period.new_fiscal_year,
                closed=period.closed,
                dateLocked=period.closed,
            )
        tables["companyInformation"].insert(
            id=world.id("nav company information"),
            displayName=COMPANY,
            addressLine1="1 Harbour Street",
            city="London",
            postalCode="E1W 2AB",
            country="GB",
            currencyCode=BASE_CURRENCY,
            currentFiscalYearStartDate=dt.date(self.clock.today().year, 1, 1).isoformat(),
            experience="Essential",
        )

    def company_row(self) -> Row:
        """Its record in `companies`."""
        return schema.COMPANIES.fresh(
            id=self.id,
            systemVersion="29.0.0.0",
            name=self.settings.company_name,
            displayName=self.settings.company_name,
            _version=1,
        )
