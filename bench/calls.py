"""Row D: how many calls a document costs at either vendor, as the sandbox counts them."""

from __future__ import annotations

from bench.figures import Figure, Target
from bench.lab import SANDBOX, Failed, Lab
from stack.connections import TENANT

ALONE = 5
TOGETHER = 25
LIST_PAGES = 4
"""One of each list: sales, purchases, and the credit notes of both."""


def measure(lab: Lab) -> list[Figure]:
    lab.fill(TOGETHER)
    with lab.database() as dsn:
        lab.task(dsn)  # reference data, default dimensions, cursors
        alone = [_counted(lab, dsn, 1) for _ in range(ALONE)]
        together = _counted(lab, dsn, TOGETHER)
    cin7, nav = [cin7 for cin7, _ in alone], [nav for _, nav in alone]
    conditions = {**SANDBOX, "reference data": "cached", "found by": "polling", "list pages": LIST_PAGES}

    def figure(what: str, samples: list[float], most: float) -> Figure:
        return Figure("D", what, "calls", samples, (Target("max", "≤", most),), conditions)

    return [
        figure("Cin7 calls for one changed sale", cin7, 1 + LIST_PAGES),
        figure(f"Cin7 calls per sale of {TOGETHER}", [together[0] / TOGETHER], 1 + LIST_PAGES / TOGETHER),
        figure("NAV calls for one document", nav, 4),
        figure(f"NAV calls per document of {TOGETHER}", [together[1] / TOGETHER], 3),
    ]


def _counted(lab: Lab, dsn: str, sales: int) -> tuple[float, float]:
    """Calls to Cin7 and to NAV of a polling run that carries so many new sales; logins not counted."""
    for _ in range(sales):
        lab.sandbox.cin7.post("sale-invoice", {"announce": False})
    lab.sandbox.cin7.delete("calls")
    lab.sandbox.nav.delete("calls")
    done = lab.task(dsn)
    if done["outcome"].get("deliver posted") != sales:
        raise Failed(f"{sales} sales came to {done['outcome']}")
    nav = lab.sandbox.nav.get("calls")["by_route"]
    entra = f"/{TENANT}/"  # the sandbox's NAV answers for Entra ID too
    return lab.sandbox.cin7.get("calls")["total"], sum(n for route, n in nav.items() if entra not in route)
