"""Row I: a year of history, a run for each day, killed on the way and begun again."""

from __future__ import annotations

import datetime as dt
import shutil

from bench.figures import Figure, Target
from bench.lab import SANDBOX, Failed, Lab
from stack.settings import ROOT

DOCUMENTS = 10_000
DAYS = 365
CALLS_PER_DOCUMENT = 1.5
"""One for the order; the rest are the lists and the ledger of each day."""


def measure(lab: Lab) -> list[Figure]:
    last = dt.datetime.now(dt.UTC).date()
    first = last - dt.timedelta(days=DAYS - 1)
    lab.fill(0)
    lab.sandbox.nav.patch("settings", {"allow_posting_from": ""})
    for seed in range(DOCUMENTS // 1000):
        body = {"sales": 700, "purchases": 300, "seed": seed + 1, "from": str(first), "to": str(last)}
        lab.sandbox.cin7.post("bulk", {**body, "updated": "date"})
    mappings = lab.folder / "mappings"
    shutil.copytree(ROOT / "include" / "mappings", mappings, dirs_exist_ok=True)
    company = mappings / "company.yaml"
    company.write_text(company.read_text().replace("go_live: 2026-01-01", f"go_live: {first}"))
    with lab.database() as dsn:
        job = {"first": str(first), "last": str(last)}
        named = lab.named(dsn) | {"CIN7_NAV_MAPPINGS": str(mappings)}
        try:
            lab.child("bench.daily", job | {"die_on": str(first + dt.timedelta(days=40))}, named)
        except Failed as killed:
            if "code -9" not in str(killed):
                raise
        before = dict(lab.sandbox.cin7.get("calls")["by_route"])
        lab.sandbox.cin7.delete("calls")
        done = lab.child("bench.daily", job, named)
        calls = sum(before.values()) + sum(lab.sandbox.cin7.get("calls")["by_route"].values())
    posted = len(lab.sandbox.nav.get("sums")["documents"])
    if posted != DOCUMENTS:
        raise Failed(f"{posted} of {DOCUMENTS} documents are in NAV's ledger: {done['outcome']}")
    conditions = {**SANDBOX, "calls_per_minute": 0, "killed": "once, on the 41st day, then begun again"}
    per_document = calls / DOCUMENTS
    target = (Target("max", "≤", CALLS_PER_DOCUMENT),)
    return [
        Figure(
            "J", f"{DAYS} days of {DOCUMENTS:,} invoices, second go", "s", [done["seconds"]], (), conditions
        ),
        Figure("J", "calls to Cin7 for a document, both goes", "", [per_document], target, conditions),
        Figure("J", "hours at 60 calls a minute", "h", [calls / 3600], (), conditions),
    ]
