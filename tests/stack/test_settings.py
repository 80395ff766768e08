"""Ports, secrets and where settings come from."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from stack import settings
from stack.settings import Settings, StackError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    monkeypatch.delenv("AIRFLOW_PORT", raising=False)
    return tmp_path


def test_the_environment_wins_over_env_file(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".env").write_text("AIRFLOW_PORT=9001\nRECEIVER_PORT=9002\n")
    monkeypatch.setenv("RECEIVER_PORT", "9003")
    read = Settings.read(demo=False)
    assert (read.port("AIRFLOW_PORT"), read.port("RECEIVER_PORT")) == (9001, 9003)


def test_a_secret_with_a_dollar_stays_as_it_is(checkout: Path) -> None:
    (checkout / ".env").write_text('AIRFLOW_CONN_NAV_DEFAULT={"password": "a${HOME}$b#c"}\n')
    assert Settings.read(demo=False).environment["AIRFLOW_CONN_NAV_DEFAULT"] == '{"password": "a${HOME}$b#c"}'


def test_the_demo_never_sees_real_systems(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".env").write_text("AIRFLOW_CONN_CIN7_DEFAULT={}\nAIRFLOW_PORT=9001\n")
    monkeypatch.setenv("CIN7_NAV_DSN", "host=db.example.com")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://db.example.com/airflow")
    read = Settings.read(demo=True)
    assert not [
        name for name in read.environment if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_", "CIN7_NAV_"))
    ]
    assert read.port("AIRFLOW_PORT") == 9001
    assert read.var == checkout / "var" / "demo"


def test_a_port_that_is_none_is_told_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="AIRFLOW_PORT is 'http'"):
        Settings(tmp_path, False, {"AIRFLOW_PORT": "http"}).port("AIRFLOW_PORT")


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(tmp_path, False, {})
    first = settings.secret("webhook")
    path = tmp_path / "secrets" / "webhook"
    assert settings.secret("webhook") == first == path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_secret_that_a_variable_gives_is_used_and_written_nowhere(tmp_path: Path) -> None:
    settings = Settings(tmp_path, False, {"CIN7_NAV_SECRET_FERNET_KEY": "given"})
    assert settings.secret("fernet-key") == "given"
    assert not list(tmp_path.iterdir())


def test_the_parts_of_airflow_find_its_server_on_another_host() -> None:
    at = Settings(Path("/nowhere"), False, {"AIRFLOW_HOST": "api-server", "AIRFLOW_PORT": "81"})
    assert at.airflow_server == "http://api-server:81"
