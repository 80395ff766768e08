"""The seeded company is a contract: mappings, tests and the demo rely on it."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

from starlette.testclient import TestClient

from sandbox.cin7.app import create_app
from sandbox.clock import Clock
from sandbox.tls import certificate
from sandbox.world import accounting_periods, build_world, posting_allowed_from


def test_the_same_seed_is_the_same_world() -> None:
    assert build_world(5) == build_world(5)
    assert build_world(5).company_id != build_world(6).company_id
    assert [party.name for party in build_world(5).customers] == [
        party.name for party in build_world(6).customers
    ]


def test_parties_fall_into_the_promised_groups() -> None:
    world = build_world()
    customers = {party.index: party for party in world.customers}
    suppliers = {party.index: party for party in world.suppliers}
    assert (len(customers), len(suppliers)) == (60, 40)
    assert [customers[1].nav_number, customers[50].nav_number] == ["C00010", "C00500"]
    assert suppliers[4].nav_number == "V00040"
    assert {i for i, one in customers.items() if one.tax_number is None} == set(range(51, 57))
    assert {i for i, one in suppliers.items() if one.tax_number is None} == {37, 38}
    assert {i for i, one in customers.items() if one.nav_number is None} == {59, 60}
    assert {i for i, one in suppliers.items() if one.nav_number is None} == {39, 40}
    assert customers[57].tax_number == customers[58].tax_number
    assert (customers[49].currency, suppliers[36].currency) == ("EUR", "USD")
    assert customers[50].nav_blocked == "All"
    numbers = [one.nav_tax_number for one in (*world.customers, *world.suppliers) if one.nav_tax_number]
    assert len(numbers) - len(set(numbers)) == 1


def test_only_usable_parties_resolve() -> None:
    world = build_world()
    resolving = {one.index for one in world.customers if one.resolves}
    assert resolving == set(range(1, 61)) - {49, 50, 57, 58, 59, 60}
    assert {one.index for one in world.suppliers if one.resolves} == set(range(1, 41)) - {36, 39, 40}


def test_products_have_prices_in_cents() -> None:
    stock = [product for product in build_world().products if product.type == "Stock"]
    assert [stock[0].sku, stock[-1].sku, len(stock)] == ["HV-0001", "HV-0200", 200]
    assert all(1 <= product.price <= 400 and product.price == round(product.price, 2) for product in stock)
    assert len({product.name for product in stock}) == 200


def test_periods_before_the_previous_year_are_closed() -> None:
    periods = accounting_periods(dt.date(2026, 3, 31))
    assert (len(periods), periods[0].start) == (36, dt.date(2024, 1, 1))
    assert {period.start.year for period in periods if period.closed} == {2024}
    assert posting_allowed_from(dt.date(2026, 3, 31)) == dt.date(2026, 2, 1)
    assert posting_allowed_from(dt.date(2026, 1, 1)) == dt.date(2025, 12, 1)


def test_webhooks_are_registered_for_the_receiver(tmp_path: Path) -> None:
    app = create_app(build_world(), Clock(), tmp_path, "http://127.0.0.1:8088/")
    headers = {
        "api-auth-accountid": "33333333-3333-4333-8333-333333333333",
        "api-auth-applicationkey": "44444444-4444-4444-8444-444444444441",
    }
    with TestClient(app, headers=headers) as client:
        hooks = client.get("/ExternalApi/v2/webhooks").json()["Webhooks"]
    urls = {hook["Type"]: hook["ExternalURL"] for hook in hooks}
    assert urls["Purchase/InvoiceAuthorised"] == "http://127.0.0.1:8088/cin7/Purchase/InvoiceAuthorised"
    assert {kind.partition("/")[0] for kind in urls} == {"Sale", "Purchase"}
    assert {hook["ExternalBearerToken"] for hook in hooks} == {"sandbox-webhook-secret"}


def test_the_clock_scales_waits_and_not_stamps() -> None:
    clock = Clock(0.01, dt.datetime(2026, 11, 23, 23, 59, tzinfo=dt.UTC))
    assert clock.real(60) == 0.6
    clock.advance(120)
    assert clock.today() == dt.date(2026, 11, 24)
    clock.restore()
    assert clock.today() == dt.date(2026, 11, 23)


def test_the_certificate_is_made_once_and_signed_by_the_authority(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    first = chain.read_bytes()
    assert certificate(tmp_path)[0].read_bytes() == first
    assert key.stat().st_mode & 0o077 == 0
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (near, far, near, far):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert near.getpeercert() is not None
    assert near.version() == "TLSv1.3"
