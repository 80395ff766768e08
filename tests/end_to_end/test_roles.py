"""Who logs in to Airflow may do what the role says, where its FAB auth manager is in charge."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cin7_nav.store import audit, documents
from cin7_nav.store.database import Database

from tests.end_to_end.conftest import started
from tests.end_to_end.flows.test_decisions import HOLD, asked, large_sale
from tests.end_to_end.installation import Airflow, Installation, eventually

pytestmark = pytest.mark.long

MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


class Person(Airflow):
    """Somebody with a role, who is logged in as such."""

    user = ""

    def _log_in(self) -> None:
        answer = self._session.post(
            f"{self.settings.airflow_server}/auth/token",
            json={"username": self.user, "password": f"of-{self.user}"},
            timeout=20,
        )
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def may(self, method: str, path: str, **kwargs: Any) -> bool:
        """Whether a call is let through, whatever becomes of it then."""
        try:
            self._call(method, path, **kwargs)
        except requests.HTTPError as error:
            return error.response.status_code != requests.codes.forbidden
        return True


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Installation]:
    with started(folder, AIRFLOW__CORE__AUTH_MANAGER=MANAGER) as installation:
        (installation.mappings / "posting.yaml").write_text(HOLD)
        yield installation


@pytest.fixture(scope="module")
def people(running: Installation) -> dict[str, Person]:
    """One person of each role."""
    found = {}
    server = running.airflow.settings.airflow_server
    for user, role in (("anna", "Accountant"), ("dan", "Data team"), ("vera", "Viewer")):
        running.airflow.dags()  # logs in
        made = running.airflow._session.post(
            f"{server}/auth/fab/v1/users",
            json={
                "username": user, "password": f"of-{user}", "email": f"{user}@example.com",
                "first_name": user, "last_name": user, "roles": [{"name": role}],
            },
            timeout=20,
        )  # fmt: skip
        assert made.ok, made.text
        found[role] = Person(running.airflow.settings)
        found[role].user = user
    return found


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        ("GET", "dags", None, {"Accountant", "Data team", "Viewer"}),
        ("GET", "dags/decisions/dagRuns/~/hitlDetails", None, {"Accountant", "Data team", "Viewer"}),
        ("GET", "connections", None, {"Data team"}),
        ("GET", "connections/cin7_default", None, {"Data team"}),
        ("POST", "connections/test", {"connection_id": "x", "conn_type": "cin7"}, {"Data team"}),
        ("GET", "variables", None, {"Data team"}),
        ("GET", "config", None, set()),
        ("POST", "dags/alerts/dagRuns", {"logical_date": None}, {"Data team"}),
        ("PATCH", "dags/invoices_to_journal", {"is_paused": False}, {"Data team"}),
        ("POST", "dags/invoices_to_journal/clearTaskInstances", {"dry_run": True}, {"Data team"}),
    ],
)
def test_a_role_may_do_what_it_is_for(
    people: dict[str, Person], method: str, path: str, body: Any, allowed: set[str]
) -> None:
    arguments = {"json": body} if body else {}
    assert {role for role, person in people.items() if person.may(method, path, **arguments)} == allowed


def test_an_accountant_answers_a_question_that_a_viewer_only_sees(
    installation: Installation, people: dict[str, Person]
) -> None:
    sale = large_sale(installation, 60_100)
    question = asked(installation, sale)
    with pytest.raises(requests.HTTPError, match="403"):
        people["Viewer"].answer(question, "Post", reason="I should like to")
    assert installation.postings(sale) == [0]

    people["Accountant"].answer(question, "Post", reason="agreed by phone")

    eventually(lambda: installation.is_posted(sale))
    with contextlib.closing(Database(installation.dsn)) as books:
        (stored,) = documents.find(books, sale["number"])
        said = [entry.why for entry in audit.trail(books, str(stored.key))]
    assert any("agreed by phone" in why and "anna" in why for why in said)
