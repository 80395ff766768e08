"""The seeded company that both simulators share: Harbour & Vale Trading Ltd.

Everything but ids, prices and addresses is constant over seeds; ids are `uuid5` of seed and name, so the same
seed gives the same world.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from sandbox import names

COMPANY = "Harbour & Vale Trading Ltd."
NAV_ENVIRONMENT = "sandbox"
TENANT_ID = "11111111-1111-4111-8111-111111111111"
NAV_CLIENT_ID = "22222222-2222-4222-8222-222222222222"
NAV_CLIENT_SECRET = "sandbox-nav-secret"
NAV_DOMAIN, NAV_USER = "HARBOUR", "CIN7NAV"
NAV_PASSWORD, NAV_ACCESS_KEY = "sandbox-nav-password", "c2FuZGJveC1uYXYtd2ViLXNlcnZpY2UtYWNjZXNzLWtleQ=="
CIN7_ACCOUNT_ID = "33333333-3333-4333-8333-333333333333"
CIN7_APPLICATION_KEYS = ("44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442")
WEBHOOK_SECRET = "sandbox-webhook-secret"
BASE_CURRENCY = "GBP"
TIME_ZONE = "Europe/London"

_NAMESPACE = uuid.UUID("9d0c4f0e-52d2-4f5c-8f5b-6a1f8f6f2c11")


@dataclass(frozen=True, slots=True)
class Bin:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Location:
    """A warehouse: `name` and `id` in Cin7, `code` in NAV."""

    id: str
    name: str
    code: str
    is_default: bool
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Cin7Account:
    code: str
    name: str
    type: str
    account_class: str
    system_account: str = ""
    system_account_code: str = ""
    for_payments: bool = False


@dataclass(frozen=True, slots=True)
class TaxComponent:
    name: str
    percent: Decimal
    account: str
    compound: bool = False
    """Charged on the net amount and the components before it."""

    def on(self, charged: Decimal) -> Decimal:
        """Its percentage of the net amount, where the components before it make `charged` percent."""
        return self.percent * (100 + charged) / 100 if self.compound else self.percent


@dataclass(frozen=True, slots=True)
class TaxRule:
    """A Cin7 tax rule; `percent` as in 20 for 20 %."""

    id: str
    name: str
    percent: Decimal
    """What a document bears in all, compounding included."""
    account: str
    for_sale: bool
    for_purchase: bool
    components: tuple[TaxComponent, ...]

    @property
    def plain_percent(self) -> Decimal:
        """The sum of the components, as Cin7 shows it as TaxPercent."""
        return sum((component.percent for component in self.components), Decimal(0))

    def shares(self, tax: Decimal) -> list[tuple[str, Decimal]]:
        """`tax` by component account, to the cent; the last component takes what rounding leaves."""
        shares: list[tuple[str, Decimal]] = []
        left, charged = tax, Decimal(0)
        for component in self.components[:-1]:
            percent = component.on(charged)
            charged += percent
            part = (tax * percent / self.percent if self.percent else Decimal(0)).quantize(
                Decimal("0.01"), ROUND_HALF_UP
            )
            shares.append((component.account, part))
            left -= part
        return [*shares, (self.components[-1].account, left)]


@dataclass(frozen=True, slots=True)
class NavAccount:
    """A NAV G/L account in NAV's words (`account_type`: Posting, Heading, Total, End-Total)."""

    id: str
    number: str
    name: str
    category: str
    account_type: str
    direct_posting: bool
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class DimensionValue:
    id: str
    code: str
    name: str
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Dimension:
    id: str
    code: str
    name: str
    values: tuple[DimensionValue, ...]


@dataclass(frozen=True, slots=True)
class DefaultDimension:
    """A dimension that NAV puts on (or demands of) lines of an account."""

    account_number: str
    dimension: str
    value: str
    posting_validation: str
    """NAV's word: `Code Mandatory`, `Same Code`, `No Code`, or blank."""


@dataclass(frozen=True, slots=True)
class SalesRep:
    name: str
    code: str
    email: str


@dataclass(frozen=True, slots=True)
class Product:
    """An item: Cin7 product `sku`, NAV item of the same number (`nav_id`)."""

    id: str
    nav_id: str
    sku: str
    name: str
    category: str
    type: Literal["Stock", "Service"]
    price: Decimal
    cost: Decimal
    revenue_account: str
    sale_tax_rule: str
    purchase_tax_rule: str


def opening_stock(product: Product, location: Location) -> Decimal:
    """What a warehouse holds at the start; some products have none in some places, services never any."""
    number = int(product.sku[3:]) if product.type == "Stock" else 0
    return Decimal((number * 37 + len(location.name) * 11) % 90 if number % 7 else 0)


@dataclass(frozen=True, slots=True)
class Address:
    line1: str
    city: str
    postcode: str
    country: str
    country_code: str


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class Party:
    """A customer or supplier as the two sides know it. `index` is 1-based and part of the contract."""

    kind: Literal["customer", "supplier"]
    index: int
    id: str
    """Cin7's id."""
    name: str
    tax_number: str | None
    """The tax number in Cin7; none for those that only an explicit link can match."""
    currency: str
    """Its currency on both sides; NAV shows the local currency as blank."""
    address: Address
    contact: Contact
    nav_id: str | None
    """None: the party does not exist in NAV."""
    nav_number: str | None
    nav_name: str
    nav_tax_number: str
    nav_blocked: str
    """NAV's word: blank or `All`."""
    sales_rep: str = ""

    @property
    def resolves(self) -> bool:
        """Whether an invoice of it finds one usable NAV card in the base currency."""
        ambiguous = self.kind == "customer" and self.index in (57, 58)
        usable = self.nav_number is not None and not self.nav_blocked
        return usable and not ambiguous and self.currency == BASE_CURRENCY


@dataclass(frozen=True, slots=True)
class AccountingPeriod:
    start: dt.date
    name: str
    new_fiscal_year: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class World:
    """The whole company; immutable. Documents live in the simulators."""

    seed: int
    locations: tuple[Location, ...]
    cin7_accounts: tuple[Cin7Account, ...]
    tax_rules: tuple[TaxRule, ...]
    nav_accounts: tuple[NavAccount, ...]
    dimensions: tuple[Dimension, ...]
    default_dimensions: tuple[DefaultDimension, ...]
    sales_reps: tuple[SalesRep, ...]
    source_channels: tuple[tuple[str, str], ...]
    """Cin7 source channel → value of the dimension CHANNEL; the empty channel included."""
    categories: tuple[tuple[str, str], ...]
    """Cin7 product category → value of the dimension CATEGORY."""
    products: tuple[Product, ...]
    """The 200 stock products, then the service products Freight, Installation, Discount, Rounding."""
    customers: tuple[Party, ...]
    suppliers: tuple[Party, ...]

    def id(self, *name: object) -> str:
        """The GUID of a named thing in this world."""
        return seeded_id(self.seed, *name)

    @property
    def company_id(self) -> str:
        """The GUID of the NAV company."""
        return self.id("nav company", COMPANY)


def seeded_id(seed: int, *name: object) -> str:
    """The GUID (lower case) of a named thing in the world of `seed`."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(map(str, (seed, *name)))))


def posting_allowed_from(today: dt.date) -> dt.date:
    """NAV's `allowPostingFrom`: the first day of the previous month; posting to is open."""
    return (today.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def accounting_periods(today: dt.date) -> tuple[AccountingPeriod, ...]:
    """The months of this and the two previous years; those before the previous year are closed."""
    return tuple(
        AccountingPeriod(
            start=(start := dt.date(year, month, 1)),
            name=f"{start:%B}",
            new_fiscal_year=month == 1,
            closed=year < today.year - 1,
        )
        for year in range(today.year - 2, today.year + 1)
        for month in range(1, 13)
    )


def build_world(seed: int = 1) -> World:
    """The company of a seed."""
    chance = random.Random(seed)
    reps = (("Ann Baker", "AB"), ("Chris Dunn", "CD"), ("Eve Fox", "EF"))
    return World(
        seed=seed,
        locations=_locations(seed),
        cin7_accounts=_CIN7_ACCOUNTS,
        tax_rules=tuple(_tax_rule(seed, *row) for row in _TAX_RULES),
        nav_accounts=tuple(NavAccount(seeded_id(seed, "nav account", row[0]), *row) for row in _NAV_ACCOUNTS),
        dimensions=_dimensions(seed),
        default_dimensions=(
            DefaultDimension("8110", "CHANNEL", "TRADE", ""),
            DefaultDimension("8410", "REGION", "", "Code Mandatory"),
        ),
        sales_reps=tuple(
            SalesRep(name, code, f"{name.split()[0].lower()}@harbour-vale.example") for name, code in reps
        ),
        source_channels=(("Shopify", "WEB"), ("Trade desk", "TRADE"), ("Till", "RETAIL"), ("", "TRADE")),
        categories=tuple((name, name.upper()) for name in names.PRODUCTS),
        products=_products(seed, chance),
        customers=tuple(_party(seed, chance, "customer", i) for i in range(1, len(names.CUSTOMERS) + 1)),
        suppliers=tuple(_party(seed, chance, "supplier", i) for i in range(1, len(names.SUPPLIERS) + 1)),
    )


_CIN7_ACCOUNTS = (
    Cin7Account("090", "Business bank", "BANK", "ASSET", for_payments=True),
    Cin7Account("140", "Inventory", "CURRENT", "ASSET"),
    Cin7Account("200", "Sales goods", "REVENUE", "REVENUE"),
    Cin7Account("205", "Sales export", "REVENUE", "REVENUE"),
    Cin7Account("210", "Sales services", "REVENUE", "REVENUE"),
    Cin7Account("220", "Freight income", "REVENUE", "REVENUE"),
    Cin7Account("225", "Discounts given", "REVENUE", "REVENUE"),
    Cin7Account("310", "Cost of goods sold", "EXPENSE", "EXPENSE"),
    Cin7Account("400", "Advertising", "EXPENSE", "EXPENSE"),
    Cin7Account("425", "Freight expense", "EXPENSE", "EXPENSE"),
    Cin7Account("429", "General expenses", "EXPENSE", "EXPENSE"),
    Cin7Account("453", "Office", "EXPENSE", "EXPENSE"),
    Cin7Account("610", "Accounts receivable", "CURRENT", "ASSET", "Accounts receivable", "DEBTORS"),
    Cin7Account("800", "Accounts payable", "CURRLIAB", "LIABILITY", "Accounts payable", "CREDITORS"),
    Cin7Account("820", "VAT", "CURRLIAB", "LIABILITY", "GST", "GST"),
    Cin7Account("860", "Rounding", "CURRLIAB", "LIABILITY", "Rounding", "ROUNDING"),
    Cin7Account("815", "Goods received not invoiced", "CURRLIAB", "LIABILITY"),
    Cin7Account("825", "Levy payable", "CURRLIAB", "LIABILITY"),
)

_VAT = TaxComponent("VAT", Decimal(20), "820")
_LEVY = TaxComponent("Levy", Decimal(3), "825")
_VAT_ON_TOP = TaxComponent("VAT", Decimal(20), "820", compound=True)

_TAX_RULES: tuple[tuple[str, str | tuple[TaxComponent, ...], bool, bool], ...] = (
    ("20% VAT on Sales", "20", True, False),
    ("5% VAT on Sales", "5", True, False),
    ("Zero rated Sales", "0", True, False),
    ("20% VAT on Purchases", "20", False, True),
    ("5% VAT on Purchases", "5", False, True),
    ("Zero rated Purchases", "0", False, True),
    ("No VAT", "0", True, True),
    ("Levy 3%", "3", True, True),
    ("Exempt Sales", "0", True, False),
    ("Exempt Purchases", "0", False, True),
    ("Levy + VAT on Sales", (_VAT, _LEVY), True, False),
    ("Levy + VAT on Purchases", (_VAT, _LEVY), False, True),
    ("VAT on Levy on Sales", (_LEVY, _VAT_ON_TOP), True, False),
    ("VAT on Levy on Purchases", (_LEVY, _VAT_ON_TOP), False, True),
)
"""Name, percentage or components, for sales, for purchases."""

_NAV_ACCOUNTS = (
    ("1000", "BALANCE SHEET", "Assets", "Heading", False),
    ("2110", "Inventory", "Assets", "Posting", False),
    ("2120", "Inventory, interim", "Assets", "Posting", False),
    ("2310", "Customers, domestic", "Assets", "Posting", False),
    ("2910", "Bank", "Assets", "Posting", True),
    ("5410", "Vendors, domestic", "Liabilities", "Posting", False),
    ("5450", "Goods received, clearing", "Liabilities", "Posting", True),
    ("5610", "Sales VAT 20%", "Liabilities", "Posting", False),
    ("5630", "Purchase VAT 20%", "Liabilities", "Posting", False),
    ("5650", "VAT from Cin7, output", "Liabilities", "Posting", True),
    ("5660", "VAT from Cin7, input", "Liabilities", "Posting", True),
    ("5999", "Total liabilities", "Liabilities", "End-Total", False),
    ("6000", "INCOME", "Income", "Heading", False),
    ("6110", "Sales, goods", "Income", "Posting", True),
    ("6120", "Sales, export", "Income", "Posting", True),
    ("6130", "Sales, services", "Income", "Posting", True),
    ("6810", "Freight income", "Income", "Posting", True),
    ("6910", "Discounts granted", "Income", "Posting", True),
    ("6950", "Sales, old", "Income", "Posting", True, True),
    ("7000", "COSTS", "Cost of Goods Sold", "Heading", False),
    ("7110", "Cost of goods sold", "Cost of Goods Sold", "Posting", False),
    ("7170", "Inventory adjustment, retail", "Cost of Goods Sold", "Posting", False),
    ("7190", "Direct cost applied, retail", "Cost of Goods Sold", "Posting", False),
    ("8110", "Advertising", "Expense", "Posting", True),
    ("8210", "Freight", "Expense", "Posting", True),
    ("8310", "General expenses", "Expense", "Posting", True),
    ("8410", "Office", "Expense", "Posting", True),
    ("9140", "Rounding differences", "Expense", "Posting", True),
    ("9999", "NET INCOME", "Income", "Total", False),
)


def more_suppliers(world: World, count: int) -> Iterator[Party]:
    """Suppliers beyond the seeded ones, each with a vendor of the same name and tax number in NAV."""
    model = world.suppliers[0]
    for at in range(1, count + 1):
        name = f"{model.name} {at:06}"
        tax_number = f"GB{300_000_000 + at}"
        yield replace(
            model,
            index=len(world.suppliers) + at,
            id=world.id("supplier", name),
            name=name,
            tax_number=tax_number,
            contact=replace(model.contact, email=f"accounts@more{at:06}.example", phone=f"+44 161 {at:07}"),
            nav_id=world.id("nav", "more suppliers", at),
            nav_number=f"V{1_000_000 + at}",
            nav_name=name,
            nav_tax_number=tax_number,
        )


def _tax_rule(
    seed: int, name: str, tax: str | tuple[TaxComponent, ...], for_sale: bool, for_purchase: bool
) -> TaxRule:
    components = (TaxComponent(name, Decimal(tax), "820"),) if isinstance(tax, str) else tax
    percent = Decimal(0)
    for component in components:
        percent += component.on(percent)
    return TaxRule(
        seeded_id(seed, "tax rule", name),
        name,
        percent,
        components[0].account,
        for_sale,
        for_purchase,
        components,
    )


def _locations(seed: int) -> tuple[Location, ...]:
    return tuple(
        Location(
            id=seeded_id(seed, "location", name),
            name=name,
            code=name.upper(),
            is_default=name == "London",
            bins=tuple(
                Bin(seeded_id(seed, "bin", name, bin_name), bin_name) for bin_name in ("A-01", "B-01")
            ),
        )
        for name in ("London", "Manchester", "Glasgow")
    )


def _dimensions(seed: int) -> tuple[Dimension, ...]:
    table = (
        (
            "REGION",
            (("LONDON", "London"), ("MANCHESTER", "Manchester"), ("GLASGOW", "Glasgow"), ("NORTH", "North")),
        ),
        ("CHANNEL", (("WEB", "Web shop"), ("TRADE", "Trade"), ("RETAIL", "Retail"))),
        ("SALESPERSON", (("AB", "Ann Baker"), ("CD", "Chris Dunn"), ("EF", "Eve Fox"))),
        (
            "CATEGORY",
            (("TOOLS", "Tools"), ("GARDEN", "Garden"), ("PAINT", "Paint"), ("ELECTRIC", "Electric")),
        ),
    )
    return tuple(
        Dimension(
            id=seeded_id(seed, "dimension", code),
            code=code,
            name=code.capitalize(),
            values=tuple(
                DimensionValue(seeded_id(seed, "dimension value", code, value), value, name, value == "NORTH")
                for value, name in values
            ),
        )
        for code, values in table
    )


def _products(seed: int, chance: random.Random) -> tuple[Product, ...]:
    products: list[Product] = []
    for category, (nouns, variants) in names.PRODUCTS.items():
        for name in (f"{noun}, {variant}" for noun in nouns for variant in variants):
            number = len(products) + 1
            price = Decimal(chance.randint(100, 40_000)).scaleb(-2)
            rate = "Zero rated" if number % 25 == 0 else "5% VAT on" if number % 10 == 0 else "20% VAT on"
            products.append(
                Product(
                    id=seeded_id(seed, "product", f"HV-{number:04}"),
                    nav_id=seeded_id(seed, "nav item", f"HV-{number:04}"),
                    sku=f"HV-{number:04}",
                    name=name,
                    category=category,
                    type="Stock",
                    price=price,
                    cost=(price * chance.randint(45, 70) / 100).quantize(Decimal("0.01")),
                    revenue_account="200",
                    sale_tax_rule=f"{rate} Sales",
                    purchase_tax_rule=f"{rate} Purchases",
                )
            )
    services = (("Freight", "9.50", "220"), ("Installation", "65.00", "210"), ("Discount", "0", "225"),
                ("Rounding", "0", "860"))  # fmt: skip
    for name, amount, account in services:
        products.append(
            Product(
                id=seeded_id(seed, "product", name),
                nav_id=seeded_id(seed, "nav item", name),
                sku=name,
                name=name,
                category="Tools",
                type="Service",
                price=Decimal(amount),
                cost=Decimal(0),
                revenue_account=account,
                sale_tax_rule="20% VAT on Sales",
                purchase_tax_rule="20% VAT on Purchases",
            )
        )
    return tuple(products)


def _party(seed: int, chance: random.Random, kind: Literal["customer", "supplier"], index: int) -> Party:
    customer = kind == "customer"
    name = (names.CUSTOMERS if customer else names.SUPPLIERS)[index - 1]
    shared = customer and index in (57, 58)
    tax_number = f"GB{(100 if customer else 200) * 1_000_000 + (57 if shared else index) * 7_919}"
    only_linked = index in (range(51, 57) if customer else range(37, 39))
    only_cin7 = index >= (59 if customer else 39)
    town, postcode = chance.choice(names.TOWNS)
    first, last = chance.choice(names.FIRST_NAMES), chance.choice(names.LAST_NAMES)
    foreign = {("customer", 49): "EUR", ("supplier", 36): "USD"}
    return Party(
        kind=kind,
        index=index,
        id=seeded_id(seed, kind, name),
        name=name,
        tax_number=None if only_linked else tax_number,
        currency=foreign.get((kind, index), BASE_CURRENCY),
        address=Address(
            line1=f"{chance.randint(1, 180)} {chance.choice(names.STREETS)}",
            city=town,
            postcode=postcode,
            country="United Kingdom",
            country_code="GB",
        ),
        contact=Contact(
            name=f"{first} {last}",
            email=f"accounts@{kind}{index:02}.example",
            phone=f"+44 20 7946 {(index if customer else 100 + index):04}",
        ),
        nav_id=None if only_cin7 else seeded_id(seed, "nav", kind, index),
        nav_number=None if only_cin7 else f"{'C' if customer else 'V'}{index * 10:05}",
        nav_name=name,
        nav_tax_number="" if only_cin7 else tax_number,
        nav_blocked="All" if customer and index == 50 else "",
        sales_rep=("Ann Baker", "Chris Dunn", "Eve Fox")[index % 3] if customer else "",
    )
