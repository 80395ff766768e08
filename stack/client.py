"""Airflow's REST API, as far as the stack needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from . import airflow
from .settings import Settings

PARTS = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}
"""Our service names to the names in Airflow's health answer."""

_PATIENCE_S = 30.0
_AGAIN = Retry(2, connect=0, allowed_methods={"GET"})
"""A question is put again when its answer is lost or late, as happens on a busy machine."""


@dataclass
class AirflowClient:
    """Speaks to the API server of `settings`; raises requests' exceptions."""

    settings: Settings
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self._session.trust_env = False
        self._session.mount(f"{self.settings.airflow_server}/api/v2/", HTTPAdapter(max_retries=_AGAIN))
        self._session.mount(self._health_url, HTTPAdapter())

    def health(self) -> dict[str, str]:
        """The status of each part of Airflow ("healthy"), empty while the API server does not answer."""
        try:
            answer = self._session.get(self._health_url, timeout=5)
            answer.raise_for_status()
        except requests.RequestException:
            return {}
        return {name: part["status"] or "absent" for name, part in answer.json().items()}

    def is_healthy(self, service: str) -> bool:
        health = self.health()
        return bool(health) if service == "api-server" else health.get(PARTS[service]) == "healthy"

    def import_errors(self) -> dict[str, str]:
        """What is wrong with each DAG file that can't be read."""
        rows = self._get("importErrors", limit=100)["import_errors"]
        return {row["filename"]: row["stack_trace"] for row in rows}

    def dags(self) -> dict[str, bool]:
        """Whether each DAG is paused."""
        return {dag["dag_id"]: dag["is_paused"] for dag in self._get("dags", limit=100)["dags"]}

    def trigger(self, dag: str) -> str:
        """Start a run of `dag` with its default parameters; its run id."""
        run: str = self._call("POST", f"dags/{dag}/dagRuns", json={"logical_date": None})["dag_run_id"]
        return run

    def run_state(self, dag: str, run: str) -> str:
        state: str = self._get(f"dags/{dag}/dagRuns/{run}")["state"]
        return state

    def failed_runs(self) -> list[tuple[str, str]]:
        """DAG and run id of every failed run."""
        runs = self._get("dags/~/dagRuns", state="failed", limit=100)["dag_runs"]
        return [(run["dag_id"], run["dag_run_id"]) for run in runs]

    @property
    def _health_url(self) -> str:
        return f"{self.settings.airflow_server}/api/v2/monitor/health"

    def _get(self, path: str, **query: Any) -> Any:
        return self._call("GET", path, params=query)

    def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        if "Authorization" not in self._session.headers:
            self._log_in()
        answer = self._session.request(
            method, f"{self.settings.airflow_server}/api/v2/{path}", timeout=_PATIENCE_S, **kwargs
        )
        if answer.status_code == requests.codes.unauthorized:
            self._log_in()
            answer = self._session.request(
                method, f"{self.settings.airflow_server}/api/v2/{path}", timeout=_PATIENCE_S, **kwargs
            )
        answer.raise_for_status()
        return answer.json()

    def _log_in(self) -> None:
        answer = self._session.post(
            f"{self.settings.airflow_server}/auth/token",
            json={"username": airflow.ADMIN, "password": airflow.password(self.settings)},
            timeout=_PATIENCE_S,
        )
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
