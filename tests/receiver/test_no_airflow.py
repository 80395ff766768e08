"""The receiver faces the internet: it never loads Airflow, and can do two things in the database."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg2
import pytest
from cin7_nav.store.database import Database


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


@pytest.mark.parametrize("table", ["inbox", "webhook_secret", "expected_handshake", "document", "audit"])
@pytest.mark.parametrize("statement", ["SELECT FROM {}", "DELETE FROM {}"])
def test_the_role_can_touch_no_table(receiver_dsn: str, table: str, statement: str) -> None:
    role = Database(receiver_dsn)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), role.transaction() as cursor:
        cursor.execute(statement.format(table))
