"""Airflow's environment and the connections that it starts with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stack import airflow, connections
from stack.settings import Settings, StackError


def test_options_of_the_user_win_over_ours(tmp_path: Path) -> None:
    settings = Settings(tmp_path, False, {"AIRFLOW__CORE__PARALLELISM": "32", "AIRFLOW_HOME": "/elsewhere"})
    environment = airflow.environment(settings, "airflow:secret@127.0.0.1:5488/airflow")
    assert environment["AIRFLOW__CORE__PARALLELISM"] == "32"
    assert environment["AIRFLOW_HOME"] == str(tmp_path / "airflow")
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("postgresql+psycopg2://airflow:")
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"].startswith(
        "postgresql+asyncpg://airflow:"
    )


def test_a_metadata_database_of_the_user_leaves_no_trace_of_ours(tmp_path: Path) -> None:
    uri = "postgresql+psycopg2://airflow:x@db.example.com/airflow"
    settings = Settings(tmp_path, False, {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": uri})
    environment = airflow.environment(settings, None)
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == uri
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC" not in environment


def test_keys_are_the_same_at_the_next_start(tmp_path: Path) -> None:
    first = airflow.environment(Settings(tmp_path, False, {}), None)
    again = airflow.environment(Settings(tmp_path, False, {}), None)
    for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY"):
        assert first[name] == again[name]


def test_dags_start_paused_but_in_the_demo(tmp_path: Path) -> None:
    name = "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"
    assert airflow.environment(Settings(tmp_path, False, {}), None)[name] == "True"
    assert airflow.environment(Settings(tmp_path, True, {}), None)[name] == "False"


def test_given_connections_go_to_the_database_and_not_into_the_environment(tmp_path: Path) -> None:
    text = '{"conn_type": "cin7", "password": "key"}'
    settings = Settings(tmp_path, False, {"AIRFLOW_CONN_CIN7_DEFAULT": text, "AIRFLOW_CONN_NAV_DEFAULT": ""})
    assert connections.written(settings) == {"cin7_default": text}
    assert "AIRFLOW_CONN_CIN7_DEFAULT" not in airflow.environment(settings, None)


def test_the_database_connection_has_every_part_of_the_dsn() -> None:
    dsn = "host=db.example.com port=6000 user=cin7_nav password='a b' dbname=books"
    assert json.loads(connections.database(dsn)["cin7_nav_db"]) == {
        "conn_type": "postgres",
        "host": "db.example.com",
        "login": "cin7_nav",
        "password": "a b",
        "port": 6000,
        "schema": "books",
    }
    with pytest.raises(StackError, match="must name host and dbname"):
        connections.database("service=books")


def test_the_demo_speaks_with_the_sandbox_on_its_ports(tmp_path: Path) -> None:
    settings = Settings(tmp_path, True, {"SANDBOX_CIN7_PORT": "9001", "SANDBOX_NAV_PORT": "9002"})
    made = {name: json.loads(text) for name, text in connections.sandbox(settings).items()}
    assert made["cin7_default"]["host"] == "http://127.0.0.1:9001/ExternalApi/v2"
    assert (
        made["nav_default"]["host"] == made["nav_default"]["extra"]["authority"] == "https://127.0.0.1:9002"
    )
