"""The steps as Airflow calls them, on connections of the environment."""

from __future__ import annotations

import csv
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Connection
from cin7_nav.flows.companies import served
from cin7_nav.flows.decisions import asking
from cin7_nav.flows.invoices.translate import InvalidMappings
from cin7_nav.flows.parties import tasks
from cin7_nav.flows.parties.tasks import Occasion, assignment
from cin7_nav.model import PartyKind
from cin7_nav.store import inbox


def context(kind: str = "manual", assets: tuple[str, ...] = (), **params: Any) -> dict[str, Any]:
    events = {name: [SimpleNamespace(asset=SimpleNamespace(name=name))] for name in assets}
    return {
        "dag_run": SimpleNamespace(
            dag_id="parties_both_ways", run_id=f"{kind}__1", run_type=SimpleNamespace(value=kind)
        ),
        "params": {"parties": [], "dry_run": False, "listen": False, **params},
        "triggering_asset_events": events,
    }


@pytest.fixture
def reports(
    flow: Any,
    connections: dict[str, Connection],
    airflow_connection: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Path]:
    """Everything that the tasks find in their environment; the directory of reports."""
    for name, connection in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", connection.as_json())
    monkeypatch.setenv("CIN7_NAV_MAPPINGS", str(flow.directory))
    served.cache_clear()
    monkeypatch.setenv("CIN7_NAV_REPORTS", str(tmp_path / "reports"))
    yield tmp_path / "reports"
    served.cache_clear()


def run(**kwargs: Any) -> dict[str, Any]:
    its = context(**kwargs)
    collected = tasks.collect(its)
    carried = tasks.carry(its)
    tasks.settle(its, collected["events"])
    return {**collected, **carried}


@pytest.mark.parametrize(
    ("given", "occasion"),
    [
        ({"kind": "scheduled"}, Occasion.WHOLE),
        ({"kind": "backfill"}, Occasion.WHOLE),
        ({"kind": "asset_triggered", "assets": ("cin7_nav.poll_due",)}, Occasion.POLL),
        ({"kind": "asset_triggered", "assets": ("cin7_nav.parties.landed",)}, Occasion.LANDED),
        ({"parties": [" V00010 ", ""]}, Occasion.NAMED),
        ({}, Occasion.POLL),
    ],
)
def test_what_started_a_run_says_what_it_reads(given: dict[str, Any], occasion: Occasion) -> None:
    assert assignment(context(**given)).occasion is occasion


def test_a_run_links_creates_and_ends_its_events(reports: Path, flow: Any) -> None:
    flow.land("Supplier/Updated", flow.cin7.suppliers_named("Apex Consignments")[0]["ID"])
    done = run()
    assert done["linked"] > 90
    assert inbox.waiting(flow.database, "parties") == 0
    assert len(flow.vendors("Apex Consignments")) == 1
    (conflict,) = flow.reviews()  # one is blocked in NAV and active in Cin7
    assert conflict.shown["fields"] == {"blocked": ["false", "true"]}
    assert json.dumps(done)  # what goes through XCom is ids and counts
    assert run()["outcome"] == {}


def test_a_landed_event_reads_its_record_only(reports: Path, flow: Any) -> None:
    run()
    cin7_id, _ = flow.seeded("V00010")
    flow.change(cin7_id, Name="Albion Paints")
    flow.land("Supplier/Updated", cin7_id)
    flow.sandbox.cin7.delete("calls")
    run(kind="asset_triggered", assets=("cin7_nav.parties.landed",))
    assert flow.sandbox.cin7.get("calls")["by_route"] == {"GET /supplier": 1}
    assert flow.vendors("Albion Paints")


def test_a_dry_run_writes_a_report_and_nothing_else(
    reports: Path, flow: Any, caplog: pytest.LogCaptureFixture
) -> None:
    flow.change(flow.cin7.suppliers_named("Anvil Hand Tools")[0]["ID"], TaxRule="No VAT", PaymentTerm="Cash")
    flow.writes()
    with caplog.at_level(logging.INFO):
        done = run(dry_run=True)
    assert flow.writes() == {}
    assert flow.links() == {}
    assert flow.reviews() == []
    assert done["outcome"]["suppliers: create in NAV"] == 2
    page, table = sorted(reports.iterdir(), key=lambda path: path.suffix, reverse=True)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (page, table)} == {0o600}
    rows = list(csv.DictReader(table.open()))
    assert {row["cin7"] for row in rows if row["what"] == "create in NAV"} >= {"Apex Consignments"}
    (changed,) = [row for row in rows if row["field"] == "payment_terms" and "Anvil" in row["cin7"]]
    assert (changed["cin7 value"], changed["nav value"]) == ("Cash", "30 DAYS")
    assert "Apex Consignments" in page.read_text()
    assert "<script" not in page.read_text()
    assert "Apex" not in caplog.text


def test_a_report_shows_what_a_name_says_and_never_runs_it(reports: Path, flow: Any) -> None:
    flow.supplier('=HYPERLINK("http://x.example") <b>&')
    run(dry_run=True)
    page, table = sorted(reports.iterdir(), key=lambda path: path.suffix, reverse=True)
    (row,) = [row for row in csv.DictReader(table.open()) if "HYPERLINK" in row["cin7"]]
    assert row["cin7"].startswith("'=")
    assert "&lt;b&gt;&amp;" in page.read_text()


def test_nothing_is_read_or_written_before_a_person_turns_it_on(reports: Path, flow: Any) -> None:
    flow.edit(
        "\nsynchronise:\n  customers: { create_in: [cin7, nav] }\n  suppliers: { create_in: [cin7, nav] }\n",
        "\n",
    )
    flow.land("Supplier/Updated", flow.cin7.suppliers_named("Apex Consignments")[0]["ID"])
    flow.sandbox.cin7.delete("calls")
    assert run()["outcome"] == {}
    assert flow.sandbox.cin7.get("calls")["by_route"] == {}
    assert inbox.waiting(flow.database, "parties") == 0


def test_named_parties_are_read_and_looked_at_again(reports: Path, flow: Any) -> None:
    run()
    cin7_id, _ = flow.seeded("V00010")
    flow.change(cin7_id, Name="Albion Paints")
    run(parties=["V00010"])
    assert flow.vendors("Albion Paints")
    flow.supplier("Kite & Cord")
    run(parties=["kite & cord"])
    assert flow.vendors("Kite & Cord")


def test_invalid_mappings_stop_the_writing_and_say_why(reports: Path, flow: Any) -> None:
    path = flow.directory / "parties.yaml"
    path.write_text(path.read_text().replace("direction: newest", "direction: latest", 1))
    with pytest.raises(InvalidMappings, match="latest"):
        run()


def test_questions_are_asked_once_with_ids_and_codes_only(reports: Path, flow: Any) -> None:
    flow.kinds = (PartyKind.SUPPLIER,)
    flow.vendor("Kite & Cord", email="sales@other.example")
    flow.supplier("Kite & Cord Ltd", Contacts=[{"Name": "Kim", "Email": "kim@kite.example"}])
    run()
    first = asking.open_reviews(context())
    asked = next(one for one in first if one["conf"]["question"] == "party_match")
    assert set(asked["conf"]) == {"review", "shown_hash", "question"}
    assert "Kite" not in json.dumps(asked)
    assert asking.open_reviews(context()) == first  # a repeated task gets its own again
    other = {**context(), "dag_run": SimpleNamespace(dag_id="parties_both_ways", run_id="another")}
    assert asking.open_reviews(other) == []
    assert asking.open_reviews(context(dry_run=True)) == []


def test_questions_that_are_none_any_more_are_withdrawn_once(reports: Path, flow: Any) -> None:
    def opened(name: str) -> list[dict[str, Any]]:
        run()
        by = {**context(), "dag_run": SimpleNamespace(dag_id="parties_both_ways", run_id=name)}
        return [one for one in asking.open_reviews(by) if one["conf"]["question"] == "party_match"]

    flow.kinds = (PartyKind.SUPPLIER,)
    vendor = flow.vendor("Kite & Cord", email="sales@other.example")
    flow.supplier("Kite & Cord Ltd", Contacts=[{"Name": "Kim", "Email": "kim@kite.example"}])
    (first,) = opened("first")
    flow.change_vendor(vendor["id"], email="post@other.example")
    fresh, over = opened("second")
    assert over == {**first, "reset_dag_run": True}
    assert fresh["conf"]["review"] != first["conf"]["review"]
    assert not fresh["reset_dag_run"]
    assert opened("third") == []
