"""What a rule stages lies in NAV until its people post it, and is known to be posted soon after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.installation import UNFINISHED, Installation, eventually

pytestmark = pytest.mark.long

DAG = "journals_posted"
STAGE = """\
rules:
  - when: { kind: sale_invoice, amount_from: 40000 }
    posting: stage
"""


@pytest.fixture
def staging(installation: Installation) -> Iterator[Installation]:
    """The installation with a rule that leaves large sales to be posted by people."""
    path = installation.mappings / "posting.yaml"
    before = path.read_text()
    path.write_text(STAGE)
    yield installation
    path.write_text(before)


def test_a_staged_sale_is_waited_for_without_a_worker_until_people_post_it(staging: Installation) -> None:
    airflow = staging.airflow
    sale = staging.sale(announce=True, lines=[{"sku": "HV-0001", "quantity": 1, "price": 41_000}])

    def waiting() -> str | None:
        runs = [run["dag_run_id"] for run in airflow.runs(DAG, state="running")]
        return next((run for run in runs if airflow.tasks(run, DAG)["posted"]["state"] == "deferred"), None)

    run = eventually(waiting)
    eventually(lambda: not airflow.runs(state=UNFINISHED))
    assert airflow.tasks(run, DAG)["posted"]["state"] == "deferred"
    assert staging.postings(sale) == [0]

    (batch,) = [one for one in staging.sandbox.nav.get("approvals")["batches"] if one["lines"]]
    staging.sandbox.nav.post("approve", {"template": batch["template"], "batch": batch["batch"]})
    eventually(lambda: airflow.run_state(DAG, run) not in UNFINISHED)
    assert airflow.run_state(DAG, run) == "success"
    assert {name: one["state"] for name, one in airflow.tasks(run, DAG).items()} == {
        "posted": "success", "settle": "success", "wait_on": "skipped",
    }  # fmt: skip
    assert staging.postings(sale) == [1]


def test_a_run_that_staged_nothing_starts_no_wait_and_no_process_for_it(staging: Installation) -> None:
    before = staging.airflow.number_of_runs(DAG)
    run = staging.poll()
    told = staging.airflow.tasks(run)["staged"]
    assert (told["state"], told["pid"]) == ("skipped", None)
    assert staging.airflow.number_of_runs(DAG) == before
