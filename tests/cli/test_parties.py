"""`cin7-nav parties`, on a real database that the party flow has filled."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from cin7_nav.cli import app, console
from cin7_nav.model import PartyField
from typer.testing import CliRunner, Result

from tests.flows.parties.conftest import connections, flow, linked, mapping_files

__all__ = ["connections", "flow", "linked", "mapping_files"]


@pytest.fixture
def run(flow: Any, airflow_connection: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CIN7_NAV_MAPPINGS", str(flow.directory))
    monkeypatch.setattr(console.out, "_width", 300)

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["parties", *arguments])

    return command


def doubtful(flow: Any) -> str:
    flow.vendor("Kite & Cord", email="sales@other.example")
    made = flow.supplier("Kite & Cord Ltd", Contacts=[{"Name": "Kim", "Email": "kim@kite.example"}])
    flow.poll()
    return str(made)


def test_status_counts_links_and_tells_what_waits_and_what_is_asked(linked: Any, run: Any) -> None:
    doubtful(linked)
    long = linked.supplier("x" * 101)
    linked.poll()
    shown = run("status")
    assert shown.exit_code == 0, shown.output
    assert "suppliers: 40 linked, 1 being created" in shown.output
    assert f"Cin7 supplier {long}" in shown.output
    assert "data team can fix it" in shown.output
    assert "which vendor is it?" in shown.output
    assert "open questions: 1" in shown.output


def test_show_prints_a_question_side_by_side_and_a_life(linked: Any, run: Any) -> None:
    doubtful(linked)
    (review,) = linked.reviews()
    shown = run("show", str(review.id))
    assert "sales@other.example" in shown.output
    shown = run("show", "V00010")
    assert "linked (tax number)" in shown.output
    assert "the same tax number" in shown.output
    assert run("show", "V99999").exit_code == 1


def test_an_answer_at_the_keyboard_is_recorded_or_refused(linked: Any, run: Any) -> None:
    made = doubtful(linked)
    refused = run("decide", made, "link", "--reason", "the same", "--to", "V99999")
    assert (refused.exit_code, "no vendor V99999" in refused.output) == (1, True)
    assert run("decide", made, "ignore", "--reason", "a trial account").exit_code == 0
    linked.poll()
    assert made not in linked.links()
    assert run("reconsider", made).exit_code == 0
    assert run("reconsider", made).exit_code == 1
    linked.poll()
    assert [one.record_id for one in linked.reviews()] == [made]


def test_a_new_record_is_created_by_an_answer_at_the_keyboard(linked: Any, run: Any) -> None:
    made = doubtful(linked)
    assert run("decide", made, "create", "--reason", "another firm").exit_code == 0
    linked.poll()
    (mine,) = linked.vendors("Kite & Cord Ltd")
    assert linked.link(made).nav_id == mine["id"]


def test_what_is_never_the_same_at_the_keyboard_is_not_asked_again(linked: Any, run: Any) -> None:
    made = doubtful(linked)
    assert run("decide", made, "never", "--reason", "another firm").exit_code == 0
    linked.poll()
    assert linked.reviews() == []


def test_the_values_of_the_side_named_at_the_keyboard_are_taken(linked: Any, run: Any) -> None:
    cin7_id, nav_id = linked.seeded("V00010")

    def both_change(to: str) -> None:
        linked.change(cin7_id, Name=f"{to} in Cin7")
        linked.change_vendor(nav_id, displayName=f"{to} in NAV")
        linked.poll()

    both_change("Albion")
    assert run("decide", "V00010", "cin7", "--reason", "the buyer knows").exit_code == 0
    linked.poll()
    assert linked.values("V00010", PartyField.NAME) == ("Albion in Cin7", "Albion in Cin7")
    both_change("Alba")
    assert run("decide", "V00010", "nav", "--reason", "the bookkeeper knows").exit_code == 0
    linked.poll()
    assert linked.values("V00010", PartyField.NAME) == ("Alba in NAV", "Alba in NAV")


def test_the_report_is_a_table_or_files_and_writes_nothing(flow: Any, run: Any, tmp_path: Path) -> None:
    flow.collect()
    flow.writes()
    shown = run("report")
    assert shown.exit_code == 0, shown.output
    assert "Apex Consignments" in shown.output
    assert "2  suppliers: create in NAV" in shown.output
    table, page = tmp_path / "parties.csv", tmp_path / "parties.html"
    assert run("report", "--csv", str(table), "--html", str(page)).exit_code == 0
    rows = list(csv.DictReader(table.open()))
    assert sum(row["what"] == "link" for row in rows) == 38
    assert page.read_text().count("<tr>") == len(rows) + 2 + len({row["what"] for row in rows})
    assert flow.writes() == {}
    assert flow.links() == {}
