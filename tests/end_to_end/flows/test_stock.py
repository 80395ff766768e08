"""Stock through the whole running stack: runs from a webhook and by hand, and the levels at the end."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from tests.end_to_end.installation import UNFINISHED, Installation, eventually

pytestmark = pytest.mark.long

DAG = "stock_both_ways"


def run(installation: Installation, **params: Any) -> str:
    started = installation.airflow.start(DAG, **params)
    eventually(lambda: installation.airflow.run_state(DAG, started) not in UNFINISHED)
    assert installation.airflow.run_state(DAG, started) == "success"
    return started


def moved(installation: Installation) -> dict[str, Decimal]:
    """Pieces that NAV's own people see of one item, by location."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for entry in installation.sandbox.nav.get("item-entries")["entries"]:
        if entry["Item_No"] == "HV-0007":
            found[entry["Location_Code"]] += Decimal(entry["Quantity"])
    return dict(found)


def test_stock_moves_from_webhooks_and_polls_and_both_sides_agree(installation: Installation) -> None:
    cin7, nav = installation.sandbox.cin7, installation.sandbox.nav
    line = {"sku": "HV-0007", "quantity": 10, "price": 2}
    bought = cin7.post("purchase-invoice", {"lines": [line], "type": "Advanced", "announce": False})
    cin7.post(f"purchase/{bought['order_id']}/receive", {"announce": True})
    eventually(lambda: moved(installation) == {"LONDON": 10})
    installation.wait_until_quiet()

    nav.post("item-entry", {"item": "HV-0007", "location": "GLASGOW", "quantity": "3"})
    cin7.post("stock-adjustment", {"sku": "HV-0007", "quantity": "-4", "announce": False})
    run(installation, dry_run=True)
    assert moved(installation) == {"LONDON": 10, "GLASGOW": 3}
    compared = run(installation, levels=True)
    assert moved(installation) == {"LONDON": 6, "GLASGOW": 3}
    held = {
        row["Location"]: Decimal(row["OnHand"])
        for row in cin7.get("levels")["levels"]
        if row["SKU"] == "HV-0007"
    }
    assert held == {"London": 6, "Glasgow": 3}
    assert installation.airflow.tasks(compared, DAG)["levels"]["state"] == "success"
