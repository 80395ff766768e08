"""Two companies on one installation: what happens to one of them is nothing to the other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
import requests

from stack import connections, processes
from stack import sandbox as sandbox_stack
from stack.sandbox import Sandbox
from stack.settings import ROOT, Settings
from stack.startup import airflow_environment
from stack.verdict import Ledger
from tests.end_to_end.conftest import started
from tests.end_to_end.installation import FLOW, Installation, Json, eventually

pytestmark = pytest.mark.long

ACME = "acme"
SECRET = "webhook-secret-of-acme-alone"


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Settings:
    """Where the second company's simulators are."""
    ports = {name: str(processes.free_port()) for name in ("SANDBOX_CIN7_PORT", "SANDBOX_NAV_PORT")}
    return Settings(folder / ACME, True, ports)


@pytest.fixture(scope="module")
def acme_sandbox(theirs: Settings) -> Iterator[Sandbox]:
    """The Cin7 account and the NAV company of the second company."""
    cin7, nav, state = (
        theirs.port("SANDBOX_CIN7_PORT"),
        theirs.port("SANDBOX_NAV_PORT"),
        theirs.var / "sandbox",
    )
    command = sandbox_stack.command(cin7, nav, state, "http://127.0.0.1:9")
    process = processes.spawn(command, theirs.var / "sandbox.log")
    running = Sandbox.at(cin7, nav, state)
    try:
        processes.wait_until(running.is_up, 60, "the second sandbox does not answer")
        running.nav.post("opening-stock", {})
        running.nav.post("journal-batch", connections.SHARED_BATCH)
        yield running
    finally:
        processes.stop(process)


@pytest.fixture(scope="module")
def running(folder: Path, theirs: Settings, acme_sandbox: Sandbox) -> Iterator[Installation]:
    file = folder / "companies.yaml"
    file.write_text(f"companies:\n  default:\n  acme: {{mappings: {ROOT / 'include' / 'mappings'}}}\n")
    vendors = connections.sandbox(theirs)
    receiver = {"conn_type": "http", "host": "http://127.0.0.1:9", "password": SECRET}
    variables = {
        "CIN7_NAV_COMPANIES": str(file),
        "AIRFLOW_CONN_CIN7_ACME": vendors["cin7_default"],
        "AIRFLOW_CONN_NAV_ACME": vendors["nav_default"],
        "AIRFLOW_CONN_CIN7_NAV_WEBHOOKS_ACME": json.dumps(receiver),
    }
    with started(folder, **variables) as installation:
        yield installation


@pytest.fixture(scope="module")
def acme(running: Installation, acme_sandbox: Sandbox) -> Installation:
    """The same installation as the second company meets it."""
    return replace(running, sandbox=acme_sandbox, ledger=Ledger(acme_sandbox.nav))


def cin7_nav(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, as `python -m stack exec` runs it."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "cin7-nav"), *arguments],
        env=airflow_environment(installation.airflow.settings), capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def announce(installation: Installation, invoice: Json, secret: str) -> None:
    answer = requests.post(
        f"{installation.receiver}/cin7/Sale/InvoiceAuthorised",
        json={"SaleID": invoice["order_id"], "SaleOrderNumber": invoice["order_number"]},
        headers={"Authorization": f"Bearer {secret}"},
        timeout=10,
    )
    assert answer.json() == {"status": "landed"}


def poll(installation: Installation) -> None:
    """Let the second company's polling run."""
    run = installation.airflow.start(f"polling__{ACME}")
    eventually(lambda: installation.airflow.run_state(f"polling__{ACME}", run) == "success")


def test_each_company_has_every_dag_under_its_name(installation: Installation, acme: Installation) -> None:
    dags = set(installation.airflow.dags())
    names = {path.stem for path in (ROOT / "dags").glob("*.py")}
    assert dags == names | {f"{name}__{ACME}" for name in names}


def test_the_secret_says_whose_event_it_is(installation: Installation, acme: Installation) -> None:
    ours, theirs = installation.sale(announce=False), acme.sale(announce=False)
    announce(acme, theirs, SECRET)
    eventually(lambda: acme.is_posted(theirs))
    assert installation.postings(ours) == [0]
    installation.announce(ours)
    eventually(lambda: installation.is_posted(ours))
    assert acme.postings(theirs) == [1]
    with psycopg2.connect(installation.dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT company FROM document ORDER BY 1")
        assert [row[0] for row in cursor.fetchall()] == [ACME, "default"]


def test_one_companys_failure_holds_back_no_other(installation: Installation, acme: Installation) -> None:
    acme.sandbox.nav.fault("status", "/journals", "*", status=503, times=100_000)
    theirs = acme.sale(announce=False)
    announce(acme, theirs, SECRET)
    flow = f"{FLOW}__{ACME}"
    eventually(lambda: installation.airflow.runs(flow, state="running"))
    ours = installation.sale(announce=True)
    eventually(lambda: installation.is_posted(ours))
    assert acme.postings(theirs) == [0]

    acme.sandbox.nav.delete("faults")
    poll(acme)
    eventually(lambda: acme.is_posted(theirs), 180)
    assert acme.postings(theirs) == [1]


def test_the_keyboard_answers_for_the_company_that_is_named(
    installation: Installation, acme: Installation
) -> None:
    theirs = acme.sale(announce=False)
    announce(acme, theirs, SECRET)
    eventually(lambda: acme.is_posted(theirs))
    found = cin7_nav(installation, "--company", ACME, "trail", str(theirs["number"]))
    assert found.returncode == 0, found.stdout + found.stderr
    assert "posted" in found.stdout
    admitted = cin7_nav(installation, "--company", ACME, "admit-webhook-secret")
    assert admitted.returncode == 0, admitted.stderr
    unnamed = cin7_nav(installation, "status")
    assert unnamed.returncode == 2
    assert "--company acme or default" in unnamed.stderr
    unknown = cin7_nav(installation, "--company", "nobody", "status")
    assert "There is no company nobody" in unknown.stderr
