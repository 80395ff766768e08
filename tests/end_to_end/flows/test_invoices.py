"""From an authorised invoice in Cin7 to posted entries in NAV, on every way that leads there.

What came out is asked of NAV's ledger and of Airflow's REST API, never of our own tables.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.installation import FLOW, INSERT, POST, UNFINISHED, Installation, eventually

pytestmark = pytest.mark.long


def test_a_webhook_brings_an_invoice_into_the_books(installation: Installation) -> None:
    sale = installation.sale(
        announce=True,
        lines=[{"sku": "HV-0001", "quantity": 3, "price": 50.40, "tax_rule": "20% VAT on Sales"}],
        charges=[{"description": "Freight", "price": 10, "tax_rule": "20% VAT on Sales"}],
    )
    purchase = installation.purchase(
        announce=True,
        lines=[{"sku": "HV-0001", "quantity": 2, "price": 30.60, "tax_rule": "20% VAT on Purchases"}],
    )
    eventually(lambda: installation.is_posted(sale, purchase))
    assert installation.sums(f"C7S-{sale['number']}") == {
        "2310": Decimal("193.44"),
        "6110": Decimal("-151.2"),
        "6810": Decimal("-10"),
        "5650": Decimal("-32.24"),
    }
    installation.poll()
    assert installation.postings(sale, purchase) == [1, 1]


def test_a_poll_finds_what_no_webhook_announced(installation: Installation) -> None:
    sale, purchase = installation.sale(announce=False), installation.purchase(announce=False)
    installation.poll()
    assert installation.postings(sale, purchase) == [1, 1]


def test_a_backfill_brings_the_invoices_of_its_days_and_a_second_one_nothing(
    installation: Installation,
) -> None:
    last = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=3)
    first = last - dt.timedelta(days=1)
    outside = installation.sale(announce=False, date=str(first - dt.timedelta(days=1)))
    wanted = [
        installation.sale(announce=False, date=str(first)),
        installation.purchase(announce=False, date=str(last)),
    ]
    airflow = installation.airflow

    def backfilled(reprocess: str) -> list[dict[str, Any]]:
        """The runs of the two days after a backfill."""
        backfill = airflow.backfill(first, last, reprocess)
        eventually(lambda: airflow.is_over(backfill), 120)
        return airflow.runs(run_type="backfill")

    runs = backfilled("none")
    assert [run["state"] for run in runs] == ["success", "success"]
    assert installation.postings(*wanted, outside) == [1, 1, 0]

    posts = installation.nav_calls(POST)
    again = backfilled("completed")
    assert [run["state"] for run in again] == ["success", "success"]
    assert not {run["start_date"] for run in again} & {run["start_date"] for run in runs}
    assert installation.postings(*wanted, outside) == [1, 1, 0]
    assert installation.nav_calls(POST) == posts


def test_a_manual_run_carries_the_documents_it_names(installation: Installation) -> None:
    named, other = installation.sale(announce=False), installation.sale(announce=False)

    def run(**params: Any) -> str:
        started = installation.airflow.start(FLOW, **params)
        eventually(lambda: installation.airflow.run_state(FLOW, started) not in UNFINISHED)
        assert installation.airflow.run_state(FLOW, started) == "success"
        return started

    rehearsal = run(documents=[named["number"]], dry_run=True)
    assert f"as C7S-{named['number']}" in installation.airflow.log(rehearsal, "deliver")
    assert installation.nav_calls(INSERT) == 0
    assert installation.postings(named, other) == [0, 0]

    run(documents=[named["number"]])
    assert installation.postings(named, other) == [1, 0]


@pytest.mark.parametrize("task", ["collect", "deliver"])
def test_a_killed_task_is_tried_again_and_posts_once(installation: Installation, task: str) -> None:
    if task == "collect":
        vendor, method, path, route = installation.sandbox.cin7, "GET", "/sale$", "GET /sale"
    else:
        vendor, method, path, route = installation.sandbox.nav, "POST", "nav.post$", POST
    vendor.fault("delay", path, method, seconds=5)
    sale = installation.sale(announce=True)
    run = installation.run_with(task, "running")
    eventually(lambda: vendor.get("calls")["by_route"].get(route))
    installation.kill(run, task)
    eventually(lambda: installation.airflow.tasks(run)[task]["state"] == "up_for_retry")

    eventually(lambda: installation.airflow.run_state(FLOW, run) == "success", 90)
    assert installation.airflow.tasks(run)[task]["try_number"] == 2
    assert installation.postings(sale) == [1]
    assert installation.nav_calls(INSERT) == 1


def test_an_invoice_without_a_rule_waits_until_there_is_one(
    installation: Installation, accounts: Path
) -> None:
    rules = accounts.read_text()
    accounts.write_text(rules.replace('cin7_account: "205"', 'cin7_account: "206"'))
    sale = installation.sale(announce=False, lines=[{"price": 812.35, "account": "205"}])
    installation.poll()
    assert installation.postings(sale) == [0]
    assert installation.nav_calls(INSERT) == 0

    accounts.write_text(rules)
    installation.poll()
    assert installation.postings(sale) == [1]


def test_invalid_mappings_stop_the_invoices_and_not_the_dags(
    installation: Installation, accounts: Path
) -> None:
    rules = accounts.read_text()
    accounts.write_text(rules.replace("account:", "acount:", 1))
    sale = installation.sale(announce=True)
    installation.run_with("deliver", "up_for_retry")
    assert installation.postings(sale) == [0]
    assert installation.nav_calls(INSERT) == 0
    assert installation.airflow.import_errors() == {}
    assert set(installation.airflow.dags()) >= {FLOW, "polling"}

    accounts.write_text(rules)
    installation.poll()
    assert installation.postings(sale) == [1]


def test_an_event_that_comes_five_times_becomes_one_journal(installation: Installation) -> None:
    sale = installation.sale(announce=False)
    for _ in range(5):
        installation.announce(sale)
    eventually(lambda: installation.is_posted(sale))
    installation.poll()
    assert installation.postings(sale) == [1]
    assert installation.nav_calls(INSERT) == installation.nav_calls(POST) == 1


def test_lost_answers_of_nav_lead_to_one_posting(installation: Installation) -> None:
    installation.sandbox.nav.fault("lost_after", "/journals$", "POST")
    without_insert = installation.sale(announce=True)
    eventually(lambda: installation.nav_calls(INSERT) == 1)
    installation.wait_until_quiet()
    assert installation.postings(without_insert) == [0]

    installation.sandbox.nav.fault("lost_after", "nav.post$", "POST")
    without_post = installation.sale(announce=True)
    eventually(lambda: installation.is_posted(without_post))
    installation.wait_until_quiet()

    installation.poll()
    assert installation.postings(without_insert, without_post) == [1, 1]
    assert installation.nav_calls(INSERT) == 2


def test_an_outage_of_nav_ends_by_itself(installation: Installation) -> None:
    installation.sandbox.nav.fault("status", ".*", times=None, status=503)
    sale = installation.sale(announce=True)
    run = installation.run_with("deliver", "up_for_retry")
    installation.sandbox.nav.delete("faults")
    eventually(lambda: installation.airflow.run_state(FLOW, run) == "success", 90)
    assert installation.postings(sale) == [1]
