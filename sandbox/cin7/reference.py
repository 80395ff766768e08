"""Reference data: `/me`, `/ref/*`, products and their availability."""

from __future__ import annotations

from sandbox.cin7.documents import ZERO
from sandbox.cin7.http import Request, Routes
from sandbox.cin7.levels import product_rows
from sandbox.cin7.lists import moment, page
from sandbox.cin7.tenant import Tenant
from sandbox.cin7.wire import JsonObject, Refusal, parse_bool, stamp_text
from sandbox.world import BASE_CURRENCY, COMPANY, TIME_ZONE, Cin7Account, Location, Product, TaxRule

_PRODUCT_ATTRIBUTES = {f"AdditionalAttribute{number}": None for number in range(1, 11)}
_PRICE_TIERS = {f"PriceTier{number}": ZERO for number in range(2, 11)}


def me(tenant: Tenant, request: Request) -> object:
    default = tenant.world.tax_rules[0]
    return {
        "Company": COMPANY,
        "Currency": BASE_CURRENCY,
        "TimeZone": TIME_ZONE,
        "DefaultWeightUnits": "kg",
        "DefaultDimensionsUnits": "cm",
        "LockDate": f"{tenant.settings.lock_date}T00:00:00" if tenant.settings.lock_date else None,
        "OpeningBalanceDate": None,
        "TaxCalculationMethod": tenant.settings.tax_calculation_method,
        "DefaultSaleTaxRuleId": default.id,
        "DefaultSaleTaxRuleName": default.name,
        "MaximumDecimalPlacesInQuantity": "N2",
        "ApplyCustomerDiscountsAfterOtherDiscounts": True,
        "DiscountRule": "Discount",
        "AutomaticallyApplyDiscounts": False,
        "RoundingTable": [],
    }


def accounts(tenant: Tenant, request: Request) -> object:
    """An unknown Code is a 400 instead of an empty list (seen in the field)."""
    code = request.text("Code")
    if code and code not in tenant.accounts:
        raise Refusal("Account with specified ID not found")
    name, kind, status = (request.text(one).lower() for one in ("Name", "Type", "Status"))
    found = (
        account
        for account in tenant.world.cin7_accounts
        if (not code or account.code == code)
        and account.name.lower().startswith(name)
        and kind in ("", account.type.lower())
        and status in ("", "active")
    )
    return page(tenant, request, "AccountsList", found, _account)


def _account(account: Cin7Account) -> JsonObject:
    return {
        "Code": account.code,
        "Name": account.name,
        "Type": account.type,
        "Status": "ACTIVE",
        "Class": account.account_class,
        "Description": "",
        "SystemAccount": account.system_account or None,
        "SystemAccountCode": account.system_account_code or None,
        "BankAccountNumber": None,
        "BankAccountId": None,
        "ForPayments": account.for_payments,
        "DisplayName": f"{account.code}: {account.name}",
        "OldCode": None,
    }


def tax_rules(tenant: Tenant, request: Request) -> object:
    identifier, name, account = (request.text(one).lower() for one in ("ID", "Name", "Account"))
    sale, purchase, active = (request.text(one) for one in ("IsTaxForSale", "IsTaxForPurchase", "IsActive"))
    found = (
        rule
        for rule in tenant.world.tax_rules
        if identifier in ("", rule.id)
        and rule.name.lower().startswith(name)
        and account in ("", rule.account)
        and (not sale or parse_bool(sale) == rule.for_sale)
        and (not purchase or parse_bool(purchase) == rule.for_purchase)
        and (not active or parse_bool(active))
    )
    return page(tenant, request, "TaxRuleList", found, lambda rule: _tax_rule(tenant, rule))


def _tax_rule(tenant: Tenant, rule: TaxRule) -> JsonObject:
    components = [
        {
            "ID": tenant.world.id("tax component", rule.name, *([order] if order > 1 else [])),
            "Name": component.name,
            "Percent": f"{component.percent:.10f}",
            "AccountCode": component.account,
            "Compound": str(int(component.compound)),
            "ComponentOrder": str(order),
        }
        for order, component in enumerate(rule.components, 1)
    ]
    return {
        "ID": rule.id,
        "Name": rule.name,
        "Account": rule.account,
        "IsActive": True,
        "TaxInclusive": False,
        "TaxPercent": rule.plain_percent,
        "IsTaxForSale": rule.for_sale,
        "IsTaxForPurchase": rule.for_purchase,
        "Components": components,
    }


def locations(tenant: Tenant, request: Request) -> object:
    """Warehouses with their bins, and the bins again as child rows (seen in the field)."""
    identifier, name = request.text("ID").lower(), request.text("Name").lower()
    rows = [row for location in tenant.world.locations for row in _location_rows(location)]
    found = (
        row for row in rows if identifier in ("", row["ID"]) and str(row["Name"]).lower().startswith(name)
    )
    return page(tenant, request, "LocationList", found, lambda row: row)


def _location_rows(location: Location) -> list[JsonObject]:
    bins = [
        {"ID": one.id, "Name": one.name, "IsDeprecated": False, "IsStaging": False} for one in location.bins
    ]
    row: JsonObject = {
        "ID": location.id,
        "Name": location.name,
        "IsDefault": location.is_default,
        "IsDeprecated": False,
        "Bins": bins,
        "FixedAssetsLocation": False,
        "ParentID": None,
        "ParentName": None,
        "ReferenceCount": 0,
        "AddressLine1": "",
        "AddressLine2": "",
        "AddressCitySuburb": location.name,
        "AddressStateProvince": "",
        "AddressZipPostCode": "",
        "AddressCountry": "United Kingdom",
        "PickZones": None,
        "IsShopfloor": False,
        "IsCoMan": False,
        "IsStaging": False,
    }
    child = {**row, "IsDefault": False, "Bins": None, "ParentID": location.id, "ParentName": location.name}
    return [row, *({**child, "ID": one.id, "Name": one.name} for one in location.bins)]


def payment_terms(tenant: Tenant, request: Request) -> object:
    rows: list[JsonObject] = [
        {
            "ID": tenant.world.id("payment term", name),
            "Name": name,
            "Duration": days,
            "Method": "number of days",
            "IsActive": True,
            "IsDefault": name == "30 days",
        }
        for name, days in (("30 days", 30), ("14 days", 14), ("Cash", 0))
    ]
    prefix = request.text("Name").lower()
    found = (row for row in rows if row["Name"].lower().startswith(prefix))
    return page(tenant, request, "PaymentTermList", found, lambda row: row)


def attribute_sets(tenant: Tenant, request: Request) -> object:
    row: JsonObject = {"ID": tenant.world.id("attribute set"), "Name": "Standard"}
    for number in range(1, 11):
        used = number == 1
        row |= {
            f"Attribute{number}Name": "NAV number" if used else "",
            f"Attribute{number}Type": "Text" if used else "Not used",
            f"Attribute{number}Values": "",
        }
    row["Attributes"] = [{"Name": "NAV number", "Type": "Text", "Values": ""}]
    return page(tenant, request, "AttributeSetList", [row], lambda one: one)


def products(tenant: Tenant, request: Request) -> object:
    """`Name` and `Sku` match anywhere in the text."""
    identifier, name, sku = (request.text(one).lower() for one in ("ID", "Name", "Sku"))
    since = moment(request, "ModifiedSince")
    found = (
        product
        for product in tenant.world.products
        if identifier in ("", product.id)
        and name in product.name.lower()
        and sku in product.sku.lower()
        and (since is None or tenant.born >= since)
    )
    return page(tenant, request, "Products", found, lambda product: product_row(tenant, product))


def product_row(tenant: Tenant, product: Product) -> JsonObject:
    stock = product.type == "Stock"
    return {
        "ID": product.id,
        "SKU": product.sku,
        "Name": product.name,
        "Category": product.category,
        "Brand": None,
        "Type": product.type,
        "CostingMethod": "FIFO",
        "DropShipMode": "No Drop Ship",
        "DefaultLocation": "London",
        "Length": 0,
        "Width": 0,
        "Height": 0,
        "Weight": 0,
        "UOM": "Item",
        "WeightUnits": "kg",
        "DimensionsUnits": "cm",
        "Barcode": None,
        "MinimumBeforeReorder": 0,
        "ReorderQuantity": 0,
        "PriceTier1": product.price,
        **_PRICE_TIERS,
        "PriceTiers": {"Tier 1": product.price},
        "AverageCost": product.cost,
        "ShortDescription": None,
        "Description": "",
        "InternalNote": "",
        **_PRODUCT_ATTRIBUTES,
        "AttributeSet": None,
        "DiscountRule": None,
        "Tags": "",
        "Status": "Active",
        "StockLocator": None,
        "COGSAccount": None,
        "RevenueAccount": None if stock else product.revenue_account,
        "ExpenseAccount": None,
        "InventoryAccount": None,
        "PurchaseTaxRule": product.purchase_tax_rule,
        "SaleTaxRule": product.sale_tax_rule,
        "LastModifiedOn": stamp_text(tenant.born),
        "Sellable": True,
        "PickZones": None,
        "BillOfMaterial": False,
        "AutoAssembly": False,
        "AutoDisassembly": False,
        "HSCode": None,
        "CountryOfOrigin": None,
        "CountryOfOriginCode": None,
        "CreatedDate": stamp_text(tenant.born),
        "Suppliers": [],
        "ReorderLevels": [],
        "BillOfMaterialsProducts": [],
        "BillOfMaterialsServices": [],
        "Movements": [],
        "Attachments": [],
        "CustomPrices": [],
    }


def availability(tenant: Tenant, request: Request) -> object:
    """One row per product, warehouse and bin."""
    identifier, name, sku = (request.text(one).lower() for one in ("ID", "Name", "Sku"))
    place, category = request.text("Location").lower(), request.text("Category").lower()
    rows = (
        row
        for product in tenant.world.products
        if product.type == "Stock"
        and identifier in ("", product.id)
        and product.name.lower().startswith(name)
        and sku in ("", product.sku.lower())
        and category in ("", product.category.lower())
        for row in product_rows(tenant, product)
        if place in ("", str(row["Location"]).lower())
    )
    return page(tenant, request, "ProductAvailabilityList", rows, lambda row: row)


def contacts(tenant: Tenant, request: Request) -> object:
    """The company's contacts: the sales representatives."""
    found = [
        {
            "ID": tenant.world.id("contact", rep.code),
            "Name": rep.name,
            "Type": "Sales",
            "DefaultForType": False,
            "Phone": "",
            "Fax": "",
            "Email": rep.email,
        }
        for rep in tenant.world.sales_reps
    ]
    return page(tenant, request, "MeContactsList", found, lambda row: row)


ROUTES: Routes = {
    "/me": {"GET": me},
    "/me/contacts": {"GET": contacts},
    "/ref/account": {"GET": accounts},
    "/ref/tax": {"GET": tax_rules},
    "/ref/location": {"GET": locations},
    "/ref/paymentterm": {"GET": payment_terms},
    "/ref/attributeset": {"GET": attribute_sets},
    "/ref/productavailability": {"GET": availability},
    "/product": {"GET": products},
}
