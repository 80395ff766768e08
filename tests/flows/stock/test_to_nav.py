"""What moves in Cin7 becomes item ledger entries in NAV, once, and is taken back where it is undone."""

from __future__ import annotations

from tests.flows.stock.conftest import SKU, Warehouse


def test_goods_received_and_shipped_move_in_nav_too(stock: Warehouse) -> None:
    bought = stock.buy(10, price="2.50")
    sold = stock.sell(4)
    stock.round()
    (receipt, shipment) = stock.ledger()
    assert receipt.document_no == f"C7R-{bought['order_number']}"
    assert (receipt.entry_type, receipt.quantity, receipt.cost) == ("Purchase", 10, 25)
    assert shipment.document_no.startswith(f"C7H-{sold['order_number']}-")
    assert (shipment.entry_type, shipment.quantity, shipment.cost) == ("Sale", -4, -10)
    assert stock.cin7_levels() == stock.nav_levels() == {(SKU, "LONDON"): 6}
    assert {state for _, state in stock.states()} == {"posted"}
    stock.written()
    stock.round()
    assert stock.written() == 0
    assert len(stock.ledger()) == 2
