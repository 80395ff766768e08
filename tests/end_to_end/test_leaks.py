"""What the end of every installation of these tests looks for is found where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.leaks import SEEDED, leaks


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("log", ["log/scheduler.log", "airflow/logs/dag_id=x/run_id=y/attempt=1.log"])
@pytest.mark.parametrize(
    ("text", "what"),
    [
        *((value, what) for what, value in SEEDED.items()),
        ("of-this-stack", "the secret postgres-airflow"),
        ("accounts@more000001.example", "an e-mail address"),
        ("+44 161 0000001", "a telephone number"),
        (f"Bearer eyJ{'a' * 30}.{'b' * 30}.c", "a token"),
    ],
)
def test_a_leak_is_found_and_not_repeated(tmp_path: Path, log: str, text: str, what: str) -> None:
    write(tmp_path / "secrets" / "postgres-airflow", "of-this-stack")
    write(tmp_path / log, f"2026-11-25 INFO something <{text}> else")
    assert leaks(tmp_path) == [f"{log} has {what}"]


def test_what_a_log_may_say_is_no_leak(tmp_path: Path) -> None:
    write(tmp_path / "log" / "scheduler.log", "C7S-INV-00012 posted for admin@localhost")
    assert leaks(tmp_path) == []
