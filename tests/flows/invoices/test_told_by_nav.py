"""What NAV's own events do: staged documents are known to be posted, or to be keyed in by hand as well."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cin7_nav.flows.invoices import staged
from cin7_nav.flows.invoices.collect import Occasion


@pytest.fixture
def staging(flow: Any) -> Any:
    flow.edit("company.yaml", "posting: post", "posting: stage")
    return flow


def land_from_nav(flow: Any, type_: str) -> None:
    with flow.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state) "
            "VALUES ('default', 'nav', %s, 'invoices', 'a-nav-id', '', %s, 'waiting')",
            (type_, json.dumps(type_)),
        )


def put_in(flow: Any, **spec: Any) -> dict[str, Any]:
    made: dict[str, Any] = flow.purchase("80.00", **spec)
    flow.ready()
    assert flow.deliver() == {"staged": 1}
    return made


def key_in(flow: Any, made: dict[str, Any]) -> dict[str, Any]:
    party = next(line.account_no for line in flow.stored(made).journal.lines if line.account_no[0] == "V")
    keyed: dict[str, Any] = flow.sandbox.nav.post(
        "purchase-invoice", {"party": party, "external_number": made["number"], "amount": 80}
    )
    return keyed


def notice(flow: Any) -> dict[str, int]:
    flow.reference.refresh_documents({"purchaseInvoices"})
    return dict(staged.notice_twins(flow.database, flow.reference, flow.run))


def test_an_event_of_nav_reads_nothing_in_cin7(flow: Any) -> None:
    for type_ in ("generalLedgerEntries/created", "purchaseInvoices/updated", "salesInvoices/collection"):
        land_from_nav(flow, type_)
    flow.sandbox.cin7.delete("calls")
    found = flow.collect(Occasion.LANDED)
    assert len(found.events) == 3
    assert found.told_by_nav == {"generalLedgerEntries", "purchaseInvoices", "salesInvoices"}
    assert flow.sandbox.cin7.get("calls")["total"] == 0


def test_a_document_that_was_keyed_in_while_ours_is_staged_is_told(staging: Any) -> None:
    made = put_in(staging)
    assert notice(staging) == {}
    keyed = key_in(staging, made)
    assert notice(staging) == {"needs_attention": 1}
    assert staging.problems(made) == ["twin_of_staged"]
    (problem,) = staging.stored(made).problems
    assert keyed["number"] in problem.message
    assert notice(staging) == {}
    staging.sandbox.nav.post("purchase-invoice/cancel", {"number": keyed["number"]})
    assert notice(staging) == {"staged": 1}
    assert staging.state(made) == "staged"


@pytest.mark.api_v2("as an invoice NAV refuses a second one of that number")
def test_its_batch_is_still_followed(staging: Any) -> None:
    made = put_in(staging)
    key_in(staging, made)
    notice(staging)
    (batch,) = [one for one in staging.sandbox.nav.get("approvals")["batches"] if one["lines"]]
    staging.sandbox.nav.post("approve", {"template": batch["template"], "batch": batch["batch"]})
    assert staging.settle()["posted"] == 1
    assert staging.state(made) == "posted"


def test_whether_anything_is_staged_is_known_without_asking_nav(staging: Any) -> None:
    assert not staged.any_is(staging.database)
    put_in(staging)
    staging.sandbox.nav.delete("calls")
    assert staged.any_is(staging.database)
    assert staging.sandbox.nav.get("calls")["total"] == 0
