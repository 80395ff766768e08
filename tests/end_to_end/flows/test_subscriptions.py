"""The renewal as a DAG of the running stack, and what NAV's notifications bring about."""

from __future__ import annotations

import pytest

from tests.end_to_end.installation import FLOW, UNFINISHED, Installation, eventually

pytestmark = pytest.mark.long

DAG = "subscription_renewal"


def renew(installation: Installation) -> str:
    run = installation.airflow.start(DAG)
    eventually(lambda: installation.airflow.run_state(DAG, run) not in UNFINISHED)
    return run


def test_a_run_subscribes_on_both_sides_and_what_nav_tells_of_starts_the_flow(
    installation: Installation,
) -> None:
    sandbox, airflow = installation.sandbox, installation.airflow
    sandbox.nav.patch("settings", {"notification_delay_seconds": 0})
    run = renew(installation)
    assert airflow.run_state(DAG, run) == "success"
    states = {name: task["state"] for name, task in airflow.tasks(run, DAG).items()}
    assert (states["renew"], states["alarm"], states["poll"]) == ("success", "success", "success")
    assert sandbox.nav.get("calls")["by_route"]["POST subscriptions"] == 6

    before = airflow.number_of_runs(FLOW)
    invoice = installation.sale(announce=False)
    installation.poll()
    assert installation.is_posted(invoice)
    eventually(lambda: airflow.number_of_runs(FLOW) >= before + 2)  # the poll's, and that of NAV's entries

    again = renew(installation)
    assert airflow.tasks(again, DAG)["poll"]["state"] == "skipped"
    assert sandbox.nav.get("calls")["by_route"]["POST subscriptions"] == 6


def test_what_needs_somebody_turns_red_once(installation: Installation) -> None:
    path = installation.mappings / "subscriptions.yaml"
    before = path.read_text()
    path.write_text("nav: [no such thing]\ncin7: []\n")
    try:
        red = renew(installation)
        assert installation.airflow.run_state(DAG, red) == "failed"
        assert installation.airflow.tasks(red, DAG)["renew"]["state"] == "success"
        assert installation.airflow.tasks(red, DAG)["alarm"]["state"] == "failed"
        assert installation.airflow.run_state(DAG, renew(installation)) == "success"
    finally:
        path.write_text(before)
