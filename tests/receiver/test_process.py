"""The receiver as a process: it never loads Airflow, and may do two things in the database."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
import requests
from cin7_nav.store import webhook_secrets
from cin7_nav.store.database import Database

from stack import processes


def test_the_receiver_never_imports_airflow() -> None:
    program = (
        "import sys, cin7_nav.receiver.__main__\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'airflow'))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"


def test_it_needs_the_dsn() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CIN7_NAV_RECEIVER_DSN"}
    command = [sys.executable, "-m", "cin7_nav.receiver"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "CIN7_NAV_RECEIVER_DSN" in ended.stderr


def test_it_runs_logs_one_json_object_per_line_and_ends(receiver_dsn: str, tmp_path: Path) -> None:
    port = processes.free_port()
    environment = os.environ | {"CIN7_NAV_RECEIVER_DSN": receiver_dsn, "RECEIVER_PORT": str(port)}
    log = tmp_path / "receiver.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cin7_nav.receiver"], env=environment, stderr=output, stdout=output
        )
    try:
        processes.wait_until(lambda: _answers(port), 20, "the receiver does not answer")
        assert (
            requests.post(f"http://127.0.0.1:{port}/cin7/Sale/Undo", data="{", timeout=10).status_code == 415
        )
    finally:
        process.terminate()
    process.wait(10)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["status"] for line in lines if line["event"] == "refused"] == [415]
    assert receiver_dsn not in log.read_text()


def test_several_workers_share_the_work_and_the_counts_and_lose_nothing_when_stopped(
    receiver_dsn: str, database: Database, tmp_path: Path
) -> None:
    webhook_secrets.admit(database, "cin7", "a-long-random-secret-for-tests")
    port = processes.free_port()
    given = {"CIN7_NAV_RECEIVER_DSN": receiver_dsn, "RECEIVER_PORT": str(port), "RECEIVER_WORKERS": "2"}
    with (tmp_path / "receiver.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cin7_nav.receiver"], env=os.environ | given, stderr=output, stdout=output
        )
    accepted: list[str] = []

    def send(number: int) -> None:
        try:
            answer = requests.post(
                f"http://127.0.0.1:{port}/cin7/Sale/Undo",
                json={"SaleOrderNumber": f"SO-{number}"},
                headers={"Authorization": "Bearer a-long-random-secret-for-tests"},
                timeout=10,
            )
        except requests.ConnectionError:
            return
        if answer.ok:
            accepted.append(f"SO-{number}")

    try:
        processes.wait_until(lambda: _answers(port), 30, "the receiver does not answer")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(100)))
            counted = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
            tasks = [pool.submit(send, number) for number in range(100, 500)]
            processes.wait_until(lambda: len(accepted) > 150, 20, "nothing is accepted")
            process.terminate()
            [task.result() for task in tasks]
        process.wait(20)
    finally:
        process.kill()
    assert 'cin7_nav_receiver_requests_total{outcome="landed",source="cin7"} 100.0' in counted
    with database.transaction() as cursor:
        cursor.execute("SELECT number FROM inbox")
        landed = {row[0] for row in cursor.fetchall()}
    assert set(accepted) <= landed
    assert len(accepted) < 500


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=1).ok
    except requests.ConnectionError:
        return False


def test_the_role_may_execute_two_functions(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "AND has_function_privilege('cin7_nav_receiver', oid, 'EXECUTE') ORDER BY 1"
        )
        assert cursor.fetchall() == [("answer_handshake",), ("land_event",)]


def test_a_later_function_is_closed_to_the_role(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute("CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        cursor.execute("SELECT has_function_privilege('cin7_nav_receiver', 'later()', 'EXECUTE')")
        assert cursor.fetchone() == (False,)


def test_the_role_can_touch_no_table_and_executes_two_functions(
    database: Database, receiver_dsn: str
) -> None:
    with database.transaction() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [row[0] for row in cursor.fetchall()]
    assert {"inbox", "audit", "document", "webhook_secret", "alembic_version"} <= set(tables)
    with contextlib.closing(psycopg2.connect(receiver_dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for table in tables:
            for statement in (
                "SELECT FROM {}",
                "INSERT INTO {} DEFAULT VALUES",
                "DELETE FROM {}",
                "TRUNCATE {}",
            ):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(statement.format(table))
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND has_function_privilege(oid, 'EXECUTE') ORDER BY 1"
        )
        assert [row[0] for row in cursor.fetchall()] == ["answer_handshake", "land_event"]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE mine ()")
