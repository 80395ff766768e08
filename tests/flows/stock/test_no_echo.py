"""Thousands of random movements on both sides at once, with faults: until quiet, then both say the same."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from tests.flows.stock.conftest import Warehouse

ROUNDS, PER_ROUND, LINES = 8, 32, 28
PLACES = {"London": "LONDON", "Manchester": "MANCHESTER", "Glasgow": "GLASGOW"}
FAULTS = (
    ("nav", "lost_after", "/ItemJournal$", "POST"),
    ("nav", "lost_before", "/ItemJournal$", "POST"),
    ("nav", "lost_after", "C7Inventory_PostItemJournal$", "POST"),
    ("nav", "reset", "C7Inventory_PostItemJournal$", "POST"),
    ("nav", "lost_after", "/ItemReclassJournal$", "POST"),
    ("cin7", "lost_after", "/stockadjustment$", "POST"),
    ("cin7", "lost_before", "/stockadjustment$", "POST"),
    ("cin7", "truncated", "/stockadjustment$", "POST"),
)


@dataclass(frozen=True)
class Done:
    """Something that may be taken back, and what came to the place by it."""

    what: str
    identity: str
    place: str
    came: dict[str, int]


class Chaos:
    """People in both warehouses, at random."""

    def __init__(self, stock: Warehouse, seed: int) -> None:
        self.stock = stock
        self.chance = random.Random(seed)
        self.moved = 0
        self.undone: Counter[str] = Counter()
        self.undoable: list[Done] = []

    def sku(self) -> str:
        return f"HV-{self.chance.randint(1, 40):04}"

    def lines(self) -> list[dict[str, str]]:
        skus = self.chance.sample(range(1, 41), LINES)
        return [
            {"sku": f"HV-{n:04}", "quantity": str(self.chance.randint(5, 40)), "price": "2"} for n in skus
        ]

    def held(self) -> tuple[str, str, int]:
        """Something that is on hand in Cin7: SKU, warehouse and pieces."""
        rows = [
            row
            for row in self.stock.sandbox.cin7.get("levels")["levels"]
            if Decimal(row["OnHand"]) >= 2 and row["Bin"] is None
        ]
        row = self.chance.choice(rows)
        return row["SKU"], row["Location"], int(Decimal(row["OnHand"]))

    def act(self) -> None:
        stock, chance = self.stock, self.chance
        place = chance.choice(list(PLACES))
        match chance.randint(1, 12):
            case 1 | 2 | 3:
                lines = self.lines()
                bought = stock.buy(lines=lines, location=place)
                came = {line["sku"]: int(line["quantity"]) for line in lines}
                self.undoable.append(Done("receipt", bought["order_id"], place, came))
                self.moved += LINES
            case 4:
                sku, place, pieces = self.held()
                sold = stock.sell(chance.randint(1, pieces // 2 or 1), sku, location=place)
                self.undoable.append(Done("shipment", sold["order_id"], place, {}))
                self.moved += 1
            case 5:
                sku, pieces = self.sku(), chance.randint(1, 20)
                made = stock.adjust(pieces, sku, location=place)
                self.undoable.append(Done("adjustment", made["task_id"], place, {sku: pieces}))
                self.moved += 1
            case 10:
                sku, place, held = self.held()
                pieces = chance.randint(1, held // 2 or 1)
                to = chance.choice([one for one in PLACES if one != place])
                line = {"SKU": sku, "TransferQuantity": pieces}
                task = stock.transfer(pieces, to, FromLocation=place, Lines=[line])
                self.undoable.append(Done("transfer", task, to, {sku: pieces}))
                self.moved += 2
            case 6:
                counts = [
                    {"sku": f"HV-{number:04}", "quantity": str(chance.randint(20, 60))}
                    for number in chance.sample(range(1, 41), 5)
                ]
                stock.do("stock-take", location=place, counts=counts)
                self.moved += 5
            case 7:
                stock.key_in(chance.randint(1, 15), self.sku(), PLACES[place])
                self.moved += 1
            case 8:
                other = chance.choice([one for one in PLACES.values() if one != PLACES[place]])
                stock.key_in(chance.randint(1, 4), self.sku(), PLACES[place], new_location=other)
                self.moved += 2
            case _ if self.undoable:
                self.undo(self.undoable.pop(chance.randrange(len(self.undoable))))

    def undo(self, done: Done) -> None:
        """Take something back where the goods are still there."""
        there = {
            row["SKU"]: Decimal(row["OnHand"])
            for row in self.stock.sandbox.cin7.get("levels")["levels"]
            if row["Location"] == done.place and row["Bin"] is None
        }
        if any(there.get(sku, 0) < pieces for sku, pieces in done.came.items()):
            return
        self.undone[done.what] += 1
        self.moved += len(done.came) or 1
        match done.what:
            case "shipment":
                self.stock.do(f"sale/{done.identity}/undo-shipment")
            case "receipt":
                self.stock.do(f"purchase/{done.identity}/undo-receipt")
            case "adjustment":
                self.stock.withdraw("/stockadjustment", done.identity)
            case "transfer":
                self.stock.withdraw("/stockTransfer", done.identity)

    def fault(self) -> None:
        side, kind, path, method = self.chance.choice(FAULTS)
        getattr(self.stock.sandbox, side).fault(kind, path, method)


def test_thousands_of_movements_arrive_once_and_nothing_echoes(stock: Warehouse) -> None:
    # a level that both sides can take from without falling below zero
    for place in PLACES:
        counts = [{"sku": f"HV-{number:04}", "quantity": "100"} for number in range(1, 41)]
        stock.do("stock-take", location=place, counts=counts)
    chaos = Chaos(stock, seed=5)
    for _ in range(ROUNDS):
        for _ in range(PER_ROUND):
            chaos.act()
        chaos.fault()
        chaos.fault()
        stock.round()
    for side in (stock.sandbox.cin7, stock.sandbox.nav):
        side.delete("faults")
    for _ in range(4):
        stock.round()
    assert {state for _, state in stock.states()} <= {"posted", "skipped"}
    assert stock.cin7_levels() == stock.nav_levels()
    assert set(chaos.undone) == {"shipment", "receipt", "adjustment", "transfer"}
    assert sum(one.state.value == "posted" for one in stock.all()) > 2000
    stock.written()
    entries = len(stock.ledger())
    for _ in range(10):
        stock.round()
    assert stock.written() == 0
    assert len(stock.ledger()) == entries
    assert stock.compare().drifts == ()
