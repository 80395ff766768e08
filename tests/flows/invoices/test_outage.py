"""Three hours without one of the two systems: twelve polls in a row that fail, while webhooks land."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from cin7_nav.flows.invoices.collect import Occasion
from cin7_nav.hooks.errors import VendorError
from cin7_nav.store import inbox
from cin7_nav.store.documents import Run

POLLS = 12


def run_whole(flow: Any, number: int, occasion: Occasion) -> None:
    flow.run = Run(f"invoices_to_journal/run-{number}", occasion)
    flow.collect(occasion)
    flow.translate()
    flow.deliver()
    flow.settle()


@pytest.mark.parametrize(("side", "status"), [("cin7", 500), ("nav", 503)])
def test_what_happens_during_an_outage_is_posted_once_after_it(flow: Any, side: str, status: int) -> None:
    before = flow.sale("11.00")
    run_whole(flow, 0, Occasion.POLL)
    made = [before]
    vendor = getattr(flow.sandbox, side)
    vendor.fault("status", ".*", times=None, status=status)
    for poll in range(1, POLLS + 1):
        sale, purchase = flow.sale(f"{poll}.10"), flow.purchase(f"{poll}.20")
        made += [sale, purchase]
        flow.land("Sale/InvoiceAuthorised", sale["order_id"], sale["order_number"])
        for occasion in (Occasion.LANDED, Occasion.POLL):
            with contextlib.suppress(VendorError):
                run_whole(flow, poll, occasion)
        flow.forget_leases()
    vendor.delete("faults")
    assert {entry.document_no for entry in flow.nav.entries_after(0)} == {flow.nav_number(before)}
    run_whole(flow, POLLS + 1, Occasion.POLL)
    assert all(flow.is_posted_once(one) for one in made)
    assert inbox.waiting(flow.database, "invoices") == 0
    run_whole(flow, POLLS + 2, Occasion.POLL)
    numbers = [entry.document_no for entry in flow.nav.entries_after(0)]
    assert len(numbers) == sum(len(flow.entries(one)) for one in made)
